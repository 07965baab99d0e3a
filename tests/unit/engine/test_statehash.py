"""The digest of a state: equal for equal states, whatever their history; different otherwise."""

from __future__ import annotations

import pickle
import re
from collections import deque
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aether.statehash import declared_fields, state_hash

plain = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.binary()),
    lambda inner: st.one_of(
        st.lists(inner), st.dictionaries(st.text(), inner), st.lists(inner).map(tuple), st.lists(inner).map(deque)),
    max_leaves=20)


class Slotted:
    __slots__ = ("left", "right", "unset")
    UNHASHED = ("right",)

    def __init__(self, left: object, right: object = None) -> None:
        self.left = left
        self.right = right


class Derived(Slotted):
    __slots__ = ("more",)


class Open:
    UNHASHED = ("observer",)

    def __init__(self, value: object, observer: object = None) -> None:
        self.value = value
        self.observer = observer


class Canonical:
    def __init__(self, rubbish: object) -> None:
        self.rubbish = rubbish

    def canonical(self) -> list[object]:
        return [1, 2]


@given(plain)
def test_a_copy_is_equal(value: Any) -> None:
    digest = state_hash(value)
    assert re.fullmatch("[0-9a-f]{32}", digest)
    assert state_hash(pickle.loads(pickle.dumps(value))) == digest


@pytest.mark.parametrize("first, second", [
    (0, False), (1, True), (1, 1.0), ("1", 1), ("a", b"a"), (None, "None"), ([], ()), ([], {}), ([], deque()),
    ([[1], 2], [1, [2]]), ([1, 2], [2, 1]), (["ab", "c"], ["a", "bc"]), ([b"ab", b"c"], [b"a", b"bc"]),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}), ({"a": None}, {}), (Slotted(1), Derived(1)), (Slotted(1), Open(1)),
    (-0.0, 0.0), ("int:1;", 1),
])
def test_what_differs_has_another_digest(first: object, second: object) -> None:
    assert state_hash(first) != state_hash(second)
    assert state_hash([first]) != state_hash([second])


def test_kinds_of_bytes_are_the_same() -> None:
    """A snapshot may share payload as another type."""
    assert state_hash(b"abc") == state_hash(bytearray(b"abc")) == state_hash(memoryview(b"abc"))


def test_undeclared_fields_take_no_part() -> None:
    assert state_hash(Slotted(1, 2)) == state_hash(Slotted(1, 3)) != state_hash(Slotted(2, 2))
    assert state_hash(Open(1, print)) == state_hash(Open(1))
    assert state_hash(Canonical(1)) == state_hash(Canonical(2))
    derived = Derived(1)
    assert declared_fields(derived) == ("left", "unset", "more")
    before = state_hash(derived)
    derived.more = 5
    assert state_hash(derived) != before


def test_an_attribute_that_was_not_set_yet() -> None:
    first, second = Slotted(1), Slotted(1)
    second.unset = None
    assert state_hash(first) != state_hash(second)


def test_cycles_end() -> None:
    def ring(length: int) -> Open:
        first = last = Open(None)
        for _ in range(length - 1):
            last = Open(last)
        first.value = last
        return first

    assert state_hash(ring(3)) == state_hash(ring(3))
    assert state_hash(ring(3)) != state_hash(ring(4))


def test_what_is_shared_differs_from_what_is_equal() -> None:
    shared = [1]
    assert state_hash([shared, shared]) != state_hash([[1], [1]])


def test_shared_bytes_and_tuples_make_no_difference() -> None:
    """Which of these are shared is up to the interpreter and to pickle."""
    data, pair = b"x" * 100, (1, 2)
    assert state_hash([data, data]) == state_hash([data, bytes(bytearray(data))])
    assert state_hash([pair, pair]) == state_hash([pair, pickle.loads(pickle.dumps(pair))])


def test_no_recursion_limit() -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    assert state_hash(deep) != state_hash(deep[0])


@pytest.mark.parametrize("value", [{1, 2}, frozenset(), lambda: 0, print, [1, {"a": {1}}], Open(lambda: 0)])
def test_what_has_no_order_or_cannot_be_kept_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="no place in the state"):
        state_hash(value)


def test_a_digest_is_the_same_in_every_version() -> None:
    """Recordings hold digests."""
    value: list[Any] = [
        None, True, 7, -0.5, "a'b", b"\0a", (1, [2, "c"]), {"k": deque((1, b"x")), 3: ()}, Slotted([1], 2),
        Open({"v": 1}), Canonical(9), int]
    value.append(value)
    assert state_hash(value) == "223fc86359fe3be353c67ddcad025f49"
    assert state_hash("plain") == "04a52ff442fd2891cb340ac42231040f"

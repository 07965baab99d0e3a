"""The language of assertions: what it computes, and that nothing else is in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shell.drill.errors import Place, ScriptError
from shell.drill.expressions import FIELDS, EvaluationError, evaluate, read

VALUES = {name: float(index) for index, name in enumerate(FIELDS)}


def value(text: str) -> float:
    (assertion,) = read(f"assert {text}", Place(1, 1), "x")
    return evaluate(assertion.node, VALUES)


@pytest.mark.parametrize("text", [
    "1", "1 + 2 * 3", "(1 + 2) * 3", "10 - 3 - 2", "7 // 2", "7 % 4", "1 < 2 < 3", "3 > 2 > 2", "not 1", "not 0 == 0",
    "1 and 0 or 1", "0x10 == 16", "-3 + 5", "max(1, 2, 3) == 3", "abs(-4)", "6 & 3 | 8", "5 ^ 1", "1.5 * 2", "1 != 2",
    "(1 +\n 2)", "min(4, 2) + 1", "2 == 1 + 1 and 3 >= 3",
])
def test_as_python_has_it(text: str) -> None:
    assert value(text) == eval(text)


@given(st.recursive(
    st.integers(0, 99).map(str),
    lambda inner: st.tuples(inner, st.sampled_from(["+", "-", "*", "==", "<", "and", "or", ">=", "&", "|"]), inner).map(
        lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"), max_leaves=12))
def test_anything_as_python_has_it(text: str) -> None:
    try:
        wanted = eval(text)
    except TypeError:
        return
    found = value(text)
    assert bool(found) == bool(wanted) if " and " in text or " or " in text else found == wanted


@pytest.mark.parametrize("text", [
    "__import__('os')", "tcpi_rto.__class__", "[1]", "lambda: 1", "x", "1 ** 9", "tcpi_rto()", "'a'", "1 if 1 else 2",
    "1 <<9999", "print(1)", "", "(", ")", "1 1", "max()", "abs(1, 2)", "assert 1", "=", "1 == ", "9" * 30,
])
def test_nothing_else(text: str) -> None:
    with pytest.raises(ScriptError):
        value(text)


def test_what_cannot_be_computed() -> None:
    for text in ("1 / 0", "1 % 0", "*".join(["9999999999"] * 20)):
        with pytest.raises(EvaluationError):
            value(text)


def test_a_block_has_several() -> None:
    found = read("\n  assert tcpi_rto == 1, tcpi_rto\n  assert 1; assert 2  # why\n", Place(5, 3), "x")
    assert [(each.text, each.place.line) for each in found] == [("tcpi_rto == 1", 6), ("1", 7), ("2", 7)]

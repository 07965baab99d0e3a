"""Each state of a connection follows by the table from the one before, also on the short path, which looks none up."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aether.tcp.short import record
from aether.tcp.short.record import ShortConnection
from aether.tcp.states import ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, LISTEN, SYN_RECEIVED, TIME_WAIT, TRANSITIONS
from tests.scripts.test_fast_path import STEPS, whole
from tests.scripts.test_short_trace import PREPARED, Clients, Outside

ROOT = Path(__file__).parents[2]
CHANGES = {
    "aether/tcp/connection.py": {"Connection.__init__", "Connection.move"},
    "aether/tcp/short/path.py": {"FastPath._acknowledged", "FastPath._request", "FastPath._finished"},
    "aether/tcp/short/promote.py": {"promote"},
    "aether/tcp/short/record.py": {"ShortConnection.__init__", "ShortConnection.establish"},
}
"""Who may give a connection a state: `move`, which asks the table; those that are watched below; and `promote`, which
hands over a state from one kind of connection to the other."""
ARROWS = {(transition.old, transition.new) for transition in TRANSITIONS}


def stores(tree: ast.AST, within: str = "") -> Iterator[str]:
    """Yield for each assignment to a `state` the function that it stands in."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            yield from stores(node, f"{within}.{node.name}".lstrip("."))
        elif isinstance(node, ast.Attribute) and node.attr == "state" and isinstance(node.ctx, ast.Store):
            yield within
        else:
            yield from stores(node, within)


def test_nothing_else_changes_the_state_of_a_connection() -> None:
    found = {}
    for path in sorted((ROOT / "aether/tcp").rglob("*.py")):
        if functions := set(stores(ast.parse(path.read_text(encoding="utf-8")))):
            found[path.relative_to(ROOT).as_posix()] = functions
    assert found == CHANGES


def test_nobody_above_does() -> None:
    """Others have states of their own; what they name otherwise is a neighbour, or the session of a NAT."""
    for path in sorted((ROOT / "aether").rglob("*.py")):
        if path.is_relative_to(ROOT / "aether/tcp"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr == "state" and isinstance(node.ctx, ast.Store):
                nats = path.is_relative_to(ROOT / "aether/link") and ast.unparse(node.value) == "session"
                assert nats or ast.unparse(node.value) in ("self", "entry", "neighbour"), f"{path}:{node.lineno}"


class Watched:
    """Stands in the place of the field `state` of short connections, and notes what it becomes."""

    def __init__(self, field: Any) -> None:
        self.field = field
        self.taken: dict[int, list[str]] = defaultdict(list)
        """The states of each connection, by its number."""

    def __get__(self, short: ShortConnection | None, kind: type) -> Any:
        return self if short is None else self.field.__get__(short, kind)

    def __set__(self, short: ShortConnection, state: str) -> None:
        self.taken[short.number].append(state)
        self.field.__set__(short, state)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    """Watch the state of all short connections."""
    if not str(record.__file__).endswith(".py"):
        pytest.skip("the fields of a compiled class cannot be watched")
    found = Watched(ShortConnection.__dict__["state"])
    monkeypatch.setattr(ShortConnection, "state", found)
    return found


MODES = pytest.mark.parametrize("bench", [True, False], ids=["bench", "trace"])


def play(watched: Watched, bench: bool, steps: list[tuple[str, int]]) -> list[list[str]]:
    """Play steps; return the states of each short connection, once they are found to follow from each other."""
    watched.taken.clear()
    lab = Outside(seed=3)
    lab.world.allow_short_cuts(bench)
    clients = Clients(lab)
    for what, which in [*PREPARED, *steps]:
        clients.play(what, which)
    for states in watched.taken.values():
        for arrow in zip([LISTEN, *states], states, strict=False):
            assert arrow in ARROWS
    return list(watched.taken.values())


@MODES
def test_a_short_connection_goes_by_the_table(bench: bool, watched: Watched) -> None:
    life = [SYN_RECEIVED, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, TIME_WAIT]
    assert play(watched, bench, whole(1))[-1] == life
    assert play(watched, bench, [("S", 1), ("A", 1), ("keep", 1), ("get", 1), ("FA", 1)])[-1] == life


@MODES
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(STEPS, st.integers(0, 3)), max_size=20))
def test_so_it_does_whatever_comes(bench: bool, watched: Watched, steps: list[tuple[str, int]]) -> None:
    play(watched, bench, [*whole(0)[:2], *steps])

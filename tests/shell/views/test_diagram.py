"""`tcp diagram`: it is the stack's own table, and the way of a connection through it."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from aether.tcp.states import STATES, TRANSITIONS
from shell.views.diagram import BOXES, END, ROUTES, WIDTH
from tests.shell.conftest import Shell


def test_every_arrow_of_the_table_is_drawn(shell: Shell) -> None:
    drawn = shell.run("tcp diagram")
    for state in STATES:
        assert f"[{state}]" in drawn
    for transition in TRANSITIONS:
        said = f"{transition.cause} / {transition.action}" if transition.action else transition.cause
        assert said in drawn
        if (transition.old, transition.cause) not in ROUTES:
            assert f"{transition.old:<13} ─ {said} → {transition.new}" in drawn


def test_the_picture_is_of_the_table() -> None:
    """Each drawn arrow begins and ends at the boxes that the table says."""
    table = {(each.old, each.cause): each.new for each in TRANSITIONS}

    def near(point: tuple[int, int], state: str) -> bool:
        places = [BOXES[state], *([END] if state == "CLOSED" else [])]
        reach = len(state) // 2 + 3
        return any(abs(point[0] - middle) <= reach and abs(point[1] - line) <= 1 for middle, line in places)

    for (old, cause), (points, (at, line)) in ROUTES.items():
        assert near(points[0], old), (old, cause)
        assert near(points[-1], table[old, cause]), (old, cause)
        assert 0 <= at < WIDTH
        assert 0 <= line <= END[1]
        assert all(a[0] == b[0] or a[1] == b[1] for a, b in pairwise(points))


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_way_of_a_connection(shell: Shell, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    shell.run("tcp connect 192.168.1.1:7")
    shell.run("tcp close 1")
    found = json.loads(shell.run("tcp diagram 1 --json"))
    assert found["path"] == ["CLOSED", "SYN-SENT", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT"]
    assert found["current"] == "TIME-WAIT"
    taken = {(arrow["old"], arrow["cause"]): arrow["taken"] for arrow in found["arrows"] if arrow["taken"]}
    number = taken["SYN-SENT", "rcv SYN,ACK"][0]
    [row] = json.loads(shell.run(f"frames frame.number == {number} --json"))["frames"]
    assert row["flags"] == "SA"
    drawn = shell.run("tcp diagram 1")
    assert f"●{number}" in drawn
    assert all(len(line) <= width for line in drawn.splitlines())
    there = json.loads(shell.run("tcp diagram 1 --host host --json"))["path"]
    assert there[:4] == ["CLOSED", "LISTEN", "SYN-RECEIVED", "ESTABLISHED"]


def test_a_reset_is_an_arrow_of_its_own(shell: Shell) -> None:
    shell.run("tcp connect 192.168.1.1:7")
    shell.run("inject rst conn 1")
    found = json.loads(shell.run("tcp diagram 1 --json"))
    assert found["current"] == "CLOSED"
    assert [arrow for arrow in found["arrows"] if arrow["cause"] == "rcv RST" and arrow["taken"]]
    assert "rcv RST" in shell.run("tcp diagram 1")


def test_no_such_connection(shell: Shell) -> None:
    assert "there is no connection #9" in shell.fail("tcp diagram 9")

"""`why conn N slow`: the shares are those of the stack's own decisions, and name what a transfer was made to lack."""

from __future__ import annotations

from typing import Any

import pytest

from aether.events import Event
from aether.operations.tcp import TcpListen
from aether.tcp import output
from shell.reading import limits
from tests.shell.debugging.test_debugger import Program
from tests.shell.lessons.test_mysteries import program

__all__ = ["program"]


def side(report: Any, host: str) -> Any:
    return next(each for each in report["sides"] if each["host"] == host)


def shares(rows: Any) -> dict[str, float]:
    return {row["what"]: row["share"] for row in rows}


def test_the_receiver_does_not_read(program: Program) -> None:
    program.run("tcp connect 192.168.1.1:19", "tcp reading 1 off", "run 5s")
    report = program.json("why conn 1 slow")
    assert shares(side(report, "host")["last"]) == {"window": 1.0}
    assert "receiver's window (100% in the last second)" in report["answer"] and report["knob"] == "tcp.receive_window"
    assert shares(side(report, "you")["life"]).keys() == {"application", "handshake"}


def test_a_small_congestion_window(program: Program) -> None:
    program.run("link delay 100ms", "knob set tcp.initial_window 1", "tcp connect 192.168.1.1:9",
                f'tcp send 1 "{"x" * 60_000}" --background', "run 350ms")
    report = program.json("why conn 1 slow")
    assert "congestion window" in report["answer"]
    assert shares(side(report, "you")["last"])["cwnd"] > 0.3


def test_nagle(program: Program) -> None:
    program.run("link delay 400ms", "tcp connect 192.168.1.1:9", 'tcp send 1 "a" --background',
                'tcp send 1 "b" --background', "run 700ms")
    report = program.json("why conn 1 slow")
    assert report["knob"] == "tcp.nagle" and "Nagle" in report["answer"]
    assert shares(program.json("tcp show 1")["limits"]["life"])["nagle"] > 0.2


def test_the_application_has_nothing_to_send(program: Program) -> None:
    program.run("tcp connect 192.168.1.1:9", 'tcp send 1 "a"', "run 10s")
    report = program.json("why conn 1 slow")
    assert shares(side(report, "you")["last"]) == {"application": 1.0}
    assert "application" in report["answer"]


def test_nothing_was_sent(program: Program) -> None:
    program.run("tcp connect 192.168.1.1:9", "run 1s")
    assert "nothing limits it" in program.json("why conn 1 slow")["answer"]


@pytest.mark.parametrize("seed", range(5))
def test_the_times_are_exact(seed: int) -> None:
    """Added up by hand from what `output` says after every single step; the plot adds up, too."""
    program = Program(seed)
    program.core.do(TcpListen(host="host", port=8080))
    program.run("link delay 15ms", f"link loss {seed}%",
                f"knob set tcp.receive_window {5000 + 9000 * seed} --host host",
                "tcp connect 192.168.1.1:8080", f'tcp send 1 "{"x" * 60_000}" --background', "pause")
    spent: dict[str, int] = {}

    def now() -> tuple[int, str]:
        return program.core.ask(lambda world: (world.now, output.held_back(
            next(iter(world.hosts["you"].tcp.connections.values())))))

    begin = program.core.ask(lambda world: next(
        iter(world.hosts["you"].tcp.connections.values())).clocks.limits(world.now))
    time, held = now()
    for _ in range(120):
        program.run("step")
        later, next_held = now()
        if held:
            spent[held] = spent.get(held, 0) + later - time
        time, held = later, next_held
    life = {row["what"]: row["spent_us"] for row in side(program.json("why conn 1 slow"), "you")["life"]}
    for what in set(spent) | set(begin):
        assert life.get(what, 0) == begin.get(what, 0) + spent.get(what, 0), what
    plot = program.json("plot limits 1")
    for values in zip(*(series["values"] for series in plot["series"]), strict=True):
        assert sum(values) == pytest.approx(100)
    program.core.stop()


def test_the_shares_add_up(program: Program) -> None:
    program.run("link delay 20ms", "tcp connect 192.168.1.1:19", "run 3s")
    for one in program.json("why conn 1 slow")["sides"]:
        assert sum(shares(one["life"]).values()) == pytest.approx(1)
        assert sum(shares(one["last"]).values()) == pytest.approx(1)
        assert sum(row["spent_us"] for row in one["last"]) == 1_000_000
    assert shares(program.json("why conn 1 slow")["sides"][0]["life"])["handshake"] == pytest.approx(0.0262, rel=0.1)


def test_it_is_not_open_yet(program: Program) -> None:
    program.run("link loss 100%", "tcp connect 192.168.1.1:9 --background", "run 2s")
    assert "handshake" in program.json("why conn 1 slow")["answer"]


def told(time: int, kind: str, *values: Any) -> Event:
    return Event(time, time, time, "you", 0, kind, values, ("", 0))


def test_what_was_forgotten_is_not_made_up() -> None:
    """Events are kept up to a number: of a long transfer, what held it back may have been told before all of them."""
    timers = [told(time, "tcp.timer", 1, "rto", "started", 0) for time in (100, 200, 300)]
    assert limits.story(timers, 1, "you") == []
    assert limits.story(timers, 1, "you", ("window", True)) == [(100, "window")]
    later = [*timers, told(400, "tcp.limited", 1, "nothing")]
    assert limits.story(later, 1, "you", ("", True)) == [(400, limits.ALL_SENT)]
    idle = limits.story([told(100, "drop", "arp.not_for_us", 0, "")], 1, "you", ("", False))
    assert idle == [(100, limits.NOTHING)]
    assert limits.within(idle, 50, 300) == {limits.NOTHING: 200}
    assert limits.within([], 0, 300) == {}

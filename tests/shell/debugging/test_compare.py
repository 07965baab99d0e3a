"""`compare`: the same run with other knobs, another link or another seed, and by what one of them is better."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.shell.debugging.test_debugger import Program

LOSSY = ("link loss 20%", "tcp connect 192.168.1.1:7 --background", "run 5s",
         f"tcp send 1 {'x' * 20_000}", "run 20s")


@pytest.fixture
def program(capsys: pytest.CaptureFixture[str]) -> Iterator[Program]:
    one = Program()
    yield one
    one.core.stop()


def afresh(seed: int, *lines: str) -> dict[str, Any]:
    """Run lines in another program, one occurrence at a time; return what is counted there from outside."""
    one = Program(seed)
    queues: list[int] = []
    deliveries: list[int] = []
    try:
        def look(events: list[Any], world: Any) -> bool:
            queues.extend(port.pipe.waiting_bytes for link in world.links.values() for port in (link.left, link.right))
            deliveries.extend(world.now for event in events if event.kind == "tcp.delivered")
            return False

        one.core.set_breakpoint(look)
        one.run(*lines)
        assert one.app.failures == 0
        events = one.core.events()
        return {
            "sent_bytes": sum(len(event.values[2]) for event in events if event.kind == "frame.sent"),
            "lost": sum(event.kind == "frame.lost" for event in events),
            "delivered": sum(event.values[1] for event in events if event.kind == "tcp.delivered"),
            "retransmitted": sum(event.kind == "tcp.retransmit" for event in events),
            "largest_queue": max(queues, default=0), "last_delivery_us": max(deliveries, default=-1),
        }
    finally:
        one.core.stop()


def shown(side: dict[str, Any]) -> dict[str, Any]:
    return {name: side[name] for name in (
        "sent_bytes", "lost", "delivered", "retransmitted", "largest_queue", "last_delivery_us")}


def test_the_measures_are_those_of_the_runs_themselves(program: Program) -> None:
    program.run(*LOSSY)
    compared = program.json("compare link rate=1mbit queue=8kb")
    assert shown(compared["left"]) == afresh(1, *LOSSY)
    assert shown(compared["right"]) == afresh(1, "link rate 1mbit", "link queue 8kb", *LOSSY)
    assert 0 == compared["left"]["largest_queue"] < compared["right"]["largest_queue"] <= 8_000


def test_another_seed_is_the_run_of_another_session(program: Program) -> None:
    program.run(*LOSSY)
    compared = program.json("compare seed 5")
    assert shown(compared["right"]) == afresh(5, *LOSSY)
    assert compared["left"]["lost"] != compared["right"]["lost"]
    both = program.json("compare knob tcp.sack=off --seed 5")
    assert shown(both["left"]) == shown(compared["right"])
    assert [both[side]["name"] for side in ("left", "right")] == ["as it is, seed 5", "tcp.sack=off, seed 5"]


def test_what_is_better_is_said_and_is_not_always_one_side(program: Program) -> None:
    program.run("tcp connect 192.168.1.1:7", 'tcp send 1 "hello"', "run 1s")
    compared = program.json("compare link delay=50ms")
    [difference] = [each for each in compared["differences"] if each["measure"] == "last_delivery_us"]
    later = compared["right"]["last_delivery_us"] - compared["left"]["last_delivery_us"]
    assert later >= 100_000, "there and back"
    assert difference["better"] == "left"
    assert f"as it is delivers its last byte {later / 1000:g} ms earlier" == difference["text"]
    printed = program.run("compare link delay=50ms")
    assert difference["text"] in printed
    same = program.json("compare knob tcp.retransmit=on")
    assert (same["verdict"], same["differences"]) == ("both runs are the same", [])


def test_several_knobs_at_any_host(program: Program) -> None:
    program.run("tcp connect 192.168.1.1:7", "link drop next 1 in", 'tcp send 1 "hello"', "run 5s")
    assert program.json("compare knob tcp.retransmit=off")["right"]["delivered"] == 10, "the host sends again, not you"
    for line in ("compare knob tcp.retransmit=off --host host",
                 "compare knob tcp.nagle=off tcp.retransmit=off --host all"):
        compared = program.json(line)
        assert (compared["left"]["delivered"], compared["right"]["delivered"]) == (10, 5), line
        assert compared["differences"][0]["text"] == "as it is delivers 5 bytes more"
        assert compared["left"]["retransmitted"] > 0


@pytest.mark.parametrize("after", ["link clear", "link loss 90%", "scenario load satellite"])
def test_a_link_stays_as_it_is_compared(program: Program, after: str) -> None:
    program.run("link loss 50%", after, "ping 192.168.1.1 -c 20 --interval 10ms --background", "run 3s")
    assert program.json("compare link loss=0")["right"]["lost"] == 0
    assert program.json("compare link loss=100%")["right"]["lost"] == program.json(
        "compare link loss=100%")["right"]["frames"] > 0


def test_one_direction_and_another_link(program: Program) -> None:
    program.run("ping 10.0.2.2 -c 5 --interval 10ms", "run 3s")
    for line in ("compare link loss=100% --direction in", "compare link loss=100% --link wan"):
        compared = program.json(line)
        assert compared["left"]["lost"] == 0 < compared["right"]["lost"] < compared["right"]["frames"], line


def test_a_profile_does_not_turn_back_a_knob_that_is_compared(program: Program) -> None:
    program.run("profile classic", "tcp connect 192.168.1.1:7", "link drop next tcp.len > 0",
                "tcp send 1 hello", "run 5s")
    compared = program.json("compare knob tcp.retransmit=on")
    assert (compared["left"]["delivered"], compared["right"]["delivered"]) == (0, 10)
    assert [each["measure"] for each in compared["differences"]] == ["delivered"], "what less work costs is no merit"


@pytest.mark.parametrize(("line", "said"), [
    ("compare link loss=x", "'x'"), ("compare link nosuch=1", "a link has no 'nosuch'"),
    ("compare link loss", "compare link loss=2%, not 'loss'"),
    ("compare link loss=1% --link nosuch", "no link 'nosuch'"),
    ("compare link loss=1% --direction up", "in, out or both"), ("compare knob nosuch=1", "nosuch"),
    ("compare knob tcp.sack=off tcp.nagle", "not 'tcp.nagle'"), ("compare seed x", "a seed is a whole number"),
    ("compare knob tcp.sack=off --seed -1", "a seed is a whole number"),
    ("compare knob tcp.sack=off --host nosuch", "no host 'nosuch'"),
])
def test_what_cannot_be_compared(
    program: Program, line: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    program.run("ping 192.168.1.1 -c 1")
    before = program.hash()
    program.run(line)
    assert said in capsys.readouterr().err
    assert program.hash() == before

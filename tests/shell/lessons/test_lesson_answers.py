"""A wrong answer is told what it is; numbers have units, ranges and tolerances."""

from __future__ import annotations

import json

import pytest

from shell.lessons import library
from shell.lessons.conditions import Ran
from shell.lessons.load import load
from shell.lessons.quantities import Quantity, read_quantity, read_range
from shell.lessons.replies import same
from tests.shell.conftest import Shell

LESSONS = library.files([library.BUILT_IN])


@pytest.mark.parametrize("text, number, kind", [
    ("64", 64, ""), ("1,460 bytes", 1460, "bytes"), ("200ms", 0.2, "time"), ("8 Mbit/s", 8e6, "rate"),
    ("1 MB/s", 8e6, "rate"), ("20 %", 0.2, "share"), ("250 µs", 250e-6, "time"),
])
def test_a_quantity_is_a_number_and_a_unit(text: str, number: float, kind: str) -> None:
    found = read_quantity(text)
    assert found is not None
    assert (found.number, found.kind) == (pytest.approx(number), kind)


@pytest.mark.parametrize("text", ["", "sixty", "5 parsec", "1 2", "1 s 2"])
def test_what_is_none_is_none(text: str) -> None:
    assert read_quantity(text) is None


@pytest.mark.parametrize("asked, yes, no", [
    ("0.9 s to 1.1 s", ["1", "1 s", "900 ms", "1100ms"], ["0.8", "1.2 s", "1 ms", "1 byte", "1000"]),
    ("8 to 12", ["8", "12", "9.5"], ["7.9", "13", "9 s"]),
    ("200 ms +- 10 %", ["200", "180 ms", "0.22 s"], ["230 ms", "0.1 s", "0.2"]),
    ("100 +- 5", ["95", "105"], ["94", "106"]),
    ("1 to 2 s", ["1.5", "1500 ms"], ["2.1", "3 s"]),
])
def test_a_range_holds_what_lies_in_it(asked: str, yes: list[str], no: list[str]) -> None:
    found = read_range(asked)
    assert found is not None
    given = {text: read_quantity(text) for text in yes + no}
    assert [text for text, each in given.items() if isinstance(each, Quantity) and found.holds(each)] == yes


@pytest.mark.parametrize("text", ["4", "up to you", "5 s to 3 s", "1 s to 2 bytes", "1 +- 2 s"])
def test_what_is_no_range_is_none(text: str) -> None:
    assert read_range(text) is None


def test_answers_are_the_same_however_they_are_written() -> None:
    assert same("0x40", "64")
    assert same("64,000", "64000")
    assert same("Loss", "loss")
    assert not same("64", "65")


def test_every_question_about_a_number_foresees_some_wrong_answer() -> None:
    bare = [f"{name}: {check.text}" for name, path in LESSONS.items() for step in load(path).steps
            for check in step.checks
            if check.source.startswith(("answer is", "answer ")) and not check.replies
            and not check.source.startswith(
                ("answer fault", "answer proof", "answer frame", "answer dhcp.ip", "answer filter"))]
    assert bare == []


@pytest.mark.parametrize("lesson, steps, lines, answer, said", [
    ("first-frame", 2, ["ping 192.168.1.1 --count 1"], "98", "that is the whole frame"),
    ("first-frame", 2, ["ping 192.168.1.1 --count 1"], "98 bytes", "that is the whole frame"),
    ("reading-bytes", 0, ["ping 192.168.1.1 --count 1 --ttl 33"], "33", "each packet has a TTL of its own"),
    ("reading-bytes", 0, ["ping 192.168.1.1 --count 1 --ttl 33"], "40", "hexadecimal"),
    ("handshake", 1, ['tcp send 1 "hello"'], "6", "counted from the ISN"),
    ("handshake", 3, ["link drop next tcp.flags.syn == 1 and dir == out", "tcp connect 192.168.1.1:7"], "3 s",
     "later than the first repetition"),
])
def test_a_wrong_answer_is_told_what_it_is(
    engine_shell: Shell, lesson: str, steps: int, lines: list[str], answer: str, said: str
) -> None:
    engine_shell.run(f"lesson start {lesson}")
    for _ in range(steps):
        engine_shell.run("lesson skip")
    for line in lines:
        engine_shell.run(line)
    assert said in " ".join(engine_shell.fail(f"lesson answer {answer}").split())


def test_bytes_that_were_swapped_are_called_so(engine_shell: Shell) -> None:
    engine_shell.run("lesson start reading-bytes")
    engine_shell.run("lesson skip")
    engine_shell.run("ping 192.168.1.1 --count 1")
    player = engine_shell.session.lesson
    assert player is not None
    right = int(player.fill_in("{answer}"), 0)
    assert "the other way round" in engine_shell.fail(f"lesson answer {(right & 255) << 8 | right >> 8:#06x}")
    assert "right" in engine_shell.run(f"lesson answer {right:#06x}")


def test_a_unit_of_another_kind_is_no_answer_and_costs_nothing(engine_shell: Shell) -> None:
    engine_shell.run("lesson start handshake")
    for _ in range(3):
        engine_shell.run("lesson skip")
    engine_shell.run("link drop next tcp.flags.syn == 1 and dir == out")
    engine_shell.run("tcp connect 192.168.1.1:7")
    assert "a time is asked for, such as 1.2 s" in engine_shell.fail("lesson answer 40 bytes")
    player = engine_shell.session.lesson
    assert player is not None
    assert player.tracker.wrong_answers == 0
    assert "right" in engine_shell.run("lesson answer 1000 ms")


def test_who_pings_beyond_the_router_has_not_pinged_the_host(engine_shell: Shell) -> None:
    engine_shell.run("lesson start first-frame")
    engine_shell.run("ping 10.0.2.2 --count 1")
    player = engine_shell.session.lesson
    assert player is not None
    assert not player.complete
    engine_shell.run("ping 192.168.1.1 --count 1")
    assert player.complete


def test_the_tour_ends_when_one_has_asked_why(engine_shell: Shell) -> None:
    engine_shell.run("lesson start tour")
    engine_shell.run("lesson skip")
    for line in ("link drop next icmp", "ping 192.168.1.1 --count 1 --background", "run 1s", "lesson next"):
        engine_shell.run(line)
    assert "not done" in engine_shell.fail("lesson next")
    assert "LOST" in engine_shell.run("why") + engine_shell.run("why").upper()


def test_no_lesson_asks_for_a_number_that_its_step_tells() -> None:
    """`handshake` told that there are three segments, and then asked how many."""
    introduction = " ".join(load(LESSONS["handshake"]).prose)
    assert "three" not in introduction
    assert "tcp connect" in " ".join(load(LESSONS["handshake"]).steps[0].prose)


def test_the_last_hint_says_that_it_is_the_last(engine_shell: Shell) -> None:
    engine_shell.run("lesson start arp")
    count = json.loads(engine_shell.run("lesson hint --json"))["levels"]
    said = [engine_shell.run("lesson hint") for _ in range(count)]
    assert f"hint {count} of {count}, the last one" in said[-1]


def test_frames_that_waited_for_a_core_can_be_listed(engine_shell: Shell) -> None:
    """A link's event that says more than others was taken for one of them: an internal error."""
    for line in ("knob set loop.cost 10us", "knob set loop.wake 50us", "trace on", "host ping 192.168.1.2"):
        engine_shell.run(line)
    assert any(event.kind == "frame.waits" for event in engine_shell.session.core.events())
    assert "echo reply" in engine_shell.run("frames icmp")
    engine_shell.app.show_rest_of_trace()


@pytest.mark.parametrize("name", LESSONS)
def test_no_lesson_sends_its_learner_on_by_a_command_for_something_else(name: str) -> None:
    """In a lesson `next` alone goes on with the lesson: one said that it shows what comes next in the lab."""
    lesson = load(LESSONS[name])
    for step in lesson.steps:
        assert "`next`" not in " ".join([*step.prose, *step.hints])


@pytest.mark.parametrize("name", LESSONS)
def test_no_check_wants_a_connection_of_a_certain_number(name: str) -> None:
    """Whoever connects once more than the text has another one, and did nothing wrong."""
    for step in load(LESSONS[name]).steps:
        for check in step.checks:
            assert not (isinstance(check.condition, Ran) and any(map(str.isdigit, check.condition.words))), check.source


def test_a_question_that_is_open_from_the_beginning_is_put_once_and_after_the_prediction(engine_shell: Shell) -> None:
    assert engine_shell.run("lesson start write-the-filter").count("Which expression shows them?") == 1
    for line in ("lesson answer tcp.flags.reset == 1", "lesson next", "lesson answer dns.flags.rcode == 3",
                 "lesson next", "lesson answer tcp.flags.syn == 1 and tcp.flags.ack == 0"):
        engine_shell.run(line)
    said = engine_shell.run("lesson next")
    assert "Nobody grades it" in said and "Which expression" not in said
    assert engine_shell.run("lesson predict a").count("Which expression shows them?") == 1

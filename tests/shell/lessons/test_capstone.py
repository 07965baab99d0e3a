"""The blind faults: each is found and proved by one end's means, mended, met only once; and by no wrong way."""

from __future__ import annotations

import pytest

from shell.lessons import library
from shell.lessons.blind import FOUND, GUESSES
from shell.lessons.load import load
from shell.lessons.model import LessonLine, for_fault
from shell.lessons.progress import ProgressStore
from shell.lessons.sandbox import Sandbox
from tests.shell.conftest import Shell

LESSON = load(library.BUILT_IN / "capstone.md")
FAULTS = {fault.name: fault for fault in LESSON.faults}
ANSWERS = ["lesson answer {answer}", "lesson answer {answer}"]
PAGE = "http get http://remote.lab/"
PROBES = {
    "loss": ["ping 192.168.1.1 --count 4", "run 1s"],
    "corruption": ["ping 10.0.2.2 --count 5", "run 1s"],
    "black-hole": ["ping 10.0.2.2 --count 1", "ping 10.0.2.2 --count 1 --size 1000", "run 2s"],
    "TTL": ["traceroute 10.0.2.2", "ping 10.0.2.2 --count 1"],
    "names": ["tcp connect 10.0.2.2:80", "dns ask remote.lab", "run 2s"],
    "firewall": ["ping 10.0.2.2 --count 1", "tcp connect 10.0.2.2:80 --background", "run 2s"],
    "silence": ["traceroute 10.0.2.2", "ping 192.168.1.1 --count 1", "run 1s"],
    "cable": ["arp who 192.168.1.1", "run 3s"],
    "poisoning": ["arp table", "ping 192.168.1.1 --count 1", "run 3s"],
    "squatter": ["run 5s", "dns ask remote.lab"],
    "one-way": ["ping 192.168.1.1 --count 4", "run 1s"],
    "narrow": ["ping 192.168.1.1 --count 1 --size 1200"],
    "distance": ["ping 10.0.2.2 --count 1"],
    "small-window": ["tcp connect 192.168.1.1:80"],
    "fragments": ["ping 10.0.2.2 --count 1 --size 4000", "run 1s"],
    "slow-reader": ["tcp connect 10.0.2.2:7"],
    "stripped": ["tcp connect 10.0.2.2:9"],
    "crumbs": ["tcp connect 192.168.1.1:80"],
    "echoes": ["ping 10.0.2.2 --count 1", "run 1s"],
}
"""Another way to find some than the one that the lesson knows."""
CURES = {
    "loss": [["link clear"], ["link drop off in"], ["link drop off", "link clear both"]],
    "corruption": [["link corrupt 0%"], ["link clear in"], ["link corrupt 0% in"]],
    "black-hole": [["link mtu 1514 in"], ["link clear in"], ["link mtu 0 in"]],
    "poisoning": [["profile modern", "arp clear"], ["arp clear", "knob set arp.unsolicited off", "arp clear"]],
    "squatter": [["attack stop", "arp clear --host host"]],
    "TTL": [["profile modern"], ["knob set ipv4.ttl 255"], ["knob set ipv4.ttl 5"]],
    "names": [["link clear"], ["link drop off out"], ["link drop off", "dns flush"]],
    "firewall": [["link drop off out"], ["link clear"], ["link clear out", "link drop off"]],
    "cable": [["link clear"]],
    "bloat": [["link clear"]],
    "small-window": [["profile modern"], ["knob set tcp.receive_window 30000"]],
    "stripped": [["profile modern --host remote"]],
}
"""Other ways to mend some."""


class Learner:
    """Goes through the lesson with one fault, and says what lacks at the end."""

    def __init__(self, fault: str) -> None:
        self.fault = FAULTS[fault]

    def lacks(self, lines: list[str], last: int) -> list[str]:
        """Go through the steps by their solutions, but through the last one by `lines`; return what lacks then."""
        with Sandbox.of(LESSON) as lab:
            lab.prepare(LESSON, self.fault)
            for index in range(last):
                lab.begin(LESSON, index, self.fault)
                for line in for_fault(LESSON.steps[index].solution, self.fault):
                    lab.run(line)
            lab.begin(LESSON, last, self.fault)
            wanted = for_fault([LessonLine(line, 0) for line in lines], self.fault)
            said = [(line.text, lab.run(line)) for line in wanted]
            return [f"{row.text}: {said}" for row in lab.rows() if not row.holds]


def test_there_are_twenty_faults_in_three_levels() -> None:
    assert len(FAULTS) >= 20
    assert {fault.level for fault in FAULTS.values()} == {1, 2, 3}
    for fault in FAULTS.values():
        assert fault.sees and fault.cause and fault.probe and fault.cure and fault.quack and fault.mended, fault.name
        assert fault.cause not in fault.sees


@pytest.mark.parametrize("fault", PROBES)
def test_another_way_to_find_it(fault: str) -> None:
    assert Learner(fault).lacks([*PROBES[fault], "run 2s", *ANSWERS], 1) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_it_is_found_and_proved_by_the_solution_and_by_no_other_name_or_frame(fault: str) -> None:
    learner = Learner(fault)
    assert learner.lacks(["{probe}", "run 3s", *ANSWERS], 1) == []
    others = [each.name for each in FAULTS.values() if each.name != fault and each.level == learner.fault.level]
    assert learner.lacks(["{probe}", "run 3s", *(f"lesson answer {other}" for other in others)], 1) != []
    assert learner.lacks(["{probe}", "run 3s", ANSWERS[0], "lesson answer 100000"], 1) != []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_lab_in_which_all_is_well_proves_nothing(fault: str) -> None:
    """What proves a fault does not happen without it."""
    learner = Learner(fault)
    with Sandbox.of(LESSON) as lab:
        lab.begin(LESSON, 1, learner.fault)
        for text in (*learner.fault.probe, "run 3s", f"lesson answer {fault}"):
            lab.run(LessonLine(text, 0))
        assert lab.tracker is not None
        assert lab.core.ask(lab.tracker.right_answer) == ""


@pytest.mark.parametrize("fault, cure", [
    pytest.param(name, cure, id=f"{name}-{number}")
    for name, cures in CURES.items() for number, cure in enumerate(cures)])
def test_another_way_to_mend_it(fault: str, cure: list[str]) -> None:
    assert Learner(fault).lacks([*cure, "run 20s", "{probe}", "run 3s"], 2) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_trying_again_and_again_mends_nothing(fault: str) -> None:
    assert Learner(fault).lacks([PAGE, "run 10s", "{probe}", "run 10s"] * 3, 2) != []


@pytest.mark.parametrize("fault", FAULTS)
def test_what_mends_something_else_does_not_mend_it(fault: str) -> None:
    assert Learner(fault).lacks(["{quack}", "run 20s", "{probe}", "run 3s"], 2) != []


def test_a_name_may_be_written_in_any_way() -> None:
    assert Learner("black-hole").lacks([PAGE, "run 3s", "lesson answer Black Hole", ANSWERS[0]], 1) == []
    assert Learner("TTL").lacks([PAGE, "run 3s", "lesson answer ttl", ANSWERS[0]], 1) == []


def broken(shell: Shell) -> str:
    assert shell.session.lesson is not None
    assert shell.session.lesson.broken.fault is not None
    return shell.session.lesson.broken.fault.name


@pytest.mark.parametrize("level", [1, 2, 3])
def test_every_start_breaks_something_else(engine_shell: Shell, level: int) -> None:
    those = sorted(fault.name for fault in FAULTS.values() if fault.level == level)
    met = []
    for _ in those:
        engine_shell.run(f"lesson start capstone --level {level}")
        met.append(broken(engine_shell))
    assert sorted(met) == those
    engine_shell.run(f"lesson start capstone --level {level}")
    assert broken(engine_shell) in those
    assert broken(engine_shell) != met[-1]


def test_what_was_found_leads_to_the_next_level(engine_shell: Shell) -> None:
    for number in range(FOUND):
        engine_shell.run("lesson start capstone --anew")
        assert FAULTS[broken(engine_shell)].level == 1
        find(engine_shell)
        assert len(ProgressStore.usual().load().lessons["capstone"].found) == number + 1
    engine_shell.run("lesson start capstone --anew")
    assert FAULTS[broken(engine_shell)].level == 2


def find(shell: Shell) -> str:
    """Go through the steps until the fault is found; return what was said then."""
    said = ""
    for _ in range(2):
        player = shell.session.lesson
        assert player is not None
        if player._open_prediction() is not None:
            shell.run("a")
        for line in player.commands(player.step.solution):
            said = shell.try_(player.fill_in(line))
        if player.index == 0:
            shell.run("lesson next")
    return said


def test_what_was_broken_is_said_when_it_is_found(engine_shell: Shell) -> None:
    engine_shell.run("lesson start capstone")
    fault = FAULTS[broken(engine_shell)]
    assert fault.sees.split()[0] in engine_shell.run("lesson show")
    said = find(engine_shell)
    for line in (*fault.setup, fault.cause):
        assert line in said
    engine_shell.run("lesson next")
    assert fault.cause in engine_shell.run("lesson show")
    engine_shell.run("link show")
    engine_shell.run("knob diff")


def test_three_wrong_guesses_break_something_else(engine_shell: Shell) -> None:
    engine_shell.run("lesson start capstone --level 1")
    engine_shell.run("a")
    player = engine_shell.session.lesson
    assert player is not None
    for line in player.commands(player.step.solution):
        engine_shell.try_(line)
    engine_shell.run("lesson next")
    was = broken(engine_shell)
    wrong = next(name for name, fault in FAULTS.items() if fault.level == 1 and name != was)
    for left in range(GUESSES - 1, 0, -1):
        assert f"{left} guess" in engine_shell.fail(f"lesson answer {wrong}")
        assert "there is no fault" in engine_shell.fail("lesson answer something"), "which is no guess"
        assert broken(engine_shell) == was
    said = engine_shell.fail(f"lesson answer {wrong}")
    assert FAULTS[was].cause.split()[0] in said
    assert broken(engine_shell) != was
    assert FAULTS[broken(engine_shell)].level == 1
    assert player.index == 1
    engine_shell.fail("link show")
    record = ProgressStore.usual().load().lessons["capstone"]
    assert record.tries["Find it"].wrong_answers == GUESSES


def test_a_blind_fault_stays_blind_when_one_leaves_and_returns(engine_shell: Shell) -> None:
    engine_shell.run("lesson start capstone")
    was = broken(engine_shell)
    player = engine_shell.session.lesson
    assert player is not None
    engine_shell.run("a")
    for line in player.commands(player.step.solution):
        engine_shell.try_(line)
    engine_shell.run("lesson next")
    before = engine_shell.run("frames")
    engine_shell.run("lesson quit")
    engine_shell.run("link show")
    engine_shell.run("lesson start capstone")
    assert broken(engine_shell) == was
    engine_shell.fail("link show")
    assert engine_shell.run("frames") == before, "with the same numbers"
    engine_shell.run("lesson reset")
    engine_shell.fail("link show")
    engine_shell.run("lesson skip")
    engine_shell.run("link show")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_transfer_that_was_abandoned_does_not_spoil_the_mend(fault: str) -> None:
    """It goes on to resend what got lost before: that says nothing of what is mended now."""
    found = FAULTS[fault]
    lines = [f"{PAGE} --background", "run 1s", *found.cure, "run 5s", *found.probe, "run 3s"]
    assert Learner(fault).lacks(lines, 2) == []

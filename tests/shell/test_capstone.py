"""The blind fault: each of them is found in its own way, mended in more than one, and met only once."""

from __future__ import annotations

import pytest

from shell.lessons import library
from shell.lessons.load import load
from shell.lessons.model import Line
from shell.lessons.sandbox import Sandbox
from tests.shell.conftest import Shell

LESSON = load(library.BUILT_IN / "capstone.md")
FAULTS = {fault.name: fault for fault in LESSON.faults}
PAGE = "http get http://remote.lab/"
ANSWERS = ["lesson answer {answer}", "lesson answer {answer}"]
PROBES = {
    "loss": ["ping 192.168.1.1 --count 4", "run 1s"],
    "corruption": ["ping 10.0.2.2 --count 5", "run 1s"],
    "black-hole": ["ping 10.0.2.2 --count 1", "ping 10.0.2.2 --count 1 --size 1000", "run 2s"],
    "poisoning": ["arp table", "ping 192.168.1.1 --count 1", "run 3s"],
    "TTL": ["traceroute 10.0.2.2", "ping 10.0.2.2 --count 1"],
    "names": ["tcp connect 10.0.2.2:80", "dns ask remote.lab", "run 2s"],
    "firewall": ["ping 10.0.2.2 --count 1", "tcp connect 10.0.2.2:80 --background", "run 2s"],
}
"""Another way to find each than to ask for the page."""
CURES = {
    "loss": [["link clear"], ["link drop off in"], ["link drop off", "link clear both"]],
    "corruption": [["link corrupt 0%"], ["link clear in"], ["link corrupt 0% in"]],
    "black-hole": [["link mtu 1514 in"], ["link clear in"], ["link mtu 0 in"]],
    "poisoning": [["profile modern", "arp clear"], ["arp clear", "knob set arp.unsolicited off", "arp clear"]],
    "TTL": [["profile modern"], ["knob set ipv4.ttl 255"], ["knob set ipv4.ttl 5"]],
    "names": [["link clear"], ["link drop off out"], ["link drop off", "dns flush"]],
    "firewall": [["link drop off out"], ["link clear"], ["link clear out", "link drop off"]],
}
"""Other ways to mend each."""


def followed(fault: str, lines: list[str], first: int, last: int) -> list[str]:
    """Go through steps by their solutions, but through the last one by `lines`; return what lacks then."""
    with Sandbox.of(LESSON) as lab:
        lab.prepare(LESSON, FAULTS[fault])
        for index in range(first, last):
            lab.begin(LESSON, index, FAULTS[fault])
            for line in LESSON.steps[index].solution:
                if line.fault in ("", fault):
                    lab.run(line)
        lab.begin(LESSON, last, FAULTS[fault])
        said = [lab.run(Line(text, 0)) for text in lines]
        return [f"{row.text}: {said}" for row in lab.rows() if not row.holds]


@pytest.mark.parametrize("fault", FAULTS)
def test_another_way_to_find_it(fault: str) -> None:
    assert followed(fault, [*PROBES[fault], *ANSWERS], 0, 1) == []


@pytest.mark.parametrize("fault, cure", [
    pytest.param(name, cure, id=f"{name}-{number}")
    for name, cures in CURES.items() for number, cure in enumerate(cures)])
def test_another_way_to_mend_it(fault: str, cure: list[str]) -> None:
    assert followed(fault, [*cure, "run 20s", PAGE, "run 3s"], 0, 2) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_trying_again_and_again_mends_nothing(fault: str) -> None:
    assert followed(fault, [PAGE, "run 10s"] * 5, 0, 2) != []


@pytest.mark.parametrize("fault", FAULTS)
def test_no_other_name_is_taken_for_it(fault: str) -> None:
    for other in FAULTS.keys() - {fault}:
        assert followed(fault, [PAGE, "run 3s", f"lesson answer {other}"], 0, 1) != []


def test_a_name_may_be_written_in_any_way() -> None:
    assert followed("black-hole", [PAGE, "run 3s", "lesson answer Black Hole", ANSWERS[0]], 0, 1) == []
    assert followed("TTL", [PAGE, "run 3s", "lesson answer ttl", ANSWERS[0]], 0, 1) == []


def test_what_was_seen_before_proves_it() -> None:
    assert followed("TTL", ["ping 192.168.1.1 --count 1", "lesson answer TTL", "lesson answer 5"], 0, 1) == []
    assert followed("TTL", ["ping 192.168.1.1 --count 1", "lesson answer TTL", "lesson answer 1"], 0, 1) != []


def test_every_start_breaks_something_else(engine_shell: Shell) -> None:
    met = []
    for _ in FAULTS:
        engine_shell.run("lesson start capstone --anew")
        assert engine_shell.session.lesson is not None
        assert engine_shell.session.lesson.fault is not None
        met.append(engine_shell.session.lesson.fault.name)
    assert sorted(met) == sorted(FAULTS)

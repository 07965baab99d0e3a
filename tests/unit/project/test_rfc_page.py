"""docs/rfc.md is what the code and the tests say, and every clause that a test shows has a place in the code."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from aether.knobs import KNOBS
from aether.tcp.states import STATES

ROOT = Path(__file__).parents[3]
STEPS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


def test_the_page_is_current() -> None:
    """Made by `python tools/rfc.py > docs/rfc.md`."""
    made = subprocess.run(
        [sys.executable, "tools/rfc.py"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout
    assert (ROOT / "docs" / "rfc.md").read_text(encoding="utf-8") == made, "run: python tools/rfc.py > docs/rfc.md"


def test_every_clause_that_a_test_shows_has_a_function() -> None:
    """From a clause to its code in one hop: a file alone is no place."""
    rfc = _tool()
    code = rfc.coded()
    gone_through = {
        (number, section) for number, clauses in rfc.all_clauses().items() for clause in clauses if clause.code
        for section in re.findall(r"§([\d.]*\d)", clause.at)}
    without = {
        _said(key): sorted(tests) for key, tests in rfc.tested().items()
        if key not in gone_through and not any(":" in place for place in code.get(key, ()))
    }
    assert not without, "name the clause in the docstring or a comment of the function that does what it asks"


def test_every_clause_that_is_gone_through_stands_as_it_says() -> None:
    """Met or switched by functions that there are, shown by tests that there are; or left, with the reason."""
    rfc = _tool()
    places, shows, knobs = rfc.places(), rfc.shows(), set(KNOBS)
    wrong = []
    for number, clauses in rfc.all_clauses().items():
        for clause in clauses:
            name = f"RFC {number} {clause.at} {clause.id}".strip()
            wrong += [f"{name}: there is no {place}" for place in clause.code if place not in places]
            wrong += [f"{name}: there is no test {test}" for test in clause.tests if test not in shows]
            wrong += [f"{name}: there is no knob {knob}" for knob in clause.knobs if knob not in knobs]
            if clause.here not in ("met", "switched", "left"):
                wrong.append(f"{name}: {clause.here}?")
            elif clause.here == "left" and not clause.why:
                wrong.append(f"{name}: why is it left?")
            elif clause.here != "left" and not (clause.code and clause.tests):
                wrong.append(f"{name}: by which function, and shown by which test?")
            elif (clause.here == "switched") != bool(clause.knobs):
                wrong.append(f"{name}: by which knob?")
    assert not wrong


def test_no_clause_of_rfc_9293_is_missing() -> None:
    """Appendix B numbers them, from 1 to its last without a gap; each has one line."""
    ids = [clause.id for clause in _tool().all_clauses()[9293] if clause.id]
    last = {"MUST": 69, "SHLD": 31, "MAY": 18, "REC": 1}
    assert sorted(ids) == sorted(f"{kind}-{number}" for kind, most in last.items() for number in range(1, most + 1))


def test_nothing_of_event_processing_is_missing() -> None:
    """RFC 9293 §3.10: each call in each state, each step of an arrival in each state it tells apart, each time-out."""
    said: dict[str, set[str]] = {}
    for clause in _tool().all_clauses()[9293]:
        section, *words = re.split(r",? ", clause.at)
        said.setdefault(section, set()).update(words)
        if words and words[0] in STEPS:
            said.setdefault(f"{section} {words[0]}", set()).update(words[1:])
    for call in range(1, 7):
        assert said[f"§3.10.{call}"] >= set(STATES), call
    for section, count in (("§3.10.7.2", 4), ("§3.10.7.3", 5), ("§3.10.7.4", 8)):
        assert said[section] >= set(STEPS[:count]), section
    assert "§3.10.7.1" in said
    synchronized = set(STATES) - {"CLOSED", "LISTEN", "SYN-SENT", "SYN-RECEIVED"}
    for step, states in (
        ("second", synchronized | {"SYN-RECEIVED"}), ("fifth", synchronized | {"SYN-RECEIVED"}),
        ("sixth", synchronized), ("seventh", synchronized), ("eighth", synchronized | {"SYN-RECEIVED"}),
    ):
        assert said[f"§3.10.7.4 {step}"] >= states, step
    assert said["§3.10.8"] == {"user", "retransmission", "TIME-WAIT"}


@pytest.mark.parametrize(("text", "about", "found"), [
    ("RFC 9293 §3.5, §3.6.1: so", 0, [(9293, "3.5"), (9293, "3.6.1")]),
    ("as a whole: RFC 6675", 0, [(6675, "")]),
    ("RFC 6675, RFC 5681 §4.3", 0, [(6675, ""), (5681, "4.3")]),
    ("§6.2, step 5", 8985, [(8985, "6.2")]),
    ("§6.2, step 5", 0, []),
    ("of no clause", 8985, []),
    ("RFC 9438, and §4.6", 8985, [(9438, "4.6")]),
])
def test_what_a_text_names(text: str, about: int, found: list[tuple[int, str]]) -> None:
    """A § belongs to the RFC before it, else to the one that its module is about."""
    assert _tool().named(text, about) == found


def _said(key: tuple[int, str]) -> str:
    return f"RFC {key[0]} §{key[1]}" if key[1] else f"RFC {key[0]}"


def _tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("rfc_tool", ROOT / "tools" / "rfc.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

"""The front matter of a lesson: TOML between two lines ``+++``."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aether.knobs import KnobError, find, parse
from shell.files import toml
from shell.language.grammar import similar
from shell.language.values import is_number
from shell.lessons.allowed import refusal
from shell.lessons.model import Fault, Finder, Lesson

MARK = "+++"
ID = re.compile(r"[a-z][a-z0-9-]{0,39}")
LONGEST_TITLE = 60
LEVELS = (1, 2, 3)
"""How hard a fault may be to find."""


class Front:
    """Reads the front matter of one file."""

    def __init__(self, lines: list[str], finder: Finder) -> None:
        self.finder = finder
        self.values: dict[str, Any] = {}
        self.end = 0
        """The index of the first line after it."""
        if not lines or lines[0].strip() != MARK:
            finder.add(1, "the file does not begin with its front matter",
                       "begin it with a line +++, then TOML, then +++")
            finder.raise_all()
        ends = [number for number, line in enumerate(lines[1:], 1) if line.strip() == MARK]
        if not ends:
            finder.add(1, "the front matter is never closed", "end it with a line +++")
            finder.raise_all()
        self.end = ends[0] + 1
        self.lines = lines[1:ends[0]]
        try:
            self.values = toml.parse("\n".join(self.lines))
        except toml.TomlError as problem:
            found = re.search(r"line (\d+)", str(problem))
            said = re.sub(r" \(at .*\)", "", str(problem))
            line = int(found.group(1)) + 1 if found else min(ends[0], len(self.lines) + 1)
            finder.add(line, f"the front matter is no TOML: {said}", 'such as: title = "Nobody resends"')
            finder.raise_all()

    def line(self, name: str) -> int:
        """Return the line that a field is on."""
        pattern = re.compile(rf'\s*(\[+\s*)?"?{re.escape(name)}"?\s*(=|\]|\.)')
        return next((number for number, line in enumerate(self.lines, 2) if pattern.match(line)), 1)

    def lesson(self, path: Path) -> Lesson:
        """Return a lesson with the fields filled in; what is wrong goes to the finder."""
        lesson = Lesson(path, path.stem.partition(".")[0], "", 0)
        for name, value in self.values.items():
            read = _FIELDS.get(name)
            if read is None:
                near = similar(name, _FIELDS)
                self.wrong(name, f"there is no field {name!r}",
                           f"did you mean {near[0]}?" if near else f"there are: {', '.join(_FIELDS)}")
            else:
                lesson.lines[name] = self.line(name)
                read(self, name, value, lesson)
        for name in ("id", "title", "minutes"):
            if name not in self.values:
                self.finder.add(1, f"the front matter has no {name}", f"add {_EXAMPLES[name]}")
        return lesson

    def wrong(self, name: str, message: str, remedy: str) -> None:
        """Note what is wrong with a field."""
        self.finder.add(self.line(name), message, remedy)

    def _is(self, name: str, value: Any, type: type, called: str) -> bool:
        if isinstance(value, type) and not (type is int and isinstance(value, bool)):
            if isinstance(value, str) and not value.isprintable():
                self.wrong(name, f"{name} has an invisible character",
                           "remove it: a lesson never controls the terminal")
                return False
            return True
        self.wrong(name, f"{name} is {called}, not {_shown(value)}", f"such as: {_EXAMPLES[name]}")
        return False

    def _id(self, name: str, value: Any, lesson: Lesson) -> None:
        if not self._is(name, value, str, "a text"):
            return
        if not ID.fullmatch(value):
            self.wrong(name, f"the id {value!r} is not made of small letters, digits and hyphens", _EXAMPLES["id"])
        elif value != lesson.id:
            self.wrong(name, f"the id is {value!r}, and the file is {lesson.path.name}",
                       f"call the file {value}.md, or the lesson {lesson.id!r}")

    def _title(self, name: str, value: Any, lesson: Lesson) -> None:
        if self._is(name, value, str, "a text"):
            lesson.title = value.strip()
            if not 1 <= len(lesson.title) <= LONGEST_TITLE:
                self.wrong(name, f"the title has {len(lesson.title)} characters",
                           f"1 to {LONGEST_TITLE} are shown well")

    def _minutes(self, name: str, value: Any, lesson: Lesson) -> None:
        if self._is(name, value, int, "a whole number"):
            lesson.minutes = value
            if not 1 <= value <= 60:
                self.wrong(name, f"{value} minutes", "a lesson takes 1 to 60 minutes: divide a longer one")

    def _seed(self, name: str, value: Any, lesson: Lesson) -> None:
        if self._is(name, value, int, "a whole number"):
            lesson.seed = value
            if not 0 <= value < 1 << 32:
                self.wrong(name, f"the seed {value} is out of range", "a number from 0 to 4294967295")

    def _order(self, name: str, value: Any, lesson: Lesson) -> None:
        if self._is(name, value, int, "a whole number"):
            lesson.order = value

    def _mode(self, name: str, value: Any, lesson: Lesson) -> None:
        if self._is(name, value, str, "a text"):
            lesson.mode = value
            if value not in ("any", "sim"):
                self.wrong(name, f"there is no mode {value!r}", '"any", or "sim" if it works only in the simulation')

    def _texts(self, name: str, value: Any) -> tuple[str, ...]:
        if not self._is(name, value, list, "a list of texts"):
            return ()
        if not all(isinstance(each, str) and each.isprintable() for each in value):
            self.wrong(name, f"{name} is a list of texts, not {_shown(value)}", f"such as: {_EXAMPLES[name]}")
            return ()
        return tuple(value)

    def _requires(self, name: str, value: Any, lesson: Lesson) -> None:
        lesson.requires = self._texts(name, value)
        if lesson.id in lesson.requires:
            self.wrong(name, "the lesson requires itself", "name only lessons that come before it")

    def _terms(self, name: str, value: Any, lesson: Lesson) -> None:
        lesson.terms = self._texts(name, value)

    def _needs(self, name: str, value: Any, lesson: Lesson) -> None:
        lesson.needs = self._texts(name, value)
        for each in lesson.needs:
            protocol, _, port = each.partition(" ")
            if protocol not in ("tcp", "udp") or not is_number(port) or not 1 <= int(port) <= 65535:
                self.wrong(name, f"{each!r} names no port", f"tcp or udp, and its number, such as: {_EXAMPLES[name]}")

    def _setup(self, name: str, value: Any, lesson: Lesson) -> None:
        lesson.setup = self._texts(name, value)
        self._allowed(name, lesson.setup)

    def _allowed(self, name: str, commands: tuple[str, ...]) -> None:
        for command in commands:
            if why := refusal(command):
                self.wrong(name, *why)

    def _knobs(self, name: str, value: Any, lesson: Lesson) -> None:
        if not self._is(name, value, dict, "a table"):
            return
        for knob, setting in _flat(value).items():
            written = ("on" if setting else "off") if isinstance(setting, bool) else str(setting)
            try:
                parse(find(knob), written)
            except KnobError as problem:
                self.finder.add(self.line(knob) if self.line(knob) > 1 else self.line(name), str(problem),
                                "`knob list` shows all knobs and their values")
            lesson.knobs[knob] = written

    def _faults(self, name: str, value: Any, lesson: Lesson) -> None:
        if not self._is(name, value, list, "a list of tables"):
            return
        faults = []
        for each in value:
            if problem := _wrong_fault(each):
                self.wrong(name, f"{problem}: {_shown(each)}", _EXAMPLES["faults"])
                continue
            given: dict[str, Any] = {key: tuple(it) if isinstance(it, list) else it for key, it in each.items()}
            if isinstance(given["proof"], str):
                given["proof"] = (given["proof"],)
            fault = Fault(**given)
            self._allowed(name, (*fault.setup, *fault.probe, *fault.cure, *fault.quack))
            faults.append(fault)
        names = [each.name for each in faults]
        if len(set(names)) < len(names):
            self.wrong(name, "two faults have the same name", "give each its own")
        lesson.faults = tuple(faults)


_FAULT: dict[str, type] = {
    "name": str, "setup": list, "proof": list, "level": int, "sees": str, "cause": str, "probe": list, "cure": list,
    "quack": list, "mended": list, "proven": list,
}
"""What a fault has; the first three it must have."""


def _wrong_fault(each: Any) -> str:
    """Return what is wrong with a fault; empty if nothing is."""
    if not isinstance(each, dict) or not {"name", "setup", "proof"} <= each.keys():
        return "a fault has a name, a setup and a proof"
    for key, given in each.items():
        if key == "proof" and isinstance(given, str):
            continue
        if key not in _FAULT:
            return f"a fault has no {key!r}; it has {', '.join(_FAULT)}"
        texts = given if isinstance(given, list) else [given]
        if not isinstance(given, _FAULT[key]) or not all(
                isinstance(text, str) and text.isprintable() for text in texts if _FAULT[key] is not int):
            return f"the {key} of a fault is {'a list of texts' if _FAULT[key] is list else 'a text or a number'}"
    if len(each.get("mended", [])) != len(each.get("proven", [])):
        return "the checks of `mended` have a text each in `proven`"
    return "" if each.get("level", 1) in LEVELS else "the level of a fault is 1, 2 or 3"


def _flat(table: dict[str, Any], before: str = "") -> dict[str, Any]:
    """Return a table whose keys may have dots in them, quoted or not."""
    found: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            found.update(_flat(value, f"{before}{key}."))
        else:
            found[f"{before}{key}"] = value
    return found


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 50 else f"{text[:47]}..."


_EXAMPLES = {
    "id": 'id = "no-retransmission"', "title": 'title = "Nobody resends"', "minutes": "minutes = 10",
    "seed": "seed = 7", "order": "order = 12", "mode": 'mode = "sim"', "requires": 'requires = ["handshake"]',
    "terms": 'terms = ["RTO"]', "needs": 'needs = ["tcp 7"]', "setup": 'setup = ["link delay 20ms"]',
    "knobs": 'knobs = { "tcp.retransmit" = "off" }',
    "faults": '[[faults]] with name = "loss", setup = ["link loss 40% in"], proof = "frame.lost"',
}
_FIELDS: dict[str, Callable[[Front, str, Any, Lesson], None]] = {
    name: getattr(Front, f"_{name}") for name in (
        "id", "title", "minutes", "mode", "seed", "order", "requires", "knobs", "setup", "terms", "needs", "faults")
}

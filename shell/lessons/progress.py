"""What is remembered between two sittings: what was done in which lesson, and the lab of a lesson that was left.

One JSON file for the progress, and one for each lesson that is under way. They are replaced as a whole, so that
a kill at any moment leaves the old one or the new one.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from aether import plain
from shell.files.writing import WriteError, alone, write
from shell.language.grammar import CommandError

VERSION = 1
DONE, SKIPPED, PLAYED = "done", "skipped", "played"
HINT, WRONG, LEAST = 15, 10, 40
"""Per cent that a hint and a wrong answer take off a step that was done, and what is left of it at the least."""


@dataclass(slots=True)
class StepRecord:
    """What became of one step."""

    how: str
    """``done``, ``skipped``, or ``played``: its solution was shown."""
    when: str
    """The wall's time, as ISO 8601."""
    hints: int = 0
    wrong_answers: int = 0
    right_predictions: int = 0
    predictions: int = 0
    seconds: int = 0
    """How long it took."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What takes how much off a step, in per cent; a course file may say otherwise."""

    hint: int = HINT
    wrong: int = WRONG
    least: int = LEAST
    shown: int = 0
    """What a step counts whose solution was shown."""
    late: int = 0
    """What is taken off a lesson that was finished after its deadline."""
    late_day: int = 0
    """What is taken off besides, for each day that has begun after it."""
    late_most: int = 100
    """What is taken off a lesson for being late, at the most."""

    def lateness(self, days: int) -> int:
        """Return what is taken off a lesson that is late by so many days; 0 if it is not late."""
        return min(self.late + self.late_day * days, self.late_most, 100) if days > 0 else 0


USUAL = Weights()


def worth(step: StepRecord, weights: Weights = USUAL) -> int:
    """Return what a step counts, in per cent: nothing if it was skipped; less for hints and wrong answers."""
    if step.how == PLAYED:
        return weights.shown
    off = weights.hint * step.hints + weights.wrong * step.wrong_answers
    return max(100 - off, weights.least) if step.how == DONE else 0


@dataclass(slots=True)
class Tries:
    """What a step has cost so far, however often it was begun anew, reset or left."""

    hints: int = 0
    """The highest level that was shown."""
    wrong_answers: int = 0
    shown: bool = False
    """Whether its solution was shown."""


@dataclass(slots=True)
class Tally:
    """What became of some steps: how many, and what they are worth."""

    steps: int
    own: int
    """Done without skipping, and without the solution."""
    skipped: int
    shown: int
    hints: int
    wrong_answers: int
    score: int
    """Per cent."""


@dataclass(slots=True)
class LessonRecord:
    """What became of one lesson."""

    title: str
    steps: int
    """How many it has."""
    done: dict[str, StepRecord] = field(default_factory=dict)
    """By the title of the step."""
    finished: str = ""
    """When its last step was over, also if some were skipped; empty while it is not."""
    tries: dict[str, Tries] = field(default_factory=dict)
    """By the title of the step."""
    found: list[str] = field(default_factory=list)
    """Blind faults that were found by oneself."""

    @property
    def whole(self) -> bool:
        """Whether every step was done by oneself."""
        return bool(self.finished) and sum(step.how == DONE for step in self.done.values()) >= self.steps


def tally(records: Iterable[LessonRecord], weights: Weights = USUAL) -> Tally:
    """Return what became of the steps of some lessons, and what they are worth by the weights of a course."""
    records = list(records)
    done = [step for record in records for step in record.done.values()]
    total = sum(record.steps for record in records)
    count = Counter(step.how for step in done)
    return Tally(
        total, count[DONE], count[SKIPPED], count[PLAYED], sum(step.hints for step in done),
        sum(step.wrong_answers for step in done), sum(worth(step, weights) for step in done) // total if total else 0)


@dataclass(slots=True)
class Progress:
    """Everything that is remembered."""

    lessons: dict[str, LessonRecord] = field(default_factory=dict)
    current: str = ""
    """The id of the lesson that is under way."""
    paths: list[str] = field(default_factory=list)
    """Directories with lessons, besides those that come with Aether."""
    course: str = ""
    """The course file that `lesson list` follows; empty for all lessons."""
    course_title: str = ""
    """Its title, which decides the seeds, too."""
    learner: str = ""
    """The name under which a course knows the learner: it decides the seeds of the lessons."""
    seen: list[str] = field(default_factory=list)
    """The welcome and the tips that were shown."""
    asked: list[str] = field(default_factory=list)
    """The questions of earlier lessons that were put again (see `shell.lessons.recall`)."""


@dataclass(slots=True)
class Saved:
    """A lesson in the middle: what is needed to go on with it."""

    id: str
    path: str
    index: int
    fault: str
    seed: int
    step_occurrence: int
    step_time: int
    hints: int
    complete: bool
    predictions: dict[str, int]
    """The choice for each prediction of the step, by its place."""
    chosen: dict[str, int]
    answered: list[int]
    ran: list[int]
    wrong_answers: int
    began: float
    paused: bool
    recording: str
    """Every input so far, as `record` writes them; empty if they cannot be repeated."""
    drafts: dict[str, list[str]] = field(default_factory=dict)
    """Crafted frames by name: how each was described, and its bytes as hexadecimal digits."""
    tracing: bool = False
    """Whether the trace was shown."""
    near: dict[str, str] = field(default_factory=dict)
    """What `ran` checks saw that did not suffice, by the number of their line."""
    since: int = 0
    """The occurrence at which the lab was set up: a blind fault hides all that was before."""
    revealed: bool = False
    """Whether it was said what is broken."""
    guesses: int = 0
    """Wrong answers to what is broken, since the step began."""
    script: list[str] = field(default_factory=list)
    """The lines of the packet script that was being written, and of the opening that it began with."""
    opening: int = 0
    """So many of them are the opening's."""
    marks: list[dict[str, Any]] = field(default_factory=list)
    """What was said and done in the step, for whoever grades it."""


class ProgressStore:
    """The directory in which all of it is kept."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @classmethod
    def usual(cls) -> ProgressStore:
        """Return the store of the person at the keyboard."""
        import platformdirs

        return cls(Path(platformdirs.user_data_dir("aether")))

    def load(self) -> Progress:
        """Return the progress; a file that cannot be read is put aside, and everything begins anew."""
        path = self.directory / "lessons.json"
        try:
            data = plain.parse(self._read(path))
            if not isinstance(data, dict) or data.pop("version", None) != VERSION:
                raise plain.DataError("another version")
            return plain.read(Progress, data)
        except (FileNotFoundError, NotADirectoryError):
            return Progress()
        except OSError as problem:
            raise CommandError(f"cannot read {path}: {problem.strerror}") from None
        except ValueError:
            with suppress(OSError):
                path.rename(path.with_suffix(".broken"))
            return Progress()

    @contextmanager
    def changing(self) -> Iterator[Progress]:
        """Let the progress be changed, while no other shell does, and write it if it was."""
        with alone(self.directory):
            progress = self.load()
            before = asdict(progress)
            yield progress
            if asdict(progress) != before:
                self.save(progress)

    def save(self, progress: Progress) -> None:
        """Write the progress."""
        self._write("lessons.json", {"version": VERSION, **asdict(progress)})

    def load_lab(self, lesson: str) -> Saved | None:
        """Return a lesson that was left in the middle; None if there is none, or none that can be read."""
        try:
            data = plain.parse(self._read(self._lab(lesson)))
            known = {each.name for each in fields(Saved)}
            return plain.read(Saved, {name: data[name] for name in data if name in known})
        except (OSError, ValueError, TypeError):
            return None

    def save_lab(self, saved: Saved) -> None:
        """Write a lesson that is under way."""
        self._write(self._lab(saved.id).name, asdict(saved))

    def forget_lab(self, lesson: str) -> None:
        """Remove what was written of a lesson that is over."""
        _unwritten.pop(self._lab(lesson), None)
        with suppress(OSError):
            self._lab(lesson).unlink(missing_ok=True)

    def load_evidence(self, lesson: str) -> dict[str, Any]:
        """Return how the steps of a lesson were done, by their titles."""
        try:
            found = json.loads(self._read(self.directory / f"evidence-{lesson}.json"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def save_evidence(self, lesson: str, steps: dict[str, Any]) -> None:
        """Write how the steps of a lesson were done."""
        self._write(f"evidence-{lesson}.json", steps)

    def _read(self, path: Path) -> str:
        return _unwritten[path] if path in _unwritten else path.read_text(encoding="utf-8")

    def _lab(self, lesson: str) -> Path:
        return self.directory / f"lesson-{lesson}.json"

    def _write(self, name: str, data: dict[str, Any]) -> None:
        path, text = self.directory / name, json.dumps(data, indent=1)
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            write(path, text, force=True)
        except (OSError, WriteError) as problem:
            why = problem.strerror or problem if isinstance(problem, OSError) else problem
            if all(each.parent != self.directory for each in _unwritten):
                _warnings.append(f"your progress is kept as long as this shell runs, and not in {path}: {why}")
            _unwritten[path] = text
        else:
            _unwritten.pop(path, None)


_unwritten: dict[Path, str] = {}
"""What could not be written, and holds as long as the program runs."""
_warnings: list[str] = []


def take_warnings() -> list[str]:
    """Return what somebody should be told of what is kept; once."""
    found, _warnings[:] = list(_warnings), []
    return found

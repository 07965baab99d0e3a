"""Grading by replay: a recording is repeated to the last bit, and the checks of the lesson judge what happened in it.

What a report claims counts for nothing here. Two things cannot be repeated, and are taken from the marks: that a
command ran for which a `ran …` check asks, with the numbers in its result, and the wall's clock.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from aether.engine.build import build_name
from aether.engine.log import Input, LogError, Recording, feed, load, step_to
from aether.engine.recorder import EventRecorder
from aether.engine.ring import EventRing
from aether.events import Event
from aether.operations.base import OperationError
from aether.seen import Eyes
from aether.world import World
from shell.language.values import is_number
from shell.lessons.evidence import (
    ANSWER,
    BEGUN,
    HINT,
    OVER,
    RAN,
    SHOWN,
    SKIPPED,
    Mark,
    StepEvidence,
    fingerprint,
    unpack,
)
from shell.lessons.model import Fault, Lesson
from shell.lessons.progress import DONE, PLAYED, StepRecord
from shell.lessons.progress import SKIPPED as SKIPPED_STEP
from shell.lessons.tracker import Tracker

WORDS_A_SECOND = 15
"""Nobody reads faster: a step that was over sooner was not read."""
PORTION = 500
"""Occurrences after which events are taken out of the ring."""
UNREADABLE = (LogError, OperationError, AttributeError, KeyError, TypeError, ValueError, IndexError)
"""What goes wrong with a recording that was changed by hand, or comes from another version."""


@dataclass(slots=True)
class Judgement:
    """What the replay of one step shows."""

    step: StepRecord | None
    """How it was done; None if it was not, whatever is claimed."""
    remark: str = ""
    """Why it cannot be relied on; empty if it can."""
    print: str = ""
    """What is the same in two recordings with the same inputs at the same times."""


def judge(lesson: Lesson, evidence: StepEvidence, seed: int, when: str, seconds: int) -> Judgement:
    """Return what the evidence for a step of a lesson shows; `seed` is the one that this learner has to have."""
    title = lesson.steps[evidence.index].title if 0 <= evidence.index < len(lesson.steps) else "?"
    if title == "?":
        return Judgement(None, "of a step that the lesson does not have")
    if evidence.seed != seed:
        return Judgement(None, f"{title}: recorded with the seed of somebody else")
    marks = evidence.marks
    if not marks or marks[0].what != BEGUN or marks[-1].what not in (OVER, SKIPPED) or any(
            (one.occurrence, one.time) > (two.occurrence, two.time) for one, two in itertools.pairwise(marks)):
        return Judgement(None, f"{title}: its marks are in no order that can be")
    if any(one.wall > two.wall for one, two in itertools.pairwise(marks)):
        return Judgement(None, f"{title}: its clock went back")
    before = marks[0].values
    levels = [int(each.text) for each in marks if each.what == HINT and is_number(each.text)]
    hints = max([int(before.get("hints", 0)), *levels])
    if any(each.what == SKIPPED for each in marks):
        return Judgement(StepRecord(SKIPPED_STEP, when, hints, 0, seconds=seconds))
    recording = None
    try:
        recording = load(unpack(evidence.recording))
        if recording.description.get("seed") != seed:
            return Judgement(None, f"{title}: recorded with the seed of somebody else")
        replay = _Replay(lesson, evidence, recording)
        holds, wrong = replay.run()
    except UNREADABLE as problem:
        return Judgement(None, f"{title}: the recording cannot be repeated: {problem}{_by_another(recording)}")
    mark = fingerprint(evidence, recording.inputs)
    if not holds:
        return Judgement(None, f"{title}: its checks do not hold in the recording", mark)
    wrong += int(before.get("wrong", 0))
    how = PLAYED if before.get("shown") or any(each.what == SHOWN for each in marks) else DONE
    words = sum(len(line.split()) for line in lesson.steps[evidence.index].prose)
    quick = how == DONE and marks[-1].wall < words / WORDS_A_SECOND
    return Judgement(StepRecord(how, when, hints, wrong, seconds=seconds),
                   f"{title}: over in {marks[-1].wall:.1f} s, no time to read it" if quick else "", mark)


def _by_another(recording: Recording | None) -> str:
    """Say that another build made a recording, where one did: it need not be the learner who changed something."""
    if recording is None or recording.build == build_name():
        return ""
    return (f". Another Aether recorded it ({recording.build or 'an early one'}) than this ({build_name()}): grade "
            "with the one that the class has")


class _Replay:
    """Repeats one recording, and stops at each mark."""

    def __init__(self, lesson: Lesson, evidence: StepEvidence, recording: Recording) -> None:
        self.lesson = lesson
        self.evidence = evidence
        self.fault = _fault(lesson, evidence.fault)
        self.recording = recording
        self.world: World = recording.beginning()
        self.ring = EventRing()
        self.world.observe(EventRecorder(self.world, self.ring))
        self.inputs: list[Input] = list(recording.inputs)
        self.eyes = Eyes(evidence.since) if self.fault is not None and (
            evidence.index <= lesson.blind_until) else None
        self._serial = 0
        self._taken: list[Event] = []
        self._fed = 0

    def run(self) -> tuple[bool, int]:
        """Return whether the checks hold at the end, and how many answers were wrong; LogError if it is no replay."""
        tracker = Tracker(())
        past: list[Event] = []
        wrong = 0
        for mark in self.evidence.marks:
            if mark.what == OVER and tracker.looks_at_state:
                if self._holds_on_the_way(tracker, mark):
                    self._finish()
                    return True, wrong
                continue
            self._go(mark.occurrence, mark.time)
            events = self._events()
            if mark.what == BEGUN:
                past += events
                tracker = Tracker(
                    self.lesson.steps[self.evidence.index].checks, seed=f"{self.lesson.seed}/{self.evidence.index}",
                    fault=self.fault, past=past, now=mark.time)
                continue
            tracker.follow(events, self.world.now)
            if mark.what == ANSWER:
                tracker.take_up(int(mark.values.get("frame", 0)))
                wrong += not tracker.answer(mark.text, self.world)[0]
            elif mark.what == RAN:
                tracker.note_command(mark.text.split(), mark.values)
        holds = tracker.holds(self.world)
        self._finish()
        return holds, wrong

    def _holds_on_the_way(self, tracker: Tracker, end: Mark) -> bool:
        """Tell whether the checks hold after some occurrence on the way to the end: a state may pass by."""
        while True:
            tracker.follow(self._events(), self.world.now)
            if tracker.holds(self.world):
                return True
            if self.world.occurrence >= end.occurrence:
                self._go(end.occurrence, end.time)
                tracker.follow(self._events(), self.world.now)
                return tracker.holds(self.world)
            self._go(self.world.occurrence + 1, 0)

    def _go(self, occurrence: int, time: int) -> None:
        while self._fed < len(self.inputs) and self.inputs[self._fed].occurrence < occurrence:
            self._step_to(self.inputs[self._fed].occurrence)
            feed(self.world, self.inputs[self._fed])
            self._fed += 1
        self._step_to(occurrence)
        if time > self.world.now:
            self.world.advance(time)

    def _step_to(self, occurrence: int) -> None:
        """Step there, and take the events out on the way: the ring has room for so many alone."""
        while self.world.occurrence < occurrence:
            step_to(self.world, min(occurrence, self.world.occurrence + PORTION))
            self._take()

    def _take(self) -> None:
        events, lost = self.ring.since(self._serial)
        if lost:
            raise LogError("it is too long")
        self._serial = self.ring.last_serial
        self._taken += events

    def _finish(self) -> None:
        """Carry on to the end, where everything has to be as it was recorded."""
        self._go(self.recording.occurrence, self.recording.time)
        if self.world.state_hash() != self.recording.hash:
            raise LogError("it ends in another state than the one that was recorded")

    def _events(self) -> list[Event]:
        self._take()
        events, self._taken = self._taken, []
        return self.eyes.see(events) if self.eyes is not None else events


def _fault(lesson: Lesson, name: str) -> Fault | None:
    return next((each for each in lesson.faults if each.name == name), None)

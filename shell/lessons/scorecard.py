"""What a learner's progress says of one lesson: what its steps have cost, and what was earned."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from shell.language import glossary
from shell.lessons import blind
from shell.lessons.evidence import OVER, StepEvidence, as_data
from shell.lessons.model import Fault, Lesson, Step
from shell.lessons.progress import (
    DONE,
    PLAYED,
    LessonRecord,
    Progress,
    ProgressStore,
    StepRecord,
    Tries,
    Weights,
    tally,
)
from shell.results.lesson import LessonSummary


class Scorecard:
    """One lesson's page in the progress that a store keeps; everything is written down at once."""

    def __init__(self, store: ProgressStore, lesson: Lesson) -> None:
        self.store = store
        self.lesson = lesson

    def note_current(self, name: str) -> None:
        """Say which lesson is under way; empty for none."""
        with self.store.changing() as progress:
            progress.current = name

    def note_try(self, step: Step, change: Callable[[Tries], None]) -> None:
        """Write down what a step costs: nothing that comes later takes it back."""
        with self.store.changing() as progress:
            change(self._record(progress).tries.setdefault(step.title, Tries()))

    def tries(self, step: Step) -> Tries:
        """Return what a step has cost so far."""
        mine = self.store.load().lessons.get(self.lesson.id)
        return mine.tries.get(step.title, Tries()) if mine is not None else Tries()

    def keep_evidence(self, step: Step, evidence: StepEvidence) -> None:
        """Keep how a step was done; what was done by oneself is not replaced by what was not."""
        kept = self.store.load_evidence(self.lesson.id)
        before = kept.get(step.title)
        over = self.store.load().lessons[self.lesson.id].done.get(step.title)
        if before is None or over is None or over.how != DONE or evidence.marks[-1].what == OVER:
            self.store.save_evidence(self.lesson.id, {**kept, step.title: as_data(evidence)})

    def faults_found(self) -> list[str]:
        """Return the names of the faults that were found, for another one to be broken."""
        with self.store.changing() as progress:
            found = progress.lessons[self.lesson.id].found if self.lesson.id in progress.lessons else []
            for tries in self._record(progress).tries.values():
                tries.shown = False  # what was shown of the last fault says nothing of the next
        return found

    def step_over(
        self, step: Step, how: str, predictions: Mapping[int, int], began: float, found: Fault | None,
    ) -> str:
        """Write down that a step is over, and which fault was found by it; return how it was done.

        `began` is when it began, by the wall's clock in seconds.
        """
        right = sum(1 for place, choice in predictions.items() if step.predictions[place].choices[choice].right)
        with self.store.changing() as progress:
            mine = self._record(progress)
            tries = mine.tries.get(step.title, Tries())
            how = PLAYED if tries.shown and how == DONE else how
            record = StepRecord(
                how, _now(), tries.hints, tries.wrong_answers, right, len(predictions),
                max(int(time.time() - began), 0))
            earlier = mine.done.get(step.title)
            if earlier is None or earlier.how != DONE:
                mine.done[step.title] = record
            if how == DONE and found is not None and found.name not in mine.found:
                mine.found.append(found.name)
        return how

    def note_asked(self, keys: list[str]) -> None:
        """Write down which questions of earlier lessons were put again."""
        if keys:
            with self.store.changing() as progress:
                progress.asked = [*progress.asked, *keys][-1000:]

    def finish(self, fault: Fault | None, weights: Weights) -> LessonSummary:
        """Write down that the lesson is over, and sum it up, by the weights of the learner's course."""
        with self.store.changing() as progress:
            mine = self._record(progress)
            everything = all(step.title in mine.done for step in self.lesson.steps)
            if everything and not mine.finished:
                mine.finished = _now()
            progress.current = ""
        self.store.forget_lab(self.lesson.id)
        records = [mine.done[step.title] for step in self.lesson.steps if step.title in mine.done]
        found = tally([mine], weights)
        return LessonSummary(
            self.lesson.id, self.lesson.heading or self.lesson.title, found.own, len(self.lesson.steps), found.hints,
            sum(each.right_predictions for each in records), sum(each.predictions for each in records),
            sum(each.seconds for each in records), [glossary.called(each) for each in self.lesson.terms],
            found.skipped, found.shown, found.wrong_answers, found.score, blind.told(fault))

    def _record(self, progress: Progress) -> LessonRecord:
        titles = {step.title for step in self.lesson.steps}
        mine = progress.lessons.setdefault(self.lesson.id, LessonRecord(self.lesson.title, len(titles)))
        mine.title, mine.steps = self.lesson.title, len(titles)
        return mine


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")

"""Questions that come back: at the end of a lesson two are put that earlier lessons asked, some lessons later.

Only predictions can come back whose author says how they are put by themselves (`Again:` in a predict block). Nobody
grades them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from shell.language.translation import say
from shell.lessons import library
from shell.lessons.model import LessonError, Prediction
from shell.lessons.progress import Progress
from shell.lessons.translated import load_chosen
from shell.results.lesson import ChoiceView, QuestionView

HOW_MANY = 2
LETTERS = "abcdef"


@dataclass(frozen=True, slots=True)
class Recalled:
    """A question that comes back."""

    key: str
    """The lesson's id and the line of its file."""
    lesson: str
    """The title of the lesson that asked it."""
    prediction: Prediction

    @property
    def view(self) -> QuestionView:
        """The question as it is shown."""
        return QuestionView(say("{question} (from: {lesson})", question=self.prediction.again, lesson=self.lesson), [
            ChoiceView(LETTERS[number], each.text) for number, each in enumerate(self.prediction.choices)])


def choose(progress: Progress, lesson: str, seed: int, directories: Sequence[Path]) -> list[Recalled]:
    """Return the questions that are put at the end of a lesson: of other lessons that are over, but for the latest.

    Those that were not put yet come first; each is of another lesson. The latest one counts where there are no others.
    """
    over = sorted((record.finished, name) for name, record in progress.lessons.items()
                  if record.finished and name != lesson)
    names = [name for _, name in over]
    early = _questions(names[:-1], directories)
    found = early if len({each.lesson for each in early}) >= HOW_MANY else _questions(names, directories)
    Random(f"{seed}/again").shuffle(found)
    found.sort(key=lambda each: progress.asked.count(each.key))
    chosen: list[Recalled] = []
    for each in found:
        if len(chosen) < HOW_MANY and each.lesson not in [other.lesson for other in chosen]:
            chosen.append(each)
    return chosen


def _questions(names: Sequence[str], directories: Sequence[Path]) -> list[Recalled]:
    files = library.files(directories)
    found = []
    for name in names:
        try:
            lesson, _ = load_chosen(files[name])
        except (KeyError, LessonError):
            continue
        for step in lesson.steps:
            found += [Recalled(f"{name}:{each.line}", lesson.heading or lesson.title, each)
                      for each in step.predictions if each.again]
    return found

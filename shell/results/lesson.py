"""What `lesson` returns."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class LessonRow:
    """A lesson in the list."""

    number: int
    id: str
    title: str
    minutes: int
    mode: str
    state: str
    """``done``, ``over`` if steps were skipped or their solutions shown, ``started`` or empty."""
    steps_done: int
    """By oneself."""
    steps: int
    """0 as long as it was never started."""
    deadline: str = ""
    """The day until when a course wants it; empty if it does not say."""
    skipped: int = 0
    """Steps."""
    shown: int = 0
    """Steps that were done after their solution was shown."""
    hints: int = 0
    wrong_answers: int = 0
    score: int = 0
    """Per cent: what its steps are worth."""
    late: bool = False
    """Whether it was not finished when its deadline was over."""


@dataclass(slots=True)
class LessonList:
    """All lessons, or those of a course, in their order."""

    lessons: list[LessonRow]
    hint: str = ""
    course: str = ""
    """Its title; empty if none was chosen."""


@dataclass(slots=True)
class LessonPaths:
    """Where lessons are looked for."""

    directories: list[str]


@dataclass(slots=True)
class LessonMark:
    """What one lesson is worth in a report; all marks in per cent."""

    lesson: str
    raw: int
    """Before anything is taken off for being late."""
    late_days: int
    """Days after the deadline, the one that has begun included; 0 if it was not late."""
    score: int
    finished: str
    """When its last step was over, as ISO 8601; empty if some are not."""
    deadline: str = ""
    """The day until when the course wants it; empty if it does not say."""


@dataclass(slots=True)
class GradeRow:
    """What one report says."""

    file: str
    learner: str
    finished: int
    lessons: int
    done: int
    """Steps; `played` are those whose solution was shown."""
    played: int
    skipped: int
    steps: int
    hints: int
    wrong_answers: int
    minutes: int
    score: int
    """Per cent: what the steps are worth; less for hints and wrong answers, nothing if skipped or shown."""
    remark: str = ""
    """Why the report cannot be trusted, or read; empty if it can."""
    late: list[str] = field(default_factory=list)
    """Ids of lessons whose deadline was missed."""
    marks: list[LessonMark] = field(default_factory=list)
    """What each lesson is worth."""


@dataclass(slots=True)
class ClassRow:
    """How a class stands in one step."""

    lesson: str
    number: int
    """Of the step, from 1."""
    step: str
    learners: int
    """Who have begun the lesson."""
    done: int
    """By themselves."""
    shown: int
    skipped: int
    stuck: int
    """Whose first step this is that is not over."""
    hints: int
    wrong_answers: int
    seconds: int
    """How long those took who did it by themselves: the middle one of them."""


@dataclass(slots=True)
class ClassTable:
    """How a class stands, step by step."""

    rows: list[ClassRow]
    reports: int
    unread: list[str]
    """Files that are no reports."""


@dataclass(slots=True)
class GradeTable:
    """A table over a class."""

    rows: list[GradeRow]

    @property
    def failure(self) -> str:
        """What the shell says about it on stderr."""
        bad = sum(bool(row.remark) for row in self.rows)
        return f"{bad} of {len(self.rows)} reports cannot be relied on" if bad else ""


@dataclass(slots=True)
class ProblemRow:
    """One thing that is wrong with a lesson file."""

    file: str
    line: int
    message: str
    remedy: str


@dataclass(slots=True)
class LintReport:
    """What is wrong with lessons."""

    lessons: int
    problems: list[ProblemRow]

    @property
    def failure(self) -> str:
        """What the shell says about it on stderr."""
        count = len(self.problems)
        return f"{count} {'problem' if count == 1 else 'problems'}" if count else ""


@dataclass(slots=True)
class ChoiceView:
    """One answer to a prediction."""

    letter: str
    text: str


@dataclass(slots=True)
class QuestionView:
    """A prediction that is asked for."""

    question: str
    choices: list[ChoiceView]


@dataclass(slots=True)
class CheckView:
    """How one check stands."""

    text: str
    holds: bool
    missing: str


@dataclass(slots=True)
class LessonStep:
    """A step as it is shown when it begins."""

    lesson: str
    title: str
    minutes: int
    """Of the whole lesson; 0 unless it begins here."""
    introduction: list[str]
    """Lines of prose."""
    step: int
    """Counted from 1; 0 if the introduction is all that there is room for."""
    steps: int
    step_title: str
    prose: list[str]
    prediction: QuestionView | None
    checks: list[CheckView]
    """Empty while a prediction is asked for."""
    hint: str
    note: str = ""
    """What is said above it, such as that it is not translated; empty for nothing."""


@dataclass(slots=True)
class LessonNews:
    """What has come true."""

    done: list[CheckView]
    question: str
    """A question that is open now; empty if none was put."""
    step: str
    """What to say about the step if it is over; else empty."""
    told: list[str] = field(default_factory=list)
    """What was broken, once it is found."""
    resolved: list[str] = field(default_factory=list)
    """What became of each prediction, and which frames show it."""


@dataclass(slots=True)
class CheckReport:
    """How the checks of a step stand."""

    checks: list[CheckView]
    hint: str


@dataclass(slots=True)
class PredictionReport:
    """What is said to a guess, and what is to be done now."""

    right: bool
    feedback: str
    prediction: QuestionView | None
    checks: list[CheckView]
    hint: str


@dataclass(slots=True)
class HintReport:
    """A hint."""

    level: int
    levels: int
    text: str


@dataclass(slots=True)
class LessonSummary:
    """A lesson that is over."""

    lesson: str
    title: str
    done: int
    steps: int
    hints: int
    right_predictions: int
    predictions: int
    seconds: int
    terms: list[str]
    skipped: int = 0
    shown: int = 0
    wrong_answers: int = 0
    score: int = 0
    """Per cent: what its steps are worth."""
    told: list[str] = field(default_factory=list)
    """What was broken, in a lesson that breaks something."""
    ahead: str = ""
    """The id of the next lesson; empty if all are over."""
    course: str = ""
    """The title of the course for which one hands in; empty without one."""
    again: QuestionView | None = None
    """A question that an earlier lesson asked."""


@dataclass(slots=True)
class Solution:
    """The commands of a solution, which run now."""

    commands: list[str]

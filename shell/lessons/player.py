"""A lesson under way in a session: it watches what happens, says what was done, and remembers it.

`poll` is called after every command and ten times a second; whatever became true since the last call comes back as
results to be shown.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any, TypeVar, cast

from aether.filters import Record
from aether.world import World
from shell.language.grammar import CommandError
from shell.language.translation import say
from shell.lessons import blind, evidence, recall, resolving, stage
from shell.lessons.ahead import chosen_course, directories, what_is_ahead
from shell.lessons.allowed import ANSWER, carry_out
from shell.lessons.bookmark import Bookmark
from shell.lessons.breakage import Breakage
from shell.lessons.conditions import AskFault, Check
from shell.lessons.course import weights_of
from shell.lessons.evidence import Mark, own_seed
from shell.lessons.model import Lesson, LessonLine, Step, for_fault
from shell.lessons.pages import first_page
from shell.lessons.progress import DONE, PLAYED, SKIPPED, ProgressStore, Saved, Tries
from shell.lessons.proof import look_at
from shell.lessons.sandbox import ANSWER_HERE, EXPECTED, prepare
from shell.lessons.scorecard import Scorecard
from shell.lessons.tracker import CheckRow, Tracker
from shell.results.lesson import CheckView, ChoiceView, LessonNews, LessonStep, LessonSummary, QuestionView
from shell.session import Session, Stored

T = TypeVar("T")
OVER = {
    DONE: "step {number} of {steps} done", SKIPPED: "step {number} of {steps} skipped",
    PLAYED: "step {number} of {steps} done, after its solution was shown"}


class Player:
    """One lesson, from its start to its end.

    Its methods, in order: how far it is; beginning and ending; what happens meanwhile; what the learner asks for; what
    is kept. What is broken is its `Breakage`, what it has cost its `Scorecard`, what it goes on from its `Bookmark`;
    the lab itself is set up by `shell.lessons.stage`.
    """

    def __init__(self, session: Session, lesson: Lesson, store: ProgressStore) -> None:
        progress = store.load()
        lesson = replace(lesson, seed=own_seed(lesson.seed, progress.course_title, progress.learner))
        self.session = session
        self.lesson = lesson
        self.scorecard = Scorecard(store, lesson)
        self.bookmark = Bookmark(session, store)
        self.broken = Breakage(session, lesson)
        self.index = 0
        self.complete = False
        """Whether all checks of the step hold, or it was skipped."""
        self.finished = False
        self.standing: stage.Standing
        """How knobs and the link stood when the step began."""
        self.hints = 0
        """How many hints of the step were shown."""
        self.predictions: dict[int, int] = {}
        self.began = time.time()
        self.seed = 0
        self.step_occurrence = 0
        self.step_time = 0
        self.tracker = Tracker(())
        self.home: stage.Home | None = None
        self._serial = 0
        self._shown: set[int] = set()
        self._asked = 0
        self._marks: list[Mark] = []
        self._decide: dict[int, list[Record]] = {}
        """The frames that decide predictions which say themselves what does, by their places."""
        self.note = ""
        """What is said above it when it begins."""
        self.again: list[recall.Recalled] = []
        """Questions of earlier lessons that are open, after the end."""
        self._introducing = False
        """Whether the introduction, as a page of its own, is all that was shown yet."""
        self._lock = threading.RLock()

    @property
    def step(self) -> Step:
        """The step that one is at."""
        return self.lesson.steps[self.index]

    @property
    def place(self) -> str:
        """The lesson's id, the step of how many, and which of its lines are ticked."""
        checks = self.tracker.checks
        ticks = "".join("✓" if self.complete or each.number in self._shown else "·" for each in checks)
        return f"{self.lesson.id} {self.index + 1}/{len(self.lesson.steps)} {ticks or '✓' * self.complete}".rstrip()

    @property
    def asks(self) -> bool:
        """Whether a prediction is asked for."""
        return not self._introducing and self._open_prediction() is not None

    # Beginning and ending

    def start(self) -> LessonStep:
        """Set the lab up, and begin with the first step."""
        with self._lock:
            stage.look_for(self.session, self.lesson.needs, self.lesson.title)
            self.seed = self.session.lab.seed
            self.home = stage.leave_home(self.session, self.lesson.seed)
            self.broken.choose("", self.seed, self.scorecard.faults_found)
            try:
                self._prepare()
            except CommandError:
                stage.return_home(self.session, self.home)
                raise
            self.scorecard.note_current(self.lesson.id)
            self._begin(0)
            page = first_page(self.view(introduction=True))
            self._introducing = not page.step
            return page

    def resume(self, saved: Saved) -> LessonStep:
        """Go on where a lesson was left: with the lab as it was then, if its inputs can be repeated."""
        with self._lock:
            stage.look_for(self.session, self.lesson.needs, self.lesson.title)
            self.seed = saved.seed
            self.home = stage.leave_home(self.session, self.lesson.seed)
            self.broken.choose(saved.fault, self.seed, self.scorecard.faults_found)
            broken = self.broken
            broken.since, broken.revealed, broken.guesses = saved.since, saved.revealed, saved.guesses
            self.index = min(saved.index, len(self.lesson.steps) - 1)
            simulated, anew = self.session.lab.kind == "SIM", False
            if simulated and saved.recording and stage.repeat(self.session, saved.recording, saved.paused):
                self.broken.look(self.index)
                self._continue(saved)
            else:
                self._prepare()
                if simulated:
                    self._replay_solutions(self.index)
                self._begin(self.index)
                anew = bool(saved.recording)
            self.session.drafts.update(
                (name, Stored(text, bytes.fromhex(frame))) for name, (text, frame) in saved.drafts.items())
            if saved.script:
                self.session.script = saved.script, saved.opening
            self.session.tracing = saved.tracing
            self.hints = saved.hints
            self.predictions = {int(place): choice for place, choice in saved.predictions.items()}
            self.scorecard.note_current(self.lesson.id)
            self.poll()
            found = self.view()
            return replace(found, hint=say("another version made its lab: the step begins anew")) if anew else found

    def quit(self) -> None:
        """Leave the lesson, which can be gone on with, and put the lab back."""
        with self._lock:
            self.poll()
            if not self.finished:
                self.save()
            self.scorecard.note_current("")
            self.session.lesson = None
            self.session.look_through(self.session.core.whole)
            if self.home is not None:
                stage.return_home(self.session, self.home)

    def suspend(self) -> None:
        """Keep everything, because the program ends."""
        with self._lock:
            if self.finished:
                self.scorecard.note_current("")
            else:
                self.save()

    def _unseen(self) -> Session:
        """Return a session for what the lesson does to the lab itself, where nobody looks on."""
        if self.broken.fault is None:
            return self.session
        return Session(self.session.core.whole, self.session.lab, "plain", scripted=True, drafts=self.session.drafts)

    def _prepare(self) -> None:
        """Set the lab up, and break it."""
        fault = self.broken.fault
        if fault is not None and (wrong := look_at(fault)):
            raise CommandError(f"{wrong[0]}. {wrong[1]}")
        prepare(self._unseen(), self.lesson, fault)
        self.broken.since = self._present(lambda world: world.occurrence)
        self.broken.revealed = False

    def _another_fault(self) -> None:
        """Mend what is broken, break something else, and begin the step again."""
        self.session.look_through(self.session.core.whole)
        stage.fresh_world(self.session, self.lesson.seed)
        self.broken.choose("", self.seed, self.scorecard.faults_found)
        self._prepare()
        self._replay_solutions(self.index)
        self._begin(self.index)

    def _begin(self, index: int) -> None:
        """Begin a step here and now."""
        self.index = index
        self.broken.guesses = 0
        self.broken.look(self.index)
        events = self.session.core.events()
        self.standing = stage.standing(self.session)
        self.step_occurrence, self.step_time = self._present(lambda world: (world.occurrence, world.now))
        self._watch(events, self.step_time)
        self.hints, self.predictions, self.complete = 0, {}, False
        self.began = time.time()
        self._serial = self.session.core.ring.last_serial
        tries = self.scorecard.tries(self.step)
        self._marks = [Mark(evidence.BEGUN, 0.0, self.step_occurrence, self.step_time, "", {
            "hints": tries.hints, "wrong": tries.wrong_answers, "shown": tries.shown})]
        self.save()

    def _mark(self, what: str, text: str = "", values: dict[str, float] | None = None) -> None:
        """Note what was said or done, for whoever grades it."""
        status = self.session.core.whole.status()
        if status.past and self._marks:  # the recording ends with the present, whoever looks at the past
            occurrence, now = self._marks[-1].occurrence, self._marks[-1].time
        else:
            occurrence, now = self.session.core.whole.ask(lambda world: (world.occurrence, world.now))
        # What was done in a future that somebody left belongs to no recording.
        self._marks = [each for each in self._marks[:evidence.MOST_MARKS - 2]
                       if (each.occurrence, each.time) <= (occurrence, now)] or self._marks[:1]
        wall = max(round(time.time() - self.began, 2), self._marks[-1].wall if self._marks else 0.0)
        self._marks.append(Mark(what, wall, occurrence, now, text, values or {}))

    def _evidence(self) -> evidence.StepEvidence:
        fault = self.broken.fault
        return evidence.StepEvidence(
            self.lesson.seed, fault.name if fault else "", self.broken.since, self.index, list(self._marks),
            evidence.pack(self.bookmark.recording()))

    def _watch(self, past: Sequence[Any], now: int) -> None:
        fault = self.broken.fault
        self.tracker = Tracker(self.step.checks, seed=f"{self.lesson.seed}/{self.index}", fault=fault, past=past,
                               now=now, names=[each.name for each in blind.choices(self.lesson, fault)])
        self._shown, self._asked = set(), 0
        self._decide = {place: self.tracker.watcher.collect(each.shown)
                        for place, each in enumerate(self.step.predictions) if each.shown is not None}

    def _continue(self, saved: Saved) -> None:
        """Take up a step in the middle: look at everything again that happened in it."""
        events = self.session.core.events()
        self.step_occurrence, self.step_time = saved.step_occurrence, saved.step_time
        self._watch([event for event in events if event.occurrence <= saved.step_occurrence], saved.step_time)
        self.tracker.chosen = {int(number): frame for number, frame in saved.chosen.items()}
        self.tracker.answered, self.tracker.ran = set(saved.answered), set(saved.ran)
        self.tracker.near = {int(number): text for number, text in saved.near.items()}
        self.tracker.wrong_answers = saved.wrong_answers
        self._serial = self.session.core.ring.last_serial
        self.tracker.follow([event for event in events if event.occurrence > saved.step_occurrence],
                            self._present(lambda world: world.now))
        self._shown = {row.number for row in self.rows() if row.holds}
        self.complete = saved.complete
        self.began = time.time() - saved.began
        self._marks = [Mark(**each) for each in saved.marks]

    def _replay_solutions(self, count: int) -> None:
        """Bring a lab to where the steps before leave it."""
        for step in self.lesson.steps[:count]:
            self._carry_out_quietly(step.solution)

    def _carry_out_quietly(self, lines: Sequence[LessonLine]) -> None:
        unseen = self._unseen()
        for line in self.commands(lines):
            if line.startswith(ANSWER):
                continue
            with suppress(*EXPECTED), stage.at_once(self.session):
                carry_out(unseen, line)

    # What happens

    def poll(self) -> list[LessonNews | LessonSummary]:
        """Look at what happened since the last call; return what there is to say about it."""
        with self._lock:
            if self.finished:
                return []
            self._follow()
            news: list[LessonNews | LessonSummary] = []
            if not self.complete and self.step.checks:
                rows = self.rows()
                fresh = [row for row in rows if row.holds and row.number not in self._shown]
                self._shown |= {row.number for row in fresh}
                done = all(row.holds for row in rows)
                question = self._new_question()
                if fresh or done or question:
                    views = [CheckView(row.text, True, "") for row in fresh]
                    over = self._finish_step(DONE) if done else ""
                    news.append(LessonNews(views, question, over, self._reveal() if done else [],
                                           self._resolved() if done else []))
                if done and self.index + 1 == len(self.lesson.steps):
                    news.append(self._finish())
            self.bookmark.save_sometimes(self._saved)
            return news

    def note_command(self, words: Sequence[str], result: Any) -> None:
        """Take note of a command that was carried out."""
        with self._lock:
            self.tracker.note_command(words, result)
            if not self.complete and (values := self.tracker.asks_of(words, result)) is not None:
                self._mark(evidence.RAN, " ".join(words), values)
            if not self.finished:
                self.save()

    def look(self) -> None:
        """Take note of what happened; `poll` says later what came true by it."""
        with self._lock:
            self._follow()

    def _follow(self) -> None:
        ring = self.session.core.ring
        events, _ = ring.since(self._serial)
        if events:
            self._serial = events[-1].serial
        self.tracker.follow(events, self._present(lambda world: world.now))

    def rows(self) -> list[CheckRow]:
        """Return how the checks of the step stand."""
        return self._present(self.tracker.rows)

    def _resolved(self) -> list[str]:
        """Return what became of the predictions of the step."""
        own = {place: sorted({record.number for record in records}) for place, records in self._decide.items()}
        return resolving.resolved(self.step.predictions, self.predictions, self.tracker.frames, own)

    def _new_question(self) -> str:
        """Return the question that is open now and has not been put; a prediction comes before it."""
        question = self._present(self.tracker.question)
        if question is None or question.number == self._asked or self._open_prediction() is not None:
            return ""
        self._asked = question.number
        return self._text(question)

    def _text(self, check: Check) -> str:
        return next(row.text for row in self.rows() if row.number == check.number)

    def _present(self, query: Callable[[World], T]) -> T:
        """Ask the present world, also while the past is shown."""
        return self.session.core.whole.with_loop(lambda loop: query(loop.world))

    def _finish_step(self, how: str) -> str:
        """Remember that a step is over; return what to say."""
        self.complete = True
        self._mark(evidence.SKIPPED if how == SKIPPED else evidence.OVER)
        found = self.broken.fault if self.broken.hidden(self.index) else None
        how = self.scorecard.step_over(self.step, how, self.predictions, self.began, found)
        self.scorecard.keep_evidence(self.step, self._evidence())
        self.save()
        said = say(OVER[how], number=self.index + 1, steps=len(self.lesson.steps))
        return f"{said}: {say('`lesson next` goes on')}" if self.index + 1 < len(self.lesson.steps) else said

    def _reveal(self) -> list[str]:
        """Say what is broken, where that is to be said now."""
        told = self.broken.reveal(self.index)
        if told:
            self.save()
        return told

    def _finish(self) -> LessonSummary:
        """Remember that the lesson is over, and sum it up."""
        self.finished = True
        progress = self.scorecard.store.load()
        course = chosen_course(progress)
        summary = self.scorecard.finish(self.broken.fault, weights_of(course))
        progress = self.scorecard.store.load()
        self.again = recall.choose(progress, self.lesson.id, self.lesson.seed, directories(progress))
        self.scorecard.note_asked([each.key for each in self.again])
        return replace(summary, ahead=what_is_ahead(self.session.lab.kind == "SIM", progress, self.lesson.id),
                       course=course.title if course and progress.learner else "",
                       again=self.again[0].view if self.again else None)

    # What the learner asks for

    def view(self, *, introduction: bool = False) -> LessonStep:
        """Return the step as it is shown."""
        self._introducing = False
        step = self.step
        question = self._open_prediction()
        fault, just_told = self.broken.fault, self.index == self.lesson.blind_until + 1
        told = [*blind.told(fault), ""] if self.broken.revealed and just_told else []
        checks = [CheckView(row.text, row.holds, "") for row in self.rows()]  # what is missing, `lesson check` says
        self._new_question()  # it is one of those
        return LessonStep(
            self.lesson.id, self.lesson.heading or self.lesson.title, self.lesson.minutes if introduction else 0,
            list(self.lesson.prose) if introduction else [], self.index + 1, len(self.lesson.steps),
            step.heading or step.title,
            [*told, *blind.filled(step.prose, self.lesson, fault)], question, [] if question else checks,
            self._what_next())

    def check_views(self) -> list[CheckView]:
        """Return how the checks stand, for people."""
        return [CheckView(row.text, row.holds, row.missing) for row in self.rows()]

    def _what_next(self) -> str:
        if self.finished:
            return say("`lesson next` begins the next lesson")
        if not self.step.checks or self.complete:
            return say("`lesson next` goes on")
        return say("stuck? `lesson hint`") if self.step.hints else ""

    def _open_prediction(self) -> QuestionView | None:
        for place, prediction in enumerate(self.step.predictions):
            if place not in self.predictions:
                return QuestionView(prediction.question, [
                    ChoiceView("abcdef"[number], choice.text) for number, choice in enumerate(prediction.choices)])
        return None

    def predict(self, letter: str) -> tuple[bool, str, LessonStep]:
        """Take a guess; return whether it is right, what to say about it, and the step."""
        with self._lock:
            place = next((index for index in range(len(self.step.predictions)) if index not in self.predictions), None)
            if place is None:
                raise CommandError(say("no prediction is asked for here. `lesson show` shows the step"))
            choices = self.step.predictions[place].choices
            number = _choice(letter, len(choices))
            self.predictions[place] = number
            self.save()
            return choices[number].right, choices[number].feedback, self.view()

    def remember(self, letter: str) -> tuple[bool, str, QuestionView | None]:
        """Take an answer to a question of an earlier lesson; return whether it is right, what to say, and the next."""
        with self._lock:
            choices = self.again[0].prediction.choices
            number = _choice(letter, len(choices))
            self.again.pop(0)
            return choices[number].right, choices[number].feedback, self.again[0].view if self.again else None

    def answer(self, text: str) -> tuple[bool, str]:
        """Take an answer to the open question."""
        with self._lock:
            self._follow()
            before = self.tracker.wrong_answers
            asked = self._present(self.tracker.question)
            if asked is not None:
                frame = self.tracker.chosen.get(asked.number, 0)
                self._mark(evidence.ANSWER, text, {"frame": frame} if frame else {})
            right, said = self._present(lambda world: self.tracker.answer(text, world))
            if self.tracker.wrong_answers > before:
                self.scorecard.note_try(self.step, _one_more_wrong)
                if asked is not None and isinstance(asked.condition, AskFault) and self.broken.hidden(self.index):
                    return False, self._guessed(said)
            self._shown |= self.tracker.answered
            self.save()
            return right, said

    def _guessed(self, said: str) -> str:
        """Count a wrong guess at what is broken; after the last one something else is."""
        self.broken.guesses += 1
        if self.broken.guesses < blind.GUESSES:
            self.save()
            return blind.guessed(self.broken.guesses, said)
        was = self.broken.fault
        if self.session.lab.kind != "SIM" or was is None:
            self.reset()
            return say("{said}. That was the last guess: the step begins again", said=said)
        self._another_fault()
        return blind.last_guess(said, was)

    def hint(self) -> tuple[str, int, int]:
        """Return the next hint, its level, and how many there are."""
        with self._lock:
            hints = self.step.hints
            if not hints:
                raise CommandError(say("this step has no hints. `lesson check` shows what is missing"))
            self.hints = level = min(self.hints + 1, len(hints))
            self.scorecard.note_try(self.step, lambda tries: setattr(tries, "hints", max(tries.hints, level)))
            self._mark(evidence.HINT, str(level))
            self.save()
            return hints[self.hints - 1], self.hints, len(hints)

    def next(self) -> LessonStep | LessonSummary:
        """Go on to the next step, or from the introduction to the first one."""
        with self._lock:
            if self._introducing and not self.complete:
                return self.view()
            if self.step.checks and not self.complete:
                raise CommandError(say(
                    "this step is not done. `lesson check` shows what is missing, `lesson hint` helps, `lesson skip` "
                    "goes on without it"))
            if not self.complete:
                self._finish_step(DONE)
            if self.index + 1 == len(self.lesson.steps):
                return self._finish()
            self._begin(self.index + 1)
            return self.view()

    def skip(self) -> LessonStep | LessonSummary:
        """Go on without having done the step; the lab becomes what its solution makes of it."""
        with self._lock:
            if not self.complete:
                self._carry_out_quietly(self.step.solution)
                self._finish_step(SKIPPED)
                self._reveal()
            return self.next()

    def commands(self, lines: Sequence[LessonLine]) -> list[str]:
        """Return the commands of a block that count here."""
        return [line.text for line in for_fault(lines, self.broken.fault)]

    def play(self) -> list[str]:
        """Return the commands of the solution; the caller runs them."""
        with self._lock:
            if not self.step.solution:
                raise CommandError(say("there is nothing to play here: `lesson next` goes on"))
            self.scorecard.note_try(self.step, lambda tries: setattr(tries, "shown", True))
            self._mark(evidence.SHOWN)
            return self.commands(self.step.solution)

    def fill_in(self, line: str) -> str:
        """Return a line with the answer to the open question in it."""
        if ANSWER_HERE not in line:
            return line
        with self._lock:
            self._follow()
            return line.replace(ANSWER_HERE, self._present(self.tracker.right_answer))

    def reset(self) -> LessonStep:
        """Begin the step anew, in the simulation with the lab as it was then."""
        with self._lock:
            self.session.look_through(self.session.core.whole)
            if self.session.lab.kind == "SIM":
                stage.back_to(self.session, self.step_occurrence)
            else:
                stage.stand_again(self.session, self.standing)
            self.finished = False
            self._begin(self.index)
            return self.view()

    # What is kept

    def save(self) -> None:
        """Write down where the lesson stands."""
        with self._lock:
            self.bookmark.save(self._saved)

    def _saved(self, paused: bool, recording: str) -> Saved:
        fault = self.broken.fault
        return Saved(
            self.lesson.id, str(self.lesson.path), self.index, fault.name if fault else "", self.seed,
            self.step_occurrence, self.step_time, self.hints, self.complete,
            {str(place): choice for place, choice in self.predictions.items()},
            {str(number): frame for number, frame in self.tracker.chosen.items()},
            sorted(self.tracker.answered), sorted(self.tracker.ran), self.tracker.wrong_answers,
            max(time.time() - self.began, 0.0), paused, recording,
            {name: [stored.text, stored.frame.hex()] for name, stored in self.session.drafts.items()},
            self.session.tracing, {str(number): text for number, text in self.tracker.near.items()},
            self.broken.since, self.broken.revealed, self.broken.guesses,
            *(self.session.script or ([], 0)), [asdict(each) for each in self._marks])


def _choice(letter: str, count: int) -> int:
    """Return which of so many choices a letter is; CommandError if it is none."""
    number = "abcdef".find(letter.lower()) if len(letter) == 1 else -1
    if not 0 <= number < count:
        raise CommandError(say("the choice is a letter from a to {last}, not {letter!r}", last="abcdef"[count - 1],
                               letter=letter))
    return number


def _one_more_wrong(tries: Tries) -> None:
    tries.wrong_answers += 1


def under_way(session: Session) -> Player | None:
    """Return the lesson that is under way, with all that can be asked of it."""
    return cast("Player | None", session.lesson)

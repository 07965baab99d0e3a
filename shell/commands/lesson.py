"""`lesson`: guided lessons."""

from __future__ import annotations

from pathlib import Path

from shell.grammar import CommandError, argument, command, option
from shell.lessons import library
from shell.lessons.load import load
from shell.lessons.model import LessonError
from shell.lessons.player import Player
from shell.lessons.program import check_file
from shell.lessons.progress import Progress, Saved, Store
from shell.results import Message
from shell.results_lessons import (
    CheckReport,
    HintReport,
    LessonList,
    LessonRow,
    LessonStep,
    LessonSummary,
    LintReport,
    PredictionReport,
    ProblemRow,
    Solution,
)
from shell.session import Session

NAME = argument("name", str, "a lesson: its id, its number in `lesson list`, or a file", complete="lessons")
ANY = argument("name", str, "a lesson: its id, its number in `lesson list`, a file, or a directory of them",
               complete="lessons", default="")


def directories(progress: Progress) -> list[Path]:
    """Return where lessons are."""
    return [library.BUILT_IN, *map(Path, progress.paths)]


def playing(session: Session) -> Player:
    """Return the lesson that is under way; CommandError if there is none."""
    if session.lesson is None:
        raise CommandError("no lesson is under way. `lesson list` shows them, `lesson start ID` begins one")
    return session.lesson


@command("lesson list", examples=("lesson list",))
def list_(session: Session) -> LessonList:
    """List the lessons, and how far you are."""
    progress = Store.usual().load()
    rows = []
    for each in library.headings(directories(progress)):
        record = progress.lessons.get(each.id)
        state = "" if record is None or not (record.done or each.id == progress.current) else (
            "done" if record.finished else "started")
        rows.append(LessonRow(each.order, each.id, each.title, each.minutes, each.mode, state,
                              len(record.done) if record else 0, record.steps if record else 0))
    under_way = f"`lesson resume` goes on with {progress.current}. " if progress.current else ""
    return LessonList(rows, f"{under_way}`lesson start ID` begins one")


@command("lesson progress", examples=("lesson progress",))
def progress(session: Session) -> LessonList:
    """Show how far you are; the same as `lesson list`."""
    return list_(session)


@command("lesson start", NAME, option("--anew", "begin with the first step, though you were in the middle"),
         examples=("lesson start handshake", "lesson start handshake --anew"))
def start(session: Session, name: str, anew: bool) -> LessonStep:
    """Begin a lesson, or go on where you left it. It has a lab of its own; yours waits until the lesson is over."""
    store = Store.usual()
    path = library.find(name, directories(store.load()))
    player = _player(session, path, store)
    saved = store.load_lab(player.lesson.id)
    return _begin(session, player, None if anew else saved)


@command("lesson resume", examples=("lesson resume",))
def resume(session: Session) -> LessonStep:
    """Go on with the lesson that you were in when the shell ended, with the lab as it was."""
    if session.lesson is not None:
        return session.lesson.view()
    store = Store.usual()
    current = store.load().current
    saved = store.load_lab(current) if current else None
    if saved is None:
        raise CommandError("no lesson was left in the middle. `lesson list` shows them all")
    return _begin(session, _player(session, Path(saved.path), store), saved)


def _player(session: Session, path: Path, store: Store) -> Player:
    session.need_trace("a lesson")
    try:
        lesson = load(path)
    except LessonError as problem:
        raise CommandError(f"{problem}\n`lesson lint {path.name}` shows this, too") from None
    if lesson.mode == "sim" and session.lab.kind != "SIM":
        raise CommandError(f"{lesson.title!r} works only in the simulation: aether-shell --sim")
    return Player(session, lesson, store)


def _begin(session: Session, player: Player, saved: Saved | None) -> LessonStep:
    if session.lesson is not None:
        session.lesson.quit()
    view = player.resume(saved) if saved is not None else player.start()
    session.lesson = player
    return view


@command("lesson show", examples=("lesson show",))
def show(session: Session) -> LessonStep:
    """Show the step again."""
    return playing(session).view()


@command("lesson check", examples=("lesson check",))
def check(session: Session) -> CheckReport:
    """Show what holds, and what is missing. You need not ask: what comes true is said at once."""
    player = playing(session)
    player.poll()
    return CheckReport(player.check_views(), player.view().hint)


@command("lesson hint", examples=("lesson hint",))
def hint(session: Session) -> HintReport:
    """Show a hint; the next one says more."""
    text, level, levels = playing(session).hint()
    return HintReport(level, levels, text)


@command("lesson predict", argument("letter", str, "the letter of your choice", complete="a b c d"),
         examples=("lesson predict b",))
def predict(session: Session, letter: str) -> PredictionReport:
    """Say what you think will happen. Nobody grades it."""
    right, feedback, view = playing(session).predict(letter)
    return PredictionReport(right, feedback, view.prediction, view.checks, view.hint)


@command("lesson answer", argument("value", str, "the answer; the rest of the line", raw="text"),
         examples=("lesson answer 64",))
def answer(session: Session, value: str) -> Message:
    """Answer the question that the step asks."""
    right, said = playing(session).answer(value)
    if not right:
        raise CommandError(said)
    return Message(said)


@command("lesson next", examples=("lesson next",))
def next_(session: Session) -> LessonStep | LessonSummary:
    """Go on to the next step, or after the last one to the next lesson."""
    player = session.lesson
    if player is not None and not player.finished:
        return player.next()
    progress = Store.usual().load()
    known = library.headings(directories(progress))
    for each in known:
        record = progress.lessons.get(each.id)
        if (record is None or not record.finished) and (each.mode == "any" or session.lab.kind == "SIM"):
            return start(session, each.id, False)
    raise CommandError("you have done all lessons. `lesson list` shows them")


@command("lesson skip", examples=("lesson skip",))
def skip(session: Session) -> LessonStep | LessonSummary:
    """Go on without having done the step."""
    return playing(session).skip()


@command("lesson play", examples=("lesson play",))
def play(session: Session) -> Solution:
    """Show the solution, and carry it out."""
    return Solution(playing(session).play())


@command("lesson reset", examples=("lesson reset",))
def reset(session: Session) -> LessonStep:
    """Begin the step anew, in the simulation with the lab as it was then."""
    return playing(session).reset()


@command("lesson quit", examples=("lesson quit",))
def quit_(session: Session) -> Message:
    """Leave the lesson, and get your own lab back. `lesson start` goes on with it later."""
    player = playing(session)
    player.quit()
    if player.finished:
        return Message("your own lab is back", "`lesson next` begins the next lesson")
    return Message(f"{player.lesson.title!r} waits at step {player.index + 1}; your own lab is back",
                   f"`lesson start {player.lesson.id}` goes on")


@command("lesson stop", examples=("lesson stop",))
def stop(session: Session) -> Message:
    """Leave the lesson; the same as `lesson quit`."""
    return quit_(session)


@command("lesson lint", ANY, examples=("lesson lint handshake", "lesson lint my-lesson.md", "lesson lint ./my-lessons"))
def lint(session: Session, name: str) -> LintReport:
    """Prove a lesson, or all: checks hold after the solution, and neither before it nor after what is wrong.

    It happens in a simulation of its own; your lab stays as it is.
    """
    where = directories(Store.usual().load())
    paths = library.find_all(name, where) if name else list(library.files(where).values())
    problems = [each for path in paths for each in check_file(path, where)]
    return LintReport(len(paths), [ProblemRow(each.file, each.line, each.message, each.remedy) for each in problems])

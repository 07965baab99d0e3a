"""`lesson`: guided lessons."""

from __future__ import annotations

import getpass
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from shell.commands.common import FORCE
from shell.files.writing import place, write
from shell.language.grammar import CommandError, argument, command, option
from shell.language.translation import say
from shell.language.values import count, is_number
from shell.lessons import library, report, roster, translated
from shell.lessons.ahead import chosen_course, directories, in_order, is_late, numbered, what_is_ahead
from shell.lessons.course import load as load_course
from shell.lessons.course import place as course_place
from shell.lessons.course import weights_of
from shell.lessons.drafts import write_new
from shell.lessons.lint_here import prove_here
from shell.lessons.load import load
from shell.lessons.model import LessonError, Problem
from shell.lessons.player import Player, under_way
from shell.lessons.program import check_file
from shell.lessons.progress import Progress, ProgressStore, Saved, tally
from shell.results.lesson import (
    CheckReport,
    GradeTable,
    HintReport,
    LessonList,
    LessonPaths,
    LessonRow,
    LessonStep,
    LessonSummary,
    LintReport,
    PredictionReport,
    ProblemRow,
    Solution,
)
from shell.results.message import Message
from shell.session import Session

NAME = argument("name", str, "a lesson: its id, its number in `lesson list`, or a file", complete="lessons")
ANY = argument("name", str, "a lesson: its id, its number in `lesson list`, a file, or a directory of them",
               complete="lessons", default="")


def playing(session: Session) -> Player:
    """Return the lesson that is under way; CommandError if there is none."""
    player = under_way(session)
    if player is None:
        raise CommandError(say("no lesson is under way. `lesson list` shows them, `lesson start ID` begins one"))
    return player


@command("lesson list", examples=("lesson list",))
def list_(session: Session) -> LessonList:
    """List the lessons, and how far you are."""
    progress = ProgressStore.usual().load()
    rows = []
    course = chosen_course(progress)
    for number, each in numbered(progress, course).items():
        record = progress.lessons.get(each.id)
        deadline = course.deadlines.get(each.id, "") if course else ""
        under_way = each.id == progress.current or (record is not None and bool(record.done))
        over = ("done" if record.whole else "over") if record is not None and record.finished else ""
        found = tally([record] if record is not None else [], weights_of(course))
        rows.append(LessonRow(number, each.id, translated.title(each), each.minutes, each.mode,
                              over or ("started" if under_way else ""), found.own, found.steps,
                              deadline, found.skipped, found.shown, found.hints, found.wrong_answers, found.score,
                              is_late(deadline, record)))
    ahead = progress.current or what_is_ahead(session.lab.kind == "SIM", progress)
    hint = say("all are over; `lesson hand-in` writes what your teacher gets" if course and progress.learner
               else "all are over; `lesson start ID` begins one again")
    if ahead:
        hint = say("`lesson start {lesson}` goes on with it, `lesson start ID` begins any" if progress.current else
                   "`lesson start {lesson}` begins the next one, `lesson start ID` begins any", lesson=ahead)
    return LessonList(rows, hint, course.title if course else "")


@command("lesson progress", examples=("lesson progress",))
def progress(session: Session) -> LessonList:
    """Show how far you are; the same as `lesson list`."""
    return list_(session)


@command("lesson start", NAME, option("--anew", "begin with the first step, though you were in the middle"),
         option("--level", "how hard a blind fault may be, 1 to 3; begins anew", count, metavar="N", default=0),
         examples=("lesson start handshake", "lesson start handshake --anew", "lesson start capstone --level 2"))
def start(session: Session, name: str, anew: bool, level: int = 0) -> LessonStep:
    """Begin a lesson, or go on where you left it. It has a lab of its own; yours waits until the lesson is over."""
    store = ProgressStore.usual()
    progress = store.load()
    listed = numbered(progress, chosen_course(progress)) if is_number(name) else {}
    path = listed[int(name)].path if is_number(name) and int(name) in listed else library.find(
        name, directories(progress))
    player = _player(session, path, store)
    if level and level not in {each.level for each in player.lesson.faults}:
        raise CommandError(f"{player.lesson.title!r} has no fault of level {level}. "
                           "`lesson start capstone --level 1` has")
    player.broken.level = level
    saved = None if anew or level else store.load_lab(player.lesson.id)
    view = _begin(session, player, saved)
    if saved is None and (before := _not_done(player.lesson.requires, progress)):
        view.hint = f"{before}. {view.hint}".strip()
    return view


def _not_done(requires: tuple[str, ...], progress: Progress) -> str:
    """Return which of the lessons that another builds on are not over yet, as a sentence; empty if all are."""
    missing = [name for name in requires if name not in progress.lessons or not progress.lessons[name].finished]
    if not missing:
        return ""
    return say("it builds on {lessons}, not done yet: `lesson start {first}`", lessons=say(" and ").join(missing),
               first=missing[0])


@command("lesson resume", examples=("lesson resume",))
def resume(session: Session) -> LessonStep:
    """Go on with the lesson that you were in when the shell ended, with the lab as it was."""
    if (player := under_way(session)) is not None:
        return player.view()
    store = ProgressStore.usual()
    current = store.load().current
    saved = store.load_lab(current) if current else None
    if saved is None:
        raise CommandError(say("no lesson was left in the middle. `lesson list` shows them all"))
    return _begin(session, _player(session, Path(saved.path), store), saved)


def _player(session: Session, path: Path, store: ProgressStore) -> Player:
    session.need_trace("a lesson")
    try:
        lesson, note = translated.load_chosen(path)
    except LessonError as problem:
        raise CommandError(f"{problem}\n`lesson lint {path.name}` shows this, too") from None
    if lesson.mode == "sim" and session.lab.kind != "SIM":
        raise CommandError(say("{title!r} works only in the simulation: aether-shell --sim",
                               title=lesson.heading or lesson.title))
    player = Player(session, lesson, store)
    player.note = note
    return player


def _begin(session: Session, player: Player, saved: Saved | None) -> LessonStep:
    if (before := under_way(session)) is not None:
        before.quit()
    view = player.resume(saved) if saved is not None else player.start()
    session.lesson = player
    return replace(view, note=player.note)


@command("lesson show", examples=("lesson show",))
def show(session: Session) -> LessonStep:
    """Show the step again."""
    return playing(session).view()


@command("lesson check", examples=("lesson check",))
def check(session: Session) -> CheckReport:
    """Show what holds, and what is missing. You need not ask: what comes true is said at once."""
    player = playing(session)
    player.look()
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
    player = playing(session)
    if player.finished and player.again:
        right, feedback, question = player.remember(letter)
        return PredictionReport(right, feedback, question, [], player.view().hint)
    right, feedback, view = player.predict(letter)
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
    player = under_way(session)
    if player is not None and not player.finished:
        return player.next()
    ended = player.lesson.id if player is not None else ""
    ahead = what_is_ahead(session.lab.kind == "SIM", ProgressStore.usual().load(), ended)
    if not ahead:
        raise CommandError(say("you have done all lessons. `lesson list` shows them"))
    return start(session, ahead, False)


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
        return Message(say("your own lab is back"), say("`lesson next` begins the next lesson"))
    return Message(say("{title!r} waits at step {number}; your own lab is back", number=player.index + 1,
                       title=player.lesson.heading or player.lesson.title),
                   say("`lesson start {lesson}` goes on", lesson=player.lesson.id))


@command("lesson stop", examples=("lesson stop",))
def stop(session: Session) -> Message:
    """Leave the lesson; the same as `lesson quit`."""
    return quit_(session)


@command("lesson lint", ANY, option("--here", "prove it in this lab: behind a TAP, with the real kernel as the peer"),
         examples=(
             "lesson lint handshake", "lesson lint my-lesson.md", "lesson lint ./my-lessons", "lesson lint arp --here"))
def lint(session: Session, name: str, here: bool) -> LintReport:
    """Prove a lesson, or all: checks hold after the solution, and neither before it nor after what is wrong.

    It happens in a simulation of its own; your lab stays as it is. With --here it is your lab that is used, in its own
    time: behind a TAP that takes as long as a person would wait. Lessons for the simulation alone are left out there.
    """
    where = directories(ProgressStore.usual().load())
    paths = library.find_all(name, where) if name else list(library.files(where).values())
    if here:
        paths, problems = _lint_here(session, paths)
    else:
        problems = [each for path in session.one_by_one(paths, len(paths)) for each in check_file(path, where)]
    return LintReport(len(paths), [ProblemRow(each.file, each.line, each.message, each.remedy) for each in problems])


def _lint_here(session: Session, paths: list[Path]) -> tuple[list[Path], list[Problem]]:
    """Prove lessons in this lab; return those that may be, and what is wrong with them."""
    if session.lesson is not None:
        raise CommandError("you are in a lesson, and it has the lab. `lesson quit` leaves it")
    done: list[Path] = []
    problems: list[Problem] = []
    for path in session.one_by_one(paths, len(paths)):
        try:
            lesson = load(path)
        except LessonError as broken:
            problems += broken.problems
            done.append(path)
            continue
        if lesson.mode == "any" or session.lab.kind == "SIM":
            done.append(path)
            problems += prove_here(session, lesson, path.name)
    return done, problems


@command("lesson path", argument("directory", str, "a directory of your own lessons", default="", complete="files"),
         option("--remove", "look there no longer"), examples=("lesson path ~/my-lessons", "lesson path"))
def path_(session: Session, directory: str, remove: bool) -> LessonPaths:
    """Add a directory to those where lessons are looked for, or list them."""
    with ProgressStore.usual().changing() as progress:
        if directory:
            whole = str(Path(directory).expanduser().resolve())
            if remove and whole not in progress.paths:
                raise CommandError(f"{whole} is not among the directories. `lesson path` lists them")
            if not remove and not os.path.isdir(whole):
                raise CommandError(f"{directory} is no directory. Make it, and put lessons into it: files ID.md")
            progress.paths = [each for each in progress.paths if each != whole] + ([] if remove else [whole])
    return LessonPaths(list(map(str, directories(progress))))


@command("lesson course",
         argument("file", str, "a course file, or the name of a course; `off` for all lessons", default="",
                  complete="files"),
         option("--name", "your name, as your teacher knows it: your lessons get numbers of their own", str,
                metavar="NAME"),
         examples=("lesson course transport", "lesson course networks.toml --name Ada", "lesson course off"))
def course(session: Session, file: str, name: str | None = None) -> LessonList:
    """Take the lessons of a course file alone, in its order and with its deadlines.

    Four come with Aether: first-week, transport, trouble-shooting and performance. With a name, ports, sequence
    numbers and losses are others than those of your neighbour, and so are the answers.
    """
    note = ""
    with ProgressStore.usual().changing() as progress:
        if file:
            whole = "" if file == "off" else str(course_place(file).resolve())
            taken = load_course(Path(whole), list(library.files(directories(progress)))) if whole else None
            if taken is not None and taken.own_seeds and not (name or progress.learner):
                raise CommandError(f"this course wants your name: lesson course {file} --name NAME")
            progress.course, progress.course_title = whole, taken.title if taken is not None else ""
            before, progress.learner = progress.learner, "" if taken is None else name or progress.learner
            if progress.learner and before and progress.lessons and roster.key(before) != roster.key(progress.learner):
                note = say("what was done as {before} does not count for {now}: each name has numbers of its own",
                           before=before, now=progress.learner)
    found = list_(session)
    return replace(found, hint=f"{note}. {found.hint}" if note else found.hint)


@command("lesson report", argument("file", str, "the file to write, ending in .json", complete="files"),
         option("--name", "your name, as your teacher knows it", str, metavar="NAME"), FORCE,
         examples=("lesson report me.json --name Ada",))
def report_(session: Session, file: str, name: str | None, force: bool) -> Message:
    """Write what you have done into a file for your teacher, who reads it with `lesson grade`."""
    path = Path(file).expanduser()
    if path.suffix != ".json":
        raise CommandError(f"a report's name ends in .json: lesson report {path.stem}.json")
    again = f"lesson report {file} --force"
    place(file, force, again)
    content = handed_in(ProgressStore.usual(), name)
    write(file, report.as_text(content), force=force, again=again)
    return Message(f"{path} written: {content['score']} % (hints and wrong answers take some off; what was skipped or "
                   "shown counts nothing)",
                   f"`aether-shell lesson grade {path}` reads it")


def handed_in(store: ProgressStore, name: str | None) -> dict[str, Any]:
    """Return what a learner hands in under a name; CommandError if his lessons were done under another."""
    progress = store.load()
    chosen = chosen_course(progress)
    steps = {each.id: len(load(each.path).steps) for each in in_order(progress, chosen)}
    if name and progress.learner and name != progress.learner:
        raise CommandError(f"your lessons were done as {progress.learner}, and are graded so. Leave out --name")
    return report.build(
        progress, progress.learner or name or getpass.getuser(), steps, chosen.title if chosen else "",
        {each: store.load_evidence(each) for each in steps}, weights_of(chosen))


@command("lesson grade", argument("files", str, "reports", raw="line", complete="files"),
         option("--course", "count the lessons of this course file, and its deadlines", str, metavar="FILE"),
         examples=("lesson grade ada.json ben.json", "lesson grade ada.json ben.json --course networks.toml"))
def grade(session: Session, files: str, course: str | None) -> GradeTable:
    """Show a table over some reports; those that were edited by hand are named."""
    names = files.split()
    progress = ProgressStore.usual().load()
    chosen = load_course(course_place(course), list(library.files(directories(progress)))) if course else (
        chosen_course(progress))
    return report.grade([Path(each).expanduser() for each in session.one_by_one(names, len(names))], chosen,
                        directories(progress))


@command("lesson new", argument("name", str, "the id of the lesson"), FORCE, examples=("lesson new my-lesson",))
def new(session: Session, name: str, force: bool) -> Message:
    """Write a small lesson to begin with into the present directory."""
    path, _ = write_new(name, force=force, again=f"lesson new {name} --force")
    return Message(f"{path} written", f"change it, and `lesson lint {path}` proves it")


@command("lesson record", argument("name", str, "the id of the lesson"),
         option("--last", "only so many of the commands typed last", int, metavar="N"), FORCE,
         examples=("lesson record my-lesson", "lesson record my-lesson --last 5"))
def record(session: Session, name: str, last: int | None, force: bool) -> Message:
    """Draft a lesson of the commands that were just typed: they become the solution of its step."""
    if last is not None and last < 1:
        raise CommandError(f"--last takes a number from 1, not {last}")
    typed = session.typed[-last:] if last else session.typed
    path, count = write_new(name, typed, force=force, again=f"lesson record {name} --force")
    return Message(f"{path} written, with {count} commands", f"change its prose and checks, then `lesson lint {path}`")

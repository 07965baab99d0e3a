"""Lessons: the list, a step, its checks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from rich.cells import set_cell_size
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from shell.language.translation import count, say
from shell.reading.escape import printable
from shell.results.explain import GlossaryEntry, TermList
from shell.results.lesson import (
    CheckReport,
    CheckView,
    ClassTable,
    GradeRow,
    GradeTable,
    HintReport,
    LessonList,
    LessonNews,
    LessonPaths,
    LessonRow,
    LessonStep,
    LessonSummary,
    LintReport,
    PredictionReport,
    QuestionView,
    Solution,
)
from shell.views.registry import draws
from shell.views.tables import plain_table
from shell.views.theme import coloured, style

GRADES_WIDTH = 76
"""Columns from which a class is one table; below, a learner has a line of what counts, and another of how it came."""
SIGNS = {"done": "✓", "over": "~", "started": "…", "": " "}
_INLINE = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*")
WIDTH = 78
"""Characters of the longest line of prose (see load.WIDTH)."""
BAR = 20
"""Characters of a progress bar."""


def prose(lines: Iterable[str]) -> list[Text]:
    """Return lines of prose: `code` and **stress** are coloured, also over the end of a line.

    Without colours a command keeps its marks, or nobody would see where it ends.
    """
    whole = "\n".join(lines)
    text, place = Text(), 0
    for inline in _INLINE.finditer(whole):
        text.append(whole[place:inline.start()])
        if inline.group(1):
            mark = "" if coloured() else "`"
            text.append(f"{mark}{inline.group(1)}{mark}", style=style("command"))
        else:
            text.append(inline.group(2), style="bold")
        place = inline.end()
    text.append(whole[place:])
    return list(text.split("\n", allow_blank=True)) if whole else []


class Prose:
    """Lines of prose: as they are where there is room for them, flowing anew where there is not."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = list(lines)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from prose(self.lines if options.max_width >= WIDTH else _flowing(self.lines))


def _flowing(lines: Iterable[str]) -> list[str]:
    """Return paragraphs as one line each; what is indented, or an item of a list, stays as it is."""
    found: list[str] = []
    for line in lines:
        if found and found[-1] and line and not found[-1].startswith(" ") and not line.startswith((" ", "- ")):
            found[-1] += f" {line}"
        else:
            found.append(line)
    return found


def bar(done: int, of: int) -> str:
    """Return a progress bar."""
    filled = BAR * done // of if of else 0
    return "█" * filled + "░" * (BAR - filled)


@draws(LessonList)
def listing(result: LessonList) -> RenderableType:
    """Draw the list of lessons."""
    table = plain_table(">#", "", "lesson", "id", ">min", "")
    for row in result.lessons:
        done = "" if row.state not in ("started", "over") else (
            f"{row.steps_done}/{row.steps}" if row.steps else say("begun"))
        done += f", {missed}" if (missed := _not_own(row.skipped, row.shown)) else ""
        table.add_row(str(row.number), SIGNS[row.state], row.title, row.id, str(row.minutes),
                      ", ".join(filter(None, (done, _deadline(row)))) or ("sim" if row.mode == "sim" else ""))
    finished = sum(row.state == "done" for row in result.lessons)
    score = sum(row.score for row in result.lessons)
    over = say("{done} of {all} lessons done", done=finished, all=len(result.lessons))
    progress = Text(f"{bar(score, 100 * len(result.lessons))} {over}"
                    + "".join(f", {each}" for each in _costs(result.lessons)))
    title = [Text(result.course, style="bold")] * bool(result.course)
    return Group(*title, table, progress, Text(result.hint, style=style("muted")))


def _deadline(row: LessonRow) -> str:
    """Return until when a lesson is wanted, as long as that says something to whoever has it before him."""
    if row.late:
        over = row.state in ("done", "over")
        return say("late") if over else say("late, {deadline} is past", deadline=row.deadline)
    return row.deadline if row.state not in ("done", "over", "started") else ""


def _not_own(skipped: int, shown: int) -> str:
    """Return which steps were not done by oneself; empty if there are none."""
    return ", ".join(count(number, text, text) for number, text in (
        (skipped, "{n} skipped"), (shown, "{n} shown")) if number)


def _costs(rows: Iterable[LessonRow | LessonSummary]) -> list[str]:
    """Return what is to be said beside what was done: steps that do not count, and what takes some off the others."""
    rows = list(rows)
    counts = [sum(row.skipped for row in rows), sum(row.shown for row in rows), sum(row.hints for row in rows),
              sum(row.wrong_answers for row in rows)]
    words = [("{n} skipped", "{n} skipped"), ("{n} shown", "{n} shown"), ("{n} hint", "{n} hints"),
             ("{n} wrong answer", "{n} wrong answers")]
    return [count(number, *each) for number, each in zip(counts, words, strict=True) if number]


@draws(LessonPaths)
def paths(result: LessonPaths) -> RenderableType:
    """Draw where lessons are looked for."""
    return Group(*map(Text, result.directories))


@draws(ClassTable)
def classroom(result: ClassTable) -> RenderableType:
    """Draw how a class stands: a step a line."""
    table = plain_table("lesson", ">n", "step", ">done", ">stuck", ">shown", ">skip", ">hints", ">wrong", ">min")
    for row in result.rows:
        table.add_row(row.lesson, str(row.number), printable(row.step), f"{row.done}/{row.learners}",
                      str(row.stuck or ""), str(row.shown or ""), str(row.skipped or ""), str(row.hints or ""),
                      str(row.wrong_answers or ""), f"{row.seconds / 60:.1f}" if row.done else "")
    read = f"{result.reports} report{'' if result.reports == 1 else 's'}"
    unread = f"; not read: {', '.join(map(printable, result.unread))}" if result.unread else ""
    return Group(table, Text(f"{read}{unread}", style=style("muted")))


@draws(GradeTable)
class Grades:
    """A class as one table, or with two lines for each learner where a table is too wide."""

    def __init__(self, result: GradeTable) -> None:
        self.result = result

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield _wide_grades(self.result) if options.max_width >= GRADES_WIDTH else _narrow_grades(self.result)


def _wide_grades(result: GradeTable) -> RenderableType:
    table = plain_table("learner", ">lessons", ">steps", ">shown", ">skipped", ">hints", ">wrong", ">min", ">%", "")
    for row in result.rows:
        who = printable(row.learner or row.file)[:16]
        table.add_row(who, f"{row.finished}/{row.lessons}", f"{row.done}/{row.steps}", str(row.played),
                      str(row.skipped), str(row.hints), str(row.wrong_answers), str(row.minutes),
                      str(row.score), _remark(row))
    return table


def _remark(row: GradeRow) -> str:
    return printable(row.remark) or (f"{len(row.late)} late" if row.late else "")


def _narrow_grades(result: GradeTable) -> RenderableType:
    lines = [Text(f"{'learner':<16} {'lessons':>7}  {'steps':>7}  {'%':>3}", style=style("muted"))]
    for row in result.rows:
        who = set_cell_size(printable(row.learner or row.file), 16)
        lessons, steps = f"{row.finished}/{row.lessons}", f"{row.done}/{row.steps}"
        lines.append(Text(f"{who} {lessons:>7}  {steps:>7}  {row.score:>3}"))
        how = f"{row.played} shown, {row.skipped} skipped, {row.hints} hints, {row.wrong_answers} wrong"
        lines.append(Text(f"    {how}, {row.minutes} min", style=style("muted")))
        if remark := _remark(row):
            lines.append(Text(f"    {remark}", style=style("error")))
    return Group(*lines)


@draws(GlossaryEntry)
def explanation(result: GlossaryEntry) -> RenderableType:
    """Draw a word of the glossary."""
    head = Text(result.term, style="bold")
    if result.also:
        head.append(f" ({', '.join(result.also)})", style=style("muted"))
    links = [say("see also: {terms}", terms=", ".join(result.see))] * bool(result.see)
    links += [say("defined in {rfc}", rfc=result.rfc)] * bool(result.rfc)
    links += [say("`lesson start {lesson}` is about it", lesson=each) for each in result.lessons]
    return Group(head, Text(result.text), *prose(links))


@draws(TermList)
def terms(result: TermList) -> RenderableType:
    """Draw all words of the glossary."""
    return Group(Text(", ".join(result.terms)), *prose([say("`explain TERM` explains one")]))


@draws(LintReport)
def lint(result: LintReport) -> RenderableType:
    """Draw what is wrong with lessons."""
    if not result.problems:
        return Text(f"{result.lessons} {'lesson' if result.lessons == 1 else 'lessons'}, nothing is wrong")
    lines = []
    for row in result.problems:
        where = f"{row.file}:{row.line}" if row.line else row.file
        lines += [Text(f"{where}: {row.message}"), Text(f"    {row.remedy}", style=style("muted"))]
    return Group(*lines)


@draws(LessonStep)
def step(result: LessonStep) -> RenderableType:
    """Draw a step: its prose, and what is to be done."""
    lines: list[RenderableType] = list(prose([result.note] * bool(result.note)))
    if result.introduction:
        head = say("{title} ({minutes} minutes)", title=result.title, minutes=result.minutes)
        lines += [Text(head, style="bold"), Text()]
        lines += [Prose(result.introduction), Text()]
    if not result.step:
        return Group(*lines, *prose([result.hint]))
    head = f"{result.title} · " if not result.introduction else ""
    lines.append(Text.assemble((f"{head}{result.step}/{result.steps}  {result.step_title}", "bold")))
    lines += [Prose(result.prose), Text()]
    lines += _to_do(result.prediction, result.checks)
    if result.hint and result.prediction is None:
        lines += prose([result.hint])
    return Group(*lines)


def _to_do(question: QuestionView | None, found: list[CheckView]) -> list[Text]:
    if question is None:
        return [line for each in found for line in _check(each)]
    lines = prose([question.question])
    for choice in question.choices:
        lines.append(Text.assemble((f"  {choice.letter} ", style("key")), *prose([choice.text])))
    letters = ", ".join(choice.letter for choice in question.choices)
    return [*lines, *prose([say("What do you think: {letters}? Type the letter. Nobody grades it.", letters=letters)])]


def _check(found: CheckView) -> list[Text]:
    sign = ("✓ ", style("good")) if found.holds else ("✗ ", style("muted"))
    lines = [Text.assemble(sign, *prose([found.text]))]
    if found.missing:
        lines.append(Text("    " + say("not yet: {missing}", missing=found.missing), style=style("muted")))
    return lines


@draws(LessonNews)
def news(result: LessonNews) -> RenderableType:
    """Draw what has come true."""
    lines = [line for each in result.done for line in _check(each)]
    if result.question:
        lines.append(Text.assemble(("? ", style("key")), *prose([result.question])))
    lines += prose(result.told)
    lines += prose(result.resolved)
    if result.step:
        lines.append(Text.assemble(("■ ", style("good")), *prose([result.step])))
    return Group(*lines)


def once(checks: list[CheckView]) -> list[CheckView]:
    """Return checks of which each says what is missing, unless the one before it has said the same."""
    before = ["", *(each.missing for each in checks)]
    return [replace(each, missing="" if each.missing == said else each.missing)
            for each, said in zip(checks, before, strict=False)]


@draws(CheckReport)
def checks(result: CheckReport) -> RenderableType:
    """Draw how the checks stand."""
    lines = [line for each in once(result.checks) for line in _check(each)]
    return Group(*lines, *prose([result.hint] * bool(result.hint)))


@draws(PredictionReport)
def prediction(result: PredictionReport) -> RenderableType:
    """Draw what is said to a guess."""
    said = say("Yes.") if result.right else say("Not quite.") if result.feedback else say("See for yourself.")
    lines = prose([f"{said} {result.feedback}".strip()])
    return Group(*lines, Text(), *_to_do(result.prediction, result.checks),
                 *prose([result.hint] * bool(result.hint and result.prediction is None)))


def how_many(result: HintReport) -> str:
    """Return which hint of how many it is, and whether it is the last one."""
    last = result.level == result.levels
    return say("hint {level} of {levels}, the last one" if last else "hint {level} of {levels}",
               level=result.level, levels=result.levels)


@draws(HintReport)
def hint(result: HintReport) -> RenderableType:
    """Draw a hint."""
    lines = [Prose(result.text.splitlines())]
    more = how_many(result)
    return Group(*lines, Text(more, style=style("muted")))


@draws(LessonSummary)
def summary(result: LessonSummary) -> RenderableType:
    """Draw a lesson that is over."""
    minutes, seconds = divmod(result.seconds, 60)
    score = say("{score} %: {done} of {all} steps done", score=result.score, done=result.done, all=result.steps)
    lines = [Text(say("{title}: over", title=result.title), style="bold"),
             Text(", ".join([f"{bar(result.score, 100)} {score}", *_costs([result]),
                             say("{time} minutes", time=f"{minutes}:{seconds:02}")]))]
    lines += prose(result.told)
    if result.predictions:
        lines.append(Text(say("{right} of {all} predictions were right", right=result.right_predictions,
                              all=result.predictions)))
    if result.terms:
        lines += prose([say("New words: {words}. (`explain {first}`)", words=", ".join(result.terms),
                            first=result.terms[0])])
    ahead = say("`lesson next` begins {lesson}", lesson=result.ahead) if result.ahead else say(
        "That was the last one of {course}: `lesson hand-in` writes what your teacher gets", course=result.course
    ) if result.course else say("That was the last one")
    lines += prose([say("{ahead}, `lesson quit` gives you your own lab back", ahead=ahead)])
    if result.again is not None:
        lines += [Text(), Text(say("Do you still know?"), style="bold"), *_to_do(result.again, [])]
    return Group(*lines)


@draws(Solution)
def solution(result: Solution) -> RenderableType:
    """Draw what runs now."""
    return Text(say("This is the solution; watch it:"), style=style("muted"))

"""From a lesson file to a `Lesson`: everything that is wrong is found at once, each with its line and a remedy.

Nothing of a file is ever executed: prose is shown, commands are read by the shell's own grammar, and checks are
compiled by the filter language.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from aether.filters import Filter, FilterError, compile_filter
from shell.files.opening import read_whole
from shell.language import glossary
from shell.language.grammar import similar
from shell.lessons.allowed import refusal
from shell.lessons.conditions import AskFault, Check, CheckError, Match, Mended, read_check
from shell.lessons.drafts import BETTER, PLACEHOLDERS
from shell.lessons.front import Front
from shell.lessons.model import WIDTH, Choice, Finder, Lesson, LessonLine, Prediction, Step

MAX_FILE = 64 << 10
"""Bytes of a lesson file."""
MOST_STEPS, MOST_CHECKS, MOST_HINTS, MOST_COMMANDS = 20, 12, 3, 30
HEIGHT = 18
"""Lines of prose: what fits on a screen of 80 by 24 with the checks below."""
BLOCKS = ("predict", "check", "hint", "solution", "wrong")
LANGUAGES = ("", "text", "console", "shell", "json", "toml", "markdown", "python", "c")
"""Words after a fence that are only for readers."""


def load(path: Path, name: str = "") -> Lesson:
    """Read a lesson file; LessonError carries all that is wrong with it. `name` is what messages call it."""
    finder = Finder(name or path.name)
    return read(text_of(path, finder), path, finder)


def text_of(path: Path, finder: Finder) -> str:
    """Return the text of a file of reasonable size; LessonError if it is none."""
    try:
        if not path.is_file():
            finder.add(0, "there is no such file", "`lesson list` names the lessons; or give the path of a .md file")
            finder.raise_all()
        data = read_whole(path, MAX_FILE)
    except OSError as problem:
        finder.add(0, f"the file cannot be read: {problem.strerror}", "check its permissions")
        data = b""
    if len(data) > MAX_FILE:
        finder.add(0, f"the file has more than {MAX_FILE >> 10} kB", "a lesson is one sitting: divide it into several")
    elif b"\0" in data:
        finder.add(data[:data.index(b"\0")].count(b"\n") + 1, "the file is not text: it has a zero byte",
                   "a lesson is a Markdown file in UTF-8")
    finder.raise_all()
    try:
        return data.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as problem:
        finder.add(data[:problem.start].count(b"\n") + 1, "the file is not UTF-8 text", "save it as UTF-8")
        finder.raise_all()
        raise


def read(text: str, path: Path, finder: Finder) -> Lesson:
    """Read the text of a lesson."""
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if bad := next((each for each in line if each != "\t" and unicodedata.category(each) in ("Cc", "Cf")), ""):
            finder.add(number, f"the line has the invisible character {bad!a}",
                       "remove it: a lesson never controls the terminal")
    finder.raise_all()
    front = Front(lines, finder)
    lesson = front.lesson(path)
    body = _Body(lines, front.end, finder, {each.name for each in lesson.faults})
    body.read(lesson)
    _judge(lesson, finder)
    finder.raise_all()
    return lesson


class _Body:
    """Reads what follows the front matter."""

    def __init__(self, lines: list[str], start: int, finder: Finder, faults: set[str]) -> None:
        self.lines = lines
        self.index = start
        self.finder = finder
        self.faults = faults

    def read(self, lesson: Lesson) -> None:
        """Fill in the prose and the steps of a lesson."""
        prose, step = lesson.prose, None
        while self.index < len(self.lines):
            line = self.lines[self.index]
            number = self.index + 1
            self.index += 1
            if fence := re.match(r"\s{0,3}(`{3,}|~{3,})\s*(\S*)(.*)$", line):
                self._fence(line, number, fence.group(1), fence.group(2), step, prose)
            elif line.startswith("## "):
                step = Step(line[3:].strip(), number)
                lesson.steps.append(step)
                prose = step.prose
                if not step.title:
                    self.finder.add(number, "a step without a title", "write one after ##")
            elif line.startswith(("##", "# ")):
                self.finder.add(number, f"the heading {line.strip()!r} is neither a step nor prose",
                                "steps begin with `## Title`; the lesson's own title is in the front matter")
            else:
                self._prose(line, number, prose)

    def _prose(self, line: str, number: int, prose: list[str]) -> None:
        if len(line.rstrip()) > WIDTH:
            self.finder.add(number, f"the line has {len(line.rstrip())} characters",
                            f"break it: {WIDTH} fit on a screen of 80 columns")
        if "\t" in line:
            self.finder.add(number, "the line has a tab",
                            "use spaces: how wide a tab is, every terminal decides itself")
        if prose or line.strip():
            prose.append(line.rstrip())

    def _fence(self, line: str, number: int, fence: str, word: str, step: Step | None, prose: list[str]) -> None:
        body: list[tuple[int, str]] = []
        while self.index < len(self.lines):
            inner = self.lines[self.index]
            self.index += 1
            if re.fullmatch(rf"\s{{0,3}}{fence[0]}{{{len(fence)},}}\s*", inner):
                break
            body.append((self.index, inner))
        else:
            self.finder.add(number, f"the block that begins here is never closed: {line.strip()}",
                            f"end it with a line {fence}")
            return
        if word in BLOCKS:
            if step is None:
                self.finder.add(number, f"a {word} block before the first step", "put a line `## Title` above it")
            else:
                getattr(self, f"_{word}")(step, number, body)
        elif word not in LANGUAGES:
            near = similar(word, BLOCKS)
            self.finder.add(number, f"there is no block {word!r}", f"did you mean {near[0]}?" if near else
                            f"blocks are {', '.join(BLOCKS)}; what is only shown has no name, or `text`")
        else:
            for place, each in body:
                self._prose(f"    {each}" if each else "", place, prose)

    def _predict(self, step: Step, number: int, body: list[tuple[int, str]]) -> None:
        question = again = ""
        shown: Filter | None = None
        choices: list[tuple[str, bool]] = []
        notes: list[str] = []
        for place, line in body:
            if not line.strip():
                continue
            if line.startswith("Q:"):
                question = line[2:].strip()
            elif line.startswith("Again:") and not choices:
                again = line.removeprefix("Again:").strip()
            elif line.startswith("Shown:") and not choices:
                shown = self._filter(place, line.removeprefix("Shown:").strip())
            elif found := re.match(r"-\s+\[(.)\]\s+(.*)", line):
                if found.group(1) not in "xX ":
                    self.finder.add(place, f"[{found.group(1)}] is neither right nor wrong",
                                    "right answers are `- [x]`, the others `- [ ]`")
                choices.append((found.group(2).strip(), found.group(1) in "xX"))
                notes.append("")
            elif choices and line.startswith(" "):
                notes[-1] = f"{notes[-1]} {line.strip()}".strip()
            elif again and not choices:
                again = f"{again} {line.strip()}"
            elif question and not choices:
                question = f"{question} {line.strip()}"
            else:
                self.finder.add(place, f"cannot read {line.strip()!r} in a prediction",
                                "it has a line `Q: …`, then `- [x] right` and `- [ ] wrong` lines")
                return
        if not question:
            self.finder.add(number, "a prediction without a question", "begin it with a line `Q: …`")
        elif len(choices) < 2:
            self.finder.add(number, "a prediction with fewer than two answers", "give `- [x]` and `- [ ]` lines")
        elif not any(right for _, right in choices):
            self.finder.add(number, "a prediction without a right answer", "mark one with `- [x]`")
        elif len(choices) > 6:
            self.finder.add(number, f"a prediction with {len(choices)} answers", "at most six")
        else:
            step.predictions.append(Prediction(question, tuple(
                Choice(text, right, note) for (text, right), note in zip(choices, notes, strict=True)), number, again,
                shown))

    def _filter(self, line: int, text: str) -> Filter | None:
        try:
            return compile_filter(text)
        except FilterError as problem:
            self.finder.add(line, f"{problem.message}: {text}", "`Shown:` takes an expression, as a check does")
            return None

    def _check(self, step: Step, number: int, body: list[tuple[int, str]]) -> None:
        text: list[str] = []
        source: list[str] = []
        line = 0
        found = False
        for place, content in [*body, (0, "#")]:
            if content.lstrip().startswith("#"):
                if source:
                    self._add_check(step, *_divided(source), " ".join(text), line)
                    text, source, found = [], [], True
                text.append(content.lstrip()[1:].strip())
            elif content.strip():
                line = line if source else place
                source.append(content.strip())
        if not found:
            self.finder.add(number, "a check block without a check",
                            "write a line `# what has to happen`, and the condition below it")
        elif len(text) > 1:
            self.finder.add(body[-1][0], "a comment without a condition below it",
                            "write the condition in the next line, or remove the comment")

    def _add_check(self, step: Step, source: str, replies: list[str], text: str, line: int) -> None:
        try:
            check = read_check(source, text, line, step.checks, replies)
            if isinstance(check.condition, (AskFault, Mended)) and not self.faults:
                raise CheckError("the lesson has no faults to ask for", "declare [[faults]] in the front matter")
        except CheckError as problem:
            self.finder.add(line, str(problem), problem.remedy)
            # What comes after must keep its number, or one mistake would bring others with it.
            check = Check(len(step.checks) + 1, text, line, source, _anything())
        step.checks.append(check)

    def _hint(self, step: Step, number: int, body: list[tuple[int, str]]) -> None:
        text = "\n".join(line for _, line in body).strip()
        for place, line in body:
            self._prose(line, place, [""])
        if not text:
            self.finder.add(number, "an empty hint", "write what would help, or remove it")
        step.hints.append(text)

    def _solution(self, step: Step, number: int, body: list[tuple[int, str]]) -> None:
        if step.solution:
            self.finder.add(number, "a second solution in one step", "put all commands into one block")
        step.solution += self._commands(number, body, "solution")

    def _wrong(self, step: Step, number: int, body: list[tuple[int, str]]) -> None:
        step.wrong.append(self._commands(number, body, "wrong"))

    def _commands(self, number: int, body: list[tuple[int, str]], block: str) -> list[LessonLine]:
        found = []
        for place, content in body:
            text = content.strip()
            if not text or text.startswith("#"):
                continue
            fault = ""
            if tagged := re.match(r"\[([\w-]+)\]\s*(.*)", text):
                fault, text = tagged.groups()
                if fault not in self.faults:
                    self.finder.add(place, f"there is no fault {fault!r}", "name one of the [[faults]] above")
            if text in ("{probe}", "{cure}", "{quack}"):
                if not self.faults:
                    self.finder.add(place, f"{text} stands for what a fault has, and the lesson has none",
                                    "declare [[faults]] in the front matter")
            elif why := refusal(text):
                self.finder.add(place, *why)
            found.append(LessonLine(text, place, fault))
        if not found:
            self.finder.add(number, f"a {block} block without a command", "write commands of the shell, one a line")
        if len(found) > MOST_COMMANDS:
            self.finder.add(number, f"{len(found)} commands in one block", f"at most {MOST_COMMANDS}")
        return found


def _divided(lines: list[str]) -> tuple[str, list[str]]:
    """Return the condition of a check, and the replies below it, each on one line."""
    condition: list[str] = []
    replies: list[str] = []
    for line in lines:
        if line.startswith("wrong "):
            replies.append(line)
        elif replies:
            replies[-1] += f" {line}"
        else:
            condition.append(line)
    return " ".join(condition), replies


def _anything() -> Match:
    return Match((compile_filter("frame"),))


def _judge(lesson: Lesson, finder: Finder) -> None:
    """Find what is missing, and what is too much."""
    if not lesson.steps:
        finder.add(0, "a lesson without a step", "write `## Title`, prose, and a check with its solution")
    if len(lesson.steps) > MOST_STEPS:
        finder.add(lesson.steps[MOST_STEPS].line, f"{len(lesson.steps)} steps", f"at most {MOST_STEPS}: divide it")
    _fits(lesson.prose, 0, "the introduction", finder)
    _known(lesson, finder)
    _template(lesson, finder)
    titles: dict[str, int] = {}
    for step in lesson.steps:
        if step.title in titles:
            finder.add(step.line, f"two steps are called {step.title!r}", "give them different titles")
        titles[step.title] = step.line
        _fits(step.prose, step.line, f"the step {step.title!r}", finder)
        _complete(step, finder)


def _known(lesson: Lesson, finder: Finder) -> None:
    """Find words that nobody explains."""
    known = glossary.index()
    for term in lesson.terms:
        if term.casefold() not in known:
            near = similar(term, [each.name for each in glossary.terms()])
            finder.add(lesson.lines.get("terms", 1), f"the glossary does not have {term!r}",
                       f"did you mean {near[0]}?" if near else "`explain` lists all its words; leave others out")


def _template(lesson: Lesson, finder: Finder) -> None:
    """Find what `lesson new` wrote for the author to replace."""
    said = [(0, line) for line in lesson.prose]
    for step in lesson.steps:
        said += [(step.line, line) for line in step.prose]
        said += [(each.line, choice.text) for each in step.predictions for choice in each.choices]
        said += [(check.line, check.text) for check in step.checks]
    for line, text in said:
        if text in PLACEHOLDERS or text.endswith(BETTER):
            finder.add(line, f"the file still has what it began with: {text!r}", "write your own in its place")


def _complete(step: Step, finder: Finder) -> None:
    title = f"the step {step.title!r}"
    if not any(step.prose):
        finder.add(step.line, f"{title} has no prose", "say what to look at, and why")
    if len(step.hints) > MOST_HINTS:
        finder.add(step.line, f"{title} has {len(step.hints)} hints", f"at most {MOST_HINTS}")
    if len(step.checks) > MOST_CHECKS:
        finder.add(step.line, f"{title} has {len(step.checks)} checks", f"at most {MOST_CHECKS}: divide the step")
    if not step.checks:
        if step.solution or step.wrong:
            finder.add(step.line, f"{title} has commands and no check", "add a check block: what do they prove?")
        return
    if not step.solution:
        finder.add(step.line, f"{title} has checks and no solution", "add a solution block: it proves them")
    if not step.wrong:
        finder.add(step.line, f"{title} has no wrong block", "add what somebody might do instead: it proves the checks")
    if not step.hints:
        finder.add(step.line, f"{title} has no hint", "add up to three, from a nudge to the command")
    if any(each.is_question for each in step.checks) and not any("answer" in each.text for each in step.solution):
        finder.add(step.line, f"{title} asks a question that its solution does not answer",
                   "add a line `lesson answer {answer}` to the solution")


def _fits(prose: list[str], line: int, what: str, finder: Finder) -> None:
    while prose and not prose[-1]:
        prose.pop()
    squeezed = [each for index, each in enumerate(prose) if each or (index and prose[index - 1])]
    prose[:] = squeezed
    if len(prose) > HEIGHT:
        finder.add(line, f"{what} has {len(prose)} lines of prose", f"at most {HEIGHT} fit on a screen of 24 lines")

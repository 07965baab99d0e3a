"""The language of checks: what a line of a ``check`` block says, read into plain conditions.

Expressions are those of `aether.filters`. Around them come ``then``, ``never … within``, ``count``, questions to
the learner, and what can only be asked of the present state.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aether.engine.breakpoints import BreakpointError, Condition
from aether.filters import Filter, FilterError, FilterField, all_fields, compile_filter
from aether.knobs import KnobError, find, parse, show
from shell.language.grammar import CommandError, similar
from shell.language.values import duration, is_number
from shell.lessons.quantities import Range, read_range
from shell.lessons.replies import Foreseen, ForeseenError, read_reply

SYNTAX = "docs/writing-lessons.md, under Checks, lists all conditions"
MAX_COUNT = 100_000
"""What a count may ask for."""
COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge, "<=": operator.le, "==": operator.eq, "!=": operator.ne, ">": operator.gt, "<": operator.lt,
}


class CheckError(ValueError):
    """A check that makes no sense: what is wrong with it, and what would be right."""

    def __init__(self, message: str, remedy: str = SYNTAX) -> None:
        super().__init__(message)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Match:
    """Records that match one after the other; mostly one."""

    parts: tuple[Filter, ...]
    within: int = 0
    """Microseconds from the first to the last; 0 for any time."""


@dataclass(frozen=True, slots=True)
class Count:
    """So many records that match."""

    filter: Filter
    number: int


@dataclass(frozen=True, slots=True)
class Never:
    """Nothing matches for some time after another line."""

    filter: Filter
    within: int
    """Microseconds of world time."""


@dataclass(frozen=True, slots=True)
class KnobIs:
    """A knob has a value, or has not, when everything else holds."""

    name: str
    value: str
    equal: bool


@dataclass(frozen=True, slots=True)
class ConnectionIs:
    """One of the learner's connections fulfils a condition when everything else holds."""

    condition: Condition
    text: str


@dataclass(frozen=True, slots=True)
class Where:
    """What a number in the result of a command has to be."""

    field: tuple[str, ...]
    comparison: str
    number: float


@dataclass(frozen=True, slots=True)
class Ran:
    """A command was carried out, with such numbers in its result."""

    words: tuple[str, ...]
    where: tuple[Where, ...] = ()


@dataclass(frozen=True, slots=True)
class AskField:
    """A question about a field of one of the frames that matched."""

    field: FilterField
    filter: Filter
    slack: float = 0
    """How far from the right number an answer may be."""
    share: bool = False
    """Whether that is a share of the right number."""


@dataclass(frozen=True, slots=True)
class AskFrame:
    """A question for the number of a frame that matched."""

    filter: Filter


@dataclass(frozen=True, slots=True)
class AskFilter:
    """A question for an expression that shows the same frames as this one."""

    filter: Filter


@dataclass(frozen=True, slots=True)
class AskText:
    """A question with a fixed answer, or with one of a range."""

    texts: tuple[str, ...]
    ranges: tuple[Range, ...] = ()
    """Those of the texts that are ranges."""


@dataclass(frozen=True, slots=True)
class AskFault:
    """A question for what is broken, or (``proof``) for a frame that shows it."""

    proof: bool


@dataclass(frozen=True, slots=True)
class Mended:
    """What the fault says that holds once it is mended."""


Question = AskField | AskFrame | AskFilter | AskText | AskFault
Recorded = Match | Count
"""Conditions that leave a record which other lines can refer to."""
Condition_ = Match | Count | Never | KnobIs | ConnectionIs | Ran | Mended | Question


@dataclass(frozen=True, slots=True)
class Check:
    """One line that the learner reads, and what it means."""

    number: int
    """Counted through the step, from 1: as `$1` names it."""
    text: str
    line: int
    source: str
    condition: Condition_
    follows: tuple[int, ...] = ()
    """The numbers of the checks that it refers to: it looks only at what comes after them."""
    replies: tuple[Foreseen, ...] = ()
    """What is said to wrong answers that the author foresaw."""

    @property
    def is_question(self) -> bool:
        """Tell whether the learner has to answer it."""
        return isinstance(self.condition, Question)


_TOKEN = re.compile(r'r?"(?:[^"\\]|\\.)*"|[()\[\]{}]|[^\s"()\[\]{}]+|\s+|"')
_REFERENCE = re.compile(r'r?"(?:[^"\\]|\\.)*"|\$(\d+)')
_COUNT = re.compile(r"count\s*\((.*)\)\s*(>=|>|==|=|<=|<|!=)\s*(\S+)", re.DOTALL)
_SLACK = re.compile(r"\s(?:\+-|±)\s*(\d+(?:\.\d+)?)\s*(%?)$")
_KNOB = re.compile(r"(\S+)\s*(==|!=|=)\s*(\S+)")
_WHERE = re.compile(r"([A-Za-z_][\w.]*)\s*(>=|<=|==|!=|>|<)\s*(-?[0-9.]+)")


def read_check(source: str, text: str, line: int, earlier: Sequence[Check], replies: Sequence[str] = ()) -> Check:
    """Return the check that `source` says; CheckError explains what is wrong with it.

    `earlier` are the checks of the step above it, to which it may refer; `replies` the lines ``wrong VALUE: …`` below.
    """
    number = len(earlier) + 1
    if not text:
        raise CheckError("a check without a comment: the learner would see nothing",
                         "put a line above it that begins with # and says what has to happen")
    reader = _Reader(source.strip(), number, earlier)
    condition = reader.condition()
    return Check(number, text, line, source.strip(), condition, reader.follows(condition), _replies(condition, replies))


def _replies(condition: Condition_, lines: Sequence[str]) -> tuple[Foreseen, ...]:
    """Read what is said to wrong answers."""
    if lines and not isinstance(condition, (AskField, AskText)):
        raise CheckError(f"{lines[0]!r} stands below what is no question for a value",
                         "`wrong VALUE: …` goes with answer FIELD of EXPR, and with answer is TEXT")
    try:
        return tuple(map(read_reply, lines))
    except ForeseenError as problem:
        raise CheckError(str(problem), "such as: wrong 98: that is the whole frame") from None


class _Reader:
    """Reads one condition."""

    def __init__(self, source: str, number: int, earlier: Sequence[Check]) -> None:
        self.source = source
        self.number = number
        self.earlier = earlier

    def condition(self) -> Condition_:
        """Return what the source says."""
        first, _, rest = self.source.partition(" ")
        rest = rest.strip()
        if first == "never":
            return self._never(rest)
        if first == "knob":
            return _knob(rest)
        if first == "conn" and rest and rest[0].isalpha() and not rest.startswith(("in ", "eq ", "ne ")):
            return _connection(rest)
        if self.source == "mended":
            return Mended()
        if first == "ran":
            return _ran(rest)
        if first == "answer":
            return self._answer(rest)
        if counted := _COUNT.fullmatch(self.source):
            return self._count(*counted.groups())
        return self._match(self.source)

    def follows(self, condition: Condition_) -> tuple[int, ...]:
        """Return the numbers of the lines that the condition comes after."""
        if not isinstance(condition, (Match, Count, Never)):
            return ()
        named = {int(found.group(1)) for found in _REFERENCE.finditer(self.source) if found.group(1)} - {0}
        if isinstance(condition, Never) and not named:
            above = [each.number for each in self.earlier if isinstance(each.condition, Recorded)]
            named = set(above[-1:])
        for each in named:
            if not isinstance(self.earlier[each - 1].condition, Recorded):
                raise CheckError(f"${each} names no record: line {each} of the checks is "
                                 f"{self.earlier[each - 1].source!r}",
                                 "only lines that match a record can be referred to: expressions, sequences, counts")
        return tuple(sorted(named))

    def _filter(self, text: str, part: int = 0) -> Filter:
        if not text.strip():
            raise CheckError("an expression is missing here", "such as: tcp.flags.syn == 1. (docs/filters.md)")
        if "$0" in text and not part:
            raise CheckError("$0 is the record of the part before in a sequence, and there is none before this",
                             "use it after `then`, or name a line above: $1")
        written = _REFERENCE.sub(lambda found: f"${self.number}" if found.group(1) == "0" else found.group(), text)
        try:
            return compile_filter(" ".join(written.split()), self.number if part else self.number - 1)
        except FilterError as problem:
            shown = "\n".join(f"    {each}" for each in problem.pointer().splitlines())
            raise CheckError(f"{problem.message}\n{shown}", "docs/filters.md lists all fields and operators") from None

    def _match(self, text: str) -> Match:
        within, text = _within(text)
        parts = [self._filter(part, index) for index, part in enumerate(divide(text, "then"))]
        if within and len(parts) == 1 and not re.search(r"\$[1-9]", text):
            raise CheckError("within after a single expression counts from the record it refers to, and it "
                             "refers to none", "refer to a line above ($1), or make it a sequence: A then B within 2s")
        return Match(tuple(parts), within)

    def _never(self, text: str) -> Never:
        within, text = _within(text)
        if not within:
            raise CheckError("never needs a time: nobody can wait for ever", "such as: never tcp.len > 0 within 5s")
        if len(divide(text, "then")) > 1:
            raise CheckError("never takes one expression, not a sequence", "give the sequence a line of its own")
        return Never(self._filter(text), within)

    def _count(self, text: str, comparison: str, number: str) -> Count:
        if comparison not in (">=", ">"):
            raise CheckError(f"count(…) {comparison} {number} could stop holding when more happens",
                             "use >= : further traffic must not undo what a learner has done")
        if not is_number(number) or not 1 <= int(number) + (comparison == ">") <= MAX_COUNT:
            raise CheckError(f"a count is compared with a number from 1 to {MAX_COUNT}, not {number!r}",
                             "such as: count(tcp.flags.syn == 1) >= 3")
        return Count(self._filter(text), int(number) + (comparison == ">"))

    def _answer(self, text: str) -> Question:
        if text in ("fault", "proof"):
            return AskFault(text == "proof")
        if text.startswith("is "):
            texts = tuple(each.strip().strip('"') for each in re.split(r"\bor\b", text[3:]))
            if not all(texts):
                raise CheckError("answer is … needs a text", "such as: answer is 4 or four")
            return AskText(texts, tuple(found for found in map(read_range, texts) if found is not None))
        if text.startswith("frame where "):
            return AskFrame(self._plain(text.removeprefix("frame where ")))
        if text.startswith("filter "):
            return AskFilter(self._plain(text.removeprefix("filter ")))
        name, of, expression = text.partition(" of ")
        if not of:
            raise CheckError(f"cannot read the question {text!r}", "there are: answer FIELD of EXPR, answer frame "
                             "where EXPR, answer filter EXPR, answer is TEXT, answer fault, answer proof")
        field = all_fields().get(name.strip())
        if field is None:
            near = similar(name.strip(), all_fields())
            raise CheckError(f"there is no field {name.strip()!r}",
                             f"did you mean {' or '.join(near)}?" if near else "docs/filters.md lists all fields")
        slack, share = 0.0, False
        if about := _SLACK.search(expression):
            if field.type.family != "number":
                raise CheckError(f"{field.name} is no number: there is nothing that it could be off by",
                                 "leave out what stands after +-")
            expression, slack, share = expression[:about.start()], float(about.group(1)), bool(about.group(2))
        return AskField(field, self._plain(expression), slack / 100 if share else slack, share)

    def _plain(self, text: str) -> Filter:
        if re.search(r"\$\d", text):
            raise CheckError("a question cannot refer to other lines", "say in the expression itself which frames")
        return self._filter(text)


def _knob(text: str) -> KnobIs:
    found = _KNOB.fullmatch(text)
    if found is None or found.group(2) == "=":
        raise CheckError(f"cannot read the knob {text!r}", "such as: knob tcp.retransmit == off")
    name, comparison, value = found.groups()
    try:
        knob = find(name)
        return KnobIs(name, show(knob, parse(knob, value)), comparison == "==")
    except KnobError as problem:
        raise CheckError(str(problem), "`knob list` shows all knobs and their values") from None


def _connection(text: str) -> ConnectionIs:
    try:
        return ConnectionIs(Condition(f"conn 1 {text}"), text)
    except BreakpointError as problem:
        raise CheckError(str(problem), 'such as: conn cwnd > 10*mss and state == "ESTABLISHED"') from None


def _ran(text: str) -> Ran:
    words, where, rest = text.partition(" where ")
    if not words.strip():
        raise CheckError("ran needs a command", "such as: ran plot cwnd")
    return Ran(tuple(words.split()), tuple(_where(each.strip()) for each in rest.split(" and ")) if where else ())


def _where(text: str) -> Where:
    found = _WHERE.fullmatch(text)
    if found is None:
        raise CheckError(f"cannot read {text!r}", "such as: ran bench http where requests > 100 and failed == 0")
    try:
        number = float(found.group(3))
    except ValueError:
        raise CheckError(f"{found.group(3)!r} is no number", "such as: 100, or 0.5") from None
    return Where(tuple(found.group(1).split(".")), found.group(2), number)


def _words(text: str) -> list[tuple[str, int, int]]:
    """Return the words of a text that stand outside of quotes and brackets, and where."""
    depth, found = 0, []
    for token in _TOKEN.finditer(text):
        word = token.group()
        if word in "([{":
            depth += 1
        elif word in ")]}":
            depth -= 1
        elif not depth:
            found.append((word, token.start(), token.end()))
    return found


def divide(text: str, divider: str) -> list[str]:
    """Divide a text at a word that stands outside of quotes and brackets."""
    parts, start = [], 0
    for word, begin, end in _words(text):
        if word == divider:
            parts.append(text[start:begin].strip())
            start = end
    return [*parts, text[start:].strip()]


def _within(text: str) -> tuple[int, str]:
    """Take ``within TIME`` off the end of a text; return 0 if there is none."""
    places = [(begin, end) for word, begin, end in _words(text) if word == "within"]
    if not places:
        return 0, text
    begin, end = places[-1]
    written = text[end:].strip()
    try:
        time = duration(written)
    except (CommandError, ValueError) as problem:
        raise CheckError(f"after within comes a time: {problem}", "such as: within 5s, within 200ms") from None
    if time <= 0:
        raise CheckError("a time of nothing can never pass", "such as: within 5s")
    return time, text[:begin].strip()

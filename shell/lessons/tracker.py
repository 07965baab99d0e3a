"""A step on its way: which checks hold, what is missing for the others, and the questions to the learner."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from random import Random
from typing import Any

from aether import knobs
from aether.events import Event
from aether.filters import Record
from aether.filters.values import ValueProblem, a, read_word
from aether.reading.types import Type
from aether.seen import OUTSIDE
from aether.wire.address import show_ip, show_mac
from aether.world import World
from shell.language.grammar import did_you_mean
from shell.language.translation import say
from shell.language.values import is_number, show_duration
from shell.lessons import filters, proof
from shell.lessons.conditions import (
    COMPARE,
    AskFault,
    AskField,
    AskFilter,
    AskFrame,
    AskText,
    Check,
    ConnectionIs,
    Count,
    KnobIs,
    Match,
    Never,
    Ran,
)
from shell.lessons.model import Fault, with_fault
from shell.lessons.quantities import EXAMPLES, middle, read_quantity, read_range
from shell.lessons.replies import Foreseen, same
from shell.lessons.watch import CheckWatcher, Group

YOU = "you"
UNIT = re.compile(r"\s*(bytes?|B)$")
"""What may stand behind a number that is an answer."""
SHORT = re.compile(r"\.\d{1,3}")
"""An address as the trace shortens it."""


@dataclass(slots=True)
class CheckRow:
    """How one check stands."""

    number: int
    text: str
    holds: bool
    missing: str
    """What is still to come; empty if it holds, or if there is nothing to say."""


class Tracker:
    """Follows all checks of one step."""

    def __init__(
        self, checks: Sequence[Check], *, seed: str = "", fault: Fault | None = None, past: Sequence[Event] = (),
        now: int = 0, names: Sequence[str] = (),
    ) -> None:
        """`seed` decides which frame a question is about; `past` are the events before the step; `names` those of all
        faults that it may be.
        """
        self.checks = tuple(with_fault(checks, fault))
        self.seed = seed
        self.fault = fault
        self.names = tuple(names)
        self.watcher = CheckWatcher(self.checks, past, now)
        self.ran: set[int] = set()
        """The `ran` checks that hold."""
        self.near: dict[int, str] = {}
        """What the `ran` checks saw that did not suffice."""
        self.answered: set[int] = set()
        self.chosen: dict[int, int] = {}
        """The frame that each question is about."""
        self.wrong_answers = 0
        self._frames: dict[int, list[Record]] = {}
        for check in self.checks:
            if isinstance(check.condition, (AskField, AskFrame)):
                self._frames[check.number] = self.watcher.collect(check.condition.filter)
        self._selected = {check.number: filters.Selected(check.condition.filter) for check in self.checks
                          if isinstance(check.condition, AskFilter)}
        for selected in self._selected.values():
            self.watcher.collect_for(selected.take, past)
        self._proofs = [proof.Proof(text) for text in fault.proof] if fault is not None and any(
            isinstance(check.condition, AskFault) and check.condition.proof for check in checks) else []
        for each in self._proofs:
            self.watcher.collect_for(each.take, past)  # what was seen before proves it, too

    # What happens

    def follow(self, events: Iterable[Event], now: int) -> None:
        """Take note of what happened."""
        self.watcher.follow(events)
        self.watcher.pass_time(now)

    def note_command(self, words: Sequence[str], result: Any) -> None:
        """Take note of a command that was carried out."""
        for check in self.checks:
            ran = check.condition
            if not isinstance(ran, Ran) or check.number in self.ran:
                continue
            if tuple(words[:len(ran.words)]) != ran.words:
                continue
            found = [(_field(result, each.field), each) for each in ran.where]
            if all(value is not None and COMPARE[each.comparison](value, each.number) for value, each in found):
                self.ran.add(check.number)
            elif values := [f"{value:g}" for value, _ in found if value is not None]:
                self.near[check.number] = say("it was {values}", values=say(" and ").join(values))

    @property
    def looks_at_state(self) -> bool:
        """Whether some check is about how something stands, which may pass by."""
        return any(isinstance(check.condition, (KnobIs, ConnectionIs)) for check in self.checks)

    def asks_of(self, words: Sequence[str], result: Any) -> dict[str, float] | None:
        """Return the numbers in a command's result that checks ask for; None if no check asks for the command."""
        asking = [check.condition for check in self.checks if isinstance(check.condition, Ran)
                  and tuple(words[:len(check.condition.words)]) == check.condition.words]
        if not asking:
            return None
        found = {".".join(where.field): _field(result, where.field) for ran in asking for where in ran.where}
        return {name: value for name, value in found.items() if value is not None}

    def take_up(self, frame: int) -> None:
        """Let the frame that a question was about be this one, if it is one of those that it may be about."""
        for number, frames in self._frames.items():
            if number not in self.answered and any(record.number == frame for record in frames):
                self.chosen[number] = frame

    # How it stands

    def holds(self, world: World) -> bool:
        """Tell whether every check does, in the present world; it only reads."""
        return all(self._holds(check, world) for check in self.checks)

    def rows(self, world: World) -> list[CheckRow]:
        """Return how each check stands; it only reads the world."""
        question = self.question(world)
        rows = []
        for check in self.checks:
            holds = self._holds(check, world)
            text = check.text.replace("{frame}", self._frame_shown(check))
            rows.append(CheckRow(check.number, text, holds, "" if holds else self._missing(check, world, question)))
        return rows

    def question(self, world: World) -> Check | None:
        """Return the question that is open: the first without an answer, once all that is no question holds."""
        if not all(check.is_question or self._holds(check, world) for check in self.checks):
            return None
        found = next((check for check in self.checks if check.is_question and check.number not in self.answered), None)
        if found is not None and isinstance(found.condition, AskField) and not self._choose(found):
            return None
        if found is not None and found.number in self._selected and not self._selected[found.number].can_be_asked:
            return None
        return found

    def _holds(self, check: Check, world: World) -> bool:
        condition = check.condition
        if isinstance(condition, (Match, Count, Never)):
            return self.watcher.held(check)
        if isinstance(condition, KnobIs):
            return (_knob(world, condition.name) == condition.value) == condition.equal
        if isinstance(condition, ConnectionIs):
            return any(condition.condition.holds(conn) for conn in world.hosts[YOU].tcp.connections.values())
        if isinstance(condition, Ran):
            return check.number in self.ran
        return check.number in self.answered

    def _missing(self, check: Check, world: World, question: Check | None) -> str:
        """Say in a few words what a check waits for."""
        condition = check.condition
        if isinstance(condition, (Match, Count, Never)):
            return self._missing_record(check, condition)
        if isinstance(condition, KnobIs):
            return say("{knob} is {value}", knob=condition.name, value=_knob(world, condition.name))
        if isinstance(condition, ConnectionIs):
            return say("no connection of yours is so now")
        if isinstance(condition, Ran):
            return self.near.get(check.number, "")
        if question is check:
            return say("answer with: lesson answer VALUE")
        return say("asked when the rest is done")

    def _missing_record(self, check: Check, condition: Match | Count | Never) -> str:
        group = self.watcher.group(check)
        thread = group.best
        before = [number for number in check.follows if number not in thread.held]
        if isinstance(condition, Never):
            return self._missing_never(check, condition, group, before)
        if before:
            return say("waits for line {line}", line=before[0])
        if isinstance(condition, Count):
            return say("{done} of {all}", done=len(thread.counted.get(check.number, ())), all=condition.number)
        done = len(thread.parts.get(check.number, ()))
        if len(condition.parts) > 1:
            return say("{done} of {all} in a row", done=done, all=len(condition.parts))
        if check.number in group.seen:
            return say("it happened, and what follows from it did not; once more")
        return ""

    def _missing_never(self, check: Check, never: Never, group: Group, before: list[int]) -> str:
        spoiled = ""
        if check.number in group.broken:
            after, frame = group.broken[check.number]
            spoiled = (say("it did after {time}, frame {frame}", time=show_duration(after), frame=frame) if frame else
                       say("it did after {time}", time=show_duration(after)))
        if before:
            return (say("{spoiled}; once more from line {line}", spoiled=spoiled, line=before[0]) if spoiled else
                    say("counts from line {line}", line=before[0]))
        passed = max(self.watcher.now - group.anchor(group.best, check), 0)
        counted = say("{done} of {all}", done=f"{passed / 1_000_000:.1f} s", all=show_duration(never.within))
        return say("{spoiled}; anew: {counted}", spoiled=spoiled, counted=counted) if spoiled else counted

    @property
    def frames(self) -> list[int]:
        """The numbers of the frames by which the checks hold, each once, in their order."""
        held = (group.best.held.values() for group in self.watcher.groups)
        return sorted({record.number for records in held for record in records if record.number})

    # Questions

    def answer(self, text: str, world: World) -> tuple[bool, str]:
        """Take an answer to the open question; return whether it is right, and what to say."""
        check = self.question(world)
        if check is None:
            return False, say("no question is open now. `lesson check` shows what is missing")
        if said := self._no_answer(check, text.strip()):
            return False, said
        if said := self._judged(check, text.strip(), world):
            self.wrong_answers += 1
            return False, said
        self.answered.add(check.number)
        return True, say("right: {answer}", answer=text.strip())

    def right_answer(self, world: World) -> str:
        """Return the right answer to the open question, as the learner would type it; empty without one."""
        check = self.question(world)
        condition = check.condition if check is not None else None
        if check is None or condition is None:
            return ""
        if isinstance(condition, AskText) and condition.ranges and read_range(condition.texts[0]):
            return middle(condition.ranges[0])
        if isinstance(condition, AskText):
            return condition.texts[0]
        if isinstance(condition, AskFault) and not condition.proof:
            return self.fault.name if self.fault is not None else ""
        if isinstance(condition, AskField):
            record = self._choose(check)
            values = condition.field.get(record) if record is not None else ()
            return _shown(values[0], condition) if values else ""
        if isinstance(condition, AskFilter):
            return condition.filter.text
        frames = self._proving() if isinstance(condition, AskFault) else self._frames[check.number]
        return str(frames[0].number) if frames else ""

    def _proving(self) -> list[Record]:
        """Return the frames that prove what is broken."""
        return proof.frames(self._proofs, self.watcher.now)

    def _no_answer(self, check: Check, text: str) -> str:
        """Return why a text answers nothing, right or wrong; empty if it does. It costs nothing."""
        condition = check.condition
        if isinstance(condition, AskText) and condition.ranges and (given := read_quantity(text)) is not None:
            wanted = condition.ranges[0].kind
            if given.kind not in ("", wanted):
                return say("{text} is a {kind}, and {wanted}", text=text, kind=say(given.kind),
                           wanted=_asked_for(wanted))
        if isinstance(condition, AskFilter):
            return filters.no_filter(text)
        if not isinstance(condition, AskFault):
            return ""
        if condition.proof:
            return "" if is_number(_frame_number(text)) else _no_frame(text)
        if self.names and _plain(text) not in map(_plain, self.names):
            return say("there is no fault {text!r} here{near}. `lesson show` names them", text=text,
                       near=did_you_mean(text, self.names))
        return ""

    def unreached(self, world: World) -> list[tuple[Foreseen, str]]:
        """Return those replies to wrong answers of the open question that nobody would see, and what he sees instead.

        Replies that the frame asked about has no answer for are left out: another frame may have.
        """
        check = self.question(world)
        found: list[tuple[Foreseen, str]] = []
        for reply in check.replies if check is not None else ():
            assert check is not None
            example = reply.example(self.right_answer(world), self._asked_about(check))
            if example and not (said := self._judged(check, example, world)).endswith(reply.said):
                found.append((reply, f"{example} is {said or 'right'}"))
        return found

    def _asked_about(self, check: Check) -> Record | None:
        return self._choose(check) if isinstance(check.condition, AskField) else None

    def _judged(self, check: Check, text: str, world: World) -> str:
        """Return what is said to a wrong answer, by its author if he foresaw it; empty if it is right."""
        said = self._judge(check, text)
        if said and check.replies:
            right, record = self.right_answer(world), self._asked_about(check)
            plain = UNIT.sub("", text)
            for reply in check.replies:
                if reply.meets(plain, right, record) or reply.meets(text, right, record):
                    return say("no: {said}", said=reply.said)
        return said

    def _judge(self, check: Check, text: str) -> str:
        """Return what is wrong with an answer; empty if it is right."""
        condition = check.condition
        if isinstance(condition, AskText):
            given = read_quantity(text)
            if any(same(text, each) for each in condition.texts) or (
                    given is not None and any(each.holds(given) for each in condition.ranges)):
                return ""
            return say("no, it is not {answer}", answer=text)
        if isinstance(condition, AskFault) and not condition.proof:
            right_name = self.fault.name if self.fault is not None else ""
            return "" if _plain(text) == _plain(right_name) else say("no, {answer} is not what is broken", answer=text)
        if isinstance(condition, AskField):
            return self._judge_field(check, condition, text)
        if isinstance(condition, AskFilter):
            return self._selected[check.number].judge(text)
        number = _frame_number(text)
        if not is_number(number):
            return _no_frame(text)
        frames = self._proving() if isinstance(condition, AskFault) else self._frames[check.number]
        if any(record.number == int(number) for record in frames):
            return ""
        return say("no, frame {frame} does not show it", frame=number)

    def _judge_field(self, check: Check, asked: AskField, text: str) -> str:
        record = self._choose(check)
        values = asked.field.get(record) if record is not None else ()
        kind = asked.field.type
        plain = text.strip('"')
        if kind.family == "number":
            plain = UNIT.sub("", plain)
        if SHORT.fullmatch(plain) and any(_shown(each, asked).endswith(plain) for each in values):
            return ""
        try:
            value = plain if kind.family == "text" else read_word(plain, kind, asked.field.names)
        except ValueProblem as problem:
            return say("{field} is {kind}: {problem}", field=asked.field.name, kind=a(asked.field.type),
                       problem=problem) + _as_hexadecimal(plain, kind)
        if _near_enough(asked, values, value):
            return ""
        if value in values or plain.casefold() in {str(each).casefold() for each in values}:
            return ""
        name, frame = asked.field.name, self._frame_shown(check)
        near = _as_hexadecimal(plain, kind)
        at = f" --host {record.host}" if record is not None and record.host not in ("", OUTSIDE, YOU) else ""
        return say("no, {field} of frame {frame} is not {answer}{near}. `frame {frame} {field}{at}` marks it",
                   field=name, frame=frame, answer=text, near=near, at=at)

    def _choose(self, check: Check) -> Record | None:
        """Return the frame that a question is about; the seed decides which, when it is first put."""
        frames = self._frames[check.number]
        assert isinstance(check.condition, AskField)
        if check.number not in self.chosen:
            field = check.condition.field
            having = [record for record in frames if field.get(record)]
            if not having:
                return None
            self.chosen[check.number] = Random(f"{self.seed}/{check.number}").choice(having).number
        return next((record for record in frames if record.number == self.chosen[check.number]), None)

    def _frame_shown(self, check: Check) -> str:
        return str(self.chosen.get(check.number, "…"))


def _near_enough(asked: AskField, values: Sequence[Any], given: Any) -> bool:
    """Tell whether a number is near enough to the right one."""
    if not asked.slack or not isinstance(given, (int, float)):
        return False
    return any(abs(given - each) <= (asked.slack * abs(each) if asked.share else asked.slack)
               for each in values if isinstance(each, (int, float)))


def _asked_for(kind: str) -> str:
    if not kind:
        return say("a mere number is asked for")
    return say("a {kind} is asked for, such as {example}", kind=say(kind), example=EXAMPLES[kind])


def _no_frame(text: str) -> str:
    return say("a frame's number is asked for, and {text!r} is none", text=text)


def _as_hexadecimal(text: str, kind: Type) -> str:
    """Return how digits are written that look as if they were read from a dump of bytes; empty if they do not."""
    digits = text.replace(" ", "")
    looks = kind.family == "number" and len(digits) in (2, 4, 8) and re.fullmatch(r"[0-9a-fA-F]+", digits)
    return say(". If that is hexadecimal, write 0x{digits}", digits=digits) if looks else ""


def _frame_number(text: str) -> str:
    return text.removeprefix("frame").strip().lstrip("#")


def _knob(world: World, name: str) -> str:
    knob = knobs.find(name)
    return knobs.show(knob, getattr(world.hosts[YOU].knobs, knob.attribute))


def _field(result: Any, path: tuple[str, ...]) -> float | None:
    """Return a number in the result of a command."""
    if isinstance(result, dict) and ".".join(path) in result:
        return float(result[".".join(path)])
    value = asdict(result) if is_dataclass(result) and not isinstance(result, type) else result
    for name in path:
        if isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            value = value.get(name) if isinstance(value, dict) else None
    return float(value) if isinstance(value, (int, float)) else None


def _shown(value: Any, asked: AskField) -> str:
    """Return a field's value as a person writes it."""
    kind = asked.field.type
    if isinstance(value, bytes):
        if kind.family == "address":
            return show_ip(value)
        return show_mac(value) if len(value) == 6 else value.hex(":")
    if kind.family == "time":
        return f"{value}us"
    if isinstance(value, bool):
        return str(int(value))
    text = str(value)
    return text if re.fullmatch(r"[\w.:/-]+", text) else f'"{text}"'


def _plain(name: str) -> str:
    """Return a name however it may be written: capitals, hyphens and spaces make no difference."""
    return name.casefold().replace("-", "").replace(" ", "")

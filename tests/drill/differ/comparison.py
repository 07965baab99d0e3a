"""Two plays of a program, held against each other: the first thing in which they differ."""

from __future__ import annotations

from dataclasses import dataclass

from tests.drill.differ.play import Happened, Out, Trace
from tests.drill.differ.programs import Program

SLACK = 25_000
"""Microseconds by which a timer of the kernel's may be late at once: its clock ticks every 4 ms. Its wheel of timers adds
an eighth of what was waited."""
ROUGHLY = 4
"""Windows are alike if neither is so many times the other."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The first thing that is not the same."""

    program: Program
    at: int
    """The number of the step, counted from 0."""
    kind: str
    """``result``, ``missing`` (only the kernel sent it), ``extra`` (only Aether did), ``segment``, ``time``, ``state``,
    or ``undecided`` (a timer ran so close to the next step that real time decides)."""
    ours: Out | str | None = None
    theirs: Out | str | None = None
    fields: tuple[str, ...] = ()
    """What differs of a segment."""
    traces: tuple[Trace, Trace] | None = None

    @property
    def step(self) -> str:
        """The line of the step."""
        return self.program.steps[self.at].text

    @property
    def signature(self) -> tuple[object, ...]:
        """What has to be the same for a difference to be the same when a program is cut down."""
        flags = tuple(one.flags if isinstance(one, Out) else None for one in (self.ours, self.theirs))
        return self.kind, flags, self.fields

    def __str__(self) -> str:
        fields = f" ({', '.join(self.fields)})" if self.fields else ""
        return f"{self.kind}{fields} after `{self.step}`: Aether {self.ours or 'nothing'} | Linux {self.theirs or 'nothing'}"


def alike(ours: int, theirs: int) -> bool:
    """Tell whether two windows are roughly the same: both closed, or neither much larger."""
    if not ours or not theirs:
        return ours == theirs
    return ours < theirs * ROUGHLY and theirs < ours * ROUGHLY


def fields_of(ours: Out, theirs: Out) -> tuple[str, ...]:
    """Return the names of the fields in which two segments differ."""
    found = [name for name in ("flags", "seq", "length", "ack", "options", "ecn", "broken")
             if getattr(ours, name) != getattr(theirs, name)]
    if not alike(ours.window, theirs.window) and "R" not in ours.flags:
        found.append("window")
    return tuple(found)


def _close(out: Out, happened: Happened, following: int) -> bool:
    """Tell whether a timer sent this so shortly before the next step that in the other play it may come after it."""
    if out.time <= happened.at + 3_000:  # no timer: an answer
        return False
    return out.time + SLACK + (out.time - happened.at) // 8 >= following


def _early(out: Out | None, happened: Happened) -> bool:
    """Tell whether a timer may have sent this before the step in the other play."""
    return out is not None and happened.at <= out.time <= happened.at + SLACK and out.time > happened.at + 3_000


def first_difference(program: Program, ours: Trace, theirs: Trace) -> Difference | None:
    """Return the first difference; None if both went the same way."""
    times = [*program.times, program.times[-1] + 1_000_000_000]
    for at, (mine, its) in enumerate(zip(ours.steps, theirs.steps, strict=True)):
        def found(kind: str, a: Out | str | None, b: Out | str | None, fields: tuple[str, ...] = (), at: int = at) -> Difference:
            return Difference(program, at, kind, a, b, fields, (ours, theirs))

        if mine.result != its.result:
            return found("result", mine.result, its.result)
        for number in range(max(len(mine.out), len(its.out))):
            a = mine.out[number] if number < len(mine.out) else None
            b = its.out[number] if number < len(its.out) else None
            for one, happened in ((a, mine), (b, its)):
                if one is not None and (_close(one, happened, times[at + 1]) or _early(one, happened)) and (
                        a is None or b is None or fields_of(a, b)):
                    return found("undecided", a, b)
            if a is None or b is None:
                return found("missing" if a is None else "extra", a, b)
            fields = fields_of(a, b)
            if fields:
                return found("segment", a, b, fields)
            if abs(a.time - b.time) > SLACK + max(a.time, b.time) // 8:
                return found("time", a, b)
    if ours.state and theirs.state and ours.state != theirs.state:
        return Difference(program, len(program.steps) - 1, "state", str(ours.state), str(theirs.state), (), (ours, theirs))
    return None

"""Two plays of a program, held against each other: the first thing in which they differ."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from tests.drill.differ.play import REST, Happened, Out, Trace
from tests.drill.differ.programs import Program

SLACK = 25_000
"""Microseconds by which a timer of the kernel's may be late at once: its clock ticks every 4 ms. Its wheel of timers
adds an eighth of what was waited."""
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
    acked: tuple[int, int] = (0, 0)
    """The highest number that each has acknowledged before."""
    acked_before: tuple[int, int] = (0, 0)
    """The same when the step began."""
    top: tuple[int, int] = (0, 0)
    """The number after the highest that each has sent before."""
    passed: tuple[str, ...] = ()
    """The names of known differences that were passed over before."""

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
        ours, theirs = self.ours or "nothing", self.theirs or "nothing"
        return f"{self.kind}{fields} after `{self.step}`: Aether {ours} | Linux {theirs}"


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


def _by_timer(out: Out, happened: Happened, exact: bool) -> bool:
    """Tell whether a timer sent this: an answer comes at once, in real time within a moment."""
    return out.time > happened.at + (0 if exact else 3_000)


def _slack(out: Out, happened: Happened, left: dict[int, int]) -> int:
    """Return by how much a timer may be late: by how long it waited, since the step or since the same left before."""
    return SLACK + (out.time - min(happened.at, left.get(out.seq, happened.at))) // 8


def _near_a_step(out: Out, happened: Happened, following: int, exact: bool, left: dict[int, int]) -> bool:
    """Tell whether a timer sent this so near to a step that in the other play it may come on the other side of it."""
    slack = _slack(out, happened, left)
    return _by_timer(out, happened, exact) and (
        out.time + slack >= following or out.time <= happened.at + slack)


class _Side:
    """How far one host has come, in the numbers of a script."""

    def __init__(self) -> None:
        self.acked = self.top = 0
        self.left: dict[int, int] = {}
        """When a sequence number has left for the last time."""

    def take(self, out: Out) -> None:
        """Note what it sent."""
        if "R" in out.flags:
            return
        if out.ack is not None and out.ack < 1 << 31:
            self.acked = max(self.acked, out.ack)
        self.left[out.seq] = out.time
        end = out.seq + out.length + ("F" in out.flags) + ("S" in out.flags)
        if end < 1 << 31:
            self.top = max(self.top, end)


def differences(program: Program, ours: Trace, theirs: Trace) -> Generator[Difference, str, None]:
    """Yield differences. After each, the caller sends back what to pass over: ``ours``, ``theirs`` or ``both``.

    Nothing sent back ends it: what follows a difference that matters is a matter of that difference.
    """
    times = [*program.times, program.times[-1] + REST]
    mine, its = _Side(), _Side()

    def difference(at: int, kind: str, a: Out | str | None, b: Out | str | None, fields: tuple[str, ...]) -> Difference:
        return Difference(
            program, at, kind, a, b, fields, (ours, theirs), (mine.acked, its.acked), before, (mine.top, its.top))

    for at, (a_step, b_step) in enumerate(zip(ours.steps, theirs.steps, strict=True)):
        before = mine.acked, its.acked
        if a_step.result != b_step.result:
            yield difference(at, "result", a_step.result, b_step.result, ())
            return
        left, right = list(a_step.out), list(b_step.out)
        while left or right:
            a, b = left[0] if left else None, right[0] if right else None
            if a is not None and b is not None and fields_of(a, b):  # what a timer sends is no counterpart of an answer
                mine_waited, its_waited = _by_timer(a, a_step, True), _by_timer(b, b_step, False)
                if mine_waited != its_waited:
                    a, b = (None, b) if mine_waited else (a, None)
            kind, fields = _kind(a, b, a_step, b_step, times[at + 1], mine.left, its.left)
            passed = "both"
            if kind in ("missing", "extra") and _elsewhere(a or b, theirs if a else ours, a_step.at, a is not None):
                kind = "undecided"
            if kind:
                passed = yield difference(at, kind, a, b, fields)
                if not passed:
                    return
            if passed != "theirs" and a is not None:
                mine.take(left.pop(0))
            if passed != "ours" and b is not None:
                its.take(right.pop(0))
    if ours.state and theirs.state and ours.state != theirs.state:
        yield difference(len(program.steps) - 1, "state", str(ours.state), str(theirs.state), ())


def _elsewhere(out: Out | None, other: Trace, at: int, exact: bool) -> bool:
    """Tell whether the other host sent the same a little before or after, by a timer: on the other side of a step."""
    assert out is not None
    return bool(out.length or "F" in out.flags) and any(
        (one.flags, one.seq, one.length) == (out.flags, out.seq, out.length) and abs(one.time - out.time) <= 2 * SLACK
        and (out.time > at if exact else one.time > step.at)
        for step in other.steps for one in step.out)


def _kind(
    a: Out | None, b: Out | None, mine: Happened, its: Happened, following: int, mine_left: dict[int, int],
    its_left: dict[int, int],
) -> tuple[str, tuple[str, ...]]:
    """Return in what the next segments of both differ; an empty kind if they do not."""
    fields = fields_of(a, b) if a is not None and b is not None else ()
    if a is not None and b is not None and not fields:
        waited = max(
            a.time - min(mine.at, mine_left.get(a.seq, mine.at)), b.time - min(its.at, its_left.get(b.seq, its.at)))
        return ("time" if abs(a.time - b.time) > 2 * SLACK + waited // 8 else ""), ()
    for one, happened, exact, left in ((a, mine, True, mine_left), (b, its, False, its_left)):
        if one is not None and _near_a_step(one, happened, following, exact, left):
            return "undecided", fields
    if a is None or b is None:
        return ("missing" if a is None else "extra"), ()
    return "segment", fields

"""In what Aether and Linux are known to differ: each class with the clause, who is right, and what it looks like.

`docs/drill.md` lists them. A matcher is narrow: it names the segment that came, what was sent for it, and the fields.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from shell.drill.script import Call, TcpPacket
from tests.drill.differ.comparison import Difference, differences
from tests.drill.differ.play import Out, Trace, event_of
from tests.drill.differ.programs import Program


@dataclass(frozen=True, slots=True)
class Known:
    """A class of differences."""

    name: str
    clause: str
    right: str
    """Who is right by that clause: Aether, Linux, both or neither."""
    aether: str
    """What Aether does."""
    linux: str
    matches: Callable[[Difference], str]
    """Return what to pass over (``ours``, ``theirs``, ``both``) where the rest can still be compared, ``end`` where it
    cannot, and nothing if the difference is another."""

    def row(self) -> str:
        """Return its line in the documentation."""
        return f"| `{self.name}` | {self.aether} | {self.linux} | {self.clause}: {self.right} |"


def signed(number: int) -> int:
    """Return a sequence number near zero as a number that may be negative."""
    return number - (1 << 32) if number >= 1 << 31 else number


def arrived(d: Difference) -> TcpPacket | None:
    """Return the segment of the step, if it is one."""
    event = event_of(d.step)
    return event if isinstance(event, TcpPacket) else None


def called(d: Difference) -> str:
    """Return the name of the call of the step; empty if it is none."""
    event = event_of(d.step)
    return event.name if isinstance(event, Call) else ""


def before(d: Difference, text: str) -> bool:
    """Tell whether a step before has this text in it."""
    return any(text in step.text for step in d.program.steps[:d.at])


def pure(out: object) -> bool:
    """Tell whether a segment is an acknowledgement and nothing else."""
    return isinstance(out, Out) and out.flags == "." and not out.length


def later(trace: Trace, ack: int, time: int, within: int) -> bool:
    """Tell whether a host acknowledges up to this number, or nobody can know, so many microseconds after a time."""
    last = trace.steps[-1].at
    if time + within > last:
        return True
    return any(
        out.ack is not None and signed(out.ack) >= ack and time - 1000 <= out.time <= time + within
        for step in trace.steps for out in step.out)


def delayed_ack(d: Difference) -> str:
    """An acknowledgement of something new, by one at once and by the other within half a second."""
    a, b = d.ours, d.theirs
    assert d.traces is not None
    if d.kind == "time" and pure(a):
        return "both"
    if isinstance(a, Out) and pure(a) and a.ack is not None and not (isinstance(b, Out) and pure(b) and a.ack == b.ack):
        if d.acked[0] < a.ack <= d.acked[1]:
            return "ours"
        if a.ack > d.acked[1] and a.ack > d.acked[0] and later(d.traces[1], a.ack, a.time, 500_000):
            return "ours"
    if isinstance(b, Out) and pure(b) and b.ack is not None and not (isinstance(a, Out) and pure(a) and a.ack == b.ack):
        if d.acked[1] < b.ack <= d.acked[0]:
            return "theirs"
        if b.ack > d.acked[0] and b.ack > d.acked[1] and later(d.traces[0], b.ack, b.time, 500_000):
            return "theirs"
    return ""


def push(d: Difference) -> str:
    """PSH alone."""
    if d.kind == "segment" and d.fields == ("flags",):
        assert isinstance(d.ours, Out) and isinstance(d.theirs, Out)
        if d.ours.length and d.ours.flags.replace("P", "") == d.theirs.flags.replace("P", ""):
            return "both"
    return ""


def minshall(d: Difference) -> str:
    """A small segment behind full ones, without TCP_NODELAY."""
    b = d.theirs
    if isinstance(b, Out) and b.length and "P" in b.flags and b.seq == d.top[1] and not before(d, "TCP_NODELAY, [1]"):
        small = b.length < 1400 and (not isinstance(d.ours, Out) or d.ours.seq < b.seq)
        if small and d.kind in ("missing", "segment", "undecided"):
            return "end"
    return ""


def old_ack(d: Difference) -> str:
    """An acknowledgement of what was never sent, below the first number."""
    packet = arrived(d)
    if packet is None or packet.ack is None or signed(packet.ack) >= 1 or "R" in packet.flags:
        return ""
    if d.kind == "missing" and pure(d.theirs):
        return "end"
    if d.kind == "segment" and pure(d.theirs) and set(d.fields) <= {"ack", "options"}:
        return "end"
    return ""


def window_back(d: Difference) -> str:
    """A smaller window, with the numbers of before."""
    shrunk, window, at = False, -1, (0, 0)
    for step in d.program.steps[:d.at + 1]:
        event = event_of(step.text)
        if isinstance(event, TcpPacket) and event.ack is not None and "S" not in event.flags and event.window is not None:
            here = event.span.first, event.ack
            shrunk = shrunk or (here == at and 0 < event.window < window)
            window, at = event.window, here
    data = any(isinstance(one, Out) and (one.length or "F" in one.flags) for one in (d.ours, d.theirs))
    return "end" if shrunk and data else ""


KNOWN: tuple[Known, ...] = (
    Known(
        "delayed-ack", "RFC 9293 §3.8.6.3", "both", "acknowledges a FIN at once",
        "after up to 40 ms, and other things at once or not by its own measure", delayed_ack),
    Known(
        "push", "RFC 9293 §3.9.1.2", "both", "PSH at the end of what was written",
        "also whenever half the window was written since the last one", push),
    Known(
        "minshall", "RFC 9293 §3.7.4", "Aether", "holds a small segment back while anything is out",
        "only while another small one is out (Minshall)", minshall),
    Known(
        "old-ack", "RFC 5961 §5.2", "both", "takes an ACK down to the largest window below SND.UNA",
        "only down to the first number, and challenges the rest", old_ack),
    Known(
        "window-back", "RFC 9293 §3.10.7.4", "Aether", "takes the window of a segment with the numbers of the last one",
        "only if it is larger, or 0", window_back),
)


def explain(program: Program, ours: Trace, theirs: Trace) -> tuple[list[str], Difference | None]:
    """Return the names of known differences, and the first that is none of them."""
    names: list[str] = []
    walk = differences(program, ours, theirs)
    try:
        found = next(walk)
        while True:
            found = replace(found, passed=tuple(names))
            for known in KNOWN:
                what = known.matches(found)
                if what:
                    break
            else:
                if found.kind == "undecided":
                    return [*names, "undecided"], None
                return names, found
            if known.name not in names:
                names.append(known.name)
            if what == "end":
                return names, None
            found = walk.send(what)
    except StopIteration:
        return names, None

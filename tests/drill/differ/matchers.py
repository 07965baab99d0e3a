"""What each known difference looks like. A matcher is narrow: it names what came, what was sent for it, and the fields.

Each returns what to pass over (``ours``, ``theirs``, ``both``) where the rest can still be compared, ``end`` where it
cannot, and nothing if the difference is another.
"""

from __future__ import annotations

import re
from collections import Counter

from shell.drill.script import ScriptCall, TcpPacket
from tests.drill.differ.comparison import Difference, fields_of
from tests.drill.differ.play import Out, Trace, event_of


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
    return event.name if isinstance(event, ScriptCall) else ""


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
        time - 1000 <= out.time <= time + within
        and ("R" in out.flags or (out.ack is not None and signed(out.ack) >= ack))
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
        reset = any(re.match(r"< [A-Z.]*R", step.text) for step in d.program.steps[d.at + 1:d.at + 4])
        reset = reset and not any(
            out.ack is not None and "R" not in out.flags and out.time > a.time
            for step in d.traces[1].steps[d.at:] for out in step.out)
        if a.ack > d.acked[1] and a.ack > d.acked[0] and (reset or later(d.traces[1], a.ack, a.time, 500_000)):
            return "ours"
    if d.kind == "missing" and isinstance(b, Out) and pure(b) and "delayed-ack" in d.passed and b.ack == d.acked[0]:
        near = [one for one in d.traces[1].steps[d.at].out if pure(one) and abs(one.time - b.time) < 100]
        if len(near) > 1:
            return "theirs"
    if isinstance(b, Out) and pure(b) and b.ack is not None and not (
            isinstance(a, Out) and pure(a) and a.ack == b.ack and (a.seq == b.seq or not by_timer(d))):
        if d.acked[1] < b.ack <= d.acked[0]:
            return "theirs"
        if b.ack > d.acked[0] and b.ack > d.acked[1] and later(d.traces[0], b.ack, b.time, 500_000):
            return "theirs"
    return ""


def push(d: Difference) -> str:
    """PSH alone."""
    if d.kind == "segment" and d.fields == ("flags",):
        assert isinstance(d.ours, Out) and isinstance(d.theirs, Out)
        left = again(d, d.ours, 0) and d.ours.flags == "F."  # of a FIN that had left with data, only it is sent again
        if (d.ours.length or left) and d.ours.flags.replace("P", "") == d.theirs.flags.replace("P", ""):
            return "both"
    return ""


def minshall(d: Difference) -> str:
    """A small segment behind full ones, without TCP_NODELAY."""
    b = d.theirs
    if isinstance(b, Out) and b.length and "P" in b.flags and b.seq == d.top[1] and not before(d, "TCP_NODELAY, [1]"):
        full = full_of(d)
        small = b.length < full and (not isinstance(d.ours, Out) or d.ours.seq < b.seq or pure(d.ours))
        if small and d.kind in ("missing", "segment", "undecided"):
            return "end"
        if d.kind == "time" and isinstance(d.ours, Out) and b.time < d.ours.time:
            return "end"
    return "end" if _held_until_a_probe(d) else ""


def _held_until_a_probe(d: Difference) -> bool:
    """Tell whether the kernel probes a tail that left at once there, and as a probe here."""
    b = d.theirs
    if not with_sack(d) or not isinstance(b, Out) or not again(d, b, 1) or before(d, "TCP_NODELAY, [1]"):
        return False
    assert d.traces is not None
    first = [
        (step.at, out.time) for step in d.traces[0].steps[:d.at + 1] for out in step.out
        if out.seq == b.seq and out.length == b.length][:1]
    tail = 0 < b.length < full_of(d) and b.seq + b.length == d.top[1]
    return tail and any(left > at for at, left in first)


def old_ack(d: Difference) -> str:
    """An acknowledgement of what was never sent, below the first number."""
    packet = arrived(d)
    if _data_of_an_old_ack(d):
        return "end"
    if packet is None or packet.ack is None or signed(packet.ack) >= 1 or "R" in packet.flags:
        return ""
    if d.kind == "missing" and pure(d.theirs):
        return "end"
    if d.kind == "segment" and pure(d.theirs) and set(d.fields) <= {"ack", "options"}:
        return "end"
    a = d.ours
    if d.kind == "segment" and pure(d.theirs) and isinstance(a, Out) and a.flags == "R" and a.seq == packet.ack:
        return "end"  # the data that it brings is for nobody
    return "end" if d.kind == "extra" and pure(a) else ""


def _data_of_an_old_ack(d: Difference) -> bool:
    """Tell whether the kernel still waits for data that came with such an acknowledgement, and that we have taken."""
    if d.kind != "segment" or not pure(d.ours) or not pure(d.theirs) or "ack" not in d.fields:
        return False
    assert isinstance(d.theirs, Out)
    return any(
        one.ack is not None and signed(one.ack) < 1 and one.span.length and one.span.first == d.theirs.ack
        for one in segments(d)[:-1])


def window_back(d: Difference) -> str:
    """A smaller window, with the numbers of before."""
    shrunk, largest = False, dict[tuple[int, int], int]()
    for one in segments(d):
        if one.ack is not None and "S" not in one.flags and one.window is not None:
            here = one.span.first, one.ack
            shrunk = shrunk or 0 < one.window < largest.get(here, 0)
            largest[here] = max(one.window, largest.get(here, 0))
    data = any(isinstance(one, Out) and (one.length or "F" in one.flags) for one in (d.ours, d.theirs))
    return "end" if shrunk and data and (d.kind in ("missing", "extra") or "length" in d.fields) else ""


def segments(d: Difference) -> list[TcpPacket]:
    """Return the segments that came up to the step, in order."""
    events = [event_of(step.text) for step in d.program.steps[:d.at + 1]]
    return [event for event in events if isinstance(event, TcpPacket)]


def edge(d: Difference) -> int:
    """Return the right edge of the largest window that the peer has offered."""
    return max(_edges(d), default=0)


def last_edge(d: Difference) -> int:
    """Return the right edge of the window that the peer has offered last."""
    return (_edges(d) or [0])[-1]


def _edges(d: Difference) -> list[int]:
    scale = 4 if "wscale" in " ".join(step.text for step in d.program.steps[:d.at + 1]) else 0
    return [
        signed(one.ack) + ((one.window or 0) << (0 if "S" in one.flags else scale))
        for one in segments(d) if one.ack is not None and signed(one.ack) <= max(d.top)]


def counted(d: Difference) -> list[TcpPacket]:
    """Return the segments that came up to the step, but for those that lay below our window."""
    assert d.traces is not None
    found, acked = [], 0
    for step, happened in zip(d.program.steps[:d.at + 1], d.traces[0].steps, strict=False):
        event = event_of(step.text)
        if isinstance(event, TcpPacket) and (
                "S" in event.flags or signed(event.span.first) >= acked
                or signed(event.span.last) + ("F" in event.flags) > acked):
            found.append(event)
        acked = max([acked, *(signed(out.ack) for out in happened.out if out.ack is not None)])
    return found


def una(d: Difference) -> int:
    """Return what the peer has acknowledged, the segment of the step included."""
    return max((
        signed(one.ack) for one in counted(d)
        if one.ack is not None and signed(one.ack) <= max(d.top) and not set(one.flags) & set("RS")), default=1)


def in_flight(d: Difference, side: int) -> dict[int, int]:
    """Return the lengths of what a host has sent up to the difference and knows not to have arrived, by its number."""
    assert d.traces is not None
    first, found = una(d), dict[int, int]()
    out = (d.ours, d.theirs)[side]
    until = out.time if isinstance(out, Out) else 1 << 60
    for step in d.traces[side].steps[:d.at + 1]:
        for each in step.out:
            if each.length and each.seq + each.length > first and each.time <= until and each is not out:
                found[each.seq] = each.length
    return found


def full_of(d: Difference) -> int:
    """Return the length of a full segment."""
    return mss_of(d) - (12 if with_timestamps(d) else 0)


def with_sack(d: Difference) -> bool:
    """Tell whether the connection has SACK."""
    return "sackOK" in str(d.program.steps) and ("net.ipv4.tcp_sack", "0") not in d.program.sysctls


def stamp(packet: TcpPacket) -> int:
    """Return a segment's timestamp; -1 without."""
    return next((option.values[0] for option in packet.options or () if option.name == "timestamp"), -1)


def apart(d: Difference) -> tuple[set[str], set[str]]:
    """Return the options that only ours has, and those that only theirs has."""
    assert isinstance(d.ours, Out) and isinstance(d.theirs, Out)
    return set(d.ours.options) - set(d.theirs.options), set(d.theirs.options) - set(d.ours.options)


def only(d: Difference, *only_these: str) -> bool:
    """Tell whether both differ in these options alone, and in the first of them."""
    if d.kind != "segment" or d.fields not in (("options",), ("flags", "options")):
        return False
    if d.fields[0] == "flags" and d.ours.flags.replace("P", "") != d.theirs.flags.replace("P", ""):  # type: ignore[union-attr]
        return False
    mine, its = ({each.split()[0] for each in side if each != "nop"} for side in apart(d))
    if ("TS" in mine) != ("TS" in its):
        return False
    words = mine | its
    return only_these[0] in words and words <= set(only_these)


def again(d: Difference, out: object, side: int) -> bool:
    """Tell whether a segment is sent again."""
    return isinstance(out, Out) and bool(out.length or "F" in out.flags or "S" in out.flags) and (
        out.seq + out.length + ("F" in out.flags) <= d.top[side])


def mss_of(d: Difference) -> int:
    """Return the MSS that the peer has offered."""
    found = re.search(r"mss (\d+)", str(d.program.steps))
    return int(found[1]) if found else 536


def paws_old_ack(d: Difference) -> str:
    """An acknowledgement without data whose timestamp is older than the last."""
    packet = arrived(d)
    if packet is None or packet.span.length or set(packet.flags) & set("SFR") or not pure(d.ours) or d.kind != "extra":
        return ""
    latest = max((stamp(one) for one in segments(d)[:-1]), default=-1)
    return "ours" if 0 <= stamp(packet) < latest else ""


def echo_after_delay(d: Difference) -> str:
    """The timestamp that is echoed, after the two have acknowledged at different times."""
    return "both" if only(d, "TS") and "delayed-ack" in d.passed else ""


def echo_of_duplicate(d: Difference) -> str:
    """The timestamp of a segment that ends where the window begins."""
    if not only(d, "TS"):
        return ""
    told = {f"TS ecr {stamp(one)}" for one in segments(d) if one.span.last + ("F" in one.flags) <= d.acked[0] + 1}
    return "both" if told & apart(d)[1] else ""


def data_after_fin(d: Difference) -> str:
    """Data beyond the peer's FIN, or another FIN: what is meant nobody knows, and both make of it what they can."""
    packets, packet = segments(d), arrived(d)
    ends = [one.span.last for one in packets if "F" in one.flags]
    if d.kind == "segment" and d.fields == ("ack",) and ends:
        assert isinstance(d.ours, Out) and isinstance(d.theirs, Out)
        took = [one for one in packets if one.span.length and one.span.last == d.ours.ack and one.span.last > min(ends)]
        return "end" if took and d.theirs.ack == min(ends) + 1 else ""
    if d.kind == "state" or (d.kind == "result" and called(d) == "read"):
        return "end" if ends and any(one.span.length and one.span.last > min(ends) for one in packets) else ""
    a, b = d.ours, d.theirs
    over = isinstance(b, Out) and "R" in b.flags
    mine = b is None and packet is not None and bool(ends) and packet.span.first > min(ends)
    fresh = (over or mine) and isinstance(a, Out) and a.length and a.seq == d.top[0]  # let out by the window it brings
    if not ends or not all(one is None or pure(one) or (isinstance(one, Out) and "R" in one.flags) or (
            one is a and fresh) for one in (a, b)):
        return ""
    if d.kind == "extra" and d.traces is not None and any(
            fields_of(d.ours, out) == () for out in d.traces[1].steps[d.at].out if isinstance(d.ours, Out)):
        return ""
    beyond = [one for one in packets if one.span.last + ("F" in one.flags) > min(ends) + 1]
    now = packet is not None and (packet in beyond or ("F" in packet.flags and (beyond or len(ends) > 1)))
    return "end" if beyond and (now or d.acked_before[0] != d.acked_before[1]) else ""


def simultaneous(d: Difference) -> str:
    """Two SYNs that cross."""
    crossing = before(d, "connect(") and any("S" in one.flags and "." not in one.flags for one in segments(d))
    both = isinstance(d.ours, Out) and isinstance(d.theirs, Out)
    if crossing and both and {d.ours.flags, d.theirs.flags} == {"S."} and d.fields == ("options",):  # type: ignore[union-attr]
        return "end"
    return ""


def send_before_open(d: Difference) -> str:
    """write() before the connection is open, on a socket that does not wait."""
    if d.kind == "result" and called(d) in ("write", "send") and before(d, "connect(") and d.theirs == "-1 EAGAIN":
        return "end"
    return ""


def probe_at_edge(d: Difference) -> str:
    """A probe of the tail where the window leaves room for less than a segment."""
    a = d.ours
    if isinstance(a, Out) and a.length and a.seq == d.top[0] and a.seq + a.length in (edge(d), last_edge(d)) and (
            d.theirs is None or again(d, d.theirs, 1) or d.kind == "undecided"):
        return "end"
    return ""


def since(d: Difference, out: Out, side: int) -> int:
    """Return how long before this segment the same number had left; -1 if it had not."""
    assert d.traces is not None
    times = [
        one.time for step in d.traces[side].steps[:d.at + 1] for one in step.out
        if one.seq == out.seq and (one.length or "F" in one.flags) and one.time < out.time]
    return out.time - times[-1] if times else -1


def collapsed(d: Difference) -> str:
    """Small segments that are sent again."""
    a, b = d.ours, d.theirs
    if again(d, a, 0) and again(d, b, 1) and d.kind == "segment":
        assert isinstance(a, Out) and isinstance(b, Out)
        cut = a.seq == b.seq and a.length > b.length and any("sack" in each for each in b.options)
        same_end = b.seq + b.length == a.seq + a.length
        cut = cut or (b.seq < a.seq and same_end and b.length <= mss_of(d))
        cut = cut or (a.seq < b.seq and same_end and _part_acknowledged(d))  # the rest of one took of the next
        return "end" if cut or (a.seq == b.seq and (a.length < b.length or a.flags + b.flags == "P.FP.")) else ""
    return ""


def bytes_of_cwnd(d: Difference) -> str:
    """Small segments: cwnd has room for their bytes, and not for so many; or it has grown by so many of them."""
    a, b, full = d.ours, d.theirs, full_of(d)
    assert d.traces is not None
    theirs = in_flight(d, 1)
    if d.kind == "missing" and isinstance(b, Out) and b.length and arrived(d):
        told = [out for step in d.traces[1].steps[:d.at] for out in step.out if out.length and out.seq < una(d)]
        few = sum(out.length for out in told) < len(told) * full
        more = len(theirs) * full + b.length > sum(theirs.values()) and (b.seq == d.top[1] or resent(d, 1))
        return "end" if few and more and b.length + sum(theirs.values()) > full else ""
    held = d.kind == "extra" or again(d, b, 1) or pure(b) or (d.kind == "time" and not by_timer(d))
    if not isinstance(a, Out) or not a.length or not held:
        return ""
    if a.seq == d.top[0]:
        if d.kind == "extra" and not alone(d):
            return ""
        tail = full if a.length < full else 0
        return "end" if a.seq + a.length - una(d) <= max(len(theirs), 1) * full + tail else ""
    if "frag_needed" in d.step:
        return "end" if d.kind == "extra" and again(d, a, 0) else ""
    same = {out.seq: out.length for out in d.traces[0].steps[d.at].out if again(d, out, 0) and out.time == a.time}
    others = [out for out in d.traces[1].steps[d.at].out if again(d, out, 1)]
    head = max((out.time for out in others if out.seq == min(same, default=-1)), default=1 << 60)
    count = len({out.seq for out in others if out.time >= head})
    fits = len(same) > count > 0 and sum(same.values()) <= count * full
    return "end" if again(d, a, 0) and a.seq > min(same, default=a.seq) and fits else ""


def application_limited(d: Difference) -> str:
    """More than was in use, a time-out after cwnd was not used in full."""
    a = d.ours
    idle = any(step.wait >= 330_000 for step in d.program.steps[:d.at + 1])
    full = isinstance(a, Out) and a.seq == d.top[0] and a.length >= mss_of(d) - 12
    written = called(d) in ("write", "send") and d.kind == "extra"
    return "end" if full and idle and written and not zero_window(d) else ""


def reset_at_fin(d: Difference) -> str:
    """A reset at the number of the peer's FIN, after it."""
    fins = {one.span.last for one in segments(d) if "F" in one.flags}
    hit = any("R" in one.flags and one.span.first in fins for one in segments(d))
    return "end" if hit and d.kind in ("result", "missing", "extra", "segment", "state") else ""


def old_reset(d: Difference) -> str:
    """A reset with an old timestamp, in SYN-RECEIVED and in TIME-WAIT."""
    latest, told = -1, segments(d)
    for at, one in enumerate(told):
        if "R" in one.flags and 0 <= stamp(one) < latest:
            over = any("F" in each.flags for each in told[:at]) and any(each.ack == d.top[1] for each in told[:at])
            kept = d.kind == "missing" and isinstance(d.theirs, Out) and (d.theirs.flags == "S." or pure(d.theirs))
            answered = pure(d.ours) or (isinstance(d.ours, Out) and d.ours.flags == "R")
            half = d.kind == "segment" and pure(d.theirs) and isinstance(d.ours, Out) and d.ours.flags == "R"
            right = d.top[1] <= 1 or (over and d.theirs is None)
            return "end" if right and (kept or half or (d.kind == "extra" and answered)) else ""
        latest = max(latest, stamp(one))
    return ""


def frto_without_sack(d: Difference) -> str:
    """New data or the FIN after a time-out, without SACK."""
    b = d.theirs
    sack = "sackOK" in str(d.program.steps) and ("net.ipv4.tcp_sack", "0") not in d.program.sysctls
    fresh = isinstance(b, Out) and b.seq == d.top[1] and bool(b.length or "F" in b.flags)
    return "end" if not sack and fresh and again(d, d.ours, 0) and resent(d, 1) else ""


def _part_acknowledged(d: Difference) -> bool:
    """Tell whether what is acknowledged ends inside a segment."""
    assert d.traces is not None
    first = una(d)
    return any(
        out.seq < first < out.seq + out.length for step in d.traces[0].steps[:d.at + 1] for out in step.out)


def _by_timer_there(d: Difference) -> bool:
    """Tell whether a timer of the kernel's sends what we send at once."""
    assert d.traces is not None and isinstance(d.ours, Out)
    step = d.traces[1].steps[d.at]
    return d.kind == "extra" and not by_timer(d) and all(
        out.time > step.at + 3_000 for out in step.out if out.seq == d.ours.seq)


def few_duplicates(d: Difference) -> str:
    """Three duplicate acknowledgements without SACK, with too little in flight to bring them about."""
    a, packet = d.ours, arrived(d)
    if packet is None or not again(d, a, 0) or not (d.kind == "time" or alone(d) or _by_timer_there(d)):
        return ""
    assert isinstance(a, Out)
    sack = "sackOK" in str(d.program.steps) and ("net.ipv4.tcp_sack", "0") not in d.program.sysctls
    same = sum(one.ack == packet.ack and not one.span.length for one in segments(d))
    return "end" if not sack and same >= 3 and (
        len(in_flight(d, 0)) <= 4 or d.top[0] - a.seq <= 4 * max(a.length, 1)) else ""


def fin_beyond_window(d: Difference) -> str:
    """A bare FIN where cwnd leaves no room."""
    a, b = d.ours, d.theirs
    other = d.kind == "extra" or (isinstance(b, Out) and (pure(b) or again(d, b, 1)) and b.seq != getattr(a, "seq", -1))
    if other and isinstance(a, Out) and a.flags == "F." and not a.length and a.seq == d.top[0]:
        return "end"
    return ""


def ends_at_window(d: Difference) -> str:
    """A segment that ends where the window begins; a reset, also one that goes on inside."""
    packet = arrived(d)
    if _rearmed(d) or _fin_known(d) or _window_taken(d) or _window_opened(d) or _known_beside(d) or _first_known(d):
        return "end"
    if packet is None:
        return ""
    end = packet.span.last + ("F" in packet.flags) + ("S" in packet.flags)
    if d.kind == "missing" and "R" in packet.flags and pure(d.theirs) and end >= d.acked_before[1]:
        return "theirs"
    carries = packet.span.length or "F" in packet.flags
    if d.kind == "extra" and carries and pure(d.ours) and end == d.acked_before[1] and alone(d):
        return "ours"
    if carries and end == d.acked_before[1] and d.kind == "segment" and pure(d.ours) and pure(d.theirs):
        assert isinstance(d.theirs, Out)
        if d.fields == ("seq",) or (set(d.fields) <= {"seq", "options"} and d.theirs.seq < d.top[1]):
            return "end"  # it has brought a window
    if not packet.span.first < end == d.acked_before[1]:
        return ""
    fresh = isinstance(d.theirs, Out) and d.theirs.length and d.theirs.seq == d.top[1]
    if fresh and (d.ours is None or pure(d.ours)):
        return "end"
    if packet.ack is not None and (again(d, d.ours, 0) or again(d, d.theirs, 1)):
        return "end"
    return "both" if only(d, "sack", "TS") else ""


def _rearmed(d: Difference) -> bool:
    """Tell whether the acknowledgement of data that ended where the window begins put off the kernel's probe."""
    a, b = d.ours, d.theirs
    if d.kind != "time" or not isinstance(a, Out) or not isinstance(b, Out) or not again(d, a, 0) or b.time < a.time:
        return False
    left = a.time - since(d, a, 0)
    old = [one for at, one in _told(d) if left < at < a.time and one.span.length and one.span.last == d.acked[1]]
    return since(d, a, 0) >= 0 and any(one.ack is not None for one in old)


def _fin_known(d: Difference) -> bool:
    """Tell whether the kernel took the acknowledgement of its FIN from data that ended where the window begins."""
    moved = d.kind == "state" and (d.ours, d.theirs) in (("4", "5"), ("9", "7"), ("11", "7"))
    return moved and any(
        one.ack == d.top[1] and one.span.length and one.span.last == d.acked[1] for _, one in _told(d))


def _window_taken(d: Difference) -> bool:
    """Tell whether the kernel took a smaller window from such data, and so does not send what was written since."""
    a, told = d.ours, segments(d)
    if d.kind != "extra" or called(d) not in ("write", "send") or not isinstance(a, Out) or not a.length or not told:
        return False
    last = told[-1]
    old = last.ack is not None and last.span.length and last.span.last == d.acked[1] and d.theirs is None
    return bool(old) and not last.window and a.seq == d.top[0]


def _window_opened(d: Difference) -> bool:
    """Tell whether the kernel took a larger window from such data, and so sends at once what is written then."""
    b, told = d.theirs, segments(d)
    if d.kind != "missing" or called(d) not in ("write", "send") or not isinstance(b, Out) or not told:
        return False
    last = told[-1]
    old = last.ack is not None and last.span.length and last.span.last + ("F" in last.flags) == d.acked[1]
    return bool(old and last.window and b.length) and b.seq == d.top[1]


def _known_beside(d: Difference) -> bool:
    """Tell whether such data has acknowledged for the kernel what we send again."""
    a = d.ours
    if d.kind != "extra" or d.theirs is not None or not by_timer(d) or not again(d, a, 0) or not isinstance(a, Out):
        return False
    end = a.seq + a.length + ("F" in a.flags)
    return any(signed(one.ack or 0) >= end for one in _at_the_edge(d))


def _first_known(d: Difference) -> bool:
    """Tell whether such data has acknowledged for the kernel the first of what is sent again."""
    a, b = d.ours, d.theirs
    if d.kind != "segment" or not again(d, a, 0) or not again(d, b, 1):
        return False
    assert isinstance(a, Out) and isinstance(b, Out)
    return any(a.seq < signed(one.ack or 0) <= b.seq for one in _at_the_edge(d))


def _at_the_edge(d: Difference) -> list[TcpPacket]:
    """Return the segments with something in them that ended where the kernel's window began, when they came."""
    assert d.traces is not None
    found, acked = list[TcpPacket](), 0
    for line, happened in zip(d.program.steps[:d.at + 1], d.traces[1].steps, strict=False):
        event = event_of(line.text)
        if isinstance(event, TcpPacket) and event.ack is not None and not set(event.flags) & set("SR"):
            end = event.span.last + ("F" in event.flags)
            if signed(event.span.first) < signed(end) == acked:
                found.append(event)
        acked = max([acked, *(out.ack for out in happened.out if out.ack is not None and out.ack < 1 << 31)])
    return found


def _told(d: Difference) -> list[tuple[int, TcpPacket]]:
    """Return the segments that came up to the step, each with its time in our play."""
    assert d.traces is not None
    found = [(happened.at, event_of(step.text)) for step, happened in zip(
        d.program.steps[:d.at + 1], d.traces[0].steps, strict=False)]
    return [(at, event) for at, event in found if isinstance(event, TcpPacket)]


def limited_transmit(d: Difference) -> str:
    """New data for a duplicate acknowledgement, without SACK."""
    packet, a = arrived(d), d.ours
    if packet is None or packet.span.length or not isinstance(a, Out) or a.seq != d.top[0]:
        return ""
    if d.kind != "extra" and not pure(d.theirs):
        return ""
    sack = "sackOK" in str(d.program.steps) and ("net.ipv4.tcp_sack", "0") not in d.program.sysctls
    same = sum(one.ack == packet.ack and not one.span.length for one in segments(d))
    return "end" if a.length and not sack and same > 1 else ""


def without_ack(d: Difference) -> str:
    """A segment without ACK, RST and SYN, outside of the window."""
    packet = arrived(d)
    if packet is not None and not set(packet.flags) & set(".RS") and pure(d.ours) and d.kind == "extra":
        return "ours"
    return ""


def challenge_rate(d: Difference) -> str:
    """An acknowledgement of nothing new, within half a second of another that they had differed in."""
    if d.kind not in ("extra", "missing") or not d.passed:
        return ""
    side = 0 if d.kind == "extra" else 1
    out, packet = (d.ours, d.theirs)[side], arrived(d)
    if not isinstance(out, Out) or not pure(out) or out.ack != d.acked[side] or packet is None:
        return ""
    assert d.traces is not None
    acked, recent = 0, False
    for line, step in zip(d.program.steps[:d.at], d.traces[1 - side].steps, strict=False):
        event = event_of(line.text)
        odd = isinstance(event, TcpPacket) and (bool(set(event.flags) & set("RS")) or signed(event.ack or 0) < 1)
        for one in step.out:
            if one.ack is not None and "R" not in one.flags:  # what acknowledges as usual counts for no rate
                recent = recent or (pure(one) and out.time - 550_000 <= one.time and (one.ack <= acked or odd))
                acked = max(acked, one.ack)
    false = packet.ack is not None and signed(packet.ack) > d.top[side]
    return ("ours", "theirs")[side] if recent and (not packet.span.length or "S" in packet.flags or false) else ""


def cork_pushed(d: Difference) -> str:
    """What is held back for a full segment, when something else happens."""
    b = d.theirs
    held = before(d, "MSG_MORE") or before(d, "TCP_CORK, [1]") or "MSG_MORE" in d.step
    if held and d.kind == "time" and not again(d, d.ours, 0) and not pure(d.ours):
        return "both"
    if held and by_timer(d) and not pure(d.ours) and _flushed(d):
        return "end"
    if held and isinstance(b, Out) and b.length and b.seq == d.top[1] and not (
            isinstance(d.ours, Out) and d.ours.length and d.ours.seq == b.seq and d.ours.length == b.length):
        return "end"
    return ""


def _flushed(d: Difference) -> bool:
    """Tell whether time, and nothing else, has sent what was held back, and that counts for what happens now."""
    assert d.traces is not None
    return any(
        "P" in out.flags and 195_000 < out.time - before <= 205_000
        for step in d.traces[0].steps[:d.at + 1] for out in step.out
        for before in (each.at for each in d.traces[0].steps[:d.at + 1]))


def with_timestamps(d: Difference) -> bool:
    """Tell whether the connection has timestamps."""
    assert d.traces is not None
    return any(
        each.startswith("TS") for step in d.traces[1].steps for out in step.out if "S" not in out.flags
        for each in out.options)


def resent(d: Difference, side: int) -> bool:
    """Tell whether a host has sent anything again up to the step."""
    assert d.traces is not None
    seen, top = set[int](), 0
    for step in d.traces[side].steps[:d.at + 1]:
        for out in step.out:
            if (out.length or "F" in out.flags) and (out.seq in seen or (out.length and out.seq + out.length <= top)):
                return True
            seen.add(out.seq)
            top = max(top, out.seq + out.length) if out.seq < 1 << 30 else top
    return False


def alone(d: Difference) -> bool:
    """Tell whether the other host sent nothing with the number of ours in this step."""
    assert d.traces is not None and isinstance(d.ours, Out)
    return all(one.seq != d.ours.seq or (d.ours.length and pure(one)) for one in d.traces[1].steps[d.at].out)


def by_timer(d: Difference) -> bool:
    """Tell whether a timer sent ours."""
    assert d.traces is not None
    return isinstance(d.ours, Out) and d.ours.time > d.traces[0].steps[d.at].at


def zero_window(d: Difference) -> bool:
    """Tell whether the peer has closed its window at some time."""
    return any(not one.window for one in segments(d) if "R" not in one.flags)


def wrong_ack_in_syn_received(d: Difference) -> str:
    """A segment for a half-open connection that acknowledges what was not sent, and is wrong otherwise too."""
    a, b, packet = d.ours, d.theirs, arrived(d)
    if packet is None or packet.ack is None or not _half_open(d):
        return ""
    crossed = any(out.flags == "S" for step in (d.traces or ((), ()))[1].steps[:d.at] for out in step.out)
    if d.kind == "extra" and crossed and isinstance(a, Out) and a.flags == "R" and a.seq == packet.ack == 0:
        return "end"
    if not isinstance(b, Out) or b.flags != "R":
        return ""
    return "end" if b.seq == packet.ack and packet.ack != 1 else ""


def _half_open(d: Difference) -> bool:
    """Tell whether the kernel has sent a SYN,ACK that nobody has acknowledged before the step."""
    assert d.traces is not None
    opened = [at for at, step in enumerate(d.traces[1].steps[:d.at])
              if any(out.flags[:1] == "S" and "." in out.flags for out in step.out)]
    if not opened:
        return False
    first = max(opened[-1], 0)
    syns = [one.span.first for one in map(event_of, [step.text for step in d.program.steps[:first + 1]])
            if isinstance(one, TcpPacket) and "S" in one.flags]
    since = [event_of(step.text) for step in d.program.steps[first + 1:d.at]]
    return not any(
        isinstance(one, TcpPacket) and one.ack == 1 and not set(one.flags) & set("RS") and one.span.first not in syns
        and _inside(one, syns[-1]) for one in since)


def _inside(packet: TcpPacket, syn: int) -> bool:
    """Tell whether a segment lies inside of the first window after a SYN."""
    first = signed((packet.span.first - syn - 1) & 0xFFFFFFFF)
    return first < 65_535 and (first >= 0 or first + packet.span.length > 0)


def syn_in_syn_received(d: Difference) -> str:
    """Another SYN for a connection that is half open, inside its window."""
    packet, b = arrived(d), d.theirs
    if packet is None or "S" not in packet.flags or not isinstance(b, Out) or "R" not in b.flags or not _half_open(d):
        return ""
    return "end" if d.ours is None or pure(d.ours) else ""  # nothing, if a challenge left a moment ago


def queue_after_reset(d: Difference) -> str:
    """How much is queued after a reset."""
    if d.kind != "result" or called(d) != "ioctl":
        return ""
    fin = (before(d, "shutdown(") or before(d, "close(")) and int(str(d.theirs).split()[-1]) == int(
        str(d.ours).split()[-1]) + 1
    return "end" if fin or str(d.ours).endswith(" 0") else ""


def orphan_in_fin_wait_2(d: Difference) -> str:
    """Anything but its FIN, for a connection that is closed here, and half-closed there."""
    packet, b = arrived(d), d.theirs
    reset = isinstance(b, Out) and "R" in b.flags
    held = pure(d.ours) and (d.kind == "extra" or reset)
    if packet is None or not (held or (d.kind == "missing" and reset)):
        return ""
    assert d.traces is not None
    fin = any("F" in out.flags for step in d.traces[1].steps[:d.at] for out in step.out)
    known = any(one.ack == d.top[1] for one in segments(d)[:-1])
    return "end" if fin and known and (before(d, "close(") or before(d, "SHUT_RDWR")) else ""


def send_buffer(d: Difference) -> str:
    """How much of what is written is taken, while much waits."""
    large = before(d, "14000") or "14000" in d.step
    if d.kind != "result" or called(d) not in ("write", "send", "poll") or not large:
        return ""
    if called(d) == "poll" and d.kind == "result" and before(d, "14000"):
        return "end" if (str(d.ours), str(d.theirs)) in (("1 [4]", "0 [0]"), ("1 [5]", "1 [1]")) else ""
    short = str(d.theirs).isdigit() and str(d.ours).isdigit() and int(str(d.theirs)) < int(str(d.ours))
    return "end" if short or d.theirs == "-1 EAGAIN" else ""


def repacketised(d: Difference) -> str:
    """What is sent again after a router said that it was too large."""
    if d.kind == "missing" and "frag_needed" in d.step and again(d, d.theirs, 1):
        return "end"
    both = again(d, d.ours, 0) and again(d, d.theirs, 1)
    return "end" if (both and before(d, "frag_needed")) or (both and "frag_needed" in d.step) else ""


def disruption(d: Difference) -> str:
    """A router that says a host is out of reach, after a time-out; it counts until the time-out that it has changed."""
    told = "host_unreachable" in d.step and again(d, d.theirs, 1)
    if told and d.kind in ("missing", "time", "segment"):
        return "end"
    b = d.theirs
    if d.kind not in ("missing", "time") or not isinstance(b, Out) or not again(d, b, 1) or b.seq != una(d):
        return ""
    assert d.traces is not None
    waited = b.time > d.traces[1].steps[d.at].at + 3_000 and (d.ours is None or b.time < d.ours.time)  # type: ignore[union-attr]
    left = b.time - since(d, b, 1)
    heard = any(
        "host_unreachable" in step.text and left < happened.at < b.time
        for step, happened in zip(d.program.steps, d.traces[1].steps, strict=False))
    return "end" if waited and heard and resent(d, 1) else ""


def new_data_in_recovery(d: Difference) -> str:
    """New data for the acknowledgement that begins a recovery."""
    packet, b = arrived(d), d.theirs
    sacks = packet is not None and any(option.name == "sack" for option in packet.options or ())
    fresh = isinstance(b, Out) and b.length and b.seq == d.top[1]
    return "end" if sacks and fresh and d.kind in ("missing", "segment") and resent(d, 1) else ""


def duplicates_after_timeout(d: Difference) -> str:
    """Duplicate acknowledgements after a time-out, without SACK."""
    packet = arrived(d)
    if packet is None or packet.span.length or d.kind != "extra" or not again(d, d.ours, 0) or not resent(d, 1):
        return ""
    return "end" if ("net.ipv4.tcp_sack", "0") in d.program.sysctls or "sackOK" not in str(d.program.steps) else ""


def after_timeouts(d: Difference) -> str:
    """How much leaves when what timed out is acknowledged, or some of what was sent beyond it."""
    b, packet, twice = d.theirs, arrived(d), _timed_out_twice(d)
    fresh = isinstance(b, Out) and (b.length or "F" in b.flags) and b.seq == d.top[1]
    assert d.traces is not None
    if (d.kind == "extra" or (d.kind == "segment" and pure(b))) and again(d, d.ours, 0) and packet is not None:
        return "end" if twice and not by_timer(d) else ""
    sacks = packet is not None and any(option.name == "sack" for option in packet.options or ())
    if d.kind == "missing" and sacks and again(d, b, 1):
        return "end" if twice else ""
    if not fresh or not resent(d, 1) or not resent(d, 0):
        return ""
    if d.kind == "segment":
        return "end" if again(d, d.ours, 0) else ""
    fin = isinstance(b, Out) and ("F" in b.flags or (
        twice and any(out.length for out in d.traces[0].steps[d.at].out)))
    return "end" if d.kind == "missing" and (called(d) or fin) else ""


def _timed_out_twice(d: Difference) -> bool:
    """Tell whether the kernel has sent anything again twice before the step."""
    assert d.traces is not None
    top, times = 0, Counter[int]()
    for step in d.traces[1].steps[:d.at]:
        for out in step.out:
            if out.length and out.seq + out.length <= top:
                times[out.seq] += 1
            top = max(top, out.seq + out.length)
    return max(times.values(), default=0) > 1


def reset_options(d: Difference) -> str:
    """The options of a reset."""
    both = isinstance(d.ours, Out) and isinstance(d.theirs, Out) and d.ours.flags == d.theirs.flags
    return "both" if both and "R" in str(getattr(d.ours, "flags", "")) and d.fields == ("options",) else ""


def urgent(d: Difference) -> str:
    """Where the data begins that follows an urgent pointer."""
    marked = any("U" in one.flags for one in segments(d))
    return "end" if marked and d.kind == "result" and called(d) in ("read", "poll", "ioctl") else ""


def _opened_below(d: Difference) -> bool:
    """Tell whether a segment that comes before what only we have acknowledged opened the kernel's window."""
    b, told = d.theirs, segments(d)
    if d.kind != "missing" or not isinstance(b, Out) or b.seq != d.top[1] or "delayed-ack" not in d.passed:
        return False
    last = [one for one in told if not set(one.flags) & set("SR")][-2:]
    if len(last) < 2 or last[0].window or not last[1].window:
        return False
    return last[1].span.first == last[0].span.first < last[0].span.last + ("F" in last[0].flags)


def until_acknowledged(d: Difference) -> str:
    """A segment below what has arrived, which the kernel has not acknowledged yet."""
    packet, b = arrived(d), d.theirs
    if _opened_below(d):
        return "end"
    if packet is None or not d.acked_before[1] <= packet.span.first < d.acked_before[0]:
        return ""
    if only(d, "sack", "TS") and any("sack" in each for each in apart(d)[0]):
        return "both"  # as a duplicate only we report it
    if packet.span.length:
        return ""
    if d.kind == "extra" and pure(d.ours):
        return "ours"
    more = isinstance(b, Out) and b.length and (b.seq == d.top[1] or again(d, b, 1))
    return "end" if d.kind == "missing" and more else ""


def synack_data(d: Difference) -> str:
    """Data in the SYN,ACK that answers our SYN."""
    carried = any("S" in one.flags and "." in one.flags and one.span.length for one in segments(d))
    return "end" if carried and before(d, "connect(") else ""


def reset_at_sack(d: Difference) -> str:
    """A reset at the end of what waits beyond a hole."""
    assert d.traces is not None
    ends = set(re.findall(r"sack.* \d+:(\d+)", " ".join(
        option for step in d.traces[0].steps[:d.at + 1] for out in step.out for option in out.options)))
    hit = any("R" in one.flags and str(one.span.first) in ends for one in segments(d))
    return "end" if hit and d.kind in ("result", "extra", "missing", "segment", "state") else ""


def close_of_listener(d: Difference) -> str:
    """The close of a listening socket, with a handshake under way."""
    reset = isinstance(d.ours, Out) and "R" in d.ours.flags
    return "end" if reset and d.kind == "extra" and called(d) == "close" and "close(3)" in d.step else ""


def close_in_closing(d: Difference) -> str:
    """close() with data unread, after both ends have sent a FIN."""
    reset = isinstance(d.theirs, Out) and "R" in d.theirs.flags
    fin = any("F" in one.flags for one in segments(d))
    return "end" if reset and d.kind == "missing" and called(d) == "close" and fin else ""


def shutdown_unconnected(d: Difference) -> str:
    """Calls on a socket that was shut down without a connection, or before it had one; and what its SYN does."""
    early = before(d, "shutdown(") and not any("S" in one.flags for one in segments(d))
    syn = isinstance(d.ours, Out) and d.ours.flags.startswith("S")
    calls = d.kind == "result" and called(d) in ("read", "send", "write", "poll", "connect")
    return "end" if early and (calls or (d.kind == "extra" and syn)) else ""


def segment_before_open(d: Difference) -> str:
    """TCP_MAXSEG before the peer has said anything."""
    asked = d.kind == "result" and called(d) == "getsockopt" and "TCP_MAXSEG" in d.step
    return "both" if asked and not any("S" in one.flags for one in segments(d)) else ""


def icmp_next(d: Difference) -> str:
    """An ICMP error about the number that comes next, or about what has arrived."""
    told = any("] icmp " in step.text for step in d.program.steps[:d.at + 1])
    if d.kind == "result" and called(d) == "getsockopt" and "SO_ERROR" in d.step and str(d.ours) == "0 0" and told:
        return "both"
    asked = d.kind == "result" and called(d) == "getsockopt" and "TCP_MAXSEG" in d.step and before(d, "frag_needed")
    if asked and int(str(d.theirs).split()[-1]) < int(str(d.ours).split()[-1]):
        return "end"
    both = isinstance(d.ours, Out) and isinstance(d.theirs, Out)
    smaller = both and d.kind == "segment" and d.ours.length > d.theirs.length > 0  # type: ignore[union-attr]
    return "end" if smaller and told and "frag_needed" in str(d.program.steps[:d.at]) else ""


def acknowledged_late(d: Difference) -> str:
    """New data for an acknowledgement that comes together with data, after a time-out."""
    packet, a, b = arrived(d), d.ours, d.theirs
    both = isinstance(a, Out) and isinstance(b, Out) and a.seq == b.seq and a.length == b.length
    if packet is None or not packet.span.length or not both or "ack" not in d.fields:
        return ""
    assert isinstance(a, Out) and isinstance(b, Out)
    if a.ack is None or b.ack is None:
        return ""
    before_it = d.acked_before[0] if a.ack < b.ack else d.acked_before[1]
    return "end" if min(a.ack, b.ack) <= before_it and a.length else ""


def duplicate_late(d: Difference) -> str:
    """A D-SACK block that one of both has reported already."""
    if d.kind != "segment" or d.theirs is None or not set(d.fields) <= {"options", "length", "flags"}:
        return ""
    assert d.traces is not None and isinstance(d.ours, Out) and isinstance(d.theirs, Out)
    mine = {each for each in d.ours.options if each.startswith("sack")}
    more = {each for each in d.theirs.options if each.startswith("sack")} - mine
    head = [out for out in d.traces[1].steps[d.at].out if out.seq < d.theirs.seq and out.time <= d.theirs.time]
    if d.ours.length - d.theirs.length in (8, 12) and any("sack" in each for out in head for each in out.options):
        return "end"
    told = {each for trace in d.traces for step in trace.steps[:d.at + 1] for out in step.out for each in out.options
            if out is not d.theirs}
    return "end" if more and more <= told else ""


def duplicate_half_open(d: Difference) -> str:
    """A D-SACK before the handshake is complete."""
    more, _ = apart(d) if only(d, "sack", "TS") else (set(), set())
    return "both" if more and _half_open(d) else ""


def isn_of_the_second(d: Difference) -> str:
    """The initial number of a second attempt."""
    both = isinstance(d.ours, Out) and isinstance(d.theirs, Out) and d.ours.flags[0] == d.theirs.flags[0] == "S"
    return "end" if both and d.fields == ("seq",) and called(d) == "connect" and before(d, "connect(") else ""


def time_wait_told(d: Difference) -> str:
    """TIME-WAIT, as tcp_info has it."""
    return "end" if d.kind == "state" and (d.ours, d.theirs) == ("6", "7") else ""


def silly_window(d: Difference) -> str:
    """Data that the peer's window cuts to less than a segment."""
    b = d.theirs
    small = isinstance(b, Out) and 0 < b.length < mss_of(d) - 12 and b.seq == d.top[1]
    cut = small and b.seq + b.length in (edge(d), last_edge(d))  # type: ignore[union-attr]
    return "end" if cut and d.kind in ("missing", "time", "segment") else ""


def answered_in_syn_sent(d: Difference) -> str:
    """A segment with a wrong acknowledgement, before our SYN is answered."""
    packet = arrived(d)
    syn = isinstance(d.theirs, Out) and d.theirs.flags.startswith("S")
    return "end" if packet is not None and packet.ack is not None and syn and d.top[1] <= 1 else ""


def deferred(d: Difference) -> str:
    """New data in full segments while others are in flight, which the kernel holds back to send more at once."""
    a = d.ours
    full = isinstance(a, Out) and a.seq == d.top[0] and a.length >= mss_of(d) - 12
    late = d.kind == "time" and isinstance(d.theirs, Out) and d.theirs.time > d.ours.time  # type: ignore[union-attr]
    busy = (d.kind in ("extra", "undecided") or late) and d.top[1] > 1
    if full and busy and called(d) in ("write", "send"):
        return "end"
    return "end" if full and d.kind == "extra" and _a_third_at_most(d) else ""


def _a_third_at_most(d: Difference) -> bool:
    """Tell whether an acknowledgement let us send more new segments, by no more than the kernel waits for.

    It waits while there is room for less than a third of cwnd (tcp_tso_win_divisor), more than a segment is left, and
    something is in flight.
    """
    packet = arrived(d)
    if packet is None or packet.ack is None or by_timer(d):
        return False
    assert d.traces is not None
    ours = [out.seq + out.length for out in d.traces[0].steps[d.at].out if out.length and out.seq >= d.top[1]]
    written = 1 + sum(int(step.result) for step, line in zip(
        d.traces[1].steps[:d.at], d.program.steps, strict=False)
        if line.text.startswith(("write(", "send(")) and step.result.isdigit())
    flight = d.top[1] - packet.ack
    more = max(ours, default=d.top[1]) - d.top[1]
    return flight > 0 and 0 < more * 3 <= flight + more + mss_of(d) and written - d.top[1] > mss_of(d)


def resend_rearms(d: Difference) -> str:
    """The time-out of something that was sent again before."""
    a, b = d.ours, d.theirs
    if not again(d, a, 0) or not by_timer(d) or d.kind not in ("time", "extra", "undecided"):
        return ""
    assert isinstance(a, Out) and d.traces is not None
    if a.flags.startswith("S.") and b is None:  # of a SYN,ACK, with the one that answers their SYN again
        answers = [out.time for step in d.traces[1].steps[:d.at + 1] for out in step.out if out.flags[:2] == "S."]
        return "end" if len(answers) > 1 and answers[-1] + 1_000_000 > a.time else ""
    twice = since(d, a, 0) >= 0 and len([
        0 for step in d.traces[0].steps[:d.at + 1] for out in step.out
        if out.seq == a.seq and out.length and out.time < a.time]) > 1
    return "end" if twice and (not isinstance(b, Out) or b.time > a.time) else ""


def from_sending(d: Difference) -> str:
    """A time-out after a probe and an acknowledgement, counted from when the segment had left."""
    a, b, packet = d.ours, d.theirs, arrived(d)
    if d.kind not in ("time", "missing") or not isinstance(b, Out):
        return ""
    if d.kind == "missing" and (packet is None or packet.ack is None):
        return ""
    later = not isinstance(a, Out) or (again(d, a, 0) and a.time > b.time)
    assert d.traces is not None
    waited = b.time > d.traces[1].steps[d.at].at + 3_000
    return "end" if later and waited and again(d, b, 1) and resent(d, 0) and resent(d, 1) else ""


def stretch_ack(d: Difference) -> str:
    """Data for one acknowledgement of more than two segments, in slow start."""
    b, full = d.theirs, full_of(d)
    if not isinstance(b, Out) or not b.length or d.kind not in ("missing", "time"):
        return ""
    assert d.traces is not None
    if d.kind == "time" and (not by_timer(d) or b.time > d.traces[1].steps[d.at].at + 3_000):
        return ""
    before_it, jump = 1, False
    for one in counted(d):
        if one.ack is not None and one.ack < 1 << 31 and not set(one.flags) & set("RS"):
            most = 1 if _timed_out(d) else 2  # segments
            now, before_it = one.ack - before_it > most * full, max(before_it, one.ack)
            jump = jump or now
            if now and one is arrived(d) and (b.seq == d.top[1] or again(d, b, 1)):
                return "end"
    beyond = b.seq == d.top[1] and b.seq + b.length - before_it > 10 * full  # more than cwnd was at first
    return "end" if jump and beyond else ""


def shrunk_window(d: Difference) -> str:
    """What is sent again while the peer's window has shrunk to less than what is in flight."""
    told = [one for one in segments(d) if one.ack is not None and not set(one.flags) & set("SR")]
    number = d.fields == ("seq",) and pure(d.ours) and pure(d.theirs)
    if not told or not (number or again(d, d.ours, 0) or again(d, d.theirs, 1)):
        return ""
    scale = 4 if "wscale" in " ".join(step.text for step in d.program.steps[:d.at + 1]) else 0
    right = min(signed(one.ack or 0) + ((one.window or 0) << scale) for one in told[-4:])
    if right >= max(d.top):
        return ""
    return "both" if number else "end" if d.kind in ("segment", "time", "extra", "missing") else ""


def proportional(d: Difference) -> str:
    """How much leaves for one acknowledgement with SACK blocks, in a recovery."""
    packet, a = arrived(d), d.ours
    sacks = packet is not None and any(option.name == "sack" for option in packet.options or ())
    assert d.traces is not None
    if sacks and d.kind == "missing" and again(d, d.theirs, 1):
        full = full_of(d)
        small = any(0 < out.length < full - 36 for step in d.traces[1].steps[:d.at] for out in step.out)
        one_more = sum(out.length and out.seq < d.top[1] for out in d.traces[1].steps[d.at].out) == 1
        return "end" if (small or one_more) and resent(d, 0) else ""
    if not sacks or not isinstance(a, Out) or by_timer(d) or d.kind != "extra":
        return ""
    if a.length and a.seq == d.top[0] and resent(d, 0) and resent(d, 1):
        return "end"
    more = any(out.length and out.seq < d.top[1] for out in d.traces[1].steps[d.at].out)
    return "end" if more and again(d, a, 0) else ""


def close_in_syn_received(d: Difference) -> str:
    """shutdown() before a handshake that both have begun is complete."""
    fin = isinstance(d.ours, Out) and d.ours.flags == "F." and not d.ours.length
    return "end" if fin and d.kind == "extra" and called(d) == "shutdown" and _half_open(d) else ""


def trip_of_the_first(d: Difference) -> str:
    """The time-out after an acknowledgement of several segments, or of a SYN,ACK that crossed another."""
    a, b, packet = d.ours, d.theirs, arrived(d)
    if again(d, b, 1) and d.kind in ("missing", "time") and before(d, "connect(") and any(
            "S" in one.flags and "." not in one.flags for one in segments(d)):
        return "end"
    if packet is None or packet.ack is None or not again(d, a, 0) or not by_timer(d):
        return ""
    assert isinstance(a, Out)
    if d.kind == "extra" and b is None:
        return "end" if _apart_in_time(d) and a.seq == una(d) else ""
    return "end" if d.kind == "time" and again(d, b, 1) and b.time > a.time else ""  # type: ignore[union-attr]


def _apart_in_time(d: Difference) -> bool:
    """Tell whether what the segment of the step acknowledges had left at times that are far from each other."""
    assert d.traces is not None
    before_it = max([1, *(signed(one.ack) for one in counted(d)[:-1] if one.ack is not None and one.ack < 1 << 31)])
    times = [
        out.time for step in d.traces[0].steps[:d.at] for out in step.out
        if out.length and out.seq + out.length > before_it and out.seq < una(d)]
    return len(times) > 1 and max(times) - min(times) > 20_000


def accept_after_reset(d: Difference) -> str:
    """accept() of a connection that was reset before."""
    reset = any("R" in one.flags for one in segments(d))
    return "end" if reset and d.kind == "result" and called(d) == "accept4" and d.ours == "-1 EAGAIN" else ""


def syn_again(d: Difference) -> str:
    """The second time that a SYN is repeated, and those that follow."""
    b = d.theirs
    syn = isinstance(b, Out) and b.flags.startswith("S") and "." not in b.flags
    assert d.traces is not None
    sent = [0 for step in d.traces[1].steps[:d.at + 1] for out in step.out if out.flags.startswith("S")
            and isinstance(b, Out) and out.time < b.time]
    return "end" if syn and len(sent) > 1 and d.kind in ("missing", "time") and d.top[1] <= 1 else ""


def number_of_the_syn(d: Difference) -> str:
    """A segment that is not a SYN, and begins at its number."""
    packet = arrived(d)
    syns = {one.span.first for one in segments(d) if "S" in one.flags} | {0}
    if packet is None or "S" in packet.flags or not only(d, "sack", "TS"):
        return ""
    return "both" if signed(packet.span.first) <= 0 or packet.span.first in syns else ""


def reset_in_syn_received(d: Difference) -> str:
    """A reset inside the window of a half-open connection, and not where it begins."""
    packet = arrived(d)
    if packet is None or "R" not in packet.flags or not _half_open(d) or d.kind != "extra" or not pure(d.ours):
        return ""
    assert isinstance(d.ours, Out)
    return "end" if d.ours.ack is not None and 0 < packet.span.first - d.ours.ack < 65_536 else ""


def duplicate_ahead(d: Difference) -> str:
    """Three duplicates without SACK, of which one is the first of a higher number than whatever came before."""
    told = [one for one in segments(d) if one.ack is not None and not set(one.flags) & set("RS")]
    if with_sack(d) or arrived(d) is None or len(told) < 4 or d.kind != "extra" or not again(d, d.ours, 0):
        return ""
    same = [
        at for at, one in enumerate(told)
        if one.ack == told[-1].ack and not one.span.length and "F" not in one.flags]
    ahead = [
        at for at in same[-3:]
        if at and signed(told[at].span.first) > max(signed(one.span.first) for one in told[:at])]
    return "end" if len(same) >= 3 and ahead and same[-1] == len(told) - 1 else ""


def echo_in_syn_received(d: Difference) -> str:
    """A segment for a half-open connection that echoes a timestamp of the connection before."""
    packet, b = arrived(d), d.theirs
    if packet is None or not isinstance(b, Out):
        return ""
    assert d.traces is not None
    echoed = [option.values[1] for option in packet.options or () if option.name == "timestamp"]
    opened = [out for step in d.traces[1].steps[:d.at] for out in step.out if out.flags.startswith("S.")]
    resets = any("R" in one.flags for one in segments(d)[:-1]) or any(
        "R" in out.flags for step in d.traces[1].steps[:d.at] for out in step.out)
    if echoed != [100] or not resets or len(opened) < 2:
        return ""
    if b.flags == "R" and b.seq == packet.ack and packet.ack != 1:
        return "end"  # it is half open there still
    mine = d.kind == "missing" or "options" in d.fields
    return "end" if mine and pure(b) and b.ack == opened[-1].ack else ""


def recovery_after_spurious(d: Difference) -> str:
    """What is lost behind the segment that a time-out has sent again for nothing, once enough is SACKed."""
    packet, a = arrived(d), d.ours
    sacks = packet is not None and any(option.name == "sack" for option in packet.options or ())
    if packet is None or not sacks or d.kind != "extra" or not again(d, a, 0) or by_timer(d):
        return ""
    assert d.traces is not None and isinstance(a, Out)
    heads = [[out for step in trace.steps[:d.at] for out in step.out if out.length and out.seq == packet.ack]
             for trace in d.traces]
    return "end" if all(len(found) == 2 for found in heads) and a.seq == heads[0][0].seq + heads[0][0].length else ""


def reset_in_closing(d: Difference) -> str:
    """What a call says after a reset that came when both ends had sent a FIN, and all data was acknowledged."""
    told = segments(d)
    fins = [at for at, one in enumerate(told) if "F" in one.flags]
    reset = fins and any("R" in one.flags for one in told[fins[0] + 1:])
    assert d.traces is not None
    fin = any("F" in out.flags for step in d.traces[1].steps[:d.at] for out in step.out)
    said = (d.ours, d.theirs) in (("-1 EPIPE", "-1 ECONNRESET"), ("0 0", "0 104"), ("1 [21]", "1 [29]"))
    return "end" if d.kind == "result" and reset and fin and said else ""


def probe_after_recovery(d: Difference) -> str:
    """A probe of the tail after the acknowledgement that ends a recovery."""
    a, b, packet = d.ours, d.theirs, arrived(d)
    if packet is None or packet.ack is None or not by_timer(d) or not again(d, a, 0) or not isinstance(a, Out):
        return ""
    assert d.traces is not None
    tail = a.seq + a.length + ("F" in a.flags) == d.top[0] and a.seq > packet.ack
    before_it = all(_sent_twice(trace, d.at) for trace in d.traces)
    waits = b is None or (isinstance(b, Out) and b.seq == packet.ack and b.time > a.time)
    return "end" if tail and before_it and waits and d.kind in ("segment", "extra", "time") else ""


def _sent_twice(trace: Trace, at: int) -> bool:
    """Tell whether a host has sent anything again, from its beginning on, before a step."""
    seen = [out.seq for step in trace.steps[:at] for out in step.out if out.length]
    return len(seen) > len(set(seen))


def timer_of_a_part(d: Difference) -> str:
    """The time-out after an acknowledgement that landed inside a segment, and brought no whole one."""
    a, b = d.ours, d.theirs
    if d.kind not in ("missing", "time") or not isinstance(b, Out) or not again(d, b, 1):
        return ""
    assert d.traces is not None
    inside = any(
        out.length and out.seq < b.seq < out.seq + out.length for step in d.traces[1].steps[:d.at] for out in step.out)
    earlier = a is None or (again(d, a, 0) and b.time < a.time)  # type: ignore[union-attr]
    waited = b.time > d.traces[1].steps[d.at].at + 3_000
    return "end" if inside and earlier and waited and b.seq == una(d) else ""


def probe_after_timeout(d: Difference) -> str:
    """A probe of the tail after a time-out that came before an earlier probe was acknowledged."""
    a, b = d.ours, d.theirs
    if d.kind not in ("extra", "segment", "time") or not with_sack(d) or not by_timer(d) or not again(d, a, 0):
        return ""
    assert isinstance(a, Out) and d.traces is not None
    tail = a.seq + a.length + ("F" in a.flags) == d.top[0]
    waits = b is None or (isinstance(b, Out) and b.seq == una(d) and b.time > a.time)
    probed = timed_out = False
    top, seen = 0, set[int]()
    for step in d.traces[1].steps[:d.at]:
        for out in step.out:
            if out.length and out.time > step.at + 3_000:
                probed = probed or (not timed_out and (out.seq in seen) and out.seq + out.length == top) or (
                    out.seq == top)
                timed_out = timed_out or (probed and out.seq in seen and out.seq + out.length < top)
            if out.length:
                seen.add(out.seq)
                top = max(top, out.seq + out.length)
    return "end" if tail and waits and probed and timed_out else ""


def share_of_flight(d: Difference) -> str:
    """How much may be sent again in a recovery that began with less in flight than cwnd has room for."""
    packet, full, b = arrived(d), full_of(d), d.theirs
    sacks = packet is not None and any(option.name == "sack" for option in packet.options or ())
    if packet is not None and d.kind == "missing" and isinstance(b, Out) and b.length and b.seq == d.top[1] == d.top[0]:
        return "end" if with_sack(d) and resent(d, 0) and resent(d, 1) and not _timed_out(d) else ""
    if packet is None or not sacks or d.kind != "missing" or not again(d, d.theirs, 1) or not resent(d, 0):
        return ""
    return "end" if max(d.top) - una(d) <= 9 * full and not _timed_out(d) else ""


def _timed_out(d: Difference) -> bool:
    """Tell whether a timer of the kernel has sent anything again before the step."""
    assert d.traces is not None
    seen = set[int]()
    for step in d.traces[1].steps[:d.at]:
        for out in step.out:
            if out.length and out.seq in seen and out.time > step.at + 3_000:
                return True
            seen.add(out.seq)
    return False


def refused_half_open(d: Difference) -> str:
    """What is told of a reset of an opening that crosses another."""
    crossing = before(d, "connect(") and any("S" in one.flags and "." not in one.flags for one in segments(d))
    reset = any("R" in one.flags for one in segments(d))
    said = (d.ours, d.theirs) in (("-1 ECONNREFUSED", "-1 ECONNRESET"), ("0 111", "0 104"))
    return "end" if d.kind == "result" and crossing and reset and said else ""


def threshold_falls(d: Difference) -> str:
    """The first or second duplicate, without SACK, after as many duplicates as segments were in flight before."""
    packet, b = arrived(d), d.theirs
    if packet is None or packet.span.length or d.kind != "missing" or with_sack(d) or not again(d, b, 1):
        return ""
    assert isinstance(b, Out) and d.traces is not None
    at_once = b.time <= d.traces[1].steps[d.at].at + 3_000
    told = [one.ack for one in segments(d) if not one.span.length and one.ack is not None]
    earlier = any(count > 1 for ack, count in Counter(told).items() if ack != packet.ack)
    return "end" if at_once and earlier and b.seq == packet.ack and told.count(packet.ack) <= 3 else ""


def window_of_overtaken(d: Difference) -> str:
    """The window of a segment that acknowledges something new, and was sent before the one whose window counts."""
    packet, a, told = arrived(d), d.ours, segments(d)
    b = d.theirs
    opened = d.kind == "missing" and isinstance(b, Out) and bool(b.length) and b.seq == d.top[1]
    if packet is None or packet.ack is None or not (
            opened or (d.kind == "extra" and isinstance(a, Out) and a.seq == d.top[0])):
        return ""
    newer = any(signed(one.span.first) > signed(packet.span.first) for one in told[:-1] if one.ack is not None)
    acked = max([1, *(signed(one.ack) for one in told[:-1] if one.ack is not None and one.ack < 1 << 31)])
    if opened:
        return "end" if newer and packet.ack > acked and packet.window and zero_window(d) else ""
    assert isinstance(a, Out)
    return "end" if newer and packet.ack > acked and a.length and a.seq + a.length > last_edge(d) else ""


def reordering_edge(d: Difference) -> str:
    """What is sent again at once, or a moment later, when the time for reordering is over in that moment."""
    packet, a = arrived(d), d.ours
    sacks = packet is not None and any(option.name == "sack" for option in packet.options or ())
    if not sacks or d.kind != "extra" or not again(d, a, 0) or by_timer(d) or not isinstance(a, Out):
        return ""
    assert d.traces is not None
    here = d.traces[1].steps[d.at].at
    return "end" if any(
        ((out.seq, out.length) == (a.seq, a.length) or "R" in out.flags) and here < out.time <= here + 12_000
        for step in d.traces[1].steps[d.at:] for out in step.out) else ""


def reset_with_syn(d: Difference) -> str:
    """A segment with SYN and RST where the window of a half-open connection begins."""
    told, b = segments(d), d.theirs
    syn = next((one.span.first for one in told if set(one.flags) & set("SR") == {"S"}), -1)
    hit = [at for at, one in enumerate(told) if {"S", "R"} <= set(one.flags) and one.span.first == syn + 1]
    opened = any("A" in one.flags or one.ack is not None for one in told[:hit[0]]) if hit else True
    if opened or before(d, "connect(") or d.top[1] > 1:
        return ""
    again_ = d.kind == "missing" and isinstance(b, Out) and b.flags == "S."
    gone = isinstance(d.ours, Out) and d.ours.flags == "R" and d.kind in ("extra", "segment")
    return "end" if again_ or gone else ""


def resent_first(d: Difference) -> str:
    """What is sent again for an acknowledgement that comes together with data."""
    packet, a, b = arrived(d), d.ours, d.theirs
    if packet is None or not packet.span.length or packet.ack is None:
        return ""
    assert d.traces is not None
    if d.kind == "segment" and d.fields == ("ack",) and again(d, a, 0) and again(d, b, 1):
        assert isinstance(a, Out) and isinstance(b, Out)
        return "end" if (a.ack or 0) > (b.ack or 0) == d.acked_before[1] else ""
    if d.kind == "missing" and pure(b) and isinstance(b, Out) and b.ack == d.acked_before[1]:
        first = d.traces[1].steps[d.at].out[0]
        return "end" if first is not b and first.ack == b.ack and first.seq < d.top[1] and first.length else ""
    return ""


def part_sacked(d: Difference) -> str:
    """A probe of the tail, or none, where nothing but parts of segments was SACKed."""
    a, b = d.ours, d.theirs
    if not with_sack(d) or not again(d, b, 1) or d.kind not in ("segment", "missing"):
        return ""
    assert d.traces is not None and isinstance(b, Out)
    if isinstance(a, Out) and not (again(d, a, 0) and a.seq < b.seq):
        return ""
    sent = {(out.seq, out.seq + out.length) for step in d.traces[1].steps[:d.at + 1] for out in step.out if out.length}
    blocks = {block for one in segments(d) for option in one.options or () if option.name == "sack"
              for block in zip(option.values[::2], option.values[1::2], strict=False)}
    whole = any(left <= low and high <= right for left, right in blocks for low, high in sent)
    inside = any(low <= left and right <= high for left, right in blocks for low, high in sent)
    waited = b.time > d.traces[1].steps[d.at].at + 3_000
    return "end" if inside and not whole and waited and b.seq + b.length == d.top[1] else ""


def probe_put_off(d: Difference) -> str:
    """The time-out after a probe of the tail, when new data was sent since the probe."""
    a, b = d.ours, d.theirs
    if not with_sack(d) or not again(d, a, 0) or d.kind not in ("time", "extra") or not by_timer(d):
        return ""
    assert isinstance(a, Out) and d.traces is not None
    if isinstance(b, Out) and b.time < a.time:
        return ""
    top, probed = 0, False
    for step in d.traces[0].steps[:d.at + 1]:
        for out in step.out:
            if out.time >= a.time or not out.length:
                continue
            end = out.seq + out.length
            if probed and end > top:
                return "end"
            probed = probed or (end == top and out.time > step.at)
            top = max(top, end)
    return ""


def compressed(d: Difference) -> str:
    """The fourth duplicate acknowledgement with SACK blocks and those that follow."""
    a, packet = d.ours, arrived(d)
    if d.kind != "extra" or packet is None or not packet.span.length or not pure(a) or not isinstance(a, Out):
        return ""
    assert d.traces is not None
    same = [out for step in d.traces[0].steps[:d.at] for out in step.out
            if pure(out) and out.ack == a.ack and any("sack" in each for each in out.options)]
    return "ours" if len(same) >= 3 and any("sack" in each for each in a.options) else ""


def ack_in_time_wait(d: Difference) -> str:
    """An acknowledgement of what was never sent, in TIME-WAIT."""
    packet = arrived(d)
    if d.kind != "extra" or packet is None or packet.span.length or not pure(d.ours) or packet.ack is None:
        return ""
    told = segments(d)[:-1]
    fins = [one for one in told if "F" in one.flags and one.span.last + 1 == d.acked[0]]
    over = any(one.ack == d.top[0] for one in told)
    return "ours" if fins and over and signed(packet.ack) > d.top[0] and packet.flags == "." else ""


def probe_of_window(d: Difference) -> str:
    """When a closed window is probed: the second time, or after an acknowledgement that leaves it closed."""
    a = d.ours
    probe = pure(a) and isinstance(a, Out) and a.seq == una(d) - 1 and by_timer(d)
    if not probe or d.kind not in ("extra", "time") or not zero_window(d):
        return ""
    assert d.traces is not None and isinstance(a, Out)
    before_it = any(
        out.time < a.time and out.seq == a.seq for step in d.traces[0].steps[:d.at + 1] for out in step.out)
    b = d.theirs
    return "end" if before_it and (not isinstance(b, Out) or b.time > a.time) else ""


def lost_again(d: Difference) -> str:
    """What is sent first when an acknowledgement shows that something was lost again, and other things once."""
    packet, a, b = arrived(d), d.ours, d.theirs
    if packet is None or d.kind != "segment" or not again(d, a, 0) or not again(d, b, 1) or by_timer(d):
        return ""
    assert isinstance(a, Out) and isinstance(b, Out) and d.traces is not None
    sacks = any(option.name == "sack" for option in packet.options or ())
    times = sum(out.seq == a.seq and bool(out.length) for step in d.traces[0].steps[:d.at] for out in step.out)
    return "end" if sacks and times > 1 and a.seq == una(d) and b.seq == a.seq + a.length else ""


def old_sack(d: Difference) -> str:
    """What is sent again for SACK blocks that come with an acknowledgement of what was acknowledged before."""
    packet, a = arrived(d), d.ours
    if packet is None or packet.ack is None or d.kind != "extra" or not again(d, a, 0) or by_timer(d):
        return ""
    sacks = any(option.name == "sack" for option in packet.options or ())
    return "end" if sacks and 0 < signed(packet.ack) < una(d) and resent(d, 1) else ""

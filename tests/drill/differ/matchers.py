"""What each known difference looks like. A matcher is narrow: it names what came, what was sent for it, and the fields.

Each returns what to pass over (``ours``, ``theirs``, ``both``) where the rest can still be compared, ``end`` where it
cannot, and nothing if the difference is another.
"""

from __future__ import annotations

import re

from shell.drill.script import Call, TcpPacket
from tests.drill.differ.comparison import Difference
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
    if d.kind == "missing" and isinstance(b, Out) and pure(b) and "delayed-ack" in d.passed and b.ack == d.acked[0]:
        near = [one for one in d.traces[1].steps[d.at].out if pure(one) and abs(one.time - b.time) < 100]
        return "theirs" if len(near) > 1 else ""
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
    for one in segments(d):
        if one.ack is not None and "S" not in one.flags and one.window is not None:
            here = one.span.first, one.ack
            shrunk = shrunk or (here == at and 0 < one.window < window)
            window, at = one.window, here
    data = any(isinstance(one, Out) and (one.length or "F" in one.flags) for one in (d.ours, d.theirs))
    return "end" if shrunk and data else ""


def segments(d: Difference) -> list[TcpPacket]:
    """Return the segments that came up to the step, in order."""
    events = [event_of(step.text) for step in d.program.steps[:d.at + 1]]
    return [event for event in events if isinstance(event, TcpPacket)]


def edge(d: Difference) -> int:
    """Return the right edge of the largest window that the peer has offered."""
    scale = 4 if "wscale" in " ".join(step.text for step in d.program.steps[:d.at + 1]) else 0
    return max((
        signed(one.ack) + ((one.window or 0) << (0 if "S" in one.flags else scale))
        for one in segments(d) if one.ack is not None), default=0)


def stamp(packet: TcpPacket) -> int:
    """Return a segment's timestamp; -1 without."""
    return next((option.values[0] for option in packet.options or () if option.name == "timestamp"), -1)


def apart(d: Difference) -> tuple[set[str], set[str]]:
    """Return the options that only ours has, and those that only theirs has."""
    assert isinstance(d.ours, Out) and isinstance(d.theirs, Out)
    return set(d.ours.options) - set(d.theirs.options), set(d.theirs.options) - set(d.ours.options)


def only(d: Difference, *only_these: str) -> bool:
    """Tell whether both differ in these options alone, and in the first of them."""
    if d.kind != "segment" or d.fields != ("options",):
        return False
    words = {each.split()[0] for side in apart(d) for each in side if each != "nop"}
    return only_these[0] in words and words <= set(only_these)


def again(d: Difference, out: object, side: int) -> bool:
    """Tell whether a segment is sent again."""
    return isinstance(out, Out) and bool(out.length or "F" in out.flags or "S" in out.flags) and (
        out.seq + out.length + ("F" in out.flags) <= d.top[side])


def window_update(d: Difference) -> str:
    """Reading opens the window, and one host says so."""
    if called(d) in ("read", "recv") and d.kind in ("extra", "missing"):
        if pure(d.ours) or pure(d.theirs):
            return "ours" if d.kind == "extra" else "theirs"
    return ""


def paws_old_ack(d: Difference) -> str:
    """An acknowledgement without data whose timestamp is older than the last."""
    packet = arrived(d)
    if packet is None or packet.span.length or set(packet.flags) & set("SFR") or not pure(d.ours) or d.kind != "extra":
        return ""
    latest = max((stamp(one) for one in segments(d)[:-1]), default=-1)
    return "ours" if 0 <= stamp(packet) < latest else ""


def sack_of_controls(d: Difference) -> str:
    """SACK blocks for what a SYN or a FIN takes of the sequence numbers."""
    if not only(d, "sack", "TS"):
        return ""
    packet = arrived(d)
    fins = [one.span.last for one in segments(d) if "F" in one.flags]
    if packet is not None and (set(packet.flags) & set("SF") or signed(packet.span.first) <= 0):
        return "both"
    for side in apart(d):
        for each in side:
            for first, last in re.findall(r"(\d+):(\d+)", each):
                if int(first) in fins or int(last) - 1 in fins or signed(int(first)) <= 0:
                    return "both"
    return ""


def partial_duplicate(d: Difference) -> str:
    """New data that overlaps what waits behind a hole."""
    packet = arrived(d)
    if packet is not None and packet.span.length and only(d, "sack") and not apart(d)[0] - {"nop"}:
        return "both"
    return ""


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
    """Data beyond the peer's FIN."""
    packet = arrived(d)
    fins = any("F" in one.flags for one in segments(d)[:-1])
    if packet is not None and fins and packet.span.length and isinstance(d.theirs, Out) and d.theirs.flags == "R":
        return "end"
    return ""


def data_after_close(d: Difference) -> str:
    """Data for a connection of which nobody reads any more."""
    packet = arrived(d)
    shut = before(d, "close(") or before(d, "SHUT_RDWR") or before(d, "SHUT_RD)")
    if packet is not None and packet.span.length and shut and isinstance(d.theirs, Out) and d.theirs.flags == "R":
        return "end"
    return ""


def simultaneous(d: Difference) -> str:
    """Two SYNs that cross."""
    crossing = before(d, "connect(") and any(one.flags == "S" for one in segments(d))
    both = isinstance(d.ours, Out) and isinstance(d.theirs, Out)
    if crossing and both and {d.ours.flags, d.theirs.flags} == {"S."} and d.fields == ("options",):  # type: ignore[union-attr]
        return "end"
    return ""


def send_before_open(d: Difference) -> str:
    """write() before the connection is open, on a socket that does not wait."""
    if d.kind == "result" and called(d) in ("write", "send") and before(d, "connect(") and d.theirs == "-1 EAGAIN":
        return "end"
    return ""


def silly_window(d: Difference) -> str:
    """A segment that the peer's window cuts."""
    b = d.theirs
    if isinstance(b, Out) and b.length and b.seq == d.top[1] and b.seq + b.length == edge(d):
        return "end"
    return ""


def probe_at_edge(d: Difference) -> str:
    """A probe of the tail where the window leaves room for less than a segment."""
    a = d.ours
    if isinstance(a, Out) and a.length and a.seq == d.top[0] and a.seq + a.length == edge(d) and (
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


def second_probe(d: Difference) -> str:
    """When something is sent again for the second time."""
    b = d.theirs
    if d.kind not in ("time", "missing") or not again(d, b, 1):
        return ""
    assert isinstance(b, Out)
    if isinstance(d.ours, Out):
        return "end" if since(d, b, 1) < since(d, d.ours, 0) else ""
    return "end" if b.seq + b.length + ("F" in b.flags) <= d.top[0] and since(d, b, 1) > 0 else ""


def timeout_after_probe(d: Difference) -> str:
    """The time-out, where new data was sent after a probe."""
    a = d.ours
    if d.kind not in ("extra", "time") or not again(d, a, 0) or called(d) == "":
        return ""
    assert isinstance(a, Out) and d.traces is not None
    fresh = [
        out for step in d.traces[0].steps[:d.at + 1] for out in step.out
        if out.length and out.seq > a.seq and a.time - since(d, a, 0) < out.time < a.time]
    later = not isinstance(d.theirs, Out) or d.theirs.time > a.time
    return "end" if fresh and later else ""


def collapsed(d: Difference) -> str:
    """Small segments that are sent again."""
    a, b = d.ours, d.theirs
    if again(d, a, 0) and again(d, b, 1):
        assert isinstance(a, Out) and isinstance(b, Out)
        return "end" if a.seq == b.seq and a.length < b.length else ""
    return ""


def bytes_of_cwnd(d: Difference) -> str:
    """Small segments beside one that was sent again after a time-out, when cwnd is one segment."""
    a = d.ours
    if not isinstance(a, Out) or not a.length or a.seq != d.top[0] or d.kind not in ("extra", "segment"):
        return ""
    assert d.traces is not None
    seen: set[int] = set()
    for step in d.traces[0].steps[:d.at + 1]:
        for out in step.out:
            if out.time < a.time and out.length and out.seq in seen and out.seq + a.length <= a.seq + a.length:
                return "end" if a.length < 1460 else ""
            seen.add(out.seq)
    return ""


def unacceptable_ack(d: Difference) -> str:
    """Duplicate acknowledgements in segments that are below the window."""
    below = [one for one in segments(d) if one.ack is not None and one.span.last < d.acked[0] and "S" not in one.flags]
    return "end" if below and again(d, d.ours, 0) and d.kind in ("extra", "time", "segment") and arrived(d) else ""


def few_duplicates(d: Difference) -> str:
    """Three duplicate acknowledgements without SACK, with too little in flight to bring them about."""
    a, packet = d.ours, arrived(d)
    if packet is None or not again(d, a, 0) or d.kind not in ("extra", "time", "segment"):
        return ""
    assert isinstance(a, Out)
    sack = any("sackOK" in step.text for step in d.program.steps) and ("net.ipv4.tcp_sack", "0") not in d.program.sysctls
    same = sum(one.ack == packet.ack and not one.span.length for one in segments(d))
    return "end" if not sack and same >= 3 and d.top[0] - a.seq <= 3 * max(a.length, 1) else ""


def fin_beyond_window(d: Difference) -> str:
    """A bare FIN where cwnd leaves no room."""
    a = d.ours
    if d.kind in ("extra", "segment") and isinstance(a, Out) and a.flags == "F." and not a.length and a.seq == d.top[0]:
        return "end"
    return ""


def poll_after_reset(d: Difference) -> str:
    """poll() after a reset."""
    if d.kind == "result" and called(d) == "poll" and (d.ours, d.theirs) == ("1 [24]", "1 [29]"):
        return "end"
    return ""


def listen_again(d: Difference) -> str:
    """listen() on a socket that listens, or is connected."""
    if d.kind == "result" and called(d) == "listen":
        return "end"
    return ""


def shutdown_after_reset(d: Difference) -> str:
    """shutdown() of a connection that is gone."""
    return "end" if d.kind == "result" and called(d) == "shutdown" and d.theirs == "-1 ENOTCONN" else ""


def abort_options(d: Difference) -> str:
    """Options and window of the reset that close() sends."""
    if d.kind == "segment" and d.fields == ("options",) and isinstance(d.ours, Out) and d.ours.flags == "R." and (
            called(d) == "close"):
        return "both"
    return ""


def ends_at_window(d: Difference) -> str:
    """A reset or a FIN that ends where the window begins."""
    packet = arrived(d)
    if packet is None or "R" not in packet.flags or not pure(d.theirs) or d.kind != "missing":
        return ""
    end = packet.span.last + ("F" in packet.flags) + ("S" in packet.flags)
    return "theirs" if end == d.acked[1] else ""


def without_ack(d: Difference) -> str:
    """A segment without ACK, RST and SYN, outside of the window."""
    packet = arrived(d)
    if packet is not None and not set(packet.flags) & set(".RS") and pure(d.ours) and d.kind == "extra":
        return "ours"
    return ""


def challenge_rate(d: Difference) -> str:
    """An acknowledgement of nothing new, within half a second of another."""
    a = d.ours
    packet = arrived(d)
    if d.kind != "extra" or not isinstance(a, Out) or not pure(a) or a.ack != d.acked[0] or packet is None:
        return ""
    assert d.traces is not None
    recent = any(
        a.time - 550_000 <= out.time < a.time and pure(out) for step in d.traces[1].steps[:d.at] for out in step.out)
    return "ours" if recent and (not packet.span.length or "S" in packet.flags) else ""


def cork_pushed(d: Difference) -> str:
    """What is held back for a full segment, when something else happens."""
    b = d.theirs
    held = before(d, "MSG_MORE") or before(d, "TCP_CORK, [1]")
    if held and isinstance(b, Out) and b.length and b.seq == d.top[1] and not (
            isinstance(d.ours, Out) and d.ours.length and d.ours.seq == b.seq and d.ours.length == b.length):
        return "end"
    return ""


def undo_by_timestamps(d: Difference) -> str:
    """More than one segment, after a time-out that timestamps prove spurious."""
    b = d.theirs
    assert d.traces is not None
    stamps = any(each.startswith("TS") for step in d.traces[1].steps for out in step.out for each in out.options)
    if not stamps or not isinstance(b, Out) or not (b.length or "F" in b.flags) or b.seq != d.top[1]:
        return ""
    seen: set[int] = set()
    for step in d.traces[1].steps[:d.at + 1]:
        for out in step.out:
            if (out.length or "F" in out.flags) and out.seq in seen:
                return "end"
            seen.add(out.seq)
    return ""


def old_segment_window(d: Difference) -> str:
    """A window in a segment that is below the window."""
    told = [one for one in segments(d) if one.span.length == 0 and one.span.first < d.acked[1] and "S" not in one.flags]
    data = isinstance(d.theirs, Out) and d.theirs.length and d.theirs.seq == d.top[1]
    return "end" if told and data and d.kind == "missing" else ""

"""Why a segment was sent again, and whether that was right: what became of the one before it, as the link tells."""

from __future__ import annotations

from aether.events import Event
from aether.knobs import Knobs
from aether.reading.flow import FIN, MASK, SYN
from aether.reading.packet import segment_in
from aether.tcp.output import TOO_LARGE
from shell.language.values import show_duration
from shell.reading.cause import Cause

TIMED = ("time-out", "handshake time-out")
RULES, SWITCH = "RFC 9293 §3.8.1, RFC 6298, RFC 8985", "tcp.retransmit"
"""Why anything is sent again, and what decides whether it is."""
NOBODY = "with `knob set tcp.retransmit off` nobody would send it again"


def judge(event: Event, events: list[Event], knobs: Knobs | None) -> Cause:
    """Say of a retransmission whether it was spurious: the original had arrived, or was on its way.

    `events` are all that are known, `knobs` those of who sent it; None if nobody may see them.
    """
    _, sequence, _, why = event.values
    if why == TOO_LARGE:
        return Cause("a router has said so (ICMP): no time-out, and no sign of congestion",
                     "RFC 1191, RFC 9293 §3.7.5", "", "`ip routes` shows the path MTUs that are known")
    original = _original(event, events, sequence)
    if original is None:
        return Cause("", RULES, SWITCH, NOBODY)
    name = f"frame {original.values[0]}"
    lost = next((each for each in events if each.kind == "frame.lost" and each.values[0] == original.values[0]), None)
    if lost is not None:
        return Cause(f"rightly: the link lost {name} ({lost.values[2]})", RULES, SWITCH, NOBODY)
    arrived = next((each for each in events if each.kind == "frame.arrived" and each.values[0] == original.values[0]
                    and each.host != event.host), None)
    dropped = next((each for each in events if each.kind == "drop" and each.frame == original.values[0]), None)
    if dropped is not None and dropped.serial < event.serial:
        return Cause(f"rightly: {name} arrived, and {dropped.host} discarded it ({dropped.values[0]})", RULES, SWITCH)
    if arrived is None:
        return Cause("", RULES, SWITCH)  # who is behind a device tells nothing
    after = f"{show_duration(arrived.time - original.time)} after it was sent"
    if arrived.time <= event.time:
        ago = show_duration(event.time - arrived.time)
        text = f"spurious: {name}, the original, had arrived {ago} before, {after}; its acknowledgement was slow, or "
        text += "lost"
    else:
        text = f"spurious: {name}, the original, was on its way, and arrived {after}"
    if why not in TIMED:
        return Cause(text, RULES, SWITCH, "segments were overtaken, not lost: `link show`")
    return _timer(event, events, knobs, text, show_duration(event.time - original.time), why)


def _timer(
    event: Event, events: list[Event], knobs: Knobs | None, text: str, waited: str, why: str,
) -> Cause:
    """Say which knob made the timer as short as it was (RFC 6298 §2)."""
    before = [each for each in events if each.kind == "tcp.rtt" and each.serial < event.serial
              and each.host == event.host and each.values[0] == event.values[0]]
    if why == "handshake time-out" or not before:
        return Cause(f"{text}. The timer ran out after {waited}: nothing was measured yet", "RFC 6298 §2.1, §5",
                     "tcp.rto_initial", "`knob set tcp.rto_initial 3s` waits longer before the first measurement")
    _, _, srtt, rttvar, _ = before[-1].values
    text += (f". The timer ran out after {waited}: the round trips measured before took {show_duration(srtt)}, "
             f"give or take {show_duration(rttvar)}")
    if knobs is not None and 4 * rttvar <= knobs.tcp_rto_min:
        return Cause(f"{text}, to which tcp.rto_min adds {show_duration(knobs.tcp_rto_min)}", "RFC 6298 §2.4, §5",
                     "tcp.rto_min", "a larger tcp.rto_min waits longer; tcp.frto and tcp.eifel find out afterwards")
    return Cause(text, "RFC 6298 §2.3, §5", "tcp.rto_min",
                   "the round trips have become longer than they ever were: tcp.frto and tcp.eifel find out afterwards")


def _original(event: Event, events: list[Event], sequence: int) -> Event | None:
    """Return the latest frame before `event` in which this host had sent the first byte of what it sends again."""
    latest: Event | None = None
    ports = next(((each.values[2], each.values[4]) for each in events
                  if each.kind == "tcp.opened" and each.host == event.host and each.values[0] == event.values[0]), None)
    for each in reversed(events):
        if each.kind != "frame.sent" or each.host != event.host or each.serial >= event.serial:
            continue
        segment = segment_in(bytes(each.values[2]))
        if segment is None or (ports is not None and segment.header[:2] != ports):
            continue
        carried = segment.carried
        carried += bool(segment.header[4] & FIN) + bool(segment.header[4] & SYN)  # each of them has a number
        if (sequence - segment.header[2]) & MASK < carried:
            latest = each
            break
    return latest

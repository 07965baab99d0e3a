"""What always holds of TCP, whatever happens: looked at after every occurrence of a world."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from aether.host import Host
from aether.tcp.connection import Connection
from aether.tcp.states import CLOSED, FIN_WAIT_2, LISTEN, SYN_RECEIVED, SYN_SENT, TIME_WAIT
from aether.wire.tcp import ACK, FIN, RST, SYN
from aether.world import World

OPENING = (SYN_SENT, SYN_RECEIVED)


class Seen:
    """A TCP segment in a frame, as far as it matters here."""

    def __init__(self, frame: bytes) -> None:
        head = 14 + (frame[14] & 15) * 4
        self.flags = frame[head + 13] & 0x3F
        self.length = int.from_bytes(frame[16:18], "big") - (head - 14) - (frame[head + 12] >> 4) * 4
        self.source, self.destination = frame[26:30] + frame[head:head + 2], frame[30:34] + frame[head + 2:head + 4]

    @property
    def pure(self) -> bool:
        """Whether it is an acknowledgement and nothing else."""
        return bool(self.flags & ACK) and not self.flags & (SYN | FIN | RST) and not self.length


def seen(frame: bytes) -> Seen | None:
    """Return the segment in a frame; None if there is none, or a piece of one."""
    if len(frame) < 54 or frame[12:14] != b"\x08\x00" or frame[14] >> 4 != 4 or frame[23] != 6:
        return None
    head = 14 + (frame[14] & 15) * 4
    return Seen(frame) if len(frame) >= head + 20 and not int.from_bytes(frame[20:22], "big") & 0x3FFF else None


class Invariants:
    """Watches one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.arrived: dict[str, Seen] = {}
        """What arrived at each host in this occurrence."""
        self.sent: dict[tuple[str, bytes, bytes], int] = {}
        """How many bare ACKs each connection sent in this occurrence."""
        self.answered: dict[tuple[str, bytes, bytes], int] = {}
        """When a connection last answered something without data."""
        self.resting: dict[tuple[str, int], int] = {}
        """When each connection came to TIME-WAIT, or was made to stay."""

    def begin_step(self) -> None:
        """Forget what the last occurrence brought."""
        self.arrived.clear()
        self.sent.clear()

    def note(self, host: str, kind: str, *values: Any) -> None:
        """Take an event."""
        if kind == "frame.arrived":
            if (segment := seen(values[2])) is not None:
                self.arrived[host] = segment
        elif kind == "frame.sent":
            segment = seen(values[2])
            if segment is not None and segment.pure and host in self.world.hosts:
                self._acknowledged(self.world.hosts[host], segment)
        elif kind == "tcp.state":
            number, old, new, cause = values
            came = self.arrived.get(host)
            if SYN_RECEIVED in (old, new) and came is not None:  # another of the same name; half-open: counted apart
                self.answered.pop((host, came.destination, came.source), None)
            if new == TIME_WAIT:
                self.resting[host, number] = self.world.now
            elif old == TIME_WAIT:
                self._rested(host, number, cause)

    def _rested(self, host: str, number: int, cause: str) -> None:
        """TIME-WAIT ends by its timer, by a newer SYN (RFC 6191), by an exact reset (RFC 9293 §3.10.7.4), or as the
        application says (§3.10.5)."""
        since = self.resting.pop((host, number))
        came = self.arrived.get(host)
        if cause == "timeout":
            assert self.world.now - since >= 3_000_000, "TIME-WAIT is over before its time"
        elif cause != "abort":
            challenged = self.world.hosts[host].knobs.tcp_challenge_ack  # RFC 793 resets for a SYN in the window
            wanted = {"rcv SYN": SYN, "rcv RST": RST if challenged else RST | SYN}.get(cause)
            assert wanted and came is not None and came.flags & wanted, f"TIME-WAIT was lost by: {cause}"

    def _acknowledged(self, host: Host, segment: Seen) -> None:
        """Every bare ACK is allowed: by what arrived, by a timer or a call, or by a rate (RFC 5961 §7)."""
        key = host.name, segment.source, segment.destination
        self.sent[key] = self.sent.get(key, 0) + 1
        came = self.arrived.get(host.name)
        if came is None or (came.destination, came.source) != key[1:]:
            return
        assert self.sent[key] <= 2, "one segment brought about more than an ACK and a window update"
        if (came.length and not came.flags & SYN) or came.flags & FIN:
            return  # new ground, or a timer of the other end
        if came.flags & SYN and came.flags & ACK:
            return  # the handshake
        interval, now = host.knobs.tcp_invalid_ratelimit, self.world.now
        if interval:
            last = self.answered.get(key, -interval)
            assert now - last >= interval, f"{now - last} us after an answer to a bare segment comes another"
        self.answered[key] = now

    def check(self) -> None:
        """Look at every connection."""
        earliest = self.world.next_deadline()
        for host in self.world.hosts.values():
            numbers = set()
            for conn in host.tcp.connections.values():
                numbers.add(conn.number)
                try:
                    check(host, conn)
                    if conn.deadlines:
                        assert earliest <= min(conn.deadlines.values()), "a timer that nobody will hear"
                except AssertionError as problem:
                    raise AssertionError(
                        f"{host.name} #{conn.number} {conn.state} at {self.world.now}: {problem}") from problem
            for name, number in self.resting:
                rests = name != host.name or number in numbers
                assert rests, f"{name} #{number} has gone from TIME-WAIT without a word"


def check(host: Host, conn: Connection) -> None:
    """What holds of a connection at the end of every occurrence."""
    if conn.state in (CLOSED, LISTEN):
        return
    if conn.state == TIME_WAIT:
        assert "time-wait" in conn.deadlines, "TIME-WAIT without a timer"
        return
    _numbers(conn)
    _scoreboard(conn)
    _timers(host, conn)


def _numbers(conn: Connection) -> None:
    assert conn.iss <= conn.snd_una <= conn.snd_nxt, "ISS <= SND.UNA <= SND.NXT"
    assert conn.snd_nxt <= conn.send.end + conn.fin_sent + (conn.state in OPENING), "SND.NXT is beyond what was written"
    assert conn.recover <= conn.snd_nxt, "recovery ends beyond what was sent"
    assert conn.snd_wl2 <= conn.snd_nxt, "the window comes from an ACK of what was not sent"
    if conn.state not in OPENING:
        assert conn.irs < conn.rcv_nxt, "IRS < RCV.NXT"
        assert conn.rcv_nxt <= conn.rcv_adv or conn.fin_received, "what came is beyond the window"
    assert not conn.fin_sent or conn.fin_queued, "a FIN that nobody asked for"


def _scoreboard(conn: Connection) -> None:
    if conn.state in OPENING:
        return
    flight = conn.flight
    segments = sorted(flight.segments.values(), key=lambda one: one.start)
    for before, after in pairwise(segments):
        assert before.end == after.start, "a gap or an overlap in what is in flight"
    if segments:
        assert segments[0].start <= conn.snd_una < segments[0].end, "what is in flight begins elsewhere"
        assert segments[-1].end == conn.snd_nxt, "what is in flight ends elsewhere"
    else:
        assert conn.snd_una == conn.snd_nxt, "something is in flight that no segment has"
    pipe = sum(one.end - one.start for one in segments if not one.sacked and not one.lost)
    assert flight.pipe == pipe, f"pipe is {flight.pipe}, and the scoreboard says {pipe}"
    assert flight.sacked_bytes == sum(high - low for low, high in flight.sacked), "bytes that were SACKed"
    for low, high in flight.sacked:
        assert conn.snd_una <= low < high <= conn.snd_nxt, "a SACK block outside of what is in flight"


def _timers(host: Host, conn: Connection) -> None:
    """Who has something to send or to close has a timer, or waits for the application."""
    running = conn.deadlines
    if conn.delack_segments:
        assert "delack" in running, "an ACK is held back for ever"
    if conn.state == FIN_WAIT_2 and conn.socket is None:
        assert running, "nobody holds it, and nothing ends it"
    if not host.knobs.tcp_retransmit:
        return
    if conn.state in OPENING:
        assert "rto" in running, "a handshake that nothing ends"
    elif conn.snd_una < conn.snd_nxt:
        assert "rto" in running, "RFC 6298 §5.1: data is in flight"
    elif conn.unsent() > 0:
        assert {"persist", "cork"} & set(running), "RFC 9293 §3.8.6.1: something waits to be sent"
    else:
        assert not conn.fin_queued or conn.fin_sent, "a FIN that nothing sends"

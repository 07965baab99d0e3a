"""Short connections in trace mode: the fast path to the letter, so that nobody can tell it from the ordinary path.

Each has its timers in the world's queue, in the same order as its connection would, and its place in the tables; so it
can be made whole at any time, and a run repeats exactly whichever way its frames took. What would have been reported,
event by event, is summed up in one entry of values; `events` unfolds it for whoever reads it.
It takes frames only on a link to the world outside that does nothing to them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from aether.tcp import decisions
from aether.tcp.connection import QUICK_ACKS
from aether.tcp.short.path import ACK_LENGTH, FLAGS_AT, SYN_ALONE
from aether.tcp.short.record import ShortConnection, deadline_of
from aether.tcp.short.responder import Responder
from aether.tcp.states import FIN_WAIT_1, SYN_RECEIVED
from aether.tcp.timers import FIN_TIMEOUT
from aether.timers import NEVER

if TYPE_CHECKING:
    from aether.link.port import Port
    from aether.tcp.connection import Connection
    from aether.tcp.layer import Tcp
    from aether.tcp.short.responder import Said

FIN = 1
NO_WINDOW = b"\0\0"
Summary = tuple[str, int, tuple[Any, ...]]
"""What happened, how many events that makes, and the values that they unfold from."""


class TracedResponder(Responder, Protocol):
    """One that also keeps track, as it would otherwise, of connections that are not shown to it."""

    def expect(self, short: ShortConnection) -> None:
        """Note a connection whose handshake is done; it may be adopted later."""

    def leave(self, number: int) -> None:
        """Forget a connection, which was closed after its answer."""

    @staticmethod
    def said(request: bytes) -> Said:
        """Return what would be reported of a request, and by which functions."""


def arrives(tcp: Tcp, port: Port, frame: bytes) -> bool:
    """Handle a frame that enters at `port` from outside, if the fast path takes it; else return False, and do nothing.

    The occurrence has been counted already.
    """
    near, host, world = port.peer, tcp.host, port.world
    if (
        len(frame) < ACK_LENGTH or host.short_cuts or near.interface or near.host is None
        or (world.observer is not None and world.teller is None) or not port.transparent
    ):
        return False
    key = frame[26:38]
    fast = tcp.fast
    short = fast.shorts.get(key)
    opens = frame[FLAGS_AT] == SYN_ALONE
    if frame[48:50] == NO_WINDOW or (not _may_open(tcp, key, short) if opens else short is None):
        return False
    now = world.now
    host.now = now
    fast.prepare(now)
    if opens:
        old = short or tcp.table.get(key)
        host.observer = None  # the end of a whole connection is summed up with the rest
        answer = fast.receive(frame, len(frame))
        host.observer = world.observer
        if answer:
            summary = _opened(tcp, fast.shorts[key], old)
    else:
        assert short is not None
        state, deadline = short.state, short.wake_at
        in_flight = state != SYN_RECEIVED and short.snd_una < short.snd_nxt
        answer = fast.receive(frame, len(frame))
        if answer is not None:
            summary = _went_on(tcp, short, frame, state, deadline, in_flight)
    if answer is None:
        return False
    fast.taken += 1
    world.frame = number = world.frames + 1
    if answer:
        world.frames = number + 1
        world.wire_out.append(answer)
        tcp.count_fast(1, 1)
    else:
        world.frames = number
        tcp.count_fast(1, 0)
    if world.teller is not None:
        happening, count, values = summary
        world.teller(host.name, count, happening, (number, port.link, frame, answer, values))
    return True


def _may_open(tcp: Tcp, key: bytes, old: ShortConnection | None) -> bool:
    """Tell whether a SYN may open a short connection, as far as the fast path does not see to that itself."""
    listener = tcp.listener_for(key)
    whole = tcp.table.get(key) if old is None else None
    return (
        listener is not None and hasattr(listener.socket.app, "expect")
        and (whole is None or isinstance(whole, ShortConnection) or whole.socket is None))


def _opened(tcp: Tcp, short: ShortConnection, old: ShortConnection | Connection | None) -> Summary:
    """A SYN has opened a connection, perhaps in the place of one that rested; a whole one has been ended already."""
    host, queue, key = tcp.host, tcp.host.queue, short.key
    if isinstance(old, ShortConnection):
        queue.wake(old, NEVER)
        tcp.release_port(key)
        tcp.take_port(key)
        del tcp.table[key]
    tcp.table[key] = short  # it keeps the place of the connection that it may become
    short.queued_at = short.wake_at = NEVER
    short.queued_order = 0
    deadline = deadline_of(short, host.knobs)
    queue.wake(short, deadline)
    if old is None:
        return "opened", 6, (short.number, deadline, 0)
    return "opened", 7, (short.number, deadline, old.number)


def _went_on(tcp: Tcp, short: ShortConnection, frame: bytes, state: str, due: int, in_flight: bool) -> Summary:
    """A segment has arrived for a connection that was in `state`, with a timer due, perhaps with data in flight."""
    host = tcp.host
    queue, knobs, now, number = host.queue, host.knobs, host.now, short.number
    app: TracedResponder = short.listener.socket.app  # type: ignore[assignment]  # `_may_open` has seen to it
    rto = decisions.retransmission_timeout(short.srtt, short.rttvar, knobs.tcp_rto_min, knobs.tcp_rto_max)
    if state == SYN_RECEIVED:
        queue.wake(short, NEVER)
        app.expect(short)
        return "established", 5, (number, due, (short.srtt, short.srtt, short.rttvar, rto))
    trip = None
    # The probe for a single segment is due with the retransmission timer, since rttvar is small (`FastPath._request`).
    probes = bool(knobs.tcp_rack)
    probed = probes and in_flight
    if in_flight:
        trip = short.rack, short.srtt, short.rttvar, rto
        queue.wake(short, NEVER)
    if frame[FLAGS_AT] & FIN:
        queue.sequence += 2 if state == FIN_WAIT_1 else 1  # FIN-WAIT-2's timer has started, and stopped
        short.wake_at = NEVER
        until = now + knobs.tcp_time_wait
        queue.wake(short, until)
        if in_flight:
            return "finished", 12 + probed, (number, due, trip, probes, now + FIN_TIMEOUT, until)
        return "finished", 8, (number, due, None, probes, due, until)
    if len(frame) > ACK_LENGTH:
        closes = short.state == FIN_WAIT_1
        if closes:
            app.leave(number)
        delayed = 0
        segments = decisions.segments_in(len(frame) - ACK_LENGTH, tcp.fast.mss)
        if not decisions.why_ack_now(QUICK_ACKS + 1 - short.requests, segments, knobs.tcp_delayed_ack, False):
            delayed = now + knobs.tcp_delayed_ack
            queue.sequence += 2  # its timer has started, and the response has stopped it
        until = now + rto
        queue.wake(short, until)
        count = 7 + closes + 2 * in_flight + probed + probes + (2 if delayed else 0)
        return "request", count, (number, due, trip, probes, delayed, closes, until, app.said)
    if state != FIN_WAIT_1:
        return "acknowledged", 4 + probed, (number, due, trip, probes, 0)
    until = now + FIN_TIMEOUT
    queue.wake(short, until)
    return "acknowledged", 6 + probed, (number, due, trip, probes, until)

"""What happens when a timer of a connection fires (RFC 9293 §3.10.8, RFC 6298 §5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aether.tcp import recovery, user_timeout
from aether.tcp.output import output, probe_tail, push_out, send_ack, send_reset, send_segment, send_syn
from aether.tcp.states import FIN_WAIT_2, SYN_RECEIVED, SYN_SENT
from aether.wire.tcp import ACK

if TYPE_CHECKING:
    from aether.tcp.connection import Connection

SYN_RETRIES = 6
"""As on Linux (tcp_syn_retries): 1 + 2 + 4 + ... + 64 = 127 s."""
SYN_ACK_RETRIES = 5
RETRIES = 15
"""As on Linux (tcp_retries2): R2 of RFC 9293 §3.8.3."""
PROBES = 15
"""How many probes of a closed window may go without an answer, as on Linux (tcp_retries2)."""
MAX_BACKOFF = 10
"""How often the time between two of them doubles, at the most."""
FIN_TIMEOUT = 60_000_000
"""How long FIN-WAIT-2 lasts when nobody holds the connection any more, in microseconds, as on Linux."""


def fire(conn: Connection, name: str) -> None:
    """Handle the timer called `name`, which has just run out."""
    if name == "rto":
        _retransmission(conn)
    elif name == "delack":
        conn.quick_acks = 0
        send_ack(conn, "delayed")
    elif name == "persist":
        _persist(conn)
    elif name == "rack":
        recovery.reordering_timer(conn)
        output(conn)
    elif name == "tlp":
        probe_tail(conn)
    elif name == "cork":
        uncork(conn)
    elif name == "defer":
        if conn.listener is not None and conn.deferred:
            conn.listener.established(conn)
    elif name == "keepalive":
        _keepalive(conn)
    elif name == "user-timeout":
        user_timeout.fired(conn)
    elif name in ("time-wait", "fin-wait-2"):
        conn.end("timeout")


def _retransmission(conn: Connection) -> None:
    """RFC 6298 §5.4-5.6: send the earliest again, double the timer, start it anew."""
    trip = conn.round_trip
    if not conn.host.knobs.tcp_retransmit:
        return  # the knob was turned while the timer ran
    if conn.state in (SYN_SENT, SYN_RECEIVED):
        _handshake(conn)
        return
    if trip.backoff >= RETRIES and not conn.options.user_timeout:
        if not _refused(conn):
            conn.give_up("retries exhausted")
            return
        trip.backoff = RETRIES - 1
    recovery.timed_out(conn)
    output(conn)
    if "rto" not in conn.deadlines:
        conn.start("rto", conn.host.now + trip.timeout())


def _refused(conn: Connection) -> bool:
    """Tell whether the peer is there, and only has closed its window on what is in flight: then we stay (§3.8.6.1).

    It has answered lately, in the time of two retransmissions, and somebody holds the connection (as on Linux).
    """
    silent = conn.host.now - conn.last_received
    return conn.snd_wnd == 0 and conn.socket is not None and silent <= 2 * conn.host.knobs.tcp_rto_max


def _handshake(conn: Connection) -> None:
    """Send the SYN, or the SYN,ACK, again (RFC 9293 §3.8.3)."""
    trip = conn.round_trip
    if trip.backoff >= ((conn.options.syn_count or SYN_RETRIES) if conn.state == SYN_SENT else SYN_ACK_RETRIES):
        conn.give_up("retries exhausted")
        return
    trip.backoff += 1
    conn.retransmits += 1
    host = conn.host
    host.count("tcp.retransmitted")
    if host.observer is not None:
        host.observer(host.name, "tcp.retransmit", conn.number, conn.iss & 0xFFFFFFFF, 1, "handshake time-out")
    send_syn(conn)
    conn.start("rto", host.now + trip.timeout())


def _persist(conn: Connection) -> None:
    """Probe a closed window (RFC 9293 §3.8.6.1), or send what silly-window avoidance kept back (§3.8.6.2.1).

    As long as somebody holds the connection it stays, if the probes are answered. An orphan is given up all the same,
    once they have become as rare as they get (RFC 6429 §5, as on Linux).
    """
    trip = conn.round_trip
    rarest = trip.backoff >= MAX_BACKOFF or trip.timeout() >= conn.host.knobs.tcp_rto_max
    if conn.probes >= PROBES or (conn.socket is None and rarest):
        conn.give_up("retries exhausted")
        return
    conn.probes += 1
    trip.backoff = min(trip.backoff + 1, MAX_BACKOFF)
    room = conn.snd_una + conn.snd_wnd - conn.snd_nxt
    if room > 0:
        # A peer that has less room than it had deserves half segments; less than that waits for this timer each time.
        conn.snd_wnd_max = min(conn.snd_wnd_max, max(2 * room, conn.mss))
        trip.backoff = 0  # what leaves now has not been sent before (RFC 6298 §5.1)
        push_out(conn)
    else:
        # As Linux: a byte that was acknowledged before; the answer carries the window.
        host = conn.host
        host.count("tcp.window_probes")
        if host.observer is not None:
            host.observer(host.name, "tcp.window", conn.number, 0, "probe")
        send_segment(conn, conn.snd_una - 1, ACK)
    output(conn)


def uncork(conn: Connection) -> None:
    """Send what TCP_CORK or MSG_MORE held back."""
    conn.more = False
    push_out(conn)
    output(conn)  # if the window is closed, the persist timer takes over


def opened(conn: Connection) -> None:
    """Start what watches over an established connection."""
    start_keepalive(conn)
    user_timeout.watch(conn)


def knob_turned(conn: Connection) -> None:
    """Go on under a knob's new value: watch over what left while nobody did (RFC 6298 §5.1), send what was held."""
    if conn.host.knobs.tcp_retransmit and conn.snd_nxt > conn.snd_una and "rto" not in conn.deadlines:
        conn.start("rto", conn.host.now + conn.round_trip.timeout())
    output(conn)


def start_fin_wait_2(conn: Connection) -> None:
    """Bound the time that an orphan waits for the peer's FIN (Linux tcp_fin_timeout, TCP_LINGER2)."""
    wait = conn.options.linger2 or FIN_TIMEOUT
    conn.start("fin-wait-2", conn.host.now + max(wait, 0))


def start_keepalive(conn: Connection) -> None:
    """Watch an idle connection from now on (RFC 9293 §3.8.4), if its knob or its socket asks for it, or no more."""
    if not _wants_keepalives(conn):
        conn.stop("keepalive")
    elif "keepalive" not in conn.deadlines:
        conn.start("keepalive", conn.host.now + _idle_time(conn))


def idle_time_changed(conn: Connection) -> None:
    """Count the new time, too, from what came last."""
    if "keepalive" in conn.deadlines:
        conn.start("keepalive", max(conn.last_received + _idle_time(conn), conn.host.now))


def _wants_keepalives(conn: Connection) -> bool:
    return conn.host.knobs.tcp_keepalive or conn.options.keepalive


def _idle_time(conn: Connection) -> int:
    return conn.options.keep_idle or conn.host.knobs.tcp_keepalive_time


def _keepalive(conn: Connection) -> None:
    """Ask an idle peer whether it is still there; give up after so many questions without an answer."""
    host, knobs, options = conn.host, conn.host.knobs, conn.options
    if not _wants_keepalives(conn) or (conn.socket is None and conn.state == FIN_WAIT_2):
        return  # an orphan has a timer that is shorter
    idle = _idle_time(conn)
    silent = host.now - conn.last_received
    if conn.snd_una != conn.snd_nxt or conn.unsent():  # then other timers watch
        conn.start("keepalive", host.now + idle)
        return
    if silent < idle:
        conn.start("keepalive", conn.last_received + idle)
        return
    limit = options.user_timeout  # as on Linux: it takes the place of the count
    most = options.keep_count or knobs.tcp_keepalive_probes
    if (conn.keepalives and silent >= limit) if limit else conn.keepalives >= most:
        send_reset(conn, "no answer to keepalives")
        conn.give_up("user timeout")
        return
    conn.keepalives += 1
    host.count("tcp.keepalives")
    if host.observer is not None:
        host.observer(host.name, "tcp.ack_sent", conn.number, conn.rcv_nxt & 0xFFFFFFFF, "keepalive")
    send_segment(conn, conn.snd_una - 1, ACK)
    conn.start("keepalive", host.now + (options.keep_interval or knobs.tcp_keepalive_interval))

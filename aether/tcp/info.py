"""What there is to know of a connection, with the names that Linux gives it (struct tcp_info, `ss -ti`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aether.tcp.negotiate import DEFAULT_MSS
from aether.tcp.scoreboard import AGAIN
from aether.tcp.states import CLOSED, LISTEN, SYN_RECEIVED, SYN_SENT

if TYPE_CHECKING:
    from aether.knobs import Knobs
    from aether.tcp.connection import Connection
    from aether.tcp.listener import Listener

OPEN, DISORDER, CWR, RECOVERY, LOSS = "Open", "Disorder", "CWR", "Recovery", "Loss"


@dataclass(slots=True)
class TcpInfo:
    """Times in microseconds, windows and counts in segments or bytes as Linux has them."""

    state: str
    ca_state: str
    options: list[str]
    snd_cwnd: int
    """Segments."""
    snd_ssthresh: int
    """Segments; 2147483647 before the first loss."""
    unacked: int
    """Segments, the SYN too."""
    sacked: int
    """Segments; without SACK, how many have arrived as far as duplicate ACKs tell."""
    lost: int
    """Segments that are taken for lost, whether they were sent again or not."""
    retrans: int
    """Those that are under way again."""
    total_retrans: int
    reordering: int
    """How many segments one was overtaken by at the most; at least 3."""
    rtt: int
    rttvar: int
    rto: int
    min_rtt: int
    backoff: int
    probes: int
    advmss: int
    snd_mss: int
    rcv_mss: int
    snd_wnd: int
    rcv_wnd: int
    snd_wscale: int
    rcv_wscale: int
    delivered: int
    """Bytes that are known to have arrived."""
    bytes_sent: int
    bytes_acked: int
    bytes_received: int
    notsent_bytes: int
    last_data_sent: int
    """Microseconds ago."""
    last_data_recv: int
    busy_time: int
    """Microseconds in which something was in flight, or to be sent."""
    rwnd_limited: int
    """Those of them in which the peer's window held data back."""
    sndbuf_limited: int
    """Those in which all was sent, and the application waited for room in the send buffer."""


def unconnected_info(knobs: Knobs, listener: Listener | None) -> TcpInfo:
    """Return what Linux tells of a socket without a connection; of a listener, how many wait, and may wait."""
    waiting, backlog = (0, 0) if listener is None else (len(listener.accepted), listener.backlog)
    closed = listener is None
    return TcpInfo(
        state=CLOSED if closed else LISTEN, ca_state=OPEN, options=[], snd_cwnd=knobs.tcp_initial_window,
        snd_ssthresh=2**31 - 1 if closed else 0, unacked=waiting, sacked=backlog, lost=0, retrans=0, total_retrans=0,
        reordering=3, rtt=0, rttvar=0, rto=knobs.tcp_rto_initial if closed else 0, min_rtt=0, backoff=0, probes=0,
        advmss=0, snd_mss=DEFAULT_MSS if closed else 0, rcv_mss=0, snd_wnd=0, rcv_wnd=0, snd_wscale=0, rcv_wscale=0,
        delivered=0, bytes_sent=0, bytes_acked=0, bytes_received=0, notsent_bytes=0, last_data_sent=0,
        last_data_recv=0, busy_time=0, rwnd_limited=0, sndbuf_limited=0)


def ca_state(conn: Connection) -> str:
    """Return what congestion control and loss recovery are at, in Linux's words.

    Disorder: something was SACKed, or acknowledged in duplicate, or is under way again, and that is no loss yet. CWR:
    the window was reduced for a mark (RFC 3168 §6.1.2) in the last round trip.
    """
    if conn.phase == "recovery":
        return RECOVERY
    if conn.phase == "loss" or (conn.retransmits and conn.state in (SYN_SENT, SYN_RECEIVED)):
        return LOSS
    flight = conn.flight
    if conn.ecn_ok and conn.iss < conn.snd_una <= conn.ecn_reduced_at:
        return CWR
    told = flight.sacked or flight.lost or (flight.dup_acks and not conn.sack_ok)
    return DISORDER if told or any(segment.again for segment in flight.segments.values()) else OPEN


def _sacked(conn: Connection) -> int:
    """Return how many segments have arrived behind a hole; without SACK, so many as there were duplicate ACKs."""
    if conn.sack_ok:
        return sum(segment.sacked for segment in conn.flight.segments.values())
    missing = max(_lost(conn), 1)
    return max(min(conn.flight.dup_acks, conn.flight.count() - missing), 0)


def _lost(conn: Connection) -> int:
    """Return how many segments are taken for lost: all of them, while it is open whether a time-out was spurious."""
    segments = conn.flight.segments.values()
    if conn.frto:
        return sum(not segment.sacked and segment.end <= conn.recover for segment in segments)
    return sum(segment.lost or segment.again == AGAIN for segment in segments)


def tcp_info(conn: Connection, now: int) -> TcpInfo:
    """Return the state of a connection as Linux would tell it at this time, in microseconds."""
    flight, trip = conn.flight, conn.round_trip
    handshake = conn.snd_una == conn.iss and conn.state in (SYN_SENT, SYN_RECEIVED)
    syn_again = handshake and conn.retransmits > 0
    options = [name for name, used in (
        ("timestamps", conn.ts_ok), ("sack", conn.sack_ok), ("wscale", conn.scaling), ("ecn", conn.ecn_ok),
        ("syn_data", conn.syn_data)) if used]
    unlimited = conn.ssthresh >= 1 << 39
    return TcpInfo(
        state=conn.state, ca_state=ca_state(conn), options=options,
        snd_cwnd=conn.host.knobs.tcp_initial_window if handshake else min(conn.cwnd // conn.mss, 2**31 - 1),
        snd_ssthresh=2**31 - 1 if unlimited else conn.ssthresh // conn.mss,
        unacked=flight.count() + handshake, sacked=_sacked(conn), lost=_lost(conn) + syn_again,
        retrans=sum(segment.again > 0 for segment in flight.segments.values()) + syn_again,
        total_retrans=conn.retransmits, reordering=conn.rack.degree,
        rtt=trip.srtt, rttvar=trip.rttvar, rto=trip.timeout(), min_rtt=trip.minimum, backoff=trip.backoff,
        probes=conn.probes, advmss=conn.advmss, snd_mss=conn.mss, rcv_mss=conn.rcv_mss, snd_wnd=conn.snd_wnd,
        rcv_wnd=max(conn.rcv_adv - conn.rcv_nxt, 0), snd_wscale=conn.snd_wscale, rcv_wscale=conn.rcv_wscale,
        delivered=conn.delivered, bytes_sent=conn.bytes_sent,
        bytes_acked=max(min(conn.snd_una, conn.send.end) - conn.iss - 1, 0), bytes_received=conn.bytes_received,
        notsent_bytes=conn.unsent(), last_data_sent=now - conn.last_sent, last_data_recv=now - conn.last_received,
        busy_time=conn.clocks.total("busy", now), rwnd_limited=conn.clocks.total("rwnd", now),
        sndbuf_limited=conn.clocks.total("sndbuf", now),
    )

"""What there is to know of a connection, with the names that Linux gives it (struct tcp_info, `ss -ti`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aether.tcp.negotiate import DEFAULT_MSS
from aether.tcp.states import CLOSED, LISTEN

if TYPE_CHECKING:
    from aether.knobs import Knobs
    from aether.tcp.connection import Connection
    from aether.tcp.listener import Listener

CA_STATES = {"open": "Open", "recovery": "Recovery", "loss": "Loss"}


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
    sacked: int
    lost: int
    retrans: int
    """Segments in flight that were sent more than once."""
    total_retrans: int
    reordering: int
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
    rwnd_limited: int
    sndbuf_limited: int


def unconnected_info(knobs: Knobs, listener: Listener | None) -> TcpInfo:
    """Return what Linux tells of a socket without a connection; of a listener, how many wait, and may wait."""
    waiting, backlog = (0, 0) if listener is None else (len(listener.accepted), listener.backlog)
    return TcpInfo(
        state=CLOSED if listener is None else LISTEN, ca_state=CA_STATES["open"], options=[],
        snd_cwnd=knobs.tcp_initial_window, snd_ssthresh=2**31 - 1, unacked=waiting, sacked=backlog, lost=0, retrans=0,
        total_retrans=0, reordering=3, rtt=0, rttvar=0, rto=knobs.tcp_rto_initial, min_rtt=0, backoff=0, probes=0,
        advmss=0, snd_mss=DEFAULT_MSS, rcv_mss=0, snd_wnd=0, rcv_wnd=0, snd_wscale=0, rcv_wscale=0, delivered=0,
        bytes_sent=0, bytes_acked=0, bytes_received=0, notsent_bytes=0, last_data_sent=0, last_data_recv=0, busy_time=0,
        rwnd_limited=0, sndbuf_limited=0)


def tcp_info(conn: Connection) -> TcpInfo:
    """Return the state of a connection as Linux would tell it."""
    flight, trip, now = conn.flight, conn.round_trip, conn.host.now
    segments = flight.segments.values()
    options = [name for name, used in (
        ("timestamps", conn.ts_ok), ("sack", conn.sack_ok), ("wscale", conn.scaling), ("ecn", conn.ecn_ok),
        ("syn_data", conn.syn_data)) if used]
    unlimited = conn.ssthresh >= 1 << 39
    return TcpInfo(
        state=conn.state, ca_state=CA_STATES[conn.phase], options=options,
        snd_cwnd=min(conn.cwnd // conn.mss, 2**31 - 1),
        snd_ssthresh=2**31 - 1 if unlimited else conn.ssthresh // conn.mss,
        unacked=flight.count(), sacked=sum(s.sacked for s in segments), lost=sum(s.lost for s in segments),
        retrans=sum(s.sends > 1 for s in segments), total_retrans=conn.retransmits,
        reordering=3 + conn.rack.multiplier - 1 if conn.rack.reordering else 3,
        rtt=trip.srtt, rttvar=trip.rttvar, rto=trip.timeout(), min_rtt=trip.minimum, backoff=trip.backoff,
        probes=conn.probes, advmss=conn.advmss, snd_mss=conn.mss, rcv_mss=conn.rcv_mss, snd_wnd=conn.snd_wnd,
        rcv_wnd=max(conn.rcv_adv - conn.rcv_nxt, 0), snd_wscale=conn.snd_wscale, rcv_wscale=conn.rcv_wscale,
        delivered=conn.delivered, bytes_sent=conn.bytes_sent,
        bytes_acked=max(min(conn.snd_una, conn.send.end) - conn.iss - 1, 0), bytes_received=conn.bytes_received,
        notsent_bytes=conn.unsent(), last_data_sent=now - conn.last_sent, last_data_recv=now - conn.last_received,
        busy_time=conn.clocks.total("busy", now), rwnd_limited=conn.clocks.total("rwnd", now),
        sndbuf_limited=conn.clocks.total("sndbuf", now),
    )

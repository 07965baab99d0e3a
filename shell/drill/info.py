"""`tcp_info` as Linux lays it out: the names, units and numbers that assertions ask for."""

from __future__ import annotations

from struct import Struct

from aether.tcp.info import TcpInfo

STATES = {
    "ESTABLISHED": 1, "SYN-SENT": 2, "SYN-RECEIVED": 3, "FIN-WAIT-1": 4, "FIN-WAIT-2": 5, "TIME-WAIT": 6, "CLOSED": 7,
    "CLOSE-WAIT": 8, "LAST-ACK": 9, "LISTEN": 10, "CLOSING": 11,
}
PHASES = {"Open": 0, "Disorder": 1, "CWR": 2, "Recovery": 3, "Loss": 4}
OPTION_BITS = {"timestamps": 1, "sack": 2, "wscale": 4, "ecn": 8, "syn_data": 32}
_SAME = (
    "probes", "backoff", "snd_wscale", "rcv_wscale", "rto", "snd_mss", "rcv_mss", "unacked", "sacked", "lost",
    "retrans", "rtt", "rttvar", "snd_ssthresh", "snd_cwnd", "advmss", "reordering", "total_retrans", "bytes_acked",
    "bytes_received", "notsent_bytes", "min_rtt", "busy_time", "rwnd_limited", "sndbuf_limited", "bytes_sent",
    "snd_wnd", "rcv_wnd",
)
"""Fields that are the same number in both."""
_BYTES = Struct("=8B")
_WORDS = Struct("=24I")
WORDS = (
    "rto", "ato", "snd_mss", "rcv_mss", "unacked", "sacked", "lost", "retrans", "fackets", "last_data_sent",
    "last_ack_sent", "last_data_recv", "last_ack_recv", "pmtu", "rcv_ssthresh", "rtt", "rttvar", "snd_ssthresh",
    "snd_cwnd", "advmss", "reordering", "rcv_rtt", "rcv_space", "total_retrans",
)
"""The fields of 32 bits that follow the first 8 bytes (linux/tcp.h)."""
LATER = {
    "bytes_acked": (120, 8), "bytes_received": (128, 8), "notsent_bytes": (144, 4), "min_rtt": (148, 4),
    "busy_time": (168, 8), "rwnd_limited": (176, 8), "sndbuf_limited": (184, 8), "bytes_sent": (200, 8),
    "snd_wnd": (228, 4), "rcv_wnd": (232, 4),
}
"""Where fields stand that came later, and how many bytes they have."""


def tcp_info_fields(told: TcpInfo) -> dict[str, float]:
    """Return what Aether says of a connection; what it does not count is not there."""
    found: dict[str, float] = {f"tcpi_{name}": getattr(told, name) for name in _SAME}
    found["tcpi_state"] = STATES[told.state]
    found["tcpi_ca_state"] = PHASES[told.ca_state]
    found["tcpi_options"] = sum(OPTION_BITS[name] for name in told.options)
    found["tcpi_retransmits"] = told.backoff
    found["tcpi_last_data_sent"] = told.last_data_sent // 1000
    found["tcpi_last_data_recv"] = told.last_data_recv // 1000
    return found


def kernel_info_fields(raw: bytes) -> dict[str, float]:
    """Return what a kernel says, as far as its structure goes."""
    if len(raw) < 104:
        return {}
    first = _BYTES.unpack_from(raw)
    names = ("state", "ca_state", "retransmits", "probes", "backoff", "options")
    found: dict[str, float] = {f"tcpi_{name}": value for name, value in zip(names, first, strict=False)}
    found["tcpi_snd_wscale"], found["tcpi_rcv_wscale"] = first[6] & 15, first[6] >> 4
    found.update({f"tcpi_{name}": value for name, value in zip(WORDS, _WORDS.unpack_from(raw, 8), strict=True)})
    for name, (at, size) in LATER.items():
        if len(raw) >= at + size:
            found[f"tcpi_{name}"] = int.from_bytes(raw[at:at + size], "little")
    return found

"""Socket options, with Linux's numbers, units and errors (socket(7), tcp(7), ip(7))."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import NamedTuple

SOL_IP, SOL_SOCKET, SOL_TCP = 0, 1, 6

SO_REUSEADDR, SO_ERROR, SO_BROADCAST, SO_SNDBUF, SO_RCVBUF, SO_KEEPALIVE, SO_LINGER = 2, 4, 6, 7, 8, 9, 13
SO_ZEROCOPY = 60
TCP_NODELAY, TCP_MAXSEG, TCP_CORK, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_SYNCNT = 1, 2, 3, 4, 5, 6, 7
TCP_LINGER2, TCP_DEFER_ACCEPT, TCP_INFO, TCP_CONGESTION, TCP_USER_TIMEOUT, TCP_NOTSENT_LOWAT = 8, 9, 11, 13, 18, 25
TCP_FASTOPEN, TCP_FASTOPEN_CONNECT, TCP_FASTOPEN_KEY, TCP_FASTOPEN_NO_COOKIE, TCP_INQ = 23, 30, 33, 34, 36
IP_TOS, IP_TTL, IP_PKTINFO, IP_MTU_DISCOVER, IP_RECVERR, IP_RECVTTL, IP_RECVTOS = 1, 2, 8, 10, 11, 12, 13
IP_PMTUDISC_DONT, IP_PMTUDISC_WANT, IP_PMTUDISC_DO = 0, 1, 2

MSG_PEEK, MSG_TRUNC, MSG_DONTWAIT, MSG_EOR, MSG_ERRQUEUE, MSG_MORE = 0x2, 0x20, 0x40, 0x80, 0x2000, 0x8000
MSG_ZEROCOPY, MSG_FASTOPEN = 0x4000000, 0x20000000
SHUT_RD, SHUT_WR, SHUT_RDWR = 0, 1, 2
F_GETFL, F_SETFL, O_NONBLOCK = 3, 4, 0x800
SIOCINQ, SIOCOUTQ = 0x541B, 0x5411
SECOND = 1_000_000
EPHEMERAL = (49152, 65535)
"""Ports that we choose ourselves (RFC 6335 §6)."""


@dataclass(slots=True)
class SocketOptions:
    """The options of one socket; times in microseconds, 0 for "as the knobs say"."""

    reuse_address: bool = False
    send_buffer: int = 4_194_304
    receive_buffer: int = 0
    """Bytes; once set, the buffer no longer grows by itself."""
    keepalive: bool = False
    linger: int = -1
    """-1 when off; 0 makes `close` a reset."""
    no_delay: bool = False
    cork: bool = False
    max_segment: int = 0
    keep_idle: int = 0
    keep_interval: int = 0
    keep_count: int = 0
    syn_count: int = 0
    linger2: int = 0
    """How long an orphan stays in FIN-WAIT-2; -1 is not at all."""
    defer_accept: int = 0
    congestion: str = ""
    user_timeout: int = 0
    notsent_lowat: int = 0
    """How many bytes may wait to be sent before `send` takes no more; 0 is as many as the buffer takes."""
    tos: int = 0
    ttl: int = 0
    mtu_discover: int = IP_PMTUDISC_WANT
    tell_unread: bool = False
    """recvmsg() tells how many bytes are left (TCP_INQ)."""
    zero_copy: bool = False
    """MSG_ZEROCOPY is heeded (SO_ZEROCOPY)."""
    fast_open: int = 0
    """Of a listener: handshakes with data in the SYN that may be pending (RFC 7413 §5.1); 0 takes none."""
    fast_open_connect: bool = False
    """`connect` waits for the first data, if that may go with the SYN."""
    fast_open_no_cookie: bool = False
    fast_open_key: bytes = b""
    """16 bytes, or 32 with a key whose cookies are believed too; empty for the host's."""


class SocketOption(NamedTuple):
    """How an option is kept: in which attribute, its range as the caller sees it, and its unit in ours."""

    attribute: str
    low: int
    high: int
    scale: int = 1


Table = dict[tuple[int, int], SocketOption]
OPTIONS: Table = {
    (SOL_SOCKET, SO_REUSEADDR): SocketOption("reuse_address", 0, 1),
    (SOL_SOCKET, SO_SNDBUF): SocketOption("send_buffer", 1, 1 << 30),
    (SOL_SOCKET, SO_RCVBUF): SocketOption("receive_buffer", 1, 1 << 30),
    (SOL_SOCKET, SO_KEEPALIVE): SocketOption("keepalive", 0, 1),
    (SOL_TCP, TCP_NODELAY): SocketOption("no_delay", 0, 1),
    (SOL_TCP, TCP_CORK): SocketOption("cork", 0, 1),
    (SOL_TCP, TCP_MAXSEG): SocketOption("max_segment", 88, 32_767),
    (SOL_TCP, TCP_KEEPIDLE): SocketOption("keep_idle", 1, 32_767, SECOND),
    (SOL_TCP, TCP_KEEPINTVL): SocketOption("keep_interval", 1, 32_767, SECOND),
    (SOL_TCP, TCP_KEEPCNT): SocketOption("keep_count", 1, 127),
    (SOL_TCP, TCP_SYNCNT): SocketOption("syn_count", 1, 127),
    (SOL_TCP, TCP_LINGER2): SocketOption("linger2", -1, 120, SECOND),
    (SOL_TCP, TCP_DEFER_ACCEPT): SocketOption("defer_accept", 0, 86_400, SECOND),
    (SOL_TCP, TCP_USER_TIMEOUT): SocketOption("user_timeout", 0, 1 << 31, 1000),
    (SOL_TCP, TCP_NOTSENT_LOWAT): SocketOption("notsent_lowat", 0, (1 << 32) - 1),
    (SOL_SOCKET, SO_ZEROCOPY): SocketOption("zero_copy", 0, 1),
    (SOL_TCP, TCP_INQ): SocketOption("tell_unread", 0, 1),
    (SOL_TCP, TCP_FASTOPEN): SocketOption("fast_open", 0, (1 << 31) - 1),
    (SOL_TCP, TCP_FASTOPEN_CONNECT): SocketOption("fast_open_connect", 0, 1),
    (SOL_TCP, TCP_FASTOPEN_NO_COOKIE): SocketOption("fast_open_no_cookie", 0, 1),
    (SOL_IP, IP_TOS): SocketOption("tos", 0, 255),
    (SOL_IP, IP_TTL): SocketOption("ttl", 1, 255),
    (SOL_IP, IP_MTU_DISCOVER): SocketOption("mtu_discover", 0, 2),
}

UDP_OPTIONS: Table = {
    (SOL_SOCKET, SO_SNDBUF): SocketOption("send_buffer", 1, 1 << 30),
    (SOL_SOCKET, SO_RCVBUF): SocketOption("receive_buffer", 1, 1 << 30),
    (SOL_IP, IP_TOS): SocketOption("tos", 0, 255),
    (SOL_IP, IP_TTL): SocketOption("ttl", 1, 255),
    (SOL_IP, IP_MTU_DISCOVER): SocketOption("mtu_discover", 0, 2),
    (SOL_IP, IP_RECVERR): SocketOption("tell_errors", 0, 1),
    (SOL_SOCKET, SO_BROADCAST): SocketOption("may_broadcast", 0, 1),
    (SOL_IP, IP_PKTINFO): SocketOption("tell_where", 0, 1),
    (SOL_IP, IP_RECVTTL): SocketOption("tell_ttl", 0, 1),
    (SOL_IP, IP_RECVTOS): SocketOption("tell_tos", 0, 1),
}
"""Options of UDP sockets, which are attributes of theirs."""

BEFORE_OPENING = (TCP_FASTOPEN, TCP_FASTOPEN_CONNECT, TCP_FASTOPEN_NO_COOKIE)
"""Options of TCP that a connection, once begun, does not take any more."""
LEAST_BUFFER = {"send_buffer": 4608, "receive_buffer": 2304}
"""What Linux makes of smaller wishes, in bytes."""


def store(options: object, level: int, name: int, value: int, table: Table | None = None) -> None:
    """Set an option, of TCP without a `table`; OSError ENOPROTOOPT for an unknown one, EINVAL for a bad value."""
    option = find(level, name, table)
    if not option.low <= value <= option.high:
        raise OSError(errno.EINVAL, f"{option.attribute} is from {option.low} to {option.high}, not {value}")
    kept = -1 if value == -1 else value * option.scale
    if option.attribute in LEAST_BUFFER:
        kept = max(2 * value, LEAST_BUFFER[option.attribute])  # Linux doubles them, for its own bookkeeping
    setattr(options, option.attribute, bool(kept) if option.high == 1 else kept)


def fetch(options: object, level: int, name: int, table: Table | None = None) -> int:
    """Return an option in the caller's unit; OSError ENOPROTOOPT for an unknown one."""
    option = find(level, name, table)
    value = getattr(options, option.attribute)
    return -1 if value == -1 else int(value) // option.scale


def find(level: int, name: int, table: Table | None = None) -> SocketOption:
    """Return how an option is kept; OSError ENOPROTOOPT if there is none."""
    found = (OPTIONS if table is None else table).get((level, name))
    if found is None:
        raise OSError(errno.ENOPROTOOPT, f"no option {name} at level {level}")
    return found

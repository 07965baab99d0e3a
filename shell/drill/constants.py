"""The constants of C that scripts may name, with Linux's values."""

from __future__ import annotations

from aether import socket_options as so
from shell.drill.errors import Place, ScriptError

SOCK_NONBLOCK, SOCK_CLOEXEC = 0x800, 0x80000
POLLIN, POLLPRI, POLLOUT, POLLERR, POLLHUP, POLLRDHUP = 1, 2, 4, 8, 16, 0x2000
EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD = 1, 2, 3

CONSTANTS: dict[str, int] = {
    "AF_UNSPEC": 0, "AF_INET": 2, "PF_INET": 2, "SOCK_STREAM": 1, "SOCK_DGRAM": 2, "SOCK_NONBLOCK": SOCK_NONBLOCK,
    "SOCK_CLOEXEC": SOCK_CLOEXEC, "IPPROTO_IP": 0, "IPPROTO_TCP": 6, "IPPROTO_UDP": 17, "INADDR_ANY": 0,
    "SOL_SOCKET": so.SOL_SOCKET, "SOL_TCP": so.SOL_TCP, "SOL_IP": so.SOL_IP,
    "SO_REUSEADDR": so.SO_REUSEADDR, "SO_ERROR": so.SO_ERROR, "SO_SNDBUF": so.SO_SNDBUF, "SO_RCVBUF": so.SO_RCVBUF,
    "SO_KEEPALIVE": so.SO_KEEPALIVE, "SO_LINGER": so.SO_LINGER,
    "TCP_NODELAY": so.TCP_NODELAY, "TCP_MAXSEG": so.TCP_MAXSEG, "TCP_CORK": so.TCP_CORK,
    "TCP_KEEPIDLE": so.TCP_KEEPIDLE, "TCP_KEEPINTVL": so.TCP_KEEPINTVL, "TCP_KEEPCNT": so.TCP_KEEPCNT,
    "TCP_SYNCNT": so.TCP_SYNCNT, "TCP_LINGER2": so.TCP_LINGER2, "TCP_DEFER_ACCEPT": so.TCP_DEFER_ACCEPT,
    "TCP_INFO": so.TCP_INFO, "TCP_CONGESTION": so.TCP_CONGESTION, "TCP_USER_TIMEOUT": so.TCP_USER_TIMEOUT,
    "TCP_NOTSENT_LOWAT": so.TCP_NOTSENT_LOWAT, "TCP_FASTOPEN": so.TCP_FASTOPEN,
    "TCP_FASTOPEN_CONNECT": so.TCP_FASTOPEN_CONNECT, "TCP_FASTOPEN_NO_COOKIE": so.TCP_FASTOPEN_NO_COOKIE,
    "TCP_FASTOPEN_KEY": so.TCP_FASTOPEN_KEY,
    "IP_TOS": so.IP_TOS, "IP_TTL": so.IP_TTL,
    "SO_BROADCAST": so.SO_BROADCAST, "IP_PKTINFO": so.IP_PKTINFO, "SO_EE_ORIGIN_LOCAL": 1, "SO_EE_ORIGIN_ICMP": 2,
    "IP_RECVERR": so.IP_RECVERR, "IP_RECVTTL": so.IP_RECVTTL,
    "IP_RECVTOS": so.IP_RECVTOS, "IP_MTU_DISCOVER": so.IP_MTU_DISCOVER, "IP_PMTUDISC_DONT": so.IP_PMTUDISC_DONT,
    "IP_PMTUDISC_WANT": so.IP_PMTUDISC_WANT, "IP_PMTUDISC_DO": so.IP_PMTUDISC_DO,
    "MSG_PEEK": so.MSG_PEEK, "MSG_DONTWAIT": so.MSG_DONTWAIT, "MSG_MORE": so.MSG_MORE, "MSG_NOSIGNAL": 0x4000,
    "MSG_FASTOPEN": so.MSG_FASTOPEN, "MSG_TRUNC": so.MSG_TRUNC, "MSG_EOR": so.MSG_EOR,
    "MSG_ZEROCOPY": so.MSG_ZEROCOPY, "MSG_ERRQUEUE": so.MSG_ERRQUEUE, "SO_ZEROCOPY": so.SO_ZEROCOPY,
    "TCP_INQ": so.TCP_INQ, "TCP_CM_INQ": so.TCP_INQ, "SO_EE_ORIGIN_ZEROCOPY": 5, "SO_EE_CODE_ZEROCOPY_COPIED": 1,
    "SHUT_RD": so.SHUT_RD, "SHUT_WR": so.SHUT_WR, "SHUT_RDWR": so.SHUT_RDWR,
    "F_GETFL": so.F_GETFL, "F_SETFL": so.F_SETFL, "O_RDWR": 2, "O_NONBLOCK": so.O_NONBLOCK, "FIONREAD": so.SIOCINQ,
    "SIOCINQ": so.SIOCINQ, "SIOCOUTQ": so.SIOCOUTQ,
    "POLLIN": POLLIN, "POLLPRI": POLLPRI, "POLLOUT": POLLOUT, "POLLERR": POLLERR, "POLLHUP": POLLHUP,
    "POLLRDHUP": POLLRDHUP,
    "EPOLLIN": POLLIN, "EPOLLPRI": POLLPRI, "EPOLLOUT": POLLOUT, "EPOLLERR": POLLERR, "EPOLLHUP": POLLHUP,
    "EPOLLRDHUP": POLLRDHUP, "EPOLL_CTL_ADD": EPOLL_CTL_ADD, "EPOLL_CTL_DEL": EPOLL_CTL_DEL,
    "EPOLL_CTL_MOD": EPOLL_CTL_MOD,
}
UNSUPPORTED = {
    "AF_INET6": "IPv6 cannot be played yet", "IPPROTO_MPTCP": "MPTCP cannot be played here",
    "IPPROTO_SCTP": "SCTP cannot be played here", "SOCK_SEQPACKET": "SCTP cannot be played here",
    "TCP_ULP": "TLS cannot be played here",
    "EPOLLET": "epoll tells of levels here, not of edges", "EPOLLONESHOT": "epoll tells of levels here",
    "SOCK_RAW": "raw sockets cannot be played here", "AF_UNIX": "a script has sockets of the network only",
    "MSG_OOB": "urgent data is not sent here", "TCP_MD5SIG": "signatures are not computed here",
}
"""What is refused by name, and why."""


def constant(name: str, place: Place, file: str) -> int:
    """Return the value of a constant; ScriptError for one that is not known."""
    if name in UNSUPPORTED:
        raise ScriptError(f"{name}: {UNSUPPORTED[name]}", place, file)
    if name not in CONSTANTS:
        from shell.language.grammar import did_you_mean

        raise ScriptError(f"no constant {name} here{did_you_mean(name, CONSTANTS)}", place, file)
    return CONSTANTS[name]


def show_bits(value: int) -> str:
    """Return what poll says as words."""
    names = {1: "POLLIN", 2: "POLLPRI", 4: "POLLOUT", 8: "POLLERR", 16: "POLLHUP", 0x2000: "POLLRDHUP"}
    return "|".join(name for bit, name in names.items() if value & bit) or "0"

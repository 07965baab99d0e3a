"""A program at a host that makes system calls: its descriptors, and the calls by name, with Linux's results and errors.

Everything that goes in and comes out is plain data, so that a call can be an operation of the user. No call ever
waits: one that would, at a descriptor that may, says so (`Reply.waits`), and whoever makes it tries again.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NamedTuple

from aether import plain
from aether import socket_options as so
from aether.sockets import ERROR, HUNG_UP, READABLE, WRITABLE, TcpSocket
from aether.tcp.info import TcpInfo, tcp_info
from aether.tcp.states import SYN_RECEIVED, SYN_SENT
from aether.tcp.zerocopy import SO_EE_CODE_ZEROCOPY_COPIED, SO_EE_ORIGIN_ZEROCOPY
from aether.udp import UdpSocket
from aether.wire.address import parse_ip, show_ip

if TYPE_CHECKING:
    from aether.stack import Stack

FIRST = 3
"""The lowest descriptor that a call gives out, as for a program with the usual three open."""
MOST_DESCRIPTORS = 1024
"""Descriptors that a program may have."""
EPOLL_ADD, EPOLL_DELETE, EPOLL_MODIFY = 1, 2, 3


class Reply(NamedTuple):
    """What a call returned."""

    value: int
    errno: int = 0
    out: Any = None
    """What it has written into the caller's memory, as plain data."""
    data: bytes = b""
    """Bytes that it has read."""
    waits: bool = False
    """True when the call has to be tried again: the descriptor may wait, and there was nothing to be had."""


class Epoll:
    """What an epoll descriptor watches: the mask and the caller's number of each descriptor."""

    __slots__ = ("watched",)

    def __init__(self) -> None:
        self.watched: dict[int, tuple[int, int]] = {}


class Descriptor:
    """What a number stands for."""

    __slots__ = ("nonblocking", "what")

    def __init__(self, what: TcpSocket | UdpSocket | Epoll, nonblocking: bool = False) -> None:
        self.what = what
        self.nonblocking = nonblocking


class Prepared(NamedTuple):
    """A call that is to be made as soon as something happens at a socket, inside the occurrence that brings it."""

    name: str
    fd: int
    arguments: list[Any]
    data: bytes


class Process:
    """The program: a job of its host, that is never done by itself."""

    __slots__ = ("descriptors", "done", "host", "prepared", "replies")

    def __init__(self, host: Stack) -> None:
        self.host = host
        self.descriptors: dict[int, Descriptor] = {}
        self.done = False
        self.prepared: list[Prepared] = []
        self.replies: list[Reply] = []
        """What the calls returned that were prepared, and made."""

    def ready(self, socket: TcpSocket | UdpSocket) -> None:
        """Make the calls that were prepared, now that something has happened."""
        prepared, self.prepared = self.prepared, []
        for number, each in enumerate(prepared):
            reply = self.call(each.name, each.fd, each.arguments, each.data)
            if reply.errno == errno.EAGAIN:  # something else happened first
                self.prepared = prepared[number:]
                return
            self.replies.append(reply)

    def report(self) -> dict[str, int]:
        """Return how many descriptors are open."""
        return {"descriptors": len(self.descriptors)}

    def cancel(self) -> None:
        """Close everything, as the system does when a program ends."""
        for number in list(self.descriptors):
            self.call("close", number, [], b"")
        self.done = True

    def call(self, name: str, fd: int, arguments: list[Any], data: bytes) -> Reply:
        """Make a call; what goes wrong is in the reply, as Linux says it. ENOSYS for one that there is not.

        ValueError for arguments that the call does not take.
        """
        handler: Callable[..., Reply] | None = getattr(self, f"_{name}", None) if name in CALLS else None
        if handler is None:
            return Reply(-1, errno.ENOSYS)
        check_arguments(name, arguments)
        try:
            if name in WITHOUT_DESCRIPTOR:
                return handler(*arguments)
            return handler(self._find(fd), *arguments, **({"data": data} if name in WITH_DATA else {}))
        except BlockingIOError as problem:
            waits = name in MAY_WAIT and not self._nonblocking(fd, name, arguments)
            return Reply(-1, problem.errno or errno.EAGAIN, waits=waits)
        except OSError as problem:
            return Reply(-1, problem.errno or errno.EIO)

    def _nonblocking(self, fd: int, name: str, arguments: list[Any]) -> bool:
        flags = {"read": 1, "write": 0, "recvfrom": 1, "recvmsg": 1, "sendto": 0}.get(name)
        if flags is not None and arguments[flags] & (so.MSG_DONTWAIT | so.MSG_ERRQUEUE):
            return True
        return self.descriptors[fd].nonblocking

    def would_go(self, name: str, fd: int, arguments: list[Any]) -> bool:
        """Tell whether a call that waits should be tried again; it changes nothing."""
        if name == "poll":
            return any(self._mask(number) & (wanted | ERROR | HUNG_UP) for number, wanted in arguments[0])
        if name == "epoll_wait":
            return bool(self._events(fd))
        found = self.descriptors.get(fd)
        if found is None:
            return True
        what = found.what
        if name == "connected":
            return not isinstance(what, TcpSocket) or what.connection is None or (
                what.connection.state not in (SYN_SENT, SYN_RECEIVED))
        mask = self._mask(fd)
        return bool(mask & (WRITABLE if name in ("write", "sendto") else READABLE) or mask & (ERROR | HUNG_UP))

    def info(self, fd: int, now: int) -> TcpInfo | None:
        """Return what TCP_INFO says of a descriptor at this time, in microseconds; None if it is no connection."""
        found = self.descriptors.get(fd)
        if found is None or not isinstance(found.what, TcpSocket) or found.what.connection is None:
            return None
        return tcp_info(found.what.connection, now)

    def _find(self, fd: int) -> Descriptor:
        if fd not in self.descriptors:
            raise OSError(errno.EBADF, f"no descriptor {fd}")
        return self.descriptors[fd]

    def _new(self, what: TcpSocket | UdpSocket | Epoll, nonblocking: bool = False) -> Reply:
        number = next((each for each in range(FIRST, MOST_DESCRIPTORS) if each not in self.descriptors), -1)
        if number < 0:
            return Reply(-1, errno.EMFILE)
        self.descriptors[number] = Descriptor(what, nonblocking)
        return Reply(number)

    def _tcp(self, found: Descriptor) -> TcpSocket:
        if not isinstance(found.what, TcpSocket):
            raise OSError(errno.EOPNOTSUPP, "not a TCP socket")
        return found.what

    # The calls.

    def _socket(self, kind: str, nonblocking: bool) -> Reply:
        return self._new(TcpSocket(self.host, self) if kind == "tcp" else UdpSocket(self.host, self), nonblocking)

    def _bind(self, found: Descriptor, address: str, port: int) -> Reply:
        ip = parse_ip(address)
        if isinstance(found.what, UdpSocket):
            found.what.bind(port, ip)
        else:
            self._tcp(found).bind(port, ip)
        return Reply(0)

    def _listen(self, found: Descriptor, backlog: int) -> Reply:
        self._tcp(found).listen(backlog)
        return Reply(0)

    def _accept(self, found: Descriptor, nonblocking: bool) -> Reply:
        child = self._tcp(found).accept()
        conn = child.connection
        assert conn is not None
        return self._new(child, nonblocking)._replace(out=[show_ip(conn.remote_ip), conn.remote_port])

    def _connect(self, found: Descriptor, address: str, port: int) -> Reply:
        ip = parse_ip(address)
        if isinstance(found.what, UdpSocket):
            found.what.connect(ip, port)
            return Reply(0)
        socket = self._tcp(found)
        asks_again = socket.connecting
        socket.connect(ip, port)
        if socket.deferred is not None:
            return Reply(0)
        return Reply(0) if asks_again else Reply(-1, errno.EINPROGRESS, waits=not found.nonblocking)

    def _disconnect(self, found: Descriptor) -> Reply:
        """connect() to nobody: only what has no connection to end can dissolve one."""
        if not isinstance(found.what, UdpSocket):
            raise OSError(errno.EOPNOTSUPP, "only a UDP socket can do that here")
        found.what.disconnect()
        return Reply(0)

    def _connected(self, found: Descriptor) -> Reply:
        """The end of a connect that waited."""
        try:
            self._tcp(found).connected()
        except BlockingIOError:
            return Reply(-1, errno.EALREADY, waits=True)
        return Reply(0)

    def _read(self, found: Descriptor, count: int, flags: int) -> Reply:
        if isinstance(found.what, UdpSocket):
            return self._recvfrom(found, count, flags)
        data = self._tcp(found).receive(count, flags)
        return Reply(len(data), data=data)

    def _recvfrom(self, found: Descriptor, count: int, flags: int) -> Reply:
        if isinstance(found.what, TcpSocket):
            return self._read(found, count, flags)
        if not isinstance(found.what, UdpSocket):
            raise OSError(errno.ENOTSOCK, "not a socket")
        datagram = found.what.receive(flags)
        data = datagram.payload[:count]
        length = len(datagram.payload) if flags & so.MSG_TRUNC else len(data)
        return Reply(length, out=[show_ip(datagram.source), datagram.port] if datagram.port else None, data=data)

    def _recvmsg(self, found: Descriptor, count: int, flags: int) -> Reply:
        """Read with what the system tells besides: the sender, flags, and control messages (level, type, value)."""
        if not isinstance(found.what, UdpSocket):
            if flags & so.MSG_ERRQUEUE:
                first, last = self._tcp(found).completions()
                said = [0, SO_EE_ORIGIN_ZEROCOPY, 0, SO_EE_CODE_ZEROCOPY_COPIED, first, last]
                return Reply(0, out=[None, so.MSG_ERRQUEUE, [[so.SOL_IP, so.IP_RECVERR, said]]])
            reply = self._read(found, count, flags)
            return reply._replace(out=[None, 0, [list(each) for each in self._tcp(found).ancillary()]])
        if flags & so.MSG_ERRQUEUE:
            error = found.what.take_error()
            cut = so.MSG_TRUNC if count < len(error.payload) else 0
            return Reply(
                min(count, len(error.payload)), data=error.payload[:count],
                out=[[show_ip(error.address), error.port], so.MSG_ERRQUEUE | cut,
                     [[so.SOL_IP, so.IP_RECVERR, error.fields()]]])
        datagram = found.what.receive(flags)
        data = datagram.payload[:count]
        cut = len(data) < len(datagram.payload)
        told = [list(each) for each in found.what.ancillary(datagram)]
        return Reply(
            len(datagram.payload) if flags & so.MSG_TRUNC else len(data), data=data,
            out=[[show_ip(datagram.source), datagram.port], so.MSG_TRUNC if cut else 0, told])

    def _write(self, found: Descriptor, flags: int, data: bytes) -> Reply:
        if isinstance(found.what, UdpSocket):
            return Reply(found.what.send(data))
        return Reply(self._tcp(found).send(data, flags))

    def _sendto(self, found: Descriptor, flags: int, address: str, port: int, data: bytes) -> Reply:
        if isinstance(found.what, UdpSocket):
            return Reply(found.what.send_to(data, parse_ip(address), port))
        if not flags & so.MSG_FASTOPEN:
            return self._write(found, flags, data)
        waits = not (found.nonblocking or flags & so.MSG_DONTWAIT)
        try:
            taken = self._tcp(found).send_early(data, parse_ip(address), port)
        except BlockingIOError as problem:
            return Reply(-1, problem.errno or errno.EINPROGRESS, waits=waits)
        return Reply(taken, waits=waits)

    def _shutdown(self, found: Descriptor, how: int) -> Reply:
        if isinstance(found.what, UdpSocket):
            found.what.shutdown(how)
        else:
            self._tcp(found).shutdown(how)
        return Reply(0)

    def _close(self, found: Descriptor) -> Reply:
        number = next(number for number, each in self.descriptors.items() if each is found)
        del self.descriptors[number]
        for each in self.descriptors.values():
            if isinstance(each.what, Epoll):
                each.what.watched.pop(number, None)
        if isinstance(found.what, (TcpSocket, UdpSocket)):
            found.what.close()
        return Reply(0)

    def _setsockopt(self, found: Descriptor, level: int, name: int, value: Any) -> Reply:
        if isinstance(value, list):
            value = bool(value[0]), int(value[1])  # SO_LINGER
        elif type(value) not in (int, bool, str) or isinstance(value, str) != ((level, name) in TEXTS):
            return Reply(-1, errno.EINVAL)
        if isinstance(found.what, UdpSocket):
            found.what.set_option(level, name, value)
            return Reply(0)
        if (level, name) == (so.SOL_TCP, so.TCP_FASTOPEN_KEY):
            value = value.encode("latin-1", "replace")
        self._tcp(found).set_option(level, name, value)
        return Reply(0)

    def _getsockopt(self, found: Descriptor, level: int, name: int) -> Reply:
        if isinstance(found.what, UdpSocket):
            return Reply(0, out=found.what.get_option(level, name))
        value = self._tcp(found).get_option(level, name)
        if isinstance(value, bytes):
            return Reply(0, out=value.hex())
        if isinstance(value, TcpInfo):
            return Reply(0, out=asdict(value))
        return Reply(0, out=[int(value[0]), value[1]] if isinstance(value, tuple) else value)

    def _fcntl(self, found: Descriptor, command: int, argument: int) -> Reply:
        if command == so.F_GETFL:
            return Reply(2 | (so.O_NONBLOCK if found.nonblocking else 0))
        if command != so.F_SETFL:
            return Reply(-1, errno.EINVAL)
        found.nonblocking = bool(argument & so.O_NONBLOCK)
        return Reply(0)

    def _ioctl(self, found: Descriptor, request: int) -> Reply:
        if isinstance(found.what, UdpSocket):
            waiting = len(found.what.queue[0].payload) if found.what.queue else 0
            return Reply(0, out=waiting) if request == so.SIOCINQ else Reply(-1, errno.ENOTTY)
        return Reply(0, out=self._tcp(found).ioctl(request))

    def _mask(self, fd: int) -> int:
        found = self.descriptors.get(fd)
        if found is None:
            return 0x20  # POLLNVAL
        what = found.what
        if isinstance(what, UdpSocket):
            return WRITABLE | (READABLE if what.queue else 0) | (ERROR if what.error or what.errors else 0)
        return what.poll() if isinstance(what, TcpSocket) else 0

    def _poll(self, watched: list[tuple[int, int]], timeout: int) -> Reply:
        told = [self._mask(fd) & (wanted | ERROR | HUNG_UP | 0x20) for fd, wanted in watched]
        count = sum(mask != 0 for mask in told)
        return Reply(count, out=told, waits=not count and timeout != 0)

    def _epoll_create(self) -> Reply:
        return self._new(Epoll())

    def _epoll(self, found: Descriptor) -> Epoll:
        if not isinstance(found.what, Epoll):
            raise OSError(errno.EINVAL, "not an epoll descriptor")
        return found.what

    def _epoll_ctl(self, found: Descriptor, what: int, fd: int, mask: int, data: int) -> Reply:
        watched = self._epoll(found).watched
        self._find(fd)
        if what == EPOLL_ADD and fd in watched:
            return Reply(-1, errno.EEXIST)
        if what in (EPOLL_DELETE, EPOLL_MODIFY) and fd not in watched:
            return Reply(-1, errno.ENOENT)
        if what == EPOLL_DELETE:
            del watched[fd]
        else:
            watched[fd] = mask, data
        return Reply(0)

    def _events(self, fd: int) -> list[list[int]]:
        found = self.descriptors.get(fd)
        if found is None or not isinstance(found.what, Epoll):
            return []
        told = [
            [self._mask(number) & (mask | ERROR | HUNG_UP), data]
            for number, (mask, data) in found.what.watched.items()]
        return [each for each in told if each[0]]

    def _epoll_wait(self, found: Descriptor, most: int, timeout: int) -> Reply:
        self._epoll(found)
        fd = next(number for number, each in self.descriptors.items() if each is found)
        told = self._events(fd)[:most]
        return Reply(len(told), out=told, waits=not told and timeout != 0)


CALLS = (
    "socket", "bind", "listen", "accept", "connect", "connected", "disconnect", "read", "recvfrom", "recvmsg", "write",
    "sendto", "shutdown", "close", "setsockopt", "getsockopt", "fcntl", "ioctl", "poll", "epoll_create",
    "epoll_ctl", "epoll_wait",
)
TEXTS = ((so.SOL_TCP, so.TCP_CONGESTION), (so.SOL_TCP, so.TCP_FASTOPEN_KEY))
"""Options whose value is a text."""
WITHOUT_DESCRIPTOR = ("socket", "poll", "epoll_create")
WITH_DATA = ("write", "sendto")
MAY_WAIT = ("accept", "read", "recvfrom", "recvmsg", "write", "sendto")
"""Those that wait at a descriptor that may, unless a flag says otherwise."""


def check_arguments(name: str, arguments: list[Any]) -> None:
    """See to it that a call can be made with these; ValueError if not, or if there is no such call."""
    if name not in CALLS:
        raise plain.DataError(f"there is no call {name!r:.40}")
    ours = ("found", "data") if name in WITH_DATA else ("found",)
    given = plain.in_order(getattr(Process, f"_{name}"), arguments, ours)
    if "address" in given:
        parse_ip(given["address"])
    value = given.get("value")
    if isinstance(value, list) and (len(value) != 2 or not all(isinstance(each, int) for each in value)):
        raise plain.DataError("a list for an option has two numbers")
    if not 0 <= given.get("port", 0) <= 0xFFFF:
        raise plain.DataError(f"there is no port {given['port']}")

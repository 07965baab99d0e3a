"""The process at the kernel's side: a private network for each script, and its calls on real sockets.

Started as ``python -m shell.drill.helper DESCRIPTOR``. It waits for what to make, forks a child for each script (which
enters a network namespace of its own, opens a TUN device, and hands it over), and ends with whoever started it. A child
has nothing but sockets of that network: requests name one of a few calls, and carry plain data.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import os
import re
import select
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from shell.lab import privileges

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
PR_SET_PDEATHSIG = 1
DEVICE = "tun0"
SETTINGS = (
    ("net.ipv4.tcp_congestion_control", "reno"), ("net.ipv4.tcp_congestion_control", "cubic"),
    ("net.ipv4.conf.all.rp_filter", "0"), ("net.ipv4.tcp_no_metrics_save", "1"), ("net.ipv4.tcp_min_tso_segs", "1"),
    ("net.ipv4.tcp_rmem", "4096 131072 16777215"), ("net.ipv4.ip_unprivileged_port_start", "0"),
)
"""What is set before the script's own sysctls: segments leave one by one, and the window scale that is offered is 8.
The calls are made without root, and on any port."""
SYSCTL = re.compile(r"net\.ipv4(\.[a-z0-9_]+)+")
"""What a script may have set: of its own network, and nothing else."""
INFO_SIZE = 256
TCP_INFO, TCP_CONGESTION, SO_LINGER = 11, 13, 13
IP_PKTINFO, IP_RECVERR, MSG_CMSG_CLOEXEC = 8, 11, 0x40000000


class Refused(Exception):
    """What cannot be had here; the text says which right is missing, and how to get it."""


def main() -> None:
    """Fork a child for each request, until the other end is closed."""
    control = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(ImportError):  # once, and not in each child
        from pyroute2 import IPRoute  # noqa: F401

        from shell.lab.namespace import enter_private  # noqa: F401
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 65_536, 1)
        if not message:
            return
        if os.fork():
            os.close(descriptors[0])
            continue
        control.close()
        _end_with_parent()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _serve(socket.socket(fileno=descriptors[0]), json.loads(message))
        os._exit(0)


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _serve(channel: socket.socket, wanted: dict[str, Any]) -> None:
    """Make the network, hand the device over, and carry out calls."""
    by_root = os.geteuid() == 0
    try:
        device = _make(wanted)
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
        if by_root and privileges.drop():
            _end_with_parent()  # which is forgotten when a process becomes another user's
    except Exception as problem:
        said = str(problem) if isinstance(problem, (Refused, ValueError)) else f"{type(problem).__name__}: {problem}"
        channel.sendall(json.dumps({"error": said}).encode() + b"\n")
        return
    socket.send_fds(channel, [json.dumps({"pid": os.getpid(), "kernel": os.uname().release}).encode()], [device])
    os.close(device)
    program = Program()
    for line in channel.makefile("rb"):
        asked = json.loads(line)
        answer = program.call(asked["name"], asked["fd"], asked["arguments"], bytes.fromhex(asked["data"]))
        channel.sendall(json.dumps({**answer, "at": time.monotonic_ns()}).encode() + b"\n")


def _make(wanted: dict[str, Any]) -> int:
    """Enter a network of our own, and return the TUN device that is its only way out."""
    from shell.lab.namespace import enter_private

    enter_private()
    device = _open_tun()
    for name in ("all", "default", DEVICE):
        with suppress(OSError):
            Path(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6").write_text("1")
    _configure(wanted)
    for name, value in [*SETTINGS, (f"net.ipv4.conf.{DEVICE}.rp_filter", "0"), *wanted["sysctls"]]:
        if SYSCTL.fullmatch(name) is None:
            raise Refused(f"{name} is no sysctl of a network")
        try:
            Path("/proc/sys", *name.split(".")).write_text(value)
        except OSError as problem:
            if [name, value] in wanted["sysctls"]:
                raise Refused(f"this kernel does not take {name}={value}: {problem.strerror}") from None
    return device


def _open_tun() -> int:
    try:
        device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as problem:
        raise Refused(
            f"cannot open /dev/net/tun ({problem.strerror}). With sudo it can be opened; where the file is missing, "
            "`sudo modprobe tun` makes it") from None
    try:
        fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", DEVICE.encode(), IFF_TUN | IFF_NO_PI))
    except OSError as problem:
        raise Refused(f"cannot make a TUN device ({problem.strerror}): CAP_NET_ADMIN is missing. Use sudo") from None
    return device


def _configure(wanted: dict[str, Any]) -> None:
    from pyroute2 import IPRoute

    with IPRoute() as routing:
        index = routing.link_lookup(ifname=DEVICE)[0]
        routing.link("set", index=index, mtu=wanted["mtu"])
        routing.addr("add", index=index, address=wanted["local_ip"], prefixlen=wanted["prefix"])
        routing.link("set", index=index, state="up")
        routing.route("add", dst="default", gateway=wanted["gateway_ip"])


class Program:
    """The calls of a script, on real sockets. Replies are as those of `aether.apps.process`."""

    def __init__(self) -> None:
        self.sockets: dict[int, socket.socket] = {}
        self.epolls: dict[int, Any] = {}
        self.watched: dict[int, dict[int, int]] = {}

    def call(self, name: str, fd: int, arguments: list[Any], data: bytes) -> dict[str, Any]:
        """Make a call, which may wait."""
        handler: Callable[..., Any] | None = getattr(self, f"_{name}", None) if name in CALLS else None
        if handler is None:
            return _reply(-1, errno.ENOSYS)
        try:
            if name in ("socket", "poll", "epoll_create"):
                found = handler(*arguments)
            elif name in ("epoll_ctl", "epoll_wait"):
                found = handler(fd, *arguments)
            else:
                if fd not in self.sockets:
                    return _reply(-1, errno.EBADF)
                found = handler(self.sockets[fd], *arguments, **({"data": data} if name in ("write", "sendto") else {}))
        except OSError as problem:
            return _reply(-1, problem.errno or errno.EIO)
        return found if isinstance(found, dict) else _reply(found or 0)

    def _new(self, made: socket.socket) -> int:
        self.sockets[made.fileno()] = made
        return made.fileno()

    def _socket(self, kind: str, nonblocking: bool) -> int:
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
        if nonblocking:
            self._fcntl(made, fcntl.F_SETFL, os.O_NONBLOCK)
        return self._new(made)

    def _bind(self, found: socket.socket, address: str, port: int) -> None:
        found.bind((address, port))

    def _listen(self, found: socket.socket, backlog: int) -> None:
        found.listen(backlog)

    def _accept(self, found: socket.socket, nonblocking: bool) -> dict[str, Any]:
        made, address = found.accept()
        if nonblocking:
            self._fcntl(made, fcntl.F_SETFL, os.O_NONBLOCK)
        return _reply(self._new(made), out=list(address))

    def _connect(self, found: socket.socket, address: str, port: int) -> None:
        found.connect((address, port))

    def _disconnect(self, found: socket.socket) -> None:
        nobody = struct.pack("=H14x", socket.AF_UNSPEC)
        if ctypes.CDLL(None, use_errno=True).connect(found.fileno(), nobody, len(nobody)):
            raise OSError(ctypes.get_errno(), "connect")

    def _read(self, found: socket.socket, count: int, flags: int) -> dict[str, Any]:
        data = found.recv(count, flags)  # with MSG_TRUNC as long as it was, and beyond `count` anything
        return _reply(len(data), data=data[:count])

    def _recvfrom(self, found: socket.socket, count: int, flags: int) -> dict[str, Any]:
        data, address = found.recvfrom(count, flags)
        return _reply(len(data), out=list(address) if address else None, data=data[:count])

    def _recvmsg(self, found: socket.socket, count: int, flags: int) -> dict[str, Any]:
        data, told, said, address = found.recvmsg(count, 1024, flags)
        control = [[level, kind, _control(level, kind, value)] for level, kind, value in told]
        out = [list(address) if address else None, said & ~MSG_CMSG_CLOEXEC, control]
        return _reply(len(data), out=out, data=data[:count])

    def _write(self, found: socket.socket, flags: int, data: bytes) -> int:
        return found.send(data, flags)

    def _sendto(self, found: socket.socket, flags: int, address: str, port: int, data: bytes) -> int:
        return found.sendto(data, flags, (address, port))

    def _shutdown(self, found: socket.socket, how: int) -> None:
        found.shutdown(how)

    def _close(self, found: socket.socket) -> None:
        del self.sockets[found.fileno()]
        found.close()

    def _setsockopt(self, found: socket.socket, level: int, name: int, value: Any) -> None:
        if isinstance(value, list):
            value = struct.pack("ii", *value)
        elif isinstance(value, str):
            value = value.encode("latin-1")
        elif not -(1 << 31) <= value < 1 << 31:
            value = struct.pack("I", value & 0xFFFFFFFF)
        found.setsockopt(level, name, value)

    def _getsockopt(self, found: socket.socket, level: int, name: int) -> dict[str, Any]:
        if (level, name) == (socket.SOL_SOCKET, SO_LINGER):
            return _reply(0, out=list(struct.unpack("ii", found.getsockopt(level, name, 8))))
        if (level, name) == (socket.SOL_TCP, TCP_CONGESTION):
            return _reply(0, out=found.getsockopt(level, name, 16).rstrip(b"\0").decode())
        if (level, name) == (socket.SOL_TCP, TCP_INFO):
            return _reply(0, out={}, data=found.getsockopt(level, name, INFO_SIZE))
        return _reply(0, out=found.getsockopt(level, name))

    def _info(self, found: socket.socket) -> dict[str, Any]:
        return self._getsockopt(found, socket.SOL_TCP, TCP_INFO)

    def _fcntl(self, found: socket.socket, command: int, argument: int) -> int:
        return fcntl.fcntl(found.fileno(), command, argument)

    def _ioctl(self, found: socket.socket, request: int) -> dict[str, Any]:
        raw = fcntl.ioctl(found.fileno(), request, bytes(4))
        return _reply(0, out=int.from_bytes(raw, sys.byteorder))

    def _poll(self, watched: list[list[int]], timeout: int) -> dict[str, Any]:
        poll = select.poll()
        for fd, mask in watched:
            poll.register(fd, mask)
        told = dict(poll.poll(timeout / 1000 if timeout >= 0 else None))
        return _reply(len(told), out=[told.get(fd, 0) for fd, _ in watched])

    def _epoll_create(self) -> int:
        made = select.epoll()
        self.epolls[made.fileno()] = made
        self.watched[made.fileno()] = {}
        return made.fileno()

    def _epoll_ctl(self, epoll: int, what: int, fd: int, mask: int, data: int) -> None:
        if epoll not in self.epolls:
            raise OSError(errno.EBADF, "no epoll")
        made = self.epolls[epoll]
        if what == 2:
            made.unregister(fd)
        elif what == 1:
            made.register(fd, mask)
        else:
            made.modify(fd, mask)
        self.watched[epoll][fd] = data

    def _epoll_wait(self, epoll: int, most: int, timeout: int) -> dict[str, Any]:
        if epoll not in self.epolls:
            raise OSError(errno.EBADF, "no epoll")
        told = self.epolls[epoll].poll(timeout / 1e6 if timeout >= 0 else None, most)
        return _reply(len(told), out=[[mask, self.watched[epoll].get(fd, 0)] for fd, mask in told])


CALLS = (
    "socket", "bind", "listen", "accept", "connect", "disconnect", "read", "recvfrom", "recvmsg", "write", "sendto",
    "shutdown", "close", "setsockopt", "getsockopt", "info", "fcntl", "ioctl", "poll", "epoll_create", "epoll_ctl",
    "epoll_wait",
)


def _control(level: int, kind: int, value: bytes) -> Any:
    """Return what a control message says: a number, or the fields of an error (struct sock_extended_err)."""
    if (level, kind) == (socket.SOL_IP, IP_RECVERR):
        return list(struct.unpack_from("=IBBBxII", value))
    if (level, kind) == (socket.SOL_IP, IP_PKTINFO):
        return int.from_bytes(value[8:12], "big")
    return int.from_bytes(value[:4], sys.byteorder)


def _reply(value: int, code: int = 0, *, out: Any = None, data: bytes = b"") -> dict[str, Any]:
    return {"value": value, "errno": code, "out": out, "data": data.hex()}


if __name__ == "__main__":
    main()

"""System calls: from how a script writes them to plain data that can be carried out, here or by a real kernel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aether import socket_options as so
from aether.wire.address import parse_ip
from shell.drill import constants as c
from shell.drill.errors import ScriptError
from shell.drill.script import Anything, Array, Either, Expr, Function, Number, QuotedText, ScriptCall, Struct, Symbol

MAX_BYTES = 16 << 20
"""Bytes that one call writes or reads, at the most."""
_ORDERS = ("htons", "htonl", "ntohs", "ntohl")
ALLOWED = (so.MSG_PEEK | so.MSG_TRUNC | so.MSG_DONTWAIT | so.MSG_EOR | so.MSG_MORE | so.MSG_FASTOPEN | so.MSG_ZEROCOPY
           | so.MSG_ERRQUEUE | 0x4000)
"""Flags of calls that read or write."""
NEVER = -1
"""The timeout of poll that waits for ever."""


@dataclass(slots=True)
class CallPlan:
    """What is to be done. Descriptors are those of the script."""

    name: str
    """As `aether.apps.process` calls it."""
    fd: int = -1
    arguments: list[Any] = field(default_factory=list)
    """An address is an (ip, port) pair in here, None for the one that goes without saying."""
    count: int = -1
    """Bytes to write; -1 for a call that writes none."""
    payload: bytes | None = None
    """What to write, if the script says so; else it goes on with a pattern of its own."""
    expected: Any = None
    """What it is to write into the caller's memory; None if that may be anything."""
    expected_data: bytes | None = None
    """What it is to read, if the script says so; else what was sent to it."""
    timeout: int = 0
    """Microseconds that a poll waits; NEVER for ever."""
    opens: bool = False
    """Whether what it returns is a descriptor."""
    signature: str = ""


def check(call: ScriptCall, file: str) -> None:
    """Raise ScriptError, with its place, for a call that cannot be made."""
    plan(call, file)


def plan(call: ScriptCall, file: str) -> CallPlan:
    """Return what a call asks for; ScriptError."""
    return _Planner(call, file).plan()


class _Planner:
    """Reads the arguments of one call."""

    def __init__(self, call: ScriptCall, file: str) -> None:
        self.call, self.file = call, file
        self.arguments = call.arguments

    def wrong(self, problem: str, index: int = -1) -> ScriptError:
        place = self.call.places[index] if 0 <= index < len(self.call.places) else self.call.place
        return ScriptError(problem, place, self.file)

    def plan(self) -> CallPlan:
        name = self.call.name
        if name not in CALLS:
            if name in REFUSED:
                raise self.wrong(f"{name}() is refused: {REFUSED[name]}")
            from shell.language.grammar import did_you_mean

            raise self.wrong(f"no call {name}() here{did_you_mean(name, CALLS)}. There are: {', '.join(CALLS)}")
        signature, handler = CALLS[name]
        wanted = [part.strip() for part in signature.split(",")] if signature else []
        least = sum(not part.endswith("?") for part in wanted)
        if not least <= len(self.arguments) <= len(wanted):
            said = signature.replace("?", "")
            raise self.wrong(f"expected {name}({said}), not {len(self.arguments)} arguments")
        found = handler(self)
        found.signature = signature
        return found

    # Values.

    def given(self, index: int) -> bool:
        return index < len(self.arguments)

    def integer(self, index: int, default: int | None = None) -> int:
        if default is not None and (not self.given(index) or isinstance(self.arguments[index], Anything)):
            return default
        return self.number(self.arguments[index], index)

    def number(self, expr: Expr, index: int) -> int:
        if isinstance(expr, Number):
            return expr.value
        if isinstance(expr, Symbol):
            return c.constant(expr.name, expr.place, self.file)
        if isinstance(expr, Either):
            value = 0
            for part in expr.parts:
                value |= self.number(part, index)
            return value
        if isinstance(expr, Array) and len(expr.items) == 1:
            return self.number(expr.items[0], index)
        if isinstance(expr, Function) and expr.name in _ORDERS and len(expr.arguments) == 1:
            return self.number(expr.arguments[0], index)
        raise self.wrong("expected a number or a constant", index)

    def fd(self, index: int = 0) -> int:
        return self.integer(index)

    def count(self, index: int) -> int:
        value = self.integer(index)
        if not 0 <= value <= MAX_BYTES:
            raise self.wrong(f"expected a number of bytes up to {MAX_BYTES}, not {value}", index)
        return value

    def address(self, index: int) -> tuple[str, int] | None:
        """Return an address and a port; None for ``...``."""
        if not self.given(index) or isinstance(self.arguments[index], Anything):
            return None
        expr = self.arguments[index]
        if isinstance(expr, Symbol) and expr.name == "NULL":
            return None
        if not isinstance(expr, Struct):
            raise self.wrong("expected ... or {sa_family = AF_INET, sin_port = htons(8080), sin_addr = ...}", index)
        family = expr.get("sa_family") or expr.get("sin_family")
        if family is not None and self.number(family, index) != 2:
            raise self.wrong("expected AF_INET", index)
        port = expr.get("sin_port")
        found = expr.get("sin_addr")
        ip = "0.0.0.0"
        if isinstance(found, Function):
            ip = self.ip(found, index)
        elif found is not None and not (isinstance(found, Symbol) and found.name == "INADDR_ANY"):
            raise self.wrong('expected inet_addr("192.0.2.1") or INADDR_ANY', index)
        number = self.number(port, index) if port is not None and not isinstance(port, Anything) else 0
        if not 0 <= number <= 65_535:
            raise self.wrong(f"expected a port up to 65535, not {number}", index)
        return ip, number

    def ip(self, expr: Expr, index: int) -> str:
        """Return the address of ``inet_addr("192.0.2.1")``."""
        text = expr.arguments[0] if isinstance(expr, Function) and expr.name == "inet_addr" and expr.arguments else None
        if not isinstance(text, QuotedText):
            raise self.wrong('expected inet_addr("192.0.2.1")', index)
        ip = text.value.decode("latin-1")
        parts = ip.split(".")
        if len(parts) != 4 or not all(part.isdigit() and len(part) < 4 and int(part) < 256 for part in parts):
            raise self.wrong(f"{ip!r} is no IPv4 address", index)
        return ip

    def payload(self, index: int) -> bytes | None:
        expr = self.arguments[index]
        if isinstance(expr, QuotedText):
            return expr.value
        if not isinstance(expr, Anything):
            raise self.wrong('expected ... or a text in " "', index)
        return None

    def pieces(self, index: int, expr: Expr | None = None) -> int:
        """Return how many bytes an array of ``{..., 1000}`` amounts to."""
        expr = expr if expr is not None else self.arguments[index]
        if not isinstance(expr, Array):
            raise self.wrong("expected buffers such as [{..., 1000}, {..., 500}]", index)
        total = 0
        for item in expr.items:
            length = None
            if isinstance(item, Struct):
                length = item.get("iov_len") or item.get("1")
            if length is None:
                raise self.wrong("expected a buffer such as {..., 1000}", index)
            total += self.number(length, index)
        if not 0 <= total <= MAX_BYTES:
            raise self.wrong(f"expected a number of bytes up to {MAX_BYTES}, not {total}", index)
        return total

    def message(self) -> int:
        expr = self.arguments[1]
        vector = expr.get("msg_iov") if isinstance(expr, Struct) else None
        if vector is None:
            raise self.wrong("expected a message such as {msg_name(...)=..., msg_iov(1)=[{..., 1000}], msg_flags=0}", 1)
        return self.pieces(1, vector)

    # The calls.

    def socket(self) -> CallPlan:
        if not isinstance(self.arguments[0], Anything) and self.integer(0) != 2:
            raise self.wrong("expected AF_INET or ...", 0)
        kind = self.integer(1)
        protocol = self.integer(2)
        flags = kind & (c.SOCK_NONBLOCK | c.SOCK_CLOEXEC)
        if kind & ~flags not in (1, 2):
            raise self.wrong("expected SOCK_STREAM or SOCK_DGRAM", 1)
        if protocol not in ((0, 6) if kind & ~flags == 1 else (0, 17)):
            raise self.wrong("expected IPPROTO_TCP with SOCK_STREAM, or IPPROTO_UDP with SOCK_DGRAM", 2)
        name = "tcp" if kind & ~flags == 1 else "udp"
        return CallPlan("socket", -1, [name, bool(flags & c.SOCK_NONBLOCK)], opens=True)

    def bind(self) -> CallPlan:
        return CallPlan("bind", self.fd(), [self.address(1)])

    def listen(self) -> CallPlan:
        return CallPlan("listen", self.fd(), [max(self.integer(1), 0)])

    def accept(self) -> CallPlan:
        flags = self.integer(3, 0)
        self.address(1)
        return CallPlan("accept", self.fd(), [bool(flags & c.SOCK_NONBLOCK)], opens=True)

    def connect(self) -> CallPlan:
        nobody = self.arguments[1] if self.given(1) else None
        family = (nobody.get("sa_family") or nobody.get("sin_family")) if isinstance(nobody, Struct) else None
        if family is not None and self.number(family, 1) == 0:
            return CallPlan("disconnect", self.fd(), [])
        return CallPlan("connect", self.fd(), [self.address(1)])

    def read(self) -> CallPlan:
        return CallPlan("read", self.fd(), [self.count(2), 0], expected_data=self.payload(1))

    def recv(self) -> CallPlan:
        return CallPlan("read", self.fd(), [self.count(2), self.flags(3)], expected_data=self.payload(1))

    def recvfrom(self) -> CallPlan:
        plan = CallPlan("recvfrom", self.fd(), [self.count(2), self.flags(3)], expected_data=self.payload(1))
        address = self.address(4)
        plan.expected = list(address) if address is not None else None
        return plan

    def readv(self) -> CallPlan:
        return CallPlan("read", self.fd(), [self.pieces(1), 0])

    def recvmsg(self) -> CallPlan:
        plan = CallPlan("recvmsg", self.fd(), [self.message(), self.flags(2)])
        message = self.arguments[1]
        if isinstance(message, Struct):
            said, control = message.get("msg_flags"), message.get("msg_control")
            given = said is not None and not isinstance(said, Anything)
            plan.expected = [self.number(said, 1) if given and said is not None else None, self.control(control)]
        return plan

    def said(self, expr: Expr) -> Any:
        """Return a number, that of {ipi_addr=inet_addr(...)}, or those of {ee_errno=0, ee_origin=..., ...}."""
        if isinstance(expr, Struct) and (where := expr.get("ipi_addr")) is not None:
            return int.from_bytes(parse_ip(self.ip(where, 1)), "big")
        if not isinstance(expr, Struct):
            return self.number(expr, 1)
        fields = [expr.get(f"ee_{name}") or Number(0) for name in ("errno", "origin", "type", "code", "info", "data")]
        return [self.number(each, 1) for each in fields]

    def control(self, expr: Expr | None) -> list[list[Any]] | None:
        """Return what control messages are to say: level, type and value of each; None if nothing is said of them."""
        if expr is None or isinstance(expr, Anything):
            return None
        found = []
        for item in expr.items if isinstance(expr, Array) else (expr,):
            names = ("cmsg_level", "cmsg_type", "cmsg_data")
            parts = [item.get(name) if isinstance(item, Struct) else None for name in names]
            if any(part is None for part in parts):
                raise self.wrong("expected [{cmsg_level=SOL_IP, cmsg_type=IP_TTL, cmsg_data=64}]", 1)
            found.append([self.said(part) for part in parts if part is not None])
        return found

    def flags(self, index: int) -> int:
        value = self.integer(index, 0)
        if value & ~ALLOWED:
            raise self.wrong(
                "expected 0, MSG_PEEK, MSG_TRUNC, MSG_DONTWAIT, MSG_EOR, MSG_MORE, MSG_ZEROCOPY, MSG_ERRQUEUE, "
                "MSG_FASTOPEN or MSG_NOSIGNAL", index)
        return value & ~0x4000

    def written(self, flags: int, count: int, payload: bytes | None) -> CallPlan:
        if payload is not None and len(payload) < count:
            raise self.wrong(f"the text has {len(payload)} bytes, and {count} are to be written", 2)
        return CallPlan("write", self.fd(), [flags], count, payload[:count] if payload is not None else None)

    def write(self) -> CallPlan:
        return self.written(0, self.count(2), self.payload(1))

    def send(self) -> CallPlan:
        return self.written(self.flags(3), self.count(2), self.payload(1))

    def sendto(self) -> CallPlan:
        plan = self.written(self.flags(3), self.count(2), self.payload(1))
        if self.given(4):
            plan.name, plan.arguments = "sendto", [plan.arguments[0], self.address(4)]
        return plan

    def writev(self) -> CallPlan:
        return self.written(0, self.pieces(1), None)

    def sendmsg(self) -> CallPlan:
        return self.written(self.flags(2), self.message(), None)

    def shutdown(self) -> CallPlan:
        return CallPlan("shutdown", self.fd(), [self.integer(1)])

    def close(self) -> CallPlan:
        return CallPlan("close", self.fd())

    def value(self, index: int) -> Any:
        """Return the value of an option; None for ``...``."""
        expr = self.arguments[index]
        if isinstance(expr, Array) and len(expr.items) == 1:
            expr = expr.items[0]
        if isinstance(expr, Anything):
            return None
        if isinstance(expr, QuotedText):
            return expr.value.decode("latin-1").rstrip("\0")
        if isinstance(expr, Struct):
            on = expr.get("onoff") or expr.get("l_onoff")
            time = expr.get("linger") or expr.get("l_linger")
            if on is None or time is None:
                raise self.wrong("expected {onoff=1, linger=0}", index)
            return [self.number(on, index), self.number(time, index)]
        return self.number(expr, index)

    def setsockopt(self) -> CallPlan:
        value = self.value(3)
        if value is None:
            raise self.wrong("expected the value of the option, such as [1]", 3)
        if (self.integer(1), self.integer(2)) == (so.SOL_TCP, so.TCP_FASTOPEN_KEY) and not isinstance(value, str):
            raise self.wrong("expected a key of 16 or 32 bytes as a text", 3)
        return CallPlan("setsockopt", self.fd(), [self.integer(1), self.integer(2), value])

    def getsockopt(self) -> CallPlan:
        return CallPlan("getsockopt", self.fd(), [self.integer(1), self.integer(2)], expected=self.value(3))

    def fcntl(self) -> CallPlan:
        command = self.integer(1)
        if command not in (so.F_GETFL, so.F_SETFL):
            raise self.wrong("expected F_GETFL or F_SETFL", 1)
        return CallPlan("fcntl", self.fd(), [command, self.integer(2, 0)])

    def ioctl(self) -> CallPlan:
        request = self.integer(1)
        if request not in (so.SIOCINQ, so.SIOCOUTQ):
            raise self.wrong("expected SIOCINQ or SIOCOUTQ", 1)
        return CallPlan("ioctl", self.fd(), [request], expected=self.value(2))

    def poll(self) -> CallPlan:
        expr = self.arguments[0]
        watched, told = [], []
        for item in expr.items if isinstance(expr, Array) else ():
            number, events = (item.get(name) if isinstance(item, Struct) else None for name in ("fd", "events"))
            if number is None or events is None:
                raise self.wrong("expected {fd=3, events=POLLIN, revents=POLLIN}", 0)
            returned = item.get("revents") if isinstance(item, Struct) else None
            watched.append([self.number(number, 0), self.number(events, 0)])
            told.append(None if returned is None or isinstance(returned, Anything) else self.number(returned, 0))
        if not watched:
            raise self.wrong("expected [{fd=3, events=POLLIN, revents=POLLIN}]", 0)
        return self.waits(CallPlan("poll", -1, [watched], expected=told), 2)

    def waits(self, plan: CallPlan, index: int) -> CallPlan:
        timeout = self.integer(index)
        if not -1 <= timeout <= 600_000:
            raise self.wrong("expected milliseconds up to 600000, or -1 for ever", index)
        plan.timeout = NEVER if timeout < 0 else timeout * 1000
        plan.arguments.append(plan.timeout)
        return plan

    def epoll_create(self) -> CallPlan:
        return CallPlan("epoll_create", opens=True)

    def event(self, expr: Expr, index: int) -> list[int]:
        if not isinstance(expr, Struct) or expr.get("events") is None:
            raise self.wrong("expected {events=EPOLLIN, fd=4}", index)
        events = expr.get("events")
        data = expr.get("fd") or expr.get("ptr") or expr.get("u32") or expr.get("u64") or Number(0)
        assert events is not None
        return [self.number(events, index), self.number(data, index)]

    def epoll_ctl(self) -> CallPlan:
        mask, data = (0, 0)
        if self.given(3) and not isinstance(self.arguments[3], Anything) and self.integer(1) != c.EPOLL_CTL_DEL:
            mask, data = self.event(self.arguments[3], 3)
        return CallPlan("epoll_ctl", self.fd(), [self.integer(1), self.integer(2), mask, data])

    def epoll_wait(self) -> CallPlan:
        expr = self.arguments[1]
        told = None
        if not isinstance(expr, Anything):
            items = expr.items if isinstance(expr, Array) else (expr,)
            told = [self.event(item, 1) for item in items]
        return self.waits(CallPlan("epoll_wait", self.fd(), [self.integer(2)], expected=told), 3)


_P = _Planner
CALLS: dict[str, tuple[str, Callable[[_Planner], CallPlan]]] = {
    "socket": ("domain, type, protocol", _P.socket), "bind": ("fd, address, length", _P.bind),
    "listen": ("fd, backlog", _P.listen), "accept": ("fd, address, length", _P.accept),
    "accept4": ("fd, address, length, flags", _P.accept), "connect": ("fd, address, length", _P.connect),
    "read": ("fd, ..., count", _P.read), "recv": ("fd, ..., count, flags", _P.recv),
    "recvfrom": ("fd, ..., count, flags, address, length", _P.recvfrom), "readv": ("fd, buffers, count", _P.readv),
    "recvmsg": ("fd, message, flags", _P.recvmsg), "write": ("fd, ..., count", _P.write),
    "send": ("fd, ..., count, flags", _P.send), "sendto": ("fd, ..., count, flags, address?, length?", _P.sendto),
    "writev": ("fd, buffers, count", _P.writev), "sendmsg": ("fd, message, flags", _P.sendmsg),
    "shutdown": ("fd, how", _P.shutdown), "close": ("fd", _P.close),
    "setsockopt": ("fd, level, name, value, length", _P.setsockopt),
    "getsockopt": ("fd, level, name, value, length", _P.getsockopt), "fcntl": ("fd, command, argument?", _P.fcntl),
    "ioctl": ("fd, request, value", _P.ioctl), "poll": ("descriptors, count, milliseconds", _P.poll),
    "epoll_create": ("size", _P.epoll_create), "epoll_create1": ("flags", _P.epoll_create),
    "epoll_ctl": ("epoll, what, fd, event", _P.epoll_ctl),
    "epoll_wait": ("epoll, events, most, milliseconds", _P.epoll_wait),
}
"""The calls that a script may make, with their arguments; one that ends in ? may be left out."""
_NO_FILES = "a script has sockets, and neither files nor programs"
REFUSED = {
    **dict.fromkeys(("open", "openat", "creat", "unlink", "sendfile", "splice", "mmap", "pipe"), _NO_FILES),
    **dict.fromkeys(("system", "exec", "execve", "fork", "clone", "popen", "kill", "vfork"), _NO_FILES),
    "cap_set": "a script has no privileges to give up", "select": "poll() and epoll_wait() say the same",
    "sctp_bindx": "SCTP cannot be played here", "sctp_sendmsg": "SCTP cannot be played here",
    "sctp_connectx": "SCTP cannot be played here",
}
"""Calls that are refused by name, and why."""

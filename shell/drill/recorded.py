"""A kernel whose answers were recorded: for those who have no right to a network of their own.

Each file beside this one, in `recorded`, is a script that Linux has played exactly as it is written, with every option
of every packet. A script whose calls and arriving packets are those of such a record can be answered from it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from aether.apps.process import Reply
from aether.wire import ipv4, tcp
from aether.wire.address import parse_ip
from shell.drill import calls, options, packets
from shell.drill.errors import KernelError, Place
from shell.drill.flows import MASK, pattern
from shell.drill.packets import SentPacket
from shell.drill.script import Result, Script, ScriptCall, ScriptLine, ScriptPacket, SysctlsLine, TcpPacket

FOLDER = Path(__file__).with_name("recorded")
_KERNEL = re.compile(r"# Linux (\S+):")
ISN = 0x5EED_0000
"""Where the host's numbers begin in what is told."""
FIRST_PORT = 40_000
NOWHERE = Place(0, 0)


@dataclass(slots=True)
class _Input:
    """What is done to the host, and what it then did."""

    line: ScriptLine
    key: object
    """By which two of them are the same; None for what no record has."""
    packets: list[tuple[int, TcpPacket]] = field(default_factory=list)
    """What it sent, and how many microseconds later."""


@dataclass(slots=True)
class _Record:
    kernel: str
    inputs: list[_Input]



def _key(line: ScriptLine, file: str) -> object:
    event = line.event
    if isinstance(event, TcpPacket):
        window = event.window if event.window is not None else packets.DEFAULT_WINDOW
        if "R" in event.flags:
            window = 0  # nobody looks at the window of a reset
        return replace(event, place=NOWHERE, window=window)
    if isinstance(event, ScriptPacket):
        return replace(event, place=NOWHERE)
    if isinstance(event, ScriptCall):
        plan = calls.plan(event, file)
        return plan.name, plan.fd, repr(plan.arguments), plan.count, plan.payload, plan.timeout
    return None


def _inputs(script: Script) -> list[_Input]:
    """Return what a script does to the host, and what it expects after each."""
    found: list[_Input] = []
    now = last = 0
    for line in script.lines:
        event, when = line.event, line.time
        now = when.start if when.kind == "absolute" else now + max(when.start, 0)
        if isinstance(event, ScriptPacket) and not event.inbound:
            if found and isinstance(event, TcpPacket):
                found[-1].packets.append((now - last, event))
            continue
        if isinstance(event, SysctlsLine):
            found.append(_Input(line, None))
            continue
        found.append(_Input(line, _key(line, script.file)))
        last = now
    return found


@lru_cache(maxsize=1)
def records() -> tuple[_Record, ...]:
    """Return all records."""
    from shell.drill.parse import load

    found = []
    for path in sorted(FOLDER.glob("*.pkt")):
        script = load(path)
        kernel = _KERNEL.match(script.source)
        assert kernel is not None, path
        found.append(_Record(kernel[1], _inputs(script)))
    return tuple(found)


def _alike(record: _Record, inputs: list[_Input]) -> int:
    """Return how many of the first inputs are those of a record."""
    for number, (one, other) in enumerate(zip(inputs, record.inputs, strict=False)):
        if one.key is None or one.key != other.key:
            return number
    return min(len(inputs), len(record.inputs))


def find(script: Script) -> _Record:
    """Return a record that knows what was answered to a script; KernelError says which line none of them has."""
    inputs = _inputs(script)
    best = max(_alike(record, inputs) for record in records())
    fitting = [record for record in records() if _alike(record, inputs) == best]
    if best == len(inputs):
        return fitting[0]
    line = inputs[best].line
    known = dict.fromkeys(record.inputs[best].line.text for record in fitting if len(record.inputs) > best)
    said = f" There it is recorded what follows after: {'; '.join(known)}" if best and known else ""
    raise KernelError(
        f"what Linux {fitting[0].kernel} did is recorded for some scripts, and no record has line "
        f"{line.place.line}, {line.text}.{said}")


class RecordedStage:
    """A kernel as it is remembered. Its time is virtual."""

    exact = True

    def __init__(self, script: Script) -> None:
        """KernelError if nothing is known of what it would do."""
        record = find(script)
        self.kernel = record.kernel
        self.sent: list[SentPacket] = []
        self.reply: tuple[Reply, int] | None = None
        self.now = 0
        self._inputs = record.inputs
        self._next = 0
        self._due: list[tuple[int, TcpPacket]] = []
        self._returns: tuple[Reply, int] | None = None
        self._ends = ("", FIRST_PORT, "", 0)
        """The address and port of the host, and of the far end."""
        self._local_ip = script.options.local_ip
        self._read = 0

    def run_until(self, moment: int, enough: Callable[[], bool]) -> None:
        """Let what was recorded happen."""
        while not enough():
            packet = min((at for at, _ in self._due), default=moment + 1)
            call = self._returns[1] if self._returns is not None else moment + 1
            if min(packet, call) > moment:
                self.now = max(self.now, moment)
                return
            self.now = max(self.now, min(packet, call))
            if packet <= call:
                self.sent.append(SentPacket(self.now, 0, self._built(self._due.pop(0)[1])))
            else:
                self.reply, self._returns = self._returns, None

    def _take(self) -> _Input:
        found = self._inputs[self._next]
        self._next += 1
        self._due += [(self.now + delay, packet) for delay, packet in found.packets]
        self._due.sort(key=lambda each: each[0])
        return found

    def inject(self, packet: bytes) -> int:
        """Let a packet arrive: what follows is what followed then."""
        header = ipv4.parse(packet)
        segment = tcp.parse(packet[header.header_length:])
        seen = packets.read(SentPacket(0, 0, packet))
        self._ends = (seen.destination[0], segment.destination_port, seen.source[0], segment.source_port)
        self._take()
        return 0

    def call(self, name: str, fd: int, arguments: list[Any], data: bytes, timeout: int) -> None:
        """Make a call: it returns what it returned then."""
        if name == "connect":
            self._ends = (self._local_ip, FIRST_PORT, str(arguments[0]), int(arguments[1]))
        line = self._take().line
        event = line.event
        assert isinstance(event, ScriptCall)
        self.reply, self._returns = None, (self._replied(name, event.result), self.now + max(
            line.time.end - line.time.start if line.time.blocking else 0, 0))
        if self._returns[1] == self.now:
            self.reply, self._returns = self._returns, None

    def _replied(self, name: str, result: Result) -> Reply:
        import errno

        value = result.value if result.value is not None else 0
        if value < 0:
            return Reply(value, getattr(errno, result.errno, 0))
        if name == "accept":
            return Reply(value, 0, [self._ends[2], self._ends[3]])
        if name in ("read", "recvfrom"):
            data = pattern(self._read, value)
            self._read += value
            return Reply(value, 0, None, data)
        return Reply(value)

    def _built(self, packet: TcpPacket) -> bytes:
        """Return a segment of the host's."""
        local, local_port, remote, remote_port = self._ends
        source, destination = parse_ip(local), parse_ip(remote)
        segment = tcp.build(
            source, destination, local_port, remote_port, (packet.span.first + ISN) & MASK, packet.ack or 0,
            packets.flag_bits(packet.flags), packet.window or 0,
            options.encode(packet.options or (), lambda edge: edge, lambda echo: echo),
            pattern(packet.span.first - 1, packet.span.length))
        return ipv4.build(source, destination, ipv4.PROTO_TCP, segment, dont_fragment=True)

    def info(self, fd: int) -> dict[str, float]:
        """Nothing was recorded of it."""
        return {}

    def state(self) -> str:
        """Nothing is known of a kernel's timers."""
        return ""

    def close(self) -> None:
        """There is nothing to give back."""

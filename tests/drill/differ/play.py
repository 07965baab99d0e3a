"""Programs, played against Aether in virtual time, and against the kernel: many at once, each at its own addresses."""

from __future__ import annotations

import errno
import heapq
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from aether.apps.process import Reply
from aether.wire import tcp
from shell.drill import calls, options, packets
from shell.drill.flows import FIRST_REMOTE_PORT, ScriptFlow, pattern
from shell.drill.kernel import KernelStage
from shell.drill.packets import SentPacket
from shell.drill.parse import parse
from shell.drill.run import Wishes, virtual_stage
from shell.drill.script import Event, IcmpPacket, Script, ScriptCall, ScriptPacket, TcpPacket
from shell.drill.stage import Stage, VirtualStage
from tests.drill.differ.programs import Program

REST = 30_000
"""Microseconds that are waited after the last step."""
AT_ONCE = 100
"""Programs that run at the same time against the kernel."""
STAGGER = 3_000
"""Microseconds between the beginnings of two."""
FIRST_PORT = 1100


@dataclass(frozen=True, slots=True)
class Out:
    """A segment that the host sent, with a script's numbers."""

    time: int
    flags: str
    seq: int
    length: int
    ack: int | None
    window: int
    options: tuple[str, ...]
    """Each as a script writes it; the value of the host's timestamp is left out."""
    ecn: int
    broken: str = ""
    shown: str = field(default="", compare=False)

    def __str__(self) -> str:
        return self.shown


@dataclass(slots=True)
class Happened:
    """What came of one step, until the next."""

    result: str = ""
    out: list[Out] = field(default_factory=list)
    at: int = 0


@dataclass(slots=True)
class Trace:
    """What came of a program."""

    steps: list[Happened]
    state: int = 0
    """The number of the state that the last socket is in, as the kernel counts; 0 for none."""
    late: int = 0
    """By how many microseconds a step was late, at the most."""


@lru_cache(maxsize=20_000)
def event_of(text: str) -> Event:
    """Return what a line without its time says."""
    return parse(f"+0 {text}\n").lines[0].event


def script_of(program: Program) -> Script:
    """Return a script with nothing but the settings of a program."""
    settings = "".join(f"`sysctl -q {name}={value}`\n" for name, value in program.sysctls)
    return parse(settings or "+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n")


class Play:
    """One program on a stage."""

    def __init__(self, program: Program, stage: Stage, flow: ScriptFlow, bind_port: int, connect_port: int) -> None:
        self.program, self.stage, self.flow = program, stage, flow
        self.bind_port, self.connect_port = bind_port, connect_port
        self.descriptors: dict[int, int] = {}
        self.trace = Trace([Happened() for _ in program.steps])
        self.at = -1
        self.began = False
        """Set with the peer's first SYN."""

    def take(self, sent: SentPacket) -> None:
        """Note what the host has sent, as the effect of the latest step."""
        self.trace.steps[max(self.at, 0)].out.append(self.read(sent))

    def read(self, sent: SentPacket) -> Out:
        """Return a segment with a script's numbers."""
        seen = packets.read(sent)
        header, flow = seen.tcp, self.flow
        if header is None or seen.ip is None:
            return Out(sent.time, "", 0, 0, None, 0, (), 0, f"{seen.kind} {seen.problem}", f"> {seen.kind}")
        if header.flags & tcp.SYN and flow.unanchored:
            flow.anchor(header.sequence, 0)
        found = options.decode(header.options)
        for each in found:
            if each.name == "timestamp" and flow.first_stamp is None:
                flow.first_stamp = 100, each.values[0], sent.time
                flow.stamps[100] = each.values[0]
        told = tuple(
            f"TS ecr {each.values[1]}" if each.name == "timestamp" and len(each.values) == 2 else options.show([each])
            for each in found)
        lone = header.flags & tcp.RST and not header.sequence  # of no connection: it counts from nothing
        seq = 0 if lone else flow.scripted(header.sequence)
        problem = seen.problem
        first = (seq - 1) & 0xFFFFFFFF
        if seen.data and not header.flags & tcp.SYN and not problem and first < 1 << 30:
            written = bytes(flow.written[first:first + len(seen.data)])
            if written and written != seen.data[:len(written)]:
                problem = "other bytes than were written"
        return Out(
            sent.time, packets.show_flags(header.flags), seq, len(seen.data),
            header.acknowledgement if header.flags & tcp.ACK else None, header.window, told, seen.ip.tos & 3, problem,
            packets.show(seen, flow))

    def step(self) -> None:
        """Do the next step."""
        self.at += 1
        happened = self.trace.steps[self.at]
        happened.at = self.stage.now
        event = event_of(self.program.steps[self.at].text)
        if isinstance(event, ScriptCall):
            happened.result = self._call(event)
        elif isinstance(event, TcpPacket):
            if "S" in event.flags:
                if not self.began:  # what a number carries is the same for all that follows
                    self.flow.remote_isn, self.began = event.span.first, True
                self.flow.unanchored = self.flow.unanchored or "." not in event.flags
            self.stage.inject(packets.build_tcp(event, self.flow))
        elif isinstance(event, IcmpPacket):
            self.stage.inject(packets.build_icmp(event, self.flow, "192.168.0.2"))
        else:
            assert not isinstance(event, ScriptPacket)

    def _call(self, call: ScriptCall) -> str:
        plan = calls.plan(call, "program")
        arguments: list[Any] = list(plan.arguments)
        if plan.name == "bind":
            arguments = ["0.0.0.0", self.bind_port]
        elif plan.name == "connect":
            arguments = [self.flow.remote_ip, self.connect_port]
        elif plan.name == "poll":
            if any(fd not in self.descriptors for fd, _ in arguments[0]):
                return "no descriptor"
            arguments = [[[self.descriptors[fd], mask] for fd, mask in arguments[0]], arguments[1]]
        elif plan.fd not in self.descriptors and plan.name != "socket":
            return "no descriptor"
        data = b""
        if plan.count >= 0:
            data = pattern(len(self.flow.written), plan.count)
        reply = self._ask(plan.name, self.descriptors.get(plan.fd, -1), arguments, data, plan.timeout)
        if plan.opens and reply.value >= 0:
            known = call.result.value if call.result.value is not None else 5 + len(self.descriptors)
            self.descriptors[known] = reply.value
            return "a descriptor"
        if plan.name == "close" and reply.value == 0:
            del self.descriptors[plan.fd]
        if plan.count >= 0 and reply.value > 0:
            self.flow.written += data[:reply.value]
        code = f" {errno.errorcode.get(reply.errno, str(reply.errno))}" if reply.errno else ""
        out = f" {reply.out}" if plan.name in ("getsockopt", "poll", "ioctl") else ""
        text = f" of {len(reply.data)} bytes, {hash_of(reply.data)}" if reply.data else ""
        return f"{reply.value}{code}{out}{text}"

    def _ask(self, name: str, fd: int, arguments: list[Any], data: bytes, timeout: int) -> Reply:
        stage = self.stage
        stage.call(name, fd, arguments, data, timeout)
        if isinstance(stage, KernelStage):
            stage.run_until(stage.now + 5_000_000, lambda: stage.reply is not None)
        assert stage.reply is not None, f"{name} waits"
        return stage.reply[0]

    def end(self) -> None:
        """Look at the state that is left."""
        fd = self.descriptors.get(4, self.descriptors.get(3, -1))
        if fd >= 0:
            self.trace.state = int(self.stage.info(fd).get("tcpi_state", 0))


def hash_of(data: bytes) -> str:
    """Return a short name of bytes."""
    import hashlib

    return hashlib.blake2s(data, digest_size=4).hexdigest()


def play_aether(program: Program, seed: int = 0) -> Trace:
    """Play a program in virtual time."""
    stage = virtual_stage(script_of(program), Wishes(seed=seed))
    assert isinstance(stage, VirtualStage)
    options = script_of(program).options
    active = any(step.text.startswith("connect(") for step in program.steps[:5])
    flow = ScriptFlow(options.local_ip, 8080, options.remote_ip, 8081 if active else FIRST_REMOTE_PORT)
    play = Play(program, stage, flow, 8080, 8081)
    for moment in program.times:
        stage.run_until(moment, lambda: False)
        _take_all(stage, play)
        play.step()
        _take_all(stage, play)
    stage.run_until(program.times[-1] + REST, lambda: False)
    _take_all(stage, play)
    play.end()
    return play.trace


def _take_all(stage: VirtualStage, play: Play) -> None:
    sent, stage.sent = stage.sent, []
    for each in sent:
        play.take(each)


class Kernel:
    """One namespace, in which programs are played many at a time."""

    def __init__(self, sysctls: tuple[tuple[str, str], ...]) -> None:
        self.stage = KernelStage(script_of(Program((), sysctls)))
        self.number = 0

    def close(self) -> None:
        """Give it back."""
        self.stage.close()

    def _play(self, program: Program) -> Play:
        self.number += 1
        number = self.number
        port = FIRST_PORT + number % 60_000
        active = any(step.text.startswith("connect(") for step in program.steps[:5])
        remote = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        flow = ScriptFlow("192.168.0.1", port, remote, 8081 if active else FIRST_REMOTE_PORT)
        return Play(program, self.stage, flow, port, 8081)

    def play(self, programs: list[Program]) -> list[Trace]:
        """Play them, at the same time as far as that goes."""
        found: list[Trace] = []
        for first in range(0, len(programs), AT_ONCE):
            found += self._batch(programs[first:first + AT_ONCE])
        return found

    def _batch(self, programs: list[Program]) -> list[Trace]:
        stage = self.stage
        plays = [self._play(program) for program in programs]
        by_address = {play.flow.remote_ip: play for play in plays}
        begin = stage.now + 5_000
        starts = [begin + index * STAGGER for index in range(len(plays))]
        due = []
        for index, play in enumerate(plays):
            times = play.program.times
            due += [(starts[index] + moment, index, number) for number, moment in enumerate([*times, times[-1] + REST])]
        heapq.heapify(due)
        shifts = {play.flow.remote_ip: start for play, start in zip(plays, starts, strict=True)}

        def take() -> None:
            sent, stage.sent = stage.sent, []
            for each in sent:
                remote = ".".join(map(str, each.packet[16:20]))
                if remote in by_address:
                    by_address[remote].take(SentPacket(each.time - shifts[remote], 0, each.packet))

        while due:
            moment, index, number = heapq.heappop(due)
            play = plays[index]
            stage.run_until(moment, lambda: False)
            take()
            play.trace.late = max(play.trace.late, stage.now - moment)
            if number == len(play.program.steps):
                play.end()
                for fd in play.descriptors.values():
                    stage.call("setsockopt", fd, [1, 13, [1, 0]], b"", 0)
                    stage.run_until(stage.now + 5_000_000, lambda: stage.reply is not None)
                    stage.call("close", fd, [], b"", 0)
                    stage.run_until(stage.now + 5_000_000, lambda: stage.reply is not None)
                by_address.pop(play.flow.remote_ip)
            else:
                play.step()
            stage._look()
            take()
        for play, start in zip(plays, starts, strict=True):
            for happened in play.trace.steps:
                happened.at -= start
        return [play.trace for play in plays]

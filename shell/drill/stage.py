"""Where a script is played: what a player asks of it, and the world of virtual time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from aether import lab
from aether import socket_options as so
from aether.apps.process import Reply
from aether.operations.base import Operation
from aether.operations.calls import BareHost, PrepareCalls, SystemCall, process_of
from aether.timers import NEVER
from aether.wire import arp, ethernet
from aether.wire.address import parse_ip
from shell.drill.calls import NEVER as FOR_EVER
from shell.drill.info import tcp_info_fields
from shell.drill.packets import SentPacket
from shell.drill.script import Script
from shell.drill.sysctls import fast_open_key

MAX_TIME = 600_000_000
"""Microseconds of virtual time that a script may take."""
MAX_OCCURRENCES = 2_000_000
"""Occurrences of one script."""


class StoppedInside(Exception):
    """A breakpoint stopped the world in the middle of a line; the line can go on."""


class StageError(Exception):
    """A stage on which nothing more can be played; the text says why, and what to do."""


class Stage(Protocol):
    """Where a script is played. Times are microseconds since its beginning."""

    exact: bool
    """Whether time is virtual, so that it can be held to the microsecond."""
    sent: list[SentPacket]
    """What the host has sent, and the player has not taken yet."""
    reply: tuple[Reply, int] | None
    """What the latest call returned, and when; None while it waits."""

    @property
    def now(self) -> int:
        """What time it is."""

    def run_until(self, time: int, enough: Callable[[], bool]) -> None:
        """Let time pass up to `time`, or until it is `enough`; Interrupted, StageError."""

    def inject(self, packet: bytes) -> int:
        """Let an IPv4 packet arrive at the host; return the number of its frame, 0 where there are none."""

    def call(self, name: str, fd: int, arguments: list[Any], data: bytes, timeout: int) -> None:
        """Let the program make a call; `reply` says when it has returned."""

    def info(self, fd: int) -> dict[str, float]:
        """Return the fields of TCP_INFO that are known, as the kernel has them; empty if there is no connection."""

    def state(self) -> str:
        """Return what is to be said of the host when something that was expected does not come; may be empty."""

    def close(self) -> None:
        """Give back what was taken."""


class PendingCall:
    """A call that has not returned."""

    def __init__(self, name: str, fd: int, arguments: list[Any], data: bytes, deadline: int) -> None:
        self.name, self.fd, self.arguments, self.data = name, fd, arguments, data
        self.deadline = deadline
        """When it gives up, in microseconds; NEVER if it does not."""
        self.done = 0
        """Bytes that were written so far."""


class VirtualStage:
    """A world of one host in virtual time, whose link ends at the player."""

    exact = True

    def __init__(self, script: Script, seed: int, profile: str, knobs: dict[str, str]) -> None:
        """OperationError for a knob or a profile that makes no sense."""
        options = script.options
        self.sent: list[SentPacket] = []
        self.reply: tuple[Reply, int] | None = None
        self.waiting: PendingCall | None = None
        self.interrupted = False
        """Set when something stopped the world in the middle of what it is to run through."""
        self.gateway = parse_ip(options.gateway_ip)
        self.world = lab.tapped(seed, options.local_ip, options.prefix, options.gateway_ip)
        self.settle(BareHost(
            neighbour=options.gateway_ip, mac=lab.HOST_MAC, mtu=options.mtu, profile=profile, knobs=knobs,
            fast_open_key=fast_open_key(script)))

    def settle(self, operation: BareHost) -> None:
        """Make the host as the script wants it."""
        self.process = self.do(operation)

    # What a loop does otherwise.

    def do(self, operation: Operation) -> Any:
        """Carry out an operation, and take what leaves."""
        result = self.world.do(operation)
        self._take()
        return result

    def step(self, until: int) -> bool:
        """Handle the next occurrence that is due by `until`; return whether there was one."""
        if not self.world.step(until):
            return False
        if self.world.wire_out:
            self._take()
        return True

    def arrive(self, frame: bytes) -> None:
        """Let a frame arrive now."""
        self.world.arrive(frame)
        self._take()

    def _take(self) -> None:
        frames, self.world.wire_out = self.world.wire_out, []
        for index, frame in enumerate(frames):
            self.left(self.world.frames - len(frames) + 1 + index, frame)

    # Common to both.

    @property
    def now(self) -> int:
        """World time."""
        return self.world.now

    def left(self, number: int, frame: bytes) -> None:
        """Take a frame that has left: an IPv4 packet for the player, or a question for the neighbour's address."""
        kind = frame[12:14]
        if kind == b"\x08\x00":
            length = int.from_bytes(frame[16:18], "big")
            self.sent.append(SentPacket(self.world.now, number, frame[14:14 + length]))
        elif kind == b"\x08\x06" and frame[20:22] == b"\0\x01" and frame[38:42] == self.gateway:
            self._answer(frame)

    def _answer(self, frame: bytes) -> None:
        """Answer an ARP request as the neighbour."""
        reply = arp.build(arp.ArpPacket(arp.REPLY, lab.HOST_MAC, self.gateway, frame[22:28], frame[28:32]))
        self.arrive(ethernet.build(frame[22:28], lab.HOST_MAC, ethernet.TYPE_ARP, reply))

    def run_until(self, time: int, enough: Callable[[], bool]) -> None:
        """Step through what is due."""
        world = self.world
        if time > MAX_TIME:
            raise StageError("a script takes 10 minutes of virtual time at the most")
        while True:
            if enough():
                return
            until = time if self.waiting is None else min(time, self.waiting.deadline)
            if self.step(until):
                self._try()
            elif self.waiting is not None and until == self.waiting.deadline:
                world.advance(until)
                self._try()
            else:
                world.advance(time)
                return
            if self.interrupted:
                self.interrupted = False
                raise StoppedInside
            if world.occurrence > MAX_OCCURRENCES:
                raise StageError(f"{MAX_OCCURRENCES} things have happened, and the script goes on")

    def inject(self, packet: bytes) -> int:
        """Let a packet arrive."""
        before = self.world.frames
        self.arrive(ethernet.build(lab.YOUR_MAC, lab.HOST_MAC, ethernet.TYPE_IPV4, packet))
        self._try()
        return before + 1

    def call(self, name: str, fd: int, arguments: list[Any], data: bytes, timeout: int) -> None:
        """Make a call."""
        deadline = NEVER if timeout == FOR_EVER or name not in ("poll", "epoll_wait") else self.world.now + timeout
        self.waiting = PendingCall(name, fd, arguments, data, deadline)
        self.reply = None
        self._once()

    def _try(self) -> None:
        """Let a call that waits try again, if that may help."""
        waiting = self.waiting
        if waiting is None:
            return
        process = process_of(self.world.hosts[lab.YOU], self.process)
        if self.world.now >= waiting.deadline or process.would_go(waiting.name, waiting.fd, waiting.arguments):
            self._once()

    def _once(self) -> None:
        waiting = self.waiting
        assert waiting is not None
        reply: Reply = self.do(SystemCall(
            process=self.process, name=waiting.name, fd=waiting.fd, arguments=waiting.arguments,
            data=waiting.data[waiting.done:]))
        if waiting.name == "sendto" and waiting.arguments[0] & so.MSG_FASTOPEN and reply.waits:
            waiting.done = max(reply.value, 0)  # the rest follows once the connection is there
            waiting.name, waiting.arguments = "connected", []
            return
        if waiting.name == "connected" and waiting.data and not reply.waits and not reply.errno:
            waiting.name, waiting.arguments = "write", [0]
            if waiting.done == len(waiting.data):
                reply = Reply(0)
            else:
                self._once()
                return
        if waiting.name in ("write", "sendto"):
            waiting.done += max(reply.value, 0)
            if reply.value >= 0 and waiting.done < len(waiting.data) and self._may_wait(waiting):
                return
            if waiting.done and not reply.waits:
                reply = Reply(waiting.done)
        if reply.waits and self.world.now < waiting.deadline:
            if waiting.name == "connect":
                waiting.name, waiting.arguments = "connected", []
            return
        self.waiting = None
        self.reply = reply, self.world.now

    def _may_wait(self, waiting: PendingCall) -> bool:
        process = process_of(self.world.hosts[lab.YOU], self.process)
        found = process.descriptors.get(waiting.fd)
        return found is not None and not found.nonblocking and not waiting.arguments[0] & 0x40

    def inject_and_call(self, packet: bytes, asked: list[tuple[str, int, list[Any], bytes]]) -> tuple[int, list[Reply]]:
        """Let a packet arrive, and calls be made inside that occurrence; return its frame, and what they returned.

        Those for which there was no occasion are made afterwards.
        """
        self.do(PrepareCalls(process=self.process, calls=[
            [name, fd, arguments, data.hex()] for name, fd, arguments, data in asked]))
        number = self.inject(packet)
        process = process_of(self.world.hosts[lab.YOU], self.process)
        replies = list(process.replies)
        if process.prepared:
            self.do(PrepareCalls(process=self.process))
        for name, fd, arguments, data in asked[len(replies):]:
            replies.append(self.do(SystemCall(
                process=self.process, name=name, fd=fd, arguments=arguments, data=data)))
        return number, replies

    def info(self, fd: int) -> dict[str, float]:
        """Return what is known of a connection."""
        told = process_of(self.world.hosts[lab.YOU], self.process).info(fd, self.now)
        return tcp_info_fields(told) if told is not None else {}

    def state(self) -> str:
        """Say which timers run."""
        host = self.world.hosts[lab.YOU]
        due = [
            f"{name} of #{conn.number} at +{deadline / 1e6:.6f} s"
            for conn in host.tcp.connections.values() for name, deadline in sorted(conn.deadlines.items())]
        return f"timers that run: {', '.join(due)}" if due else "no timer runs"

    def close(self) -> None:
        """There is nothing to give back."""



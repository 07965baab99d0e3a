"""The real kernel as a stage: in a private network, with a TUN device whose other end is ours, in real time."""

from __future__ import annotations

import atexit
import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from aether.apps.process import Reply
from aether.engine import python
from shell.drill.errors import KernelError
from shell.drill.info import kernel_info_fields
from shell.drill.packets import SentPacket
from shell.drill.script import Script, SysctlsLine
from shell.drill.stage import StageError

IGMP = 2
MAX_FRAME = 65_600
HELPER_TIMEOUT = 20.0
"""Seconds until a helper that says nothing is given up."""
LEAD = 2_000
"""Microseconds between the making of a stage and the beginning of its time."""
SPIN = 300
"""Microseconds before a moment in which we look at the clock instead of sleeping: sleeping ends late."""


class _Server:
    """The helper process, which makes a child for each script."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control = ours
        with theirs:
            self.process = subprocess.Popen(
                python.words("shell.drill.helper", str(theirs.fileno())), pass_fds=[theirs.fileno()],
                env=python.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def stop(self) -> None:
        """End it; its children end with it."""
        self.control.close()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(2)
            return
        with suppress(PermissionError):  # root's own, and not ours any more: it ends when it looks again
            self.process.kill()
            self.process.wait()


_server: _Server | None = None


def _helper() -> _Server:
    """Return the helper process; started once."""
    global _server
    if _server is None or _server.process.poll() is not None:
        _server = _Server()
        atexit.register(_server.stop)
    return _server


def start() -> None:
    """Start the helper process while there are rights for it; whoever calls gives them back afterwards."""
    with suppress(OSError):
        _helper()
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_RTPRIO, (1, 1))  # a stage has itself run before others


class KernelStage:
    """A kernel in a network of its own."""

    exact = False

    def __init__(self, script: Script) -> None:
        """KernelError where there is no network, or no device, to be had."""
        if not sys.platform.startswith("linux"):
            raise KernelError("a kernel to play against is Linux: this system is another")
        options = script.options
        said = [line.event for line in script.lines if isinstance(line.event, SysctlsLine)]
        settings = [each for event in said for each in event.settings]
        wanted = {
            "local_ip": options.local_ip, "gateway_ip": options.gateway_ip, "prefix": options.prefix,
            "mtu": options.mtu, "sysctls": [[each.name, each.value] for each in settings],
        }
        ours, theirs = socket.socketpair()
        self.channel = ours
        with theirs:
            try:
                socket.send_fds(_helper().control, [json.dumps(wanted).encode()], [theirs.fileno()])
            except OSError as problem:
                raise KernelError(
                    f"no kernel to play against: the helper process cannot be started ({problem.strerror}). "
                    f"Is {sys.executable} yours to run?") from None
        self.channel.settimeout(HELPER_TIMEOUT)
        try:
            message, descriptors, _, _ = socket.recv_fds(self.channel, 65_536, 1)
        except OSError:
            message, descriptors = b"", []
        hello = json.loads(message) if message else {"error": "the helper process ended without a word"}
        if "error" in hello:
            self.channel.close()
            raise KernelError(f"no kernel to play against: {hello['error']}")
        self.kernel = str(hello["kernel"])
        self.pid = int(hello["pid"])
        self.device = descriptors[0]
        os.set_blocking(self.device, False)
        self.channel.setblocking(False)
        self.sent: list[SentPacket] = []
        self.reply: tuple[Reply, int] | None = None
        self._buffer = b""
        self._answers: list[dict[str, Any]] = []
        self._asks_info = False
        self._priority = (os.sched_getscheduler(0), os.sched_getparam(0))
        with suppress(OSError):  # without the right to it, a busy machine only runs us later
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
        self._start = time.monotonic_ns() + LEAD * 1000

    @property
    def now(self) -> int:
        """Real time since the beginning."""
        return max((time.monotonic_ns() - self._start) // 1000, 0)

    def run_until(self, moment: int, enough: Callable[[], bool]) -> None:
        """Read what comes until then."""
        while True:
            self._look()
            if enough():
                return
            left = moment - self.now
            if left <= 0 and time.monotonic_ns() >= self._start:
                return
            if left > SPIN:
                waited_for: list[int | socket.socket] = [self.device, self.channel]
                select.select(waited_for, [], [], (left - SPIN) / 1e6)

    def _look(self) -> None:
        """Take packets and answers that are there."""
        while True:
            try:
                packet = os.read(self.device, MAX_FRAME)
            except BlockingIOError:
                break
            except OSError:
                raise StageError("the kernel's network is gone") from None
            if packet and packet[0] >> 4 == 4 and packet[9] != IGMP:
                self.sent.append(SentPacket(self.now, 0, packet))
        try:
            data = self.channel.recv(1 << 20)
        except BlockingIOError:
            return
        if not data:
            raise StageError("the helper process has ended")
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            answer = json.loads(line)
            if self._asks_info:
                self._answers.append(answer)
                continue
            at = max((int(answer["at"]) - self._start) // 1000, 0)
            self.reply = Reply(
                answer["value"], answer["errno"], answer["out"], bytes.fromhex(answer["data"])), at

    def inject(self, packet: bytes) -> int:
        """Write a packet to the device."""
        try:
            os.write(self.device, packet)
        except OSError as problem:
            raise StageError(f"the kernel does not take this packet: {problem.strerror}") from None
        return 0

    def call(self, name: str, fd: int, arguments: list[Any], data: bytes, timeout: int) -> None:
        """Ask the helper to make a call."""
        self.reply = None
        self._ask(name, fd, arguments, data)

    def _ask(self, name: str, fd: int, arguments: list[Any], data: bytes) -> None:
        message = json.dumps({"name": name, "fd": fd, "arguments": arguments, "data": data.hex()}).encode() + b"\n"
        self.channel.setblocking(True)
        try:
            self.channel.sendall(message)
        except OSError:
            raise StageError("the helper process has ended") from None
        finally:
            self.channel.setblocking(False)

    def info(self, fd: int) -> dict[str, float]:
        """Ask for TCP_INFO."""
        self._asks_info = True
        try:
            self._ask("info", fd, [], b"")
            end = self.now + 1_000_000
            while not self._answers and self.now < end:
                self.run_until(end, lambda: bool(self._answers))
        finally:
            self._asks_info = False
        answer = self._answers.pop() if self._answers else {"data": ""}
        return kernel_info_fields(bytes.fromhex(answer["data"]))

    def state(self) -> str:
        """Nothing is known of a kernel's timers."""
        return ""

    def close(self) -> None:
        """End the child, and with it the network."""
        with suppress(OSError):
            os.sched_setscheduler(0, *self._priority)
        with suppress(ProcessLookupError, PermissionError):
            os.kill(self.pid, signal.SIGKILL)
        os.close(self.device)
        self.channel.close()

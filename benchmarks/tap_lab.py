"""A network namespace with a server behind a TAP, or in a second one behind veth, and the load that is put on it.

Everything that is sent stays in the namespace, which is removed at the end; every load is bounded in number and time.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

from aether.lab import HOST_ADDRESS, PREFIX, YOUR_ADDRESS

ROOT = Path(__file__).resolve().parent.parent
DEVICE = "aether0"
LONGEST = 60
"""Seconds that a load may take at the most."""


def missing() -> str:
    """Return why such a lab cannot be had here; empty if it can."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return "needs Linux, and root: network namespaces and a TAP device"
    if not Path("/dev/net/tun").exists():
        return "needs /dev/net/tun"
    absent = [name for name in ("ip", "sysctl", "cc") if shutil.which(name) is None]
    return f"needs {', '.join(absent)}" if absent else ""


def cores() -> tuple[set[int], set[int]]:
    """Return the cores for the servers and for the clients: two different ones, if there are two."""
    usable = sorted(os.sched_getaffinity(0))
    return {usable[0]}, {usable[-1]}


@dataclass(frozen=True)
class Load:
    """What the load generator saw."""

    completed: int
    failed: int
    unfinished: int
    seconds: float
    median_us: float
    p99_us: float

    @property
    def rate(self) -> float:
        """Connections a second."""
        return self.completed / self.seconds


def build_generator(folder: Path) -> Path:
    """Compile the load generator; return its path."""
    program = folder / "load"
    subprocess.run(["cc", "-O2", "-o", str(program), str(ROOT / "benchmarks/load.c")], check=True)
    return program


class TapLab:
    """A namespace with one server in it, which opens the TAP `aether0` itself."""

    def __init__(self, name: str, server: list[str], generator: Path) -> None:
        """`server` is a command line that runs until it is ended."""
        self.namespace = f"aether-bench-{os.getpid()}-{name}"
        self.command = server
        self.generator = generator
        self.server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        subprocess.run(["ip", "netns", "add", self.namespace], check=True)
        try:
            subprocess.run(self._inside("sysctl", "-qw", "net.ipv4.ip_local_port_range=1024 65535"), check=True)
            self._plug()
            # Under sudo, too, both servers are root: Aether would give that up otherwise.
            environment = {name: value for name, value in os.environ.items() if not name.startswith("SUDO_")}
            self.server = subprocess.Popen(
                self._at_server(*self.command), cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, preexec_fn=partial(os.sched_setaffinity, 0, cores()[0]))
            self._wait_until_it_answers(20)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        if self.server is not None and self.server.poll() is None:
            self.server.send_signal(signal.SIGTERM)
            try:
                self.server.wait(10)
            except subprocess.TimeoutExpired:
                self.server.kill()
                self.server.wait()
        subprocess.run(["ip", "netns", "del", self.namespace], check=True)

    def load(self, concurrency: int, total: int, seconds: int = LONGEST, port: int = 80) -> Load:
        """Open so many connections, so many at a time; every one asks for the page."""
        numbers = (str(number) for number in (port, concurrency, total, seconds))
        done = subprocess.run(
            self._inside(str(self.generator), DEVICE, YOUR_ADDRESS, *numbers), check=True, capture_output=True,
            text=True, preexec_fn=partial(os.sched_setaffinity, 0, cores()[1]))
        return Load(**json.loads(done.stdout))

    def run(self, *program: str, seconds: int = LONGEST) -> str:
        """Run a client on the clients' core to its end; return what it printed."""
        return subprocess.run(
            self._inside(*program), check=True, capture_output=True, text=True, timeout=seconds, cwd=ROOT,
            preexec_fn=partial(os.sched_setaffinity, 0, cores()[1])).stdout

    def _inside(self, *program: str) -> list[str]:
        return ["ip", "netns", "exec", self.namespace, *program]

    def _at_server(self, *program: str) -> list[str]:
        """Return a command line that runs where the server is."""
        return self._inside(*program)

    def _plug(self) -> None:
        """Make what the server does not make itself: nothing, it opens the TAP."""

    def _answers(self) -> bool:
        """Tell whether the server serves; CalledProcessError if there is nothing yet."""
        return self.load(1, 1, 1).completed > 0

    def _wait_until_it_answers(self, seconds: float) -> None:
        assert self.server is not None
        deadline = time.monotonic() + seconds
        while True:
            try:
                if self._answers():
                    return
            except subprocess.CalledProcessError:  # there is no TAP yet
                pass
            if self.server.poll() is not None:
                raise RuntimeError(f"the server ended: {' '.join(self.command)}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"no answer within {seconds:.0f} s from: {' '.join(self.command)}")
            time.sleep(0.05)


class VethLab(TapLab):
    """Two namespaces joined by veth: a server of the kernel's own stack in the second one, the clients in the first."""

    @property
    def other(self) -> str:
        """The namespace of the server."""
        return f"{self.namespace}-server"

    def _plug(self) -> None:
        subprocess.run(["ip", "netns", "add", self.other], check=True)
        ours, theirs = DEVICE, f"{DEVICE}s"
        for words in (
            f"link add {ours} netns {self.namespace} type veth peer name {theirs} netns {self.other}",
            f"-n {self.namespace} address add {HOST_ADDRESS}/{PREFIX} dev {ours}",
            f"-n {self.other} address add {YOUR_ADDRESS}/{PREFIX} dev {theirs}",
            f"-n {self.namespace} link set {ours} up", f"-n {self.other} link set {theirs} up",
            f"-n {self.other} link set lo up",
        ):
            subprocess.run(["ip", *words.split()], check=True)
        for setting in ("net.core.somaxconn=8192", "net.ipv4.tcp_max_syn_backlog=8192"):
            subprocess.run(self._at_server("sysctl", "-qw", setting), check=True)

    def _at_server(self, *program: str) -> list[str]:
        return ["ip", "netns", "exec", self.other, *program]

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        subprocess.run(["ip", "netns", "del", self.other], check=True)


@contextlib.contextmanager
def labs(
    at_taps: Mapping[str, list[str]], behind_veth: Mapping[str, list[str]] | None = None
) -> Iterator[dict[str, TapLab]]:
    """Start servers, each in a lab of its own, with one load generator for all; return the labs by name."""
    with contextlib.ExitStack() as stack:
        generator = build_generator(Path(stack.enter_context(tempfile.TemporaryDirectory())))
        found: dict[str, TapLab] = {}
        for kind, servers in ((TapLab, at_taps), (VethLab, behind_veth or {})):
            for name, command in servers.items():
                found[name] = stack.enter_context(kind(str(len(found)), command, generator))
        yield found

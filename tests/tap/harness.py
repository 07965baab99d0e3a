"""A namespace with the kernel in it, our stack on the other end of a TAP, and tshark as the judge.

Every lab makes a network namespace of its own, named after this process, and removes it at the end.
Nothing is ever sent outside of it.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar, TypeVar

from aether.engine.core import Core
from aether.engine.shards import Shards
from aether.lab import tapped
from aether.link.queues import Queues, open_for_one, open_queues
from aether.link.tap import Tap
from aether.operations.base import Operation
from aether.world import World

ROOT = Path(__file__).parents[2]
OURS, KERNEL = "192.168.1.2", "192.168.1.1"
OUR_MAC = "02:00:00:00:00:02"
CLONE_NEWNET = 0x40000000
T = TypeVar("T")
_numbers = itertools.count()

BAD = (
    "_ws.malformed || _ws.expert.severity == error || ip.checksum.status == bad || tcp.checksum.status == bad "
    "|| udp.checksum.status == bad || icmp.checksum.status == bad || igmp.checksum.status == bad"
)
"""What no frame of ours may be, in tshark's words."""


def missing(*programs: str) -> str:
    """Return why a lab with these programs cannot be had here; empty if it can."""
    if os.geteuid() != 0:
        return "needs root: network namespaces and a TAP device"
    if not Path("/dev/net/tun").exists():
        return "needs /dev/net/tun"
    absent = [name for name in ("ip", *programs) if shutil.which(name) is None]
    return f"needs {', '.join(absent)}" if absent else ""


AS_WRITTEN, OFFLOAD, WORKERS = "as written", "bench with offload", "two workers"
"""Ways to run a test: as it says itself; or in benchmark mode, with frames of up to 64 KB; or that with two workers."""


class KernelLab:
    """A namespace in which the kernel is 192.168.1.1, and our stack 192.168.1.2."""

    way: ClassVar[str] = AS_WRITTEN

    def __init__(self) -> None:
        self.name = f"aether-{os.getpid()}-{next(_numbers)}"
        self.folder = Path(tempfile.mkdtemp(prefix="aether-"))
        self.capture_file = self.folder / "lab.pcapng"
        self.processes: list[subprocess.Popen[bytes]] = []
        self.core: Core | None = None
        self.tap: Tap | None = None
        self.shards: Shards | None = None
        self.queues: Queues | None = None
        self._capture: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> KernelLab:
        command("ip", "netns", "add", self.name)
        try:
            command("ip", "-n", self.name, "link", "set", "lo", "up")
            self.run("sysctl", "-qw", "net.ipv4.ip_local_port_range=1024 65535")
        except BaseException:
            command("ip", "netns", "del", self.name)
            raise
        return self

    def __exit__(self, *error: object) -> None:
        if self.shards is not None:
            self.shards.stop()
        if self.core is not None:
            self.core.stop()
        if self.queues is not None:
            self.queues.close()
        elif self.tap is not None:
            self.tap.close()
        for process in self.processes:
            end(process)
        command("ip", "netns", "del", self.name)
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """Run this thread inside the namespace for a while."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/proc/thread-self/ns/net", "rb") as outside, open(f"/run/netns/{self.name}", "rb") as within:
            if libc.setns(within.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
            try:
                yield
            finally:
                if libc.setns(outside.fileno(), CLONE_NEWNET) != 0:
                    os.abort()  # a test process that stays in there would make nonsense of everything after

    @contextlib.contextmanager
    def joined(self, name: str, near: tuple[str, str], far: tuple[str, str], *link: str) -> Iterator[str]:
        """Join a second namespace to this one by veth, and return how the system names it.

        `near` and `far` are the device and the address at each end; `link` is set for both, such as ``mtu 1400``.
        """
        other = f"{self.name}-{name}"
        command("ip", "netns", "add", other)
        try:
            command("ip", "-n", self.name, "link", "add", near[0], "type", "veth", "peer", "name", far[0],
                    "netns", other)
            for namespace, (device, address) in ((self.name, near), (other, far)):
                command("ip", "-n", namespace, "address", "add", f"{address}/24", "dev", device)
                command("ip", "-n", namespace, "link", "set", device, *link, "up")
            yield other
        finally:
            command("ip", "netns", "del", other)

    def start(
        self, mode: str = "trace", seed: int = 1, world: World | None = None, *, workers: int = 0,
        tell: Callable[[str], None] = print, **knobs: object,
    ) -> Core:
        """Run our stack in this process, with the TAP `aether0` in the namespace; return the core, or worker 0's.

        With `workers` there are so many, in benchmark mode, and `tell` hears what they would tell the person.
        """
        if self.way == WORKERS:
            workers = 2
        from shell.lab import network

        with self.inside():
            if workers:
                self.queues = open_queues("aether0", workers)
                self.queues.use(1)
                self.tap = self.queues.taps[0]
            else:
                self.tap = open_for_one("aether0")
            network.configure("aether0", KERNEL, 24)
        world = world or tapped(seed)
        for name, value in knobs.items():
            setattr(world.hosts["you"].knobs, name, value)
        self.core = Core(world, self.tap, mode="bench" if workers or self.way == OFFLOAD else mode)
        self.core.start()
        if self.queues is not None:
            self.shards = Shards(self.core, self.queues, tell)
            self.shards.start(workers)
        return self.core

    def do(self, operation: Operation) -> None:
        """Carry out an operation at our host, whoever the workers are."""
        doer = self.shards or self.core
        assert doer is not None
        doer.do(operation)

    def ask(self, query: Callable[[World], T]) -> list[T]:
        """Return what each worker answers, of which there may be one."""
        assert self.core is not None
        return self.shards.ask(query) if self.shards is not None else [self.core.ask(query)]

    def shell(self, *arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run aether-shell inside, and return what it printed."""
        return self.run(sys.executable, "-m", "shell", "--tap", "aether0", *arguments, timeout=timeout, check=False)

    def run(self, *program: str, timeout: float = 60, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a program at the kernel's side to its end; if it fails, the test says what it wrote."""
        done = subprocess.run(
            ["ip", "netns", "exec", self.name, *program], capture_output=True, text=True, timeout=timeout, cwd=ROOT,
        )
        said = f"status {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-4000:]}"
        assert not check or done.returncode == 0, said
        return done

    def spawn(self, *program: str, **options: object) -> subprocess.Popen[bytes]:
        """Start a program at the kernel's side; it is ended with the lab."""
        process = subprocess.Popen(["ip", "netns", "exec", self.name, *program], cwd=ROOT, **options)  # type: ignore[call-overload]
        self.processes.append(process)
        return process  # type: ignore[no-any-return]

    def capture(self) -> None:
        """Record what our stack sends, as the kernel's side sees it.

        That is without offload, or the judge would see frames that no wire carries, whose checksums are not computed
        yet; unless the test is to be run with it.
        """
        if self.core is not None and self.way == AS_WRITTEN:
            self.core.ask(lambda world: setattr(world.hosts["you"].knobs, "loop_offload", False))
        self._capture = self.spawn(
            "tcpdump", "-i", "aether0", "-U", "-s", "0", "-B", "65536", "-w", str(self.capture_file),
            "--immediate-mode",
            f"ether src {OUR_MAC}", stderr=subprocess.PIPE,
        )
        assert self._capture.stderr is not None
        line = self._capture.stderr.readline()  # "listening on ..."
        assert b"listening" in line, line

    def stop_capture(self) -> None:
        """Let what was captured reach the file, and end the capture."""
        assert self._capture is not None
        wait_until(lambda: self._settled(), 5)
        end(self._capture, signal.SIGINT)

    def judge(self) -> int:
        """Let tshark look at everything that we sent; return how many frames that were."""
        self.stop_capture()
        sums = ["ip", "udp"]
        if self.way == AS_WRITTEN:  # with offload, TCP's are not there yet
            sums.append("tcp")
        checks = [f"-o{name}.check_checksum:TRUE" for name in sums]
        bad = subprocess.run(
            ["tshark", "-r", str(self.capture_file), *checks, "-Y", BAD],
            capture_output=True, text=True, timeout=180, check=True,
        ).stdout
        assert not bad, "tshark complains of frames that we sent:\n" + bad[:2000]
        counted = subprocess.run(
            ["capinfos", "-M", "-c", "-T", "-r", str(self.capture_file)], capture_output=True, text=True, check=True,
        ).stdout
        frames = int(counted.split()[-1])
        assert frames > 0, "the capture is empty: the judge has seen nothing"
        return frames

    def _settled(self, pause: float = 0.3) -> bool:
        before = self.capture_file.stat().st_size
        time.sleep(pause)
        return self.capture_file.stat().st_size == before


def command(*program: str) -> None:
    """Run a short program that must succeed."""
    subprocess.run(program, check=True, capture_output=True, timeout=30)


def end(process: subprocess.Popen[bytes], how: int = signal.SIGTERM) -> None:
    """End a process that we started."""
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def answered(said: str) -> int:
    """Return how many answers a ping says it received. One that waits (``-w``) asks again meanwhile: it may be more."""
    found = re.search(r"(\d+) received", said)
    assert found is not None, said
    return int(found[1])


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    """Wait for something at the other side of the kernel, where there is no virtual time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"did not come true within {seconds} s")
        time.sleep(0.02)

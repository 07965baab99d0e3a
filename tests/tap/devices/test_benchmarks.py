"""The benchmarks measure what they say: every connection is counted, and the bound is honest work."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from aether.apps.http import PAGE
from aether.lab import YOUR_ADDRESS
from benchmarks import busy
from benchmarks.connections import SERVERS
from benchmarks.pings import flood
from benchmarks.tap_lab import TapLab, VethLab, build_generator
from tests.tap.harness import answered

pytestmark = pytest.mark.needs("cc")


@pytest.mark.parametrize("name", SERVERS)
def test_every_connection_is_counted(name: str, tmp_path: Path) -> None:
    with TapLab("test", SERVERS[name], build_generator(tmp_path)) as lab:
        load = lab.load(concurrency=20, total=500)
        assert (load.completed, load.failed, load.unfinished) == (500, 0, 0)
        assert 0 < load.median_us <= load.p99_us <= load.seconds * 1e6
        assert load.rate > 100


@pytest.mark.parametrize("kind", ["epoll", "asyncio"])
def test_others_answer_with_the_same_page(kind: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.kernel_servers", kind]
    with VethLab("test", command, build_generator(tmp_path)) as lab:
        load = lab.load(concurrency=20, total=500)
        assert (load.completed, load.failed, load.unfinished) == (500, 0, 0)
        assert PAGE.decode() in lab.run("curl", "-s", f"http://{YOUR_ADDRESS}/")


def test_what_does_not_answer_as_it_should_has_failed(tmp_path: Path) -> None:
    """Nothing listens on port 81, and port 19 sends characters without end: neither is a page."""
    with TapLab("test", SERVERS["aether-shell"], build_generator(tmp_path)) as lab:
        refused = lab.load(concurrency=5, total=50, port=81)
        assert (refused.completed, refused.failed, refused.unfinished) == (0, 50, 0)
        endless = lab.load(concurrency=2, total=4, seconds=1, port=19)
        assert (endless.completed, endless.unfinished) == (0, 4)
        assert endless.seconds < 3


@pytest.mark.parametrize("name", SERVERS)
def test_every_ping_is_answered(name: str, tmp_path: Path) -> None:
    with TapLab("test", SERVERS[name], build_generator(tmp_path)) as lab:
        for size in ("0", "1", "56", "1000", "1472"):
            said = lab.run("ping", "-n", "-c", "3", "-i", "0.01", "-w", "10", "-s", size, YOUR_ADDRESS)
            assert answered(said) >= 3, said
        assert flood(lab) > 0


def test_two_workers_share_the_connections(tmp_path: Path) -> None:
    """A client of the kernel's, with the ports that the kernel chooses, keeps both at work."""
    command = [sys.executable, "-m", "benchmarks.busy", "2"]
    with TapLab("test", command, build_generator(tmp_path)) as lab:
        load = lab.load(concurrency=20, total=400, port=busy.PORT)
        assert (load.completed, load.failed, load.unfinished) == (400, 0, 0)
        assert lab.server is not None
        children = Path(f"/proc/{lab.server.pid}/task/{lab.server.pid}/children").read_text().split()
        times = [processor_time(process) for process in (str(lab.server.pid), *children)]
        assert len(times) == 2
        assert min(times) > max(times) / 4


def processor_time(process: str) -> int:
    """Return the ticks that a process has spent."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])

"""The client of the kernel's side by itself, over loopback: it always ends, and says what it could not do."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from shell.bench import client, kernel
from shell.bench.load import LoadWish
from shell.lab.runner import ProgramOutcome
from shell.language.grammar import CommandError

ROOT = Path(__file__).parents[3]
FEW_FILES = """
import resource, socket, sys
from shell.bench import client
listening = socket.create_server(("127.0.0.1", 0), backlog=200)
client.PORTS["hold"] = listening.getsockname()[1]
client.HOLD = 0
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
sys.exit(client.main(["hold", "127.0.0.1", "lo", "150", "100", "1", "20"]))
"""


def test_it_survives_the_limit_of_open_files() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FEW_FILES], capture_output=True, text=True, timeout=30, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert 30 < found["completed"] < 64
    assert found["completed"] + found["failed"] == 150
    assert "Too many open files" in found["note"]


def test_what_is_not_finished_in_time_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here nobody ever answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        monkeypatch.setitem(client.PORTS, "http", listening.getsockname()[1])
        made = client.LoadClient("http", "127.0.0.1", "lo", 10, 2, 1)
        assert made.run(0.3) < 3
        said = dict.fromkeys(("completed", "failed", "bytes", "elapsed_us", "p50_us", "p99_us"), 0)
        assert (made.completed, made.failed) == (0, 0)
        run = kernel.read_ours(ProgramOutcome(0, json.dumps(said)), 10)
        assert (run.completed, run.failed, run.unfinished) == (0, 10, 10)
        for key in list(made.selector.get_map().values()):
            key.data.socket.close()


def test_costs_are_counted_until_the_last_connection_is_open() -> None:
    """What follows is rest, and no part of the load."""
    said = dict.fromkeys(("completed", "failed", "bytes", "elapsed_us", "p50_us", "p99_us"), 1)
    heard: list[str] = []

    class Here:
        paused, address = False, "192.168.1.2"

        class lab:
            device = "aether0"

            @staticmethod
            def run_program(words: list[str], write: Callable[[str], None], stop: object) -> ProgramOutcome:
                write(f"{client.HELD}\n")
                heard.append("the end")
                return ProgramOutcome(0, f"{client.HELD}\n{json.dumps(said)}\n")

    kernel.run(Here, LoadWish("hold", 1, 1, client="ours"), lambda: heard.append("all are open"))  # type: ignore[arg-type]
    assert heard == ["all are open", "the end"]


def test_a_client_that_failed_says_why() -> None:
    with pytest.raises(CommandError, match="the load generator failed: OSError: no such device"):
        kernel.read_ours(ProgramOutcome(1, "Traceback\nOSError: no such device\n"), 10)


def test_too_many_at_a_time_are_refused_before_anything_begins() -> None:
    for kind, at_a_time in (("hold", 100), ("http", 1_500_000)):
        load = LoadWish(kind, 2_000_000, at_a_time, client="ours")
        with pytest.raises(CommandError, match=r"at most [\d,]+ connections at a time here, not [\d,]+: the "):
            kernel.refuse_too_many(load)
    kernel.refuse_too_many(LoadWish("http", 500, 1_500_000, client="ours"))
    with pytest.raises(CommandError, match=r"ApacheBench|limit of open files|local ports"):
        kernel.refuse_too_many(LoadWish("http", 30_000, 25_000, client="ab"))


def test_a_client_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert kernel.chosen("http", "") == "ours"
    with pytest.raises(CommandError, match="wrk is not installed"):
        kernel.chosen("http", "wrk")
    with pytest.raises(CommandError, match=r"no client 'curl'\. There are: ours, ab, wrk"):
        kernel.chosen("http", "curl")
    with pytest.raises(CommandError, match="asks for pages only"):
        kernel.chosen("ping", "ab")


def test_wrk_closes_each_connection_unless_they_are_kept() -> None:
    assert "Connection: close" in kernel.wrk("192.168.1.2", LoadWish("http", 0, 10, client="wrk"))
    assert "Connection: close" not in kernel.wrk("192.168.1.2", LoadWish("keepalive", 0, 10, client="wrk"))

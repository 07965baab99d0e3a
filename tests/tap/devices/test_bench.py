"""`bench` on a TAP: every load of the kernel's side is completed and counted."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from typing import NamedTuple

import pytest

from tests.tap.harness import KernelLab

LOADS = {
    "bench http -n 300 -c 20": "connections", "bench http --keepalive -n 500 -c 10": "requests",
    "bench ping -n 50": "pings", "bench bulk down --size 5": "MB", "bench bulk up --size 5": "MB",
    "bench conns 200": "connections",
}


@pytest.mark.parametrize("mode", ["bench", "trace"])
def test_every_load_is_completed(mode: str) -> None:
    with KernelLab() as lab:
        lines = [word for line in LOADS for word in ("-c", f"{line} --runs 1 --json")]
        done = lab.shell("-c", f"mode {mode} --json", *lines, timeout=90)
        assert done.returncode == 0, done.stderr
        found = [json.loads(line) for line in done.stdout.splitlines()][1:]
        for unit, report in zip(LOADS.values(), found, strict=True):
            [one] = report["measured"]
            assert (report["lab"], one["unit"], one["failed"]) == ("TAP", unit, 0), report
            assert one["median"] > 0


@pytest.mark.parametrize("line", ["bench http -n 100000", "bench ping -n 1000000", "bench conns 5000 -c 1"])
def test_an_interrupt_ends_it_at_once(line: str) -> None:
    """What was cut off is reported as that, and nothing of it as a result."""
    with KernelLab() as lab:
        process = lab.spawn(
            sys.executable, "-m", "shell", "--tap", "aether0", "-c", "mode bench", "-c", f"{line} --runs 3",
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        time.sleep(1.2)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        printed, said = process.communicate(timeout=20)
        assert time.monotonic() - began < 5
        assert "interrupted: 0 of 3 runs done" in said
        assert "second" not in printed
        assert "KeyboardInterrupt" not in said
        assert process.returncode == 1


@pytest.mark.parametrize("line", ["bench http", "bench stress"])
def test_a_breakpoint_ends_it_and_is_named(line: str) -> None:
    with KernelLab() as lab:
        done = lab.shell("-c", "break state ESTABLISHED", "-c", f"{line} --runs 2", timeout=90)
        assert done.returncode == 1
        assert "the run was left before its end: time stopped at breakpoint 1 (state ESTABLISHED)" in done.stderr


def test_the_client_may_be_chosen() -> None:
    with KernelLab() as lab:
        words = ["-c", "mode bench --json"]
        for line in ("bench stress", *(f"bench http --client {name}" for name in ("ours", "ab", "wrk"))):
            words += ["-c", f"{line} --runs 1 --json"]
        done = lab.shell(*words, timeout=60)
        assert done.returncode == 0, done.stderr
        found = [json.loads(line) for line in done.stdout.splitlines()][1:]
        assert [each["client_key"] for each in found] == ["ours", "ours", "ab", "wrk"]
        assert "Python process" in found[0]["client"]
        for each in found:
            [one] = each["measured"]
            assert one["completed"][0] > 0
            assert (one["failed"], each["concurrency"], len(one["elapsed_us"])) == (0, 100, 1)
        assert [each["asked"] > 0 for each in found] == [True, True, True, False]


def test_models_are_not_measured_behind_a_tap() -> None:
    with KernelLab() as lab:
        for name, value in (("loop.workers", "2"), ("loop.cost", "5us"), ("loop.wake", "5us")):
            done = lab.shell("-c", f"bench compare knob {name}={value}")
            assert done.returncode == 1
            assert f"{name} is a model, for the simulation only" in done.stderr
        done = lab.shell("-c", "knob set loop.cost 5us")
        assert "note: loop.cost is a model" in " ".join(done.stdout.split())
        done = lab.shell("-c", "bench compare workers 2")
        assert done.returncode == 1
        assert "aether-shell --workers 2" in done.stderr


def test_workers_are_compared_with_one() -> None:
    """And so is trace mode, which has one: that is said, and that the client has no core of its own."""
    with KernelLab() as lab:
        cores = len(os.sched_getaffinity(0))
        workers = max(cores, 2)
        words = [
            "--workers", str(workers), "--mode", "bench",
            "-c", f"bench compare workers {workers} -n 400 --runs 1 --json",
            "-c", "bench compare trace -n 400 --runs 1 --json", "-c", "status --json"]
        done = lab.shell(*words, timeout=90)
        assert done.returncode == 0, done.stderr
        compared, traced, _ = (json.loads(line) for line in done.stdout.splitlines())
        assert [each["workers"] for each in compared["measured"]] == [1, workers]
        assert [each["setting"] for each in compared["measured"]] == ["1 worker", f"{workers} workers"]
        assert "the client shares a core with a worker" in " ".join(compared["notes"])
        assert f"this compares {workers} with one" in " ".join(traced["notes"])


def test_a_profile_names_what_costs_speed() -> None:
    with KernelLab() as lab:
        done = lab.shell("--mode", "bench", "-c", "bench compare profile classic -n 200 -c 10 --runs 1 --json")
        assert done.returncode == 0, done.stderr
        notes = " ".join(json.loads(done.stdout)["notes"])
        assert "what costs speed in profile classic: loop.offload=off for bulk transfers; tcp.sack=off" in notes
        assert "do not take the fast path" in notes


def test_a_lost_network_costs_nothing_a_frame() -> None:
    """No frame arrived, and reads of nothing cost none."""
    with KernelLab() as lab:
        ping = "bench ping -n 2 --runs 1"
        done = lab.shell("-c", "link loss 100%", "-c", ping, "-c", f"{ping} --json")
        assert done.returncode == 0, done.stderr
        assert "reads and writes a frame: n/a" in " ".join(done.stdout.split())
        found = json.loads(done.stdout.splitlines()[-1])
        assert found["measured"][0]["failed"] == 2
        assert found["measured"][0]["calls_per_frame"] is None


def test_waiting_as_the_knobs_say() -> None:
    """Now and then a frame: a core that never sleeps is used all the time, one that sleeps at once hardly ever."""
    with KernelLab() as lab:
        for mode in ("bench", "trace"):
            always, some, never = (
                _waited(lab, mode, *limits) for limits in (("60s", "0us"), ("100us", "50us"), ("0us", "0us")))
            assert always.yielding == 0 and always.spin > 0.8
            assert 0 < some.spin + some.yielding < 0.5
            assert never.spin == never.yielding == 0 and never.sleep > 0.5
            assert always.cpu > max(some.cpu, never.cpu)


class Waited(NamedTuple):
    """Shares of the time, and seconds of processor time that the whole program took."""

    spin: float
    yielding: float
    sleep: float
    cpu: float


def _waited(lab: KernelLab, mode: str, spin: str, yielding: str) -> Waited:
    """Let the kernel ping a hundred times in two seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    other = {"bench": "trace", "trace": "bench"}[mode]  # to change the mode is to count anew
    done = lab.shell(
        "-c", f"mode {other}", "-c", f"knob set loop.spin {spin}", "-c", f"knob set loop.yield {yielding}",
        "-c", f"mode {mode}", "-c", "host -- ping -q -c 100 -i 0.02 192.168.1.2", "-c", "status --json", timeout=90)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr
    status = json.loads(done.stdout.splitlines()[-1])
    assert status["frames"] >= 200
    return Waited(status["spin"], status["yielding"], status["sleep"], after.ru_utime - before.ru_utime)

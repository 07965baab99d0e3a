"""`bench` on a TAP: every load of the kernel's side is completed and counted."""

from __future__ import annotations

import json
import resource
from typing import NamedTuple

import pytest

from .harness import KernelLab

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


def test_waiting_as_the_knobs_say() -> None:
    """Now and then a frame: a core that never sleeps is used all the time, one that sleeps at once hardly ever."""
    with KernelLab() as lab:
        for mode in ("bench", "trace"):
            always, some, never = (
                _waited(lab, mode, *limits) for limits in (("60s", "0us"), ("100us", "50us"), ("0us", "0us")))
            assert always.yielding == 0 and always.spin > 0.8
            assert 0 < some.spin + some.yielding < 0.5
            assert never.spin == never.yielding == 0 and never.sleep > 0.5
            assert always.cpu > 1.5 * max(some.cpu, never.cpu)


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

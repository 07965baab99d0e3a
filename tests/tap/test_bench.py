"""`bench` on a TAP: every load of the kernel's side is completed and counted."""

from __future__ import annotations

import json

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
    """A core that never sleeps is busy all the time, and one that sleeps at once hardly ever."""
    with KernelLab() as lab:
        found = []
        for spin, yielding in (("10s", "0us"), ("100us", "50us"), ("0us", "0us")):
            done = lab.shell(
                "-c", "mode bench", "-c", f"knob set loop.spin {spin}", "-c", f"knob set loop.yield {yielding}",
                "-c", "bench ping -n 200 --runs 1 --json", timeout=90)
            assert done.returncode == 0, done.stderr
            found.append(json.loads(done.stdout.splitlines()[-1])["measured"][0])
        always, some, never = found
        assert always["sleep"] == always["yielding"] == 0 < always["spin"]
        assert some["yielding"] > 0
        assert never["spin"] == never["yielding"] == 0 < never["sleep"]
        assert always["spin"] > some["spin"]

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

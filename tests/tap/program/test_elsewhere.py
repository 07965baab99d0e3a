"""The program is started where somebody else has put modules with the names of ours: none of them is imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.tap.harness import ROOT, KernelLab
from tests.unit.engine.test_child import fill, imported


def test_neither_workers_nor_the_load_generator_import_anything_of_it(tmp_path: Path) -> None:
    fill(tmp_path)
    lines = ("bench http -n 50 --runs 1 --client ours", "workers show")
    with KernelLab() as lab:
        done = subprocess.run(
            ["ip", "netns", "exec", lab.name, sys.executable, "-P", "-m", "shell", "--tap", "aether0", "--workers", "2",
             "--mode", "bench", "--json", *(word for line in lines for word in ("-c", line))],
            cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=120,
            check=False)
    assert done.returncode == 0, done.stderr
    bench, workers = map(json.loads, done.stdout.splitlines())
    assert bench["measured"][0]["failed"] == 0
    assert len(workers["rows"]) == 2
    assert imported(tmp_path) == ""

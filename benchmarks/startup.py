"""How long it takes from the start of the program to its first prompt, against an empty cmd2 application.

    python benchmarks/startup.py [RUNS]

Both run in a real pseudo-terminal, turn about, after one warm-up each. The aim is 500 ms; the limit is
1.6 times the empty application.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import pexpect

LIMIT = 1.6
EMPTY = "import cmd2; cmd2.Cmd(allow_cli_args=False).cmdloop()"
ROOT = Path(__file__).resolve().parent.parent


def measure(arguments: list[str], prompt: str, home: str) -> float:
    """Return the seconds until `prompt` appears."""
    environment = {**os.environ, "HOME": home, "TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1"}
    began = time.perf_counter()
    child = pexpect.spawn(sys.executable, arguments, env=environment, cwd=str(ROOT), timeout=30, dimensions=(24, 80))
    try:
        child.expect_exact(prompt)
        return time.perf_counter() - began
    finally:
        child.close(force=True)


def main(runs: int = 10) -> int:
    """Measure and print; return 1 if the limit is passed."""
    with tempfile.TemporaryDirectory() as home:
        candidates = {
            "empty cmd2": (["-c", EMPTY], "(Cmd)"), "aether-shell": (["-m", "shell", "--sim"], "aether>"),
        }
        times: dict[str, list[float]] = {name: [] for name in candidates}
        for run in range(runs + 1):
            for name, (arguments, prompt) in candidates.items():
                taken = measure(arguments, prompt, home)
                if run:
                    times[name].append(taken)
    medians = {name: statistics.median(values) for name, values in times.items()}
    ratio = medians["aether-shell"] / medians["empty cmd2"]
    for name, values in times.items():
        low, high = min(values) * 1000, max(values) * 1000
        print(f"{name:<14} median {medians[name] * 1000:5.0f} ms   from {low:.0f} to {high:.0f}")
    print(f"start to first prompt: {ratio:.2f} times an empty cmd2 application (at most {LIMIT})")
    return int(ratio > LIMIT)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))

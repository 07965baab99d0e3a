"""What becomes of us, and of a client who wants to be served, under loads that no sensible peer makes.

`make overload`, or `python -m tests.tap.overload [--write docs/reliability.md]`, as root: each load in a network
namespace of its own, to a host in benchmark mode, while a client asks for a page fifty times a second at the most.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from aether.operations.knobs import KnobSet
from aether.world import World
from tests.tap.harness import KernelLab, missing, wait_until
from tests.tap.held import connections, descriptors, resident, timers

SETTLED_WITHIN = 60.0
"""Seconds after which nothing of a load may be left, TIME-WAIT (of 1 s here) included."""


class Load(NamedTuple):
    """A load, and what it is called."""

    title: str
    kind: str
    times: int
    probe: int
    """Seconds for which the client asks."""


LOADS = (
    Load("SYN flood, each from another address", "syns", 200_000, 12),
    Load("slow clients: a byte of the request a second", "slow", 400, 12),
    Load("peers that never read what is generated for them", "never_read", 200, 12),
    Load("segments of one byte, echoed", "single_bytes", 50_000, 8),
    Load("first fragments of datagrams that are never whole", "fragments", 100_000, 10),
    Load("ARP requests, each from another neighbour", "questions", 100_000, 10),
    Load("TAP down and up again", "down", 20, 10),
)


class Outcome(NamedTuple):
    """What became of it."""

    load: Load
    done: int
    """How many frames, connections or rounds there were."""
    arrived: int
    """Frames that came to the host; the queue of the TAP is short, and the kernel discards what it has no place for."""
    seconds: float
    served: int
    failed: int
    longest_ms: int
    grown: int
    """Bytes of memory more than before, at the end of the load."""
    left: int
    """Connections and timers that are left when all has settled."""
    drops: str


def drops(world: World) -> dict[str, int]:
    """Return what was discarded, by reason."""
    return dict(world.hosts["you"].drops)


def run(load: Load) -> Outcome:
    """Put one load on a host, and see what becomes of both."""
    with KernelLab() as lab:
        core = lab.start("bench")
        for name in ("tcp.time_wait", "tcp.rto_max"):  # else one would wait for minutes until nothing is left
            core.do(KnobSet(name=name, value="1s"))
        _python(lab, "probe", 1).communicate(timeout=60)
        process = Path("/proc/self").resolve()
        pid = int(process.name)
        before, held, timers_before = resident(pid), descriptors(pid), core.ask(timers)
        client = _python(lab, "probe", load.probe)
        frames = core.status().frames
        time.sleep(0.5)
        began = time.monotonic()
        done = _down(lab, load.times) if load.kind == "down" else _told(_python(lab, load.kind, load.times))
        seconds = time.monotonic() - began
        grown = resident(pid) - before
        told = _told(client)
        assert isinstance(told, dict) and isinstance(done, int)
        arrived = core.status().frames - frames
        wait_until(lambda: not core.ask(connections) and core.ask(timers) <= timers_before, SETTLED_WITHIN)
        assert descriptors(pid) == held, "a descriptor is left"
        why = Counter(core.ask(drops)).most_common(1)
        assert not core.status().fault, core.status().fault
        left = core.ask(connections) + max(0, core.ask(timers) - timers_before)
        most = f"{why[0][1]:,} `{why[0][0]}`" if why else "none"
        served, failed, longest = (int(told[name]) for name in ("served", "failed", "longest_ms"))
        return Outcome(load, done, arrived, seconds, served, failed, longest, grown, left, most)


def _python(lab: KernelLab, kind: str, count: int) -> subprocess.Popen[bytes]:
    return lab.spawn(sys.executable, "-m", "tests.tap.floods", kind, str(count), stdout=subprocess.PIPE)


def _told(process: subprocess.Popen[bytes]) -> object:
    said, _ = process.communicate(timeout=120)
    return json.loads(said)


def _down(lab: KernelLab, times: int) -> int:
    for _ in range(times):
        lab.run("ip", "link", "set", "aether0", "down")
        time.sleep(0.05)
        lab.run("ip", "link", "set", "aether0", "up")
        time.sleep(0.2)
    return times


def table(outcomes: list[Outcome]) -> str:
    """Return the outcomes as Markdown."""
    lines = [
        "| load | how much | frames that came | seconds | a client meanwhile: served, not, longest wait | memory "
        "| left | discarded |",
        "|---|---:|---:|---:|---|---:|---:|---|"]
    for each in outcomes:
        client = f"{each.served:,}, {each.failed}, {each.longest_ms:,} ms"
        lines.append(f"| {each.load.title} | {each.done:,} | {each.arrived:,} | {each.seconds:.1f} | {client} | "
                     f"{each.grown / 1e6:+.1f} MB | {each.left} | {each.drops} |")
    return "\n".join(lines)


def main() -> int:
    """Run all loads, and print or write the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.tap.overload")
    parser.add_argument("--write", metavar="FILE", help="put the table between the marks of this page")
    options = parser.parse_args()
    if why := missing():
        print(f"overload: {why}", file=sys.stderr)
        return 2
    outcomes = []
    for load in LOADS:
        outcomes.append(run(load))
        print(outcomes[-1], file=sys.stderr, flush=True)
    print(table(outcomes))
    if options.write:
        from tools.section import replace

        replace(Path(options.write), "overload", table(outcomes))
    return 0


if __name__ == "__main__":
    sys.exit(main())

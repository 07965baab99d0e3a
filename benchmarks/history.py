"""What the way back costs: time and memory for 100,000 occurrences of a bulk transfer that loses 2% of its frames.

    python -m benchmarks.history [OCCURRENCES]

Runs that are compared are the same run, and take turns of a tenth of a second: the machine may be busy with something
else. The aims: back and goto 1 under 100 ms, history at most 30% over running without it, 200 MB, breakpoints that
nobody has set at most 2%. At the end, what becomes of all this with 1,000 busy connections.
"""

from __future__ import annotations

import math
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from aether.engine import lookback
from aether.engine.breakpoints import Breakpoints
from aether.engine.loop import Loop
from aether.engine.wakeup import Wakeup
from aether.lab import HOST_ADDRESS, describe, simulated
from aether.operations.tcp import TcpConnect, TcpSend
from aether.timers import NEVER
from aether.world import World
from benchmarks.transfer import make_world, start

OCCURRENCES = 100_000
SHORT, SLICE = 50_000, 2_000
"""Occurrences of the runs that are compared with each other, and of each turn."""
VISITS = 31
CONNECTIONS, FLOODS = 1_000, 3
SECOND = 1_000_000
"""In microseconds."""


class NoHistory(Loop):
    """A loop that records events, and keeps no way back."""

    def set_mode(self, mode: str) -> None:
        """Forget the history at once."""
        super().set_mode(mode)
        self.history = None


class NoBreakpoints(NoHistory):
    """A loop that never asks whether there is a breakpoint."""

    def _stepped(self, until: int) -> bool:
        return self.world.step(until)


def bulk() -> World:
    """Return a world with a transfer that does not end soon."""
    world = make_world(loss="2%")
    start(world, 1 << 30, "down")
    return world


def loop_of(world: World, kind: type[Loop] = Loop, mode: str = "trace") -> Loop:
    """Return a loop that drives a world as fast as it can."""
    return kind(world, None, Wakeup(None), describe(world), mode=mode, speed=math.inf, clock=time.monotonic_ns)


def watched() -> Loop:
    """Return a loop that asks a breakpoint which is never hit."""
    loop, points = loop_of(bulk(), NoHistory), Breakpoints()
    points.add("drop.reason == tcp.checksum", [])
    loop.set_breakpoint(points.hit)
    return loop


def run(loop: Loop, occurrences: int) -> float:
    """Go on until so many occurrences have been handled, or all is done; return the processor seconds that it took."""
    began = time.process_time()
    while loop.world.occurrence < occurrences and loop.world.next_deadline() < NEVER:
        loop.go(loop.world.next_deadline() + SECOND, lambda: loop.world.occurrence >= occurrences)
    return time.process_time() - began


def turns(kinds: dict[str, Callable[[], Loop]], occurrences: int) -> dict[str, list[float]]:
    """Return the seconds that each kind of loop takes for each slice of the same run; they take turns."""
    loops = {name: make() for name, make in kinds.items()}
    taken: dict[str, list[float]] = {name: [] for name in kinds}
    for end in range(SLICE, occurrences + 1, SLICE):
        for name, loop in loops.items():
            taken[name].append(run(loop, end))
    return taken


def dearer(one: list[float], other: list[float]) -> float:
    """Return how much dearer one kind is than another, slice by slice: the median says what is paid all the time."""
    return statistics.median(mine / yours for mine, yours in zip(one, other, strict=True)) - 1


def visits(loop: Loop, where: Callable[[int], int], count: int = VISITS) -> tuple[float, float]:
    """Visit places as `back` and `goto` do, events and all; return the median and the longest time in milliseconds."""
    taken = []
    for number in range(count):
        began = time.perf_counter()
        occurrence = where(number)
        lookback.go_to(loop, occurrence, lambda world: None)
        lookback.events_of(loop, occurrence)
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken), max(taken)


def memory() -> int:
    """Return the most memory that this process has ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def way_back(occurrences: int) -> None:
    """Print how long it takes to go back in a long run, and whether the past is what it was."""
    loop = loop_of(bulk())
    marks = {occurrences * share // 10 for share in range(1, 10)} | {1, occurrences - 1}
    seen: dict[int, str] = {}
    marked = iter(sorted(marks))
    for mark in marked:
        run(loop, mark)
        seen[mark] = loop.world.state_hash()
    run(loop, occurrences)
    assert loop.history is not None
    last = loop.world.occurrence
    chance = random.Random(1)
    kept = len(loop.history.snapshots)
    for name, where in (
        ("back, again and again", lambda number: last - 1 - number),
        ("back from the present, by up to 1,000", lambda number: last - 1 - chance.randrange(1000)),
        ("goto 1", lambda number: 1),
        ("goto anywhere", lambda number: chance.randrange(1, last)),
    ):
        median, longest = visits(loop, where)
        print(f"  {name:45} {median:8.1f} ms, at the most {longest:8.1f} ms")
    wrong = 0
    for mark, digest in seen.items():
        lookback.go_to(loop, mark)
        wrong += loop.view.state_hash() != digest
    print(f"  {'the past is another than it was':45} {wrong:8} of {len(seen)} times")
    print(f"  {'snapshots kept, of those taken':45} {kept:8} of {loop.history.taken}, {loop.history.size() >> 20} MB")
    print(f"  {'memory of the whole program, at the most':45} {memory():8} MB")


def many_connections() -> None:
    """Print what is left of the way back with many busy connections."""
    world = simulated(1)
    loop = loop_of(world)
    for _ in range(CONNECTIONS):
        loop.do(TcpConnect(address=HOST_ADDRESS, port=7))
    run(loop, 10 * CONNECTIONS)
    began = time.process_time()
    for _ in range(FLOODS):
        for number in range(1, CONNECTIONS + 1):
            loop.do(TcpSend(conn=number, data=bytes(100_000)))
        run(loop, world.occurrence + 60 * CONNECTIONS)
    assert loop.history is not None
    spent = time.process_time() - began
    last = world.occurrence
    median, longest = visits(loop, lambda number: last - 1 - number, 7)
    print(f"  {'handled':45} {last:8,} occurrences, the latest {FLOODS * 60 * CONNECTIONS:,} in {spent:.1f} s")
    print(f"  {'history starts at':45} {loop.history.first:8,}")
    print(f"  {'snapshots kept':45} {len(loop.history.snapshots):8}, {loop.history.size() >> 20} MB; the share of time "
          f"that they took: {loop.history.spent / max(loop.history.worked, 1):.0%}")
    print(f"  {'back, again and again':45} {median:8.1f} ms, at the most {longest:8.1f} ms")
    print(f"  {'memory of the whole program, at the most':45} {memory():8} MB")


def costs() -> None:
    """Print what is paid while a run goes on."""
    seconds = turns({
        "nothing is recorded": lambda: loop_of(bulk(), mode="bench"),
        "events, and no question for breakpoints": lambda: loop_of(bulk(), NoBreakpoints),
        "events": lambda: loop_of(bulk(), NoHistory),
        "events and the way back": lambda: loop_of(bulk()),
        "events and a breakpoint that is set": watched,
    }, SHORT)
    for name, slices in seconds.items():
        print(f"  {name:45} {sum(slices) * 1e6 / SHORT:8.1f} µs an occurrence")
    events = seconds["events"]
    # Snapshots are taken now and then, so that the whole counts.
    over = sum(seconds["events and the way back"]) / sum(events) - 1
    asked = dearer(events, seconds["events, and no question for breakpoints"])
    print(f"  {'the way back costs, over events alone':45} {over:8.1%}")
    print(f"  {'breakpoints that nobody has set cost':45} {asked:8.1%}")
    print(f"  {'one that is set costs':45} {dearer(seconds['events and a breakpoint that is set'], events):8.1%}")


def main() -> None:
    """Print three tables, each made by a process of its own."""
    if sys.argv[1:2] == ["--part"]:
        {"costs": costs, "back": lambda: way_back(int(sys.argv[3])), "many": many_connections}[sys.argv[2]]()
        return
    occurrences = int(sys.argv[1]) if len(sys.argv) > 1 else OCCURRENCES
    for part, title in (
        ("costs", f"A bulk transfer, {SHORT:,} occurrences"),
        ("back", f"A bulk transfer, {occurrences:,} occurrences"),
        ("many", f"{CONNECTIONS:,} busy connections"),
    ):
        print(title, flush=True)
        subprocess.run([sys.executable, "-m", "benchmarks.history", "--part", part, str(occurrences)], check=True)


if __name__ == "__main__":
    main()

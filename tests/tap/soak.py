"""Hours of use in a bounded time: `make soak`, or `python -m tests.tap.soak [--minutes N]`, as root.

One shell behind a TAP, in a network namespace of its own, goes through the same round again and again: trace mode with
bad links, knobs turned, the past looked at, recordings and captures written over each other, the TAP down and up; then
benchmark mode with two workers, of which one is stopped for a while, and killed later; clients of every kind all the
time. At the end of a round everything is quiet, and what the program holds is counted: memory, descriptors, threads,
timers, connections. It has to be flat from the second quarter of the rounds on.
"""

from __future__ import annotations

import argparse
import gc
import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import NamedTuple

from aether.engine.child import ShardError
from aether.world import World
from shell.prompt.app import AetherShell
from shell.session import Lab, Session
from tests.tap.harness import KERNEL, OURS, KernelLab, end, missing, wait_until
from tests.tap.held import Held, connections, descriptors, resident, timers, trim

WORKERS = 2
LINKS = ("link loss 2%", "link delay 5ms", "link reorder 5%", "link duplicate 2%", "link corrupt 1%",
         "link loss 10% in")
KNOBS = ("tcp.sack off", "tcp.timestamps off", "tcp.congestion reno", "tcp.window_scaling off", "tcp.rack off",
         "tcp.ecn on", "tcp.nagle off", "tcp.syn_cookies always", "ipv4.fragments off", "tcp.delayed_ack 0ms")
BEGIN = ("knob set tcp.time_wait 1s", "knob set tcp.keepalive on", "knob set tcp.keepalive_time 3s",
         "knob set tcp.keepalive_interval 1s")
"""Without keepalive, a connection whose reset is lost while the TAP is down is kept, as it ought to be."""
QUIET_WITHIN = 30.0
"""Seconds after which nothing of what the clients did may be left, TIME-WAIT (of 1 s here) included."""
MORE = 24 << 20
"""Bytes by which memory may grow between the second quarter of a run and its end. What the C library has handed out is
between 16 and 40 MB after a round, as it was busy or not, and does not grow; the areas that it has for that (malloc(3),
one for each thread) grow by up to 15 MB with the busiest round so far, and keep what they cannot give back in whole
pages. What each round loses, `BLOCKS` tells."""
PATIENCE = 300.0
"""Seconds that a program may take on the busiest machine."""
BLOCKS = 20_000
"""Objects by which two rounds may differ: 200 a round would show after a hundred."""


class Round(NamedTuple):
    """One round."""

    held: Held
    served: int
    failed: int
    frames: int
    """How many frames it handled, but for those before a worker was killed in benchmark mode."""


class Soak:
    """One run: a shell, its lab, and its clients."""

    def __init__(self, lab: KernelLab, seconds: float, seed: int = 1) -> None:
        """`seconds` are those of a round."""
        self.lab = lab
        self.seconds = seconds
        self.chance = random.Random(seed)
        self.told: list[str] = []
        core = lab.start(workers=WORKERS, tell=self.told.append)
        assert lab.shards is not None
        self.session = Session(core, Lab("TAP", "aether0", OURS, KERNEL, "192.168.1.0/24", seed), "json", scripted=True)
        self.session.shards = lab.shards
        self.shards = lab.shards
        self.shell = AetherShell(self.session, interactive=False)
        self.shell.quiet = True
        self.rounds: list[Round] = []
        self.say(*BEGIN)

    def say(self, *lines: str) -> None:
        """Type lines, none of which may fail."""
        for line in lines:
            self.shell.stdout = io.StringIO()
            failures = self.shell.failures
            self.shell.onecmd_plus_hooks(line, add_to_history=False)
            assert self.shell.failures == failures, f"{line}: {self.shell.stdout.getvalue()}"

    def round(self) -> Round:
        """Go through everything once."""
        half = self.seconds / 2
        before = self.session.core.status().frames
        clients = self._clients(half)
        self._trace(half, len(self.rounds))
        first = self._outcome(clients)
        seen = self.session.core.status().frames - before
        clients = self._clients(half)
        self._bench(half)
        second = self._outcome(clients)
        found = Round(self._quiet(), first["served"] + second["served"], first["failed"] + second["failed"],
                      seen + sum(each.frames - each.frames_before for each in self.shards.figures()))
        self.rounds.append(found)
        return found

    def _clients(self, seconds: float) -> subprocess.Popen[bytes]:
        return self.lab.spawn(sys.executable, "-m", "tests.tap.mixed_clients", f"{seconds:.1f}",
                              str(self.chance.randrange(1 << 20)), stdout=subprocess.PIPE)

    def _outcome(self, clients: subprocess.Popen[bytes]) -> dict[str, int]:
        try:
            said, _ = clients.communicate(timeout=self.seconds + PATIENCE)
        finally:
            end(clients)
            self.lab.processes.remove(clients)
        found: dict[str, int] = json.loads(said)
        return found

    def _trace(self, seconds: float, number: int) -> None:
        """See everything for a while, break it, and look back."""
        folder = self.lab.folder
        until = time.monotonic() + seconds
        self.say("mode trace", "capture start", self.chance.choice(LINKS), f"knob set {self.chance.choice(KNOBS)}")
        time.sleep(seconds / 4)
        self._down(0.3)
        self.say(self.chance.choice(LINKS), "frames", "tcp conns", "drops", "pause", "back 5", "live", "run")
        time.sleep(max(0.0, until - time.monotonic() - seconds / 4))
        self._record(folder / f"run-{number % 3}.aether")
        self.say(f"capture save {folder}/run-{number % 3}.pcapng --force", "capture stop",
                 "link clear", "profile modern", *BEGIN)
        time.sleep(max(0.0, until - time.monotonic()))

    def _record(self, file: Path) -> None:
        """Let a shell of its own, with a TAP of its own, record a run, and another one play it again.

        This one cannot: its history begins anew after each benchmark mode.
        """
        done = self.lab.run(
            sys.executable, "-m", "shell", "--tap", "aether1", "--subnet", "10.77.0.0/24", "--no-config",
            "-c", "ping 10.77.0.1 --count 5", "-c", f"record {file} --force", timeout=PATIENCE, check=False)
        assert done.returncode == 0, done.stderr
        done = self.lab.run(
            sys.executable, "-m", "shell", "--no-config", "--replay", str(file), "-c", "status",
            timeout=PATIENCE, check=False)
        assert done.returncode == 0, done.stderr

    def _bench(self, seconds: float) -> None:
        """Go as fast as possible for a while; stop one worker for a moment, and kill it."""
        self._start_workers()
        until = time.monotonic() + seconds
        time.sleep(seconds / 4)
        process = self.shards.children[0].process
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.5)
        process.send_signal(signal.SIGCONT)
        self._down(0.3)
        time.sleep(max(0.0, until - time.monotonic() - seconds / 2))
        process.kill()
        wait_until(lambda: self.shards.children[0].process is not process and self.shards.children[0].started, 30)
        time.sleep(max(0.0, until - time.monotonic()))

    def _start_workers(self) -> None:
        """Go to benchmark mode; where others have all the processors, a worker may be too late for it once or twice."""
        for _ in range(2):
            failures = self.shell.failures
            self.shell.onecmd_plus_hooks("mode bench", add_to_history=False)
            if self.shell.failures == failures:
                return
            print("a worker did not start in time: once more", file=sys.stderr, flush=True)
        self.say("mode bench")

    def _down(self, seconds: float) -> None:
        """Take the TAP down, and up again."""
        self.lab.run("ip", "link", "set", "aether0", "down")
        time.sleep(seconds)
        self.lab.run("ip", "link", "set", "aether0", "up")

    def _quiet(self) -> Held:
        """Wait until nothing is left of what the clients did, and count what is held."""
        with suppress(AssertionError):  # it is counted, and judged with all the rounds
            wait_until(lambda: not sum(self._asked(connections)), QUIET_WITHIN)
        gc.collect()
        trim()
        processes = [os.getpid(), *(child.process.pid for child in self.shards.children)]
        return Held(
            sum(resident(pid) for pid in processes), sum(descriptors(pid) for pid in processes),
            sum(len(list(Path(f"/proc/{pid}/task").iterdir())) for pid in processes),
            sum(self._asked(timers)), sum(self._asked(connections)),
            sys.getallocatedblocks())

    def _asked(self, query: Callable[[World], int]) -> list[int]:
        """Return the answers of all workers; one may have ended just now, and another be on its way."""
        try:
            return self.shards.ask(query)
        except ShardError:
            time.sleep(0.5)
            return self.shards.ask(query)


def complaints(rounds: list[Round]) -> list[str]:
    """Return what is not flat; the first quarter of the rounds fills caches, and does not count."""
    counted = [each.held for each in rounds[max(1, len(rounds) // 4):]]
    third = max(1, len(counted) // 3)
    early, late = counted[:third], counted[-third:]
    found = []
    before, after = (median(held.memory for held in part) for part in (early, late))
    if after > before + MORE:
        found.append(f"memory grew from {before / 1e6:.1f} to {after / 1e6:.1f} MB")
    before, after = (median(held.blocks for held in part) for part in (early, late))
    if after > before + BLOCKS:
        found.append(f"blocks grew from {before:,.0f} to {after:,.0f}")
    for name in ("descriptors", "threads", "timers", "connections"):
        low, high = (of(getattr(held, name) for held in part) for of, part in ((max, early), (min, late)))
        if high > low:
            found.append(f"{name} grew from at most {low} to at least {high}")
    return found


def table(rounds: list[Round], seconds: float) -> str:
    """Return what was held after each of some rounds, as Markdown."""
    shown = sorted({0, *range(len(rounds) // 8, len(rounds), max(1, len(rounds) // 8)), len(rounds) - 1})
    lines = [
        f"{len(rounds)} rounds in {seconds / 60:.0f} minutes: {sum(each.frames for each in rounds):,} frames, "
        f"{sum(each.served for each in rounds):,} clients served; {sum(each.failed for each in rounds):,} gave up "
        "after 2 s, for links that lose, TAPs that are down and workers that are killed.", "",
        "| after round | memory | descriptors | threads | timers | connections | objects |",
        "|---:|---:|---:|---:|---:|---:|---:|"]
    for number in shown:
        held = rounds[number].held
        lines.append(f"| {number + 1} | {held.memory / 1e6:.1f} MB | {held.descriptors} | {held.threads} | "
                     f"{held.timers} | {held.connections} | {held.blocks:,} |")
    return "\n".join(lines)


def run(
    minutes: float, seconds: float, seed: int = 1, show: Callable[[str], None] = print
) -> tuple[list[Round], float]:
    """Soak for so many minutes, in rounds of so many seconds; return the rounds, and how long they took in seconds."""
    began = time.monotonic()
    with KernelLab() as lab:
        soak = Soak(lab, seconds, seed)
        while time.monotonic() - began < minutes * 60:
            found = soak.round()
            show(f"{(time.monotonic() - began) / 60:6.1f} min: {found.held}, served {found.served}, "
                 f"failed {found.failed}, {found.frames} frames")
        assert soak.session.status().fault == "", soak.session.status().fault
    return soak.rounds, time.monotonic() - began


def main() -> int:
    """Soak, and say whether everything was flat."""
    parser = argparse.ArgumentParser(prog="python -m tests.tap.soak", description="Hours of use in a bounded time.")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--round", type=float, default=30, help="seconds of a round")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", metavar="FILE", help="put the table between the marks of this page")
    options = parser.parse_args()
    if why := missing():
        print(f"soak: {why}", file=sys.stderr)
        return 2
    rounds, seconds = run(options.minutes, options.round, options.seed)
    print(table(rounds, seconds))
    if options.write:
        from tools.section import replace

        replace(Path(options.write), "soak", table(rounds, seconds))
    found = complaints(rounds)
    for each in found:
        print(f"soak: {each}", file=sys.stderr)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())

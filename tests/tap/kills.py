"""SIGKILL at random moments: `python -m tests.tap.kills [--kills 200] [--seed N]`, as root.

Sessions of every kind that has something to lose (recordings, captures, a lesson, a live capture, the history of what
was typed, a TAP, workers, a private network with a program in it) are killed while they start, while they work, and
while they write. Afterwards no process, no interface, no network and no temporary file may be left, and every file that
was written is one that can be read. What no program can prevent is counted, not complained of: the pipe of
`capture live`, and one file beside its place, when SIGKILL comes between its beginning and its name. The next session
of the same kind that ends by itself has to take both away.

All of them are in a network namespace of their own; nothing is sent outside of it.
"""

from __future__ import annotations

import argparse
import json
import os
import pty
import random
import select
import signal
import subprocess
import sys
import termios
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tests.tap import left_behind
from tests.tap.harness import KERNEL, OURS, ROOT, KernelLab, missing, wait_until

PATIENCE = 120.0
"""Seconds that an answer, or an end, may take on the busiest machine; no moment of a kill depends on it."""
STARTS, WORKS = 1.0, 0.06
"""Seconds within which a kill comes after the start of a program, and after an answer of one that works."""
ROUNDS = 3
"""How often the lines of a session are played, if it lives so long."""
LESSONS = ("first-frame", "arp", "handshake", "closing", "nagle", "out-of-order", "time-travel", "udp-and-tcp")
READY = b"aether>"
PIPE = "live.pipe"


class Kind(NamedTuple):
    """What is killed."""

    words: tuple[str, ...]
    """Of the command line."""
    lines: tuple[str, ...]
    """What is typed."""
    writes: tuple[str, ...] = ()
    """Patterns of the files that sessions like this leave, of which each has to be seen after many kills."""


KINDS = {
    "recording": Kind(("--sim",), (
        "ping 192.168.1.1 --count 3", "record run.aether --force", "http get http://192.168.1.1/",
        "record run.aether --force"), ("run.aether",)),
    "capture": Kind(("--sim",), (
        "capture start", "http get http://192.168.1.1/", "capture save run.pcapng --force", "link loss 5%",
        "ping 192.168.1.1 --count 20", "capture save run.pcapng --force", "capture stop",
        "capture save all.pcapng --force"), ("run.pcapng",)),
    "lesson": Kind(("--sim",), (
        "lesson start {lesson}", "lesson show", "lesson skip", "lesson report ada.json --name Ada --force",
        "ping 192.168.1.1", "lesson quit"), ("lessons.json", "lesson-*.json", "evidence-*.json")),
    "live": Kind(("--sim",), (
        "capture live live.pipe", "ping 192.168.1.1 --count 5", "http get http://192.168.1.1/", "capture stop"),
        ("live*.pcapng",)),
    "history": Kind(("--sim", "--plain"), ("status", "ping 192.168.1.1 --count 1", "quit"), ("history",)),
    "tap": Kind(("--tap", "aether0"), (
        "capture start", f"host ping {OURS}", "record run.aether --force", f"ping {KERNEL} --count 1",
        "capture save run.pcapng --force", "capture stop"), ("run.aether", "run.pcapng")),
    "workers": Kind(("--tap", "aether0", "--mode", "bench", "--workers", "2"), (
        "workers show", f"host http get http://{OURS}/", "host -- sh -c 'sleep 300 & echo begun'")),
    "private network": Kind(("--lab", "--workers", "2"), (
        "status", f"host ping {OURS}", "host -- sh -c 'sleep 300 & setsid sleep 300 & echo begun'",
        "host -- sleep 300")),
}


@dataclass(slots=True)
class Outcome:
    """What became of all the kills."""

    kills: Counter[str] = field(default_factory=Counter)
    """By kind."""
    pipes: int = 0
    """How many were left by SIGKILL."""
    beside: int = 0
    """How many files had not got their names."""
    removed: int = 0
    """How many of both were there in the end, for sessions that were let end."""
    complaints: list[str] = field(default_factory=list)
    unwritten: list[str] = field(default_factory=list)
    """What sessions of each kind would have written, and none has lived long enough to write."""

    def __str__(self) -> str:
        """Return what there was in a line."""
        killed = ", ".join(f"{name} {count}" for name, count in self.kills.items())
        return (f"{self.kills.total()} kills ({killed}): {len(self.complaints)} complaints; {self.pipes} pipes and "
                f"{self.beside} files beside their places were left, as no program can prevent; {self.removed} were "
                "there in the end, for sessions that were let end to take away")


class Killing:
    """One session, and its end."""

    def __init__(self, lab: KernelLab, name: str, number: int, seed: int) -> None:
        self.lab, self.kind, self.name = lab, KINDS[name], name
        chance = random.Random(f"{seed}/{number}")
        self.mark = f"{os.getpid()}-{number}"
        self.folder = lab.folder / name
        self.temporary = self.folder / "tmp"
        self.temporary.mkdir(parents=True, exist_ok=True)
        self.lesson = chance.choice(LESSONS)
        early = chance.random() < 0.15
        self.answers = 0 if early else chance.randint(1, ROUNDS * len(self.kind.lines))
        self.delay = chance.uniform(0, STARTS if early else WORKS)
        self.ends = False
        self.beside_before = {*left_behind.beside(self.folder)}
        self.pipe_before = left_behind.is_pipe(self.folder / PIPE)
        self.what = (f"kill {number} of seed {seed} ({name}), {self.delay * 1e3:.0f} ms after "
                     f"{f'{self.answers} answers' if self.answers else 'its start'}")

    def let_end(self, lesson: str) -> str:
        """Let it work to its end, with this lesson; return what was wrong with it."""
        self.ends, self.lesson, self.answers, self.delay = True, lesson, sys.maxsize, 0.0
        self.what = f"a session ({self.name}) that nobody kills"
        return self.play()

    def play(self) -> str:
        """Let it work, and kill it; return what was wrong with it until then."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1", "TERM": "xterm",
                       "HOME": str(self.folder), "TMPDIR": str(self.temporary), left_behind.MARK: self.mark}
        for name in ("DATA", "STATE", "CONFIG", "CACHE"):
            environment[f"XDG_{name}_HOME"] = str(self.folder / name.lower())
        typed, answered = pty.openpty() if self.name == "history" else (-1, -1)
        if typed >= 0:
            termios.tcsetwinsize(answered, (24, 100))
        program = ["ip", "netns", "exec", self.lab.name, sys.executable, "-m", "shell", *self.kind.words]
        process = subprocess.Popen(
            program if typed >= 0 else [*program, "--json", "-"], env=environment, cwd=self.folder, bufsize=0,
            stdin=answered if typed >= 0 else subprocess.PIPE, stdout=answered if typed >= 0 else subprocess.PIPE,
            stderr=subprocess.PIPE, start_new_session=True)
        if typed >= 0:
            os.close(answered)
        reader = threading.Thread(target=self._read_pipe, args=(process,)) if self.name == "live" else None
        try:
            if reader is not None:
                reader.start()
            ended = self._work_at_terminal(process, typed) if typed >= 0 else self._work(process)
            if self.ends:
                process.wait(PATIENCE)
        finally:
            process.kill()
            process.wait(PATIENCE)
            if reader is not None:
                reader.join(PATIENCE)
        assert process.stderr is not None
        os.set_blocking(process.stderr.fileno(), False)  # what it has left running may keep it open
        said = (process.stderr.read() or b"").decode("utf-8", "replace")
        for each in (process.stdin, process.stdout, process.stderr):
            if each is not None:
                each.close()
        if typed >= 0:
            os.close(typed)
        if "Traceback" in said:
            return said
        expected = {0} if self.ends else {-signal.SIGKILL}
        if process.returncode not in expected | ({0} if typed >= 0 else set()):  # `quit` may be faster than the kill
            return f"it ended before, with {process.returncode}: {said}"
        return "" if ended else f"no answer within {PATIENCE:.0f} s: {said}"

    def _work(self, process: subprocess.Popen[bytes]) -> bool:
        """Type all lines, and wait for the moment: so many answers, and the rest of it."""
        assert process.stdin is not None and process.stdout is not None
        lines = [line.format(lesson=self.lesson) for line in self.kind.lines] * ROUNDS
        with suppress(BrokenPipeError):
            process.stdin.write("".join(f"{line}\n" for line in lines).encode())
            if self.ends:
                process.stdin.close()
        seen, last = 0, self._last_answer()
        while seen < last:
            if not select.select([process.stdout], [], [], PATIENCE)[0]:
                return False
            data = os.read(process.stdout.fileno(), 65_536)
            if not data:
                break
            seen += data.count(b"\n")
        time.sleep(self.delay)  # no time to wait for something: the moment itself
        return True

    def _last_answer(self) -> int:
        """Return the answer after which the kill comes: where a program runs to the end, none comes any more."""
        if self.name == "private network":
            return min(self.answers, len(self.kind.lines) - 1)
        return self.answers

    def _work_at_terminal(self, process: subprocess.Popen[bytes], terminal: int) -> bool:
        """Type lines at the prompt; the last one ends the program, and the kill comes meanwhile, or just after."""
        lines = iter(self.kind.lines[-max(1, self.answers % (len(self.kind.lines) + 1)):])  # the last one is `quit`
        said, end = b"", time.monotonic() + PATIENCE
        while self.answers and time.monotonic() < end and process.poll() is None:
            if not select.select([terminal], [], [], 1)[0]:
                continue
            try:
                said += os.read(terminal, 65_536)
            except OSError:  # it has ended
                break
            if b"\x1b[6n" in said:  # where is the cursor?
                said = said.replace(b"\x1b[6n", b"")
                os.write(terminal, b"\x1b[1;1R")
            if READY in said:
                said = b""
                line = next(lines)
                os.write(terminal, f"{line}\r".encode())
                if line == "quit":
                    break
        late = self.answers and time.monotonic() >= end
        time.sleep(self.delay * (4 if self.answers else 1))
        return not late

    def _read_pipe(self, process: subprocess.Popen[bytes]) -> None:
        """Read what comes through the pipe of `capture live` until the program has ended."""
        path, file = self.folder / PIPE, -1
        read = bytearray()
        while True:
            over = process.poll() is not None
            if file < 0:
                with suppress(OSError):
                    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            data = b""
            if file >= 0:
                with suppress(BlockingIOError):
                    data = os.read(file, 65_536)
                read += data
            if over and not data:
                break
            if not data:
                time.sleep(0.002)
        if file >= 0:
            os.close(file)
        for place, each in enumerate(_captures(bytes(read))):
            (self.folder / f"live{place}.pcapng").write_bytes(each)

    def judge(self, outcome: Outcome, usual: set[str], mounts: set[str]) -> None:
        """Look at what is left, and note it."""
        found: list[str] = []
        try:
            wait_until(lambda: not left_behind.processes(self.mark), PATIENCE)
        except AssertionError:
            found += [f"still runs: {each}" for each in left_behind.processes(self.mark)]
        found += [f"still there: the interface {each}" for each in left_behind.interfaces(self.lab.name) - usual]
        found += [f"still there: the network {each}" for each in left_behind.networks() - mounts]
        found += [f"still there: {each}" for each in self.temporary.iterdir()]
        beside = left_behind.beside(self.folder)
        targets = Counter(left_behind.target(path) for path in beside)
        found += [f"{count} files beside {target}: the next one who writes it removes the last one's"
                  for target, count in targets.items() if count > 1]
        outcome.beside += len({*beside} - self.beside_before)
        found += left_behind.complaints(self.folder)
        outcome.pipes += left_behind.is_pipe(self.folder / PIPE) and not self.pipe_before
        outcome.complaints += [f"{self.what}: {each}" for each in found]


def _captures(data: bytes) -> list[bytes]:
    """Return the captures that came through one pipe one after the other: each begins with its section header."""
    head = bytes.fromhex("0a0d0d0a")
    found: list[bytes] = []
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at + 4:at + 8], "little") or len(data)
        if data[at:at + 4] == head or not found:
            found.append(b"")
        found[-1] += data[at:at + length]
        at += length
    return found


def run(kills: int, seed: int = 1, show: Callable[[str], None] = print) -> Outcome:
    """Kill so many sessions, kind after kind, and return what became of it."""
    outcome = Outcome()
    order = list(KINDS)
    with KernelLab() as lab:
        usual, mounts = left_behind.interfaces(lab.name), left_behind.networks()
        for number in range(kills):
            killing = Killing(lab, order[number % len(order)], number, seed)
            before = len(outcome.complaints)
            if why := killing.play():
                outcome.complaints.append(f"{killing.what}: {why}")
            killing.judge(outcome, usual, mounts)
            outcome.kills[killing.name] += 1
            show("; ".join(outcome.complaints[before:]) or f"{killing.what}: nothing left")
        for name in outcome.kills:
            outcome.complaints += _taken_away(lab, name, outcome)
        outcome.complaints += _afterwards(lab)
        outcome.unwritten = [f"{name}: {each}" for name in outcome.kills for each in KINDS[name].writes
                             if not list((lab.folder / name).rglob(each))]
    return outcome


def _taken_away(lab: KernelLab, name: str, outcome: Outcome) -> list[str]:
    """Let sessions of a kind end that write what kills have left halves of; return what is left even so."""
    def left() -> list[Path]:
        return [*left_behind.beside(lab.folder / name), *filter(left_behind.is_pipe, [lab.folder / name / PIPE])]

    found, before = [], left()
    outcome.removed += len(before)
    lessons = {lesson for lesson in LESSONS for path in before if lesson in path.name}
    for lesson in sorted(lessons) or LESSONS[:bool(before)]:
        killing = Killing(lab, name, -1, 0)
        if why := killing.let_end(lesson):
            found.append(f"{killing.what}: {why}")
    return found + [f"still there after a session ({name}) that nobody killed: {path.name}" for path in left()]


def _afterwards(lab: KernelLab) -> list[str]:
    """Return what the program itself cannot go on with, of all that was written."""
    found = []
    lines = {"recording": "replay run.aether", "capture": "capture load run.pcapng", "tap": "replay run.aether"}
    for name, line in lines.items():
        folder = lab.folder / name
        if (folder / line.split()[-1]).exists():
            done = subprocess.run(
                [sys.executable, "-m", "shell", "--sim", "--no-config", "--json", "-c", line, "-c", "frames"],
                cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(folder)}, capture_output=True,
                text=True, timeout=PATIENCE, check=False)
            if done.returncode or not json.loads(done.stdout.splitlines()[-1]):
                found.append(f"{name}: `{line}` failed: {done.stderr}")
    return found


def main() -> int:
    """Kill, and say what was left."""
    parser = argparse.ArgumentParser(prog="python -m tests.tap.kills", description="SIGKILL at random moments.")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for name in ("SUDO_UID", "SUDO_GID", "SUDO_USER"):  # what is started here would give root back
        os.environ.pop(name, None)
    if why := missing("tshark", "curl", "ping"):
        print(f"kills: {why}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # the namespace is taken away then too
    outcome = run(options.kills, options.seed)
    print(outcome)
    for each in outcome.unwritten:
        print(f"kills: nobody lived to write {each}; more kills would", file=sys.stderr)
    return int(bool(outcome.complaints or outcome.unwritten))


if __name__ == "__main__":
    sys.exit(main())

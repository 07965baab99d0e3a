"""A large capture, beside tshark: to load it, and to ask for frames of it once it is loaded.

    python -m benchmarks.captures [ROUNDS]

A file of 200,000 frames of TCP is made, and read by whole processes turn about. The aims: to load it takes at most a
quarter of the time that tshark takes to print three fields of each frame, in at most 0.6 of its memory.

`frames EXPR` is typed into a shell that has the file loaded, and waited for; it takes at most a tenth of the time that
tshark takes for the same expression, which has to start and to read the file each time.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from struct import pack
from typing import Self

from aether.wire import ethernet, ipv4, tcp

FRAMES, CONNECTIONS, SEGMENT = 200_000, 400, 800
"""How many there are, how many connections they belong to, and how many bytes each segment with data carries."""
FIRST_PORT = 40_000
LOADING, MEMORY, ASKING = 0.25, 0.6, 0.1
EXPRESSIONS = ("tcp.flags.syn == 1", "tcp.srcport == 40007 and tcp.len > 0", 'tcp.payload contains "needle"')
FIELDS = ("-T", "fields", "-e", "frame.number", "-e", "ip.src", "-e", "tcp.seq")
LOOKING = b"looking at "
SHELL = (sys.executable, "-m", "shell", "--sim", "--no-config", "--plain")


def segments() -> Iterator[bytes]:
    """Yield so many frames of connections that take turns: a handshake each, then data, each segment acknowledged."""
    you, host = b"\xc0\xa8\1\2", b"\xc0\xa8\1\1"
    there, back = b"\2\0\0\0\0\1", b"\2\0\0\0\0\2"
    sent = 0
    for turn in range(FRAMES):
        for number in range(CONNECTIONS):
            port, at = FIRST_PORT + number, 1001 + max(turn - 1, 0) * SEGMENT
            pieces = (
                [(1000, 0, tcp.SYN, b""), (5000, 1001, tcp.SYN | tcp.ACK, b""), (1001, 5001, tcp.ACK, b"")] if not turn
                else [(at, 5001, tcp.PSH | tcp.ACK, _text(turn, number)), (5001, at + SEGMENT, tcp.ACK, b"")])
            for index, (seq, ack, flags, text) in enumerate(pieces):
                ours = index != 1
                ends = (you, host, port, 80) if ours else (host, you, 80, port)
                packet = ipv4.build(*ends[:2], 6, tcp.build(*ends, seq, ack, flags, 65_000, b"", text))
                yield ethernet.build(*((back, there) if ours else (there, back)), ethernet.TYPE_IPV4, packet)
                sent += 1
                if sent == FRAMES:
                    return


def _text(turn: int, number: int) -> bytes:
    words = b"needle" if (turn, number) == (200, 7) else b"hay"
    return (words + b" %d %d " % (turn, number)).ljust(SEGMENT, b".")


def write(file: Path, frames: Iterable[bytes]) -> int:
    """Write a capture; return how many bytes it has."""
    with file.open("wb") as out:
        out.write(pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1))
        for number, frame in enumerate(frames):
            out.write(pack("<IIII", 1_700_000_000 + number // 10_000, number % 10_000 * 100, len(frame), len(frame)))
            out.write(frame)
    return file.stat().st_size


def run(*program: str) -> tuple[float, float, int]:
    """Run a program to its end; return the seconds that it took, its largest memory in megabytes, and its lines."""
    began = time.perf_counter()
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        lines = process.stdout.read().count(b"\n")
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{program[0]} ended with status {process.returncode}")
    return time.perf_counter() - began, usage.ru_maxrss / 1024, lines


class LoadedShell:
    """A shell that looks at a capture, and does one line after the other."""

    def __init__(self, file: Path) -> None:
        self._process = subprocess.Popen(SHELL, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.ask(f"capture load {file}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def ask(self, line: str) -> float:
        """Do a line; return the seconds until all that it has to say was read."""
        typed, said = self._process.stdin, self._process.stdout
        assert typed is not None and said is not None
        began = time.perf_counter()
        typed.write(f"{line}\ncapture status\n".encode())
        typed.flush()
        for each in said:
            if each.startswith(LOOKING):  # the last that `capture status` says
                return time.perf_counter() - began
        raise RuntimeError(f"the shell ended at: {line}")


def main(rounds: int = 3) -> int:
    """Measure and print; return 1 if a limit is passed."""
    if shutil.which("tshark") is None:
        print("captures: not measured, there is no tshark")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "large.pcap"
        size = write(file, segments())
        load = f"capture load {file}"
        ours, theirs = [], []
        asked: dict[str, list[tuple[float, float]]] = {each: [] for each in EXPRESSIONS}
        with LoadedShell(file) as shell:
            for _ in range(rounds):
                start_up, _, _ = run(*SHELL, "-c", "status")
                ours.append(run(*SHELL, "-c", load))
                theirs.append(run("tshark", "-r", str(file), *FIELDS))
                for expression, found in asked.items():
                    took = shell.ask(f"frames {expression}")
                    found.append((took, run("tshark", "-r", str(file), "-Y", expression)[0]))
    seconds = statistics.median(one[0] / other[0] for one, other in zip(ours, theirs, strict=True))
    memory = statistics.median(one[1] / other[1] for one, other in zip(ours, theirs, strict=True))
    print(f"{FRAMES:,} frames, {size >> 20} MB: loaded in {statistics.median(one[0] for one in ours):.2f} s, "
          f"{start_up:.2f} s of it to start; {seconds:.2f} of tshark's time (at most {LOADING}), "
          f"{ours[0][1]:.0f} MB, {memory:.2f} of its memory (at most {MEMORY})")
    slow = seconds > LOADING or memory > MEMORY
    for expression, found in asked.items():
        share = statistics.median(one / other for one, other in found)
        print(f"frames {expression:45} {statistics.median(one for one, _ in found):5.2f} s, "
              f"{share:.2f} of tshark's time (at most {ASKING})")
        slow = slow or share > ASKING
    return int(slow)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))

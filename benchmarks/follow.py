"""`follow` of a stream that goes one way, beside tshark: 5, 10 and 20 MB.

    python -m benchmarks.follow [ROUNDS]

`follow 1 --all` is typed into a shell that has the capture loaded, turn about with `tshark -z follow`, which reads the
file as well; both print every byte. The aims: for a stream of twice the length it takes at most 2.3 times as long, and
for 20 MB at most 1.5 times as long as tshark. Of each size the best round counts for
that. How long the whole program takes, start and loading included, is printed too.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from aether.wire import ethernet, ipv4, tcp
from benchmarks.captures import SHELL, LoadedShell, run, write

SIZES = (5, 10, 20)
"""Megabytes of the streams."""
SEGMENT = 1448
"""Bytes of data in a segment; every second one is acknowledged."""
GROWTH, SHARE = 2.3, 1.5
YOU, HOST = b"\xc0\xa8\1\2", b"\xc0\xa8\1\1"
MACS = b"\2\0\0\0\0\1", b"\2\0\0\0\0\2"
FOLLOW = "-q", "-z", "follow,tcp,raw,0"


def frames(size: int) -> Iterator[bytes]:
    """Yield a handshake and a stream of so many bytes."""
    def frame(out: bool, seq: int, ack: int, flags: int, data: bytes = b"") -> bytes:
        ends = (YOU, HOST, 40_000, 80) if out else (HOST, YOU, 80, 40_000)
        packet = ipv4.build(*ends[:2], 6, tcp.build(*ends, seq, ack, flags, 65_000, b"", data))
        return ethernet.build(*(MACS if out else MACS[::-1]), ethernet.TYPE_IPV4, packet)

    yield frame(True, 1000, 0, tcp.SYN)
    yield frame(False, 5000, 1001, tcp.SYN | tcp.ACK)
    yield frame(True, 1001, 5001, tcp.ACK)
    for number, at in enumerate(range(0, size, SEGMENT)):
        yield frame(True, 1001 + at, 5001, tcp.PSH | tcp.ACK, (b"line %d\n" % number).ljust(SEGMENT, b"."))
        if number % 2:
            yield frame(False, 5001, 1001 + at + SEGMENT, tcp.ACK)


def main(rounds: int = 3) -> int:
    """Measure and print; return 1 if a limit is passed."""
    if shutil.which("tshark") is None:
        print("follow: not measured, there is no tshark")
        return 0
    ours: dict[int, list[float]] = {size: [] for size in SIZES}
    theirs, whole = [], []
    with tempfile.TemporaryDirectory() as folder:
        files = {size: Path(folder) / f"{size}.pcap" for size in SIZES}
        for size, file in files.items():
            write(file, frames(size << 20))
        for _ in range(rounds):
            for size, file in files.items():
                with LoadedShell(file) as shell:
                    ours[size].append(shell.ask("follow 1 --all"))
            theirs.append(run("tshark", "-r", str(file), *FOLLOW)[0])
            whole.append(run(*SHELL, "-c", f"capture load {file}", "-c", "follow 1 --all")[0])
    taken = [min(ours[size]) for size in SIZES]
    growth = max(more / less for less, more in pairwise(taken))
    share = statistics.median(one / other for one, other in zip(ours[SIZES[-1]], theirs, strict=True))
    print(f"follow of {', '.join(map(str, SIZES))} MB: {', '.join(f'{each:.2f}' for each in taken)} s, "
          f"{growth:.2f} times as long for twice as much (at most {GROWTH}); {share:.2f} of tshark's "
          f"{statistics.median(theirs):.2f} s (at most {SHARE}); {statistics.median(whole):.2f} s from the start")
    return int(growth > GROWTH or share > SHARE)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))

"""The client of bulk transfers, on the kernel's stack: how many megabytes a second, and whether they were right.

    python -m benchmarks.bulk_load down|up MEGABYTES [--check]

To ask for a download is to send the number of megabytes. With --check every byte is compared (down), or told as a
SHA-256 to compare (up); that costs more than the transfer.
"""

from __future__ import annotations

import hashlib
import json
import socket
import sys
import time

from aether.lab import YOUR_ADDRESS

DOWN, UP = 8080, 9000
"""Ports: who sends, and who takes."""
MEGABYTE = 1_000_000
BLOCK = bytes(range(251)) * (MEGABYTE // 251 + 1)
BLOCK = BLOCK[:MEGABYTE]
"""A megabyte of what is sent, again and again."""
LONGEST = 60
"""Seconds without a byte, after which it is given up."""


def down(megabytes: int, check: bool) -> str:
    """Take so many megabytes; return their SHA-256 if it is wanted."""
    digest, buffer = hashlib.sha256(), bytearray(MEGABYTE)
    left = megabytes * MEGABYTE
    with socket.create_connection((YOUR_ADDRESS, DOWN), LONGEST) as peer:
        peer.sendall(b"%d" % megabytes)
        while count := peer.recv_into(buffer):
            left -= count
            if check:
                digest.update(memoryview(buffer)[:count])
    if left:
        raise RuntimeError(f"{left} bytes are missing of {megabytes} MB")
    return digest.hexdigest() if check else ""


def up(megabytes: int, check: bool) -> str:
    """Send so many megabytes, and wait until all were taken."""
    with socket.create_connection((YOUR_ADDRESS, UP), LONGEST) as peer:
        for _ in range(megabytes):
            peer.sendall(BLOCK)
        peer.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: peer.recv(100), b""))
    return answer.decode()


def main(direction: str, megabytes: str, *more: str) -> None:
    """Transfer, and print what it took as JSON."""
    began = time.perf_counter()
    digest = {"down": down, "up": up}[direction](int(megabytes), "--check" in more)
    print(json.dumps({"seconds": time.perf_counter() - began, "digest": digest}))


if __name__ == "__main__":
    main(*sys.argv[1:])

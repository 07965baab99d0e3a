"""Clients of every kind, for a while: `python -m tests.tap.mixed_clients SECONDS SEED`, inside a lab's namespace.

They ask for pages, send much and little, read slowly or never, reset, leave without a word, and are refused. All is
bounded: eight at a time, who wait for two seconds at the most. It prints how many were served, and how many were not.
"""

from __future__ import annotations

import contextlib
import json
import random
import socket
import struct
import sys
import threading
import time
from collections import Counter

SERVER = "192.168.1.2"
AT_ONCE = 8
PATIENCE = 2.0
"""Seconds that a client waits for anything."""


def connected(port: int, receive: int = 0) -> socket.socket:
    """Return a connection, with a receive buffer of so many bytes if that is not 0."""
    client = socket.socket()
    client.settimeout(PATIENCE)
    if receive:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
    client.connect((SERVER, port))
    return client


def page(chance: random.Random) -> None:
    """Ask for a page, and read it to its end."""
    with connected(80) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert client.recv(4).startswith(b"HTTP")
        while client.recv(65_536):
            continue


def kept(chance: random.Random) -> None:
    """Ask for several pages over one connection."""
    with connected(80) as client:
        for _ in range(chance.randrange(2, 20)):
            client.sendall(b"GET / HTTP/1.1\r\nHost: you\r\n\r\n")
            assert client.recv(65_536)


def echo(chance: random.Random) -> None:
    """Send much, and read it back."""
    data = bytes(chance.randrange(1, 200_000))
    with connected(7) as client:
        sender = threading.Thread(target=_send, args=(client, data))
        sender.start()
        left = len(data)
        try:
            while left:
                got = client.recv(65_536)
                assert got
                left -= len(got)
        finally:
            client.close()
            sender.join()


def _send(client: socket.socket, data: bytes) -> None:
    with contextlib.suppress(OSError):  # whoever reads says so
        client.sendall(data)


def single_bytes(chance: random.Random) -> None:
    """Send a request byte by byte."""
    with connected(80) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"GET / HTTP/1.0\r\n\r\n":
            client.sendall(bytes((byte,)))
        assert client.recv(4)


def slow_reader(chance: random.Random) -> None:
    """Have characters generated, read a few, and reset."""
    with connected(19, receive=4096) as client:
        client.recv(100)
        time.sleep(0.2)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def reset(chance: random.Random) -> None:
    """Connect, and reset."""
    with connected(7) as client:
        client.sendall(b"x" * chance.randrange(2000))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def idle(chance: random.Random) -> None:
    """Connect, say nothing, and close."""
    with connected(7):
        time.sleep(chance.random() / 2)


def refused(chance: random.Random) -> None:
    """Knock where nobody listens."""
    try:
        connected(81).close()
    except ConnectionRefusedError:
        return
    raise AssertionError("port 81 is served")


def datagrams(chance: random.Random) -> None:
    """Have datagrams echoed, large ones in fragments."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(PATIENCE)
        for length in (1, 1000, 5000):
            client.sendto(bytes(length), (SERVER, 7))
            assert len(client.recv(65_536)) == length


KINDS = (page, page, page, kept, echo, single_bytes, slow_reader, reset, idle, refused, datagrams)


def play(until: float, chance: random.Random, served: Counter[str], failed: Counter[str]) -> None:
    """Be one client after the other."""
    while time.monotonic() < until:
        kind = chance.choice(KINDS)
        try:
            kind(chance)
            served[kind.__name__] += 1
        except (OSError, AssertionError):  # a link that loses frames, or is down: that is what the run is about
            failed[kind.__name__] += 1
            time.sleep(0.05)


def main(seconds: float, seed: int) -> None:
    """Play clients for so long; print how it went as JSON."""
    served: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    until = time.monotonic() + seconds
    threads = [threading.Thread(target=play, args=(until, random.Random(seed * AT_ONCE + each), served, failed))
               for each in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps({"served": served.total(), "failed": failed.total(), "by_kind": served}))


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]))

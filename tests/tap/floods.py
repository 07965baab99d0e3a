"""Loads that no sensible peer makes, each bounded: `python -m tests.tap.floods KIND COUNT`, inside a lab's namespace.

What is forged goes to the TAP of that namespace, by a packet socket on it. `probe SECONDS` is the client that wants to
be served meanwhile.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time
from collections.abc import Callable, Iterator

from aether.wire import arp, ethernet, ipv4, tcp, udp
from aether.wire.address import BROADCAST_MAC

DEVICE = "aether0"
OURS, THEIRS = b"\xc0\xa8\x01\x02", b"\xc0\xa8\x01\x01"
OUR_MAC, FORGED_MAC = b"\x02\0\0\0\0\x02", b"\x02\0\0\0\0\x77"
LONGEST = 30.0
"""Seconds that any of these takes at the most."""
PATIENCE = 5.0
"""Seconds that the client which is to be served waits."""


def forged(number: int) -> bytes:
    """Return an address of nobody."""
    return bytes((10, number >> 16 & 255, number >> 8 & 255, number & 255 or 1))


def packet(source: bytes, protocol: int, payload: bytes, **header: int | bool) -> bytes:
    """Return a frame from somebody who does not exist."""
    inside = ipv4.build(source, OURS, protocol, payload, **header)  # type: ignore[arg-type]
    return ethernet.build(OUR_MAC, FORGED_MAC, ethernet.TYPE_IPV4, inside)


def syns(count: int) -> Iterator[bytes]:
    """Yield SYNs to the web server, each from another address."""
    options = tcp.build_options(mss=1460, window_scale=7, sack_permitted=True, timestamp=(1, 0))
    for number in range(count):
        source, port = forged(number), 1024 + number % 60_000
        yield packet(source, 6, tcp.build(source, OURS, port, 80, number, 0, tcp.SYN, 65_535, options))


def fragments(count: int) -> Iterator[bytes]:
    """Yield first fragments of datagrams that are never whole."""
    for number in range(count):
        yield packet(forged(number), 17, udp.build(THEIRS, OURS, 1, 7, bytes(1000))[:1000], more_fragments=True,
                     dont_fragment=False, identification=number & 0xFFFF)


def questions(count: int) -> Iterator[bytes]:
    """Yield ARP requests for us, each from another neighbour."""
    for number in range(count):
        mac = b"\x02" + number.to_bytes(5, "big")
        yield ethernet.build(BROADCAST_MAC, mac, ethernet.TYPE_ARP, arp.build(
            arp.ArpPacket(arp.REQUEST, mac, bytes((192, 168, 1, 3 + number % 250)), bytes(6), OURS)))


def send(frames: Iterator[bytes]) -> int:
    """Send frames to the device as fast as it takes them; return how many it took."""
    until = time.monotonic() + LONGEST
    sent = 0
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as out:
        out.bind((DEVICE, 0))
        for frame in frames:
            while True:
                try:
                    out.send(frame)
                    sent += 1
                    break
                except (BlockingIOError, OSError):  # its queue is full
                    time.sleep(0.0005)
                    if time.monotonic() > until:
                        return sent
            if time.monotonic() > until:
                break
    return sent


def connections(count: int, port: int, receive: int = 0) -> list[socket.socket]:
    """Return so many connections."""
    made = []
    for _ in range(count):
        one = socket.socket()
        one.settimeout(PATIENCE)
        if receive:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        one.connect(("192.168.1.2", port))
        made.append(one)
    return made


def slow(count: int) -> int:
    """Send a request over each of many connections, a byte a second, for ten seconds."""
    made = connections(count, 80)
    for byte in b"GET / HTTP/1.1\r\n"[:10]:
        for each in made:
            each.send(bytes((byte,)))
        time.sleep(1)
    return len(made)


def never_read(count: int) -> int:
    """Have characters generated over each of many connections, and read none, for ten seconds."""
    made = connections(count, 19, receive=4096)
    time.sleep(10)
    return len(made)


def single_bytes(count: int) -> int:
    """Send so many segments of one byte to be echoed, and read them back."""
    until = time.monotonic() + LONGEST
    [one] = connections(1, 7)
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    one.setblocking(False)
    sent = back = 0
    while back < count and time.monotonic() < until:
        readable, writable, _ = select.select([one], [one] if sent < count else [], [], 1)
        if writable:
            sent += one.send(b"x")
        if readable:
            back += len(one.recv(65_536))
    return back


def probe(seconds: int) -> dict[str, float]:
    """Ask for a page again and again; return how many came, how many did not, and the longest wait in milliseconds."""
    served = failed = 0
    longest = 0.0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.monotonic()
        try:
            with socket.create_connection(("192.168.1.2", 80), PATIENCE) as one:
                one.settimeout(PATIENCE)
                one.sendall(b"GET / HTTP/1.0\r\n\r\n")
                assert one.recv(4).startswith(b"HTTP")
            served += 1
        except (OSError, AssertionError):
            failed += 1
        longest = max(longest, time.monotonic() - began)
        time.sleep(0.02)
    return {"served": served, "failed": failed, "longest_ms": round(longest * 1000)}


KINDS: dict[str, Callable[[int], object]] = {
    "syns": lambda count: send(syns(count)), "fragments": lambda count: send(fragments(count)),
    "questions": lambda count: send(questions(count)), "slow": slow, "never_read": never_read,
    "single_bytes": single_bytes, "probe": probe,
}

if __name__ == "__main__":
    print(json.dumps(KINDS[sys.argv[1]](int(sys.argv[2]))))

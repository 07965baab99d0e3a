"""A load generator on the kernel's side, as a process of its own.

    python -m shell.bench.client KIND ADDRESS DEVICE ASKED CONCURRENCY SIZE SECONDS

Its kinds are those of the simulation's own (`aether.apps.load`), and `ping`. Every load ends by itself: after so many,
or so many seconds. The last line that it prints is JSON, with times in microseconds. Sockets are bound to DEVICE where
that is allowed, so that nothing leaves by another interface.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import resource
import selectors
import socket
import struct
import sys
import time

from aether.apps.load import LENGTH, PIECE, PORTS, REQUEST, REQUEST_KEPT
from aether.apps.simple import BULK
from aether.wire import icmp

ECHO_PORT = 7
PING_SIZE = 56
PING_TIMEOUT = 1.0
"""Seconds for the answer to one ping."""
HOLD = 2.0
"""Seconds for which held connections stay open once all are there."""
HELD = "all are open"
"""What is printed then."""


class LoadClient:
    """Puts one load on an address."""

    def __init__(self, kind: str, address: str, device: str, asked: int, concurrency: int, size: int) -> None:
        self.kind = kind
        self.address = address
        self.device = device
        self.asked = asked
        self.concurrency = min(concurrency, asked)
        self.size = size
        self.begun = self.completed = self.failed = self.bytes = 0
        self.times: list[int] = []
        self.selector = selectors.DefaultSelector()
        self.held: list[socket.socket] = []
        self.note = ""

    def bound(self, made: socket.socket) -> socket.socket:
        """Keep a socket to the device, if we are allowed to."""
        with contextlib.suppress(OSError):
            made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self.device.encode() + b"\0")
        return made

    def run(self, seconds: float) -> float:
        """Run to the end, or for so long; return the seconds that it took."""
        began = time.perf_counter()
        for _ in range(self.concurrency):
            self.open()
        while self.completed + self.failed < self.asked and time.perf_counter() - began < seconds:
            for key, _ in self.selector.select(0.2):
                one: LoadConnection = key.data
                one.ready()
        return time.perf_counter() - began

    def open(self) -> None:
        """Begin with the next one."""
        while self.begun < self.asked:
            self.begun += 1
            if self._begin():
                return

    def _begin(self) -> bool:
        """Begin to connect; return False, and count it as failed, if that cannot even be tried."""
        began = time.perf_counter()
        try:
            made = self.bound(socket.socket())
        except OSError as problem:
            return self._lost(problem.errno or 0)
        made.setblocking(False)
        error = made.connect_ex((self.address, PORTS[self.kind]))
        if error not in (0, errno.EINPROGRESS):
            made.close()
            return self._lost(error)
        self.selector.register(made, selectors.EVENT_WRITE, LoadConnection(self, made, began))
        return True

    def _lost(self, error: int) -> bool:
        self.failed += 1
        self.note = f"a connection could not be begun: {os.strerror(error)}"
        return False

    def count(self, began: float) -> None:
        """One was completed."""
        self.completed += 1
        self.times.append(int((time.perf_counter() - began) * 1e6))


class LoadConnection:
    """A socket of the client's, and how much of the answer has come on it."""

    def __init__(self, client: LoadClient, connecting: socket.socket, began: float) -> None:
        self.client = client
        self.socket = connecting
        self.began = began
        self.got = b""
        self.expected = -1
        self.left = client.size
        self.asked = False

    def ready(self) -> None:
        """Go on."""
        try:
            if not self.asked:
                self.socket.getpeername()  # raises if the connection was refused
                self.asked = True
                getattr(self, f"begin_{self.client.kind}")()
            getattr(self, self.client.kind)()
        except BlockingIOError:
            return
        except OSError:
            self.end(completed=False)

    def read_now(self) -> None:
        """Wait for data from here on."""
        self.client.selector.modify(self.socket, selectors.EVENT_READ, self)

    def end(self, *, completed: bool) -> None:
        """This one is over; the next may come."""
        client = self.client
        client.selector.unregister(self.socket)
        self.socket.close()
        if completed:
            client.count(self.began)
        else:
            client.failed += 1
        client.open()

    def begin_http(self) -> None:
        self.socket.send(REQUEST)
        self.read_now()

    def http(self) -> None:
        while data := self.socket.recv(65_536):
            self.client.bytes += len(data)
            self.got = self.got or data[:16]
        self.end(completed=self.got.startswith((b"HTTP/1.1 200", b"HTTP/1.0 200")))

    def begin_keepalive(self) -> None:
        self.socket.send(REQUEST_KEPT)
        self.read_now()

    def keepalive(self) -> None:
        while data := self.socket.recv(65_536):
            self.client.bytes += len(data)
            if self.expected < 0:
                self.got += data
                head, blank, data = self.got.partition(b"\r\n\r\n")
                if not blank:
                    continue
                self.got = b""
                self.expected = int(head.lower().partition(LENGTH)[2].split(b"\r\n", 1)[0])
            self.expected -= len(data)
            if self.expected > 0:
                continue
            client = self.client
            if client.begun >= client.asked:
                self.end(completed=True)
                return
            client.begun += 1
            client.count(self.began)
            self.began = time.perf_counter()
            self.expected = -1
            self.socket.send(REQUEST_KEPT)
        self.end(completed=False)

    def begin_down(self) -> None:
        self.socket.send(BULK)
        self.read_now()

    def down(self) -> None:
        while data := self.socket.recv(1 << 20):
            self.client.bytes += len(data)
            self.left -= len(data)
            if self.left <= 0:
                self.end(completed=True)
                return
        self.end(completed=False)

    def begin_up(self) -> None:
        pass

    def up(self) -> None:
        while self.left:
            sent = self.socket.send(PIECE[:self.left])
            self.left -= sent
            self.client.bytes += sent
            if not self.left:
                self.socket.shutdown(socket.SHUT_WR)
                self.read_now()
        if not self.socket.recv(1):
            self.end(completed=True)

    def begin_hold(self) -> None:
        client = self.client
        client.selector.unregister(self.socket)
        client.held.append(self.socket)
        client.count(self.began)
        client.open()

    def hold(self) -> None:
        """Nothing more: it stays open until the process ends."""


def ping(client: LoadClient, seconds: float) -> float:
    """Send echo requests, one after the other; by UDP to the echo port if ICMP is not allowed."""
    try:
        made = client.bound(socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP))
        where, skip = (client.address, 0), 20
    except PermissionError:
        made = client.bound(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        where, skip = (client.address, ECHO_PORT), 0
        client.note = "by UDP to the echo port: ICMP needs root"
    made.settimeout(PING_TIMEOUT)
    identifier = os.getpid() & 0xFFFF
    began = time.perf_counter()
    while client.completed + client.failed < client.asked and time.perf_counter() - began < seconds:
        sequence = client.completed + client.failed & 0xFFFF
        rest = struct.pack("!HH", identifier, sequence)
        request = icmp.build(icmp.IcmpMessage(icmp.ECHO_REQUEST, 0, int.from_bytes(rest, "big"), bytes(PING_SIZE)))
        sent = time.perf_counter()
        made.sendto(request, where)
        try:
            while made.recv(2048)[skip:][4:8] != rest:
                continue
        except OSError:
            client.failed += 1
            continue
        client.count(sent)
        client.bytes += len(request)
    return time.perf_counter() - began


def main(arguments: list[str]) -> int:
    """Put the load on, and print what came of it."""
    kind, address, device = arguments[:3]
    asked, concurrency, size, seconds = map(int, arguments[3:])
    _prepare()
    client = LoadClient(kind, address, device, asked, concurrency, size)
    took = ping(client, seconds) if kind == "ping" else client.run(seconds)
    if kind == "hold":
        print(HELD, flush=True)
        time.sleep(HOLD)
    print(json.dumps({
        "completed": client.completed, "failed": client.failed, "bytes": client.bytes, "elapsed_us": int(took * 1e6),
        "p50_us": percentile(client.times, 50), "p99_us": percentile(client.times, 99), "note": client.note,
    }))
    return 0


def _prepare() -> None:
    """Keep to the last core, so that the stack has the others; and allow many sockets."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(0, cores[-1:])
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def percentile(times: list[int], share: int) -> int:
    """Return the time below which `share` per cent of them are; 0 of none."""
    return sorted(times)[min(len(times) * share // 100, len(times) - 1)] if times else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)

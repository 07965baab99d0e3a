"""Aether as the server of bulk transfers: sends megabytes to whoever asks, and takes what others send.

    python -m benchmarks.bulk_server on|off [--check]

The argument is the knob loop.offload. It opens a TAP, and serves until SIGTERM. With --check it answers an upload with
the SHA-256 of what it took.
"""

from __future__ import annotations

import hashlib
import signal
import sys

from aether.engine.core import Core
from aether.lab import HOST_ADDRESS, PREFIX, YOU, listen, tapped
from aether.link.queues import open_for_one
from aether.operations.knobs import KnobSet
from aether.sockets import TcpSocket
from benchmarks.bulk_load import BLOCK, DOWN, UP
from benchmarks.tap_lab import DEVICE
from shell.lab.network import configure

CHUNK = 1_000_000
PIECES = [BLOCK[at:at + 100_000] for at in range(0, len(BLOCK), 100_000)]
"""A megabyte, as an application would read it from a file."""


class Source:
    """Sends as many megabytes as the peer says."""

    __slots__ = ("left", "rest")

    def __init__(self) -> None:
        self.left = 0
        """Pieces to be sent."""
        self.rest = b""
        """What is left of a piece that was begun."""

    def ready(self, socket: TcpSocket) -> None:
        """Accept, read the number, and send while there is room."""
        if socket.listener is not None:
            while socket.listener.accepted:
                child = socket.accept()
                child.app = Source()
                child.app.ready(child)
            return
        try:
            if not self.left and not self.rest:
                asked = socket.receive(100)
                if not asked:
                    socket.close()
                    return
                self.left = int(asked) * len(PIECES)
            while self.left or self.rest:
                if not self.rest:
                    self.rest, self.left = PIECES[-self.left % len(PIECES)], self.left - 1
                taken = socket.send(self.rest)
                self.rest = self.rest[taken:]
            socket.close()
        except OSError:
            return


class Sink:
    """Takes everything, and tells its digest if it is to."""

    __slots__ = ("check", "digest")

    def __init__(self, check: bool) -> None:
        self.check = check
        self.digest = hashlib.sha256()

    def ready(self, socket: TcpSocket) -> None:
        """Accept, or read up to the end."""
        if socket.listener is not None:
            while socket.listener.accepted:
                child = socket.accept()
                child.app = Sink(self.check)
                child.app.ready(child)
            return
        try:
            while data := socket.receive(CHUNK):
                if self.check:
                    self.digest.update(data)
            socket.send(self.digest.hexdigest().encode() if self.check else b"taken")
            socket.close()
        except OSError:
            return


def main(offload: str, *more: str) -> None:
    """Serve until SIGTERM."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    tap = open_for_one(DEVICE)
    configure(DEVICE, HOST_ADDRESS, PREFIX)
    world = tapped(1)
    you = world.hosts[YOU]
    listen(you, DOWN, Source())
    listen(you, UP, Sink("--check" in more))
    core = Core(world, tap, mode="bench")
    core.start()
    core.do(KnobSet(name="loop.offload", value=offload))
    signal.sigwait({signal.SIGTERM})
    core.stop()
    tap.close()


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Captures of connections for the tests of what follows them, and what tshark says of them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from aether.wire import ethernet, ipv4, tcp
from tests.captures import pcap

US, PEER = b"\xc0\xa8\x01\x02", b"\xc0\xa8\x01\x01"
US_MAC, PEER_MAC = b"\2\0\0\0\0\2", b"\2\0\0\0\0\1"
S, A, F, R, P = tcp.SYN, tcp.ACK, tcp.FIN, tcp.RST, tcp.PSH
needs_tshark = pytest.mark.skipif(
    shutil.which("tshark") is None, reason="tshark is not installed (apt-get install tshark)")


class Talk:
    """Frames between two ends, with their times in microseconds."""

    def __init__(self, port: int = 5000, first: int = 1_000_000, theirs: int = 4_000_000_000, server: int = 80) -> None:
        self.port, self.server = port, server
        self.first, self.theirs = first, theirs
        self.now = 0
        self.frames: list[tuple[int, bytes]] = []

    def out(self, seq: int, ack: int, data: int | bytes = 0, flags: int = A, **more: int | bytes) -> None:
        """Send a segment; numbers count from the initial ones."""
        self._add(False, self.first + seq, self.theirs + ack, data, flags, **more)

    def back(self, seq: int, ack: int, data: int | bytes = 0, flags: int = A, **more: int | bytes) -> None:
        """Let the other end send a segment."""
        self._add(True, self.theirs + seq, self.first + ack, data, flags, **more)

    def open(self, shift: int | None = None) -> Talk:
        """Make the handshake."""
        options = b"" if shift is None else bytes((1, 3, 3, shift))
        self.out(0, -self.theirs, flags=S, options=options)
        self.back(0, 1, flags=S | A, options=options)
        self.out(1, 1)
        return self

    def _add(
        self, back: bool, seq: int, ack: int, data: int | bytes, flags: int, *, win: int | bytes = 1000,
        options: int | bytes = b"", after: int | bytes = 1000,
    ) -> None:
        assert isinstance(win, int) and isinstance(options, bytes) and isinstance(after, int)
        source, destination = (PEER, US) if back else (US, PEER)
        ports = (self.server, self.port) if back else (self.port, self.server)
        body = bytes(data) if isinstance(data, int) else data
        segment = tcp.build(source, destination, *ports, seq % (1 << 32), ack % (1 << 32), flags, win, options, body)
        packet = ipv4.build(source, destination, ipv4.PROTO_TCP, segment)
        macs = (US_MAC, PEER_MAC) if back else (PEER_MAC, US_MAC)
        self.now += after
        self.frames.append((self.now, ethernet.build(*macs, ethernet.TYPE_IPV4, packet)))


def tshark(path: Path, frames: list[tuple[int, bytes]], *fields: str) -> list[list[str]]:
    """Return fields of each frame, as tshark says them."""
    path.write_bytes(pcap(frames))
    told = subprocess.run(
        ["tshark", "-n", "-r", str(path), "-T", "fields", *(word for field in fields for word in ("-e", field))],
        capture_output=True, text=True, check=True)
    return [line.split("\t") for line in told.stdout.splitlines()]

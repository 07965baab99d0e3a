"""The bound of bulk transfers: what CPython and the kernel's TAP allow, with next to no TCP in between.

    python -m benchmarks.bulk_bound TAP mss|tso

It sends to whoever asks on one port of `benchmarks.bulk_load`, and takes what is sent to the other: it trusts the
peer's window, keeps nothing to be sent again, and validates nothing. With `mss` it sends one segment at a time with its
checksum in it; with `tso` up to 64 KB at a time, whose checksums and cutting are left to the kernel. It opens a TAP of
its own, and nothing else.
"""

from __future__ import annotations

import gc
import os
import struct
import sys

from aether.lab import HOST_ADDRESS, PREFIX, YOUR_ADDRESS, YOUR_MAC
from aether.link.tap import HEADER_LENGTH, SUPERSEGMENT, Tap, several_segments
from aether.wire import ipv4, tcp
from aether.wire.address import parse_ip
from benchmarks.bound import who_has
from benchmarks.bulk_load import BLOCK, DOWN, MEGABYTE
from shell.lab.network import configure

US = parse_ip(YOUR_ADDRESS)
MSS = 1460
SCALE = 7
ARRIVED = struct.Struct(">H8x4s4xHHIIHH").unpack_from
"""From byte 16 of a frame: the packet's length, source, ports, sequence and acknowledgement number, offset and flags,
window."""
HEAD = struct.Struct(">6s6sHBBHHHBBH4s4sHHIIHHHH").pack


class Bound:
    """The one connection that there is at a time."""

    def __init__(self, tap: Tap, offload: bool) -> None:
        self.tap = tap
        self.piece = SUPERSEGMENT // MSS * MSS if offload else MSS
        self.offload = offload
        self.data = memoryview(BLOCK + BLOCK)
        self.descriptor = tap.fileno()
        self.to = b"", b"", 0, 0
        """The peer's hardware address, address and port, and our port."""
        self.una = self.nxt = self.end = self.rcv = 0
        self.scale = 0

    def send(
        self, flags: int, sequence: int, window: int, payload: memoryview | bytes = b"", options: bytes = b"",
    ) -> None:
        """Send one frame, of one segment or of several."""
        mac, peer, port, ours = self.to
        size = len(payload)
        length = 40 + len(options) + size
        addresses = int.from_bytes(US, "big") + int.from_bytes(peer, "big")
        bits = 0x5000 + (len(options) << 10) | flags
        several = size > MSS
        total = 6 + length - 20 + addresses
        if not several:
            total += port + ours + sequence + self.rcv + bits + window + int.from_bytes(options, "big")
            total += int.from_bytes(payload, "big") % 65535 << 8 * (size & 1)
        head = HEAD(
            mac, YOUR_MAC, 0x800, 0x45, 0, length, 0, 0x4000, 64, 6,
            -(0x4500 + length + 0x4000 + 0x4006 + addresses) % 65535, US, peer, ours, port, sequence, self.rcv, bits,
            window, total % 65535 if several else -total % 65535, 0) + options
        os.writev(self.descriptor, (several_segments(head, MSS) if several else bytes(HEADER_LENGTH), head, payload))

    def take(self, frame: memoryview, length: int) -> None:
        """Answer one frame."""
        if frame[12:14] == b"\x08\x06":
            if reply := who_has(bytes(frame[:length])):
                self.tap.write(reply)
            return
        if length < 54 or frame[12:14] != b"\x08\0" or frame[23] != ipv4.PROTO_TCP:
            return
        total, peer, port, ours, sequence, acknowledgement, bits, window = ARRIVED(frame, 16)
        size = total - 20 - (bits >> 12) * 4
        if bits & tcp.SYN:
            options = tcp.parse_options(bytes(frame[54:34 + (bits >> 12) * 4]))
            self.scale = options.window_scale or 0
            self.to = bytes(frame[6:12]), peer, port, ours
            self.rcv, self.una, self.nxt, self.end = sequence + 1 & 0xFFFFFFFF, 1, 1, 1
            self.send(tcp.SYN | tcp.ACK, 0, 0xFFFF, b"", tcp.build_options(mss=MSS, window_scale=SCALE))
            return
        if sequence == self.rcv and size:
            self.rcv = self.rcv + size & 0xFFFFFFFF
            if ours == DOWN:
                self.end = 1 + int(bytes(frame[length - size:length])) * MEGABYTE
            else:
                self.send(tcp.ACK, self.nxt, 0xFFFF)
        if bits & tcp.FIN and sequence + size & 0xFFFFFFFF == self.rcv:
            self.rcv += 1
            self.send(tcp.ACK | (tcp.FIN if self.nxt == 1 else 0), self.nxt, 0xFFFF)
        self.una += (acknowledgement - self.una) & 0x7FFFFFFF
        if self.end > 1:
            self.fill(self.una + (window << self.scale))

    def fill(self, edge: int) -> None:
        """Send up to the edge of the peer's window."""
        while self.nxt < self.end:
            size = min(self.piece, self.end - self.nxt, edge - self.nxt)
            if size < MSS and size < self.end - self.nxt:
                return
            size = size if size < MSS else size // MSS * MSS
            at = (self.nxt - 1) % len(BLOCK)
            self.send(tcp.ACK | tcp.PSH, self.nxt & 0xFFFFFFFF, 0xFFFF, self.data[at:at + size])
            self.nxt += size
        if self.nxt == self.end:
            self.send(tcp.ACK | tcp.FIN, self.nxt & 0xFFFFFFFF, 0xFFFF)
            self.nxt += 1


def main(name: str, how: str) -> None:
    """Serve until the process is ended."""
    tap = Tap(name)
    configure(name, HOST_ADDRESS, PREFIX)
    tap.take_unfinished(how == "tso")
    gc.disable()
    bound = Bound(tap, how == "tso")
    os.set_blocking(tap.fileno(), True)
    while True:
        length = tap.fill(tap.raw)
        bound.take(tap.buffer, length - HEADER_LENGTH)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Packet scripts that are played to a Linux kernel and to us: what leaves is the same."""

from __future__ import annotations

import fcntl
import os
import select
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Protocol

import pytest

from aether.wire import ipv4, tcp
from aether.wire.address import parse_ip
from aether.wire.checksum import checksum
from tests.scripts.script import PEER_ISN, Script, _fields
from tests.tap.harness import KernelLab

MSS = 1460
TUNSETIFF, TUN, NO_PACKET_INFORMATION = 0x400454CA, 0x0001, 0x1000
LINUX, PEER = "10.9.0.1", "10.9.0.2"


class End(Protocol):
    """Who a script is played to; segments are told as flags, sequence number and length, mere ACKs left out."""

    def connect(self) -> None: ...
    def inject(self, line: str) -> None: ...
    def call(self, name: str, *arguments: Any) -> None: ...
    def sent(self, wait: float) -> list[tuple[str, int, int]]: ...


class Linux:
    """The kernel of a namespace, behind a TUN device; we are its peer."""

    def __init__(self, lab: KernelLab) -> None:
        with lab.inside():
            self.device = os.open("/dev/net/tun", os.O_RDWR)
            fcntl.ioctl(self.device, TUNSETIFF, struct.pack("16sH22x", b"tun0", TUN | NO_PACKET_INFORMATION))
            self.socket = socket.socket()
        lab.run("ip", "address", "add", f"{LINUX}/24", "dev", "tun0")
        lab.run("ip", "link", "set", "tun0", "up")
        lab.run("sysctl", "-qw", "net.ipv4.tcp_timestamps=0", "net.ipv4.tcp_window_scaling=0", "net.ipv4.tcp_ecn=0")
        self.isn = self.port = 0

    def close(self) -> None:
        self.socket.close()
        os.close(self.device)

    def connect(self) -> None:
        self.socket.setblocking(False)
        with suppress(BlockingIOError):
            self.socket.connect((PEER, 80))

    def inject(self, line: str) -> None:
        flags, fields = _fields(line)
        number = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16}
        blocks = tuple(
            (self.isn + int(left) & 0xFFFFFFFF, self.isn + int(right) & 0xFFFFFFFF)
            for left, right in (block.split("-") for block in fields.get("sack", "").split(",") if block))
        segment = tcp.build(
            parse_ip(PEER), parse_ip(LINUX), 80, self.port, PEER_ISN + fields["seq"] & 0xFFFFFFFF,
            self.isn + fields["ack"] & 0xFFFFFFFF if "ack" in fields else 0, sum(number[letter] for letter in flags),
            60_000, tcp.build_options(mss=fields.get("mss"), sack_permitted="sackok" in fields, sack=blocks))
        head = bytearray(struct.pack(
            ">BBHHHBBH4s4s", 0x45, 0, 20 + len(segment), 1, 0, 64, 6, 0, parse_ip(PEER), parse_ip(LINUX)))
        head[10:12] = checksum(bytes(head)).to_bytes(2, "big")
        os.write(self.device, bytes(head) + segment)

    def call(self, name: str, *arguments: Any) -> None:
        getattr(self.socket, name)(*arguments)

    def sent(self, wait: float) -> list[tuple[str, int, int]]:
        found = []
        until = time.monotonic() + wait
        while select.select([self.device], [], [], max(until - time.monotonic(), 0))[0]:
            packet = os.read(self.device, 2048)
            if packet[0] >> 4 != 4 or packet[9] != ipv4.PROTO_TCP:
                continue
            header = tcp.parse(packet[20:])
            if header.flags & tcp.SYN:
                self.isn, self.port = header.sequence, header.source_port
            length = len(packet) - 20 - header.header_length
            if length or header.flags & (tcp.SYN | tcp.FIN | tcp.RST):
                found.append((tcp.show_flags(header.flags & ~tcp.PSH), header.sequence - self.isn & 0xFFFFFFFF, length))
        return found


class Ours:
    """Our stack, in virtual time."""

    def __init__(self) -> None:
        self.script = Script(None, tcp_timestamps="off", tcp_window_scaling="off")

    def connect(self) -> None:
        self.script.connect(80)

    def inject(self, line: str) -> None:
        self.script.inject(line)

    def call(self, name: str, *arguments: Any) -> None:
        getattr(self.script.socket, name)(*arguments)

    def sent(self, wait: float) -> list[tuple[str, int, int]]:
        self.script.advance(int(wait * 1e6))
        return [(seen.flags.replace("P", ""), seen.seq, len(seen.payload)) for seen in self.script.skip()
                if seen.payload or set(seen.flags) & set("SFR")]


@pytest.fixture(params=["linux", "ours"])
def end(request: pytest.FixtureRequest) -> Iterator[End]:
    """Play a script to each of the two."""
    if request.param == "ours":
        yield Ours()
        return
    with KernelLab() as lab:
        linux = Linux(lab)
        yield linux
        linux.close()


def test_a_fin_and_the_handshake(end: End) -> None:
    """In SYN-RECEIVED, after crossed SYNs: with nothing to send, our FIN leaves at once (RFC 9293 §3.10.4).

    Linux lets that of a shutdown() wait until its SYN is acknowledged.
    """
    waits = isinstance(end, Linux)
    end.connect()
    assert end.sent(0.1) == [("S", 0, 0)]
    end.inject("S seq=0 mss=1460")
    assert end.sent(0.1) == [("SA", 0, 0)]
    end.call("shutdown", socket.SHUT_WR)
    assert end.sent(0.1) == ([] if waits else [("FA", 1, 0)])
    end.inject("SA seq=0 ack=1")
    assert (("FA", 1, 0) in end.sent(0.1)) == waits


def test_what_the_peer_let_go_of_is_sent_again(end: End) -> None:
    """RFC 2018 §8: the left edge first, whether it was SACKed or not, then what lies behind it."""
    end.connect()
    end.sent(0.1)
    end.inject("SA seq=0 ack=1 mss=1460 sackok")
    end.call("send", b"x" * 3 * MSS)
    assert [one[1] for one in end.sent(0.1)] == [1, 1 + MSS, 1 + 2 * MSS]
    end.inject(f"A seq=1 ack=1 sack={1 + MSS}-{1 + 3 * MSS}")
    assert [one[1] for one in end.sent(0.1)] == [1]
    end.inject(f"A seq=1 ack={1 + MSS}")
    assert [one[1] for one in end.sent(1)][:1] == [1 + MSS]
    end.inject(f"A seq=1 ack={1 + 2 * MSS}")
    assert [one[1] for one in end.sent(1)][:1] == [1 + 2 * MSS]

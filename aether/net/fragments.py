"""Fragments: packets cut to the MTU, and put together again (RFC 791 §3.2, RFC 815, RFC 1122 §3.3.2).

Fragments may come in any order, and more than once. One that overlaps another in part, or says something else of
the same bytes, condemns its whole packet (RFC 5722 §3, RFC 1858 §4): what comes of it later is refused too, until
its time is over. What waits is bounded in bytes; the oldest unfinished packet makes room.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from aether.timers import NEVER, Sleeper
from aether.wire import icmp, ipv4
from aether.wire.address import show_ip

if TYPE_CHECKING:
    from aether.net.interface import Interface
    from aether.net.node import Node

LIFETIME = 30_000_000
"""Microseconds that the fragments of a packet are waited for, counted from the first to come, as on Linux."""
PIECE_COST = 128
"""Bytes charged for a fragment, or a packet, beyond its payload: so tiny fragments are bounded too."""
CE = 0b11
"""The ECN codepoint of a packet that met congestion, and the mask of all four (RFC 3168 §5)."""
COPIED = 0x80
"""The bit of an option's type that says it belongs into every fragment (RFC 791 §3.1)."""


class Unfinished:
    """A packet of which some fragments have come."""

    __slots__ = ("deadline", "ecn", "first", "identification", "memory", "pieces", "refused", "total")

    def __init__(self, identification: int, deadline: int) -> None:
        self.identification = identification
        self.deadline = deadline
        self.pieces: list[tuple[int, bytes]] = []
        """Where each payload belongs, in bytes, and the payload; in order, without overlaps."""
        self.first = b""
        """The fragment at offset 0, header and payload; what an ICMP error quotes."""
        self.total = -1
        """Bytes of the whole payload; -1 until the last fragment has come."""
        self.ecn = 0
        """The ECN codepoints that its fragments carry: 1, 2, 4 and 8 for not-ECT, ECT(1), ECT(0) and CE, or-ed."""
        self.memory = PIECE_COST
        self.refused = ""
        """The reason for which nothing more of it is taken; empty while all is well."""


class Fragments(Sleeper):
    """The packets of one host that wait for the rest of themselves."""

    __slots__ = ("host", "memory", "packets")

    def __init__(self, host: Node) -> None:
        super().__init__()
        self.host = host
        self.packets: dict[bytes, Unfinished] = {}
        """By source, destination, protocol and identification (RFC 791 §3.2); the oldest first."""
        self.memory = 0

    def receive(self, packet: bytes, header: ipv4.Ipv4Header, interface: Interface) -> None:
        """Take a fragment; deliver the packet if it was the last that was missing."""
        host = self.host
        if not host.knobs.ipv4_fragments:
            host.drop("ipv4.fragments", detail=f"from {show_ip(header.source)}")
            return
        payload = packet[header.header_length:header.total_length]
        if not payload or (header.more_fragments and len(payload) & 7):
            host.drop("ipv4.fragment_length", detail=f"{len(payload)} bytes at {header.fragment_offset}")
            return
        end = header.fragment_offset + len(payload)
        if header.header_length + end > ipv4.MAX_LENGTH:
            host.drop("ipv4.fragment_too_long", detail=f"up to byte {header.header_length + end}")
            return
        key = header.source + header.destination + bytes((header.protocol,)) + header.identification.to_bytes(2, "big")
        unfinished = self.packets.get(key)
        if unfinished is None:
            unfinished = self._begin(key, header.identification)
        if unfinished.refused:
            host.drop(unfinished.refused, detail=f"packet 0x{header.identification:04x} was refused before")
            return
        where = self._place(unfinished, header, payload)
        if where is None:
            return
        self._keep(unfinished, where, header, packet, payload)
        self._make_room()
        if key in self.packets and _complete(unfinished):
            self._forget(key)
            self._arm()
            self._deliver(unfinished, interface)

    def _begin(self, key: bytes, identification: int) -> Unfinished:
        self.packets[key] = unfinished = Unfinished(identification, self.host.now + LIFETIME)
        self.memory += unfinished.memory
        self._arm()
        return unfinished

    def _place(self, unfinished: Unfinished, header: ipv4.Ipv4Header, payload: bytes) -> int | None:
        """Return the index for a fragment (RFC 815); None if it adds nothing, or condemns the packet."""
        start, pieces = header.fragment_offset, unfinished.pieces
        end = start + len(payload)
        where = bisect_left(pieces, start, key=_start)
        last = not header.more_fragments
        if where < len(pieces) and pieces[where] == (start, payload) and last == (end == unfinished.total):
            self.host.count("ipv4.fragment_duplicates")
            return None
        highest = pieces[-1][0] + len(pieces[-1][1]) if pieces else 0
        if last and (unfinished.total not in (-1, end) or highest > end):
            self._refuse(unfinished, f"ends at {end}, and at {max(highest, unfinished.total)} too")
        elif not last and unfinished.total >= 0 and end >= unfinished.total:
            self._refuse(unfinished, f"goes on at {end}, and ends at {unfinished.total}")
        elif where < len(pieces) and pieces[where][0] < end:
            self._refuse(unfinished, f"{start} to {end} overlaps what begins at {pieces[where][0]}")
        elif where and pieces[where - 1][0] + len(pieces[where - 1][1]) > start:
            self._refuse(unfinished, f"{start} to {end} overlaps what begins at {pieces[where - 1][0]}")
        else:
            return where
        return None

    def _refuse(self, unfinished: Unfinished, detail: str) -> None:
        """Discard a packet whose fragments contradict one another, and remember that until its time is over."""
        self.host.drop("ipv4.fragment_overlap", detail=f"packet 0x{unfinished.identification:04x}: {detail}")
        self.memory -= unfinished.memory - PIECE_COST
        unfinished.memory = PIECE_COST
        unfinished.pieces, unfinished.first = [], b""
        unfinished.refused = "ipv4.fragment_overlap"

    def _keep(
        self, unfinished: Unfinished, where: int, header: ipv4.Ipv4Header, packet: bytes, payload: bytes
    ) -> None:
        unfinished.pieces.insert(where, (header.fragment_offset, payload))
        cost = len(payload) + PIECE_COST
        if not header.fragment_offset:
            unfinished.first = packet[:header.total_length]
            cost += header.total_length
        if not header.more_fragments:
            unfinished.total = header.fragment_offset + len(payload)
        unfinished.ecn |= 1 << (header.tos & CE)
        unfinished.memory += cost
        self.memory += cost
        self.host.count("ipv4.fragments_received")

    def _make_room(self) -> None:
        while self.memory > self.host.knobs.ipv4_fragment_memory:
            key, oldest = next(iter(self.packets.items()))
            self._forget(key)
            self.host.drop("ipv4.fragment_memory", detail=f"packet 0x{oldest.identification:04x}")
        self._arm()

    def _deliver(self, unfinished: Unfinished, interface: Interface) -> None:
        """Make the packet that the fragments were: with the header of the first (RFC 791 §3.2).

        Congestion that was marked on any of them stays marked (RFC 3168 §5.3).
        """
        host = self.host
        first = ipv4.parse(unfinished.first, verify=False)
        if first.header_length + unfinished.total > ipv4.MAX_LENGTH:
            host.drop("ipv4.fragment_too_long", detail=f"{first.header_length + unfinished.total} bytes")
            return
        if unfinished.ecn & 1 and unfinished.ecn > 1:
            host.drop("ipv4.fragment_ecn", detail=f"packet 0x{first.identification:04x}")
            return
        packet = ipv4.build(
            first.source, first.destination, first.protocol, b"".join(data for _, data in unfinished.pieces),
            ttl=first.ttl, tos=first.tos | (CE if unfinished.ecn >> CE else 0), identification=first.identification,
            dont_fragment=False, options=first.options,
        )
        if host.observer is not None:
            host.observer(
                host.name, "ipv4.reassembled", first.identification, len(unfinished.pieces), len(packet))
        host.count("ipv4.reassembled")
        if host.elsewhere is not None and host.elsewhere(packet):
            return
        host.count("ipv4.received")
        host.ipv4.deliver(packet, ipv4.parse(packet, verify=False), interface)

    def _forget(self, key: bytes) -> None:
        self.memory -= self.packets.pop(key).memory

    def _arm(self) -> None:
        oldest = next(iter(self.packets.values()), None)
        self.host.queue.wake(self, NEVER if oldest is None else oldest.deadline)

    def wake(self, now: int) -> None:
        """Give up the oldest packet; its sender is told if the first fragment had come (RFC 1122 §3.3.2)."""
        self.host.now = now
        key, unfinished = next(iter(self.packets.items()))
        self._forget(key)
        self._arm()
        if unfinished.refused:
            return
        self.host.drop("ipv4.fragment_timeout", detail=f"packet 0x{unfinished.identification:04x}")
        if unfinished.first:
            self.host.icmp.error(icmp.TIME_EXCEEDED, icmp.REASSEMBLY_TIME_EXCEEDED, unfinished.first)


def _start(piece: tuple[int, bytes]) -> int:
    return piece[0]


def _complete(unfinished: Unfinished) -> bool:
    """Tell whether there is no hole; pieces never overlap, so their lengths say it."""
    return unfinished.total >= 0 and sum(len(data) for _, data in unfinished.pieces) == unfinished.total


def cut(packet: bytes, mtu: int) -> list[bytes]:
    """Return the fragments, of at most `mtu` bytes each, of a packet that may be a fragment itself (RFC 791 §3.2).

    Options without the copied bit go with the first fragment only.
    """
    header = ipv4.parse(packet, verify=False)
    end = header.total_length - header.header_length
    payload = packet[header.header_length:header.total_length]
    later = copied_options(header.options)
    fragments, at, options = [], 0, header.options
    while at < end:
        room = (mtu - ipv4.MIN_HEADER_LENGTH - len(options)) & ~7
        stop = min(at + room, end)
        fragments.append(ipv4.build(
            header.source, header.destination, header.protocol, payload[at:stop], ttl=header.ttl, tos=header.tos,
            identification=header.identification, dont_fragment=False,
            more_fragments=stop < end or header.more_fragments, fragment_offset=header.fragment_offset + at,
            options=options,
        ))
        at, options = stop, later
    return fragments


def copied_options(options: bytes) -> bytes:
    """Return those options that every fragment carries, padded to a multiple of 4 bytes."""
    kept = b"".join(
        bytes((kind, len(data) + 2)) + data for kind, data in ipv4.parse_options(options) if kind & COPIED)
    return kept + bytes(-len(kept) % 4)

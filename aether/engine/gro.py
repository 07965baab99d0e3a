"""Segments that follow each other, handed to TCP as one: what costs most of a segment is paid once for many.

It is what network cards and kernels do (generic receive offload), within one batch of frames of benchmark mode. Only
data of whole connections is gathered, of frames that differ in nothing but their place in the stream.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aether.tcp.connection import Connection
from aether.tcp.sequence import HALF, MASK
from aether.wire.checksum import frame_ok
from aether.wire.compose import GATHERED
from aether.wire.ipv4 import DONT_FRAGMENT, PROTO_TCP, Ipv4Header
from aether.wire.tcp import ACK, PSH, TIMESTAMP_HEAD, TcpHeader

if TYPE_CHECKING:
    from aether.host import Host
    from aether.world import World

LIMIT = 65_000
"""Bytes that are gathered at the most: with the headers, IPv4 has room for 65,535."""
PLAIN = b"\x08\0\x45"
"""The type of IPv4 and the first byte of a header without options, from byte 12 of a frame on."""
MIN_LENGTH = 54
"""Bytes of all headers, at the least."""
_ARRIVED = GATHERED.unpack_from


class ReceiveOffload:
    """What was gathered of one connection, until it is handed over: data, or acknowledgements without."""

    __slots__ = ("common", "count", "first", "last", "length", "next", "options", "parts", "sent")

    def __init__(self) -> None:
        self.count = 0
        """Segments that are held."""
        self.parts: list[bytes] = []
        self.length = 0
        """Bytes in them."""
        self.next = 0
        """The sequence number that would follow, as on the wire."""
        self.common: tuple[bytes, int, int, int, int, bytes, int] = (b"", 0, 0, 0, 0, b"", 0)
        """What all of them have alike."""
        self.options = b""
        self.first = 0, 0
        """Sequence number and identification of the first."""
        self.last = 0, 0
        """Acknowledgement number and window of the last."""
        self.sent = 0
        """What can be acknowledged at the most, as on the wire."""

    def takes(self, host: Host, frame: memoryview, length: int, checked: int) -> bool:
        """Hold the first `length` bytes of a frame if it follows what is held, or may begin it; else return False.

        With `checked`, its checksum is not looked at: the device vouches for it. Of acknowledgements without data that
        each go farther than the one before, the last says all; one that carries more than a timestamp is not held, and
        none that may be refused for what it acknowledges, or for its timestamp (RFC 9293 §3.10.7.4, RFC 7323 §5.3):
        it would take the others with it.
        """
        (place, tos, total, identification, fragment, ttl, protocol, _, key, sequence, acknowledgement, bits,
         window) = _ARRIVED(frame)
        common = place, tos, fragment, ttl, protocol, key, bits | PSH
        start, end = 34 + (bits >> 12 << 2), 14 + total
        if end > length or start > end:
            return False
        options, size = bytes(frame[54:start]), end - start
        if self.count:
            if common != self.common or sequence != self.next or self.length + size > LIMIT:
                return False
            if self.length:
                if not size or options != self.options or self.last != (acknowledgement, window):
                    return False
            elif (
                size or not 0 < (acknowledgement - self.last[0]) & MASK < HALF
                or (self.sent - acknowledgement) & MASK >= HALF or _older(options, self.options)
            ):
                return False
        elif (conn := _may_begin(host, common, start, options, size, sequence)) is None:
            return False
        else:
            self.sent = conn.snd_nxt & MASK
        if not checked and not frame_ok(frame, total):
            return False
        if not self.count:
            self.common, self.first = common, (sequence, identification)
        self.count += 1
        self.options, self.last = options, (acknowledgement, window)
        if size:
            self.parts.append(bytes(frame[start:end]))
            self.length += size
        self.next = sequence + size & MASK
        return True

    def hand_over(self, host: Host, world: World) -> None:
        """Let everything that is held arrive as one segment, and hold nothing any more."""
        (sequence, identification), (acknowledgement, window) = self.first, self.last
        while world.step(world.now):  # what is due comes before what has just arrived
            pass
        host.now = world.now
        world.occurrence += 1
        world.frames += self.count
        world.frame = world.frames
        host.count("ipv4.received", self.count)
        host.count("tcp.received", self.count)
        _, tos, fragment, ttl, _, key, bits = self.common
        payload, options, length = b"".join(self.parts), self.options, self.length
        self.count = self.length = 0
        self.parts.clear()
        header = TcpHeader(
            key[8] << 8 | key[9], key[10] << 8 | key[11], sequence, acknowledgement, bits & 0x1FF, window, 0, 0,
            20 + len(options), options)
        packet = Ipv4Header(
            tos, 40 + len(options) + length, identification, fragment != 0, False, 0, ttl, PROTO_TCP, 0, key[:4],
            key[4:8], b"", 20)
        host.tcp.take(key, header, payload, packet)


def _may_begin(
    host: Host, common: tuple[bytes, int, int, int, int, bytes, int], start: int, options: bytes, size: int,
    sequence: int,
) -> Connection | None:
    """Return the connection that a segment is the next of, if there is no hole, and others may follow it."""
    place, _, fragment, _, protocol, key, bits = common
    conn = host.tcp.table.get(key)
    if not isinstance(conn, Connection) or sequence != conn.rcv_nxt & MASK or conn.out_of_order is not None:
        return None
    fits = (
        place[:6] == host.interfaces[0].mac and key[4:8] in host.local and place[12:] == PLAIN and protocol == PROTO_TCP
        and not fragment & ~DONT_FRAGMENT and start >= MIN_LENGTH and bits & 0xFFF & ~PSH == ACK
        and (size > 0 or not options or (options[:4] == TIMESTAMP_HEAD and len(options) == 12)))
    return conn if fits else None


def _older(options: bytes, before: bytes) -> bool:
    """Tell whether a timestamp is older than the one before, or one of the two has none."""
    if options[:4] != before[:4]:
        return True
    return (int.from_bytes(options[4:8], "big") - int.from_bytes(before[4:8], "big")) & MASK >= HALF

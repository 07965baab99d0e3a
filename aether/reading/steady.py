"""Frames that have nothing new to say about their conversation: almost all of a large capture.

What is known of such a frame was said of the one before it in its direction already, so it need not be read again: a
look at its fixed headers tells, all of them at once. Any other frame is read and followed as ever.

Frames whose headers are all where they mostly are have a *shape*: what is in them can be asked by its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from struct import Struct
from typing import NamedTuple

from aether.reading.context import Context, Conversation
from aether.reading.flow import ACK, FIN, LIMIT, RST, SYN, Conversations
from aether.reading.http import BEGINNINGS
from aether.reading.packet import Dissected
from aether.wire import dns

OTHER, SEGMENT, DATAGRAM = range(3)
"""Shapes. A segment or a datagram is a frame of Ethernet with an IPv4 packet that has no options, is no fragment and
all there, and carries a TCP or UDP header that is whole; a tunnel's datagram is none."""
IP_AT, TRANSPORT_AT = 14, 34
"""Where the headers are then."""
_LOOK = Struct("!12xHBxH2xHxB2x12s8xBB")
"""EtherType, version and length of the header, total length, fragment, protocol, then addresses and ports in one (what
tells a direction of a conversation from all others), and of a segment the offset of its data and its flags."""
_PORTS = Struct("!HH")
_INITIALS = frozenset(each[0] for each in BEGINNINGS)


class Followed(NamedTuple):
    """What is known of a frame."""

    context: Context | None
    shape: int
    packet: Dissected | None
    """The frame, if it had to be read."""


def follow(frames: Iterable[bytes], conversations: Conversations) -> Iterator[Followed]:
    """Follow frames in their order, each once; nobody else may follow others among them."""
    known: dict[bytes, Followed] = {}
    look, least = _LOOK.unpack_from, _LOOK.size
    for data in frames:
        shape, flow = OTHER, b""
        if len(data) >= least and data.__class__ is bytes:
            kind, version, total, fragment, protocol, flow, offset, flags = look(data)
            if kind == 0x0800 and version == 0x45 and total <= len(data) - IP_AT and not fragment & 0x3FFF:
                if protocol == 6:
                    payload = TRANSPORT_AT + (offset >> 4 << 2)
                    if offset >= 0x50 and payload - IP_AT <= total:
                        shape = SEGMENT
                        if flags & (SYN | FIN | RST | ACK) == ACK:
                            found = known.get(flow)
                            if found is not None and found.shape == SEGMENT and (
                                    payload - IP_AT == total or data[payload] not in _INITIALS):
                                yield found
                                continue
                elif protocol == 17 and total >= 28:
                    shape = DATAGRAM
                    found = known.get(flow)
                    if found is not None and found.shape == DATAGRAM:
                        yield found
                        continue
        yield _read(data, shape, flow, conversations, known)


def _read(data: bytes, shape: int, flow: bytes, conversations: Conversations, known: dict[bytes, Followed]) -> Followed:
    """Read and follow a frame, and take note of what is to be said of the next one like it."""
    packet = Dissected(data)
    context = conversations.follow(packet)
    if shape == DATAGRAM and not packet.plain:
        shape = OTHER
    if packet.tcp and context is not None:
        header, ip = packet.tcp[0].header, packet.tcp[0].ip.header
        known.pop(ip[8] + ip[9] + _PORTS.pack(header[0], header[1]), None)
        back = ip[9] + ip[8] + _PORTS.pack(header[1], header[0])
        if back in known and not _holds(known[back].context, context.conversation):
            del known[back]
    if len(conversations.tcp) >= LIMIT or len(conversations.udp) >= LIMIT:
        known.clear()  # the oldest is being forgotten, and begins anew with its next frame
    elif shape == DATAGRAM or (shape == SEGMENT and packet.tcp[0].header[4] & (SYN | ACK) == ACK and (
            dns.PORT not in packet.tcp[0].header[:2])):  # of DNS each segment says where its messages end
        known[flow] = Followed(context, shape, None)
    return Followed(context, shape, packet)


def _holds(context: Context | None, conversation: Conversation) -> bool:
    """Return whether what was said of the latest segment in a direction of a conversation would be said of the next."""
    if context is None or context.conversation is not conversation:
        return False
    mine, other = conversation.directions
    if mine.last is not context:
        mine, other = other, mine
    return mine.last is context and context.http is conversation.http and context.scale == mine.scale and (
        context.seq_base == mine.base and context.ack_base == max(other.base, 0))


def packets(data: Sequence[bytes]) -> list[bytes]:
    """Return the packets in frames that have a shape."""
    return [each[IP_AT:IP_AT + (each[16] << 8 | each[17])] for each in data]


def carried(data: Sequence[bytes]) -> list[bytes]:
    """Return what the packets carry in frames that have a shape."""
    return [each[TRANSPORT_AT:IP_AT + (each[16] << 8 | each[17])] for each in data]


def headers(data: Sequence[bytes]) -> list[bytes]:
    """Return the headers of segments, with their options."""
    return [each[TRANSPORT_AT:TRANSPORT_AT + (each[46] >> 4 << 2)] for each in data]


def payloads(data: Sequence[bytes]) -> list[bytes]:
    """Return the data of segments."""
    return [each[TRANSPORT_AT + (each[46] >> 4 << 2):IP_AT + (each[16] << 8 | each[17])] for each in data]


def lengths(data: Sequence[bytes]) -> list[int]:
    """Return how many bytes of data segments have."""
    return [(each[16] << 8 | each[17]) - 20 - (each[46] >> 4 << 2) for each in data]

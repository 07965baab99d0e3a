"""What is known of a frame's conversation: stream numbers, relative sequence numbers, scaled windows.

Relative numbers need what came before, so every frame has to be followed once, in order. The
rules are Wireshark's: a SYN names the number that counts as 0; when the SYN was not seen, the
first segment counts as 1. A SYN with another number than the one before begins another conversation
of the same ports; one with the same number was sent again, whatever has happened in between.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from aether.events import Event
from aether.reading.context import NONE, UNKNOWN, Context, Conversation, Direction
from aether.reading.dns import messages
from aether.reading.ip import options
from aether.reading.packet import Dissected, Transport
from aether.reading.tcp_options import MAX_SHIFT
from aether.wire import dns
from aether.wire.tcp import OPTION_WINDOW_SCALE

LIMIT = 20_000
"""Conversations that are remembered; the oldest are forgotten first."""
REMEMBERED = 4096
"""Frames whose conversation is remembered by their number, unless somebody wants more."""

FIN, SYN, RST, ACK = 1, 2, 4, 16
MASK = 0xFFFFFFFF
HALF = 1 << 31


Key = tuple[bytes, int, bytes, int]


class KnownConnection(NamedTuple):
    """A connection of which more is known than its frames say: of one whose SYN was not kept."""

    local: bytes
    local_port: int
    remote: bytes
    remote_port: int
    sent: int
    """The sequence number of the SYN that was sent."""
    received: int
    """That of the SYN that came; -1 if none came yet."""
    scales: tuple[int, int]
    """The shifts of the windows that are offered by this end and the other; UNKNOWN or NONE."""
    conn: int = 0
    """The stack's own number; 0 to leave that open."""


class Conversations:
    """Follows all conversations of a capture, or of a link."""

    __slots__ = ("expected", "known", "tcp", "tcp_count", "udp", "udp_count")

    def __init__(self) -> None:
        self.tcp: dict[Key, Conversation] = {}
        self.udp: dict[Key, Conversation] = {}
        self.tcp_count = 0
        self.udp_count = 0
        self.expected: dict[Key, int] = {}
        """Numbers of connections that were opened, and whose SYN has not been seen yet."""
        self.known: dict[Key, KnownConnection] = {}
        """What somebody else knows of connections whose SYN will not be seen any more."""

    def know(self, connections: Iterable[KnownConnection]) -> None:
        """Take note of what is known of connections beside their frames, in place of what was known before."""
        self.known = {_ordered(one.local, one.local_port, one.remote, one.remote_port)[0]: one for one in connections}

    def follow(self, packet: Dissected) -> Context | None:
        """Take note of the next frame, and return what is known about it; None without TCP or UDP."""
        if packet.tcp:
            tcp = packet.tcp[0]
            key, reverse = _key(tcp)
            if tcp.ip.quoted:
                return Context(self.tcp.get(key) or self._new_tcp(key), 0, 0, UNKNOWN)
            context = self._segment(packet, tcp, key, reverse)
            if not packet.udp:
                return context
            within = Context(context.conversation, context.seq_base, context.ack_base, context.scale)
            within.inside = context.inside
            within.around = tuple(self._datagram(udp).index for udp in packet.udp)
            return within
        if packet.udp:
            if len(packet.udp) == 1:
                return Context(self._datagram(packet.udp[0]), 0, 0, UNKNOWN)
            conversations = [self._datagram(udp) for udp in packet.udp]
            context = Context(conversations[-1], 0, 0, UNKNOWN)
            context.around = tuple(conversation.index for conversation in conversations)
            return context
        return None

    def _datagram(self, udp: Transport) -> Conversation:
        key, _ = _key(udp)
        conversation = self.udp.get(key)
        if conversation is None:
            conversation = self.udp[key] = Conversation(self.udp_count)
            self.udp_count += 1
            _forget(self.udp)
        return conversation

    def _new_tcp(self, key: Key) -> Conversation:
        conversation = self.tcp[key] = Conversation(self.tcp_count)
        self.tcp_count += 1
        _forget(self.tcp)
        return conversation

    def opened(
        self, context: Context | None, conn: int, local: bytes, local_port: int, remote: bytes, remote_port: int,
    ) -> None:
        """Take note that the stack numbered a connection, while the frame of `context` was handled.

        The frame tells the two cases apart: one that belongs to the connection opened it, and
        otherwise its SYN is still to come.
        """
        key, second = _ordered(local, local_port, remote, remote_port)
        present = self.tcp.get(key)
        if context is not None and present is context.conversation:
            if present.closing and present.conn not in (0, conn):
                # The SYN of a connection that has ended came once more, and was taken for a new one.
                before, present = present.directions[not second], self._new_tcp(key)
                present.directions[not second].base = before.base
            present.conn = conn
        elif present is None or present.conn != conn:
            self.expected[key] = conn
            _forget(self.expected)

    def _segment(self, packet: Dissected, tcp: Transport, key: Key, reverse: bool) -> Context:
        header = tcp.header
        flags = header[4]
        conversation = self.tcp.get(key)
        opens = flags & (SYN | ACK) == SYN
        if conversation is None or (opens and self._begins_anew(conversation, header[2], reverse)):
            conversation = self._new_tcp(key)
            if not flags & SYN and key in self.known:
                _enter(conversation, self.known[key], header, reverse)
        if opens and key in self.expected:
            conversation.conn = self.expected.pop(key)
        forward, backward = conversation.directions[::-1] if reverse else conversation.directions
        if forward.base < 0:
            forward.base = header[2] if flags & SYN else (header[2] - 1) & 0xFFFFFFFF
        if backward.base < 0 and flags & ACK:
            backward.base = (header[3] - 1) & 0xFFFFFFFF
        if flags & (FIN | RST):
            conversation.closing = True
        if flags & SYN:
            # Either end without the option makes both ends do without (RFC 7323 §2.2).
            forward.scale = _scale(packet, tcp)
            if forward.scale == NONE or (flags & ACK and backward.scale == NONE):
                forward.scale = backward.scale = NONE
        if not conversation.http and tcp.payload < tcp.end:
            conversation.http = packet.begins_http
        base, scale = max(backward.base, 0), NONE if flags & SYN else forward.scale
        last = forward.last
        if (last is None or last.ack_base != base or last.seq_base != forward.base or last.scale != scale
                or last.http is not conversation.http):
            last = forward.last = Context(conversation, forward.base, base, scale)
        if dns.PORT in header[:2] and tcp.payload < tcp.end and (inside := _inside(forward, packet.data, tcp)):
            last = Context(conversation, forward.base, base, scale)
            last.inside = inside
        return last

    def _begins_anew(self, conversation: Conversation, sequence: int, reverse: bool) -> bool:
        base = conversation.directions[reverse].base
        return base >= 0 and base != sequence


class Follower:
    """Follows frames that have numbers: each once, where it is first seen, so that all who ask are told the same."""

    __slots__ = ("_contexts", "_latest", "_packet", "conversations", "limit", "serial")

    def __init__(self, limit: int = REMEMBERED) -> None:
        self.conversations = Conversations()
        self.limit = limit
        """How many frames are remembered."""
        self.serial = 0
        """The serial of the latest event that was taken."""
        self._contexts: dict[int, Context | None] = {}
        self._latest = 0
        self._packet = Dissected(b"")
        """The latest frame that was followed, and its number: whoever asks next has it read already."""

    def take(self, events: Iterable[Event]) -> None:
        """Take events, in their order; those that were taken before are passed over."""
        for event in events:
            if event.serial <= self.serial:
                continue
            self.serial = event.serial
            kind = event.kind
            if kind == "frame.sent" or kind == "frame.arrived":
                number, _, data = event.values
                self.see(number, data)
            elif kind == "frame.copied":
                number, _, original = event.values
                if original in self._contexts:
                    self._keep(number, self._contexts[original])
            elif kind == "tcp.opened":
                self.conversations.opened(self._contexts.get(event.frame), *event.values)

    def see(self, number: int, data: bytes, packet: Dissected | None = None) -> Context | None:
        """Return what is known of a frame's conversation; None without TCP or UDP.

        A frame that a link has altered still belongs to the conversation that it was sent in. One without a number, 0,
        is a frame of its own each time.
        """
        contexts = self._contexts
        if number in contexts:
            return contexts[number]
        packet = packet or Dissected(bytes(data))
        context = self.conversations.follow(packet)
        if number:
            self._latest, self._packet = number, packet
            self._keep(number, context)
        return context

    def __contains__(self, number: int) -> bool:
        """Return whether a frame was followed, and is remembered."""
        return number in self._contexts

    def dissect(self, number: int, data: bytes) -> Dissected:
        """Return a frame, read; the latest one is not read again."""
        packet = self._packet
        return packet if number and number == self._latest and packet.data == data else Dissected(bytes(data))

    def _keep(self, number: int, context: Context | None) -> None:
        self._contexts[number] = context
        if len(self._contexts) > self.limit:
            del self._contexts[next(iter(self._contexts))]


def _ordered(source: bytes, port: int, target: bytes, to: int) -> tuple[Key, bool]:
    """Return the key of a conversation, the same for both directions, and whether this is the second."""
    if (source, port) <= (target, to):
        return (source, port, target, to), False
    return (target, to, source, port), True


def _key(layer: Transport) -> tuple[Key, bool]:
    """Return the key of a segment's or datagram's conversation, and whether it goes the second way."""
    header, ip = layer.header, layer.ip.header
    source: bytes = ip[8]
    target: bytes = ip[9]
    if (source, header[0]) <= (target, header[1]):
        return (source, header[0], target, header[1]), False
    return (target, header[1], source, header[0]), True


def _enter(conversation: Conversation, known: KnownConnection, header: tuple[int, ...], reverse: bool) -> None:
    """Let a conversation begin where it did, if what is known is about the one that a segment belongs to."""
    _, local_second = _ordered(known.local, known.local_port, known.remote, known.remote_port)
    mine, theirs = conversation.directions[::-1] if local_second else conversation.directions
    base = known.sent if local_second == reverse else known.received
    if base < 0 or (header[2] - base) & MASK >= HALF:
        return  # it is older than the connection that is known
    mine.base, theirs.base = known.sent & MASK, known.received & MASK if known.received >= 0 else -1
    mine.scale, theirs.scale = known.scales
    conversation.conn = conversation.conn or known.conn


def _scale(packet: Dissected, tcp: Transport) -> int:
    """Return the shift count among a SYN's options, NONE if there is none."""
    for kind, at, length in options(packet.data, tcp.start + 20, tcp.payload):
        if kind == OPTION_WINDOW_SCALE and length == 3:
            return min(packet.data[at + 2], MAX_SHIFT)
    return NONE


MESSAGES = 8
"""Messages that go over several segments and are remembered, in one direction of a connection."""


def _inside(way: Direction, data: bytes, tcp: Transport) -> int:
    """Return how many bytes of a segment belong to a message of DNS that began before; note where its last one ends.

    Each message is behind its length (RFC 1035 §4.2.2). Nothing is put together: what goes on in the next segment is
    read as far as it is in the first, and what follows it is not taken for another one, as with Wireshark's PDUs.
    """
    sequence, at, end, inside = tcp.header[2], tcp.payload, tcp.end, 0
    for begin, stop in way.messages:
        left = (stop - sequence) & MASK
        if 0 < (sequence - begin) & MASK < HALF and 0 < left < HALF:
            inside = min(left, end - at)
    for place, after in messages(data, at + inside, end):
        if after > end:
            one = (sequence + place - at) & MASK, (sequence + after - at) & MASK
            if one not in way.messages:
                way.messages = (*way.messages[1 - MESSAGES:], one)
    return inside


def _forget(table: dict[Key, Conversation] | dict[Key, int]) -> None:
    if len(table) > LIMIT:
        del table[next(iter(table))]

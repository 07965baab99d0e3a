"""What is known of a frame's conversation: stream numbers, relative sequence numbers, scaled windows.

Relative numbers need what came before, so every frame has to be followed once, in order. The
rules are Wireshark's: a SYN names the number that counts as 0; when the SYN was not seen, the
first segment counts as 1.
"""

from __future__ import annotations

from aether.reading.context import NONE, UNKNOWN, Context, Conversation
from aether.reading.ip import options
from aether.reading.packet import Dissected, Transport
from aether.reading.tcp_options import MAX_SHIFT
from aether.wire.tcp import OPTION_WINDOW_SCALE

LIMIT = 20_000
"""Conversations that are remembered; the oldest are forgotten first."""

FIN, SYN, RST, ACK = 1, 2, 4, 16


Key = tuple[bytes, int, bytes, int]


class Conversations:
    """Follows all conversations of a capture, or of a link."""

    __slots__ = ("expected", "tcp", "tcp_count", "udp", "udp_count")

    def __init__(self) -> None:
        self.tcp: dict[Key, Conversation] = {}
        self.udp: dict[Key, Conversation] = {}
        self.tcp_count = 0
        self.udp_count = 0
        self.expected: dict[Key, int] = {}
        """Numbers of connections that were opened, and whose SYN has not been seen yet."""

    def follow(self, packet: Dissected) -> Context | None:
        """Take note of the next frame, and return what is known about it; None without TCP or UDP."""
        if packet.tcp:
            tcp = packet.tcp[0]
            key, reverse = _key(tcp)
            if not tcp.ip.quoted:
                return self._segment(packet, tcp, key, reverse)
            return Context(self.tcp.get(key) or self._new_tcp(key), 0, 0, UNKNOWN)
        if packet.udp:
            key, _ = _key(packet.udp[0])
            conversation = self.udp.get(key)
            if conversation is None:
                conversation = self.udp[key] = Conversation(self.udp_count)
                self.udp_count += 1
                _forget(self.udp)
            return Context(conversation, 0, 0, UNKNOWN)
        return None

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
        one, two = (local, local_port), (remote, remote_port)
        key = (*one, *two) if one < two else (*two, *one)
        present = self.tcp.get(key)
        if context is not None and present is context.conversation:
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
        return Context(conversation, forward.base, max(backward.base, 0), NONE if flags & SYN else forward.scale)

    def _begins_anew(self, conversation: Conversation, sequence: int, reverse: bool) -> bool:
        base = conversation.directions[reverse].base
        return base >= 0 and (base != sequence or conversation.closing)


def _key(layer: Transport) -> tuple[Key, bool]:
    """Return the key of a conversation, the same for both directions, and whether this is the second."""
    header, ip = layer.header, layer.ip.header
    source: bytes = ip[8]
    target: bytes = ip[9]
    if (source, header[0]) <= (target, header[1]):
        return (source, header[0], target, header[1]), False
    return (target, header[1], source, header[0]), True


def _scale(packet: Dissected, tcp: Transport) -> int:
    """Return the shift count among a SYN's options, NONE if there is none."""
    for kind, at, length in options(packet.data, tcp.start + 20, tcp.payload):
        if kind == OPTION_WINDOW_SCALE and length == 3:
            return min(packet.data[at + 2], MAX_SHIFT)
    return NONE


def _forget(table: dict[Key, Conversation] | dict[Key, int]) -> None:
    if len(table) > LIMIT:
        del table[next(iter(table))]

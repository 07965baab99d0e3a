"""Faults that a person asks for by an expression: lose the next frame that matches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aether.filters import Filter, FilterError, Record, compile_filter
from aether.filters.field import EVENT
from aether.filters.fields import all_fields
from aether.reading.context import NONE, UNKNOWN, Context, Conversation
from aether.reading.packet import Transport

if TYPE_CHECKING:
    from aether.link.medium import FlowState, Medium

BECOMES = ("frame.lost", "drop")
"""What is asked of a frame only after a link has let it through, or has not."""
MODULUS = 1 << 32
SYN = 2


class DropRule:
    """Loses the next frames that match an expression. Both directions may share one.

    The state of a world holds the text; the compiled filter is looked up whenever it is asked.
    """

    __slots__ = ("left", "text")

    def __init__(self, text: str, count: int) -> None:
        """FilterError says what is wrong with the text."""
        compiled(text)
        self.text = text
        self.left = count
        """How many frames it still loses."""

    def takes(self, world: Medium, frame: bytes, number: int, sender: str, link: str) -> bool:
        """Tell whether it loses a frame that enters a link, and count it."""
        if not self.left:
            return False
        record = Record(frame, number=number, time=world.now, host=sender, sender=sender, link=link)
        record.context = _context(world, record)
        if not compiled(self.text).test(record):
            return False
        self.left -= 1
        return True

    def describe(self) -> str:
        """Return it as a person says it."""
        return f"drop next {self.left}: {self.text}"


def compiled(text: str) -> Filter:
    """Return the filter of an expression about frames; FilterError if it asks what a link cannot know."""
    found = compile_filter(text)
    for name in found.names:
        field = all_fields()[name]
        if field.about == EVENT or field.measured or name.startswith(BECOMES):
            start = max(text.find(name), 0)
            raise FilterError(
                f"{name} is not known while a frame enters a link: a rule asks about the frame itself, "
                "such as tcp.len > 0, tcp.flags.syn == 1 or conn == 1", text, start, start + len(name))
    return found


def _context(world: Medium, record: Record) -> Context | None:
    """Return what the hosts know about the connection of a segment; None if none of them knows it.

    Nobody has followed the frames before a rule was made, so that a link costs nothing without one.
    """
    packet = record.dissect()
    if not packet.tcp or packet.tcp[0].ip.quoted:
        return None
    tcp = packet.tcp[0]
    source, target = tcp.ip.header[8:10]
    ports = tcp.header[0].to_bytes(2, "big"), tcp.header[1].to_bytes(2, "big")
    sent = target + source + ports[1] + ports[0]
    received = source + target + ports[0] + ports[1]
    for connections in world.flows():
        if sent in connections:
            conn = connections[sent]
            return _known(conn, tcp, conn.iss, conn.irs, conn.rcv_wscale, packet.begins_http)
        if received in connections:
            conn = connections[received]
            return _known(conn, tcp, conn.irs, conn.iss, conn.snd_wscale, packet.begins_http)
    return None


def _known(conn: FlowState, tcp: Transport, seq_base: int, ack_base: int, shift: int, http: bool) -> Context:
    conversation = Conversation(conn.number - 1)
    conversation.conn = conn.number
    conversation.http = http
    opening = tcp.header[4] & SYN
    scale = shift if conn.scaling and not opening else NONE if opening or conn.snd_una > conn.iss else UNKNOWN
    return Context(conversation, tcp.header[2] if opening else seq_base % MODULUS, ack_base % MODULUS, scale)

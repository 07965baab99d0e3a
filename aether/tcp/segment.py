"""A segment on its way through `segment_arrives`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aether.tcp.sequence import HALF, MASK
from aether.wire.tcp import FIN, SYN, TcpHeader, usable_options

if TYPE_CHECKING:
    from aether.tcp.connection import Connection
    from aether.wire.tcp import Options


class Segment:
    """One arriving segment, with numbers as the connection counts them (unbounded)."""

    __slots__ = ("ack", "flags", "length", "news", "options", "payload", "recent", "seq", "urgent", "window")

    def __init__(self, conn: Connection, header: TcpHeader, payload: bytes) -> None:
        flags = header.flags
        self.flags = flags
        rcv_nxt, snd_una = conn.rcv_nxt, conn.snd_una
        # As `sequence.unwrap`, without two calls for each segment.
        self.seq = rcv_nxt + ((header.sequence - rcv_nxt + HALF) & MASK) - HALF
        self.ack = snd_una + ((header.acknowledgement - snd_una + HALF) & MASK) - HALF
        self.window = header.window if flags & SYN else header.window << conn.snd_wscale
        """SEG.WND in bytes; that of a SYN, or a SYN,ACK, is never scaled (RFC 7323 §2.2)."""
        self.urgent = header.urgent
        self.payload = payload
        self.length = len(payload) + (1 if flags & SYN else 0) + (1 if flags & FIN else 0)
        """SEG.LEN: payload, SYN and FIN (RFC 9293 §3.4)."""
        self.options: Options | None = usable_options(header.options) if header.options else None
        if self.options is not None and self.options.malformed:
            conn.host.count("tcp.malformed_options")
        self.recent = -1
        """The timestamp to remember (TS.Recent) if the acknowledgement is acceptable too; -1 if there is none."""
        self.news = False
        """Whether the application has to hear of it."""

"""What is known around what is read: the packet that carries it, and the conversation that it belongs to."""

from __future__ import annotations

from typing import Any

UNKNOWN, NONE = -1, -2
"""Window scales: the handshake was not seen, or did not agree on scaling."""


class IpLayer:
    """An IPv4 packet: the numbers of its header, and the places where things begin."""

    __slots__ = ("complete", "end", "header", "payload", "quoted", "start")

    def __init__(
        self, header: tuple[Any, ...], start: int, payload: int, end: int, complete: bool, quoted: bool,
    ) -> None:
        self.header = header
        """Version and length, tos, total length, identification, fragment, ttl, protocol, checksum, from, to."""
        self.start = start
        self.payload = payload
        """Where what it carries begins."""
        self.end = end
        """Where it ends; never beyond the frame."""
        self.complete = complete
        """Whether it is all there: neither a fragment nor cut off."""
        self.quoted = quoted
        """Whether an ICMP error quotes it."""


def quoting(ip: IpLayer | None) -> IpLayer | None:
    """Return the packet around what is inside a tunnel: none, unless an ICMP error quotes all of it."""
    return ip if ip is not None and ip.quoted else None


class Direction:
    """One direction of a TCP connection."""

    __slots__ = ("base", "last", "messages", "scale")

    def __init__(self) -> None:
        self.base = -1
        """The sequence number that is shown as 0; -1 while it is unknown."""
        self.scale = UNKNOWN
        """The shift of window scaling (RFC 7323 §2), UNKNOWN or NONE."""
        self.last: Context | None = None
        """What was said of its latest segment: mostly the same is to be said of the next one."""
        self.messages: tuple[tuple[int, int], ...] = ()
        """Where the latest messages of DNS that go over several segments begin and end, as sequence numbers."""


class Conversation:
    """A TCP connection, or two UDP ports that talk."""

    __slots__ = ("closing", "conn", "directions", "http", "index")

    def __init__(self, index: int) -> None:
        self.index = index
        """Counts conversations of a protocol from 0, as `tcp.stream` and `udp.stream` do."""
        self.conn = 0
        """The number of the stack's own connection; 0 while none is known."""
        self.directions = (Direction(), Direction())
        """From the end with the smaller address and port, and from the other."""
        self.closing = False
        """Whether a FIN or RST was seen."""
        self.http = False
        """Whether an HTTP message was seen: what follows is HTTP too."""


class Context:
    """What a frame's conversation says about this frame."""

    __slots__ = ("ack_base", "around", "conversation", "http", "inside", "scale", "seq_base")

    def __init__(self, conversation: Conversation, seq_base: int, ack_base: int, scale: int) -> None:
        self.conversation = conversation
        self.seq_base = seq_base
        """The sequence number that is shown as 0."""
        self.ack_base = ack_base
        """The acknowledgement number that is shown as 0."""
        self.scale = scale
        """The shift of its window; UNKNOWN or NONE."""
        self.http = conversation.http
        """Whether HTTP was spoken up to and with this frame."""
        self.inside = 0
        """How many bytes at the beginning of its data belong to a message that began in an earlier segment."""
        self.around: tuple[int, ...] = ()
        """The numbers of the conversations of all datagrams that are inside each other, if there are several."""

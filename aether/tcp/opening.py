"""A Fast Open that is under way (RFC 7413), at either end."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from aether.surroundings import Surroundings


class Queue(Protocol):
    """What a listener keeps of the handshakes that were accepted before their end."""

    host: Surroundings
    pending: int
    """PendingFastOpenRequests (RFC 7413 §5.1): those that were reset lately among them."""
    resets: deque[int]
    """When each of those that were reset counts no more."""


class Opening:
    """What a connection knows of its Fast Open until the handshake is done."""

    __slots__ = ("asked", "cookie", "data", "queue")

    def __init__(self, cookie: bytes | None, data: int = 0, queue: Queue | None = None) -> None:
        self.cookie = cookie
        """What goes into the next SYN, or SYN,ACK: empty to ask for one; None for no option at all."""
        self.data = data
        """Bytes of data in our first SYN."""
        self.queue = queue
        """The listener whose pending handshake this is; None at a client."""
        self.asked = cookie is not None
        """Whether an answer with a cookie is one that we asked for."""

"""What TCP asks of the network layer below it. An address is bytes, of one length for both ends: nothing here knows
more of it."""

from __future__ import annotations

from collections.abc import Container
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from aether.net.ipv4 import Ipv4


class Network(Protocol):
    """A network layer, or one that chooses among several by the address."""

    @property
    def local(self) -> Container[bytes]:
        """Our own addresses."""

    @property
    def direct(self) -> Ipv4 | None:
        """What can compose and read whole frames in one go, for destinations whose way it knows; None without."""

    def can_be_host(self, address: bytes) -> bool:
        """Tell whether an address can be that of one host: of no group, nor of all."""

    def source_for(self, destination: bytes) -> bytes | None:
        """Return the address that we send from to reach a destination; None if there is no route."""

    def room_for(self, destination: bytes) -> int:
        """Return the largest payload, in bytes, that can go to a destination in one packet without being cut."""

    def link_room_for(self, destination: bytes) -> int:
        """Return the largest payload, in bytes, that the first link takes, whatever the path behind it does."""

    def narrowed(self, destination: bytes, mtu: int) -> int:
        """Take an error that says a path takes packets of `mtu` bytes; return the room in such a packet, in bytes."""

    def may_be_cut(self, destination: bytes) -> bool:
        """Tell whether packets arrive at a destination only if they may be cut on their way."""

    def send(
        self, destination: bytes, protocol: int, payload: bytes, *, source: bytes | None = None, ttl: int = 0,
        tos: int = 0, dont_fragment: bool = True,
    ) -> bool:
        """Send a packet; `ttl` 0 is the layer's own. Return False, with a drop counted, if there is no way."""


class Packet(Protocol):
    """What TCP reads of the header that a segment came with."""

    @property
    def source(self) -> bytes:
        """Whose it is."""

    @property
    def destination(self) -> bytes:
        """Which of our addresses it was sent to."""

    @property
    def tos(self) -> int:
        """The byte with the marks of ECN in its two low bits: type of service, or traffic class."""

"""What an application offers that has answers ready, so that its connections can be short ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from aether.sockets import TcpSocket
    from aether.tcp.lean import Lean

Answer = tuple[bytes, bool, int]
"""A response, whether the connection stays open after it, and what its words add up to, modulo 65535."""


@runtime_checkable
class Prepared(Protocol):
    """An application that has answers ready."""

    def quick(self, request: bytes) -> Answer | None:
        """Return the answer to exactly these bytes, None if it is not ready."""

    def adopt(self, socket: TcpSocket, since: int) -> None:
        """Take over a connection that has waited for a request since then."""


class Traceable(Prepared, Protocol):
    """One that also keeps track, as it would otherwise, of connections that are not shown to it."""

    def expect(self, lean: Lean) -> None:
        """Note a connection whose handshake is done; it may be adopted later."""

    def leave(self, number: int) -> None:
        """Forget a connection, which was closed after its answer."""

    @staticmethod
    def said(request: bytes) -> tuple[str, str, Callable[..., object]]:
        """Return what would be reported of a request: the application, its words, and the function that says them."""

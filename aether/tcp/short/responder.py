"""What an application offers that has answers ready, so that its connections can be short ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from aether.tcp.short.record import ShortConnection

Answer = tuple[bytes, bool, int]
"""A response, whether the connection stays open after it, and what its words add up to, modulo 65535."""


@runtime_checkable
class Responder(Protocol):
    """An application that has answers ready."""

    def ready_answer(self, request: bytes) -> Answer | None:
        """Return the answer to exactly these bytes, None if it is not ready."""

    def adopt(self, socket: Any, since: int) -> None:
        """Take over a connection that has waited for a request since then."""


class TracedResponder(Responder, Protocol):
    """One that also keeps track, as it would otherwise, of connections that are not shown to it."""

    def expect(self, short: ShortConnection) -> None:
        """Note a connection whose handshake is done; it may be adopted later."""

    def leave(self, number: int) -> None:
        """Forget a connection, which was closed after its answer."""

    @staticmethod
    def said(request: bytes) -> Said:
        """Return what would be reported of a request, and by which functions."""


Said = tuple[str, str, Callable[..., object], Callable[..., object]]
"""The application, its words, the function that says them, and the one that closes the connection afterwards."""

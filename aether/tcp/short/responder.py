"""What an application offers that has answers ready, so that its connections can be short ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Protocol, runtime_checkable

Answer = tuple[bytes, bool, int]
"""A response, whether the connection stays open after it, and what its words add up to, modulo 65535."""
Said = tuple[str, str, Callable[..., object], Callable[..., object]]
"""The application, its words, the function that says them, and the one that closes the connection afterwards."""


@runtime_checkable
class Responder(Protocol):
    """An application that has answers ready."""

    request_within: ClassVar[int]
    """How long, in microseconds, a connection may wait for a request before the application has to be told of it."""

    def ready_answer(self, request: bytes) -> Answer | None:
        """Return the answer to exactly these bytes, None if it is not ready."""

    def adopt(self, socket: Any, since: int) -> None:
        """Take over a connection that has waited for a request since then."""

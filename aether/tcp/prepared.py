"""What an application offers that has answers ready, so that its connections can be short ones."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

Answer = tuple[bytes, bool, int]
"""A response, whether the connection stays open after it, and what its words add up to, modulo 65535."""


@runtime_checkable
class Prepared(Protocol):
    """An application that has answers ready."""

    def quick(self, request: bytes) -> Answer | None:
        """Return the answer to exactly these bytes, None if it is not ready."""

    def adopt(self, socket: Any, since: int) -> None:
        """Take over a connection that has waited for a request since then."""

"""What the engine asks of a device."""

from __future__ import annotations

from typing import Protocol


class Device(Protocol):
    """Where frames come from and go to outside of a simulation: a TAP."""

    name: str

    def read(self) -> bytes | None:
        """Return the next frame, or None if there is none now."""

    def write(self, frame: bytes) -> None:
        """Send a frame."""

    def fileno(self) -> int:
        """Return what can be polled for input."""

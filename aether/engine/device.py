"""What the engine asks of a device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Device(Protocol):
    """Where frames come from and go to outside of a simulation: a TAP."""

    name: str

    @property
    def virtio(self) -> Virtio | None:
        """The same device, if it can do what `Virtio` says; None if it moves finished frames, and nothing else."""

    def read(self) -> bytes | None:
        """Return the next frame, or None if there is none now."""

    def write(self, frame: bytes) -> None:
        """Send a frame."""

    def fileno(self) -> int:
        """Return what can be polled for input."""


class Virtio(Protocol):
    """A device whose frames have a virtio header: checksums, and the cutting into segments, may be left to either end.

    Benchmark mode reads and writes such a device itself, without a copy.
    """

    raw: bytearray
    """Where `fill` puts a frame, and its virtio header before it."""
    buffer: memoryview
    """The same, without the header."""
    unfinished: bool
    """Whether the other end may leave checksums, and the cutting into segments, to us."""
    unwritten: int
    """Frames that were not taken."""

    @property
    def fill(self) -> Callable[[bytearray], int | None]:
        """Read into `raw`; return the length with the header, None if there is no frame now. OSError if it is gone."""

    @property
    def put(self) -> Callable[[bytes], int | None]:
        """Send a header and a frame. None or OSError if it was not taken."""

    @property
    def put_later(self) -> Callable[[bytes], int | None]:
        """The same, where many frames are sent together: it may take a moment longer, and cost us less."""

    def take_unfinished(self, unfinished: bool) -> None:
        """Let the other end hand over segments of up to 64 KB, and frames without a checksum; or no longer."""

    def finished(self, length: int) -> bytes:
        """Return the frame in `buffer`, with the checksum that its header asks for."""

    def gone(self) -> Exception:
        """Return what to raise when nothing can be read any more."""

    def write(self, frame: bytes) -> None:
        """Send a frame; count it if it is not taken."""

    def put_several(self, head: bytes, payload: list[memoryview], size: int) -> int | None:
        """Send segments of `size` bytes each as one frame, from where its pieces are; None as with `put`."""

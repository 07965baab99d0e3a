"""What every format of captures has in common: packets, and what to say of a file that is damaged."""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct
from typing import BinaryIO, NamedTuple

from aether.reading.link import ETHERNET

MAX_PACKET = 262_144
"""Bytes of the longest packet that tcpdump and Wireshark write."""
MAX_FILE = 512 << 20
"""Bytes of a file that are read, after they were unpacked: four times what is kept of it (`loaded.MAX_BYTES`)."""
MAX_COMMENT = 4096
"""Bytes of the longest comment that is written, or kept."""
MAX_COMMENTS = 100
"""Comments of one packet, or of a file as a whole, that are kept."""


class Damaged(ValueError):
    """A capture cannot be read on; the text says what is wrong, and at which byte of the file."""


class NotACapture(ValueError):
    """A file is no capture at all."""


class CapturedPacket(NamedTuple):
    """One packet of a capture."""

    time: int | None
    """Nanoseconds since 1970; None where the file does not say."""
    data: bytes
    length: int
    """Bytes on the wire; more than `data` has if the capture cut it off."""
    link_type: int = ETHERNET
    direction: str = ""
    """``in``, ``out``, or empty where the file does not say."""
    comments: Sequence[str] = ()
    checked: bool = False
    """Whether the frame ends with its check sequence."""


class Source:
    """A file read from its start to its end, that knows how far it has come."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.offset = 0

    def take(self, length: int, what: str) -> bytes:
        """Return so many bytes; Damaged if the file ends before. `length` must be bounded by the caller."""
        data = self.take_or_end(length, what)
        if len(data) < length:
            raise self._ends(what, data, length)
        return data

    def take_or_end(self, length: int, what: str) -> bytes:
        """Return so many bytes, or none at the end of the file."""
        if self.offset > MAX_FILE:
            raise Damaged(f"more than {MAX_FILE >> 20} MB are not read")
        data = self._file.read(length)
        if data and len(data) < length:
            raise self._ends(what, data, length)
        self.offset += len(data)
        return data

    def _ends(self, what: str, data: bytes, length: int) -> Damaged:
        there = f"{len(data):,} of {length:,} bytes are there"
        return Damaged(f"the file ends inside {what} at byte {self.offset:,}: {there}")


def layouts(*forms: str) -> dict[str, tuple[Struct, ...]]:
    """Return the same layouts in both byte orders, by ``<`` and ``>``."""
    return {order: tuple(Struct(order + form) for form in forms) for order in "<>"}

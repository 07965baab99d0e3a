"""Captures that are packed: by gzip, or by zstd, as Wireshark packs them, too."""

from __future__ import annotations

import gzip
import zlib
from importlib import import_module
from typing import Any, BinaryIO, cast

from shell.captures.packets import NotACapture

GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
"""How a file begins that is packed so."""
WINDOW_LOG = 27
"""Bits of how far back what is packed may refer: 128 MB, what zstd itself allows."""
CHUNK = 512
"""Bytes that are unpacked at once: they become 16 MB at the most, 128 kB for each 4."""
LIBRARIES = ("compression.zstd", "zstandard")
"""Who unpacks zstd: Python from 3.14 on, or a library."""
BROKEN = (EOFError, zlib.error, gzip.BadGzipFile)
"""What is raised when what is packed ends or breaks."""


class _Zstd:
    """Bytes that are unpacked as they are read, by the package zstandard."""

    def __init__(self, raw: BinaryIO, library: Any) -> None:
        self._raw = raw
        self._library = library
        self._unpacked = bytearray()
        self._behind = b""
        """What follows the end of a frame of zstd: another one."""
        self._frame: Any = None
        """What unpacks the frame that has begun."""

    def read(self, size: int) -> bytes:
        """Return so many bytes, fewer at the end; EOFError if they cannot be unpacked, or the end is missing."""
        found = self._unpacked
        try:
            while len(found) < size and (chunk := self._behind or self._raw.read(CHUNK)):
                self._behind = b""
                if self._frame is None:
                    self._frame = self._library.ZstdDecompressor(max_window_size=1 << WINDOW_LOG).decompressobj()
                found += self._frame.decompress(chunk)
                if self._frame.eof:
                    self._behind, self._frame = self._frame.unused_data, None
        except self._library.ZstdError as problem:
            raise EOFError(str(problem)) from None
        if not found and self._frame is not None:
            raise EOFError("its end is missing")
        taken = bytes(found[:size])
        del found[:size]
        return taken


class _Native:
    """The same by Python's own library."""

    def __init__(self, stream: Any, error: type[Exception]) -> None:
        self._stream = stream
        self._error = error

    def read(self, size: int) -> bytes:
        """Return so many bytes, fewer at the end; EOFError if they cannot be unpacked."""
        try:
            return bytes(self._stream.read(size))
        except self._error as problem:
            raise EOFError(str(problem)) from None


def unpacked(raw: BinaryIO) -> BinaryIO:
    """Return what is in a file, unpacked if it is packed; NotACapture if nobody here can unpack it."""
    start = raw.read(len(ZSTD))
    raw.seek(0)
    if start.startswith(GZIP):
        return cast(BinaryIO, gzip.GzipFile(fileobj=raw))
    return _zstd(raw) if start == ZSTD else raw


def _zstd(raw: BinaryIO) -> BinaryIO:
    for name in LIBRARIES:
        try:
            library: Any = import_module(name)
        except ImportError:
            continue
        if name == "zstandard":
            return cast(BinaryIO, _Zstd(raw, library))
        limits = {library.DecompressionParameter.window_log_max: WINDOW_LOG}
        return cast(BinaryIO, _Native(library.ZstdFile(raw, options=limits), library.ZstdError))
    raise NotACapture("it is packed by zstd, and nothing here unpacks that: install the Python package zstandard, "
                      "or unpack the file first, with zstd -d")

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
LIBRARIES = ("compression.zstd", "zstandard")
"""Who unpacks zstd: Python from 3.14 on, or a library."""
BROKEN = (EOFError, zlib.error, gzip.BadGzipFile)
"""What is raised when what is packed ends or breaks."""


class _Zstd:
    """Bytes that are unpacked as they are read."""

    def __init__(self, stream: Any, error: type[Exception]) -> None:
        self._stream = stream
        self._error = error

    def read(self, size: int) -> bytes:
        """Return so many bytes, fewer at the end; EOFError if they cannot be unpacked."""
        parts, left = [], size
        try:
            while left and (part := self._stream.read(left)):
                parts.append(part)
                left -= len(part)
        except self._error as problem:
            raise EOFError(str(problem)) from None
        return b"".join(parts)


def unpacked(raw: BinaryIO) -> BinaryIO:
    """Return what is in a file, unpacked if it is packed; NotACapture if nobody here can unpack it."""
    start = raw.read(len(ZSTD))
    raw.seek(0)
    if start.startswith(GZIP):
        return cast(BinaryIO, gzip.GzipFile(fileobj=raw))
    return cast(BinaryIO, _zstd(raw)) if start == ZSTD else raw


def _zstd(raw: BinaryIO) -> _Zstd:
    for name in LIBRARIES:
        try:
            library: Any = import_module(name)
        except ImportError:
            continue
        if name == "zstandard":
            reader = library.ZstdDecompressor(max_window_size=1 << WINDOW_LOG)
            return _Zstd(reader.stream_reader(raw, read_across_frames=True), library.ZstdError)
        limits = {library.DecompressionParameter.window_log_max: WINDOW_LOG}
        return _Zstd(library.ZstdFile(raw, options=limits), library.ZstdError)
    raise NotACapture("it is packed by zstd, and nothing here unpacks that: install the Python package zstandard, "
                      "or unpack the file first, with zstd -d")

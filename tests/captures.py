"""Captures for tshark, written without the code that is to be judged."""

from __future__ import annotations

import struct
from collections.abc import Iterable


def pcap(frames: Iterable[tuple[int, bytes]]) -> bytes:
    """Return a classic capture of Ethernet frames, each with its time in microseconds."""
    parts = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)]
    for time, data in frames:
        parts += [struct.pack("<IIII", 1000 + time // 1_000_000, time % 1_000_000, len(data), len(data)), data]
    return b"".join(parts)

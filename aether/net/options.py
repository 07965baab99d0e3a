"""IPv4 options that hosts and routers fill in: record route and timestamp (RFC 791 §3.1, RFC 1122 §3.2.1.8)."""

from __future__ import annotations

from collections.abc import Container

from aether.wire import ipv4
from aether.wire.error import WireError

FILLED_IN = (ipv4.OPTION_RECORD_ROUTE, ipv4.OPTION_TIMESTAMP)
TIMES_ONLY, WITH_ADDRESSES, PRESPECIFIED = 0, 1, 3
"""What a timestamp option asks for: its flag."""
NOT_UNIVERSAL = 0x8000_0000
"""The bit that says a timestamp does not count from midnight UT: a world has no clock (RFC 791 §3.1)."""
MOST_MISSED = 15


def fill(raw: bytes, address: bytes, ours: Container[bytes], now: int) -> bytes:
    """Return options as they leave a host: with its `address`, and the time, in their next free places.

    RFC 1122 §3.2.1.8. `ours` are all addresses of this host, which prespecified timestamps ask for; `now` is in
    microseconds. What cannot be right raises WireError `ipv4.options`, with the offset in the
    packet of the byte that is wrong.
    """
    options = bytearray(raw)
    seen = set()
    for at, kind, length in ipv4.locate_options(raw):
        if kind not in FILLED_IN:
            continue
        if kind in seen:
            raise _wrong(at, f"option {kind} is there twice")
        seen.add(kind)
        if kind == ipv4.OPTION_RECORD_ROUTE:
            _record(options, at, length, address)
        else:
            _stamp(options, at, length, address, ours, (now // 1000) & 0x7FFF_FFFF | NOT_UNIVERSAL)
    return bytes(options)


def _record(options: bytearray, at: int, length: int, address: bytes) -> None:
    """Put our address at the pointer, if there is room."""
    if length < 3:
        raise _wrong(at + 1, f"a record route of {length} bytes")
    pointer = options[at + 2]
    if pointer < 4:
        raise _wrong(at + 2, f"a record route that points to {pointer}")
    if pointer > length:
        return  # full: the packet goes on as it is
    if pointer + 3 > length:
        raise _wrong(at + 2, f"a record route with room for {length - pointer + 1} bytes")
    options[at + pointer - 1:at + pointer + 3] = address
    options[at + 2] = pointer + 4


def _stamp(options: bytearray, at: int, length: int, address: bytes, ours: Container[bytes], time: int) -> None:
    """Put the time at the pointer, with our address if that is asked for; count it as missed if there is no room."""
    if length < 4:
        raise _wrong(at + 1, f"a timestamp option of {length} bytes")
    pointer, flag, missed = options[at + 2], options[at + 3] & 15, options[at + 3] >> 4
    if pointer < 5:
        raise _wrong(at + 2, f"a timestamp option that points to {pointer}")
    if flag not in (TIMES_ONLY, WITH_ADDRESSES, PRESPECIFIED):
        raise _wrong(at + 3, f"a timestamp option with flag {flag}")
    if pointer > length:
        if flag != PRESPECIFIED:
            if missed == MOST_MISSED:
                raise _wrong(at + 3, "more timestamps were missed than can be counted")
            options[at + 3] += 0x10
        return
    size = 4 if flag == TIMES_ONLY else 8
    if pointer + size - 1 > length:
        raise _wrong(at + 2, f"a timestamp option with room for {length - pointer + 1} bytes")
    start = at + pointer - 1
    if flag == PRESPECIFIED and bytes(options[start:start + 4]) not in ours:
        return
    if flag == WITH_ADDRESSES:
        options[start:start + 4] = address
    options[start + size - 4:start + size] = time.to_bytes(4, "big")
    options[at + 2] = pointer + size


def returned(raw: bytes) -> bytes:
    """Return what an echo reply carries of its request's options (RFC 1122 §3.2.2.6), padded to 4 bytes."""
    kept = b"".join(raw[at:at + length] for at, kind, length in ipv4.locate_options(raw) if kind in FILLED_IN)
    return kept + bytes(-len(kept) % 4)


def _wrong(at: int, detail: str) -> WireError:
    return WireError("ipv4.options", detail, ipv4.MIN_HEADER_LENGTH + at)

"""Options behind a header: IPv4's and TCP's are built alike (RFC 791 §3.1, RFC 9293 §3.2).

0 ends them, 1 is one byte of padding, and each other has its length in its second byte, which counts both.
"""

END = 0
NOP = 1


def locate(raw: bytes) -> tuple[list[tuple[int, int, int]], int]:
    """Return where each option begins, its kind, and its length in bytes; and where one is that cannot be, else -1."""
    found: list[tuple[int, int, int]] = []
    at, end = 0, len(raw)
    while at < end:
        kind = raw[at]
        if kind == END:
            break
        if kind == NOP:
            at += 1
            continue
        length = raw[at + 1] if at + 1 < end else 0
        if length < 2 or at + length > end:
            return found, at
        found.append((at, kind, length))
        at += length
    return found, -1


def describe(raw: bytes, at: int) -> str:
    """Return what to say of a wrong option that begins at a byte."""
    length = raw[at + 1] if at + 1 < len(raw) else 0
    return f"option {raw[at]} with length {length} at byte {at} of {len(raw)}"

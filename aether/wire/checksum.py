"""The Internet checksum: the ones' complement of the ones' complement sum of 16-bit words (RFC 1071).

That sum is arithmetic modulo 65535, and 65536 is 1 there: the bytes as one large number leave the same
remainder as their words added up. Only 0 and 65535 need care, because they are the same remainder: a
ones' complement sum is 0 when every word is 0, and never otherwise.

Buffers are bytes, bytearrays or memoryviews; a last odd byte counts as if a zero byte followed it.
"""

Buffer = bytes | bytearray | memoryview


def partial_sum(data: Buffer) -> int:
    """Return a number that leaves the sum of `data`, which starts at an even offset, modulo 65535.

    Partial sums may be added to each other and to header fields; the total is not folded.
    """
    number = int.from_bytes(data, "big") % 0xFFFF
    return number << 8 if len(data) & 1 else number


def checksum(data: Buffer) -> int:
    """Return the checksum of `data`; 0 for data that carries its own correct checksum."""
    number = int.from_bytes(data, "big")
    if not number:
        return 0xFFFF
    if len(data) & 1:
        number <<= 8
    return -number % 0xFFFF


def pseudo_header_sum(source: bytes, destination: bytes, protocol: int, length: int) -> int:
    """Return the unfolded sum of a pseudo-header: addresses, protocol, length in bytes (RFC 9293 §3.1, RFC 768)."""
    return int.from_bytes(source, "big") + int.from_bytes(destination, "big") + protocol + length


def transport_checksum(source: bytes, destination: bytes, protocol: int, segment: Buffer) -> int:
    """Return the checksum of a pseudo-header and a segment whose checksum field is zero.

    The sum is never 0 here, because the protocol is not: a remainder of 0 stands for 65535.
    """
    return -(pseudo_header_sum(source, destination, protocol, len(segment)) + partial_sum(segment)) % 0xFFFF


def adjusted(checksum: int, before: int, after: int) -> int:
    """Return a checksum after words that it covers changed: by increments, never read anew (RFC 1624 §3).

    `before` and `after` are these words as one number each, or their partial sums. What was right stays right, and what
    was wrong stays wrong. It is never 0xffff, which UDP sends in the place of 0 (RFC 768).
    """
    return (checksum + before - after) % 0xFFFF


def frame_ok(frame: Buffer, length: int) -> bool:
    """Tell whether both checksums are right of a frame with an IPv4 packet of `length` bytes, without options.

    There must be so many bytes after the Ethernet header. The transport protocol is one whose checksum may not be left
    out, as that of TCP.
    """
    if int.from_bytes(frame[14:34], "big") % 0xFFFF:
        return False
    total = int.from_bytes(frame[26:14 + length], "big") % 0xFFFF
    return ((total << 8 if length & 1 else total) + frame[23] + length - 20) % 0xFFFF == 0


def transport_checksum_ok(source: bytes, destination: bytes, protocol: int, segment: Buffer) -> bool:
    """Tell whether the checksum inside a segment is right."""
    length = len(segment)
    number = int.from_bytes(segment, "big") % 0xFFFF
    if length & 1:
        number <<= 8
    total = int.from_bytes(source, "big") + int.from_bytes(destination, "big") + protocol + length + number
    return total % 0xFFFF == 0

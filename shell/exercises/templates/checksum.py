"""The Internet checksum (RFC 1071): what the headers of IPv4, ICMP, UDP and TCP carry.

Take the data as 16-bit words, the byte that comes first being the higher one. Add them in one's complement: what is
carried out of the 16 bits is added at the right again. The checksum is the complement of the sum, so that whoever adds
up data and checksum gets 0xffff. If the number of bytes is odd, the last word is filled up with a zero at its right.
"""


def checksum(data: bytes) -> int:
    """Return the checksum of the data, from 0 to 0xffff."""
    raise NotImplementedError

"""IPv4 packets (RFC 791 §3.1): the header with its options, and the payload behind it."""

from struct import Struct

from aether.wire import options as wire_options
from aether.wire.checksum import Buffer
from aether.wire.error import WireError

PROTO_ICMP = 1
PROTO_IGMP = 2
PROTO_TCP = 6
PROTO_UDP = 17
MIN_HEADER_LENGTH = 20
"""Bytes of a header without options."""
MAX_LENGTH = 65_535
"""Bytes of the largest packet."""
OPTION_END = wire_options.END
OPTION_NOP = wire_options.NOP
OPTION_RECORD_ROUTE = 7
OPTION_TIMESTAMP = 68
OPTION_LOOSE_SOURCE_ROUTE = 131
OPTION_STRICT_SOURCE_ROUTE = 137
OPTION_ROUTER_ALERT = 148
"""Routers look into such a packet (RFC 2113)."""
DONT_FRAGMENT = 0x4000
_MORE_FRAGMENTS = 0x2000
_HEADER = Struct(">BBHHHBBH4s4s")


class Ipv4Header:
    """A header as it was on the wire; addresses are bytes."""

    __slots__ = (
        "checksum", "destination", "dont_fragment", "fragment_offset", "header_length", "identification",
        "more_fragments", "options", "protocol", "source", "tos", "total_length", "ttl",
    )

    def __init__(
        self, tos: int, total_length: int, identification: int, dont_fragment: bool, more_fragments: bool,
        fragment_offset: int, ttl: int, protocol: int, checksum: int, source: bytes, destination: bytes,
        options: bytes, header_length: int,
    ) -> None:
        self.tos = tos
        """DSCP in the upper six bits, ECN in the lower two (RFC 2474, RFC 3168)."""
        self.total_length = total_length
        """Bytes of header and payload."""
        self.identification = identification
        self.dont_fragment = dont_fragment
        self.more_fragments = more_fragments
        self.fragment_offset = fragment_offset
        """Where the payload belongs in the whole packet's, in bytes."""
        self.ttl = ttl
        self.protocol = protocol
        self.checksum = checksum
        self.source = source
        self.destination = destination
        self.options = options
        self.header_length = header_length
        """Bytes; the payload is `packet[header_length:total_length]`."""


def parse(packet: Buffer, *, verify: bool = True) -> Ipv4Header:
    """Read the header of a packet, behind which padding may follow; `verify` asks for the right checksum.

    WireError `ipv4.truncated`, `ipv4.version`, `ipv4.header_length`, `ipv4.checksum` or `ipv4.options`.
    """
    header = parse_quoted(packet)
    length = header.header_length
    if not length <= header.total_length <= len(packet):
        raise WireError("ipv4.truncated", f"total length {header.total_length} in {len(packet)} bytes")
    if verify and int.from_bytes(packet[:length], "big") % 0xFFFF:  # never all zero: the version is 4
        raise WireError("ipv4.checksum", f"0x{header.checksum:04x}")
    if length > MIN_HEADER_LENGTH:
        parse_options(header.options)
    return header


def parse_quoted(packet: Buffer) -> Ipv4Header:
    """Read the header of a packet that an ICMP error quotes: it may be cut, and routers may have changed it.

    Only the header has to be there, with options as they are; the total length and the checksum are not looked
    at (RFC 1122 §3.2.2). WireError `ipv4.truncated`, `ipv4.version` or `ipv4.header_length`.
    """
    if len(packet) < MIN_HEADER_LENGTH:
        raise WireError("ipv4.truncated", f"{len(packet)} bytes")
    first, tos, total_length, identification, fragment, ttl, protocol, checksum, source, destination = (
        _HEADER.unpack_from(packet))
    options = b""
    length = MIN_HEADER_LENGTH
    if first != 0x45:
        if first >> 4 != 4:
            raise WireError("ipv4.version", f"version {first >> 4}")
        length = (first & 15) * 4
        if not MIN_HEADER_LENGTH <= length <= len(packet):
            raise WireError("ipv4.header_length", f"{length} bytes, in a packet of {len(packet)}")
        options = bytes(packet[MIN_HEADER_LENGTH:length])
    return Ipv4Header(
        tos, total_length, identification, fragment & DONT_FRAGMENT != 0, fragment & _MORE_FRAGMENTS != 0,
        (fragment & 0x1FFF) << 3, ttl, protocol, checksum, source, destination, options, length,
    )


def build(
    source: bytes, destination: bytes, protocol: int, payload: bytes, *, ttl: int = 64, tos: int = 0,
    identification: int = 0, dont_fragment: bool = True, more_fragments: bool = False, fragment_offset: int = 0,
    options: bytes = b"",
) -> bytes:
    """Return a packet with its checksum.

    `fragment_offset` in bytes, a multiple of 8; `options` as on the wire, padded to a multiple of 4 bytes.
    ValueError for what fits into no packet.
    """
    first = 0x45
    total_length = MIN_HEADER_LENGTH + len(payload)
    total = 0
    if options:
        if len(options) & 3 or len(options) > 40:
            raise ValueError(f"IPv4 options are a multiple of 4 bytes, 40 at the most, not {len(options)}")
        first += len(options) >> 2
        total_length += len(options)
        total = int.from_bytes(options, "big")
    if total_length > MAX_LENGTH:
        raise ValueError(f"an IPv4 packet has at most {MAX_LENGTH} bytes, not {total_length}")
    fragment = DONT_FRAGMENT if dont_fragment else 0
    if more_fragments:
        fragment |= _MORE_FRAGMENTS
    if fragment_offset:
        if fragment_offset & 7 or fragment_offset > MAX_LENGTH:
            raise ValueError(f"a fragment's offset is a multiple of 8 up to 65528, not {fragment_offset}")
        fragment |= fragment_offset >> 3
    total += (
        (first << 8 | tos) + total_length + identification + fragment + (ttl << 8 | protocol)
        + int.from_bytes(source + destination, "big")
    )
    return _HEADER.pack(
        first, tos, total_length, identification, fragment, ttl, protocol, -total % 0xFFFF, source, destination
    ) + options + payload


def decrement_ttl(packet: bytes) -> bytes:
    """Return a packet with one hop less to live, its checksum changed by the difference (RFC 1624 §3, equation 3).

    WireError `ipv4.truncated`, or `ipv4.ttl` when there is none left.
    """
    if len(packet) < MIN_HEADER_LENGTH:
        raise WireError("ipv4.truncated", f"{len(packet)} bytes")
    if not packet[8]:
        raise WireError("ipv4.ttl")
    total = (packet[10] << 8 | packet[11]) ^ 0xFFFF
    total += 0xFEFF  # ~m + m' for the word of TTL and protocol: m' is m - 0x0100
    total = (total & 0xFFFF) + (total >> 16)
    checksum = total ^ 0xFFFF
    return packet[:8] + bytes((packet[8] - 1, packet[9], checksum >> 8, checksum & 0xFF)) + packet[12:]


def parse_options(raw: bytes) -> list[tuple[int, bytes]]:
    """Return the options in order, as type and data, up to the end of the list; padding is left out.

    WireError `ipv4.options`.
    """
    return [(kind, raw[at + 2:at + length]) for at, kind, length in locate_options(raw)]


def locate_options(raw: bytes) -> list[tuple[int, int, int]]:
    """Return where each option begins, its type, and its length in bytes with those two; WireError `ipv4.options`."""
    found, wrong = wire_options.locate(raw)
    if wrong >= 0:
        raise WireError("ipv4.options", wire_options.describe(raw, wrong), MIN_HEADER_LENGTH + wrong)
    return found

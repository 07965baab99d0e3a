"""ICMP messages (RFC 792, RFC 1122 §3.2.2)."""

from struct import Struct
from typing import NamedTuple

from aether.wire.checksum import Buffer, checksum, partial_sum
from aether.wire.error import WireError

HEADER_LENGTH = 8
ECHO_REPLY = 0
DESTINATION_UNREACHABLE = 3
SOURCE_QUENCH = 4
REDIRECT = 5
ECHO_REQUEST = 8
TIME_EXCEEDED = 11
PARAMETER_PROBLEM = 12
TIMESTAMP = 13
TIMESTAMP_REPLY = 14

NETWORK_UNREACHABLE = 0
HOST_UNREACHABLE = 1
PROTOCOL_UNREACHABLE = 2
PORT_UNREACHABLE = 3
FRAGMENTATION_NEEDED = 4
SOURCE_ROUTE_FAILED = 5
COMMUNICATION_PROHIBITED = 13
TTL_EXCEEDED = 0
REASSEMBLY_TIME_EXCEEDED = 1

NAMES: dict[int | tuple[int, int], str] = {
    ECHO_REPLY: "echo reply",
    DESTINATION_UNREACHABLE: "destination unreachable",
    SOURCE_QUENCH: "source quench",
    REDIRECT: "redirect",
    ECHO_REQUEST: "echo request",
    TIME_EXCEEDED: "time exceeded",
    PARAMETER_PROBLEM: "parameter problem",
    TIMESTAMP: "timestamp request",
    TIMESTAMP_REPLY: "timestamp reply",
    (DESTINATION_UNREACHABLE, NETWORK_UNREACHABLE): "network unreachable",
    (DESTINATION_UNREACHABLE, HOST_UNREACHABLE): "host unreachable",
    (DESTINATION_UNREACHABLE, PROTOCOL_UNREACHABLE): "protocol unreachable",
    (DESTINATION_UNREACHABLE, PORT_UNREACHABLE): "port unreachable",
    (DESTINATION_UNREACHABLE, FRAGMENTATION_NEEDED): "fragmentation needed, and not allowed",
    (DESTINATION_UNREACHABLE, SOURCE_ROUTE_FAILED): "source route failed",
    (DESTINATION_UNREACHABLE, COMMUNICATION_PROHIBITED): "communication prohibited",
    (TIME_EXCEEDED, TTL_EXCEEDED): "time to live exceeded in transit",
    (TIME_EXCEEDED, REASSEMBLY_TIME_EXCEEDED): "not all fragments came in time",
}
"""What types, and types with a code, are called."""
_HEADER = Struct(">BBHI")


class IcmpMessage(NamedTuple):
    """A message; `rest` is the header's second half, whose meaning depends on the type."""

    type: int
    code: int
    rest: int
    payload: bytes

    @property
    def identifier(self) -> int:
        """Which sequence of echo requests it belongs to."""
        return self.rest >> 16

    @property
    def sequence(self) -> int:
        """Number of the echo request or reply."""
        return self.rest & 0xFFFF

    @property
    def mtu(self) -> int:
        """The next hop's MTU in bytes, when fragmentation is needed; 0 from very old routers (RFC 1191 §4)."""
        return self.rest & 0xFFFF


def parse(data: Buffer, *, verify: bool = True) -> IcmpMessage:
    """Read a message; WireError `icmp.truncated`, or `icmp.checksum` unless `verify` is false."""
    if len(data) < HEADER_LENGTH:
        raise WireError("icmp.truncated", f"{len(data)} bytes")
    kind, code, received, rest = _HEADER.unpack_from(data)
    if verify and checksum(data):
        raise WireError("icmp.checksum", f"0x{received:04x}")
    return IcmpMessage(kind, code, rest, bytes(data[HEADER_LENGTH:]))


def build(message: IcmpMessage) -> bytes:
    """Return the message's bytes, with its checksum."""
    kind, code, rest, payload = message
    total = (kind << 8 | code) + rest + partial_sum(payload)
    value = -total % 0xFFFF if total or any(payload) else 0xFFFF  # a partial sum of 0 may stand for 65535
    return _HEADER.pack(kind, code, value, rest) + payload

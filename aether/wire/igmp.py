"""IGMP messages, versions 1 to 3 (RFC 1112 appendix I, RFC 2236 §2, RFC 3376 §4)."""

from struct import Struct
from typing import NamedTuple

from aether.wire.checksum import Buffer, checksum
from aether.wire.error import WireError

QUERY = 0x11
V1_REPORT = 0x12
V2_REPORT = 0x16
LEAVE = 0x17
V3_REPORT = 0x22
NAMES = {
    QUERY: "membership query", V1_REPORT: "version 1 report", V2_REPORT: "version 2 report", LEAVE: "leave group",
    V3_REPORT: "version 3 report",
}
"""What types are called."""
ALL_HOSTS = b"\xe0\x00\x00\x01"
"""224.0.0.1: general queries go here."""
ALL_ROUTERS = b"\xe0\x00\x00\x02"
"""224.0.0.2: leaves go here (RFC 2236 §3)."""
HEADER_LENGTH = 8
_HEADER = Struct(">BBH4s")


class IgmpMessage(NamedTuple):
    """A message; `group` is a V3_REPORT's second half as it is, `payload` what follows the first 8 bytes."""

    type: int
    max_response: int
    """In a query: tenths of a second to answer; 0 in version 1."""
    group: bytes
    """The group's address; 0.0.0.0 in a general query."""
    payload: bytes = b""


def parse(data: Buffer) -> IgmpMessage:
    """Read a message, which may be longer than this (RFC 2236 §2.5). WireError `igmp.truncated`, `igmp.checksum`."""
    if len(data) < HEADER_LENGTH:
        raise WireError("igmp.truncated", f"{len(data)} bytes")
    kind, max_response, received, group = _HEADER.unpack_from(data)
    if checksum(data):
        raise WireError("igmp.checksum", f"0x{received:04x}")
    return IgmpMessage(kind, max_response, group, bytes(data[HEADER_LENGTH:]))


def build(message: IgmpMessage) -> bytes:
    """Return the message's bytes, with its checksum."""
    kind, max_response, group, payload = message
    value = checksum(_HEADER.pack(kind, max_response, 0, group) + payload)
    return _HEADER.pack(kind, max_response, value, group) + payload

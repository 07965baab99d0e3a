"""UDP (RFC 768)."""

from __future__ import annotations

from struct import Struct

from aether.reading.context import IpLayer
from aether.reading.ip import BAD, GOOD, NOT_PRESENT, STATUS, UNVERIFIED
from aether.reading.layout import Field, counted
from aether.reading.tree import Cursor, CutShort, Protocol, Tree, problem_of
from aether.reading.types import BYTES, UINT16
from aether.wire import ipv4, udp
from aether.wire.checksum import checksum, transport_checksum_ok
from aether.wire.error import WireError

HEADER = Struct("!HHHH")
PORTS = "udp.port"
"""What the protocols above say they are found by; either port counts, the smaller one first."""
SRCPORT = Field("udp.srcport", UINT16, "source port", "the sender's port", 0)
DSTPORT = Field("udp.dstport", UINT16, "destination port", "the receiver's port", 2)
LENGTH = Field("udp.length", UINT16, "length", "length in bytes, with the header", 4, words=counted("bytes"))
CHECKSUM = Field("udp.checksum", UINT16, "checksum", "the checksum; 0 is none", 6, hexadecimal=True)
PORT = Field("udp.port", UINT16, "port", "either port", hidden=True)
CHECKSUM_STATUS = Field("udp.checksum.status", UINT16, "verdict", "0 bad, 1 good, 2 not verified, 3 there is none",
                        names=STATUS, part=True)
PAYLOAD = Field("udp.payload", BYTES, "all bytes", "the data", part=True)
VERDICTS = {BAD: "WRONG", GOOD: "ok", UNVERIFIED: "unknown", NOT_PRESENT: "not used"}


def status(ip: IpLayer | None, frame: bytes, start: int, end: int, length: int, received: int) -> int:
    """Return whether a datagram's checksum is right."""
    if not received:
        return NOT_PRESENT
    if ip is None or not ip.complete or end - start != length:
        return UNVERIFIED
    good = transport_checksum_ok(ip.header[8], ip.header[9], ipv4.PROTO_UDP, frame[start:end])
    return GOOD if good else BAD


def verdict(status: int, received: int, ip: IpLayer | None, segment: bytes) -> str:
    """Say what a checksum is in words."""
    if status != BAD or ip is None:
        return VERDICTS[status]
    # A kernel that leaves the sum to the network card writes that of the pseudo-header alone.
    _, _, _, _, _, _, protocol, _, source, destination = ip.header
    pseudo = checksum(source + destination + bytes((0, protocol)) + len(segment).to_bytes(2, "big")) ^ 0xFFFF
    return "not yet computed" if received == pseudo else VERDICTS[BAD]


def read(tree: Tree, start: int, end: int, ip: IpLayer | None) -> int:
    """Read a datagram."""
    quoted = ip is not None and ip.quoted
    frame = tree.frame
    layer = tree.layer(PROTOCOL, start, min(8, end - start), "malformed", quoted)
    if tree.wordy and not quoted and ip is not None:
        try:
            udp.parse(frame[start:end], ip.header[8], ip.header[9], verify=False)
        except WireError as problem:
            layer.problem = problem_of(problem)
    cursor = Cursor(tree, layer, start, end)
    try:
        ports = tuple(cursor.take(field) for field in (SRCPORT, DSTPORT))
        for port in () if tree.wordy else ports:
            cursor.add(PORT, start, 4, port)
        length = cursor.take(LENGTH)
        received = cursor.number(2)
    except CutShort:
        return end
    stop = start + length if 8 <= length <= end - start else end
    found = status(ip, frame, start, stop, length, received)
    said = verdict(found, received, ip, frame[start:stop]) if tree.wordy else ""
    cursor.take(CHECKSUM, f"0x{received:04x} {said}" if received else said)
    cursor.add(CHECKSUM_STATUS, start + 6, 2, found)
    what = f"{length - 8} bytes" if length >= 8 else "an impossible length"
    layer.summary = f"{'quoted: ' if quoted else ''}{ports[0]} > {ports[1]}  {what}"
    if stop > start + 8:
        inner = tree.protocols.get((PORTS, min(ports))) or tree.protocols.get((PORTS, max(ports)))
        if inner is None:
            tree.data(start + 8, stop, PAYLOAD)
        else:
            cursor.add(PAYLOAD, start + 8, stop - start - 8, frame[start + 8:stop])
            inner.read(tree, start + 8, stop, ip)
    return end


PROTOCOL = Protocol("udp", "UDP", "u", "the User Datagram Protocol", (
    SRCPORT, DSTPORT, PORT, LENGTH, CHECKSUM, CHECKSUM_STATUS, PAYLOAD), read, (("ip.proto", 17),))

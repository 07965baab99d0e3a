"""VXLAN: frames of Ethernet in datagrams (RFC 7348)."""

from __future__ import annotations

from aether.reading.context import IpLayer, quoting
from aether.reading.layout import Field
from aether.reading.tree import Cursor, CutShort, Protocol, Tree, Within
from aether.reading.types import BOOLEAN, UINT8, UINT16, UINT32
from aether.reading.udp import PORTS

SIZE = 8
PORT = 4789
FLAGS = Field("vxlan.flags", UINT16, "flags", "all flags as a number", 0, hexadecimal=True)
FLAG_BITS = tuple(
    Field(f"vxlan.flag_{name}", BOOLEAN, label, help, 0, 2, bit, part=True) for name, bit, label, help in (
        ("g", 0x8000, "with a policy", "there is a group policy"),
        ("i", 0x0800, "with a network", "the number of the network counts"),
        ("d", 0x0040, "do not learn", "addresses are not to be learned from it"),
        ("a", 0x0008, "policy applied", "the policy was applied")))
RESERVED_FLAGS = Field("vxlan.flags_reserved", UINT16, "reserved", "the other flags", 0, mask=0x77B7,
                       hexadecimal=True, part=True)
GROUP = Field("vxlan.gbp", UINT16, "policy", "number of the group policy", 2)
VNI = Field("vxlan.vni", UINT32, "network", "number of the virtual network", 4, 3)
RESERVED = Field("vxlan.reserved8", UINT8, "reserved", "a byte that has no meaning", 7)


def inner(frame: bytes, start: int, end: int) -> Within | None:
    """Return the frame that a datagram carries."""
    return Within("gre.proto", 0x6558, start + SIZE, end) if end - start >= SIZE else None


def read(tree: Tree, start: int, end: int, ip: IpLayer | None) -> int:
    """Read the header, and the frame behind it."""
    layer = tree.layer(PROTOCOL, start, min(SIZE, end - start), "malformed")
    cursor = Cursor(tree, layer, start, end)
    try:
        cursor.header(FLAGS, *FLAG_BITS, RESERVED_FLAGS, GROUP, VNI, RESERVED)
    except CutShort:
        return end
    layer.summary = f"network {VNI.of(tree.frame[start + 4:start + 7])}"
    return tree.within(inner(tree.frame, start, end), end, quoting(ip))


PROTOCOL = Protocol("vxlan", "VXLAN", "z", "frames of Ethernet in datagrams (RFC 7348)", (
    VNI, FLAGS, *FLAG_BITS, RESERVED_FLAGS, GROUP, RESERVED), read, ((PORTS, PORT),), inner=inner)

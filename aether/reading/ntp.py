"""NTP (RFC 5905): the 48 bytes that every message begins with."""

from __future__ import annotations

from contextlib import suppress

from aether.reading.context import IpLayer
from aether.reading.layout import Field, named
from aether.reading.tree import Cursor, CutShort, Protocol, Tree
from aether.reading.types import BYTES, DATE, UINT8, UINT32
from aether.reading.udp import PORTS

PORT = 123
SINCE_1900 = 2_208_988_800
"""Seconds from 1900 to 1970."""
ERA = 1 << 32
CONTROL = 6
"""From this mode on a message has another form."""
_MODES = {1: "symmetric, active", 2: "symmetric, passive", 3: "client", 4: "server", 5: "broadcast", 6: "control",
          7: "private"}

FLAGS = Field("ntp.flags", UINT8, "flags", "leap second, version and mode as a number", 0, hexadecimal=True)
LEAP = Field("ntp.flags.li", UINT8, "leap second", "0 none, 1 one more, 2 one less, 3 unknown", 0, mask=0xC0, part=True)
VERSION = Field("ntp.flags.vn", UINT8, "version", "1 to 4", 0, mask=0x38, part=True)
MODE = Field("ntp.flags.mode", UINT8, "mode", "3 client, 4 server, 5 broadcast", 0, mask=0x07, words=named(_MODES),
             part=True)
STRATUM = Field("ntp.stratum", UINT8, "stratum", "how far from a clock of its own: 1 has one", 1)
POLL = Field("ntp.ppoll", UINT8, "poll", "how often it asks, as a power of two of seconds", 2)
PRECISION = Field("ntp.precision", UINT8, "precision", "the clock's precision, as a power of two of seconds", 3)
DELAY = Field("ntp.rootdelay", UINT32, "root delay", "the round trip to the first clock, in units of 1/65536 s", 4)
DISPERSION = Field("ntp.rootdispersion", UINT32, "root dispersion", "its uncertainty, in units of 1/65536 s", 8)
REFERENCE = Field("ntp.refid", BYTES, "reference", "which clock it follows", 12, 4)
TIMES = tuple(Field(f"ntp.{name}", DATE, label, help) for name, label, help in (
    ("reftime", "set", "when its clock was set last"), ("org", "asked", "when the question left, by the asker's clock"),
    ("rec", "came", "when it came, by the server's clock"),
    ("xmt", "left", "when this message left, by its sender's clock")))


def _moment(stamp: int) -> int:
    """Return microseconds since 1970 of a time since 1900, in units of 2^-32 s; a small one is after 2036."""
    seconds = (stamp >> 32) + (0 if stamp >> 63 else ERA) - SINCE_1900
    return seconds * 1_000_000 + ((stamp & 0xFFFFFFFF) * 1_000_000 >> 32)


def read(tree: Tree, start: int, end: int, ip: IpLayer | None) -> int:
    """Read a message."""
    mode = tree.frame[start] & 7 if start < end else 0
    layer = tree.layer(PROTOCOL, start, end - start, _MODES.get(mode, f"mode {mode}"))
    cursor = Cursor(tree, layer, start, end)
    with suppress(CutShort):
        cursor.header(FLAGS, LEAP, VERSION, MODE)
        if mode >= CONTROL:
            return end
        cursor.header(STRATUM, POLL, PRECISION, DELAY, DISPERSION, REFERENCE)
        for field in TIMES:
            stamp = cursor.number(8)
            cursor.add(field, cursor.at, 8, _moment(stamp) if stamp else 0, "not set" if not stamp else None)
            cursor.skip(8)
    return end


PROTOCOL = Protocol("ntp", "NTP", "k", "the Network Time Protocol", (
    FLAGS, LEAP, VERSION, MODE, STRATUM, POLL, PRECISION, DELAY, DISPERSION, REFERENCE, *TIMES), read, ((PORTS, PORT),))

"""The classic format of captures, libpcap's: a header, then packets (draft-ietf-opsawg-pcap)."""

from __future__ import annotations

from collections.abc import Iterator

from aether.reading.link import FCS
from shell.captures.packets import MAX_PACKET, CapturedPacket, Damaged, NotACapture, Source, layouts

_USUAL, _MODIFIED = 1, 2
_MAGIC = {
    b"\xd4\xc3\xb2\xa1": ("<", 1_000, _USUAL), b"\xa1\xb2\xc3\xd4": (">", 1_000, _USUAL),
    b"\x4d\x3c\xb2\xa1": ("<", 1, _USUAL), b"\xa1\xb2\x3c\x4d": (">", 1, _USUAL),
    b"\x34\xcd\xb2\xa1": ("<", 1_000, _MODIFIED), b"\xa1\xb2\xcd\x34": (">", 1_000, _MODIFIED),
}
"""Byte order, nanoseconds in the smaller unit of time, and which header a packet has."""
_LAYOUTS = layouts("HHiIII", "IIII", "IIIIIHBx")
"""The header of the file, of a packet, and of one in the format that libpcap of some distributions wrote around 2000
(“modified”): with the index of the interface, the protocol and the kind of packet (packet(7))."""
_OUTGOING, _KINDS = 4, 5
"""PACKET_OUTGOING, and how many kinds there are up to it."""
_LINK_TYPE = 0x0000_FFFF
_CHECKED, _WORDS = 0x0400_0000, 28
"""The bit of the last word that says that the length of a check sequence is known, and where that length begins,
in words of 16 bits."""


def is_pcap(start: bytes) -> bool:
    """Tell by the first four bytes."""
    return start in _MAGIC


class PcapReader:
    """Reads packets from behind the first four bytes."""

    def __init__(self, source: Source, start: bytes) -> None:
        self._source = source
        self._order, self._unit, self._header = _MAGIC[start]
        self.name = "pcap, nanoseconds" if self._unit == 1 else "pcap" if self._header == _USUAL else "modified pcap"
        self.fine = self._unit == 1
        """Whether times are finer than microseconds."""
        self.comments: list[str] = []
        self.unread = 0

    def packets(self) -> Iterator[CapturedPacket]:
        """Yield the packets; Damaged says where it could not go on."""
        head, record = _LAYOUTS[self._order][0], _LAYOUTS[self._order][self._header]
        major, _, _, _, _, link = head.unpack(self._source.take(head.size, "the header of the file"))
        if major != 2:
            raise NotACapture(f"version {major} of the pcap format is not known, only 2")
        usual, link_type, unit = self._header == _USUAL, link & _LINK_TYPE, self._unit
        checked = bool(link & _CHECKED) and link >> _WORDS << 1 == FCS
        source, size, unpack = self._source, record.size, record.unpack
        while True:
            at = source.offset
            header = source.take_or_end(size, "the header of a packet")
            if not header:
                return
            seconds, fraction, kept, length, *more = unpack(header)
            if kept > MAX_PACKET:
                raise Damaged(
                    f"the packet at byte {at:,} says that it has {kept:,} bytes, and {MAX_PACKET:,} is the most")
            data = source.take(kept, "a packet")
            direction = "" if usual or more[2] >= _KINDS else "out" if more[2] == _OUTGOING else "in"
            time = seconds * 1_000_000_000 + fraction * unit
            yield CapturedPacket(time, data, length if length > kept else kept, link_type, direction, (), checked)

"""Fields of a frame that can be changed in place, and the checksums that have to follow.

Names are those of the filter language; numbers are decimal or 0x hexadecimal. ``tcp.seq`` and ``tcp.ack`` count from
the beginning of the connection, as they are shown; ``tcp.seq_raw`` and ``tcp.ack_raw`` are as on the wire.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from aether.reading.context import Context
from aether.wire import ipv4, tcp
from aether.wire.address import parse_ip, show_ip, show_mac
from aether.wire.checksum import checksum, transport_checksum
from shell.craft.settings import pairs
from shell.language.grammar import CommandError, did_you_mean
from shell.language.values import hexadecimal, payload

FLAG_LETTERS = {"F": tcp.FIN, "S": tcp.SYN, "R": tcp.RST, "P": tcp.PSH, "A": tcp.ACK, "U": tcp.URG, "E": tcp.ECE,
                "C": tcp.CWR}
_BYTE = re.compile(r"frame\[(\d{1,5})\]")


class Bits(NamedTuple):
    """Where a field stands: in which header, from which byte, how many bytes, which of their bits."""

    header: str
    offset: int
    length: int
    kind: str = "number"
    shift: int = 0
    bits: int = 0
    """0 for all of them."""


def _flag(header: str, offset: int, length: int, shift: int) -> Bits:
    return Bits(header, offset, length, "number", shift, 1)


PLACES: dict[str, Bits] = {
    "eth.dst": Bits("eth", 0, 6, "mac"), "eth.src": Bits("eth", 6, 6, "mac"), "eth.type": Bits("eth", 12, 2),
    "arp.opcode": Bits("arp", 6, 2), "arp.src.hw_mac": Bits("arp", 8, 6, "mac"),
    "arp.src.proto_ipv4": Bits("arp", 14, 4, "ip"), "arp.dst.hw_mac": Bits("arp", 18, 6, "mac"),
    "arp.dst.proto_ipv4": Bits("arp", 24, 4, "ip"),
    "ip.version": Bits("ip", 0, 1, "number", 4, 4), "ip.hdr_len": Bits("ip", 0, 1, "words", 0, 4),
    "ip.dsfield": Bits("ip", 1, 1), "ip.len": Bits("ip", 2, 2), "ip.id": Bits("ip", 4, 2),
    "ip.flags.rb": _flag("ip", 6, 2, 15), "ip.flags.df": _flag("ip", 6, 2, 14), "ip.flags.mf": _flag("ip", 6, 2, 13),
    "ip.frag_offset": Bits("ip", 6, 2, "eights", 0, 13), "ip.ttl": Bits("ip", 8, 1), "ip.proto": Bits("ip", 9, 1),
    "ip.checksum": Bits("ip", 10, 2), "ip.src": Bits("ip", 12, 4, "ip"), "ip.dst": Bits("ip", 16, 4, "ip"),
    "tcp.srcport": Bits("tcp", 0, 2), "tcp.dstport": Bits("tcp", 2, 2), "tcp.seq": Bits("tcp", 4, 4, "seq"),
    "tcp.seq_raw": Bits("tcp", 4, 4), "tcp.ack": Bits("tcp", 8, 4, "ack"), "tcp.ack_raw": Bits("tcp", 8, 4),
    "tcp.hdr_len": Bits("tcp", 12, 1, "words", 4, 4), "tcp.flags": Bits("tcp", 13, 1, "flags"),
    "tcp.flags.fin": _flag("tcp", 13, 1, 0), "tcp.flags.syn": _flag("tcp", 13, 1, 1),
    "tcp.flags.reset": _flag("tcp", 13, 1, 2), "tcp.flags.push": _flag("tcp", 13, 1, 3),
    "tcp.flags.ack": _flag("tcp", 13, 1, 4), "tcp.flags.urg": _flag("tcp", 13, 1, 5),
    "tcp.flags.ece": _flag("tcp", 13, 1, 6), "tcp.flags.cwr": _flag("tcp", 13, 1, 7),
    "tcp.window_size_value": Bits("tcp", 14, 2), "tcp.checksum": Bits("tcp", 16, 2),
    "tcp.urgent_pointer": Bits("tcp", 18, 2),
    "udp.srcport": Bits("udp", 0, 2), "udp.dstport": Bits("udp", 2, 2), "udp.length": Bits("udp", 4, 2),
    "udp.checksum": Bits("udp", 6, 2),
    "icmp.type": Bits("icmp", 0, 1), "icmp.code": Bits("icmp", 1, 1), "icmp.checksum": Bits("icmp", 2, 2),
    "icmp.ident": Bits("icmp", 4, 2), "icmp.seq": Bits("icmp", 6, 2), "icmp.mtu": Bits("icmp", 6, 2),
    "dns.id": Bits("udp", 8, 2), "data": Bits("data", 0, 0, "data"),
}
_OPTIONS = {"tcp.options.mss_val": (2, 2, 2), "tcp.options.wscale.shift": (3, 2, 1),
            "tcp.options.timestamp.tsval": (8, 2, 4), "tcp.options.timestamp.tsecr": (8, 6, 4)}
"""Kind of the option, where its value stands in it, and how long that is."""
CHECKED = {ipv4.PROTO_TCP: ("tcp", 16), ipv4.PROTO_UDP: ("udp", 6), ipv4.PROTO_ICMP: ("icmp", 2),
           ipv4.PROTO_IGMP: ("igmp", 2)}
"""Protocols whose header has a checksum, and where."""


@dataclass(slots=True)
class Edited:
    """A frame after its changes, and what they were."""

    frame: bytes
    changes: list[str]


def edit(frame: bytes, text: str, context: Context | None = None, *, keep_checksums: bool = False) -> Edited:
    """Change fields, written ``name=value``; checksums follow unless they are kept or given. CommandError.

    `context` is what is known of its conversation, from whose beginning sequence numbers count.
    """
    editor = _Editor(bytearray(frame), context)
    changes = [editor.change(name, value) for name, value in changes_in(text)]
    if not changes:
        raise CommandError("edit what? Such as: edit 47 ip.ttl=1 tcp.seq=1000")
    if not keep_checksums:
        changes += editor.follow_up()
    return Edited(bytes(editor.frame), changes)


def changes_in(text: str) -> list[tuple[str, str]]:
    """Divide ``tcp.seq=1 data="x y"`` into names and values."""
    tidy = re.sub(r"(?:(?<=\s)|^)([\w.\[\]]+)=", lambda found: _as_word(found[1]) + "=", text.strip())
    return [(_as_name(name), value) for name, value in pairs(tidy)]


def _as_word(name: str) -> str:
    return name.replace(".", "__dot__").replace("[", "__at__").replace("]", "__end__")


def _as_name(word: str) -> str:
    return word.replace("__dot__", ".").replace("__at__", "[").replace("__end__", "]")


class _Editor:
    def __init__(self, frame: bytearray, context: Context | None) -> None:
        self.frame = frame
        self.bases = {"seq": context.seq_base, "ack": context.ack_base} if context else {"seq": 0, "ack": 0}
        self.touched: set[str] = set()

    def headers(self) -> dict[str, int]:
        """Return where each header of the frame begins."""
        frame = self.frame
        found = {"eth": 0}
        if frame[12:14] == b"\x08\x06":
            found["arp"] = 14
        elif frame[12:14] == b"\x08\x00" and len(frame) > 33:
            found["ip"] = 14
            inner = 14 + 4 * (frame[14] & 0x0F)
            if not int.from_bytes(frame[20:22], "big") & 0x1FFF:
                name = {6: "tcp", 17: "udp", 1: "icmp", 2: "igmp"}.get(frame[23], "other")
                found[name] = inner
                length = {"tcp": 4 * (frame[inner + 12] >> 4) if len(frame) > inner + 12 else 20}.get(name, 8)
                found["data"] = inner if name == "other" else inner + length
            else:
                found["data"] = inner
        return found

    def change(self, name: str, value: str) -> str:
        """Change one field; return what was changed, for a person."""
        byte = _BYTE.fullmatch(name)
        if byte is not None:
            return self._byte(int(byte[1]), value)
        if name in _OPTIONS:
            return self._option(name, value)
        if name in ("tcp.payload", "udp.payload", "data.data"):
            name = "data"
        place = PLACES.get(name)
        if place is None:
            known = [*PLACES, *_OPTIONS]
            raise CommandError(f"no field {name!r} can be changed{did_you_mean(name, known)}. "
                               f"Any byte can: frame[23]=0xff")
        headers = self.headers()
        if place.header not in headers:
            raise CommandError(f"the frame has no {name}: it carries {', '.join(headers)}")
        at = headers[place.header] + place.offset
        if place.kind == "data":
            return self._data(at, value)
        if at + place.length > len(self.frame):
            raise CommandError(f"the frame is too short for {name}")
        self.touched.add(name)
        return self._field(name, place, at, value)

    def _field(self, name: str, place: Bits, at: int, value: str) -> str:
        length = place.length
        old = bytes(self.frame[at:at + length])
        if place.kind == "mac":
            new = hexadecimal(value)
            if len(new) != 6:
                raise CommandError(f"{name} is a hardware address such as 02:00:00:00:00:01, not {value!r}")
            self.frame[at:at + 6] = new
            return f"{name}  {show_mac(old)} → {show_mac(new)}"
        if place.kind == "ip":
            new = parse_ip(value)
            self.frame[at:at + 4] = new
            return f"{name}  {show_ip(old)} → {show_ip(new)}"
        before = int.from_bytes(old, "big")
        bits = place.bits or 8 * length
        mask = (1 << bits) - 1
        shown = before >> place.shift & mask
        number, was = self._number(name, place, value, shown, mask)
        after = before & ~(mask << place.shift) | number << place.shift
        self.frame[at:at + length] = after.to_bytes(length, "big")
        if name.endswith("checksum"):
            return f"{name}  0x{before:04x} → 0x{after:04x}"
        return f"{name}  {was} → {value}"

    def _number(self, name: str, place: Bits, value: str, shown: int, mask: int) -> tuple[int, str]:
        """Return the number to store, and how the old one reads."""
        if place.kind == "flags" and value and not set(value.upper()) - set(FLAG_LETTERS):
            return sum(FLAG_LETTERS[letter] for letter in set(value.upper())), tcp.show_flags(shown) or "none"
        try:
            number = int(value.replace("_", ""), 0)
        except ValueError:
            raise CommandError(f"{name} is a number, not {value!r}") from None
        if place.kind in ("seq", "ack"):
            relative = (shown - self.bases[place.kind]) & 0xFFFFFFFF
            return (shown + number - relative) & 0xFFFFFFFF, str(relative)
        unit = {"words": 4, "eights": 8}.get(place.kind, 1)
        if number % unit or not 0 <= number // unit <= mask:
            per = f", a multiple of {unit}" if unit > 1 else ""
            raise CommandError(f"{name} is from 0 to {mask * unit}{per}, not {value}")
        return number // unit, str(shown * unit)

    def _byte(self, index: int, value: str) -> str:
        if index >= len(self.frame):
            raise CommandError(f"the frame has bytes 0 to {len(self.frame) - 1}, and none {index}")
        try:
            new = int(value, 0)
        except ValueError:
            new = -1
        if not 0 <= new <= 255:
            raise CommandError(f"a byte is from 0 to 255, or 0x00 to 0xff, not {value!r}")
        old, self.frame[index] = self.frame[index], new
        for name, at in self.headers().items():
            for known, place in PLACES.items():
                if place.header == name and "checksum" in known and at + place.offset <= index < at + place.offset + 2:
                    self.touched.add(known)
        return f"frame[{index}]  0x{old:02x} → 0x{new:02x}"

    def _option(self, name: str, value: str) -> str:
        kind, offset, length = _OPTIONS[name]
        at = self.headers().get("tcp", -1)
        end = self.headers().get("data", 0)
        at += 20
        while 20 <= at < end and self.frame[at] not in (0, kind):
            at += 1 if self.frame[at] == 1 else max(self.frame[at + 1], 2)
        if not 20 <= at < end or self.frame[at] != kind:
            raise CommandError(f"the frame has no {name}")
        old = int.from_bytes(self.frame[at + offset:at + offset + length], "big")
        new, _ = self._number(name, Bits("tcp", 0, length), value, old, (1 << 8 * length) - 1)
        self.frame[at + offset:at + offset + length] = new.to_bytes(length, "big")
        return f"{name}  {old} → {new}"

    def _data(self, at: int, value: str) -> str:
        new = payload(value)
        old = len(self.frame) - at
        del self.frame[at:]
        self.frame += new
        headers = self.headers()
        if "ip" in headers:
            if "ip.len" not in self.touched:
                self.frame[16:18] = min(len(self.frame) - 14, 0xFFFF).to_bytes(2, "big")
            if "udp" in headers and "udp.length" not in self.touched:
                start = headers["udp"]
                self.frame[start + 4:start + 6] = min(len(self.frame) - start, 0xFFFF).to_bytes(2, "big")
        return f"data  {old} bytes → {len(new)} bytes"

    def follow_up(self) -> list[str]:
        """Compute the checksums again; return those that changed."""
        frame, headers = self.frame, self.headers()
        if "ip" not in headers:
            return []
        changes = []
        inner = 14 + 4 * (frame[14] & 0x0F)
        if "ip.checksum" not in self.touched and 34 <= inner <= len(frame):
            frame_without = bytes(frame[14:24]) + b"\0\0" + bytes(frame[26:inner])
            changes += self._store("ip.checksum", 24, checksum(frame_without))
        known = CHECKED.get(frame[23])
        fragment = int.from_bytes(frame[20:22], "big") & 0x3FFF
        if known is None or fragment or f"{known[0]}.checksum" in self.touched:
            return changes
        at = inner + known[1]
        end = min(14 + int.from_bytes(frame[16:18], "big"), len(frame))
        if at + 2 > end or (known[0] == "udp" and frame[at:at + 2] == b"\0\0"):
            return changes
        body = bytes(frame[inner:at]) + b"\0\0" + bytes(frame[at + 2:end])
        if known[0] in ("tcp", "udp"):
            number = transport_checksum(bytes(frame[26:30]), bytes(frame[30:34]), frame[23], body)
            number = number or (0xFFFF if known[0] == "udp" else 0)
        else:
            number = checksum(body)
        return changes + self._store(f"{known[0]}.checksum", at, number)

    def _store(self, name: str, at: int, number: int) -> list[str]:
        old = int.from_bytes(self.frame[at:at + 2], "big")
        if old == number:
            return []
        self.frame[at:at + 2] = number.to_bytes(2, "big")
        return [f"{name}  0x{old:04x} → 0x{number:04x} (computed again)"]

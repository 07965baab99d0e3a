"""Zones as text: the master file format (RFC 1035 §5), as far as a small zone needs it."""

from __future__ import annotations

from typing import NamedTuple

from aether.apps.dns_cache import fold
from aether.wire import dns
from aether.wire.address import AddressError, parse_ip, show_ip

TYPES = {name: number for number, name in dns.TYPES.items() if number not in (dns.TYPE_OPT, dns.TYPE_ANY)}
UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
DEFAULT_TTL = 3_600
LONGEST_ZONE = 1_000_000
"""Characters of a zone at the most."""


class ZoneError(ValueError):
    """A zone that cannot be read; the text names the line."""


class Zone:
    """The records of one zone by name; names that only have names below them are there too, without records."""

    __slots__ = ("names", "origin", "soa")

    def __init__(self, soa: dns.Record) -> None:
        self.origin = fold(soa.name)
        self.soa = soa
        self.names: dict[str, list[dns.Record]] = {self.origin: [soa]}

    def add(self, record: dns.Record) -> None:
        """Add a record, and the names between it and the origin."""
        name = fold(record.name)
        self.names.setdefault(name, []).append(record)
        while name != self.origin and "." in name:
            name = name.partition(".")[2]
            self.names.setdefault(name, [])

    def holds(self, name: str) -> bool:
        """Tell whether a name belongs to this zone."""
        return self.origin == "." or fold(name) == self.origin or fold(name).endswith("." + self.origin)


class ZoneLine(NamedTuple):
    """One entry of the file: its words, and whether it repeats the name before."""

    number: int
    words: list[str]
    same_name: bool


def parse_zones(text: str) -> list[Zone]:
    """Return the zones in a text, one for each SOA, the most specific first; ZoneError names the line."""
    if len(text) > LONGEST_ZONE:
        raise ZoneError(f"a zone has at most {LONGEST_ZONE} characters, not {len(text)}")
    records = _Reader().read(text)
    zones = [Zone(record) for record in records if record.type == dns.TYPE_SOA]
    if not zones:
        raise ZoneError("a zone needs an SOA record")
    zones.sort(key=_most_labels)
    for record in records:
        zone = next((zone for zone in zones if zone.holds(record.name)), None)
        if zone is None:
            raise ZoneError(f"{record.name} is in none of the zones that have an SOA record")
        if record.type != dns.TYPE_SOA:
            zone.add(record)
    for zone in zones:
        _check(zone)
    return zones


def _most_labels(zone: Zone) -> tuple[int, str]:
    return -zone.origin.count("."), zone.origin


def _check(zone: Zone) -> None:
    for name, records in zone.names.items():
        if any(each.type == dns.TYPE_CNAME for each in records) and len(records) > 1:
            raise ZoneError(f"{name} is an alias, and may have no other records (RFC 1034 §3.6.2)")


class _Reader:
    """Reads a file; what $ORIGIN and $TTL said, and the last name, hold for the lines that follow."""

    def __init__(self) -> None:
        self.origin = "."
        self.ttl = DEFAULT_TTL
        self.name = ""

    def read(self, text: str) -> list[dns.Record]:
        records = []
        for line in _lines(text):
            try:
                record = self._line(line)
            except (ValueError, IndexError) as problem:
                said = str(problem) if isinstance(problem, ValueError) else "something is missing"
                raise ZoneError(f"line {line.number}: {said}") from None
            if record is not None:
                records.append(record)
        return records

    def _line(self, line: ZoneLine) -> dns.Record | None:
        words = list(line.words)
        if words[0] == "$ORIGIN":
            self.origin = self._absolute(words[1])
            return None
        if words[0] == "$TTL":
            self.ttl = _seconds(words[1])
            return None
        if words[0].startswith("$"):
            raise ValueError(f"{words[0]} is not supported: $ORIGIN and $TTL are")
        if not line.same_name:
            self.name = self._absolute(words.pop(0))
        elif not self.name:
            raise ValueError("the first record needs a name")
        ttl = self.ttl
        while words[0].upper() == "IN" or words[0][0].isdigit():
            word = words.pop(0)
            ttl = ttl if word.upper() == "IN" else _seconds(word)
        kind = words.pop(0).upper()
        if kind not in TYPES:
            raise ValueError(f"no record type {kind!r} here. There are: {', '.join(TYPES)}")
        record = dns.Record(self.name, TYPES[kind], ttl, self._data(kind, words))
        dns.build(dns.DnsMessage(0, answers=[record]))  # whatever cannot be on the wire is found now
        return record

    def _data(self, kind: str, words: list[str]) -> dns.Data:
        if kind == "TXT":
            if not words:
                raise ValueError("TXT needs a text")
            return dns.Text(tuple(word.encode("utf-8", "surrogateescape") for word in words))
        need = {"MX": 2, "SRV": 4, "SOA": 7}.get(kind, 1)
        if len(words) != need:
            raise ValueError(f"{kind} takes {need} {'word' if need == 1 else 'words'}, not {len(words)}")
        if kind == "A":
            return parse_ip(words[0])
        if kind == "AAAA":
            return parse_ipv6(words[0])
        if kind == "MX":
            return dns.Mx(_number(words[0]), self._absolute(words[1]))
        if kind == "SRV":
            return dns.Srv(_number(words[0]), _number(words[1]), _number(words[2]), self._absolute(words[3]))
        if kind == "SOA":
            times = [_seconds(word) for word in words[3:]]
            return dns.Soa(self._absolute(words[0]), self._absolute(words[1]), int(words[2]) & 0xFFFFFFFF, *times)
        return self._absolute(words[0])

    def _absolute(self, name: str) -> str:
        if name == "@":
            return self.origin
        if name.endswith("."):
            name = name.removesuffix(".") or "."
        elif self.origin != ".":
            name = f"{name}.{self.origin}"
        dns.labels_of(name)
        return name


def _number(word: str) -> int:
    if not (word.isascii() and word.isdigit() and int(word) <= 0xFFFF):
        raise ValueError(f"a number from 0 to 65535 belongs here, not {word!r}")
    return int(word)


def _seconds(word: str) -> int:
    """Return a time in seconds: ``3600``, ``1h`` or ``2d``."""
    factor = UNITS.get(word[-1].lower(), 0)
    digits = word[:-1] if factor else word
    if not (digits.isascii() and digits.isdigit()) or int(digits) * (factor or 1) >= 1 << 31:
        raise ValueError(f"a time such as 3600, 1h or 2d belongs here, not {word!r}")
    return int(digits) * (factor or 1)


def _lines(text: str) -> list[ZoneLine]:
    """Cut a file into entries: comments are taken out, parentheses join lines (RFC 1035 §5.1)."""
    found: list[ZoneLine] = []
    depth, current = 0, ZoneLine(0, [], False)
    for number, raw in enumerate(text.splitlines(), 1):
        if depth == 0:
            current = ZoneLine(number, [], raw[:1] in (" ", "\t"))
        at = 0
        while at < len(raw):
            char = raw[at]
            if char == ";":
                break
            if char in "()":
                depth += 1 if char == "(" else -1
                at += 1
            elif char.isspace():
                at += 1
            elif char == '"':
                end = raw.find('"', at + 1)
                if end < 0:
                    raise ZoneError(f"line {number}: a quote that is not closed")
                current.words.append(raw[at + 1:end])
                at = end + 1
            else:
                end = at
                while end < len(raw) and not raw[end].isspace() and raw[end] not in '();"':
                    end += 1
                current.words.append(raw[at:end])
                at = end
        if depth < 0:
            raise ZoneError(f"line {number}: a parenthesis that was not opened")
        if depth == 0 and current.words:
            found.append(current)
    if depth:
        raise ZoneError("a parenthesis that is not closed")
    return found


def show_data(record: dns.Record) -> str:
    """Return a record's data as a person, or a zone file, writes it."""
    data = record.data
    if isinstance(data, str):
        return data
    if isinstance(data, dns.Text):
        return " ".join('"' + string.decode("utf-8", "backslashreplace").replace('"', '\\"') + '"'
                        for string in data.strings)
    if isinstance(data, dns.Options):
        return f"{len(data.options)} options"
    if isinstance(data, tuple):
        return " ".join(map(str, data))
    if record.type == dns.TYPE_A and len(data) == 4:
        return show_ip(data)
    if record.type == dns.TYPE_AAAA and len(data) == 16:
        return show_ipv6(data)
    return data.hex()


def show_ipv6(address: bytes) -> str:
    """Return an IPv6 address as text (RFC 5952 §4): the longest run of zeros becomes ``::``."""
    groups = [int.from_bytes(address[at:at + 2], "big") for at in range(0, 16, 2)]
    best, length = 0, 0
    for start in range(8):
        end = start
        while end < 8 and not groups[end]:
            end += 1
        if end - start > length:
            best, length = start, end - start
    words = [f"{group:x}" for group in groups]
    if length < 2:
        return ":".join(words)
    return ":".join(words[:best]) + "::" + ":".join(words[best + length:])


def parse_ipv6(text: str) -> bytes:
    """Return 16 bytes; AddressError for anything else (RFC 4291 §2.2)."""
    wrong = AddressError(f"an IPv6 address such as 2001:db8::1 belongs here, not {text!r}")
    left, gap, right = text.partition("::")
    if "::" in right:
        raise wrong
    head, tail = _groups(left, wrong), _groups(right, wrong)
    missing = 16 - len(head) - len(tail)
    if missing < 0 or (missing and not gap) or (gap and not missing):
        raise wrong
    return head + bytes(missing) + tail


def _groups(text: str, wrong: AddressError) -> bytes:
    groups = text.split(":") if text else []
    if any(not 1 <= len(group) <= 4 or group.strip("0123456789abcdefABCDEF") for group in groups):
        raise wrong
    return b"".join(int(group, 16).to_bytes(2, "big") for group in groups)


def reverse_name(address: bytes) -> str:
    """Return the name under which an address is looked up backwards (RFC 1035 §3.5, RFC 3596 §2.5)."""
    if len(address) == 4:
        return ".".join(map(str, reversed(address))) + ".in-addr.arpa"
    return ".".join(reversed(address.hex())) + ".ip6.arpa"

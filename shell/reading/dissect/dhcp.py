"""DHCP messages (RFC 2131, RFC 2132), options in their order as they are on the wire."""

from __future__ import annotations

from collections.abc import Callable

from aether.wire import dhcp
from aether.wire.error import WireError
from shell.reading.dissect.tree import (
    CutShort,
    Reader,
    Show,
    Tree,
    colons,
    decimal,
    hexadecimal,
    ip,
    mac,
    number,
    problem_of,
    yes,
)


def _text(data: bytes) -> str:
    return data.partition(b"\0")[0].decode("utf-8", "replace")


_OPTIONS: dict[int, tuple[str, str, int, Show]] = {
    1: ("subnet_mask", "subnet mask", 4, ip), 2: ("time_offset", "time offset", 4, decimal),
    3: ("router", "router", 4, ip), 4: ("time_server", "time server", 4, ip), 5: ("name_server", "name server", 4, ip),
    6: ("domain_name_server", "DNS server", 4, ip), 7: ("log_server", "log server", 4, ip),
    12: ("hostname", "host name", 0, _text), 15: ("domain_name", "domain", 0, _text),
    23: ("default_ip_ttl", "time to live", 1, decimal), 26: ("interface_mtu", "MTU", 2, decimal),
    28: ("broadcast_address", "broadcast address", 4, ip), 42: ("ntp_server", "time server", 4, ip),
    50: ("requested_ip_address", "wanted address", 4, ip), 51: ("ip_address_lease_time", "lease", 4, decimal),
    52: ("option_overload", "options elsewhere too", 1, decimal), 53: ("dhcp", "message", 1, decimal),
    54: ("dhcp_server_id", "server", 4, ip), 55: ("request_list_item", "asks for option", 1, decimal),
    56: ("message", "why", 0, _text), 57: ("dhcp_max_message_size", "longest message", 2, decimal),
    58: ("renewal_time_value", "renew after", 4, decimal), 59: ("rebinding_time_value", "rebind after", 4, decimal),
    60: ("vendor_class_id", "vendor", 0, _text), 66: ("tftp_server_name", "boot server", 0, _text),
    67: ("bootfile_name", "boot file", 0, _text),
}
"""The field of each option, what it is called, the bytes of each value (0: all), and how it is written."""
_SECONDS = (51, 58, 59)


def dhcp_message(tree: Tree, start: int, end: int) -> None:
    """Take a message apart."""
    body = tree.frame[start:end]
    layer = tree.layer("h", "dhcp", start, len(body))
    try:
        found = dhcp.parse(body)
        layer.summary = dhcp.NAMES.get(found.message_type, "BOOTP")
    except WireError as problem:
        layer.summary, layer.problem = "malformed", problem_of(problem)
    reader = Reader(tree, layer, start, end)
    overload = _overload(body)
    try:
        _header(reader, overload)
        if reader.peek(4) == dhcp.COOKIE:
            reader.take("dhcp.cookie", "cookie", 4, ip)
            for begin, stop in _areas(reader, start, overload):
                _options(Reader(tree, layer, begin, stop))
    except CutShort:
        return


def _overload(body: bytes) -> int:
    """Return what option 52 says: 1 if the field for the boot file has options, 2 that for the server's name."""
    at = 240
    while at + 2 < len(body) and body[at] != 255:
        if body[at] == 52 and body[at + 1] == 1:
            return body[at + 2] & 3
        at += 2 + body[at + 1] if body[at] else 1
    return 0


def _areas(reader: Reader, start: int, overload: int) -> list[tuple[int, int]]:
    """Return where options begin and end, in the order in which they count (RFC 2131 §4.1)."""
    places = [(reader.at, reader.end)]
    if overload & 1:
        places.append((start + 108, start + 236))
    if overload & 2:
        places.append((start + 44, start + 108))
    return places


def _header(reader: Reader, overload: int) -> None:
    kind, hardware, length = reader.peek(3)
    reader.take("dhcp.type", "from", 1, decimal, {1: "1 (a client)", 2: "2 (a server)"}.get(kind))
    reader.take("dhcp.hw.type", "hardware", 1, hexadecimal)
    reader.take("dhcp.hw.len", "length of its address", 1)
    reader.take("dhcp.hops", "relays", 1)
    reader.take("dhcp.id", "transaction", 4, hexadecimal)
    reader.take("dhcp.secs", "seconds", 2)
    flags = number(reader.peek(2))
    reader.take("dhcp.flags", "flags", 2, hexadecimal, "answer by broadcast" if flags & 0x8000 else None)
    reader.parts(reader.at - 2, 2, ("dhcp.flags.bc", "broadcast", yes(flags & 0x8000)),
                 ("dhcp.flags.reserved", "reserved", f"0x{flags & 0x7FFF:04x}"))
    for name, label in (
            ("client", "client has"), ("your", "client gets"), ("server", "next server"), ("relay", "relay")):
        reader.take(f"dhcp.ip.{name}", label, 4, ip)
    if hardware in (1, 6) and length == 6:
        reader.take("dhcp.hw.mac_addr", "client's MAC", 6, mac)
        reader.take("dhcp.hw.addr_padding", "padding", 10, colons, part=True)
    elif 0 < length <= 16:
        reader.take("dhcp.hw.addr", "client's address", length, colons)
        if length < 16:
            reader.take("dhcp.hw.addr_padding", "padding", 16 - length, colons, part=True)
    else:
        reader.peek(16)
        reader.at += 16
    for name, label, size, bit in (("server", "server's name", 64, 2), ("file", "boot file", 128, 1)):
        if overload & bit:
            reader.peek(size)
            reader.at += size
        else:
            reader.take(f"dhcp.{name}", label, size, _text)


def _options(reader: Reader) -> None:
    while reader.left:
        kind = reader.peek(1)[0]
        if kind == 0:
            reader.at += 1
            continue
        if kind == 255:
            reader.take("dhcp.option.end", "end of options", 1)
            return
        length = reader.peek(1, 1)[0]
        name, label, size, show = _OPTIONS.get(kind, ("", f"option {kind}", 0, colons))
        reader.add("dhcp.option.type", "option", reader.at, 1, str(kind), f"{kind} ({label})", part=bool(name))
        reader.parts(reader.at + 1, 1, ("dhcp.option.length", "length", str(length)))
        value = reader.peek(length, 2)
        if value:
            reader.parts(reader.at + 2, len(value), ("dhcp.option.value", "value", colons(value)))
        if kind == 61:
            _client(reader, value)
        elif name:
            _values(reader, kind, f"dhcp.option.{name}", label, value, size, show)
        reader.at += 2 + len(value)


def _values(reader: Reader, kind: int, name: str, label: str, value: bytes, size: int, show: Show) -> None:
    for at in range(0, len(value) - (size or 1) + 1, size or max(len(value), 1)):
        data = value[at:at + size] if size else value
        said: Callable[[bytes], str] = show
        text = said(data)
        if kind == 53:
            text = f"{data[0]} ({dhcp.NAMES.get(data[0], 'unknown')})"
        elif kind in _SECONDS:
            text = f"{text} s"
        reader.add(name, label, reader.at + 2 + at, len(data), show(data), text)


def _client(reader: Reader, value: bytes) -> None:
    """Add the identifier of the client (RFC 2132 §9.14)."""
    if len(value) == 7 and value[0] == 1:
        reader.add("dhcp.hw.type", "client's identifier", reader.at + 2, 1, "0x01", part=True)
        reader.add("dhcp.hw.mac_addr", "client's identifier", reader.at + 3, 6, mac(value[1:]))
    elif value:
        reader.add("dhcp.option.client_id", "client's identifier", reader.at + 2, len(value), colons(value))

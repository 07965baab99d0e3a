"""DHCP messages (RFC 2131, RFC 2132), options in their order as they are on the wire."""

from __future__ import annotations

from aether.reading.context import IpLayer
from aether.reading.layout import Field, Words, counted, named
from aether.reading.tree import Cursor, CutShort, Protocol, Tree, problem_of
from aether.reading.types import BOOLEAN, BYTES, ETHER, IPV4, TEXT, UINT8, UINT16, UINT32, Type
from aether.wire import dhcp
from aether.wire.error import WireError

FIXED = 240
"""Bytes in front of the options, the cookie included."""
SERVER_NAME, BOOT_FILE = (44, 108), (108, 236)
"""Where the fields are that may have options instead (RFC 2132 §9.3)."""
MAX_OPTIONS = 400
"""Options of an area that are read."""
PAD, OVERLOAD, CLIENT_ID, END = 0, 52, 61, 255
IN_FILE, IN_NAME = 1, 2

TYPE = Field("dhcp.type", UINT8, "from", "1 from a client, 2 from a server", 0,
             words=lambda value: {1: "1 (a client)", 2: "2 (a server)"}.get(value, str(value)))
HW_TYPE = Field("dhcp.hw.type", UINT8, "hardware", "kind of hardware address; 1 is Ethernet", 1, hexadecimal=True)
HW_LEN = Field("dhcp.hw.len", UINT8, "length of its address", "length of the hardware address in bytes", 2)
HOPS = Field("dhcp.hops", UINT8, "relays", "how many relays passed it on", 3)
ID = Field("dhcp.id", UINT32, "transaction", "number of the transaction", 4, hexadecimal=True)
SECS = Field("dhcp.secs", UINT16, "seconds", "seconds since the client began", 8)
FLAGS = Field("dhcp.flags", UINT16, "flags", "the flags as a number", 10, hexadecimal=True,
              words=lambda value: "answer by broadcast" if value & 0x8000 else f"0x{value:04x}")
BROADCAST = Field("dhcp.flags.bc", BOOLEAN, "broadcast", "answer by broadcast, please", 10, 2, 0x8000, part=True)
RESERVED = Field("dhcp.flags.reserved", UINT16, "reserved", "the other flags", 10, mask=0x7FFF, hexadecimal=True,
                 part=True)
CLIENT = Field("dhcp.ip.client", IPV4, "client has", "the address that the client has", 12)
YOUR = Field("dhcp.ip.your", IPV4, "client gets", "the address that the client is given", 16)
NEXT = Field("dhcp.ip.server", IPV4, "next server", "the next server", 20)
RELAY = Field("dhcp.ip.relay", IPV4, "relay", "the relay that passed it on", 24)
MAC = Field("dhcp.hw.mac_addr", ETHER, "client's MAC", "the client's Ethernet address, also as its identifier")
HW_ADDR = Field("dhcp.hw.addr", BYTES, "client's address", "the client's hardware address, if it is no Ethernet one")
HW_PADDING = Field("dhcp.hw.addr_padding", BYTES, "padding", "what follows the hardware address", part=True)
SERVER = Field("dhcp.server", TEXT, "server's name", "the server's name")
FILE = Field("dhcp.file", TEXT, "boot file", "the file to boot")
COOKIE = Field("dhcp.cookie", IPV4, "cookie", "99.130.83.99, which tells DHCP from BOOTP")
OPTION = Field("dhcp.option.type", UINT8, "option", "the number of each option; Wireshark counts the end as 0")
LENGTH = Field("dhcp.option.length", UINT8, "length", "the length of each option in bytes", part=True)
VALUE = Field("dhcp.option.value", BYTES, "value", "the data of each option", part=True)
OPTION_END = Field("dhcp.option.end", UINT8, "end of options", "255, the end of the options")
IDENTIFIER = Field("dhcp.option.client_id", BYTES, "client's identifier", "what the client calls itself", ours=True)
MESSAGES = {name.lower(): number for number, name in dhcp.NAMES.items()}


def _option(name: str, kind: Type, label: str, help: str, words: Words | None = None) -> Field:
    return Field(f"dhcp.option.{name}", kind, label, help, words=words)


OPTIONS = {
    53: Field("dhcp.option.dhcp", UINT8, "message",
              "1 discover, 2 offer, 3 request, 4 decline, 5 ack, 6 nak, 7 release, 8 inform", words=named(dhcp.NAMES),
              names=MESSAGES),
    1: _option("subnet_mask", IPV4, "subnet mask", "the network's mask"),
    2: _option("time_offset", UINT32, "time offset", "seconds from UTC"),
    3: _option("router", IPV4, "router", "routers"),
    4: _option("time_server", IPV4, "time server", "servers of the protocol 'time' (RFC 868)"),
    5: _option("name_server", IPV4, "name server", "name servers of IEN 116"),
    6: _option("domain_name_server", IPV4, "DNS server", "DNS servers"),
    7: _option("log_server", IPV4, "log server", "log servers"),
    12: _option("hostname", TEXT, "host name", "the client's name"),
    15: _option("domain_name", TEXT, "domain", "the domain's name"),
    23: _option("default_ip_ttl", UINT8, "time to live", "the time to live of packets"),
    26: _option("interface_mtu", UINT16, "MTU", "the MTU"),
    28: _option("broadcast_address", IPV4, "broadcast address", "the broadcast address"),
    42: _option("ntp_server", IPV4, "time server", "servers of NTP"),
    50: _option("requested_ip_address", IPV4, "wanted address", "the address that the client asks for"),
    51: _option("ip_address_lease_time", UINT32, "lease", "for how many seconds", counted("s")),
    52: _option("option_overload", UINT8, "options elsewhere too",
                "which fields have options: 1 the boot file, 2 the server's name, 3 both"),
    54: _option("dhcp_server_id", IPV4, "server", "which server"),
    55: _option("request_list_item", UINT8, "asks for option", "the options that the client asks for"),
    56: _option("message", TEXT, "why", "why not"),
    57: _option("dhcp_max_message_size", UINT16, "longest message", "the longest message that the client takes"),
    58: _option("renewal_time_value", UINT32, "renew after", "seconds until the lease is renewed (T1)", counted("s")),
    59: _option("rebinding_time_value", UINT32, "rebind after", "seconds until any server is asked (T2)",
                counted("s")),
    60: _option("vendor_class_id", TEXT, "vendor", "what the client is"),
    66: _option("tftp_server_name", TEXT, "boot server", "the server that has the boot file"),
    67: _option("bootfile_name", TEXT, "boot file", "the file to boot, as an option"),
}
"""The field of each option; one that has addresses or numbers may have several."""


def read(tree: Tree, start: int, end: int, ip: IpLayer | None) -> int:
    """Read a message."""
    body = tree.frame[start:end]
    layer = tree.layer(PROTOCOL, start, len(body))
    if tree.wordy:
        try:
            layer.summary = dhcp.NAMES.get(dhcp.parse(body).message_type, "BOOTP")
        except WireError as problem:
            layer.summary, layer.problem = "malformed", problem_of(problem)
            if is_bootp(body):
                layer.summary, layer.problem = "BOOTP", ""
    cursor = Cursor(tree, layer, start, end)
    overload = _overload(body)
    try:
        _header(cursor, overload)
        if cursor.peek(4) == dhcp.COOKIE:
            cursor.take(COOKIE)
            _options(cursor, start)
    except CutShort:
        pass
    return end


def is_bootp(body: bytes) -> bool:
    """Tell whether a message is whole and has no cookie: BOOTP, which the stack does not take (RFC 951)."""
    return len(body) >= FIXED - len(dhcp.COOKIE) and body[0] in (dhcp.BOOT_REQUEST, dhcp.BOOT_REPLY) and (
        body[FIXED - len(dhcp.COOKIE):FIXED] != dhcp.COOKIE)


def _overload(body: bytes) -> int:
    """Return what option 52 says: 1 if the field for the boot file has options, 2 that for the server's name."""
    at = FIXED
    while at + 2 < len(body) and body[at] != END:
        if body[at] == OVERLOAD and body[at + 1] == 1:
            return body[at + 2] if body[at + 2] <= IN_FILE | IN_NAME else 0
        at += 2 + body[at + 1] if body[at] else 1
    return 0


def _header(cursor: Cursor, overload: int) -> None:
    _, hardware, length = cursor.peek(3)
    cursor.header(TYPE, HW_TYPE, HW_LEN, HOPS, ID, SECS, FLAGS, BROADCAST, RESERVED, CLIENT, YOUR, NEXT, RELAY)
    if hardware in (1, 6) and length == 6:
        cursor.take(MAC)
        cursor.take(HW_PADDING, size=10)
    elif 0 < length <= 16:
        cursor.take(HW_ADDR, size=length)
        if length < 16:
            cursor.take(HW_PADDING, size=16 - length)
    else:
        cursor.skip(16)
    for field, (at, stop), bit in ((SERVER, SERVER_NAME, IN_NAME), (FILE, BOOT_FILE, IN_FILE)):
        data = cursor.peek(stop - at)
        if not overload & bit:
            cursor.add(field, cursor.at, stop - at, _text(data))
        cursor.skip(stop - at)


def _text(data: bytes) -> str:
    return data.partition(b"\0")[0].decode("utf-8", "replace")


def _elsewhere(cursor: Cursor, message: int, overload: int) -> None:
    """Add the options in fields of the header, where option 52 says so; in the order in which Wireshark has them."""
    for bit, (at, stop) in ((IN_NAME, SERVER_NAME), (IN_FILE, BOOT_FILE)):
        if overload & bit:
            _options(Cursor(cursor.tree, cursor.layer, message + at, message + stop), -1)


def _options(cursor: Cursor, message: int) -> None:
    """Add options; `message` is where the message begins, -1 for options that are elsewhere themselves."""
    for _ in range(MAX_OPTIONS):
        while cursor.left and cursor.number(1) == PAD:
            cursor.skip(1)
        if not cursor.left:
            return
        kind = cursor.number(1)
        if kind == END:
            cursor.take(OPTION_END)
            return
        length = cursor.number(1, 1)
        field = OPTIONS.get(kind)
        label = field.label if field is not None else f"option {kind}"
        at = cursor.at
        cursor.add(OPTION, at, 1, kind, f"{kind} ({label})", part=field is not None)
        cursor.add(LENGTH, at + 1, 1, length)
        value = cursor.peek(length, 2)
        if value:
            cursor.add(VALUE, at + 2, length, value)
        if kind == CLIENT_ID:
            _client(cursor, at + 2, value)
        elif field is not None:
            _values(cursor, field, at + 2, value)
        cursor.skip(2 + length)
        if kind == OVERLOAD and length == 1 and message >= 0:
            _elsewhere(cursor, message, value[0] if value[0] <= IN_FILE | IN_NAME else 0)
            message = -1


def _values(cursor: Cursor, field: Field, at: int, value: bytes) -> None:
    if field.type is TEXT:
        if value:
            cursor.add(field, at, len(value), _text(value))
        return
    size = field.width
    for place in range(0, len(value) - size + 1, size):
        cursor.add(field, at + place, size, field.of(value[place:place + size]))


def _client(cursor: Cursor, at: int, value: bytes) -> None:
    """Add the identifier of the client (RFC 2132 §9.14)."""
    if len(value) == 7 and value[0] == 1:
        cursor.add(HW_TYPE, at, 1, 1, label=IDENTIFIER.label, part=True)
        cursor.add(MAC, at + 1, 6, value[1:], label=IDENTIFIER.label)
    elif value:
        cursor.add(IDENTIFIER, at, len(value), value)


PROTOCOL = Protocol("dhcp", "DHCP", "h", "the Dynamic Host Configuration Protocol", (
    *OPTIONS.values(), TYPE, ID, SECS, FLAGS, BROADCAST, RESERVED, CLIENT, YOUR, NEXT, RELAY, MAC, HW_TYPE, HW_LEN,
    HW_ADDR, HW_PADDING, HOPS, SERVER, FILE, COOKIE, OPTION, OPTION_END, LENGTH, VALUE, IDENTIFIER), read,
    (("udp.port", 67), ("udp.port", 68)))

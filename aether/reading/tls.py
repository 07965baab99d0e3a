"""TLS records and handshakes (RFC 8446, RFC 5246): what is in the clear of them, as far as it stands in one segment."""

from __future__ import annotations

from contextlib import suppress

from aether.reading.context import IpLayer
from aether.reading.layout import Field, named
from aether.reading.tcp import PAYLOAD, PORTS
from aether.reading.tree import Cursor, CutShort, Protocol, Tree
from aether.reading.types import BOOLEAN, BYTES, NUMBER, TEXT, UINT8, UINT16

CHANGE, ALERT, HANDSHAKE, APPLICATION, HEARTBEAT = 20, 21, 22, 23, 24
RECORD_HEADER, MESSAGE_HEADER = 5, 4
CLIENT_HELLO, SERVER_HELLO = 1, 2
SERVER_NAME, GROUPS, ALPN, VERSIONS = 0, 10, 16, 43
_CONTENT = {CHANGE: "change cipher spec", ALERT: "alert", HANDSHAKE: "handshake", APPLICATION: "application data",
            HEARTBEAT: "heartbeat"}
_MESSAGES = {
    0: "hello request", 1: "client hello", 2: "server hello", 4: "new session ticket", 8: "encrypted extensions",
    11: "certificate", 12: "server key exchange", 13: "certificate request", 14: "server hello done",
    15: "certificate verify", 16: "client key exchange", 20: "finished", 22: "certificate status"}
_VERSIONS = {0x0300: "SSL 3.0", 0x0301: "TLS 1.0", 0x0302: "TLS 1.1", 0x0303: "TLS 1.2", 0x0304: "TLS 1.3"}
_LEVELS = {1: "warning", 2: "fatal"}
_ALERTS = {0: "close notify", 10: "unexpected message", 20: "bad record MAC", 40: "handshake failure",
           42: "bad certificate", 45: "certificate expired", 46: "certificate unknown", 47: "illegal parameter",
           48: "unknown CA", 50: "decode error", 51: "decrypt error", 70: "protocol version", 80: "internal error",
           112: "unrecognized name", 120: "no application protocol"}


def _version(name: str, label: str, help: str) -> Field:
    return Field(name, UINT16, label, help, hexadecimal=True, words=lambda value: (
        f"0x{value:04x} {_VERSIONS.get(value, '')}".strip()))


def _there(name: str, label: str, help: str) -> Field:
    return Field(name, BOOLEAN, label, help, silent=True)


RECORD = _there("tls.record", "record", "a record")
CONTENT = Field("tls.record.content_type", UINT8, "content", "20 change cipher spec, 21 alert, 22 handshake, 23 data",
                words=named(_CONTENT), part=True)
RECORD_VERSION = _version("tls.record.version", "version", "the version that the record names; the oldest, in a hello")
RECORD_LENGTH = Field("tls.record.length", UINT16, "bytes", "bytes of the record", part=True)
CHANGED = _there("tls.change_cipher_spec", "change cipher spec", "from here on it is encrypted")
ALERTED = _there("tls.alert_message", "alert", "an alert in the clear")
LEVEL = Field("tls.alert_message.level", UINT8, "level", "1 a warning, 2 fatal", words=named(_LEVELS), part=True)
DESCRIPTION = Field("tls.alert_message.desc", UINT8, "says", "what is wrong; 0: nothing, the end",
                    words=named(_ALERTS), part=True)
APP_DATA = Field("tls.app_data", BYTES, "application data", "what the application says, encrypted",
                 words=lambda raw: f"{len(raw)} bytes, encrypted")
MESSAGE = _there("tls.handshake", "handshake", "a message of the handshake, in the clear or not")
TYPE = Field("tls.handshake.type", UINT8, "type", "1 client hello, 2 server hello, 11 certificate",
             words=named(_MESSAGES), part=True)
LENGTH = Field("tls.handshake.length", NUMBER, "bytes", "bytes of the message", size=3, part=True)
VERSION = _version("tls.handshake.version", "version", "the version of a hello; TLS 1.3 says so in an extension")
RANDOM = Field("tls.handshake.random", BYTES, "random", "32 random bytes")
SESSION_LENGTH = Field("tls.handshake.session_id_length", UINT8, "bytes", "bytes of its identifier", part=True)
SESSION = Field("tls.handshake.session_id", BYTES, "session", "identifier of a session that is to go on")
SUITES_LENGTH = Field("tls.handshake.cipher_suites_length", UINT16, "bytes of suites", "bytes of the list", part=True)
SUITE = Field("tls.handshake.ciphersuite", UINT16, "cipher suite", "a cipher suite that is offered, or chosen",
              hexadecimal=True)
METHODS_LENGTH = Field("tls.handshake.comp_methods_length", UINT8, "methods", "how many methods of compression",
                       part=True)
METHOD = Field("tls.handshake.comp_method", UINT8, "compression", "a method of compression; 0 is none")
EXTENSIONS_LENGTH = Field("tls.handshake.extensions_length", UINT16, "bytes of extensions", "bytes of all extensions")
KIND = Field("tls.handshake.extension.type", UINT16, "extension", "0 server name, 16 ALPN, 43 versions",
             words=named({SERVER_NAME: "server name", GROUPS: "supported groups", ALPN: "ALPN",
                          VERSIONS: "supported versions", 13: "signature algorithms", 35: "session ticket",
                          51: "key share", 45: "key exchange modes"}, "another"))
SIZE = Field("tls.handshake.extension.len", UINT16, "bytes", "bytes of the extension", part=True)
NAMES_LENGTH = Field("tls.handshake.extensions_server_name_list_len", UINT16, "bytes of names", "bytes of the list",
                     part=True)
NAME_TYPE = Field("tls.handshake.extensions_server_name_type", UINT8, "name type", "0: the name of a host", part=True)
NAME_LENGTH = Field("tls.handshake.extensions_server_name_len", UINT16, "characters", "characters of the name",
                    part=True)
NAME = Field("tls.handshake.extensions_server_name", TEXT, "server name", "the server that is asked for, in the clear")
ALPN_LENGTH = Field("tls.handshake.extensions_alpn_len", UINT16, "bytes of protocols", "bytes of the list", part=True)
ALPN_SIZE = Field("tls.handshake.extensions_alpn_str_len", UINT8, "characters", "characters of the protocol", part=True)
ALPN_NAME = Field("tls.handshake.extensions_alpn_str", TEXT, "protocol", "what is to be spoken inside, such as h2")
VERSIONS_LENGTH = Field("tls.handshake.extensions.supported_versions_len", UINT8, "bytes of versions",
                        "bytes of the list", part=True)
SUPPORTED = _version("tls.handshake.extensions.supported_version", "supports", "a version that is offered, or chosen")
GROUPS_LENGTH = Field("tls.handshake.extensions_supported_groups_length", UINT16, "bytes of groups",
                      "bytes of the list", part=True)
GROUP = Field("tls.handshake.extensions_supported_group", UINT16, "group", "a group for the exchange of keys",
              hexadecimal=True)


def _is_record(data: bytes) -> bool:
    """Tell whether a record begins here."""
    return len(data) >= RECORD_HEADER and CHANGE <= data[0] <= HEARTBEAT and data[1] == 3 and data[2] <= 4


def read(tree: Tree, start: int, end: int, ip: IpLayer | None) -> int:
    """Read a segment's payload if it begins with a record; return where it begins if it does not."""
    if not _is_record(tree.frame[start:end]):
        return start
    layer = tree.layer(PROTOCOL, start, end - start)
    cursor = Cursor(tree, layer, start, end)
    cursor.add(PAYLOAD, start, end - start, tree.frame[start:end])
    said: list[str] = []
    with suppress(CutShort):
        while cursor.left and _is_record(tree.frame[cursor.at:end]):
            said.append(_record(cursor, "change cipher spec" in said))
    layer.summary = ", ".join(said)
    return end


def _record(cursor: Cursor, secret: bool) -> str:
    """Add a record; return what it is. `secret` says that one before it begins to encrypt."""
    begin, frame = cursor.at, cursor.frame
    kind, size = frame[begin], int.from_bytes(frame[begin + 3:begin + 5], "big")
    stop = min(begin + RECORD_HEADER + size, cursor.end)
    cursor.add(RECORD, begin, stop - begin, True)
    for field in (CONTENT, RECORD_VERSION, RECORD_LENGTH):
        cursor.take(field)
    body = frame[cursor.at:stop]
    said = _CONTENT[kind]
    part = Cursor(cursor.tree, cursor.layer, cursor.at, stop)
    with suppress(CutShort):
        if kind == CHANGE:
            part.add(CHANGED, part.at, len(body), True)
        elif kind == ALERT:
            said = "alert, encrypted"
            part.add(ALERTED, part.at, len(body), True)
            if size == 2:
                said = f"alert: {_ALERTS.get(body[1], body[1]) if len(body) > 1 else ''}"
                part.take(LEVEL)
                part.take(DESCRIPTION)
        elif kind == APPLICATION and body:
            part.add(APP_DATA, part.at, len(body), body)
        elif kind == HANDSHAKE:
            said = _handshake(part, secret)
    cursor.at = stop
    return said


def _handshake(cursor: Cursor, secret: bool) -> str:
    """Add the messages of a record; return the last one's name, or that they are encrypted."""
    said = "handshake, encrypted"
    while cursor.left >= MESSAGE_HEADER:
        begin, kind, size = cursor.at, cursor.frame[cursor.at], cursor.number(3, 1)
        stop = begin + MESSAGE_HEADER + size
        cursor.add(MESSAGE, begin, min(stop, cursor.end) - begin, True)
        if secret or kind not in _MESSAGES or size > 0x4000:
            break
        said = _MESSAGES[kind]
        cursor.take(TYPE)
        cursor.take(LENGTH)
        if kind in (CLIENT_HELLO, SERVER_HELLO):
            found = _hello(Cursor(cursor.tree, cursor.layer, cursor.at, min(stop, cursor.end)), kind == CLIENT_HELLO)
            said += f" {found}" if found else ""
        cursor.at = min(stop, cursor.end)
    return said


def _hello(cursor: Cursor, client: bool) -> str:
    """Add what a client or a server says first; return the name of the server that is asked for."""
    name = ""
    with suppress(CutShort):
        cursor.take(VERSION)
        cursor.take(RANDOM, size=32)
        size = cursor.take(SESSION_LENGTH)
        if size:
            cursor.take(SESSION, size=size)
        if client:
            for _ in range(cursor.take(SUITES_LENGTH) // 2):
                cursor.take(SUITE)
            for _ in range(cursor.take(METHODS_LENGTH)):
                cursor.take(METHOD)
        else:
            cursor.take(SUITE)
            cursor.take(METHOD)
        if cursor.left >= 2:
            cursor.take(EXTENSIONS_LENGTH)
        while cursor.left >= 4:
            kind, size = cursor.take(KIND), cursor.take(SIZE)
            stop = min(cursor.at + size, cursor.end)
            part = Cursor(cursor.tree, cursor.layer, cursor.at, stop)
            with suppress(CutShort):
                name = _extension(part, kind, client) or name
            cursor.at = stop
    return name


def _extension(cursor: Cursor, kind: int, client: bool) -> str:
    """Add what an extension says; return the name of a server if that is what it says."""
    name = ""
    if not cursor.left:
        return name
    if kind == SERVER_NAME:
        cursor.take(NAMES_LENGTH)
        while cursor.left:
            cursor.take(NAME_TYPE)
            size = cursor.take(NAME_LENGTH)
            if size:
                name = cursor.take(NAME, size=size)
    elif kind == ALPN:
        cursor.take(ALPN_LENGTH)
        while cursor.left:
            size = cursor.take(ALPN_SIZE)
            if size:
                cursor.take(ALPN_NAME, size=size)
    elif kind == VERSIONS:
        for _ in range(cursor.take(VERSIONS_LENGTH) // 2 if client else 1):
            cursor.take(SUPPORTED)
    elif kind == GROUPS:
        for _ in range(cursor.take(GROUPS_LENGTH) // 2):
            cursor.take(GROUP)
    return name


PROTOCOL = Protocol("tls", "TLS", "s", "Transport Layer Security: what is in the clear of it", (
    RECORD, CONTENT, RECORD_VERSION, RECORD_LENGTH, CHANGED, ALERTED, LEVEL, DESCRIPTION, APP_DATA, MESSAGE, TYPE,
    LENGTH, VERSION, RANDOM, SESSION_LENGTH, SESSION, SUITES_LENGTH, SUITE, METHODS_LENGTH, METHOD, EXTENSIONS_LENGTH,
    KIND, SIZE, NAME, NAMES_LENGTH, NAME_TYPE, NAME_LENGTH, ALPN_NAME, ALPN_LENGTH, ALPN_SIZE, SUPPORTED,
    VERSIONS_LENGTH, GROUP, GROUPS_LENGTH,
), read, ((PORTS, 443), (PORTS, 853), (PORTS, 993), (PORTS, 995), (PORTS, 636)))

"""Messages that are built oddly, or are older than what the stack takes: the same everywhere, and as in tshark."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

import pytest

from aether.filters import Record, Records, all_fields
from aether.reading.types import PROTOCOL, TIME
from aether.wire import dns, ipv4, tcp, udp
from aether.wire.checksum import checksum
from shell.reading.dissect import dissect
from shell.reading.summary import summarise
from tests.captures import pcap
from tests.shell.commands.test_link_types import BETWEEN_FRAMES
from tests.shell.views.test_agreement import asked, plain, shown
from tests.shell.views.test_dissection import tshark
from tests.unit.reading.test_reading import disagreeing

HEAD = bytes.fromhex("020000000002020000000001")
A, B, GROUP = bytes((10, 0, 0, 1)), bytes((10, 0, 0, 2)), bytes((224, 0, 0, 251))
COOKIE = b"\x63\x82\x53\x63"


def packet(protocol: int, payload: bytes, target: bytes = B, **more: int | bool) -> bytes:
    return HEAD + b"\x08\0" + ipv4.build(A, target, protocol, payload, **more)  # type: ignore[arg-type]


def dhcp(options: bytes, name: bytes = b"", file: bytes = b"", cookie: bytes = COOKIE, operation: int = 2) -> bytes:
    body = struct.pack("!BBBBIHH4s4s4s4s16s64s128s", operation, 1, 6, 0, 0x1234, 0, 0, bytes(4), A, bytes(4), bytes(4),
                       bytes.fromhex("020000000001"), name, file)
    return packet(17, udp.build(A, B, 67, 68, body + cookie + options))


def segment(options: bytes = b"", payload: bytes = b"") -> bytes:
    return tcp.build(A, B, 1000, 2000, 77, 0, tcp.SYN, 100, options, payload)


def altered(first: int) -> bytes:
    """Return a packet with another first byte: version and length of the header."""
    frame = bytearray(packet(6, segment(b"", b"data")))
    frame[14] = first
    return bytes(frame)


def shorter(total: int) -> bytes:
    """Return a packet that says to have so many bytes."""
    frame = bytearray(packet(6, segment(b"", b"data")))
    frame[16:18] = total.to_bytes(2, "big")
    return bytes(frame)


def with_options(options: bytes) -> bytes:
    head = bytearray(struct.pack(
        "!BBHHHBBH4s4s", 0x45 + len(options) // 4, 0, 24 + len(options), 1, 0, 64, 253, 0, A, B))
    head += options
    head[10:12] = checksum(bytes(head)).to_bytes(2, "big")
    return HEAD + b"\x08\0" + bytes(head) + b"four"


def reverse(operation: int) -> bytes:
    return HEAD + b"\x80\x35" + struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation) + HEAD[6:] + A + HEAD[6:] + (
        bytes((10, 0, 0, 9)))


def http(text: bytes) -> bytes:
    return packet(6, tcp.build(A, B, 1000, 80, 1, 1, tcp.ACK, 100, b"", text))


def multicast(flags: int, counts: tuple[int, int], body: bytes) -> bytes:
    return packet(17, udp.build(A, GROUP, 5353, 5353, struct.pack("!6H", 0, flags, *counts, 0, 0) + body), GROUP)


NAME = b"\1a\5local\0"


def answer(flags: int, authority: bytes) -> bytes:
    """Return a response without an answer, perhaps with a record of who is responsible."""
    counts = struct.pack("!6H", 1, flags, 1, 0, bool(authority), 0)
    return packet(17, udp.build(A, B, dns.PORT, 1000, counts + NAME + b"\0\1\0\1" + authority))


FRAMES = {
    "both fields have options": dhcp(
        b"\x35\1\5\x34\1\3\xff", b"\3\4\x0a\0\0\1\xff", b"\6\4\x0a\0\0\x35\x33\4\0\0\1\0\xff"),
    "the file's field has options": dhcp(b"\x35\1\5\x34\1\1\xff", b"server", b"\6\4\x0a\0\0\x35\xff"),
    "the name's field has options": dhcp(b"\x35\1\5\x34\1\2\xff", b"\3\4\x0a\0\0\1\xff", b"boot"),
    "no end in the fields": dhcp(b"\x35\1\5\x34\1\3\xff", b"\3\4\x0a\0\0\1", b"\6\4\x0a\0\0\x35"),
    "options behind the overload": dhcp(b"\x34\1\1\x35\1\5\xff", b"", b"\x0c\3abc\xff"),
    "an overload of nothing": dhcp(b"\x35\1\5\x34\1\0\xff", b"server", b"boot"),
    "an overload that cannot be": dhcp(b"\x35\1\5\x34\1\4\xff", b"server", b"boot"),
    "an option in two parts": dhcp(b"\x35\1\5\x0c\3abc\x0c\3def\xff"),
    "BOOTP": dhcp(b"", b"s", b"f", b""),
    "BOOTP with an empty vendor's area": dhcp(bytes(60), b"s", b"f", bytes(4)),
    "BOOTP with another cookie": dhcp(b"vendor's own", cookie=b"abcd", operation=1),
    "8 bytes of TCP": packet(6, segment()[:8], more_fragments=True),
    "24 bytes of TCP": packet(6, segment(b"", b"1234"), more_fragments=True),
    "8 bytes of UDP": packet(17, struct.pack("!HHHH", 1000, 5000, 100, 0), more_fragments=True),
    "8 bytes of ICMP": packet(1, bytes.fromhex("0800f7ff00000000"), more_fragments=True),
    "a header of 16 bytes": altered(0x44), "a header of no bytes": altered(0x40), "version 5": altered(0x55),
    "version 0": altered(0x05), "a header longer than its packet": altered(0x4F),
    "a packet of 10 bytes": shorter(10), "a packet of 19 bytes": shorter(19),
    "four ends of IP's options": with_options(bytes(4)), "padding and ends": with_options(b"\1\0\0\0"),
    "an option behind the end": with_options(b"\0\x94\4\0\0\0\0\0"),
    "ends behind an option": with_options(b"\x94\4\0\0" + bytes(4)),
    "eight ends of TCP's options": packet(6, segment(bytes(8))),
    "a size and ends": packet(6, segment(b"\2\4\5\xb4\0\0\0\0")),
    "a size behind the end": packet(6, segment(b"\0\2\4\5\xb4\0\1\1")),
    "an operation that nobody knows": HEAD + b"\x08\6" + reverse(8)[14:38] + A,
    "a question of RARP": reverse(3), "an answer of RARP": reverse(4),
    "a whole address": http(b"GET http://x.example/a HTTP/1.1\r\nHost: y.example\r\n\r\n"),
    "a whole address in capitals": http(b"GET HTTPS://x.example/a HTTP/1.1\r\nHost: y.example\r\n\r\n"),
    "a whole address without a host": http(b"GET http://x.example/a HTTP/1.0\r\n\r\n"),
    "CONNECT": http(b"CONNECT x.example:443 HTTP/1.1\r\nHost: x.example:443\r\n\r\n"),
    "questions of mDNS": multicast(0, (2, 0), NAME + b"\0\1\x80\1" + NAME + b"\0\x1c\0\1"),
    "a referral": answer(0x8000, b"\1a\5local\0\0\2\0\1\0\0\0\x3c\0\5\2ns\xc0\x0e"),
    "a truncated answer": answer(0x8200, b""),
    "an answer without a record": answer(0x8400, b""),
    "answers of mDNS": multicast(
        0x8400, (0, 2), NAME + b"\0\1\x80\1\0\0\0\x78\0\4" + A + NAME + b"\0\x10\0\1\0\0\0\x78\0\4\3k=v"),
}
DIFFERENT = {
    "dhcp.option.type": "the end of the options has the type 0 there",
    "data.data": "tshark takes more protocols apart",
}


def records() -> list[Record]:
    maker = Records()
    return [maker.frame(frame, number=number, time=number * 1_000_000)
            for number, frame in enumerate(FRAMES.values(), 1)]


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed (apt-get install tshark)")
def test_filters_say_what_tshark_says(tmp_path: Path) -> None:
    path = tmp_path / "odd.pcap"
    path.write_bytes(pcap((number * 1_000_000, frame) for number, frame in enumerate(FRAMES.values())))
    fields = [field for field in all_fields().values() if not field.ours and not field.measured
              and field.type not in (PROTOCOL, TIME) and field.name not in DIFFERENT
              and not field.name.startswith(BETWEEN_FRAMES)]
    differing = [
        (name, field.name, theirs, ours)
        for name, record, one in zip(FRAMES, records(), tshark(path), strict=True) for field in fields
        if (theirs := [plain(field, text) for text in one.get(field.name, [])]) != (ours := asked(field, record))]
    assert not differing


@pytest.mark.parametrize("name", FRAMES)
def test_what_is_shown_is_what_filters_say(name: str) -> None:
    record, fields = Records().frame(FRAMES[name]), all_fields()
    assert disagreeing(record) == []
    for field, texts in shown(record).items():
        assert [plain(fields[field], text) for text in texts] == asked(fields[field], record), field


@pytest.mark.parametrize("name, row, tree", [
    ("BOOTP", "BOOTP reply", "BOOTP"), ("BOOTP with another cookie", "BOOTP request", "BOOTP"),
    ("both fields have options", "DHCP ACK 10.0.0.1", "ACK"),
    ("an overload that cannot be", "DHCP malformed: a wrong option overload", "malformed"),
    ("a packet of 10 bytes", "malformed: the packet is said to be shorter than its header", "malformed"),
    ("a question of RARP", "who is 02:00:00:00:00:01? tell 02:00:00:00:00:01",
     "who is 02:00:00:00:00:01? tell 02:00:00:00:00:01"),
    ("an answer of RARP", "02:00:00:00:00:01 is 10.0.0.9", "02:00:00:00:00:01 is 10.0.0.9"),
    ("a referral", "DNS 0x0001 A a.local: ask ns.local", "answer: refers to ns.local  A a.local"),
    ("a truncated answer", "DNS 0x0001 A a.local: truncated", "answer: no error, 0 records  A a.local, truncated"),
    ("an answer without a record", "DNS 0x0001 A a.local: no such record", "answer: no error, 0 records  A a.local"),
    ("questions of mDNS", "mDNS 0x0000 A a.local?", "who is A a.local, AAAA a.local?"),
])
def test_row_and_tree_say_the_same(name: str, row: str, tree: str) -> None:
    assert summarise(FRAMES[name]).info == row
    layers = dissect(FRAMES[name])
    assert tree in [layer.summary for layer in layers]
    assert all(not layer.problem for layer in layers) or "malformed" in row


def test_only_messages_of_mdns_have_its_flags() -> None:
    question = packet(17, udp.build(A, B, 1000, dns.PORT, struct.pack("!6H", 1, 0, 1, 0, 0, 0) + NAME + b"\0\1\x80\1"))
    values = {field.name: field.value for layer in dissect(question) for field in layer.fields}
    assert values["dns.qry.class"] == "0x8001" and "dns.qry.qu" not in values

"""Frames of every protocol here, with every option and type, whole and malformed, for the dissection."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import lru_cache

from aether.wire import igmp, ipv4, tcp, udp
from aether.wire.checksum import checksum
from tests import filter_corpus

HOST, YOU = bytes((192, 168, 1, 1)), bytes((192, 168, 1, 2))
HOST_MAC, YOU_MAC = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")
IN = YOU_MAC + HOST_MAC
OUT = HOST_MAC + YOU_MAC
CUT = (14, 15, 20, 24, 33, 34, 35, 36, 38, 40, 42, 44, 46, 50, 53, 54, 60, 66, 70, 80, 100)
"""Lengths to which whole frames are cut."""


@lru_cache(maxsize=1)
def corpus() -> list[tuple[int, bytes]]:
    """Return frames with their times in microseconds from the first, in order."""
    parts = (_arp, _ip_options, _ip_headers, _icmp, _icmp_quotes, _igmp, _udp, _tcp_options, _tcp_flags, _dhcp, _dns,
             _dns_malformed, _http)
    frames = [frame for part in parts for frame in part()]
    known = [(time, frame) for time, frame in filter_corpus.corpus()]
    begin = known[-1][0] + 1_000_000
    known += [(begin + index * 1_000_000, frame) for index, frame in enumerate([*frames, *_cut()])]
    return known


def _packet(protocol: int, payload: bytes, *, options: bytes = b"", **more: int | bool) -> bytes:
    return IN + b"\x08\x00" + ipv4.build(HOST, YOU, protocol, payload, options=options, **more)  # type: ignore[arg-type]


def _datagram(source: int, target: int, payload: bytes) -> bytes:
    return _packet(ipv4.PROTO_UDP, udp.build(HOST, YOU, source, target, payload))


def _segment(source: int, target: int, flags: int, options: bytes = b"", payload: bytes = b"", **more: int) -> bytes:
    return _packet(ipv4.PROTO_TCP, tcp.build(
        HOST, YOU, source, target, 1000, 2000, flags, 4096, options + bytes(-len(options) % 4), payload, **more))


def _checked(message: bytes) -> bytes:
    """Return a message with its checksum in bytes 2 and 3."""
    return message[:2] + checksum(message[:2] + b"\0\0" + message[4:]).to_bytes(2, "big") + message[4:]


def _arp() -> Iterator[bytes]:
    whole = struct.pack(">HHBBH", 1, 0x0800, 6, 4, 1) + YOU_MAC + YOU + bytes(6) + HOST
    for operation in (0, 1, 2, 3, 4, 8, 9, 999):
        yield OUT + b"\x08\x06" + whole[:6] + operation.to_bytes(2, "big") + whole[8:]
    yield OUT + b"\x08\x06" + struct.pack(">HHBBH", 6, 0x0800, 6, 4, 1) + whole[8:]
    yield OUT + b"\x08\x06" + struct.pack(">HHBBH", 1, 0x86DD, 6, 4, 1) + whole[8:]
    yield OUT + b"\x08\x06" + struct.pack(">HHBBH", 1, 0x0800, 8, 4, 1) + bytes(range(24))
    yield OUT + b"\x08\x06" + struct.pack(">HHBBH", 1, 0x0800, 0, 4, 2) + YOU + HOST
    yield OUT + b"\x08\x06" + struct.pack(">HHBBH", 1, 0x0800, 200, 4, 2) + YOU + HOST
    yield (OUT + b"\x08\x06" + whole).ljust(60, b"\0")
    yield (OUT + b"\x08\x06" + whole).ljust(80, b"\0")
    yield OUT + b"\x08\x06" + whole + b"a trailer of thirty bytes, more."


def _ip_options() -> Iterator[bytes]:
    route = bytes((10, 0, 0, 1, 10, 0, 0, 2, 10, 0, 0, 3))
    for raw in (
        b"\x01\x01\x01\x00", b"\x07\x0f\x04" + bytes(12), b"\x07\x0f\x08" + route, b"\x07\x0f\x10" + route,
        b"\x83\x0f\x04" + route, b"\x83\x0f\x08" + route, b"\x83\x0f\x10" + route, b"\x89\x0f\x04" + route,
        b"\x89\x0f\x0c" + route, b"\x44\x0c\x05\x00" + bytes(8), b"\x44\x0c\x09\x00" + bytes((0, 0, 1, 0)) + bytes(4),
        b"\x44\x14\x0d\x01" + HOST + bytes((0, 0, 2, 0)) + YOU + bytes(4), b"\x44\x0c\x05\x03" + YOU + bytes(4),
        b"\x44\x08\x09\x20" + bytes(4), b"\x94\x04\x00\x00", b"\x94\x04\x00\x07", b"\x88\x04\x12\x34",
        b"\x01\x94\x04\x00\x00\x01\x01\x00", b"\x19\x06abcd",
    ):
        yield _packet(253, b"options", options=raw + bytes(-len(raw) % 4))


def _ip_headers() -> Iterator[bytes]:
    for tos in (0x10, 0x2E << 2, 0xFF):
        yield _packet(253, b"tos", tos=tos)
    for protocol in (0, 3, 50, 89, 132, 255):
        yield _packet(protocol, b"some protocol")
    yield _packet(17, bytes(16), fragment_offset=8, more_fragments=True, dont_fragment=False)
    yield _packet(6, bytes(16), fragment_offset=65_528, dont_fragment=False)
    yield _packet(253, b"", ttl=0)
    whole = bytearray(_packet(253, b"0123456789"))
    for at, value in ((14, 0x44), (14, 0x4F), (14, 0x65), (17, 10), (17, 19), (16, 0xFF), (24, 0), (20, 0xE0)):
        wrong = bytearray(whole)
        wrong[at] = value
        yield bytes(wrong)
    yield bytes(whole).ljust(60, b"\0")
    yield bytes(whole) + b"\0" * 40
    yield bytes(whole) + b"a trailer that is long enough to be one"


def _icmp() -> Iterator[bytes]:
    for kind in (0, 8, 13, 14, 15, 16, 17, 18):
        yield _packet(1, _checked(struct.pack(">BBHHH", kind, 0, 0, 77, 5) + bytes(range(12))))
    yield _packet(1, _checked(struct.pack(">BBHHH", 8, 3, 0, 77, 5) + b"a code"))
    yield _packet(1, _checked(bytes((10, 0, 0, 0, 0, 0, 0, 0))))
    yield _packet(1, _checked(bytes((9, 0, 0, 0, 2, 2, 7, 8)) + HOST + b"\0\0\0\5" + YOU + b"\xff\xff\xff\xf7"))
    yield _packet(1, _checked(bytes((9, 0, 0, 0, 0, 2, 7, 8))))
    for kind in (1, 2, 7, 40, 250):
        yield _packet(1, _checked(bytes((kind, 0, 0, 0, 1, 2, 3, 4)) + b"unknown"))
    yield _packet(1, struct.pack(">BBHHH", 8, 0, 0xBAD, 77, 5) + b"wrong checksum")
    yield _packet(1, b"\x08\x00\x00")


def _icmp_quotes() -> Iterator[bytes]:
    packet = ipv4.build(YOU, HOST, 17, udp.build(YOU, HOST, 4000, 5000, b"lost"), identification=9)
    segment = ipv4.build(YOU, HOST, 6, tcp.build(YOU, HOST, 4000, 80, 7, 8, 2, 99))
    for kind, codes in ((3, range(16)), (4, range(1)), (5, range(4)), (11, range(2)), (12, range(3))):
        for code in codes:
            quote = packet[:28] if kind in (4, 5) else packet
            yield _packet(1, _checked(bytes((kind, code, 0, 0, 1, 0, 5, 200)) + quote))
        if kind in (3, 11, 12):
            yield _packet(1, _checked(bytes((kind, 0, 0, 0, 0, 32, 0, 0)) + packet.ljust(128, b"\0")))
    for inner in (segment, segment[:28], packet[:28], packet[:24], packet[:20], packet[:12], b"", ipv4.build(
            YOU, HOST, 1, _checked(b"\x08\0\0\0\0\1\0\2ping")), ipv4.build(YOU, HOST, 253, b"whatever")):
        yield _packet(1, _checked(bytes((3, 3, 0, 0, 0, 0, 0, 0)) + inner))


def _igmp() -> Iterator[bytes]:
    group = bytes((224, 1, 2, 3))
    alert = b"\x94\x04\0\0"
    for kind, response in ((0x11, 0), (0x11, 100), (0x12, 0), (0x16, 0), (0x17, 0), (0x16, 9), (0x11, 200)):
        yield _packet(2, igmp.build(igmp.IgmpMessage(kind, response, group)), options=alert, ttl=1)
    yield _packet(2, igmp.build(igmp.IgmpMessage(0x11, 10, bytes(4))), options=alert, ttl=1)
    for payload in (b"\x0a\x7d\0\0", b"\x02\x90\0\2" + HOST + YOU):
        yield _packet(2, igmp.build(igmp.IgmpMessage(0x11, 138, group, payload)), options=alert, ttl=1)
    records = b"\4\0\0\0" + group + b"\2\0\0\2" + group + HOST + YOU + b"\5\1\0\0" + group + b"aux!"
    yield _packet(2, _checked(b"\x22\0\0\0\0\0\0\3" + records), options=alert, ttl=1)
    yield _packet(2, _checked(b"\x22\0\0\0\0\0\0\0"), ttl=1)
    yield _packet(2, _checked(b"\x22\0\0\0\0\0\0\2" + records[:8]), ttl=1)
    yield _packet(2, b"\x16\0\xba\xad" + group, ttl=1)
    yield _packet(2, b"\x16\0\0", ttl=1)


def _udp() -> Iterator[bytes]:
    whole = bytearray(_datagram(5000, 5001, b"a datagram"))
    yield bytes(whole)
    for length in (0, 7, 8, 12, 19, 200):
        wrong = bytearray(whole)
        wrong[38:40] = length.to_bytes(2, "big")
        yield bytes(wrong)
    wrong = bytearray(whole)
    wrong[40:42] = b"\0\0"
    yield bytes(wrong)
    yield _datagram(5000, 5001, b"")
    yield _datagram(0, 65_535, b"\xff" * 1400)


def _tcp_options() -> Iterator[bytes]:
    for index, raw in enumerate((
        b"\x02\x04\x05\xb4", b"\x03\x03\x07", b"\x03\x03\x0e", b"\x03\x03\x0f", b"\x03\x03\xff", b"\x04\x02",
        b"\x05\x0a" + bytes(8), b"\x05\x12" + bytes(range(16)), b"\x05\x1a" + bytes(range(24)),
        b"\x05\x22" + bytes(range(32)), b"\x08\x0a" + bytes(range(8)), b"\x13\x12" + bytes(range(16)),
        b"\x1c\x04\x80\x05", b"\x1c\x04\x00\x1e", b"\x22\x02", b"\x22\x06\1\2\3\4", b"\x22\x12" + bytes(range(16)),
        b"\x01\x01\x01\x01", b"\x00\x00\x00\x00", b"\xc8\x02", b"\xc8\x06data", b"\xfd\x04\x12\x34",
        b"\x02\x03\x05", b"\x02\x05\1\2\3", b"\x03\x02", b"\x04\x03\1", b"\x05\x09" + bytes(7), b"\x08\x09" + bytes(7),
        b"\x02\x00\x01\x01", b"\x02\x01\x01\x01", b"\x02\x28\x01\x01", b"\x01\x01\x01\x02", b"\x05\x02",
        b"\x02\x04\x05\xb4\x04\x02\x08\x0a" + bytes(8) + b"\x01\x03\x03\x07",
    )):
        for flags in (2, 16):
            yield _segment(6100 + index, 6001, flags, raw)


def _tcp_flags() -> Iterator[bytes]:
    for index in range(9):
        yield _segment(7000 + index, 7001, 1 << index)
    yield _segment(7010, 7001, 0xFF, urgent=7, payload=b"christmas")
    yield _segment(7011, 7001, 24, payload=b"some bytes of data")
    whole = bytearray(_segment(7012, 7001, 24, payload=b"payload"))
    for value in (0x00, 0x40, 0x5E, 0x60, 0xF0):
        wrong = bytearray(whole)
        wrong[46] = value
        yield bytes(wrong)
    whole[50] ^= 0x55
    yield bytes(whole)
    for flags in (2, 18, 16, 24, 25, 20):
        yield _segment(7013, 7014, flags, payload=b"x" * (flags == 24))


def _dhcp() -> Iterator[bytes]:
    def message(
        options: bytes, op: int = 1, hardware: int = 1, size: int = 6, cookie: bytes = b"\x63\x82\x53\x63",
        name: bytes = b"name", file: bytes = b"file",
    ) -> bytes:
        fixed = struct.pack(">BBBBIHH", op, hardware, size, 1, 0xCAFE, 7, 0x8000) + YOU + HOST + YOU + HOST
        return _datagram(68 if op == 1 else 67, 67 if op == 1 else 68,
                         fixed + YOU_MAC + bytes(10) + name.ljust(64, b"\0") + file.ljust(128, b"\0") + cookie
                         + options)

    for kind in range(1, 9):
        yield message(bytes((53, 1, kind, 255)))
    for raw in (
        b"\x01\x04\xff\xff\xff\0", b"\x03\x08" + HOST + YOU, b"\x06\x04" + HOST, b"\x0c\x03you", b"\x0f\x04home",
        b"\x1a\x02\x05\x78", b"\x1c\x04\xc0\xa8\x01\xff", b"\x2a\x04" + HOST, b"\x32\x04" + YOU,
        b"\x33\x04\0\0\x0e\x10",
        b"\x33\x04\xff\xff\xff\xff", b"\x36\x04" + HOST, b"\x37\x04\1\3\6\x0f", b"\x38\x04nope",
        b"\x39\x02\x05\xdc", b"\x3a\x04\0\0\7\x08", b"\x3b\x04\0\0\x0c\x4e", b"\x3c\x05thing", b"\x3d\x07\1" + YOU_MAC,
        b"\x3d\x04\0abc", b"\x17\x01\x40", b"\xe0\x03abc", b"\0\0\0", b"\x04\x04" + HOST, b"\x05\x04" + HOST,
        b"\x07\x04" + HOST, b"\x42\x04boot", b"\x43\x04file", b"\x02\x04\0\0\x0e\x10",
    ):
        yield message(b"\x35\x01\x05" + raw + b"\xff", op=2)
    yield message(b"\x35\x01\x05\x34\x01\x01\xff", file=b"\x0f\x04file\xff")
    yield message(b"\x35\x01\x05\x34\x01\x02\xff", name=b"\x0f\x05sname\xff")
    yield message(b"\x35\x01\x05")
    yield message(b"\x35\x01\x05\x33\x08\0\0")
    yield message(b"\x35\x01\x05\x33")
    yield message(b"\x35\x01\x05\xff", cookie=b"abcd")
    yield message(b"\x35\x01\x05\xff", hardware=6, size=6)
    yield message(b"\x35\x01\x05\xff", size=16)
    yield message(b"\x35\x01\x05\xff", size=0)


def _name(text: str) -> bytes:
    return b"".join(bytes((len(part),)) + part.encode() for part in text.split(".")) + b"\0"


def _answer(kind: int, data: bytes, *, klass: int = 1, count: int = 1, name: bytes = b"\xc0\x0c") -> bytes:
    question = _name("www.example") + struct.pack(">HH", kind, 1)
    record = name + struct.pack(">HHIH", kind, klass, 300, len(data)) + data
    header = struct.pack(">HHHHHH", kind, 0x8580, 1, count, 0, 0)
    return _datagram(53, 4000 + kind, header + question + record * count)


def _dns() -> Iterator[bytes]:
    for kind in (1, 2, 5, 6, 12, 15, 16, 28, 33, 255):
        yield _datagram(4000, 53, struct.pack(">HHHHHH", kind, 0x0100, 1, 0, 0, 0) + _name("www.example")
                        + struct.pack(">HH", kind, 1))
    yield _answer(1, HOST)
    yield _answer(1, HOST, count=3)
    yield _answer(28, bytes(range(16)))
    yield _answer(28, bytes(15) + b"\1")
    for kind in (2, 5, 12):
        yield _answer(kind, _name("other.example"))
        yield _answer(kind, b"\3sub\xc0\x0c")
    yield _answer(15, b"\0\x0a" + _name("mail.example"))
    yield _answer(6, _name("ns.example") + b"\5admin\xc0\x10" + struct.pack(">IIIII", 1, 2, 3, 4, 5))
    yield _answer(16, b"\5hello\6world!")
    yield _answer(16, b"\0")
    yield _answer(33, struct.pack(">HHH", 1, 2, 80) + _name("web.example"), name=_name("_http._tcp.example"))
    for flags in (0x0000, 0x8000, 0x8183, 0x8700, 0xFFFF, 0x2100, 0x8185, 0x0110):
        yield _datagram(53, 4100, struct.pack(">HHHHHH", 9, flags, 1, 0, 0, 0) + _name("a.b") + b"\0\1\0\1")
    options = b"\0" + struct.pack(">HHIH", 41, 4096, 0x8000, 0)
    yield _datagram(53, 4101, struct.pack(">HHHHHH", 9, 0x8000, 0, 0, 0, 1) + options)
    yield _datagram(4102, 53, struct.pack(">HHHHHH", 9, 0x0100, 1, 0, 0, 0) + b"\0\0\2\0\1")
    two = _name("a.b") + b"\0\1\0\1" + _name("c.d.e") + b"\0\x1c\0\3"
    yield _datagram(4103, 53, struct.pack(">HHHHHH", 9, 0x0100, 2, 0, 0, 0) + two)


def _dns_malformed() -> Iterator[bytes]:
    def raw(body: bytes, counts: tuple[int, int, int, int] = (1, 0, 0, 0)) -> bytes:
        return _datagram(53, 4200, struct.pack(">HHHHHH", 5, 0x8180, *counts) + body)

    yield raw(b"\xc0\x0c\0\1\0\1")
    yield raw(b"\xc0\xff\0\1\0\1")
    yield raw(b"\x3fabc")
    yield raw(b"\3www")
    yield raw(_name("www") + b"\0")
    yield raw(_name("www") + b"\0\1\0\1", (1, 5, 0, 0))
    yield raw(_name("www") + b"\0\1\0\1" + b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 9, 99) + HOST, (1, 1, 0, 0))
    yield raw(b"")
    yield raw(b"", (0, 0, 0, 0))
    yield _datagram(53, 4200, b"short")


def _http() -> Iterator[bytes]:
    for index, payload in enumerate((
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"HEAD /x HTTP/1.0\r\n\r\n", b"GET /\r\n",
        b"GET / HTTP/1.1\r\nHost: cut o",
        b"POST /f HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nbody",
        b"HTTP/1.1 200 OK\r\nServer: s\r\nDate: today\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 404 Not Found\r\n\r\n", b"HTTP/1.1 204\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nLast-Modified: x\r\n\r\n",
        b"HTTP/1.1 301 Moved Permanently\r\nLocation: /y\r\nSet-Cookie: a=b\r\nCache-Control: no-store\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: a\r\nReferer: http://b/\r\nCookie: c=d\r\nConnection: close\r\n\r\n",
        b"nonsense on a port of HTTP", b"\x16\x03\x01\x00\x05hello",
    )):
        yield _segment(8000 + index, 80, 24, payload=payload)


def _cut() -> Iterator[bytes]:
    """Cut frames of each kind to many lengths, with their headers as they were."""
    whole = [
        _segment(9000, 80, 18, b"\x02\x04\x05\xb4\x04\x02\x08\x0a" + bytes(8), b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        _datagram(9001, 9002, b"z" * 60), _answer(1, HOST, count=3),
        _packet(1, _checked(b"\x08\0\0\0\0\1\0\2" + b"p" * 40)),
    ]
    for frame in whole:
        for length in CUT:
            if length < len(frame):
                yield frame[:length]

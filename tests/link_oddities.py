"""Frames of many links that are odd: padded, with trailers, encrypted, without a packet, malformed."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from scapy.contrib.mpls import MPLS
from scapy.layers.dns import DNS, DNSQR
from scapy.layers.dot11 import Dot11, Dot11Beacon, Dot11Elt
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import LLC, SNAP, STP, Dot1Q, Dot3, Ether
from scapy.packet import Packet, Raw

A, B = "02:00:00:00:00:01", "02:00:00:00:00:02"
PING = IP(src="10.0.0.1", dst="10.0.0.2") / ICMP(id=1, seq=2)
Frames = list[tuple[int, bytes]]


def oddities() -> Iterator[tuple[str, Frames]]:
    """Give the frames of each capture by its name, each with its link type."""
    yield "padded", _padded()
    yield "802.3", _with_length()
    yield "pppoe-discovery", _discovery()
    yield "ppp-control", [
        (9, bytes.fromhex("ff03c021 01010008 01020304")), (9, bytes.fromhex("ff038021 0101000a 03060a000001")),
        (50, bytes.fromhex("ff030021") + bytes(PING)), (9, b""), (9, b"\xff"), (9, b"\xff\x03")]
    yield "gre-pptp", _pptp()
    yield "gre-odd", _gre()
    yield "mpls-odd", _labels()
    yield "sll-odd", _cooked()
    yield "null-odd", [(0, struct.pack("<I", family) + b"\x60" + bytes(39)) for family in (24, 28, 30)] + [
        (0, struct.pack("<I", 7) + b"what"), (108, struct.pack(">I", 2) + bytes(PING)), (0, b"\2\0")]
    yield "raw-odd", [(101, bytes(PING) + b"behind"), (101, b"\x60" + bytes(39)), (101, b"\x12\x34"), (12, b"")]
    yield "wlan-management", _management()
    yield "wlan-odd", _wireless()
    yield "wlan-aggregate", _aggregate()
    yield "vxlan-odd", _vxlan()
    yield "vlan-odd", _tags()
    yield "ip-in-ip-odd", _nested()
    yield "radiotap-odd", _receiver()


def _padded() -> Frames:
    plain = bytes(Ether(src=A, dst=B) / PING)
    tagged = bytes(Ether(src=A, dst=B) / Dot1Q(vlan=3) / PING)
    return [(1, frame + tail) for frame in (plain, tagged) for tail in (
        bytes(60 - len(frame)), bytes(64 - len(frame)), b"tail", bytes(30) + b"tail", bytes(2))]


def _with_length() -> Frames:
    stp = Dot3(src=A, dst="01:80:c2:00:00:00") / LLC(dsap=0x42, ssap=0x42, ctrl=3) / STP()
    cisco = Dot3(src=A, dst=B) / LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(OUI=0x00000C, code=0x2000) / Raw(b"\1\xb4")
    bridged = Dot3(src=A, dst=B) / LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(OUI=0x0000F8, code=0x0800) / PING
    direct = Dot3(src=A, dst=B) / LLC(dsap=6, ssap=6, ctrl=3) / PING
    numbered = Dot3(src=A, dst=B) / Raw(bytes.fromhex("f0f00102") + b"numbered")
    supervisory = Dot3(src=A, dst=B) / Raw(bytes.fromhex("f0f10101"))
    return [(1, bytes(frame).ljust(60, b"\0")) for frame in (stp, bridged, direct, numbered, supervisory)] + [
        (1, bytes(cisco)), (1, bytes(bridged))]


def _discovery() -> Frames:
    tags = b"".join(struct.pack("!HH", kind, len(text)) + text for kind, text in (
        (0x0101, b""), (0x0103, b"uniq"), (0x0102, b"ac"), (0x0104, b"cookie"), (0x0110, b"relay")))
    ends = bytes(Ether(src=A, dst=B, type=0x8863))
    frames = [ends + struct.pack("!BBHH", 0x11, code, session, len(tags)) + tags
              for code, session in ((0x09, 0), (0x07, 0), (0x19, 0), (0x65, 17), (0xA7, 17))]
    return [(1, frame.ljust(60, b"\0")) for frame in frames] + [(1, frames[0][:30])]


def _pptp() -> Frames:
    ends = IP(src="10.0.0.1", dst="10.0.0.2", proto=47)
    carried = bytes.fromhex("ff030021") + bytes(PING)
    both = struct.pack("!HHHHII", 0x3081, 0x880B, len(carried), 5, 1, 2) + carried
    answer = struct.pack("!HHHHI", 0x2081, 0x880B, 0, 5, 3)
    return [(1, bytes(Ether(src=A, dst=B) / ends / Raw(body))) for body in (both, answer)]


def _gre() -> Frames:
    ends = IP(src="10.0.0.1", dst="10.0.0.2", proto=47)
    bodies = (struct.pack("!HHHH", 0x8000, 0x0800, 0x1234, 0) + bytes(PING), struct.pack("!HH", 0, 0x9999) + b"what",
              struct.pack("!HH", 0, 0x8847) + bytes(MPLS(label=7, s=1) / PING), b"\x20\0\x08\0")
    return [(1, bytes(Ether(src=A, dst=B) / ends / Raw(body))) for body in bodies]


def _labels() -> Frames:
    head = Ether(src=A, dst=B, type=0x8847)
    return [(1, bytes(head / MPLS(label=2, s=1) / Raw(b"\x60" + bytes(39)))),
            (1, bytes(head / MPLS(label=3, s=0))), (1, bytes(head / MPLS(label=99, s=1) / PING)),
            (1, bytes(Ether(src=A, dst=B, type=0x8848) / MPLS(label=99, s=1) / PING))]


def _cooked() -> Frames:
    def head(kind: int, hatype: int, size: int) -> bytes:
        return struct.pack("!HHH8sH", 0, hatype, size, bytes(range(8)), kind)
    llc = bytes(LLC(dsap=0x42, ssap=0x42, ctrl=3) / STP())
    return [(113, head(4, 1, 6) + llc), (113, head(0x86DD, 1, 6) + b"\x60" + bytes(39)),
            (113, head(0x0800, 1, 8) + bytes(PING)), (113, head(0x0800, 1, 3) + bytes(PING) + bytes(6)),
            (113, head(0x0800, 1, 6)), (113, head(0x0800, 1, 6)[:9])]


def _management() -> Frames:
    beacon = Dot11(type=0, subtype=8, addr1="ff:ff:ff:ff:ff:ff", addr2=A, addr3=A, SC=0x10) / Dot11Beacon() / Dot11Elt(
        ID="SSID", info=b"lan")
    ack = bytes.fromhex("d4000000") + bytes.fromhex("020000000001")
    rts = bytes.fromhex("b4000a00") + bytes.fromhex("020000000001020000000002")
    return [(105, bytes(beacon)), (105, ack), (105, rts)]


def _wireless() -> Frames:
    inside = LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(OUI=0, code=0x0800) / PING

    def data(flags: int, subtype: int = 0, sequence: int = 0x120) -> Dot11:
        return Dot11(type=2, subtype=subtype, FCfield=flags, addr1=A, addr2=B, addr3=A, SC=sequence)
    four = bytes(Dot11(type=2, subtype=0, FCfield=3, addr1=A, addr2=B, addr3=A, addr4=B, SC=0x120) / inside)
    return [(105, bytes(data(0) / inside)), (105, four), (105, bytes(data(0x41) / Raw(bytes(range(32))))),
            (105, bytes(data(1, 4))), (105, bytes(data(5) / inside))]


def _aggregate() -> Frames:
    """Several packets in one frame: two, one, one that is cut off, and a header without a packet."""
    def subframe(packet: Packet, padded: bool = True) -> bytes:
        body = bytes(LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(OUI=0, code=0x0800) / packet)
        raw = bytes.fromhex("020000000002 020000000001") + len(body).to_bytes(2, "big") + body
        return raw + bytes(-len(raw) % 4 if padded else 0)

    question = IP(src="10.0.0.1", dst="10.0.0.2") / UDP(sport=40000, dport=53) / DNS(id=7, qd=DNSQR(qname="a.example"))
    segment = IP(src="10.0.0.1", dst="10.0.0.2") / TCP(sport=50000, dport=9000, flags="PA", seq=7, ack=8) / Raw(b"123")
    head = bytes(Dot11(type=2, subtype=8, FCfield=1, addr1="02:00:00:00:00:0a", addr2="02:00:00:00:00:01",
                       addr3="02:00:00:00:00:02", SC=0x120)) + b"\x80\0"
    both = subframe(question) + subframe(segment, False)
    return [(105, head + both), (105, head + subframe(segment, False)), (105, head + both[:-12]),
            (105, head + subframe(question) + bytes(10))]


def _vxlan() -> Frames:
    ends = IP(src="10.0.0.1", dst="10.0.0.2")
    bodies = (b"\x08\0\0\0\0\0\5", struct.pack("!HHI", 0x8848, 7, 0x123456AB) + bytes(Ether(src=A, dst=B) / PING),
              struct.pack("!HHI", 0x0800, 0, 0x500) + b"short")
    return [(1, bytes(Ether(src=A, dst=B) / ends / UDP(sport=1234, dport=4789) / Raw(body))) for body in bodies]


def _tags() -> Frames:
    return [(1, bytes(Ether(src=A, dst=B) / Dot1Q(vlan=3, type=0x0800) / Raw(b"\x45"))),
            (1, bytes(Ether(src=A, dst=B, type=0x8100)) + b"\0"),
            (1, bytes(Ether(src=A, dst=B) / Dot1Q(vlan=4095, prio=7, type=0x86DD) / Raw(b"\x60" + bytes(39)))),
            (1, bytes(Ether(src=A, dst=B) / Dot1Q(vlan=0, type=0x1234) / Raw(b"nobody knows")))]


def _nested() -> Frames:
    inner = IP(src="10.0.0.1", dst="10.0.0.2", flags="MF") / UDP(sport=1, dport=2) / Raw(bytes(16))
    fragment = IP(src="172.16.0.1", dst="172.16.0.2", proto=4, flags="MF") / inner
    later = IP(src="172.16.0.1", dst="172.16.0.2", proto=4, frag=5) / inner
    error = IP(src="172.16.0.9", dst="172.16.0.1") / ICMP(type=11) / IP(
        src="172.16.0.1", dst="172.16.0.2", ttl=1) / IP(src="10.0.0.1", dst="10.0.0.2") / TCP(sport=7, dport=8)
    return [(1, bytes(Ether(src=A, dst=B) / packet)) for packet in (fragment, later, error)]


def _receiver() -> Frames:
    inside = bytes(Dot11(type=2, FCfield=1, addr1=A, addr2=B, addr3=A, SC=0x120) / LLC(dsap=0xAA, ssap=0xAA, ctrl=3)
                   / SNAP(OUI=0, code=0x0800) / PING)
    timed = struct.pack("<BBHIQBB", 0, 0, 18, 0x7, 123456, 0, 2)
    long = struct.pack("<BBHIII", 0, 0, 16, 0x80000000, 0x80000000, 0)
    return [(127, timed + inside), (127, long + inside), (127, timed[:10]),
            (127, struct.pack("<BBHI", 0, 0, 400, 0) + inside)]

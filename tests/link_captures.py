"""Captures of every link type and encapsulation that is opened, written by scapy: nothing of what is to be judged.

Each has a conversation inside: a handshake, a request of HTTP and its answer, a question of DNS, a ping, ARP where
there is a place for it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from scapy.contrib.mpls import MPLS
from scapy.layers.dns import DNS, DNSQR, DNSRR
from scapy.layers.dot11 import Dot11, Dot11QoS, RadioTap
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import ARP, GRE, LLC, SNAP, Dot1AD, Dot1Q, Dot3, Ether
from scapy.layers.ppp import PPP, PPPoE
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet, Raw

from tests.link_oddities import oddities

CLIENT, SERVER = "10.0.0.1", "10.0.0.2"
CLIENT_MAC, SERVER_MAC, AP_MAC = "02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:0a"
ETHERNET, PPP_LINK, NULL, RAW, LOOP, SLL, SLL2, PPP_SERIAL = 1, 9, 0, 101, 108, 113, 276, 50
WLAN, RADIOTAP = 105, 127


class Made(NamedTuple):
    """A capture: each frame with its link type."""

    name: str
    frames: list[tuple[int, bytes]]
    conversation: bool
    """Whether a whole conversation is in it."""


class Inner(NamedTuple):
    """A packet to be carried: which way it goes, and its EtherType."""

    packet: Packet
    out: bool
    kind: int


@lru_cache(maxsize=1)
def conversation() -> tuple[Inner, ...]:
    """Return what is carried."""
    def segment(out: bool, flags: str, seq: int, ack: int, data: bytes = b"", **more: Any) -> Inner:
        ends, ports = ((CLIENT, SERVER), (50000, 80)) if out else ((SERVER, CLIENT), (80, 50000))
        packet = IP(src=ends[0], dst=ends[1], id=seq & 0xFFFF) / TCP(
            sport=ports[0], dport=ports[1], flags=flags, seq=seq, ack=ack, window=4096, **more)
        return Inner(packet / Raw(data) if data else packet, out, 0x0800)

    request = b"GET /index HTTP/1.1\r\nHost: server.example\r\n\r\n"
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello"
    ask = DNS(id=7, rd=1, qd=DNSQR(qname="server.example"))
    told = DNS(id=7, qr=1, rd=1, ra=1, qd=DNSQR(qname="server.example"),
               an=DNSRR(rrname="server.example", rdata=SERVER, ttl=60))
    forth, back = IP(src=CLIENT, dst=SERVER), IP(src=SERVER, dst=CLIENT)
    arp = ARP(hwsrc=CLIENT_MAC, psrc=CLIENT, pdst=SERVER)
    return (
        Inner(arp, True, 0x0806),
        Inner(ARP(op=2, hwsrc=SERVER_MAC, psrc=SERVER, hwdst=CLIENT_MAC, pdst=CLIENT), False, 0x0806),
        Inner(forth / UDP(sport=40000, dport=53) / ask, True, 0x0800),
        Inner(back / UDP(sport=53, dport=40000) / told, False, 0x0800),
        segment(True, "S", 1000, 0, options=[("MSS", 1460), ("WScale", 7), ("SAckOK", b"")]),
        segment(False, "SA", 5000, 1001, options=[("MSS", 1460), ("WScale", 2), ("SAckOK", b"")]),
        segment(True, "A", 1001, 5001),
        segment(True, "PA", 1001, 5001, request),
        segment(False, "PA", 5001, 1001 + len(request), answer),
        segment(True, "FA", 1001 + len(request), 5001 + len(answer)),
        Inner(forth / ICMP(id=3, seq=1) / Raw(b"abcdefgh"), True, 0x0800),
        Inner(back / ICMP(type=3, code=3) / IP(src=CLIENT, dst=SERVER) / UDP(sport=40001, dport=9), False, 0x0800),
        Inner(IP(src=CLIENT, dst=SERVER, flags="MF", id=9, proto=17) / Raw(bytes(range(32))), True, 0x0800),
        Inner(IP(src=CLIENT, dst="224.0.0.1", proto=2, ttl=1) / Raw(bytes.fromhex("1164ee9b00000000")), True, 0x0800),
    )


PACKETS = tuple(one for one in conversation() if one.kind == 0x0800)
Carry = Callable[[Inner], Packet | bytes | None]


def _ether(one: Inner, kind: int) -> Packet:
    ends = (CLIENT_MAC, SERVER_MAC) if one.out else (SERVER_MAC, CLIENT_MAC)
    return Ether(src=ends[0], dst=ends[1], type=kind)


def _tags(*kinds: int) -> Carry:
    """Return what puts a frame into a stack of tags, each with its own EtherType."""
    def carry(one: Inner) -> Packet:
        following = (*kinds[1:], one.kind)
        frame = _ether(one, kinds[0])
        for index, (kind, after) in enumerate(zip(kinds, following, strict=True)):
            tag = Dot1AD if kind == 0x88A8 else Dot1Q
            frame = frame / tag(vlan=100 + index, prio=index & 7, type=after)
        return frame / one.packet
    return carry


def _snap(one: Inner) -> Packet:
    ends = (CLIENT_MAC, SERVER_MAC) if one.out else (SERVER_MAC, CLIENT_MAC)
    return Dot3(src=ends[0], dst=ends[1]) / LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(OUI=0, code=one.kind) / one.packet


def _tagged_snap(one: Inner) -> bytes:
    body = bytes(LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(OUI=0, code=one.kind) / one.packet)
    return bytes(_ether(one, 0x8100)) + struct.pack("!HH", 0x2005, len(body)) + body


def _mpls(*labels: int) -> Carry:
    def carry(one: Inner) -> Packet | None:
        if one.kind != 0x0800:
            return None
        frame = _ether(one, 0x8847)
        for index, label in enumerate(labels):
            frame = frame / MPLS(label=label, cos=index & 7, s=int(index == len(labels) - 1), ttl=60 - index)
        return frame / one.packet
    return carry


def _pppoe(one: Inner) -> Packet | None:
    return _ether(one, 0x8864) / PPPoE(sessionid=0x11) / PPP(proto=0x21) / one.packet if one.kind == 0x0800 else None


def _gre(**flags: Any) -> Carry:
    def carry(one: Inner) -> Packet:
        return _ether(one, 0x0800) / _outer(one, 47) / GRE(proto=one.kind, **flags) / one.packet
    return carry


def _outer(one: Inner, protocol: int | None = None) -> Packet:
    ends = ("172.16.0.1", "172.16.0.2") if one.out else ("172.16.0.2", "172.16.0.1")
    more = {} if protocol is None else {"proto": protocol}
    return IP(src=ends[0], dst=ends[1], id=77, **more)


def _bridged_gre(one: Inner) -> Packet:
    return _ether(one, 0x0800) / _outer(one, 47) / GRE(proto=0x6558) / _ether(one, one.kind) / one.packet


def _ip_in_ip(one: Inner) -> Packet | None:
    return _ether(one, 0x0800) / _outer(one, 4) / one.packet if one.kind == 0x0800 else None


def _twice_in_ip(one: Inner) -> Packet | None:
    if one.kind != 0x0800:
        return None
    return _ether(one, 0x0800) / _outer(one, 4) / IP(src="192.0.2.1", dst="192.0.2.2") / one.packet


def _vxlan(one: Inner) -> Packet:
    return (_ether(one, 0x0800) / _outer(one) / UDP(sport=49152, dport=4789) / VXLAN(vni=5000, flags=8)
            / _ether(one, one.kind) / one.packet)


def _tagged_vxlan(one: Inner) -> Packet:
    return (_ether(one, 0x8100) / Dot1Q(vlan=7, type=0x0800) / _outer(one) / UDP(sport=49152, dport=4789, chksum=0)
            / VXLAN(vni=5000, flags=8) / _ether(one, 0x8100) / Dot1Q(vlan=9, type=one.kind) / one.packet)


def _cooked(hatype: int = 1, address: bytes = bytes.fromhex("020000000001"), halen: int = 6) -> Carry:
    def carry(one: Inner) -> bytes:
        head = struct.pack("!HHH8sH", 4 if one.out else 0, hatype, halen, address.ljust(8, b"\0"), one.kind)
        return head + bytes(one.packet)
    return carry


def _cooked2(one: Inner) -> bytes:
    return struct.pack("!HHIHBB8s", one.kind, 0, 3, 1, 4 if one.out else 0, 6, bytes.fromhex("0200000000010000")
                       ) + bytes(one.packet)


def _cooked_vlan(one: Inner) -> bytes:
    return struct.pack("!HHH8sH", 4 if one.out else 0, 1, 6, bytes.fromhex("0200000000010000"), 0x8100) + struct.pack(
        "!HH", 0x2005, one.kind) + bytes(one.packet)


def _bare(one: Inner) -> bytes | None:
    return bytes(one.packet) if one.kind == 0x0800 else None


def _after(head: bytes) -> Carry:
    return lambda one: head + bytes(one.packet) if one.kind == 0x0800 else None


def _wlan(**more: Any) -> Carry:
    """Return what puts a packet into a data frame of 802.11, to or from an access point."""
    def carry(one: Inner) -> Packet:
        names: tuple[int, str, str, str] = (
            (1, AP_MAC, CLIENT_MAC, SERVER_MAC) if one.out else (2, CLIENT_MAC, AP_MAC, SERVER_MAC))
        quality = more.get("qos")
        frame = Dot11(type=2, subtype=8 if quality is not None else 0, FCfield=names[0], addr1=names[1],
                      addr2=names[2], addr3=names[3], SC=0x120, ID=44)
        if quality is not None:
            frame = frame / Dot11QoS(TID=quality)
        return frame / LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(OUI=0, code=one.kind) / one.packet
    return carry


def _radiotap(one: Inner) -> bytes:
    return bytes(RadioTap(present="Rate+Flags", Rate=11, Flags="")) + bytes(_wlan()(one))  # type: ignore[arg-type]


def _radiotap_fcs(one: Inner) -> bytes:
    frame = bytes(_wlan(qos=5)(one))  # type: ignore[arg-type]
    return bytes(RadioTap(present="Rate+Flags", Rate=22, Flags="FCS")) + frame + bytes(4)


CARRIERS: dict[str, tuple[int, Carry]] = {
    "ethernet": (ETHERNET, lambda one: _ether(one, one.kind) / one.packet),
    "vlan": (ETHERNET, _tags(0x8100)),
    "vlan-twice": (ETHERNET, _tags(0x8100, 0x8100)),
    "qinq": (ETHERNET, _tags(0x88A8, 0x8100)),
    "provider": (ETHERNET, _tags(0x88A8)),
    "qinq-9100": (ETHERNET, _tags(0x9100, 0x8100)),
    "three-tags": (ETHERNET, _tags(0x8100, 0x8100, 0x8100)),
    "snap": (ETHERNET, _snap),
    "vlan-snap": (ETHERNET, _tagged_snap),
    "mpls": (ETHERNET, _mpls(16)),
    "mpls-stack": (ETHERNET, _mpls(100, 200, 300)),
    "mpls-explicit-null": (ETHERNET, _mpls(0)),
    "pppoe": (ETHERNET, _pppoe),
    "gre": (ETHERNET, _gre()),
    "gre-key": (ETHERNET, _gre(key_present=1, key=42)),
    "gre-sequence": (ETHERNET, _gre(seqnum_present=1, sequence_number=3)),
    "gre-checksum": (ETHERNET, _gre(chksum_present=1)),
    "gre-all": (ETHERNET, _gre(chksum_present=1, key_present=1, key=1, seqnum_present=1, sequence_number=9)),
    "gre-bridged": (ETHERNET, _bridged_gre),
    "ip-in-ip": (ETHERNET, _ip_in_ip),
    "ip-in-ip-in-ip": (ETHERNET, _twice_in_ip),
    "vxlan": (ETHERNET, _vxlan),
    "vlan-vxlan-vlan": (ETHERNET, _tagged_vxlan),
    "sll": (SLL, _cooked()),
    "sll-loopback": (SLL, _cooked(772, bytes(6))),
    "sll-ppp": (SLL, _cooked(512, b"", 0)),
    "sll-tunnel": (SLL, _cooked(768, bytes((10, 0, 0, 1)), 4)),
    "sll-vlan": (SLL, _cooked_vlan),
    "sll2": (SLL2, _cooked2),
    "raw": (RAW, _bare),
    "raw-12": (12, _bare),
    "raw-14": (14, _bare),
    "raw-ipv4": (228, _bare),
    "null": (NULL, _after(struct.pack("<I", 2))),
    "null-big": (NULL, _after(struct.pack(">I", 2))),
    "loop": (LOOP, _after(struct.pack(">I", 2))),
    "ppp": (PPP_LINK, _after(b"\xff\x03\x00\x21")),
    "ppp-no-address": (PPP_LINK, _after(b"\x00\x21")),
    "ppp-compressed": (PPP_LINK, _after(b"\x21")),
    "ppp-serial": (PPP_SERIAL, _after(b"\xff\x03\x00\x21")),
    "wlan": (WLAN, _wlan()),
    "wlan-qos": (WLAN, _wlan(qos=5)),
    "radiotap": (RADIOTAP, _radiotap),
    "radiotap-fcs": (RADIOTAP, _radiotap_fcs),
}
"""How each capture carries the packets, by its name."""


def _carried() -> Iterator[Made]:
    for name, (link_type, carry) in CARRIERS.items():
        frames = [(link_type, bytes(frame)) for one in conversation() if (frame := carry(one)) is not None]
        yield Made(name, frames, True)


@lru_cache(maxsize=1)
def captures() -> tuple[Made, ...]:
    """Return all captures."""
    return (*_carried(), *(Made(name, frames, False) for name, frames in oddities()))


def pcap(made: Made) -> bytes:
    """Return the file of a capture."""
    kinds = {link_type for link_type, _ in made.frames}
    if len(kinds) > 1:
        return pcapng(made.frames)
    (link_type,) = kinds
    parts = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, link_type)]
    for number, (_, data) in enumerate(made.frames):
        parts += [struct.pack("<IIII", 1000 + number, 0, len(data), len(data)), data]
    return b"".join(parts)


def pcapng(frames: list[tuple[int, bytes]]) -> bytes:
    """Return a file of several link types, each an interface of its own."""
    kinds = sorted({link_type for link_type, _ in frames})

    def block(kind: int, body: bytes) -> bytes:
        body += bytes(-len(body) % 4)
        return struct.pack("<II", kind, 12 + len(body)) + body + struct.pack("<I", 12 + len(body))
    parts = [block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))]
    parts += [block(1, struct.pack("<HHI", kind, 0, 262144)) for kind in kinds]
    for number, (kind, data) in enumerate(frames):
        stamp = (1000 + number) * 1_000_000
        head = struct.pack("<IIIII", kinds.index(kind), stamp >> 32, stamp & 0xFFFFFFFF, len(data), len(data))
        parts.append(block(6, head + data))
    return b"".join(parts)

"""Frames of every kind that expressions can ask about, built with scapy, for comparison with tshark."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from scapy.config import conf

conf.route_autoload = False
conf.route6_autoload = False

from scapy.layers.dhcp import BOOTP, DHCP  # noqa: E402
from scapy.layers.dns import (  # noqa: E402
    DNS,
    DNSQR,
    DNSRR,
    DNSRRMX,
    DNSRROPT,
    DNSRRSOA,
    DNSRRSRV,
)
from scapy.layers.inet import (  # noqa: E402
    ICMP,
    IP,
    TCP,
    UDP,
    IPOption_Router_Alert,
    IPOption_RR,
    fragment,
)
from scapy.layers.inet6 import IPv6  # noqa: E402
from scapy.layers.l2 import ARP, Ether  # noqa: E402
from scapy.packet import Raw  # noqa: E402

HOST, YOU = "192.168.1.1", "192.168.1.2"
HOST_MAC, YOU_MAC = "02:00:00:00:00:01", "02:00:00:00:00:02"
BROADCAST = "ff:ff:ff:ff:ff:ff"


@lru_cache(maxsize=1)
def corpus() -> list[tuple[int, bytes]]:
    """Return frames with their times in microseconds from the first, in order."""
    parts = (_arp, _icmp, _udp, _dns, _dhcp, _web, _connections, _options, _ip, _others)
    frames = [bytes(frame) for part in parts for frame in part()]
    # One frame in each second, at uneven distances.
    return [(index * 1_000_000 + index * 370_370 % 900_000, frame) for index, frame in enumerate(frames)]


def _to_you(*layers: Any) -> Any:
    packet = Ether(src=HOST_MAC, dst=YOU_MAC) / IP(src=HOST, dst=YOU, id=1, flags="DF")
    for layer in layers:
        packet = packet / layer
    return packet


def _to_host(*layers: Any) -> Any:
    packet = Ether(src=YOU_MAC, dst=HOST_MAC) / IP(src=YOU, dst=HOST, id=2)
    for layer in layers:
        packet = packet / layer
    return packet


def _padded(packet: Any) -> bytes:
    """Return a frame padded to the least length of Ethernet."""
    return bytes(packet).ljust(60, b"\0")


def _arp() -> list[Any]:
    return [
        Ether(src=YOU_MAC, dst=BROADCAST) / ARP(hwsrc=YOU_MAC, psrc=YOU, pdst=HOST),
        _padded(Ether(src=HOST_MAC, dst=YOU_MAC) / ARP(op=2, hwsrc=HOST_MAC, psrc=HOST, hwdst=YOU_MAC, pdst=YOU)),
        Ether(src=HOST_MAC, dst=BROADCAST) / ARP(hwsrc=HOST_MAC, psrc=HOST, pdst=HOST),
        Ether(src=HOST_MAC, dst=BROADCAST) / ARP(op=2, hwsrc=HOST_MAC, psrc=HOST, hwdst=BROADCAST, pdst=HOST),
        Ether(src=YOU_MAC, dst=BROADCAST) / ARP(hwsrc=YOU_MAC, psrc="0.0.0.0", pdst=YOU),
        # A sender whose Ethernet address is not the frame's.
        Ether(src=HOST_MAC, dst=YOU_MAC) / ARP(op=2, hwsrc="02:00:00:00:00:66", psrc=HOST, hwdst=YOU_MAC, pdst=YOU),
    ]


def _icmp() -> list[Any]:
    asked = IP(src=YOU, dst=HOST, id=9) / UDP(sport=40000, dport=53) / DNS(id=7, qd=DNSQR(qname="lost.example"))
    segment = IP(src=YOU, dst="10.1.2.3", id=10) / TCP(sport=40001, dport=443, seq=77_000, flags="S")
    bad = bytearray(bytes(_to_you(ICMP(type=8, id=3, seq=9), Raw(b"damaged"))))
    bad[-1] ^= 1
    return [
        _to_host(ICMP(type=8, id=0x1234, seq=1), Raw(b"abcdefgh" * 7)),
        _to_you(ICMP(type=0, id=0x1234, seq=1), Raw(b"abcdefgh" * 7)),
        _to_host(ICMP(type=8, id=0x1234, seq=2)),
        _to_you(ICMP(type=3, code=3), asked),
        _to_you(ICMP(type=3, code=4, nexthopmtu=1400), Raw(bytes(segment)[:28])),
        _to_you(ICMP(type=11, code=0), Raw(bytes(segment)[:28])),
        _to_you(ICMP(type=3, code=1), segment),
        _to_you(ICMP(type=5, code=1, gw="192.168.1.254"), Raw(bytes(asked)[:28])),
        _to_you(ICMP(type=13, id=5, seq=6)),
        bytes(bad),
    ]


def _udp() -> list[Any]:
    bad = bytearray(bytes(_to_you(UDP(sport=5000, dport=5001), Raw(b"hello GET"))))
    bad[-1] ^= 0xFF
    return [
        _to_host(UDP(sport=5000, dport=7), Raw(b"echo me")),
        _padded(_to_you(UDP(sport=7, dport=5000), Raw(b"echo me"))),
        _to_host(UDP(sport=5000, dport=9)),
        _to_you(UDP(sport=5001, dport=5002, chksum=0), Raw(b"no checksum")),
        bytes(bad),
        _to_host(UDP(sport=5002, dport=5001), Raw(b"\x00\x01\x02GET /nothing\xff\xfe")),
    ]


def _dns() -> list[Any]:
    def ask(number: int, name: str, kind: str) -> Any:
        return _to_host(UDP(sport=41000 + number, dport=53), DNS(id=number, rd=1, qd=DNSQR(qname=name, qtype=kind)))

    def answer(number: int, name: str, kind: str, records: list[Any], **more: Any) -> Any:
        return _to_you(UDP(sport=53, dport=41000 + number), DNS(
            id=number, qr=1, rd=1, ra=1, qd=DNSQR(qname=name, qtype=kind), an=records, **more))

    return [
        ask(1, "www.example", "A"),
        answer(1, "www.example", "A", [
            DNSRR(rrname="www.example", type="CNAME", ttl=300, rdata="web.example"),
            DNSRR(rrname="web.example", type="A", ttl=60, rdata="192.0.2.1"),
            DNSRR(rrname="web.example", type="A", ttl=60, rdata="192.0.2.2")]),
        ask(2, "www.example", "AAAA"),
        answer(2, "www.example", "AAAA", [DNSRR(rrname="www.example", type="AAAA", ttl=60, rdata="2001:db8::1")], aa=1),
        answer(3, "none.example", "A", [], rcode=3, ns=[DNSRRSOA(
            rrname="example", mname="ns1.example", rname="admin.example", serial=2024, refresh=3600, retry=600,
            expire=86400, minimum=60)]),
        answer(4, "example", "MX", [DNSRRMX(rrname="example", preference=10, exchange="mail.example")]),
        answer(5, "example", "TXT", [DNSRR(rrname="example", type="TXT", rdata=["v=spf1", "hello world"])]),
        answer(6, "1.2.0.192.in-addr.arpa", "PTR", [
            DNSRR(rrname="1.2.0.192.in-addr.arpa", type="PTR", rdata="www.example")], tc=1),
        answer(7, "_http._tcp.example", "SRV", [
            DNSRRSRV(rrname="_http._tcp.example", priority=1, weight=2, port=8080, target="web.example")],
            ar=[DNSRROPT(rclass=1232)]),
        answer(8, "example", "NS", [DNSRR(rrname="example", type="NS", rdata="ns1.example")], rcode=2, ad=1),
        _to_host(UDP(sport=41009, dport=53), DNS(id=9, rd=0, opcode=2, qd=DNSQR(qname="ExAmPle.TEST", qtype=255))),
    ]


def _dhcp() -> list[Any]:
    mac = bytes.fromhex(YOU_MAC.replace(":", ""))
    client = Ether(src=YOU_MAC, dst=BROADCAST) / IP(src="0.0.0.0", dst="255.255.255.255") / UDP(sport=68, dport=67)
    server = Ether(src=HOST_MAC, dst=YOU_MAC) / IP(src=HOST, dst=YOU) / UDP(sport=67, dport=68)
    lease = [("server_id", HOST), ("lease_time", 3600), ("renewal_time", 1800), ("rebinding_time", 3150),
             ("subnet_mask", "255.255.255.0"), ("router", HOST), ("name_server", HOST, "192.168.1.9"),
             ("domain", "lab.example")]
    return [
        client / BOOTP(chaddr=mac, xid=0xABCD, flags="B") / DHCP(options=[
            ("message-type", "discover"), ("hostname", b"you"), ("param_req_list", [1, 3, 6, 15]),
            ("max_dhcp_size", 1500), ("client_id", b"\1" + mac), "end"]),
        server / BOOTP(
            op=2, chaddr=mac, xid=0xABCD, yiaddr=YOU, siaddr=HOST, sname=b"lab server", file=b"boot.img",
        ) / DHCP(options=[("message-type", "offer"), *lease, "end"]),
        client / BOOTP(chaddr=mac, xid=0xABCD, secs=3) / DHCP(options=[
            ("message-type", "request"), ("requested_addr", YOU), ("server_id", HOST), "end"]),
        server / BOOTP(op=2, chaddr=mac, xid=0xABCD, yiaddr=YOU) / DHCP(
            options=[("message-type", "ack"), *lease, ("interface-mtu", 1400), ("broadcast_address", "192.168.1.255"),
                     "end"]),
        server / BOOTP(op=2, chaddr=mac, xid=0xBEEF) / DHCP(options=[
            ("message-type", "nak"), ("error_message", b"not here"), "end"]),
        Ether(src=YOU_MAC, dst=HOST_MAC) / IP(src=YOU, dst=HOST) / UDP(sport=68, dport=67) / BOOTP(
            chaddr=mac, xid=0xF00D, ciaddr=YOU) / DHCP(
            options=[("message-type", "release"), ("server_id", HOST), "end"]),
    ]


REQUEST = b"GET /index.html?x=1 HTTP/1.1\r\nHost: www.example\r\nUser-Agent: curl/8.0\r\nAccept: */*\r\n\r\n"
RESPONSE = (b"HTTP/1.1 200 OK\r\nServer: aether\r\nContent-Type: text/html\r\nContent-Length: 2000\r\n"
            b"Connection: keep-alive\r\n\r\n" + b"<h1>Project Aether</h1>" + b"x" * 900)


def _web() -> list[Any]:
    """A connection from SYN to the last ACK, with a retransmission, a hole and SACK."""
    stamps = ("Timestamp", (100, 200))
    syn = [("MSS", 1460), ("SAckOK", b""), ("Timestamp", (100, 0)), ("NOP", None), ("WScale", 7)]
    syn_ack = [("MSS", 1400), ("SAckOK", b""), ("Timestamp", (200, 100)), ("NOP", None), ("WScale", 2)]
    plain = [("NOP", None), ("NOP", None), stamps]
    rest = 1_000 + 1 + len(REQUEST)
    c = {"sport": 50000, "dport": 80, "options": plain, "window": 502}
    s = {"sport": 80, "dport": 50000, "options": plain, "window": 8000}
    first, second = RESPONSE[:600], RESPONSE[600:]
    there = 9_001 + len(RESPONSE)
    return [
        _to_host(TCP(**{**c, "options": syn, "window": 64240}, flags="S", seq=1_000)),
        _to_you(TCP(**{**s, "options": syn_ack, "window": 65535}, flags="SA", seq=9_000, ack=1_001)),
        _to_host(TCP(**c, flags="A", seq=1_001, ack=9_001)),
        _to_host(TCP(**c, flags="PA", seq=1_001, ack=9_001), Raw(REQUEST)),
        _to_you(TCP(**s, flags="A", seq=9_001, ack=rest)),
        _to_you(TCP(**s, flags="A", seq=9_601, ack=rest), Raw(second)),
        _to_host(TCP(**{**c, "options": [*plain, ("NOP", None), ("NOP", None), ("SAck", (9_601, there))]}, flags="A",
                     seq=rest, ack=9_001)),
        _to_you(TCP(**s, flags="PA", seq=9_001, ack=rest), Raw(first)),
        _to_you(TCP(**s, flags="PA", seq=9_001, ack=rest), Raw(first)),
        _to_host(TCP(**c, flags="A", seq=rest, ack=there)),
        _to_you(TCP(**s, flags="FA", seq=there, ack=rest)),
        _to_host(TCP(**c, flags="FA", seq=rest, ack=there + 1)),
        _padded(_to_you(TCP(sport=80, dport=50000, window=8000, flags="A", seq=there + 1, ack=rest + 1))),
    ]


def _connections() -> list[Any]:
    bad = bytearray(bytes(_to_you(TCP(sport=7, dport=51000, flags="PA", seq=500, ack=600), Raw(b"damaged"))))
    bad[-1] ^= 1
    post = b"POST /form HTTP/1.0\r\nHost: you\r\nContent-Length: 9\r\nCookie: a=b\r\n\r\nname=test"
    return [
        # Refused.
        _to_host(TCP(sport=50001, dport=81, flags="S", seq=5_000, options=[("MSS", 1460)])),
        _to_you(TCP(sport=81, dport=50001, flags="RA", seq=0, ack=5_001, window=0)),
        # The ports of the first connection, used again.
        _to_host(TCP(sport=50000, dport=80, flags="S", seq=700_000, options=[("MSS", 536)])),
        _to_you(TCP(sport=80, dport=50000, flags="SA", seq=800_000, ack=700_001, options=[("WScale", 3)])),
        _to_host(TCP(sport=50000, dport=80, flags="A", seq=700_001, ack=800_001)),
        _to_host(TCP(sport=50000, dport=80, flags="R", seq=700_001)),
        # Seen from its middle, around the wrap of sequence numbers.
        _to_host(TCP(sport=51000, dport=7, flags="PA", seq=4_294_967_290, ack=3_000), Raw(b"0123456789")),
        _to_you(TCP(sport=7, dport=51000, flags="PA", seq=3_000, ack=4), Raw(b"0123456789")),
        _to_host(TCP(sport=51000, dport=7, flags="A", seq=4, ack=3_010)),
        bytes(bad),
        # A reset out of the blue, with an acknowledgement number that does not count.
        _to_you(TCP(sport=7, dport=52000, flags="R", seq=12345, ack=54321)),
        # A SYN that is sent twice, and one with data.
        _to_host(TCP(sport=50002, dport=80, flags="S", seq=42, options=[("WScale", 14)])),
        _to_host(TCP(sport=50002, dport=80, flags="S", seq=42, options=[("WScale", 14)])),
        _to_host(TCP(sport=50003, dport=8000, flags="S", seq=90)),
        _to_you(TCP(sport=8000, dport=50003, flags="SA", seq=70, ack=91)),
        _to_host(TCP(sport=50003, dport=8000, flags="PA", seq=91, ack=71), Raw(post)),
        _to_you(TCP(sport=8000, dport=50003, flags="PA", seq=71, ack=91 + len(post)), Raw(
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nLocation: /other\r\n\r\n")),
        # What is not HTTP on a port of HTTP.
        _to_host(TCP(sport=50004, dport=80, flags="PA", seq=1, ack=1), Raw(b"\x07\x03\x01\x02\x00\x01")),
        _to_host(TCP(sport=50005, dport=2000, flags="PA", seq=1, ack=1), Raw(b"Say GET or get, \x00\xff, or HTTP")),
        # Zero window, and a probe.
        _to_you(TCP(sport=2000, dport=50005, flags="A", seq=1, ack=34, window=0)),
        _to_host(TCP(sport=50005, dport=2000, flags="A", seq=33, ack=1), Raw(b"P")),
    ]


def _options() -> list[Any]:
    def syn(port: int, options: Any, **more: Any) -> Any:
        return _to_host(TCP(sport=port, dport=90, flags="S", seq=1, options=options, **more))

    wrong = bytearray(bytes(syn(53005, [("MSS", 1460), ("NOP", None), ("EOL", None)])))
    wrong[14 + 20 + 20 + 1] = 40
    return [
        syn(53000, [("MSS", 536)]),
        syn(53001, [("UTO", 30), ("EOL", None)]),
        syn(53002, [("TFO", (0x11223344, 0x55667788))]),
        syn(53011, [("NOP", None), ("NOP", None), (34, b"")]),
        syn(53003, [(200, b"ab"), ("NOP", None), ("NOP", None)]),
        _to_host(TCP(sport=53004, dport=90, flags="SEC", seq=1)),
        bytes(wrong),
        _to_host(TCP(sport=53006, dport=90, flags="PAU", seq=1, ack=1, urgptr=3), Raw(b"urgent")),
        _to_host(TCP(sport=53007, dport=90, flags="FPU", seq=1)),
        _to_host(TCP(sport=53008, dport=90, flags=0, seq=1)),
        _to_host(TCP(sport=53009, dport=90, flags="A", seq=1, ack=1, options=[
            ("NOP", None), ("NOP", None), ("SAck", (10, 20, 30, 40))])),
        _to_host(TCP(sport=53010, dport=90, flags=0x1FF, reserved=5, seq=1, ack=1)),
    ]


def _ip() -> list[Any]:
    bad = bytearray(bytes(_to_you(UDP(sport=6000, dport=6001), Raw(b"bad header"))))
    bad[14 + 10] ^= 1
    whole = IP(src=HOST, dst=YOU, id=77) / UDP(sport=6002, dport=6003) / Raw(b"A" * 1000 + b"tail")
    ping = IP(src=HOST, dst=YOU, id=78) / ICMP(id=8, seq=8) / Raw(b"z" * 600)
    from_host = Ether(src=HOST_MAC, dst=YOU_MAC)
    pieces = [from_host / piece for datagram in (whole, ping) for piece in fragment(datagram, 400)]
    return [
        bytes(bad),
        *pieces,
        Ether(src=HOST_MAC, dst="01:00:5e:00:00:16") / IP(
            src=HOST, dst="224.0.0.22", proto=2, ttl=1, options=[IPOption_Router_Alert()],
        ) / Raw(b"\x22\0\xf9\xff" + b"\0" * 4),
        from_host / IP(
            src=HOST, dst=YOU, ttl=3, tos=0xB9, options=[IPOption_RR(routers=["10.0.0.1", "10.0.0.2"])],
        ) / UDP(sport=6004, dport=6005) / Raw(b"recorded"),
        from_host / IP(src="10.1.2.3", dst=YOU, proto=253, ttl=255, flags="evil+DF") / Raw(b"????"),
        Ether(src=HOST_MAC, dst=BROADCAST) / IP(src=HOST, dst="192.168.1.255", ttl=64, tos=3) / UDP(
            sport=6006, dport=6007) / Raw(b"to all"),
    ]


def _others() -> list[Any]:
    return [
        Ether(src=HOST_MAC, dst=YOU_MAC, type=0x88B5) / Raw(b"experimental" * 5),
        bytes.fromhex("0180c2000000 020000000001 0026 424203") + b"\0" * 43,
        Ether(src=HOST_MAC, dst="33:33:00:00:00:01") / IPv6(src="fe80::1", dst="ff02::1", nh=59),
        Ether(src="06:00:00:00:00:09", dst=YOU_MAC, type=0x9000) / Raw(b"\0" * 46),
    ]

"""What a networking course captures in its first weeks, written by scapy: names asked for, pages read, pings, ARP.

Times are those of the frames: answers come late, questions come twice, and some are never answered.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from scapy.contrib.igmp import IGMP
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dns import DNS, DNSQR, DNSRR
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Raw

YOU, HOST, FAR = "192.168.1.2", "192.168.1.1", "203.0.113.80"
YOU_MAC, HOST_MAC, THIEF_MAC = "00:1b:21:00:00:02", "02:00:00:00:00:01", "00:1b:21:00:00:66"
EVERYBODY = "ff:ff:ff:ff:ff:ff"


class Course:
    """Frames with their times in microseconds, one after the other."""

    def __init__(self) -> None:
        self.now = -1_000  # the first frame is at 0
        self.frames: list[tuple[int, bytes]] = []

    def put(self, frame: Any, after: int = 1_000) -> None:
        """Add a frame some microseconds after the one before."""
        self.now += after
        self.frames.append((self.now, bytes(frame)))

    def out(self, *layers: Any, after: int = 1_000, to: str = HOST, **ip: Any) -> None:
        """Add a packet of yours."""
        self.put(_packet(Ether(src=YOU_MAC, dst=HOST_MAC) / IP(src=YOU, dst=to, **ip), layers), after)

    def back(self, *layers: Any, after: int = 1_000, of: str = HOST, **ip: Any) -> None:
        """Add a packet to you."""
        self.put(_packet(Ether(src=HOST_MAC, dst=YOU_MAC) / IP(src=of, dst=YOU, **ip), layers), after)


def _packet(packet: Any, layers: tuple[Any, ...]) -> Any:
    for layer in layers:
        packet = packet / layer
    return packet


class Page:
    """A connection that something is read over; numbers count by themselves."""

    def __init__(self, course: Course, port: int, to: int = 80, server: str = FAR) -> None:
        self.course, self.port, self.to, self.server = course, port, to, server
        self.seq, self.ack = 7_000 + port, 90_000 + port

    def open(self, **options: Any) -> Page:
        """Shake hands."""
        first = [("MSS", 1460), ("SAckOK", b""), ("Timestamp", (10, 0)), ("NOP", None), ("WScale", 7)]
        self.course.out(TCP(sport=self.port, dport=self.to, flags="S", seq=self.seq, window=64240, options=first),
                        to=self.server)
        self.course.back(TCP(sport=self.to, dport=self.port, flags="SA", seq=self.ack, ack=self.seq + 1, window=65535,
                             options=[("MSS", 1400), ("NOP", None), ("WScale", 2)]), of=self.server, after=20_000)
        self.seq += 1
        self.ack += 1
        self.out(b"", "A")
        return self

    def out(self, data: bytes, flags: str = "PA", after: int = 1_000, window: int = 502) -> None:
        """Send something."""
        self.course.out(TCP(sport=self.port, dport=self.to, flags=flags, seq=self.seq, ack=self.ack, window=window),
                        Raw(data), to=self.server, after=after)
        self.seq += len(data) + ("F" in flags)

    def back(self, data: bytes, flags: str = "PA", after: int = 30_000) -> None:
        """Let the server send something."""
        self.course.back(TCP(sport=self.to, dport=self.port, flags=flags, seq=self.ack, ack=self.seq, window=9000),
                         Raw(data), of=self.server, after=after)
        self.ack += len(data) + ("F" in flags)

    def close(self) -> None:
        """Say goodbye from both ends."""
        self.out(b"", "FA")
        self.back(b"", "FA")
        self.out(b"", "A")


def several() -> list[tuple[int, bytes]]:
    """Return a connection with two requests in one segment, and both answers in another."""
    course = Course()
    page = Page(course, 50000).open()
    page.out(b"".join(b"GET /%s.css HTTP/1.1\r\nHost: www.example\r\n\r\n" % name for name in (b"one", b"two")))
    page.back(b"".join(
        b"HTTP/1.1 %s\r\nContent-Length: 3\r\nContent-Type: text/css\r\n\r\n" % code + name
        for code, name in ((b"200 OK", b"one"), (b"404 Not Found", b"two"))))
    page.out(b"POST /a HTTP/1.1\r\nHost: www.example\r\nContent-Length: 4\r\n\r\nGET "
             b"GET /b HTTP/1.1\r\nHost: b\r\n\r\n")
    page.back(b"HTTP/1.1 304 Not Modified\r\nETag: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\nbegun")
    page.close()
    return course.frames


@lru_cache(maxsize=1)
def frames() -> list[tuple[int, bytes]]:
    """Return all of it."""
    course = Course()
    for part in (_arp, _names, _long_names, _pings, _pages, _logins, _secret, _datagrams, _settings, _loss):
        part(course)
    return course.frames


def _arp(course: Course) -> None:
    course.put(Ether(src=YOU_MAC, dst=EVERYBODY) / ARP(hwsrc=YOU_MAC, psrc="0.0.0.0", pdst=YOU))
    course.put(Ether(src=YOU_MAC, dst=EVERYBODY) / ARP(hwsrc=YOU_MAC, psrc=YOU, pdst=YOU), 900_000)
    course.put(Ether(src=YOU_MAC, dst=EVERYBODY) / ARP(hwsrc=YOU_MAC, psrc=YOU, pdst=HOST))
    course.put(Ether(src=HOST_MAC, dst=YOU_MAC) / ARP(op=2, hwsrc=HOST_MAC, psrc=HOST, hwdst=YOU_MAC, pdst=YOU))
    course.put(Ether(src=THIEF_MAC, dst=YOU_MAC) / ARP(op=2, hwsrc=THIEF_MAC, psrc=HOST, hwdst=YOU_MAC, pdst=YOU))
    course.put(Ether(src=THIEF_MAC, dst=EVERYBODY) / ARP(op=2, hwsrc=THIEF_MAC, psrc=YOU, hwdst=EVERYBODY, pdst=YOU))
    course.put(Ether(src=HOST_MAC, dst=YOU_MAC) / ARP(op=2, hwsrc=HOST_MAC, psrc=HOST, hwdst=YOU_MAC, pdst=YOU))
    course.put(Ether(src=HOST_MAC, dst=EVERYBODY) / ARP(hwsrc=HOST_MAC, psrc=HOST, pdst="192.168.1.77"))
    course.put(Ether(src=YOU_MAC, dst=EVERYBODY) / Dot1Q(vlan=5, prio=3) / ARP(hwsrc=YOU_MAC, psrc=YOU, pdst=HOST))


def _names(course: Course) -> None:
    def ask(number: int, name: str, kind: str = "A", port: int = 40000, after: int = 1_000) -> None:
        course.out(UDP(sport=port, dport=53), DNS(id=number, rd=1, qd=DNSQR(qname=name, qtype=kind)), after=after)

    def tell(number: int, name: str, kind: str = "A", port: int = 40000, after: int = 9_000, **more: Any) -> None:
        course.back(UDP(sport=53, dport=port), DNS(id=number, qr=1, rd=1, ra=1, qd=DNSQR(qname=name, qtype=kind),
                                                   **more), after=after)

    ask(1, "www.example")
    ask(2, "www.example", "AAAA")
    tell(2, "www.example", "AAAA", an=[DNSRR(rrname="www.example", type="AAAA", ttl=60, rdata="2001:db8::1")])
    tell(1, "www.example", an=[DNSRR(rrname="www.example", type="CNAME", ttl=300, rdata="web.example"),
                               DNSRR(rrname="web.example", type="A", ttl=60, rdata=FAR)], after=240_000)
    # Asked twice, and told twice.
    ask(3, "slow.example")
    ask(3, "slow.example", after=2_000_000)
    tell(3, "slow.example", an=[DNSRR(rrname="slow.example", ttl=5, rdata=FAR)])
    tell(3, "slow.example", an=[DNSRR(rrname="slow.example", ttl=5, rdata=FAR)])
    # So long afterwards that it is another question; then one that is never answered, and an answer to none.
    ask(4, "late.example")
    ask(4, "late.example", after=6_000_000)
    tell(4, "late.example", rcode=3)
    ask(5, "lost.example", port=40001)
    tell(6, "odd.example", port=40002, tc=1)
    ask(3, "slow.example")
    tell(3, "slow.example", rcode=2)
    course.put(Ether(src=YOU_MAC, dst="01:00:5e:00:00:fb") / IP(src=YOU, dst="224.0.0.251", ttl=255) / UDP(
        sport=5353, dport=5353) / DNS(id=0, qd=DNSQR(qname="printer.local", qtype="A")))
    course.put(Ether(src=HOST_MAC, dst="01:00:5e:00:00:fb") / IP(src=HOST, dst="224.0.0.251", ttl=255) / UDP(
        sport=5353, dport=5353) / DNS(id=0, qr=1, aa=1, qd=None, an=[
            DNSRR(rrname="printer.local", ttl=120, rclass=0x8001, rdata="192.168.1.50")]))


def _long_names(course: Course) -> None:
    """Ask over TCP what did not fit: two questions in one segment, and two answers."""
    def framed(*messages: Any) -> bytes:
        return b"".join(len(bytes(each)).to_bytes(2, "big") + bytes(each) for each in messages)

    page = Page(course, 50010, 53, HOST).open()
    questions = [DNSQR(qname=f"{name}.example", qtype="A") for name in ("odd", "even")]
    page.out(framed(*(DNS(id=70 + place, rd=1, qd=each) for place, each in enumerate(questions))))
    page.back(framed(*(DNS(id=70 + place, qr=1, rd=1, ra=1, qd=each, an=[
        DNSRR(rrname=each.qname, ttl=9, rdata=f"192.0.2.{number}") for number in range(3 + place)])
        for place, each in enumerate(questions))))
    page.close()


def _pings(course: Course) -> None:
    body = Raw(bytes(range(8)) + b"abcdefghijklmnopqrstuvwabcdefghi")
    for number in (1, 2, 3):
        course.out(ICMP(type=8, id=0x1234, seq=number), body, after=1_000_000)
        if number != 2:
            course.back(ICMP(type=0, id=0x1234, seq=number), body, after=7_500 * number)
    course.out(ICMP(type=8, id=0x1234, seq=4), body, to=FAR, ttl=1)
    course.back(ICMP(type=11, code=0), IP(src=YOU, dst=FAR, ttl=1) / ICMP(type=8, id=0x1234, seq=4), after=2_345)
    course.back(ICMP(type=0, id=9, seq=9), body)
    course.out(ICMP(type=8, id=0x1234, seq=1), Raw(b"the same number again"))
    course.back(ICMP(type=0, id=0x1234, seq=1), Raw(b"the same number again"), after=700)


def _pages(course: Course) -> None:
    page = Page(course, 50000).open()
    page.out(b"GET /index.html HTTP/1.1\r\nHost: www.example\r\nUser-Agent: curl/8.0\r\nAccept: */*\r\n\r\n")
    page.back(b"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: application/octet-stream\r\nContent-Length: 5\r\n"
              b"Last-Modified: Sat, 31 Jan 2026 12:00:00 GMT\r\n\r\nhello")
    page.out(b"GET /search?q=aether&lang=en HTTP/1.1\r\nHost: www.example\r\nReferer: http://www.example/\r\n"
             b"Cookie: a=1; theme=dark\r\n\r\n")
    page.back(b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\nContent-Type: application/octet-stream\r\n\r\nnone",
              after=180_000)
    page.out(b"POST /form?step=2 HTTP/1.1\r\nHost: www.example\r\nContent-Length: 9\r\n"
             b"X-Forwarded-For: 10.9.8.7\r\n\r\nname=test")
    page.back(b"HTTP/1.1 302 Found\r\nLocation: /done?ok\r\nSet-Cookie: s=2\r\nContent-Length: 0\r\n\r\n")
    page.close()


def _logins(course: Course) -> None:
    page = Page(course, 50001, 8080).open()
    page.out(b"GET /private/a/b HTTP/1.1\r\nHost: intra.example\r\n\r\n")
    page.back(b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"in\"\r\nContent-Length: 0\r\n\r\n")
    page.out(b"GET /private/a/b HTTP/1.1\r\nHost: intra.example\r\nAuthorization: Basic dXNlcjpzZWNyZXQ=\r\n\r\n")
    page.back(b"HTTP/1.0 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n", after=90_000)
    page.out(b"HEAD http://proxied.example/x HTTP/1.1\r\nHost: proxied.example\r\nAuthorization: Bearer abc\r\n\r\n")
    page.out(b"", "R")


def _secret(course: Course) -> None:
    """Say hello in TLS, as a browser does."""
    page = Page(course, 50002, 443).open()
    page.out(client_hello())
    page.back(server_hello())
    page.back(b"\x17\x03\x03\x00\x10" + bytes(16))
    page.out(b"\x17\x03\x03\x00\x20" + bytes(32))
    page.out(b"\x15\x03\x03\x00\x02\x01\x00")
    page.close()


def _extension(kind: int, data: bytes) -> bytes:
    return kind.to_bytes(2, "big") + len(data).to_bytes(2, "big") + data


def _record(kind: int, body: bytes, version: bytes = b"\x03\x01") -> bytes:
    message = bytes((kind,)) + len(body).to_bytes(3, "big") + body
    return b"\x16" + version + len(message).to_bytes(2, "big") + message


def client_hello(name: bytes = b"www.example") -> bytes:
    """Return a record with the hello of a client."""
    server = b"\x00" + len(name).to_bytes(2, "big") + name
    extensions = b"".join((
        _extension(0, len(server).to_bytes(2, "big") + server),
        _extension(16, b"\x00\x0c\x02h2\x08http/1.1"),
        _extension(43, b"\x04\x03\x04\x03\x03"),
        _extension(10, b"\x00\x04\x00\x1d\x00\x17")))
    return _record(1, b"".join((
        b"\x03\x03", bytes(range(32)), b"\x20" + bytes(range(100, 132)), b"\x00\x06\x13\x01\xc0\x2f\x00\xff",
        b"\x01\x00", len(extensions).to_bytes(2, "big"), extensions)))


def server_hello() -> bytes:
    """Return a record with the hello of a server."""
    extensions = _extension(16, b"\x00\x03\x02h2")
    return _record(2, b"".join((
        b"\x03\x03", bytes(range(50, 82)), b"\x20" + bytes(range(200, 232)), b"\xc0\x2f\x00",
        len(extensions).to_bytes(2, "big"), extensions)), b"\x03\x03")


def _datagrams(course: Course) -> None:
    for number in range(3):
        course.out(UDP(sport=45000, dport=45001), Raw(b"abc: say %d" % number), after=200_000)
        course.back(UDP(sport=45001, dport=45000), Raw(b"abc: said %d, more of it than before" % number))
    course.out(UDP(sport=45000, dport=45001), Raw(b"marked"), tos=0xB8 | 3, flags="DF")
    course.out(UDP(sport=45000, dport=45001, chksum=0), Raw(b"no checksum"))
    course.out(UDP(sport=40123, dport=33434), Raw(b"trace"), ttl=1)
    course.out(UDP(sport=123, dport=123), Raw(bytes.fromhex(
        "e30003fa0001000000010000" + "00" * 28 + "ea5e5a5a01020304")))
    course.back(UDP(sport=123, dport=123), Raw(bytes.fromhex(
        "240103e80000008000000020474f4f47ea5e5a0000000000ea5e5a5a01020304ea5e5a5a80000000ea5e5a5a80001000")))
    course.out(IGMP(type=0x16, gaddr="224.0.0.251"), to="224.0.0.251", ttl=1)
    course.put(Ether(src=YOU_MAC, dst=HOST_MAC, type=0x88B5) / Raw(b"experiment" * 5))


def _settings(course: Course) -> None:
    mac = bytes.fromhex(YOU_MAC.replace(":", ""))
    client = Ether(src=YOU_MAC, dst=EVERYBODY) / IP(src="0.0.0.0", dst="255.255.255.255") / UDP(sport=68, dport=67)
    server = Ether(src=HOST_MAC, dst=YOU_MAC) / IP(src=HOST, dst=YOU) / UDP(sport=67, dport=68)
    course.put(client / BOOTP(chaddr=mac, xid=0xABCD) / DHCP(options=[
        ("message-type", "discover"), ("hostname", b"you"), "end"]))
    course.put(server / BOOTP(op=2, chaddr=mac, xid=0xABCD, yiaddr=YOU, siaddr=HOST) / DHCP(options=[
        ("message-type", "offer"), ("server_id", HOST), ("lease_time", 3600), ("router", HOST), "end"]))
    course.put(client / BOOTP(chaddr=mac, xid=0xABCD) / DHCP(options=[
        ("message-type", "request"), ("requested_addr", YOU), ("server_id", HOST), "end"]))
    course.put(server / BOOTP(op=2, chaddr=mac, xid=0xABCD, yiaddr=YOU) / DHCP(options=[
        ("message-type", "ack"), ("server_id", HOST), ("lease_time", 3600), "end"]))


def _loss(course: Course) -> None:
    """Lose something, fill a window, and give up."""
    page = Page(course, 50003, 9000).open()
    page.out(b"x" * 700)
    page.out(b"y" * 700)
    page.back(b"", "A")
    page.seq -= 700
    page.out(b"y" * 700, after=400_000)
    page.back(b"z" * 100)
    page.out(b"", "A", window=0)
    page.back(b"!", after=300_000)
    page.ack -= 1
    page.out(b"", "A", window=0)
    page.out(b"", "A", window=400)
    page.seq += 300
    page.out(b"later")
    page.back(b"", "RA")
    course.out(TCP(sport=50004, dport=81, flags="S", seq=1), to=FAR)
    course.back(TCP(sport=81, dport=50004, flags="RA", seq=0, ack=2), of=FAR)
    course.out(TCP(sport=50005, dport=90, flags="PAU", seq=5, ack=6, urgptr=2), Raw(b"ab"), to=FAR)

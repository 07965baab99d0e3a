"""How links damage frames: a field with checksums that fit, a wrong checksum, a mark of congestion."""

from __future__ import annotations

import math

import pytest

from aether.link.damage import damage, mark_congestion
from aether.link.impairments import Pipe
from aether.streams import Stream
from aether.wire import arp, ethernet, icmp, ipv4, tcp, udp
from aether.wire.checksum import checksum, transport_checksum_ok

MAC_A, MAC_B, IP_A, IP_B = b"\x02\0\0\0\0\x01", b"\x02\0\0\0\0\x02", b"\xc0\xa8\x01\x01", b"\xc0\xa8\x01\x02"


def frame(protocol: int, payload: bytes, **more: int) -> bytes:
    return ethernet.build(MAC_B, MAC_A, ethernet.TYPE_IPV4, ipv4.build(IP_A, IP_B, protocol, payload, **more))


SEGMENT = frame(6, tcp.build(IP_A, IP_B, 80, 4000, 1000, 2000, tcp.ACK, 512, payload=b"hello"))
DATAGRAM = frame(17, udp.build(IP_A, IP_B, 53, 4000, b"odd"))
BARE = DATAGRAM[:40] + b"\0\0" + DATAGRAM[42:]
ECHO = frame(1, icmp.build(icmp.IcmpMessage(8, 0, 0x00010001, b"ping")))
PIECE = frame(17, b"the middle of something", fragment_offset=1480, dont_fragment=False)
ASKED = ethernet.build(MAC_B, MAC_A, ethernet.TYPE_ARP, arp.build(arp.ArpPacket(2, MAC_A, IP_A, MAC_B, IP_B)))
FRAMES = {"tcp": SEGMENT, "udp": DATAGRAM, "udp without": BARE, "icmp": ECHO, "piece": PIECE}


def right(data: bytes) -> tuple[bool, bool]:
    """Tell whether the checksums of header and transport are right; a UDP checksum of zero is none."""
    header, packet = data[14:34], data[14:]
    protocol, body = data[23], packet[20:int.from_bytes(packet[2:4], "big")]
    if int.from_bytes(data[20:22], "big") & 0x3FFF or (protocol == 17 and body[6:8] == b"\0\0"):
        return checksum(header) == 0, True
    whole = checksum(body) == 0 if protocol == 1 else transport_checksum_ok(data[26:30], data[30:34], protocol, body)
    return checksum(header) == 0, whole


@pytest.mark.parametrize("name", FRAMES)
def test_a_replaced_field_is_one_that_no_checksum_finds(name: str) -> None:
    stream, names = Stream(1, name), set()
    for _ in range(2000):
        altered, what = damage(FRAMES[name], "field", stream)
        assert right(altered) == (True, True), what
        assert altered[:14] == FRAMES[name][:14] and len(altered) == len(FRAMES[name])
        assert altered != FRAMES[name]
        names.add(what.split()[0])
    common = {"ip.tos", "ip.id", "ip.ttl"}
    of_transport = {
        "tcp": {"tcp.srcport", "tcp.dstport", "tcp.seq", "tcp.ack", "tcp.window_size"},
        "udp": {"udp.srcport", "udp.dstport"}, "icmp": {"icmp.ident", "icmp.seq"},
    }
    assert names == common | of_transport.get(name.partition(" ")[0], set()), "every field has its turn"


def test_arp_has_fields_too() -> None:
    stream = Stream(1)
    found = {damage(ASKED, "field", stream)[1].split()[0] for _ in range(100)}
    assert found == {"arp.src.hw_mac", "arp.src.proto_ipv4"}


@pytest.mark.parametrize("name", ["tcp", "udp", "udp without", "icmp", "piece"])
def test_a_wrong_checksum_is_wrong(name: str) -> None:
    stream = Stream(2, name)
    for _ in range(2000):
        altered, what = damage(FRAMES[name], "checksum", stream)
        assert right(altered) == ((False, True) if name == "piece" else (True, False)), what
        assert sum(a != b for a, b in zip(altered, FRAMES[name], strict=True)) in (1, 2), "and nothing else"


@pytest.mark.parametrize("kind", ["field", "checksum"])
def test_what_has_no_such_thing_loses_a_bit(kind: str) -> None:
    for odd in (bytes(60), ethernet.build(MAC_B, MAC_A, 0x86DD, bytes(40)), SEGMENT[:20]):
        assert damage(odd, kind, Stream(1))[1].endswith("turned over")
    for empty in (b"", SEGMENT[:14]):
        assert damage(empty, kind, Stream(1)) == (empty, "")


def test_hostile_headers_do_no_harm() -> None:
    """Header lengths that lie, and stumps: a link damages whatever passes."""
    stream = Stream(3)
    for first in range(256):
        for length in range(15, len(SEGMENT)):
            lying = SEGMENT[:14] + bytes([first]) + SEGMENT[15:length]
            for kind in ("bit", "field", "checksum"):
                assert len(damage(lying, kind, stream)[0]) == len(lying)


def test_marks() -> None:
    """ECT(0) and ECT(1) become CE with a checksum that fits; what cannot be marked is not."""
    for tos, can in ((0, False), (1, True), (2, True), (3, True), (0xB8, False), (0xBA, True)):
        marked = mark_congestion(frame(17, udp.build(IP_A, IP_B, 1, 2, b"x"), tos=tos))
        assert (marked is not None) == can
        if marked is not None:
            assert marked[15] == tos | 3 and right(marked) == (True, True)
    assert mark_congestion(ASKED) is None and mark_congestion(SEGMENT[:16]) is None


class TestRandomEarlyDetection:
    """The average decides: in proportion between red-min and red-max, and everything above."""

    def loaded(self, data: bytes, steady: int, frames: int, **more: str) -> list[str]:
        """Carry frames just as fast as the line takes them, behind `steady` frames that wait; return their fates."""
        pipe = Pipe(1, "lan", "out")
        gap = 1_000
        for name, value in {"rate": f"{len(data) * 8000}bit", "queue": "1mb", "red": "50%", "red-max": "20000",
                            "red-min": "10000", **more}.items():
            pipe.set(name, value)
        fates = []
        for number in range(frames):
            pipe.free_at = max(pipe.free_at, number * gap + 1)  # nothing that is lost makes the queue shorter
            pipe.waiting.clear()
            pipe.waiting.append((number * gap + 1, len(data)))
            pipe.waiting_bytes = steady
            pipe.free_at = number * gap + 1
            passage = pipe.carry(number * gap, data)
            fates.append(passage.lost or passage.deliveries[0][2])
        return fates

    @pytest.mark.parametrize(("steady", "share"), [(9_000, 0.0), (12_000, 0.1), (15_000, 0.25), (18_000, 0.4)])
    def test_the_chance_is_in_proportion(self, steady: int, share: float) -> None:
        fates = self.loaded(DATAGRAM, steady, 108_000)[8_000:]  # the average needs a while to get there
        early = fates.count("queue (early)")
        share -= 0.5 / 10_000 if share else 0  # the average stays one byte below what it approaches
        assert abs(early - 100_000 * share) <= 3 * math.sqrt(100_000 * share * (1 - share)) + 1
        assert set(fates) <= {"", "queue (early)"}

    def test_too_long_on_average_loses_everything(self) -> None:
        assert set(self.loaded(DATAGRAM, 30_000, 9_000)[8_000:]) == {"queue (average too long)"}

    def test_what_can_be_marked_is_marked(self) -> None:
        able = frame(17, udp.build(IP_A, IP_B, 53, 4000, b"odd"), tos=2)
        fates = self.loaded(able, 15_000, 20_000, ecn="on")[8_000:]
        assert set(fates) == {"", "congestion marked (CE)"}
        unable = self.loaded(DATAGRAM, 15_000, 20_000, ecn="on")[8_000:]
        assert set(unable) == {"", "queue (early)"}
        assert [bool(fate) for fate in fates] == [bool(fate) for fate in unable], "marked exactly where others are lost"
        assert "queue (average too long)" in self.loaded(able, 30_000, 9_000, ecn="on"), "RFC 3168 §7"

    def test_a_short_burst_passes_and_idleness_forgets(self) -> None:
        pipe = Pipe(1, "lan", "out")
        for name, value in {"rate": "1mbit", "queue": "1mb", "red": "100%", "red-max": "20kb"}.items():
            pipe.set(name, value)
        assert not any(pipe.carry(0, bytes(1000)).lost for _ in range(60)), "60 KB at once: the average is what counts"
        before = pipe.average.bytes
        assert before > 0
        pipe.carry(60_000_000, bytes(1000))
        assert pipe.average.bytes == 0


def test_a_black_hole() -> None:
    """What is larger than the MTU is lost, whatever is in it."""
    pipe = Pipe(1, "lan", "out")
    pipe.set("mtu", "1000")
    assert not pipe.carry(0, bytes(1014)).lost
    assert pipe.carry(0, bytes(1015)).lost == "mtu: 1001 bytes"

"""The trace says in words what a segment is beside those before it."""

from __future__ import annotations

from aether.reading.flow import Follower
from aether.reading.packet import Dissected
from aether.wire import ethernet, ipv4, tcp
from shell.reading.marks import Marks

US, PEER = b"\xc0\xa8\x01\x02", b"\xc0\xa8\x01\x01"
SACK = b"\x01\x01\x05\x0a\x00\x00\x00\x65\x00\x00\x00\xc9"


class Wire:
    """Says what `Marks` finds in segments between two ends."""

    def __init__(self) -> None:
        self.marks = Marks()
        self.follower = Follower()
        self.number = 0

    def sent(self, seq: int, ack: int, data: int = 0, *, win: int = 1000, flags: int = tcp.ACK, late: bool = False,
             options: bytes = b"", back: bool = False) -> str:
        source, destination, ports = (PEER, US, (80, 5000)) if back else (US, PEER, (5000, 80))
        segment = tcp.build(source, destination, *ports, seq % (1 << 32), ack % (1 << 32), flags, win, options,
                            bytes(data))
        packet = ipv4.build(source, destination, ipv4.PROTO_TCP, segment)
        frame = ethernet.build(bytes(6), bytes(6), ethernet.TYPE_IPV4, packet)
        frame += bytes(max(60 - len(frame), 0))
        self.number += 1
        context = self.follower.see(self.number, frame)
        return self.marks.read("lan", Dissected(frame), context, self.number, self.number * 1000, late=late)

    def came(self, seq: int, ack: int, data: int = 0, **more: int | bytes | bool) -> str:
        return self.sent(seq, ack, data, back=True, **more)  # type: ignore[arg-type]


def opened(first: int = 0) -> Wire:
    """Return a wire on which a connection was opened: the next of ours is `first` + 1, of theirs 1."""
    wire = Wire()
    assert wire.sent(first, 0, flags=tcp.SYN) == ""
    assert wire.came(0, first + 1, flags=tcp.SYN | tcp.ACK) == ""
    assert wire.sent(first + 1, 1) == ""
    return wire


def test_an_ordinary_exchange_is_not_remarkable() -> None:
    wire = opened()
    said = [wire.sent(1, 1, 100), wire.came(1, 101), wire.came(1, 101, 50), wire.sent(101, 51),
            wire.sent(101, 51, flags=tcp.FIN | tcp.ACK), wire.came(51, 102, flags=tcp.FIN | tcp.ACK),
            wire.sent(102, 52)]
    assert said == [""] * 7


def test_a_segment_sent_again_is_a_retransmission_across_the_wrap_too() -> None:
    first = (1 << 32) - 50
    wire = opened(first)
    assert wire.sent(first + 1, 1, 100) == ""
    assert wire.sent(first + 1, 1, 100) == "retransmission"
    assert wire.sent(first + 101, 1, 100) == ""


def test_a_syn_sent_again_is_a_retransmission_and_another_syn_is_a_new_connection() -> None:
    wire = Wire()
    assert wire.sent(7, 0, flags=tcp.SYN) == ""
    assert wire.sent(7, 0, flags=tcp.SYN) == "retransmission"
    assert wire.sent(90_000, 0, flags=tcp.SYN) == ""


def test_what_is_only_seen_arriving_may_have_been_overtaken() -> None:
    wire = opened()
    wire.came(101, 1, 100, late=True)
    assert wire.came(1, 1, 100, late=True) == "late, or sent again"


def test_duplicate_acks_are_counted_until_something_new_is_acknowledged() -> None:
    wire = opened()
    for seq in (1, 101, 201, 301):
        wire.sent(seq, 1, 100)
    said = [wire.came(1, 101), wire.came(1, 101), wire.came(1, 101, options=SACK), wire.came(1, 401)]
    assert said == ["", "duplicate ACK 1", "duplicate ACK 2", ""]


def test_an_ack_that_offers_another_window_is_a_window_update_whatever_else_it_says() -> None:
    wire = opened()
    for seq in (1, 101, 201):
        wire.sent(seq, 1, 100)
    said = [wire.came(1, 101), wire.came(1, 101, win=990), wire.came(1, 101, win=2000, options=SACK),
            wire.came(1, 101, win=2000)]
    assert said == ["", "window update", "window update", "duplicate ACK 1"]


def test_windows_that_shut_and_open() -> None:
    wire = opened()
    wire.sent(1, 1, 100)
    assert wire.came(1, 101, win=0) == "zero window"
    assert wire.sent(100, 1) == "window probe"
    assert wire.came(1, 101, win=0) == "answers the window probe, zero window"
    assert wire.came(1, 101, win=500) == "window update"


def test_keepalives_and_their_answers() -> None:
    wire = opened()
    wire.sent(1, 1, 100)
    wire.came(1, 101)
    assert wire.sent(100, 1) == "keepalive"
    assert wire.came(1, 101) == "answers the keepalive"
    assert wire.sent(101, 1, 10) == ""


def test_one_byte_sent_again_is_no_keepalive() -> None:
    wire = opened()
    wire.sent(1, 1, 1)
    assert wire.sent(1, 1, 1) == "retransmission"


def test_what_is_no_whole_segment_is_passed_over() -> None:
    marks, follower = Marks(), Follower()
    for length in range(80):
        frame = (b"\0" * 12 + b"\x08\x00\x45" + b"\0" * 8 + b"\x06" + b"\0" * 60)[:length]
        assert marks.read("lan", Dissected(frame), follower.see(0, frame), length, length) == ""

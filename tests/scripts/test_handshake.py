"""Opening a connection: RFC 9293 §3.5, §3.10.7.2, §3.10.7.3."""

import errno
import itertools

import pytest

from .script import Script


def test_passive_open() -> None:
    """RFC 9293 §3.5, figure 6: SYN, SYN-ACK, ACK."""
    s = Script()
    s.inject("S seq=0 mss=1460")
    s.expect("SA seq=0 ack=1 mss=1460")
    s.expect_state("SYN-RECEIVED")
    s.inject("A seq=1 ack=1")
    s.expect_nothing(for_us=100_000)
    s.expect_state("ESTABLISHED")


def test_active_open() -> None:
    """RFC 9293 §3.10.7.3: the SYN-ACK is acknowledged."""
    s = Script(app=None)
    s.connect(80)
    s.expect("S seq=0 ack=0 mss=1460 to=80")
    s.expect_state("SYN-SENT")
    s.inject("SA seq=0 ack=1 mss=1460")
    s.expect("A seq=1 ack=1 len=0")
    s.expect_state("ESTABLISHED")


def test_syn_options_offered() -> None:
    """RFC 7323 §2, RFC 2018 §2: everything is offered in a SYN."""
    s = Script(app=None)
    s.connect(80)
    seen = s.expect("S ws=8 sackok")
    assert seen.options.timestamp is not None


def test_options_not_offered_are_not_answered() -> None:
    """RFC 7323 §1.3: an option goes into a SYN,ACK only if the SYN had it."""
    s = Script()
    s.inject("S seq=0 mss=1460")
    seen = s.expect("SA")
    assert (seen.options.window_scale, seen.options.timestamp, seen.options.sack_permitted) == (None, None, False)


def test_syn_retransmitted_with_backoff() -> None:
    """RFC 6298 §2.1, §5.5: one second, then twice as long each time."""
    s = Script(app=None)
    s.connect(80)
    s.expect("S")
    for wait in (1, 2, 4, 8):
        s.expect_nothing(for_us=wait * 1_000_000 - 1)
        s.advance(1)
        s.expect("S seq=0")


def test_syn_retries_end() -> None:
    """RFC 9293 §3.8.3: after the last retry the application gets ETIMEDOUT."""
    s = Script(app=None)
    socket = s.connect(80)
    s.advance(128_000_000)
    assert len(s.skip()) == 7
    s.expect_state("CLOSED")
    with pytest.raises(OSError) as caught:
        socket.receive()
    assert caught.value.errno == errno.ETIMEDOUT


def test_syn_ack_retransmitted() -> None:
    """RFC 6298 §5.4 in SYN-RECEIVED."""
    s = Script()
    s.inject("S seq=0")
    s.expect("SA")
    s.advance(1_000_000)
    s.expect("SA seq=0 ack=1")


def test_repeated_syn_is_answered_again() -> None:
    """RFC 9293 §3.10.7.4, SYN-RECEIVED: our SYN,ACK was lost, and the peer's timer was faster."""
    s = Script()
    s.inject("S seq=0")
    s.expect("SA seq=0 ack=1")
    s.inject("S seq=0")
    s.expect("SA seq=0 ack=1")


def test_refused() -> None:
    """RFC 9293 §3.10.7.3: an acceptable reset in SYN-SENT is "connection refused"."""
    s = Script(app=None)
    socket = s.connect(80)
    s.expect("S")
    s.inject("RA seq=0 ack=1")
    s.expect_state("CLOSED")
    with pytest.raises(ConnectionRefusedError):
        socket.receive()


def test_reset_without_ack_in_syn_sent() -> None:
    """RFC 9293 §3.10.7.3: a reset that acknowledges nothing is dropped."""
    s = Script(app=None)
    s.connect(80)
    s.expect("S")
    s.inject("R seq=0")
    s.expect_state("SYN-SENT")
    s.expect_drop("tcp.syn_sent_unacceptable")


@pytest.mark.parametrize("ack", [0, 2, 1000])
def test_wrong_ack_in_syn_sent(ack: int) -> None:
    """RFC 9293 §3.10.7.3, first check: a reset with the sequence number of that ACK."""
    s = Script(app=None)
    s.connect(80)
    s.expect("S")
    s.inject(f"SA seq=0 ack={ack}")
    s.expect(f"R seq={ack}")
    s.expect_state("SYN-SENT")


def test_simultaneous_open() -> None:
    """RFC 9293 §3.5, figure 7: crossed SYNs make one connection."""
    s = Script(app=None)
    s.connect(80)
    s.expect("S seq=0")
    s.inject("S seq=0 mss=1460")
    s.expect("SA seq=0 ack=1")
    s.expect_state("SYN-RECEIVED")
    s.inject("SA seq=0 ack=1")
    s.expect("A seq=1 ack=1 len=0")
    s.expect_state("ESTABLISHED")
    s.expect_nothing(for_us=100_000)


def test_no_listener() -> None:
    """RFC 9293 §3.10.7.1: a SYN to a port where nobody listens is reset, with an ACK of the SYN."""
    s = Script(app=None)
    s.inject("S seq=0 to=4242")
    s.expect("RA seq=0 ack=1 win=0" if s.our_isn else "RA ack=1 win=0")
    s.expect_drop("tcp.no_listener")


def test_stray_ack() -> None:
    """RFC 9293 §3.10.7.1: an ACK out of the blue is answered with a reset that it will believe."""
    s = Script(app=None)
    s.inject("A seq=5 ack=77 to=4242")
    s.expect("R seq=77 len=0")
    s.expect_drop("tcp.no_connection")


def test_stray_reset_is_not_answered() -> None:
    """RFC 9293 §3.5.2: a reset is never answered with a reset."""
    s = Script(app=None)
    s.inject("R seq=5 to=4242")
    s.expect_nothing(for_us=1_000_000)


def test_ack_to_listener() -> None:
    """RFC 9293 §3.10.7.2, second check."""
    s = Script()
    s.inject("A seq=5 ack=77")
    s.expect("R seq=77")
    s.expect_drop("tcp.listen_not_syn")


def test_wrong_ack_in_syn_received() -> None:
    """RFC 9293 §3.10.7.4, fifth check, SYN-RECEIVED."""
    s = Script()
    s.inject("S seq=0")
    s.expect("SA")
    s.inject("A seq=1 ack=500")
    s.expect("R seq=500")
    s.expect_state("SYN-RECEIVED")


def test_backlog() -> None:
    """RFC 9293 §3.10.7.2: a full queue drops the SYN, so that the client tries again."""
    s = Script(app="none", backlog=1)
    s.handshake()
    s.peer_port += 1
    s.inject("S seq=0")
    s.expect_nothing()
    s.expect_drop("tcp.backlog_full")
    s.accept()
    s.inject("S seq=0")
    s.expect("SA")


def test_old_duplicate_syn() -> None:
    """RFC 9293 §3.5, figure 8: an old SYN is answered, the peer resets, and the real one gets through."""
    s = Script()
    s.inject("S seq=-100")
    s.expect("SA")
    s.inject("R seq=-99")
    s.expect_state("CLOSED")
    s.handshake()
    s.expect_state("ESTABLISHED")


def test_syn_with_data() -> None:
    """RFC 9293 §3.4: data on a SYN is not acknowledged with it, and is taken when it comes again."""
    s = Script()
    s.inject("S seq=0 len=10")
    s.expect("SA ack=1")
    s.inject("A seq=1 ack=1 len=10")
    s.expect("A ack=11")


def isns(count: int, **knobs: str) -> list[int]:
    s = Script(**knobs)
    found = []
    for port in range(count):
        s.inject(f"S seq=0 mss=1460 port={41_000 + port}")
        s.expect("SA")
        found.append(s.our_isn)
    return found


def test_initial_sequence_numbers_are_hard_to_guess() -> None:
    """RFC 6528 §3: no two connections tell anything of a third."""
    for how in ("rfc6528", "random"):
        found = isns(40, tcp_isn=how)
        steps = {(b - a) & 0xFFFFFFFF for a, b in itertools.pairwise(found)}
        assert len(steps) == 39, "no step comes twice"


def test_initial_sequence_numbers_can_be_made_predictable() -> None:
    """RFC 6528 §1: the same step every time, as Morris found in 1985."""
    found = isns(40, tcp_isn="predictable")
    assert {(b - a) & 0xFFFFFFFF for a, b in itertools.pairwise(found)} == {64_000}


def test_the_same_tuple_gets_a_later_number() -> None:
    """RFC 6528 §3: for one four-tuple the numbers follow the clock, so that old segments stay old."""
    s = Script()
    s.inject("S seq=0")
    s.expect("SA")
    first = s.our_isn
    s.inject("R seq=1")
    s.advance(1_000_000)
    s.inject("S seq=100000")
    s.expect("SA")
    assert (s.our_isn - first) & 0xFFFFFFFF == 250_000

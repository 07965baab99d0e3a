"""What is not acceptable: how often it is answered (RFC 9293 §3.10.7.4, RFC 5961 §7); nothing is learnt from it."""

import pytest

from .script import Script
from .test_closing import PEER_NEXT, in_state

LIMIT = 500_000
"""The default of tcp.invalid_ratelimit, in microseconds."""
REFUSED = {
    "old": "A seq={below} ack=1", "beyond": "A seq=9000000 ack=1", "future ack": "A seq={next} ack=90000",
    "old ack": "A seq={next} ack=-900000", "future ack, data": "PA seq={next} ack=90000 len=10",
    "old ack, fin": "FA seq={next} ack=-900000", "reset": "R seq={above}", "syn": "S seq={next}",
    "syn, old": "S seq={below}",
    "syn with data": "S seq={next} len=10", "syn and ack": "SA seq={next} ack=1",
}
"""Segments that are answered with an ACK, and may be part of a loop."""


def refused(kind: str, state: str) -> str:
    number = PEER_NEXT[state]
    return REFUSED[kind].format(next=number, below=number - 300, above=number + 300)


@pytest.mark.parametrize("state", PEER_NEXT)
@pytest.mark.parametrize("kind", REFUSED)
def test_one_ack_in_half_a_second(kind: str, state: str) -> None:
    """RFC 5961 §7, RFC 9293 §3.10.7.4: out of the window, an ACK of what was never sent, resets and SYNs."""
    s = in_state(state)
    s.advance(LIMIT)
    s.skip()  # our FIN, again
    line = refused(kind, state)
    sent = [one for _ in range(5) if s.inject(line) is None for one in s.skip()]
    assert [one.flags for one in sent] == ["A"], sent
    assert s.host.counters["tcp.acks_held"] == 4
    s.expect_state(state)
    s.advance(LIMIT)
    s.skip()
    s.inject(line)
    s.expect("A len=0")


def test_every_kind_shares_the_limit() -> None:
    """RFC 5961 §7: it is one ACK for the connection, not one of each kind."""
    s = in_state("ESTABLISHED")
    for kind in REFUSED:
        s.inject(refused(kind, "ESTABLISHED"))
    assert len(s.skip()) == 1
    assert s.host.counters["tcp.acks_held"] == len(REFUSED) - 1


def test_what_is_held_back_is_reported() -> None:
    """Who asks why nothing was sent is told."""
    s = in_state("ESTABLISHED")
    for _ in range(2):
        s.inject("A seq=1 ack=9999")
    assert s.saw("tcp.ack_held") == [(s.conn.number, "challenge: acknowledges what was never sent")]


@pytest.mark.parametrize("line", ["PA seq=-200 ack=1 len=100", "PA seq=9000000 ack=1 len=100", "FA seq=-200 ack=1"])
def test_data_and_fins_are_answered_always(line: str) -> None:
    """RFC 9293 §3.10.7.4: their sender waits for it, and sends by a timer; a loop they are not."""
    s = in_state("ESTABLISHED")
    for _ in range(5):
        s.inject(line)
        s.expect("A ack=1 len=0")


def test_other_connections_have_limits_of_their_own() -> None:
    """RFC 5961 §7: a limit for the whole host would tell one peer of another's challenge ACKs (CVE-2016-5696)."""
    s = in_state("ESTABLISHED")
    s.inject("R seq=300")
    s.expect("A ack=1")
    s.inject("S seq=0 port=41000")
    s.expect("SA to=41000")
    s.inject("A seq=1 ack=1 port=41000")
    s.inject("R seq=300 port=41000")
    s.expect("A ack=1 to=41000")


def test_old_timestamps_share_it() -> None:
    """RFC 7323 §5.3, R1: an ACK in answer, of which there are as few; data is answered always."""
    s = Script()
    s.handshake("mss=1460 tsval=1000 tsecr=0")
    for _ in range(3):
        s.inject("A seq=1 ack=1 tsval=10 tsecr=0")
    assert len(s.skip()) == 1
    s.inject("PA seq=1 ack=1 len=10 tsval=10 tsecr=0")
    s.expect("A ack=1 len=0")
    s.expect_drop("tcp.paws")


def test_a_syn_again_and_again() -> None:
    """RFC 9293 §3.10.7.4: in SYN-RECEIVED their SYN is answered again, and not at any rate."""
    s = Script()
    s.inject("S seq=0")
    s.expect("SA seq=0 ack=1")
    for _ in range(5):
        s.inject("S seq=0")
    s.expect("SA seq=0 ack=1")
    s.expect_nothing()
    s.advance(LIMIT)
    s.inject("S seq=0")
    s.expect("SA seq=0 ack=1")


@pytest.mark.parametrize(("knob", "answers"), [("0", 20), ("2s", 1), ("10ms", 2)])
def test_the_limit_is_a_knob(knob: str, answers: int) -> None:
    """RFC 5961 §7: without a limit each one is answered."""
    s = Script(tcp_invalid_ratelimit=knob)
    s.handshake()
    for _ in range(20):
        s.advance(1000)
        s.inject("A seq=1 ack=9999")
    assert len(s.skip()) == answers


def test_the_classic_profile_has_none() -> None:
    """The original answered everything."""
    s = Script(profile="classic", tcp_syn_cookies="off")
    s.handshake()
    for _ in range(5):
        s.inject("A seq=1 ack=9999")
        s.expect("A ack=1")


FAR = 1 << 30
"""How far ahead of the peer's clock a forged timestamp is."""
DISCARDED = {
    "old and a nonsense ack": "PA seq=-70000 ack=-900000 len=1", "old": "PA seq=-70000 ack=1 len=1",
    "the last byte again": "PA seq=10 ack=1 len=1", "a probe": "A seq=10 ack=1",
    "never sent": "PA seq=11 ack=90000 len=1", "never sent, empty": "A seq=11 ack=90000",
    "an old ack": "PA seq=11 ack=-900000 len=1", "beyond": "PA seq=9000000 ack=1 len=1",
    "a syn": "S seq=11", "a syn, old": "S seq=-5", "a reset": "R seq=5 len=10", "no ack": "P seq=11 len=1",
    "urgent, never sent": "UPA seq=11 ack=90000 len=1 urg=1", "a fin, never sent": "FA seq=11 ack=90000",
}
"""What a blind attacker may send; 10 bytes have arrived before."""


@pytest.mark.parametrize("kind", DISCARDED)
def test_no_timestamp_from_what_is_discarded(kind: str) -> None:
    """RFC 7323 §4.3, §5.3 (R2 before R3), RFC 5961 §5.2: else one blind segment would end a connection by PAWS."""
    s = Script()
    s.handshake("mss=1460 tsval=100 tsecr=0")
    s.inject("PA seq=1 ack=1 len=10 tsval=200 tsecr=1")
    s.expect("A ack=11 tsecr=200")
    s.inject(f"{DISCARDED[kind]} tsval={FAR} tsecr=1")
    s.skip()
    s.inject("PA seq=11 ack=1 len=10 tsval=300 tsecr=1")
    s.expect("A ack=21 tsecr=300")


@pytest.mark.parametrize("state", PEER_NEXT)
@pytest.mark.parametrize("line", ["A seq={} ack=90000", "PA seq=-70000 ack=1 len=1", "A seq={} ack=-900000"])
def test_nor_in_any_state(state: str, line: str) -> None:
    """RFC 7323 §5.3: in TIME-WAIT the timestamp decides whether a SYN is new (RFC 6191)."""
    s = Script()
    s.handshake("mss=1460 tsval=100 tsecr=0")
    if state in ("CLOSE-WAIT", "LAST-ACK"):
        s.inject("FA seq=1 ack=1 tsval=200 tsecr=1")
    if state in ("FIN-WAIT-1", "FIN-WAIT-2", "CLOSING", "TIME-WAIT", "LAST-ACK"):
        s.shutdown()
    if state in ("FIN-WAIT-2", "TIME-WAIT"):
        s.inject("A seq=1 ack=2 tsval=200 tsecr=1")
    if state in ("CLOSING", "TIME-WAIT"):
        s.inject(f"FA seq=1 ack={1 if state == 'CLOSING' else 2} tsval=200 tsecr=1")
    s.expect_state(state)
    recent = s.conn.ts_recent
    s.inject(line.format(PEER_NEXT[state]) + f" tsval={FAR} tsecr=1")
    assert s.conn.ts_recent == recent
    if state == "TIME-WAIT":
        s.skip()
        s.inject("S seq=900000 mss=1460 tsval=300 tsecr=0")
        s.expect("SA ack=900001 tsecr=300")


def test_nor_in_syn_received() -> None:
    """RFC 7323 §5.3, RFC 9293 §3.10.7.4: the ACK is not for our SYN."""
    s = Script()
    s.inject("S seq=0 mss=1460 tsval=100 tsecr=0")
    s.expect("SA")
    s.inject(f"A seq=1 ack=90000 tsval={FAR} tsecr=1")
    s.expect("R")
    s.inject(f"S seq=0 mss=1460 tsval={FAR} tsecr=0")
    s.skip()
    s.inject("A seq=1 ack=1 tsval=101 tsecr=1")
    s.expect_state("ESTABLISHED")
    s.inject("PA seq=1 ack=1 len=10 tsval=102 tsecr=1")
    s.expect("A ack=11 tsecr=102")


def test_the_handshakes_last_segment_brings_one() -> None:
    """RFC 7323 §4.3: the ACK of our SYN, and what crosses it in a simultaneous open."""
    s = Script()
    s.handshake("mss=1460 tsval=100 tsecr=0")
    s.inject("A seq=1 ack=1 tsval=150 tsecr=1")
    s.send(b"x")
    s.expect("PA tsecr=150 len=1")


def test_a_timestamp_never_goes_back() -> None:
    """RFC 7323 §4.3: it is remembered if it is not older, also when PAWS is off."""
    s = Script(tcp_paws="off")
    s.handshake("mss=1460 tsval=100 tsecr=0")
    s.inject("PA seq=1 ack=1 len=10 tsval=200 tsecr=1")
    s.expect("A ack=11 tsecr=200")
    s.inject("PA seq=11 ack=1 len=10 tsval=150 tsecr=1")
    s.expect("A ack=21 tsecr=200")

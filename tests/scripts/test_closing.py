"""Closing: RFC 9293 §3.6, §3.10.4, §3.10.7.4; RST in every state (§3.5.3, RFC 5961 §3)."""

import pytest

from .script import Script


def established(**knobs: str) -> Script:
    s = Script(**knobs)
    s.handshake()
    return s


def in_state(state: str) -> Script:
    """Bring a connection into a synchronized state; the peer's next sequence number is in `s.peer_next`."""
    s = established()
    if state in ("CLOSE-WAIT", "LAST-ACK"):
        s.inject("FA seq=1 ack=1")
        s.expect("A ack=2")
    if state in ("FIN-WAIT-1", "FIN-WAIT-2", "CLOSING", "TIME-WAIT", "LAST-ACK"):
        s.shutdown()
        s.expect("FA seq=1")
    if state in ("FIN-WAIT-2", "TIME-WAIT"):
        s.inject("A seq=1 ack=2")
    if state in ("CLOSING", "TIME-WAIT"):
        s.inject(f"FA seq=1 ack={1 if state == 'CLOSING' else 2}")
        s.expect("A ack=2")
    s.expect_state(state)
    return s


PEER_NEXT = {"ESTABLISHED": 1, "FIN-WAIT-1": 1, "FIN-WAIT-2": 1, "CLOSE-WAIT": 2, "CLOSING": 2, "LAST-ACK": 2,
             "TIME-WAIT": 2}


def test_we_close_first() -> None:
    """RFC 9293 §3.6, figure 12, seen from the left."""
    s = established()
    s.shutdown()
    s.expect("FA seq=1 ack=1")
    s.expect_state("FIN-WAIT-1")
    s.inject("A seq=1 ack=2")
    s.expect_state("FIN-WAIT-2")
    s.inject("FA seq=1 ack=2")
    s.expect("A seq=2 ack=2")
    s.expect_state("TIME-WAIT")
    s.expect_nothing(for_us=60_000_000)
    s.expect_state("CLOSED")


def test_peer_closes_first() -> None:
    """RFC 9293 §3.6, figure 12, seen from the right."""
    s = established()
    s.inject("FA seq=1 ack=1")
    s.expect("A seq=1 ack=2")
    s.expect_state("CLOSE-WAIT")
    s.shutdown()
    s.expect("FA seq=1 ack=2")
    s.expect_state("LAST-ACK")
    s.inject("A seq=2 ack=2")
    s.expect_state("CLOSED")


def test_simultaneous_close() -> None:
    """RFC 9293 §3.6, figure 13."""
    s = established()
    s.shutdown()
    s.expect("FA seq=1 ack=1")
    s.inject("FA seq=1 ack=1")
    s.expect("A seq=2 ack=2")
    s.expect_state("CLOSING")
    s.inject("A seq=2 ack=2")
    s.expect_state("TIME-WAIT")


def test_fin_and_ack_of_fin_together() -> None:
    """RFC 9293 §3.10.7.4: one segment may bring both, straight to TIME-WAIT."""
    s = established()
    s.shutdown()
    s.expect("FA")
    s.inject("FA seq=1 ack=2")
    s.expect("A ack=2")
    s.expect_state("TIME-WAIT")


def test_half_close() -> None:
    """RFC 9293 §3.6: who has closed still receives."""
    s = established()
    s.shutdown()
    s.expect("FA seq=1")
    s.inject("A seq=1 ack=2")
    s.inject("PA seq=1 ack=2 len=100")
    s.expect("A ack=101")
    assert s.conn.socket.app.total == 100


def test_fin_waits_for_data() -> None:
    """RFC 9293 §3.10.4: the FIN follows everything that was sent, and goes with the last of it."""
    s = Script()
    s.handshake(window=1000)
    s.send(b"x" * 1500)
    s.expect("A seq=1 len=1000")
    s.shutdown()
    s.inject("A seq=1 ack=1001 win=1000")
    s.expect("FPA seq=1001 len=500")


def test_fin_is_retransmitted() -> None:
    """RFC 9293 §3.4: a FIN occupies a sequence number and is sent again like data."""
    s = established()
    s.shutdown()
    s.expect("FA seq=1")
    s.advance(1_000_000)
    s.expect("FA seq=1")


def test_fin_beyond_a_hole() -> None:
    """RFC 9293 §3.10.7.4, eighth check: the FIN counts only when everything before it is there."""
    s = established()
    s.inject("FPA seq=101 ack=1 len=50")
    s.expect("A ack=1")
    s.expect_state("ESTABLISHED")
    s.inject("PA seq=1 ack=1 len=100")
    s.expect("A ack=152")
    s.expect_state("CLOSE-WAIT")


@pytest.mark.parametrize("forged", [5000, 102, 101, 50, 2])
@pytest.mark.parametrize("real", ["FPA seq=1 ack=1 len=100", "PA seq=1 ack=1 len=100, FA seq=101 ack=1"])
def test_a_fin_where_none_is_does_not_hide_the_real_one(real: str, forged: int) -> None:
    """RFC 9293 §3.10.7.4, eighth check: only a FIN in order ends the stream, whatever FIN came before it."""
    s = established()
    s.inject(f"FA seq={forged} ack=1")
    s.expect("A ack=1")
    for line in real.split(", "):
        s.inject(line)
    if s.state == "ESTABLISHED":
        s.inject("FA seq=101 ack=1")
    assert s.skip()[-1].ack == 102
    s.expect_state("CLOSE-WAIT")
    assert s.conn.socket.app.total == 100


def test_the_first_of_two_fins_ends_the_stream() -> None:
    """RFC 9293 §3.10.7.4, eighth check: as on Linux, what lies behind it is let go of."""
    s = Script()
    s.handshake("mss=1460 sackok")
    s.inject("FPA seq=301 ack=1 len=50")
    s.expect("A ack=1 sack=301-352")
    s.inject("FA seq=101 ack=1")
    s.expect("A ack=1")
    s.inject("PA seq=1 ack=1 len=100")
    s.expect("A ack=102 sack=")
    s.expect_state("CLOSE-WAIT")


def test_a_fin_outside_the_window_is_not_remembered() -> None:
    """RFC 9293 §3.10.7.4, first check: what does not fit into the window is cut off, the FIN with it."""
    s = established(tcp_receive_window="2000")
    s.inject("FPA seq=1 ack=1 len=2500")
    s.expect("A ack=2001")
    s.inject("PA seq=2001 ack=1 len=500")
    s.skip()
    s.expect_state("ESTABLISHED")


def test_time_wait_answers_a_repeated_fin() -> None:
    """RFC 9293 §3.10.7.4, TIME-WAIT: acknowledge it and start the 2 MSL anew."""
    s = in_state("TIME-WAIT")
    s.advance(30_000_000)
    s.inject("FA seq=1 ack=2")
    s.expect("A seq=2 ack=2")
    s.expect_nothing(for_us=59_999_999)
    s.expect_state("TIME-WAIT")
    s.advance(1)
    s.expect_state("CLOSED")


def test_time_wait_knob() -> None:
    """RFC 9293 §3.6.1: the knob tcp.time_wait sets how long it lasts."""
    s = established(tcp_time_wait="1s")
    s.shutdown()
    s.skip()
    s.inject("FA seq=1 ack=2")
    s.skip()
    s.expect_nothing(for_us=1_000_000)
    s.expect_state("CLOSED")


def test_time_wait_reused_by_a_newer_syn() -> None:
    """RFC 9293 §3.6.1, RFC 6191: a SYN beyond everything received opens a new incarnation."""
    s = in_state("TIME-WAIT")
    s.inject("S seq=100000")
    s.expect("SA")
    s.expect_state("SYN-RECEIVED")


@pytest.mark.parametrize("why", ["nobody listens", "the queue is full", "handshakes", "cookies"])
def test_time_wait_does_not_end_for_nothing(why: str) -> None:
    """RFC 9293 §3.6.1: a SYN that no connection comes of is answered with an ACK, as on Linux where nobody listens."""
    s = Script("none", backlog=1, tcp_syn_cookies="auto" if why == "cookies" else "off")
    s.handshake()
    s.socket = s.accept()
    s.shutdown()
    s.expect("FA seq=1")
    s.inject("FA seq=1 ack=2")
    s.expect("A ack=2")
    if why == "nobody listens":
        s.listener.close()
    elif why in ("handshakes", "cookies"):
        isn = s.our_isn
        for port in range(41000, 41008):
            s.inject(f"S seq=0 port={port}")
        s.skip()
        s.our_isn = isn
    else:
        isn = s.our_isn
        s.inject("S seq=0 port=41000")
        s.expect("SA")
        s.inject("A seq=1 ack=1 port=41000")
        s.our_isn = isn
    s.inject("S seq=100000")
    s.expect("A seq=2 ack=2")
    s.expect_state("TIME-WAIT")


@pytest.mark.parametrize("isn", ["rfc6528", "random", "predictable"])
@pytest.mark.parametrize("stamps", ["", " tsval=1 tsecr=0"])
def test_a_new_incarnation_begins_beyond_the_old_one(stamps: str, isn: str) -> None:
    """RFC 9293 §3.6.1: its initial sequence number is larger than any that the previous one has used."""
    s = Script(tcp_isn=isn, tcp_congestion="none")
    for incarnation in range(4):
        at = incarnation * 100_000
        options = f"mss=1460 sackok ws=8{stamps.replace('tsval=1', f'tsval={1 + incarnation}')}"
        last = stamps.replace("tsval=1", f"tsval={1 + incarnation}")
        before = s.conn.snd_nxt & 0xFFFFFFFF if incarnation else 0
        s.inject(f"S seq={at} {options}")
        s.expect(f"SA ack={at + 1}")
        if incarnation:
            assert 0 < (s.our_isn - before) & 0xFFFFFFFF < 1 << 31
        s.inject(f"A seq={at + 1} ack=1{last}")
        s.send(b"x" * 100_000)
        s.shutdown()
        s.skip()
        s.inject(f"FA seq={at + 1} ack=100002{last}")
        s.skip()
        s.expect_state("TIME-WAIT")


def test_time_wait_refuses_an_old_syn() -> None:
    """RFC 9293 §3.6.1: one from before is answered with an ACK."""
    s = in_state("TIME-WAIT")
    s.inject("S seq=-5000")
    s.expect("A ack=2")
    s.expect_state("TIME-WAIT")


@pytest.mark.parametrize("state", list(PEER_NEXT))
def test_reset_ends_every_state(state: str) -> None:
    """RFC 9293 §3.10.7.4, second check."""
    s = in_state(state)
    s.inject(f"R seq={PEER_NEXT[state]}")
    s.expect_state("CLOSED")
    s.expect_nothing(for_us=1_000_000)


@pytest.mark.parametrize("state", list(PEER_NEXT))
def test_reset_inside_the_window_is_challenged(state: str) -> None:
    """RFC 5961 §3.2: a reset that does not name the next byte gets a challenge ACK."""
    s = in_state(state)
    s.inject(f"R seq={PEER_NEXT[state] + 10}")
    s.expect(f"A ack={PEER_NEXT[state]}")
    s.expect_drop("tcp.rst_not_exact")
    s.expect_state(state)


@pytest.mark.parametrize("state", list(PEER_NEXT))
def test_reset_outside_the_window_is_ignored(state: str) -> None:
    """RFC 9293 §3.10.7.4, first check: in silence."""
    s = in_state(state)
    s.inject("R seq=10000000")
    s.expect_nothing()
    s.expect_drop("tcp.rst_outside_window")
    s.expect_state(state)


@pytest.mark.parametrize("state", list(PEER_NEXT))
def test_syn_inside_a_connection_is_challenged(state: str) -> None:
    """RFC 5961 §4.2: whatever its sequence number, a SYN gets a challenge ACK."""
    s = in_state(state)
    s.inject(f"SA seq={PEER_NEXT[state]} ack=1")
    s.expect(f"A ack={PEER_NEXT[state]}")
    s.expect_state(state)


def test_challenge_knob_off() -> None:
    """Without tcp.challenge_ack any reset inside the window is believed, as in RFC 793."""
    s = established(tcp_challenge_ack="off")
    s.inject("R seq=500")
    s.expect_state("CLOSED")


def test_close_with_unread_data_resets() -> None:
    """RFC 9293 §3.10.4, RFC 2525 §2.17: data that nobody will read."""
    s = Script(app="none")
    s.handshake()
    socket = s.accept()
    s.inject("PA seq=1 ack=1 len=10")
    s.skip()
    socket.close()
    s.expect("RA seq=1 ack=11")
    s.expect_state("CLOSED")


def test_data_after_close_is_reset() -> None:
    """RFC 9293 §3.6.1 / RFC 1122 §4.2.2.13: the application is gone."""
    s = established()
    s.close()
    s.expect("FA seq=1")
    s.inject("A seq=1 ack=2")
    s.inject("PA seq=1 ack=2 len=10")
    s.expect("R seq=2 len=0")
    s.expect_state("CLOSED")


def test_orphan_in_fin_wait_2_does_not_stay() -> None:
    """RFC 9293 §3.10.8 (and Linux tcp_fin_timeout): a peer that never closes holds nothing here for ever."""
    s = established()
    s.close()
    s.expect("FA")
    s.inject("A seq=1 ack=2")
    s.advance(60_000_000)
    s.expect_state("CLOSED")


def test_abort() -> None:
    """RFC 9293 §3.10.5."""
    s = established()
    s.conn.socket.abort()
    s.expect("RA seq=1 ack=1")
    s.expect_state("CLOSED")

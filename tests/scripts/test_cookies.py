"""SYN cookies: RFC 4987 §3.6."""

import pytest

from .script import Script


def test_a_cookie_opens_a_connection() -> None:
    """RFC 4987 §3.6: nothing is remembered of the SYN; the ACK brings it all back."""
    s = Script(tcp_syn_cookies="always")
    s.inject("S seq=0 mss=1400")
    s.expect("SA seq=0 ack=1")
    s.expect_state("CLOSED")
    s.inject("A seq=1 ack=1")
    s.expect_state("ESTABLISHED")
    assert s.conn.mss == 1400
    s.inject("PA seq=1 ack=1 len=10")
    s.expect("A ack=11")


def test_data_with_the_cookie_is_taken() -> None:
    """RFC 4987 §3.6: the third segment may carry data already."""
    s = Script("echo", tcp_syn_cookies="always")
    s.inject("S seq=0 mss=1460")
    s.expect("SA")
    s.inject("PA seq=1 ack=1 len=10")
    s.expect("PA seq=1 ack=11 len=10")


@pytest.mark.parametrize(("offered", "kept"), [(100, 216), (536, 536), (1000, 536), (1460, 1460), (9000, 1460)])
def test_the_mss_survives_roughly(offered: int, kept: int) -> None:
    """RFC 4987 §3.6: three bits: the next smaller of eight sizes."""
    s = Script(tcp_syn_cookies="always")
    s.inject(f"S seq=0 mss={offered}")
    s.expect("SA")
    s.inject("A seq=1 ack=1")
    assert s.conn.mss == kept


def test_options_survive_in_the_timestamp() -> None:
    """RFC 4987 §3.6: with timestamps, window scale and SACK are carried in ours."""
    s = Script(tcp_syn_cookies="always")
    s.inject("S seq=0 mss=1460 ws=7 sackok tsval=5 tsecr=0")
    seen = s.expect("SA ws=8 sackok")
    assert seen.options.timestamp is not None
    s.inject(f"A seq=1 ack=1 tsval=6 tsecr={seen.options.timestamp[0]}")
    conn = s.conn
    assert (conn.snd_wscale, conn.sack_ok, conn.ts_ok) == (7, True, True)


def test_options_are_lost_without_timestamps() -> None:
    """RFC 4987 §3.6: that is the price."""
    s = Script(tcp_syn_cookies="always")
    s.inject("S seq=0 mss=1460 ws=7 sackok")
    seen = s.expect("SA")
    assert (seen.options.window_scale, seen.options.sack_permitted) == (None, False)
    s.inject("A seq=1 ack=1")
    assert (s.conn.snd_wscale, s.conn.sack_ok) == (0, False)


@pytest.mark.parametrize("wrong", [2, 500, -1])
def test_a_forged_cookie_is_refused(wrong: int) -> None:
    """RFC 4987 §3.6: the hash is keyed."""
    s = Script(tcp_syn_cookies="always")
    s.inject("S seq=0 mss=1460")
    s.expect("SA")
    s.inject(f"A seq=1 ack={wrong}")
    s.expect(f"R seq={wrong & 0xFFFFFFFF}")
    s.expect_drop("tcp.bad_cookie")
    s.expect_state("CLOSED")


def test_a_cookie_expires() -> None:
    """RFC 4987 §3.6: after two periods of 64 seconds at the latest."""
    s = Script(tcp_syn_cookies="always")
    s.inject("S seq=0 mss=1460")
    s.expect("SA")
    s.advance(129_000_000)
    s.inject("A seq=1 ack=1")
    s.expect("R seq=1")
    s.expect_drop("tcp.bad_cookie")


def test_a_cookie_works_once() -> None:
    """RFC 4987 §3.6: a recorded ACK opens nothing again."""
    s = Script(tcp_syn_cookies="always")
    s.inject("S seq=0 mss=1460")
    s.expect("SA")
    s.inject("A seq=1 ack=1")
    s.inject("R seq=1 ack=1")
    s.expect_state("CLOSED")
    s.inject("A seq=1 ack=1")
    s.expect("R seq=1")
    s.expect_drop("tcp.bad_cookie")


def test_auto_uses_cookies_only_when_the_queue_is_full() -> None:
    """RFC 4987 §3.6: the first handshakes are remembered, the rest get cookies."""
    s = Script(backlog=8, tcp_syn_cookies="auto")
    for port in range(20):
        s.inject(f"S seq=0 mss=1460 port={41_000 + port}")
        s.expect("SA")
    assert len(s.host.tcp.connections) == 8
    assert s.host.counters["tcp.cookies_sent"] == 12


def test_off_drops_when_the_queue_is_full() -> None:
    """RFC 4987 §3.6: and then whoever is honest waits with the attackers."""
    s = Script(backlog=8, tcp_syn_cookies="off")
    for port in range(20):
        s.inject(f"S seq=0 mss=1460 port={41_000 + port}")
    assert len(s.skip()) == 8
    s.expect_drop("tcp.backlog_full")

"""Loss recovery: RFC 5681, 6582, 6675, 8985, 9937, 3042, 5682, 2883; congestion windows: RFC 6928, 9438, 2861, 3168."""

from itertools import pairwise

import pytest

from aether.tcp.output import timestamp

from .script import Script

MSS = 1460


def sending(segments: int = 10, options: str = "mss=1460", window: int = 65_535, **knobs: str) -> Script:
    """A connection that has just sent so many full segments."""
    s = Script(**knobs)
    s.handshake(options, window)
    s.conn.round_trip.srtt = s.conn.round_trip.minimum = 0
    s.conn.round_trip.sample(100_000)
    s.send(b"x" * (segments * MSS))
    sent = s.skip()
    assert len(sent) == segments
    return s


def time_out(s: Script) -> None:
    """Let the retransmission timer run out once."""
    s.advance(s.conn.deadlines["rto"] - s.lab.world.now)


def sack(s: Script, *blocks: tuple[int, int], ack: int = 1) -> None:
    """A duplicate acknowledgement that SACKs segments, counted from 0."""
    text = ",".join(f"{1 + low * MSS}-{1 + high * MSS}" for low, high in blocks)
    s.inject(f"A seq=1 ack={ack} sack={text}")


@pytest.mark.parametrize("window", [1, 2, 4, 10])
def test_the_initial_window(window: int) -> None:
    """RFC 6928 §2, RFC 5681 §3.1: so many segments before the first acknowledgement."""
    s = Script(tcp_initial_window=str(window))
    s.handshake()
    s.send(b"x" * 30_000)
    assert len(s.skip()) == window


@pytest.mark.parametrize("congestion", ["reno", "cubic"])
def test_slow_start_doubles(congestion: str) -> None:
    """RFC 5681 §3.1: every acknowledged segment lets two out."""
    s = Script(tcp_congestion=congestion, tcp_initial_window="2")
    s.handshake()
    s.send(b"x" * 60_000)
    s.skip()
    for count, ack in ((3, 1), (3, 2), (3, 3)):
        s.inject(f"A seq=1 ack={1 + ack * MSS}")
        assert len(s.skip()) == 2, count


def test_congestion_avoidance_adds_a_segment_per_window() -> None:
    """RFC 5681 §3.1, equation 2, by counting bytes: one more segment when a whole window was acknowledged."""
    s = sending(10, tcp_congestion="reno")
    s.conn.ssthresh = 10 * MSS
    s.send(b"x" * 60_000)
    for ack in range(1, 10):
        s.inject(f"A seq=1 ack={1 + ack * MSS}")
    assert s.conn.cwnd == 10 * MSS
    s.inject(f"A seq=1 ack={1 + 10 * MSS}")
    assert s.conn.cwnd == 11 * MSS


def test_an_unused_window_does_not_grow() -> None:
    """RFC 7661 §4: what was not needed proves nothing."""
    s = Script()
    s.handshake()
    before = s.conn.cwnd
    for index in range(5):
        s.send(b"x" * 100)
        s.inject(f"A seq=1 ack={101 + index * 100}")
    assert s.conn.cwnd == before


def test_reno_halves_the_window() -> None:
    """RFC 5681 §3.2, equation 4: ssthresh is half of what was in flight."""
    s = sending(10, tcp_congestion="reno")
    for _ in range(3):
        s.inject("A seq=1 ack=1")
    assert s.conn.ssthresh == 5 * MSS


def test_cubic_keeps_seven_tenths() -> None:
    """RFC 9438 §4.6: beta is 0.7."""
    s = sending(10, tcp_congestion="cubic")
    for _ in range(3):
        s.inject("A seq=1 ack=1")
    assert s.conn.ssthresh == 7 * MSS


def test_cubic_grows_back_to_the_old_maximum() -> None:
    """RFC 9438 §4.2: after K seconds the window is where the loss was."""
    s = Script(tcp_congestion="cubic")
    s.handshake()
    conn = s.conn
    control = conn.congestion
    conn.cwnd = conn.ssthresh = 70 * MSS
    control.w_max = 100.0
    conn.round_trip.sample(100_000)
    s.advance(1)
    control.acknowledged(conn, MSS, s.host.now)
    assert 4.0 < control.k < 4.5, "the cube root of (100 - 70) / 0.4"
    for _ in range(60):
        s.advance(100_000)
        control.acknowledged(conn, conn.cwnd, s.host.now)
    assert conn.cwnd > 99 * MSS


def test_cubic_converges_faster_when_it_had_to_yield() -> None:
    """RFC 9438 §4.7: below the last maximum, the next target is lower still."""
    s = sending(10, tcp_congestion="cubic")
    s.conn.congestion.w_max = 20.0
    for _ in range(3):
        s.inject("A seq=1 ack=1")
    assert s.conn.congestion.w_max == pytest.approx(8.5)


def test_a_time_out_starts_with_one_segment() -> None:
    """RFC 5681 §3.1: the loss window is one segment."""
    s = sending(10, tcp_frto="off")
    time_out(s)
    s.expect("A seq=1 len=1460")
    assert s.conn.cwnd == MSS
    s.expect_nothing()


def test_after_a_time_out_slow_start_sends_the_rest_again() -> None:
    """RFC 5681 §3.1, §4.3: everything that was in flight, as acknowledgements come."""
    s = sending(4, tcp_frto="off")
    time_out(s)
    s.expect("A seq=1 len=1460")
    s.inject("A seq=1 ack=1461")
    s.expect("A seq=1461 len=1460")
    s.expect("A seq=2921 len=1460")


@pytest.mark.parametrize("congestion", ["reno", "cubic"])
@pytest.mark.parametrize(("acked", "count"), [(4, 2), (1, 2)])
def test_after_a_time_out_one_acknowledgement_adds_one_segment(congestion: str, acked: int, count: int) -> None:
    """RFC 3465 §2.3: one that fills holes acknowledges much that has left the network long ago."""
    s = sending(10, tcp_frto="off", tcp_congestion=congestion)
    time_out(s)
    s.expect("A seq=1 len=1460")
    s.inject(f"A seq=1 ack={1 + acked * MSS}")
    assert s.conn.phase == "loss"
    assert len(s.skip()) == count
    assert s.conn.cwnd == 2 * MSS


@pytest.mark.parametrize("congestion", ["reno", "cubic"])
def test_in_slow_start_one_acknowledgement_adds_two_segments_at_the_most(congestion: str) -> None:
    """RFC 3465 §2.2."""
    s = sending(10, tcp_congestion=congestion)
    s.inject(f"A seq=1 ack={1 + 8 * MSS}")
    assert s.conn.cwnd == 12 * MSS


@pytest.mark.parametrize("duplicates", [1, 2])
def test_fewer_than_three_duplicates_change_nothing(duplicates: int) -> None:
    """RFC 5681 §3.2: reordering makes duplicates too."""
    s = sending(10)
    for _ in range(duplicates):
        s.inject("A seq=1 ack=1")
    s.expect_nothing()
    assert s.conn.phase == "open"


@pytest.mark.parametrize(("knob", "count"), [("on", 1), ("off", 0)])
def test_limited_transmit(knob: str, count: int) -> None:
    """RFC 3042 §2: the first duplicates let new data out, one segment each; tcp.limited_transmit."""
    s = sending(10, tcp_limited_transmit=knob)
    s.send(b"y" * 5 * MSS)
    s.expect_nothing()
    s.inject("A seq=1 ack=1")
    assert len(s.skip()) == count


def test_a_duplicate_with_another_window_is_none() -> None:
    """RFC 5681 §2: the advertised window must be the same."""
    s = sending(10)
    for window in (60_000, 50_000, 40_000):
        s.inject(f"A seq=1 ack=1 win={window}")
    s.expect_nothing()


def test_a_duplicate_with_data_is_none() -> None:
    """RFC 5681 §2: it carries no data."""
    s = sending(10)
    for index in range(3):
        s.inject(f"A seq={1 + index * 10} ack=1 len=10")
    assert s.conn.phase == "open"


def test_partial_acknowledgements() -> None:
    """RFC 6582 §3.2, step 5: without SACK each partial acknowledgement shows the next hole."""
    s = sending(10)
    for _ in range(3):
        s.inject("A seq=1 ack=1")
    s.expect("A seq=1 len=1460")
    s.inject(f"A seq=1 ack={1 + 3 * MSS}")
    again = [seen for seen in s.skip() if seen.seq == 1 + 3 * MSS]
    assert len(again) == 1
    assert s.conn.phase == "recovery"


def test_recovery_ends_with_everything_acknowledged() -> None:
    """RFC 6582 §3.2, step 3: what was in flight when it began."""
    s = sending(10)
    for _ in range(3):
        s.inject("A seq=1 ack=1")
    s.inject(f"A seq=1 ack={1 + 10 * MSS}")
    assert s.conn.phase == "open"
    assert s.conn.cwnd <= s.conn.ssthresh


def test_no_second_recovery_for_the_same_loss() -> None:
    """RFC 6582 §3.2, step 2: duplicates of what was sent before the recovery start no new one."""
    s = sending(10, tcp_frto="off")
    time_out(s)
    s.skip()
    s.inject("A seq=1 ack=1461")
    s.skip()
    for _ in range(3):
        s.inject("A seq=1 ack=1461")
    assert s.conn.phase == "loss"


def test_several_holes_by_sack() -> None:
    """RFC 6675 §4: every hole with enough above it is sent again, and nothing that was SACKed."""
    s = sending(10, "mss=1460 sackok", tcp_rack="off")
    sack(s, (1, 2))
    sack(s, (3, 4), (1, 2))
    sack(s, (5, 9), (3, 4), (1, 2))
    again = [seen.seq for seen in s.skip()]
    assert again == [1 + hole * MSS for hole in (0, 2, 4)]


def test_what_was_sacked_is_not_sent_again_after_a_time_out() -> None:
    """RFC 6675 §5.1: the scoreboard is kept."""
    s = sending(4, "mss=1460 sackok", tcp_frto="off", tcp_rack="off")
    sack(s, (1, 3))
    time_out(s)
    s.expect("A seq=1 len=1460")
    s.inject(f"A seq=1 ack={1 + 3 * MSS}")
    s.expect(f"PA seq={1 + 3 * MSS} len=1460")


@pytest.mark.parametrize("block", [(20, 30), (9, 30), (5, 5), (6, 4)])
def test_absurd_sack_blocks_are_ignored(block: tuple[int, int]) -> None:
    """RFC 2018 §5: only blocks above snd_una and up to snd_nxt count."""
    s = sending(10, "mss=1460 sackok")
    sack(s, block)
    assert s.conn.flight.sacked == []
    s.expect_nothing()


@pytest.mark.parametrize("rack", ["on", "off"])
def test_rack_finds_a_lost_segment_by_time(rack: str) -> None:
    """RFC 8985 §6.2: one segment SACKed above is enough once the reordering window has passed; tcp.rack."""
    s = sending(3, "mss=1460 sackok", tcp_rack=rack)
    s.advance(100_000)
    sack(s, (1, 2))
    s.expect_nothing()
    s.advance(60_000)
    assert [seen.seq for seen in s.skip()] == ([1] if rack == "on" else [])


def test_rack_finds_a_lost_retransmission() -> None:
    """RFC 8985 §3.1: what RFC 6675 leaves to the timer."""
    s = sending(10, "mss=1460 sackok")
    s.advance(100_000)
    sack(s, (1, 5))
    assert 1 in [seen.seq for seen in s.skip()]
    s.send(b"y" * 20 * MSS)
    s.skip()
    s.advance(110_000)
    sack(s, (1, 11))
    s.advance(60_000)
    assert [seen.seq for seen in s.skip()][:1] == [1], "the retransmission itself is taken for lost"


def test_reordering_is_not_loss() -> None:
    """RFC 8985 §6.2: what comes a little later fills the hole, and nothing is sent again."""
    s = sending(4, "mss=1460 sackok")
    s.advance(100_000)
    sack(s, (1, 2))
    s.advance(5_000)
    s.inject(f"A seq=1 ack={1 + 4 * MSS}")
    s.advance(200_000)
    assert s.conn.retransmits == 0


@pytest.mark.parametrize("rack", ["on", "off"])
def test_a_tail_loss_probe(rack: str) -> None:
    """RFC 8985 §7.2, §7.3: after two round trips of silence the last segment goes again, before the time-out."""
    s = sending(3, "mss=1460 sackok", tcp_rack=rack)
    s.advance(230_000)
    seen = s.skip()
    assert [one.seq for one in seen] == ([1 + 2 * MSS] if rack == "on" else [])


def test_a_probe_prefers_new_data() -> None:
    """RFC 8985 §7.3: if there is unsent data and the window lets it, that is the probe."""
    s = sending(10, "mss=1460 sackok")
    s.send(b"y" * MSS)
    s.expect_nothing()
    s.advance(230_000)
    s.expect(f"PA seq={1 + 10 * MSS} len=1460")


def probing() -> Script:
    """Two of four segments are acknowledged after a round trip, and then there is silence: a probe goes out."""
    s = sending(4, "mss=1460 sackok")
    s.advance(100_000)
    s.inject(f"A seq=1 ack={1 + 2 * MSS}")
    s.advance(210_000)
    s.expect(f"PA seq={1 + 3 * MSS} len=1460")
    return s


def test_a_probe_that_repaired_a_loss_slows_down() -> None:
    """RFC 8985 §7.4.2: an acknowledgement from beyond the probe, and no D-SACK before it: the segment had been lost."""
    s = probing()
    before = s.conn.cwnd
    s.inject(f"A seq=1 ack={1 + 4 * MSS}")
    assert s.conn.cwnd >= before
    s.send(b"z" * 10)
    s.inject(f"A seq=1 ack={11 + 4 * MSS}")
    assert s.conn.cwnd < before


def test_a_probe_that_was_not_needed_changes_nothing() -> None:
    """RFC 8985 §7.4, RFC 2883: a D-SACK says that both arrived."""
    s = probing()
    before = s.conn.cwnd
    sack(s, (3, 4), ack=1 + 4 * MSS)
    assert s.conn.cwnd == before


@pytest.mark.parametrize(("prr", "sent"), [
    ("on", [0, 0, 1, 0, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]),
    ("off", [0, 0, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1])])
def test_prr_sends_in_proportion(prr: str, sent: list[int]) -> None:
    """RFC 9937 §6.2: recovery begins with 18 segments in flight, and is to end with 14 (RFC 9438 §4.6).

    With tcp.prr, d segments that have arrived since let whole segments of d * 14 / 18 out, until no more than 14 are in
    flight: 1, 1, 2, 3, 3. Without, none leaves until 13 are. From there on each lets one out.
    """
    s = sending(20, "mss=1460 sackok", tcp_rack="off", tcp_prr=prr, tcp_limited_transmit="off", tcp_initial_window="20")
    s.send(b"y" * 40 * MSS)
    s.skip()
    found = []
    for top in range(2, 21):
        sack(s, (1, top))
        found.append(len(s.skip()))
    assert s.conn.phase == "recovery"
    assert found == sent


def test_duplicates_without_end_let_no_more_out() -> None:
    """RFC 9937 §6.1, §6.2: without SACK all of them stand for RecoverFS at the most, however many a peer makes up."""
    s = sending(10)
    s.send(b"y" * 40 * MSS)
    s.skip()
    for _ in range(14):  # of the ten, of two by limited transmit, and of what left in exchange
        s.inject("A seq=1 ack=1")
    assert s.conn.phase == "recovery"
    assert [(seen.seq - 1) // MSS for seen in s.skip()] == [10, 11, 0, *range(12, 20)]
    assert s.conn.prr_delivered == s.conn.prr_flight == 12 * MSS
    for _ in range(30):
        s.inject("A seq=1 ack=1")
    s.expect_nothing()


@pytest.mark.parametrize("dsack", ["on", "off"])
def test_a_duplicate_is_reported(dsack: str) -> None:
    """RFC 2883 §4: the first SACK block names what came twice; tcp.dsack."""
    s = Script(tcp_dsack=dsack)
    s.handshake("mss=1460 sackok")
    s.inject("PA seq=1 ack=1 len=100")
    s.skip()
    s.inject("PA seq=1 ack=1 len=100")
    assert s.expect("A ack=101").value("sack", s) == ("1-101" if dsack == "on" else "")


def test_a_partial_duplicate_is_reported() -> None:
    """RFC 2883 §4.1: only the part that came twice."""
    s = Script()
    s.handshake("mss=1460 sackok")
    s.inject("PA seq=1 ack=1 len=100")
    s.skip()
    s.inject("PA seq=51 ack=1 len=100")
    assert s.expect("A ack=151").value("sack", s) == "51-101"


def test_a_duplicate_is_reported_once() -> None:
    """RFC 2883 §4: in one acknowledgement only."""
    s = Script()
    s.handshake("mss=1460 sackok")
    for _ in range(2):
        s.inject("PA seq=1 ack=1 len=100")
    s.skip()
    s.inject("PA seq=101 ack=1 len=100")
    assert s.expect("A ack=201").value("sack", s) == ""


def test_needless_recovery_is_undone() -> None:
    """RFC 2883, RFC 3708: when every retransmission proves a duplicate, the window is given back."""
    s = sending(10, "mss=1460 sackok", tcp_rack="off")
    before = s.conn.cwnd
    sack(s, (1, 4))
    s.expect("A seq=1 len=1460")
    assert s.conn.cwnd < before
    sack(s, (0, 1), (1, 4), ack=1 + 4 * MSS)
    assert s.conn.phase == "open"
    assert s.conn.cwnd >= before


@pytest.mark.parametrize("frto", ["on", "off"])
def test_a_spurious_time_out_is_noticed(frto: str) -> None:
    """RFC 5682 §3.1: acknowledgements for what was not sent again show that it was only slow; tcp.frto."""
    s = sending(10, "mss=1460 sackok", tcp_frto=frto, tcp_rack="off")
    before = s.conn.cwnd
    time_out(s)
    s.expect("A seq=1 len=1460")
    s.inject(f"A seq=1 ack={1 + 2 * MSS}")
    s.skip()
    s.inject(f"A seq=1 ack={1 + 4 * MSS}")
    undone = s.conn.phase == "open" and s.conn.cwnd >= before
    assert undone == (frto == "on")


@pytest.mark.parametrize("eifel", ["on", "off"])
@pytest.mark.parametrize("echoed", ["the original", "the retransmission"])
def test_the_first_echo_after_a_retransmission_tells(echoed: str, eifel: str) -> None:
    """RFC 3522 §3.2, RFC 4015 §3: which of both has arrived, the original or what was sent again; tcp.eifel."""
    s = sending(4, "mss=1472 tsval=1 tsecr=0", tcp_eifel=eifel)
    before = s.conn.cwnd
    original = timestamp(s.conn)
    time_out(s)
    again = timestamp(s.conn)
    s.skip()
    s.inject(f"A seq=1 ack={1 + MSS} tsval=2 tsecr={original if echoed == 'the original' else again}")
    undone = s.conn.phase == "open" and s.conn.cwnd >= before
    assert undone == (echoed == "the original" and eifel == "on")
    s.inject(f"A seq=1 ack={1 + 2 * MSS} tsval=2 tsecr={original}")
    assert s.conn.phase == ("open" if undone else "loss"), "only the first tells"


def test_a_time_out_during_recovery_does_not_ask_anew() -> None:
    """RFC 3522 §3.2, RFC 4015 §3.1: what was sent first in a recovery is asked about, and nothing later."""
    s = sending(8, "mss=1472 tsval=1 tsecr=0")
    for _ in range(3):
        s.inject("A seq=1 ack=1 tsval=1 tsecr=0")
    resent = timestamp(s.conn)
    assert s.conn.phase == "recovery"
    time_out(s)
    assert s.conn.phase == "loss"
    s.inject(f"A seq=1 ack={1 + MSS} tsval=2 tsecr={resent}")
    assert s.conn.phase == "loss", "the first retransmission has arrived, not the original"


def test_a_real_time_out_is_not_undone() -> None:
    """RFC 5682 §3.1, step 2: a duplicate acknowledgement says that the rest is missing too."""
    s = sending(10, "mss=1460 sackok", tcp_rack="off")
    time_out(s)
    s.expect("A seq=1 len=1460")
    s.inject("A seq=1 ack=1")
    assert s.conn.phase == "loss"


@pytest.mark.parametrize("knob", ["on", "off"])
def test_after_idling(knob: str) -> None:
    """RFC 2861 §3, RFC 5681 §4.1: an old window is not used in one burst; tcp.slow_start_after_idle."""
    s = Script(tcp_slow_start_after_idle=knob)
    s.handshake()
    s.conn.cwnd = 40 * MSS
    s.advance(10_000_000)
    s.send(b"x" * 40 * MSS)
    assert len(s.skip()) == (10 if knob == "on" else 40)


@pytest.mark.parametrize("congestion", ["none", "reno", "cubic"])
def test_congestion_control_is_a_knob(congestion: str) -> None:
    """RFC 5681 §3: tcp.congestion; without any, only the peer's window limits."""
    s = Script(tcp_congestion=congestion)
    s.handshake()
    s.send(b"x" * 40 * MSS)
    sent = sum(len(seen.payload) for seen in s.skip())
    assert sent == (40 * MSS if congestion == "none" else 10 * MSS)


@pytest.mark.parametrize("retransmit", ["on", "off"])
def test_fast_retransmit_is_switched_with_the_rest(retransmit: str) -> None:
    """RFC 5681 §3.2: tcp.retransmit off means off for duplicates, too."""
    s = sending(10, tcp_retransmit=retransmit)
    for _ in range(4):
        s.inject("A seq=1 ack=1")
    assert [seen.seq for seen in s.skip() if seen.seq == 1] == ([1] if retransmit == "on" else [])


@pytest.mark.parametrize(("samples", "srtt", "rttvar"), [
    ([100], 100, 50), ([100, 100], 100, 37.5), ([100, 200], 112.5, 62.5), ([200, 100], 187.5, 100)])
def test_the_estimator(samples: list[int], srtt: float, rttvar: float) -> None:
    """RFC 6298 §2.2, §2.3."""
    s = Script()
    s.handshake()
    trip = type(s.conn.round_trip)(s.host.knobs)
    for sample in samples:
        trip.sample(sample * 1000)
    assert (trip.srtt, trip.rttvar) == (srtt * 1000, rttvar * 1000)


@pytest.mark.parametrize(("knob", "value", "wanted"), [
    ("tcp_rto_min", "200ms", 300_000), ("tcp_rto_min", "1s", 1_100_000), ("tcp_rto_max", "1s", 300_000)])
def test_the_floor_and_the_ceiling(knob: str, value: str, wanted: int) -> None:
    """RFC 6298 §2.4, §2.5; the floor is under the variance, as on Linux: tcp.rto_min, tcp.rto_max."""
    s = Script(**{knob: value})
    s.handshake()
    trip = type(s.conn.round_trip)(s.host.knobs)
    for _ in range(60):
        trip.sample(100_000)
    assert trip.rto == wanted


def test_the_ceiling_of_the_backoff() -> None:
    """RFC 6298 §5.5: doubling ends at tcp.rto_max."""
    s = Script(tcp_rto_max="4s")
    s.handshake()
    s.send(b"x")
    s.advance(60_000_000)
    gaps = [b - a for a, b in pairwise(times(s))]
    assert max(gaps) == 4_000_000


def times(s: Script) -> list[int]:
    """When timers were set to fire."""
    return [values[3] for values in s.saw("tcp.timer") if values[1:3] == ("rto", "started")]


@pytest.mark.parametrize(("initial", "wait"), [("1s", 1_000_000), ("3s", 3_000_000)])
def test_the_first_time_out(initial: str, wait: int) -> None:
    """RFC 6298 §2.1: before anything was measured; tcp.rto_initial."""
    s = Script(app=None, tcp_rto_initial=initial)
    s.connect(80)
    s.expect("S")
    s.expect_nothing(for_us=wait - 1)
    s.advance(1)
    s.expect("S")


def test_the_timer_starts_again_with_each_acknowledgement() -> None:
    """RFC 6298 §5.3: new data acknowledged, the timer runs anew for the rest."""
    s = sending(2)
    s.advance(200_000)
    s.inject(f"A seq=1 ack={1 + MSS}")
    rto = s.conn.round_trip.timeout()
    s.expect_nothing(for_us=rto - 1)
    s.advance(1)
    s.expect(f"PA seq={1 + MSS} len=1460")


def test_the_timer_stops_when_all_is_acknowledged() -> None:
    """RFC 6298 §5.2."""
    s = sending(2)
    s.inject(f"A seq=1 ack={1 + 2 * MSS}")
    assert "rto" not in s.conn.deadlines

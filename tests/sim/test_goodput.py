"""A sample of the goodput matrix (`make matrix` makes the whole), and what it must never fall below."""

import sys
from pathlib import Path

import pytest

from aether.lab import LINK, YOU
from benchmarks.matrix import LOSSES, ROUND_TRIPS, cell, fairness, mathis
from benchmarks.transfer import make_world, start, transfer

TABLE = Path(__file__).parents[2] / "docs" / "goodput.md"


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("direction", ["up", "down"])
def test_every_transfer_completes(loss: str, direction: str) -> None:
    """Byte for byte, whatever the loss and the order."""
    result = transfer(
        200_000, direction, loss=loss, reorder="5%", round_trip_ms=20, buffer=65_536,
        link={"duplicate": "2%", "corrupt": "1%"},
    )
    assert result.complete


@pytest.mark.parametrize("knobs", [
    {"tcp_sack": "off"}, {"tcp_rack": "off"}, {"tcp_congestion": "reno"}, {"tcp_congestion": "none"},
    {"tcp_prr": "off"}, {"tcp_frto": "off"}, {"tcp_timestamps": "off"}, {"tcp_out_of_order": "drop"},
    {"tcp_window_scaling": "off"}, {"tcp_ecn": "on"}, {"tcp_limited_transmit": "off"}, {"tcp_dsack": "off"},
    {"tcp_syn_cookies": "always"},
    {"tcp_sack": "off", "tcp_timestamps": "off", "tcp_rack": "off", "tcp_window_scaling": "off"},
], ids=lambda knobs: " ".join(f"{name}={value}" for name, value in knobs.items()))
def test_every_transfer_completes_without_one_mechanism(knobs: dict[str, str]) -> None:
    """Mechanisms make it faster, not possible."""
    assert transfer(150_000, loss="5%", reorder="2%", round_trip_ms=20, **knobs).complete


@pytest.mark.parametrize("loss", ["1%", "5%", "10%"])
@pytest.mark.parametrize("buffer", [16_384, 262_144])
def test_nothing_is_sent_again_in_vain(loss: str, buffer: int) -> None:
    """What is lost on the way there is sent again, and nothing else, if all stay in order and every ACK arrives."""
    again = 0
    for seed in range(1, 6):
        world = make_world(round_trip_ms=1, seed=seed, buffer=buffer)
        world.links[LINK].left.pipe.set("loss", loss)
        sink, number = start(world, 262_144)
        while number not in sink.ended and world.step(600_000_000):
            pass
        counters = world.hosts[YOU].counters
        assert sink.lengths[number] == 262_144
        assert counters.get("tcp.dsack_received", 0) == 0, seed
        again += counters.get("tcp.retransmitted", 0)
    assert again > 0


@pytest.mark.parametrize(("loss", "reorder", "buffer"), [("5%", "0%", 16_384), ("1%", "5%", 262_144)])
def test_the_committed_table_is_current(loss: str, reorder: str, buffer: int) -> None:
    """Two cells stand for all: the table was made with this code."""
    section = TABLE.read_text().split(f"## Buffer {buffer // 1024} KB, reordering {reorder}\n")[1]
    row = next(line for line in section.splitlines() if line.startswith(f"| {loss} |"))
    assert row.split(" | ")[1 + ROUND_TRIPS.index(20)] == cell(loss, reorder, 20, buffer), "run `make matrix`"


def test_one_percent_of_loss_against_the_mathis_bound() -> None:
    """10 MB, 1% loss, 20 ms: CUBIC with SACK reaches at least 80% of MSS/RTT x 1.22/sqrt(p)."""
    result = transfer(10_000_000, loss="1%", round_trip_ms=20, seed=7)
    assert result.complete
    assert result.goodput >= 0.8 * mathis(0.01, 0.020)


@pytest.mark.parametrize("congestion", ["cubic", "reno"])
def test_two_flows_share_a_bottleneck(congestion: str) -> None:
    """Jain's index over a minute."""
    index, rates = fairness(congestion)
    assert index >= 0.95, rates
    assert sum(rates) * 8 > 9e6, "the bottleneck of 10 Mbit/s is not filled"


def calls_per_occurrence(buffer: int) -> float:
    """Return how many calls, into C and Python, an occurrence costs while losses are repaired in a large window."""
    world = make_world(loss="1%", round_trip_ms=100, buffer=buffer, tcp_congestion="none")
    start(world, 30_000_000)
    while world.occurrence < 4000:
        world.step()
    before = world.occurrence
    count = 0

    def profile(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        while world.occurrence < before + 4000:
            world.step()
    finally:
        sys.setprofile(None)
    return count / 4000


def test_the_cost_of_an_acknowledgement_does_not_grow_with_the_window() -> None:
    """Scoreboards of ranges: 32 times the window, not even twice the work."""
    small, large = calls_per_occurrence(131_072), calls_per_occurrence(4_194_304)
    assert large < 2 * small, f"{small:.0f} calls with a window of 128 KB, {large:.0f} with 4 MB"

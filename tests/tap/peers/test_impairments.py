"""Impairments on a TAP, as the kernel's side sees them: in `ping`, and in `tcpdump`."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import pytest

from aether.engine.core import Core
from aether.operations.link import LinkDrop, LinkSet
from tests.tap.harness import OURS, KernelLab

pytestmark = pytest.mark.needs("tcpdump", "tshark", "capinfos")

PINGS = 400


@pytest.fixture
def lab() -> Iterator[KernelLab]:
    with KernelLab() as made:
        yield made


def ready(lab: KernelLab, *settings: tuple[str, str, str]) -> Core:
    """Start, let the neighbours meet, and then set impairments: direction, name, value."""
    core = lab.start()
    lab.run("ping", "-c", "1", "-W", "2", OURS)
    for direction, name, value in settings:
        core.do(LinkSet(direction=direction, what=name, value=value))
    return core


def ping(lab: KernelLab, count: int = PINGS, *more: str) -> str:
    return lab.run("ping", "-c", str(count), "-i", "0.004", "-W", "1", *more, OURS, check=False).stdout


def sequences(said: str) -> list[int]:
    """Return the sequence numbers of the replies, in the order in which they came."""
    return [int(number) for number in re.findall(r"icmp_seq=(\d+)", said)]


def replies(lab: KernelLab, fields: str) -> list[str]:
    """Return fields of our replies, as tshark reads what tcpdump captured."""
    lab.stop_capture()
    return lab.run(
        "tshark", "-o", "ip.check_checksum:TRUE", "-r", str(lab.capture_file), "-Y",
        f"icmp.type == 0 && ip.src == {OURS}", "-T", "fields",
        *(word for name in fields.split() for word in ("-e", name)),
    ).stdout.splitlines()


@pytest.mark.parametrize("direction", ["in", "out"])
def test_loss(lab: KernelLab, direction: str) -> None:
    ready(lab, (direction, "loss", "20%"))
    lost = PINGS - len(set(sequences(ping(lab))))
    assert abs(lost - 0.2 * PINGS) <= 3 * (PINGS * 0.2 * 0.8) ** 0.5


def test_bursts(lab: KernelLab) -> None:
    """Losses come one after the other: the mean run is that of the setting, and not of independent losses."""
    ready(lab, ("out", "burst-loss", "4%"), ("out", "burst-end", "25%"))
    there = set(sequences(ping(lab)))
    text = "".join("." if number in there else "x" for number in range(1, PINGS + 1))
    runs = [len(run) for run in re.findall("x+", text)]
    assert 2 <= statistics.mean(runs) <= 8, text


def test_drop_every(lab: KernelLab) -> None:
    ready(lab, ("out", "drop-every", "10"))
    there = set(sequences(ping(lab, 100)))
    missing = [number for number in range(1, 101) if number not in there]
    assert len(missing) == 10
    assert {later - before for before, later in pairwise(missing)} == {10}


def test_duplicates(lab: KernelLab) -> None:
    ready(lab, ("out", "duplicate", "30%"))
    lab.capture()
    said = ping(lab)
    twice = len(re.findall(r"DUP!", said))
    assert abs(twice - 0.3 * PINGS) <= 3 * (PINGS * 0.3 * 0.7) ** 0.5
    seen = Counter(replies(lab, "icmp.seq"))
    assert 0 <= sum(count - 1 for count in seen.values()) - twice <= 1  # ping does not wait for the last one's


@pytest.mark.needs("hping3")
def test_reordering(lab: KernelLab) -> None:
    """A `ping` this fast waits for each reply, and would see nothing of it; hping3 does not."""
    ready(lab, ("out", "reorder", "10%"))
    lab.capture()
    lab.run("hping3", "--icmp", "-q", "-n", "-i", "u2000", "-c", str(PINGS), OURS, check=False)
    order = [int(row) for row in replies(lab, "icmp.seq_le")]
    first = order[0]
    order = [(number - first) % 65_536 for number in order]
    assert len(set(order)) == len(order) == PINGS
    overtaken = sum(later < before for before, later in pairwise(order))
    assert 0.03 * PINGS <= overtaken <= 0.2 * PINGS


def test_delay_and_jitter(lab: KernelLab) -> None:
    ready(lab, ("out", "delay", "30ms"), ("out", "jitter", "10ms"), ("out", "distribution", "uniform"))
    times = [float(text) for text in re.findall(r"time=([\d.]+)", ping(lab, 150, "-i", "0.03"))]
    assert len(times) == 150
    assert min(times) >= 20
    assert 27 <= statistics.median(times) <= 60
    assert statistics.pstdev(times) > 2


def test_corruption_is_seen_by_the_judge(lab: KernelLab) -> None:
    """The kernel hands an echo reply to a raw socket whatever its checksum, so `ping` alone would not notice."""
    ready(lab, ("out", "corrupt", "25%"), ("out", "corrupt-what", "checksum"))
    lab.capture()
    ping(lab)
    states = [row.split("\t") for row in replies(lab, "ip.checksum.status icmp.checksum.status")]
    wrong = sum("0" in state for state in states)
    assert len(states) == PINGS
    assert abs(wrong - 0.25 * PINGS) <= 3 * (PINGS * 0.25 * 0.75) ** 0.5


def test_a_rate(lab: KernelLab) -> None:
    """1,042 bytes of a frame at 1 Mbit/s take 8.3 ms, and so do the ones behind it."""
    ready(lab, ("out", "rate", "1mbit"))
    lab.capture()
    ping(lab, 60, "-s", "1000")
    times = [float(row) for row in replies(lab, "frame.time_relative")]
    gaps = [later - before for before, later in pairwise(times)]
    assert len(times) >= 50
    assert 0.0075 <= statistics.median(gaps) <= 0.0105


def test_a_black_hole_and_a_cut(lab: KernelLab) -> None:
    core = ready(lab, ("in", "mtu", "1000"))
    assert len(sequences(ping(lab, 5, "-s", "900"))) == 5
    assert sequences(ping(lab, 3, "-s", "1200")) == []
    core.do(LinkSet(direction="both", what="down", value="on"))
    assert sequences(ping(lab, 3)) == []
    core.do(LinkSet(direction="both", what="down", value="off"))
    core.do(LinkDrop(link="lan", direction="in", count=2))
    assert sequences(ping(lab, 5)) == [3, 4, 5]

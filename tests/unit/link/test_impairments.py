"""What links do to frames: shares within three standard deviations, times exact, everything repeatable."""

from __future__ import annotations

import math
import pickle
from itertools import pairwise

import pytest

from aether.lab import simulated
from aether.link.impairments import IMPAIRMENTS, REORDER_HOLD, Passage, Pipe
from aether.link.quantities import QuantityError
from aether.operations.base import OperationError, from_data
from aether.operations.link import LinkClear, LinkDrop, LinkSet
from aether.statehash import state_hash
from aether.streams import Stream
from aether.wire import ethernet
from aether.world import World

FRAMES = 100_000
FRAME = bytes(range(60))


def pipe(**settings: str) -> Pipe:
    made = Pipe(1, "lan", "out")
    for name, text in settings.items():
        made.set(name, text, 0)
    return made


def passages(of: Pipe, count: int = FRAMES, gap: int = 0) -> list[Passage]:
    """Carry equal frames, one every `gap` microseconds."""
    return [of.carry(number * gap, FRAME) for number in range(count)]


def lost(found: list[Passage]) -> list[int]:
    return [number for number, passage in enumerate(found) if passage.lost]


def near(count: int, share: float, of: int = FRAMES) -> bool:
    """Return whether a count is within three standard deviations of its share."""
    return abs(count - of * share) <= 3 * math.sqrt(of * share * (1 - share))


@pytest.mark.parametrize("percent", ["0.1%", "5%", "50%", "99%"])
def test_share_of_lost_frames(percent: str) -> None:
    found = passages(pipe(loss=percent))
    assert near(len(lost(found)), float(percent[:-1]) / 100)
    assert {passage.lost for passage in found} == {"", "loss"}


def test_all_or_nothing() -> None:
    assert len(lost(passages(pipe(loss="100%"), 1000))) == 1000
    assert not lost(passages(pipe(loss="0%", delay="1ms"), 1000))


def test_losses_are_independent_of_each_other() -> None:
    """After a lost frame, the next is lost no more often than any other."""
    fates = [bool(passage.lost) for passage in passages(pipe(loss="20%"))]
    after = [then for now, then in pairwise(fates) if now]
    assert near(sum(after), 0.2, len(after))


def test_bursts() -> None:
    """How many there are, how long they are, and how much they lose, as Gilbert's chain has it."""
    begin, end = 0.01, 0.25
    fates = [passage.lost for passage in passages(pipe(burst_loss="1%", burst_end="25%"))]
    runs: list[int] = []
    before = ""
    for fate in fates:
        if fate:
            runs[-1:] = [runs[-1] + 1] if before else [*runs[-1:], 1]
        before = fate
    good = len(fates) - sum(runs)
    assert near(len(runs), begin, good), "one begins before so many of the other frames"
    deviation = math.sqrt(1 - end) / end / math.sqrt(len(runs))
    assert abs(sum(runs) / len(runs) - 1 / end) <= 3 * deviation, "a geometric distribution"
    assert set(fates) == {"", "burst"}


def test_bursts_that_let_some_through() -> None:
    """Elliott's extension: the bad state loses a share, and so does the good one."""
    whole = pipe(burst_loss="5%", burst_end="5%")
    partly = pipe(burst_loss="5%", burst_end="5%", burst_share="30%")
    in_bursts = lost(passages(whole))
    lost_in_them = lost(passages(partly))
    assert set(lost_in_them) < set(in_bursts), "the same bursts"
    assert near(len(lost_in_them), 0.3, len(in_bursts))
    both = passages(pipe(burst_loss="5%", burst_end="5%", burst_share="30%", loss="2%"))
    outside = sorted(set(range(FRAMES)) - set(in_bursts))
    assert near(sum(both[number].lost == "loss" for number in outside), 0.02, len(outside))


def test_duplicates() -> None:
    found = passages(pipe(duplicate="3%"))
    twice = [passage for passage in found if len(passage.deliveries) == 2]
    assert near(len(twice), 0.03)
    assert all(passage.deliveries[0] == passage.deliveries[1] for passage in twice)


def test_corruption_turns_over_one_bit_behind_the_ethernet_header() -> None:
    hit = []
    for passage in passages(pipe(corrupt="4%")):
        (_, frame, what), = passage.deliveries
        assert bool(what) == (frame != FRAME)
        if what:
            difference = int.from_bytes(frame, "big") ^ int.from_bytes(FRAME, "big")
            assert difference.bit_count() == 1
            place = len(FRAME) - 1 - (difference.bit_length() - 1) // 8
            assert what == f"bit {(difference.bit_length() - 1) % 8} of byte {place} turned over"
            hit.append(place)
    assert near(len(hit), 0.04)
    assert set(hit) == set(range(ethernet.HEADER_LENGTH, len(FRAME)))


def test_a_frame_with_nothing_behind_its_header_stays_whole() -> None:
    damaged = pipe(corrupt="100%")
    for length in range(ethernet.HEADER_LENGTH + 1):
        assert damaged.carry(0, FRAME[:length]).deliveries == [(0, FRAME[:length], "")]


def test_delay_is_exact_and_keeps_the_order() -> None:
    found = passages(pipe(delay="20ms"), 1000, gap=7)
    assert [passage.deliveries for passage in found] == [[(n * 7 + 20_000, FRAME, "")] for n in range(1000)]


def test_even_jitter() -> None:
    """Everything from 15 to 25 ms, equally often; far apart, so that keeping the order changes nothing."""
    times = [p.deliveries[0][0] - n * 100_000
             for n, p in enumerate(passages(pipe(delay="20ms", jitter="5ms"), gap=100_000))]
    assert min(times) >= 15_000 and max(times) <= 25_000
    assert abs(sum(times) / FRAMES - 20_000) <= 3 * 10_001 / math.sqrt(12 * FRAMES)
    tenths = [0] * 10
    for time in times:
        tenths[min((time - 15_000) // 1000, 9)] += 1
    chi_square = sum((count - FRAMES / 10) ** 2 / (FRAMES / 10) for count in tenths)
    assert chi_square < 25.3, "nine degrees of freedom: as rare as three standard deviations"


def test_normal_jitter() -> None:
    times = [p.deliveries[0][0] - n * 1_000_000
             for n, p in enumerate(passages(pipe(delay="100ms", jitter="5ms", distribution="normal"), gap=1_000_000))]
    mean = sum(times) / FRAMES
    assert abs(mean - 100_000) <= 3 * 5_000 / math.sqrt(FRAMES)
    deviation = math.sqrt(sum((time - mean) ** 2 for time in times) / FRAMES)
    assert abs(deviation - 5_000) <= 3 * 5_000 / math.sqrt(2 * FRAMES)
    within = sum(abs(time - 100_000) <= 5_000 for time in times)
    assert abs(within / FRAMES - 0.6827) < 0.006, "two thirds within one standard deviation"


def test_jitter_keeps_the_order_and_never_turns_time_back() -> None:
    for distribution in ("uniform", "normal"):
        shaky = pipe(delay="1ms", jitter="20ms", distribution=distribution)
        times = [p.deliveries[0][0] for p in passages(shaky, 2000, gap=100)]
        assert times == sorted(times)
        assert all(time >= n * 100 for n, time in enumerate(times))


def test_reordered_frames_are_overtaken() -> None:
    found = [p.deliveries[0][0] for p in passages(pipe(delay="3ms", reorder="10%"), gap=1000)]
    late = [n for n, time in enumerate(found) if time != n * 1000 + 3000]
    assert near(len(late), 0.1)
    assert all(found[n] == n * 1000 + 3000 + REORDER_HOLD for n in late)
    before_others = [n for n, then in pairwise(late) if then != n + 1]
    assert all(found[n] > found[n + 1] for n in before_others)


@pytest.mark.parametrize("bits", [1_000_000, 7_000_000, 333_000, 1_000_000_000])
def test_rate_is_exact(bits: int) -> None:
    """The last bit of N frames sent at once has left after N frame times, rounded once and not N times."""
    limited = pipe(rate=f"{bits}bit", queue="100mb")
    times = [limited.carry(50, FRAME).deliveries[0][0] for _ in range(10_000)]
    assert times == [50 + (n + 1) * len(FRAME) * 8_000_000 // bits for n in range(10_000)]


def test_an_idle_line_starts_at_once() -> None:
    limited = pipe(rate="480kbit")  # a frame of 60 bytes takes a millisecond
    assert limited.carry(0, FRAME).deliveries[0][0] == 1_000
    assert limited.carry(400, FRAME).deliveries[0][0] == 2_000
    assert limited.carry(10_000, FRAME).deliveries[0][0] == 11_000


def test_the_queue_drops_its_tail_by_bytes() -> None:
    """One frame is on the line, three of 60 bytes fit behind it, and as it drains there is room again."""
    limited = pipe(rate="480kbit", queue="180")
    found = [limited.carry(0, FRAME) for _ in range(6)]
    assert [passage.lost for passage in found] == ["", "", "", "", "queue", "queue"]
    assert limited.carry(999, FRAME).lost == "queue"
    assert limited.carry(1_000, FRAME).deliveries[0][0] == 5_000
    assert limited.carry(1_000, FRAME).lost == "queue"


def test_the_queue_drops_its_tail_by_frames() -> None:
    limited = pipe(rate="480kbit", queue_frames="2")
    assert [limited.carry(0, FRAME).lost for _ in range(4)] == ["", "", "", "queue"]
    assert not limited.carry(1_000, FRAME).lost


def test_delay_comes_after_the_rate() -> None:
    limited = pipe(rate="480kbit", delay="5ms")
    assert [limited.carry(0, FRAME).deliveries[0][0] for _ in range(2)] == [6_000, 7_000]


def test_drop_next() -> None:
    armed = pipe()
    armed.drop(3, 0)
    assert not armed.clear
    assert [passage.lost for passage in passages(armed, 3)] == ["drop next"] * 3
    assert armed.clear


def test_drop_every() -> None:
    armed = pipe(drop_every="4")
    assert lost(passages(armed, 12)) == [3, 7, 11]
    armed.set("delay", "1ms", 0)
    armed.carry(0, FRAME)
    armed.set("delay", "2ms", 0)
    assert lost(passages(armed, 4)) == [2], "another setting does not start the count again"
    armed.set("drop_every", "2", 0)
    assert lost(passages(armed, 2)) == [1]


def test_a_partition() -> None:
    cut = pipe(down="on", loss="50%")
    assert {passage.lost for passage in passages(cut, 100)} == {"down"}
    cut.set("down", "off", 0)
    assert near(len(lost(passages(cut))), 0.5)


OTHERS = {
    "loss": "30%", "burst_loss": "10%", "duplicate": "20%", "corrupt": "30%", "reorder": "20%", "jitter": "3ms",
    "rate": "10mbit", "drop_every": "7", "delay": "40ms", "mtu": "1000",
}


@pytest.mark.parametrize("other", OTHERS)
def test_no_impairment_shuffles_another(other: str) -> None:
    """Whatever else is set, the same frames are the unlucky ones of each impairment."""
    base = {"loss": "10%", "duplicate": "10%", "corrupt": "10%", "reorder": "10%"}
    base.pop(other, None)
    plain, mixed = passages(pipe(**base), 3000, gap=1000), passages(pipe(**base, **{other: OTHERS[other]}), 3000, 1000)
    if "loss" in base:
        assert {n for n, p in enumerate(plain) if p.lost} == {
            n for n, p in enumerate(mixed) if p.lost == "loss"
        } | {n for n, p in enumerate(mixed) if p.lost and p.lost != "loss" and plain[n].lost}
    for n, (before, after) in enumerate(zip(plain, mixed, strict=True)):
        if before.lost or after.lost:
            continue
        if other != "duplicate":
            assert len(before.deliveries) == len(after.deliveries), n
        if other != "corrupt":
            assert before.deliveries[0][1:] == after.deliveries[0][1:], n


def test_directions_links_and_seeds_are_independent() -> None:
    fates = {
        key: tuple(lost(_lossy(*key)))
        for key in [(1, "lan", "out"), (1, "lan", "in"), (1, "wan", "out"), (2, "lan", "out")]
    }
    assert len(set(fates.values())) == 4
    for key, fate in fates.items():
        assert tuple(lost(_lossy(*key))) == fate, "equal seeds repeat"


def _lossy(seed: int, link: str, direction: str) -> list[Passage]:
    made = Pipe(seed, link, direction)
    made.set("loss", "20%", 0)
    return passages(made, 500)


def test_clear_means_at_once_and_unchanged() -> None:
    """For every impairment: on is not clear, off is clear again; what only qualifies others changes nothing."""
    on = {**OTHERS, "down": "on"}
    qualifying = {"burst-end": "50%", "burst-share": "50%", "queue": "1kb", "queue-frames": "3",
                  "distribution": "normal", "corrupt-what": "field", "red": "10%", "red-min": "1kb", "red-max": "9kb",
                  "ecn": "on"}
    assert {name.replace("_", "-") for name in on} | set(qualifying) == set(IMPAIRMENTS)
    for name, value in on.items():
        made = pipe()
        assert made.clear
        made.set(name, value, 0)
        assert not made.clear, name
        made.set(name, "off" if name == "down" else "0", 0)
        assert made.clear, name
    assert pipe(**{name.replace("-", "_"): value for name, value in qualifying.items()}).clear


def test_what_is_under_way_comes_out_first() -> None:
    """Taking a delay away does not let frames overtake those that are still on the line."""
    slow = pipe(delay="100ms")
    slow.carry(0, FRAME)
    slow.clear_all(10_000)
    assert not slow.clear
    assert slow.carry(20_000, FRAME).deliveries == [(100_000, FRAME, "")]
    assert not slow.clear
    assert slow.carry(100_000, FRAME).deliveries == [(100_000, FRAME, "")]
    assert slow.clear


def test_a_pipe_is_plain_state() -> None:
    """It can be pickled in the middle, continues alike, and equal ones have equal digests."""
    settings = {"loss": "10%", "burst_loss": "2%", "jitter": "3ms", "reorder": "5%", "duplicate": "5%",
                "corrupt": "5%", "rate": "10mbit", "queue": "2kb"}
    one = pipe(**settings)
    passages(one, 500, gap=30)
    other = pickle.loads(pickle.dumps(one))
    assert state_hash(one) == state_hash(other)
    assert [one.carry(n * 30, FRAME) for n in range(500, 900)] == [other.carry(n * 30, FRAME) for n in range(500, 900)]
    assert state_hash(one) == state_hash(other)
    one.carry(30_000, FRAME)
    assert state_hash(one) != state_hash(other)


def test_settings_are_readable_and_a_copy() -> None:
    made = pipe(loss="5%", delay="20ms", rate="1mbit", distribution="normal")
    state = made.state()
    assert (state.loss, state.delay, state.rate, state.queue) == (0.05, 20_000, 1_000_000, 65_536)
    state.loss = 1.0
    assert made.settings.loss == 0.05
    made.drop(2, 0)
    assert made.describe() == ["loss 5%", "delay 20ms", "distribution normal", "rate 1mbit", "drop next 2"]
    made.clear_all(0)
    assert made.describe() == []


@pytest.mark.parametrize(("name", "text", "stands"), [
    ("loss", "5%", "5%"), ("loss", " 0.5 % ", "0.5%"), ("loss", "7", "7%"), ("loss", "-0%", None),
    ("loss", "101%", None), ("loss", "-1%", None), ("loss", "", None), ("loss", "nan%", None), ("loss", "5ms", None),
    ("delay", "20ms", "20ms"), ("delay", "1.5 s", "1500ms"), ("delay", "1500us", "1500us"), ("delay", "0", "0us"),
    ("delay", "20", "20s"), ("delay", "-5ms", None), ("delay", "1e400s", None), ("delay", "2h", None),
    ("rate", "1mbit", "1mbit"), ("rate", "2.5Mbit", "2500kbit"), ("rate", "off", "off"), ("rate", "0", "off"),
    ("rate", "1bit", None), ("rate", "5", None), ("rate", "1mb", None),
    ("queue", "64kb", "65536"), ("queue", "1500", "1500"), ("queue", "64 apples", None),
    ("queue-frames", "20", "20"), ("drop-every", "3", "3"), ("drop_every", "x", None), ("drop-every", "²", None),
    ("down", "on", "on"), ("down", "OFF", "off"), ("down", "5%", None),
    ("distribution", "Normal", "normal"), ("corrupt-what", "field", "field"), ("corrupt-what", "byte", None),
    ("red", "10%", "10%"), ("red-min", "15000", None), ("red-max", "20kb", "20480"),
    ("red-max", "5000", None),
    ("ecn", "on", "on"), ("ecn", "1", None), ("mtu", "576", "576"), ("mtu", "-1", None),
    ("distribution", "pareto", None), ("colour", "red", None),
])
def test_what_people_write(name: str, text: str, stands: str | None) -> None:
    made = pipe()
    before = state_hash(made)
    if stands is None and text != "-0%":
        with pytest.raises(QuantityError) as caught:
            made.set(name, text, 0)
        assert repr(text) in str(caught.value) or repr(name) in str(caught.value), "it says what was wrong"
        assert state_hash(made) == before, "and changes nothing"
    else:
        assert made.set(name, text, 0) == (stands or "0%")


def test_normal_numbers_repeat_on_every_machine() -> None:
    """They are made of integers only: these three are for ever."""
    stream = Stream(7, "a name")
    assert [stream.normal(1_000_000) for _ in range(3)] == [-584_793, -2_332_642, -650_208]


class TestOperations:
    """Links are changed by operations, and say so."""

    def world(self) -> tuple[World, list[tuple[object, ...]]]:
        world = simulated(3)
        events: list[tuple[object, ...]] = []
        world.observe(lambda *event: events.append(event))
        return world, events

    def test_directions_are_as_you_see_them(self) -> None:
        """`out` is what you send, `in` is what is sent to you."""
        world, events = self.world()
        lan = world.links["lan"]
        world.do(LinkSet("lan", "out", "delay", "5ms"))
        assert (lan.left.pipe.settings.delay, lan.right.pipe.settings.delay) == (5_000, 0)
        world.do(LinkDrop("lan", "in", 2))
        assert (lan.left.pipe.drop_next, lan.right.pipe.drop_next) == (0, 2)
        world.do(LinkSet("lan", "both", "loss", "1%"))
        assert lan.left.pipe.settings.loss == lan.right.pipe.settings.loss == 0.01
        world.do(LinkClear("lan", "out"))
        assert (lan.left.pipe.clear, lan.right.pipe.clear) == (True, False)
        said = [event for event in events if event[1] == "link"]
        assert said == [
            ("lan", "link", "lan", "delay 5ms (out)"), ("lan", "link", "lan", "drop next 2 (in)"),
            ("lan", "link", "lan", "loss 1% (both)"), ("lan", "link", "lan", "clear (out)"),
        ]

    @pytest.mark.parametrize("data", [
        {"operation": "LinkSet", "link": "attic", "what": "loss", "value": "1%"},
        {"operation": "LinkSet", "direction": "up", "what": "loss", "value": "1%"},
        {"operation": "LinkSet", "what": "loss", "value": "lots"},
        {"operation": "LinkSet", "what": "colour", "value": "1%"},
        {"operation": "LinkDrop", "count": -1},
        {"operation": "LinkClear", "direction": "sideways"},
    ])
    def test_nonsense_changes_nothing(self, data: dict[str, object]) -> None:
        world, events = self.world()
        before = [state_hash(port.pipe) for link in world.links.values() for port in (link.left, link.right)]
        with pytest.raises(OperationError):
            world.do(from_data(data))
        assert [state_hash(p.pipe) for link in world.links.values() for p in (link.left, link.right)] == before
        assert not [event for event in events if event[1] == "link"]

    def test_every_fate_of_a_frame_is_an_event(self) -> None:
        """Lost, copied, altered and delayed, with the numbers of the frames."""
        world, events = self.world()
        port = world.links["lan"].left
        for what, value in (("duplicate", "100%"), ("corrupt", "100%"), ("delay", "3ms")):
            world.do(LinkSet("lan", "out", what, value))
        number = port.transmit(FRAME)
        kinds = [(event[1], event[2]) for event in events if str(event[1]).startswith("frame.")]
        assert kinds == [
            ("frame.sent", number), ("frame.altered", number), ("frame.delayed", number),
            ("frame.copied", number + 1), ("frame.altered", number + 1), ("frame.delayed", number + 1),
        ]
        events.clear()
        world.do(LinkDrop("lan", "out", 1))
        port.transmit(FRAME)
        assert ("lan", "frame.lost", number + 2, "lan", "drop next") in events

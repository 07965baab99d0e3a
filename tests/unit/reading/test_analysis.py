"""What a segment is beside those before it: as tshark says, frame by frame, over talks of all kinds."""

from __future__ import annotations

import random
import struct
from pathlib import Path

from aether.reading import analysis
from aether.reading.analysis import Analyst, Remark
from aether.reading.flow import Follower
from aether.reading.packet import Dissected
from tests.flows import A, F, P, R, S, Talk, needs_tshark, tshark

NAMES = {
    "retransmission": analysis.AGAIN & ~analysis.OUT_OF_ORDER,  # the other two are retransmissions as well there
    "fast_retransmission": analysis.FAST_RETRANSMISSION, "spurious_retransmission": analysis.SPURIOUS_RETRANSMISSION,
    "out_of_order": analysis.OUT_OF_ORDER, "lost_segment": analysis.LOST_SEGMENT, "keep_alive": analysis.KEEP_ALIVE,
    "keep_alive_ack": analysis.KEEP_ALIVE_ACK, "duplicate_ack": analysis.DUPLICATE_ACK,
    "zero_window": analysis.ZERO_WINDOW, "window_update": analysis.WINDOW_UPDATE, "window_full": analysis.WINDOW_FULL,
    "zero_window_probe": analysis.ZERO_WINDOW_PROBE, "zero_window_probe_ack": analysis.ZERO_WINDOW_PROBE_ACK,
}
PAUSES = (100, 500, 1_000, 2_500, 5_000, 19_000, 25_000, 300_000)
KINDS = ("more", "again", "gap", "keepalive", "probe", "end", "reset", "ack", "anew")
WEIGHTS = (35, 20, 5, 5, 5, 3, 2, 25)
"""How often each of them comes in a talk; the last one only in some."""


def talk(seed: int, *, unseen: bool = False) -> Talk:
    """Return a talk in which anything may be sent again, overtaken, probed, repeated or cut at the beginning.

    Nothing is acknowledged that was not sent before one's eyes, unless `unseen` asks for it; then there are PSH, SACK
    and ports that are used again, too.
    """
    chance = random.Random(seed)
    made = Talk()
    if chance.random() < 0.8:
        made.open(chance.choice((None, 0, 3)))
    coming, acked, window = [1, 1], [1, 1], [1000, 1000]
    for _ in range(chance.randint(5, 40)):
        end = chance.randrange(2)
        other = 1 - end
        if chance.random() < 0.15:
            window[end] = chance.choice((0, 0, 1000, 200, 500, 2000))
        if chance.random() < 0.5:
            acked[end] = max(coming[other] - (chance.choice((10, 50)) if chance.random() < 0.1 else 0), 1)
        if unseen and chance.random() < 0.05:
            acked[end] = coming[other] + chance.choice((1, 10, 100))
        start, length, flags, options = coming[end], 0, A, b""
        kind = chance.choices(KINDS, (*WEIGHTS, int(unseen)))[0]
        if kind == "more":
            length = chance.choice((2, 10, 50, 100, max(acked[other] + window[other] - start, 2)))
            flags |= P if unseen and chance.random() < 0.3 else 0
        elif kind == "again":
            start, length = max(start - chance.choice((10, 50, 100, 150)), 1), chance.choice((2, 10, 50, 100))
        elif kind == "gap":
            start, length = start + chance.choice((1, 30, 100)), 10
        elif kind == "keepalive":
            start, length = start - 1, chance.randrange(2)
        elif kind == "probe":
            length = int(window[other] == 0)
        elif kind in ("end", "reset"):
            flags = A | (F if kind == "end" else R)
        elif kind == "ack" and unseen and chance.random() < 0.3:
            base = (made.first if end else made.theirs) + acked[end]
            options = b"\1\1\5\x0a" + struct.pack("!II", (base + 20) % (1 << 32), (base + 60) % (1 << 32))
        send = made.back if end else made.out
        after = chance.choice(PAUSES)
        if kind == "anew":
            made.first += 100_000
            made.out(0, -made.theirs, flags=S, after=after)
            coming, acked, window = [1, 1], [1, 1], [1000, 1000]
            continue
        send(start, acked[end], length, flags, win=window[end], after=after, options=options)
        if kind not in ("keepalive", "probe", "reset"):
            coming[end] = max(coming[end], start + length + (kind == "end"))
    return made


def together(talks: list[Talk]) -> list[tuple[int, bytes]]:
    """Return the frames of talks one after the other, each with its own port."""
    frames: list[tuple[int, bytes]] = []
    for index, one in enumerate(talks):
        begin = frames[-1][0] if frames else 0
        port = struct.pack("!H", 6000 + index)
        frames += [(begin + time, data.replace(struct.pack("!HH", one.port, 80), port + b"\0\x50", 1).replace(
            struct.pack("!HH", 80, one.port), b"\0\x50" + port, 1)) for time, data in one.frames]
    return frames


def remarks(frames: list[tuple[int, bytes]]) -> list[Remark]:
    follower, analyst, found = Follower(), Analyst(), []
    for number, (time, data) in enumerate(frames, 1):
        segment, context = Dissected(data).tcp[0], follower.see(number, data)
        assert context is not None
        found.append(analyst.judge("x", segment, segment.end - segment.payload, context, number, time))
    return found


@needs_tshark
def test_every_verdict_is_that_of_tshark(tmp_path: Path) -> None:
    frames = together([talk(seed) for seed in range(400)])
    fields = (*(f"tcp.analysis.{name}" for name in NAMES),
              "tcp.analysis.duplicate_ack_num", "tcp.analysis.duplicate_ack_frame")
    seen = set()
    for number, (told, remark) in enumerate(
            zip(tshark(tmp_path / "talks.pcap", frames, *fields), remarks(frames), strict=True), 1):
        theirs = {name for name, said in zip(NAMES, told[:-2], strict=True) if said}
        ours = {name for name, bits in NAMES.items() if remark.flags & bits}
        assert ours == theirs, number
        assert told[-2:] == ([str(remark.duplicate), str(remark.first)] if remark.duplicate else ["", ""]), number
        seen |= theirs
    assert seen == set(NAMES)


def test_frames_of_two_links_are_judged_apart() -> None:
    """A router's two sides show each frame twice: nothing was sent again."""
    one, follower, analyst = Talk().open(), Follower(), Analyst()
    one.out(1, 1, 100)
    for number, (time, data) in enumerate(one.frames, 1):
        for link in ("left", "right"):
            segment, context = Dissected(data).tcp[0], follower.see(number, data)
            assert context is not None
            assert analyst.judge(link, segment, segment.end - segment.payload, context, number, time).flags == 0

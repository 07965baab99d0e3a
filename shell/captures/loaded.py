"""A capture that was read for looking, as the events that the views know."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from aether.events import DROPS
from aether.reading.link import ETHERNET, LINK, CheckedFrame, on_link
from aether.reading.protocols import INSIDE
from aether.reading.steady import follow
from shell.captures.ends import sent_from, station
from shell.captures.events import LOST, OUT, CaptureEvents, More
from shell.captures.following import CaptureFollower
from shell.captures.packed import BROKEN, unpacked
from shell.captures.packets import MAX_COMMENTS, CapturedPacket, Damaged, NotACapture, Source
from shell.captures.pcap import PcapReader, is_pcap
from shell.captures.pcapng import PcapngReader, is_pcapng
from shell.files.opening import opened
from shell.language.values import amount
from shell.reading.marks import CAPTURE

MAX_PACKETS = 200_000
MAX_BYTES = 128 << 20
"""Bytes of packets and their comments that are kept in memory."""
MAX_BLOCKS = 1_000_000
"""Packets of all kinds, and whatever else is between them, that are gone through."""
LATEST = (1 << 63) - 1
"""The latest time that is kept, in nanoseconds since 1970: in the year 2262."""
OVERHEAD = 200
"""Bytes that a comment takes besides its text."""
COMMENT = "frame.comment"
"""The kind of an event that says what is written about a frame in a file. No stack reports it."""
LOST_COMMENT = "LOST "
"""How the comment about a frame begins that its link has lost."""
ON_THE_LINK = "on the link: "
"""What then follows, before the cause (see words.lost)."""
_DROPPED = re.compile(r"DROP ([a-z0-9_.]+)(?:: (.*))?", re.DOTALL)


@dataclass(slots=True)
class Capture:
    """What a file held."""

    file: str
    format: str
    started: int | None = None
    """Nanoseconds since 1970 at the earliest packet; None if the file has no times."""
    frames: int = 0
    bytes: int = 0
    duration: int = 0
    """Microseconds from the earliest to the latest packet."""
    shortened: int = 0
    """Frames of which the file has only the beginning."""
    events: CaptureEvents = field(default_factory=lambda: CaptureEvents([], array("q"), bytearray(), {}))
    left_out: list[str] = field(default_factory=list)
    """What was not taken, and why."""
    damage: str = ""
    """What is wrong with the file, and where; empty for a sound one."""
    comments: list[str] = field(default_factory=list)
    notes: dict[int, tuple[str, ...]] = field(default_factory=dict)
    """What is written about frames, by their numbers."""
    times: array[int] = field(default_factory=lambda: array("q"))
    """When each frame was captured, in nanoseconds since 1970."""
    digits: int = 6
    """How many digits of a second the times have: 6, or 9."""
    follower: CaptureFollower = field(default_factory=CaptureFollower)
    """What has followed its connections."""


Told = Callable[[int, int], None]
"""Is told how many more were gone through, and of how many that is the first; 0 where nobody knows."""
PART = 100
"""So many are gone through at a time."""


def _nobody(more: int, total: int) -> None:
    pass


def load(file: str, told: Told = _nobody) -> Capture:
    """Read a capture; OSError, or NotACapture for another kind of file. Damage ends the reading, and is noted."""
    with opened(Path(file).expanduser()) as raw:
        return _read(file, Source(unpacked(raw)), told)


class _Packets:
    """The packets of a file, in columns: there may be many."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.times = array("q")
        """Nanoseconds since 1970; of one without a time, that of the one before it."""
        self.timeless: list[int] = []
        """Which have no time, counted from 0."""
        self.odd: dict[int, CapturedPacket] = {}
        """Those that were cut off, that say which way they went, or that somebody wrote about, counted from 0."""


def _read(file: str, source: Source, told: Told) -> Capture:
    others: Counter[int] = Counter()
    try:
        reader = _reader(source)
    except (Damaged, *BROKEN) as problem:
        raise NotACapture(str(problem)) from None
    capture = Capture(file, reader.name)
    packets = _Packets()
    try:
        _take(capture, packets, reader, others, told)
    except Damaged as problem:
        capture.damage = str(problem)
    except BROKEN as problem:
        capture.damage = f"the compressed data ends or breaks after {source.offset:,} bytes: {problem}"
    capture.comments = reader.comments
    capture.digits = 9 if reader.fine else 6
    if reader.unread:
        capture.left_out.append(f"{reader.unread:,} comments: {MAX_COMMENTS} are kept of a packet, and of a file")
    capture.left_out += [
        f"the headers of {amount(count, 'packet')} of link type {kind}, which is not known here: there are only bytes"
        for kind, count in sorted(others.items())]
    _fill(capture, packets, told)
    return capture


def _reader(source: Source) -> PcapReader | PcapngReader:
    start = source.take_or_end(4, "its first four bytes")
    if not start:
        raise NotACapture("the file is empty")
    if is_pcapng(start):
        return PcapngReader(source)
    if is_pcap(start):
        return PcapReader(source, start)
    raise NotACapture(f"it begins with {start.hex(' ')}, and neither pcap nor pcapng does")


def _take(
    capture: Capture, packets: _Packets, reader: PcapReader | PcapngReader, others: Counter[int], told: Told,
) -> None:
    """Take the packets of a file, as many as are kept."""
    frames, times, odd, size, last = packets.frames, packets.times, packets.odd, 0, 0
    for count, packet in enumerate(reader.packets()):
        if count >= MAX_BLOCKS:
            capture.left_out.append(f"everything after the first {count:,} blocks: the file is too large")
            return
        if not count % PART:
            told(PART, 0)
        if packet is None:
            continue
        time, data, length, link_type, direction, comments, checked = packet
        size += len(data)
        if comments:
            size += sum(len(comment) + OVERHEAD for comment in comments)
        if link_type != ETHERNET:
            data = on_link(link_type, data)
            if (LINK, link_type) not in INSIDE:
                others[link_type] += 1
        elif checked and length == len(data):
            data = CheckedFrame(data)
        if len(frames) >= MAX_PACKETS or size > MAX_BYTES:
            capture.left_out.append(f"everything after the first {len(frames):,} packets: the file is too large")
            return
        if length > len(data) or direction or comments:
            odd[len(frames)] = packet
        if time is None:
            packets.timeless.append(len(frames))
        else:
            last = max(-LATEST, min(time, LATEST))
        times.append(last)
        frames.append(data)


def _fill(capture: Capture, packets: _Packets, told: Told) -> None:
    """Turn packets into events, at microseconds from the earliest."""
    frames, times = packets.frames, packets.times
    capture.frames = len(frames)
    capture.bytes = sum(map(len, frames))
    if not frames:
        return
    if packets.timeless:
        capture.left_out.append(f"the times of {len(packets.timeless):,} of {len(frames):,} packets: "
                                "the file has none, and each stands where the one before it does")
    start = _earliest(packets)
    capture.started = start if len(packets.timeless) < len(frames) else None
    capture.duration = (max(times) - start) // 1000
    capture.times = times
    here = station(frames)
    ways = bytearray(OUT if (data[6:12] == here if data.__class__ is bytes else sent_from(data, here)) else 0
                     for data in frames)
    for index, packet in packets.odd.items():
        if packet.direction:
            ways[index] = OUT if packet.direction == "out" else 0
        if any(comment.startswith(LOST_COMMENT) for comment in packet.comments):
            ways[index] |= LOST
    more = _followed(capture.follower, frames, ways, told)
    for index, packet in packets.odd.items():
        number, kept = index + 1, len(packet.data)
        said: list[More] = []
        if packet.length > kept:
            capture.shortened += 1
            said.append((COMMENT, (number, CAPTURE, f"the capture has {kept} of {packet.length} bytes")))
        if packet.comments:
            capture.notes[number] = tuple(packet.comments)
            said += [_said(comment, number) for comment in packet.comments]
        if said:
            more[number] = more.get(number, []) + said
    microseconds = array("q", [(time - start) // 1000 for time in times])
    capture.events = CaptureEvents(frames, microseconds, ways, more)
    capture.follower.serial = len(capture.events)


def _earliest(packets: _Packets) -> int:
    """Return the earliest time; what has none and comes before all that have one stands there."""
    first = 0
    for index in packets.timeless:
        if index != first:
            break
        first += 1
    start = min(packets.times[first:], default=0)
    for index in range(first):
        packets.times[index] = start
    return start


def _said(comment: str, number: int) -> More:
    """Return what a comment says about a frame: what Aether writes there itself is an event again."""
    dropped = _DROPPED.fullmatch(comment)
    if comment.startswith(LOST_COMMENT):
        return "frame.lost", (number, CAPTURE, comment.removeprefix(LOST_COMMENT).removeprefix(ON_THE_LINK))
    if dropped and dropped[1] in DROPS:
        return "drop", (dropped[1], 0, dropped[2] or "")
    return COMMENT, (number, CAPTURE, comment)


def _followed(follower: CaptureFollower, frames: list[bytes], ways: bytearray, told: Told) -> dict[int, list[More]]:
    """Follow all frames; return which opens a connection, numbered from 1: so `follow 1` and `ladder 1` know them."""
    more: dict[int, list[More]] = {}
    contexts, shapes, opened = follower.contexts, follower.shapes, 0
    for index, (context, shape, packet) in enumerate(follow(frames, follower.conversations)):
        contexts.append(context)
        shapes.append(shape)
        if not index % PART:
            told(PART, len(frames) if index == 0 else 0)
        if packet is None or context is None or not packet.tcp:
            continue  # it opens none: the one before it in its direction would have
        segment, conversation = packet.tcp[0], context.conversation
        if conversation.index < opened or segment.ip.quoted:
            continue
        opened = conversation.conn = conversation.index + 1
        ends = [(segment.ip.header[8], segment.header[0]), (segment.ip.header[9], segment.header[1])]
        (local, local_port), (remote, remote_port) = ends if ways[index] & OUT else ends[::-1]
        more[index + 1] = [("tcp.opened", (opened, local, local_port, remote, remote_port))]
    return more

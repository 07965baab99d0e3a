"""A capture that was read for looking, as the events that the views know."""

from __future__ import annotations

import gzip
import re
import zlib
from array import array
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from aether.events import DROPS
from aether.reading.flow import Follower
from aether.reading.link import ETHERNET, LINK, on_link
from aether.reading.packet import TUNNELS
from aether.reading.packet import Dissected as Dissected
from aether.reading.protocols import INSIDE
from shell.captures.ends import IPV4, sent_from, station
from shell.captures.events import CaptureEvents, More
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
LOST = "LOST "
"""How the comment about a frame begins that its link has lost."""
ON_THE_LINK = "on the link: "
"""What then follows, before the cause (see words.lost)."""
MAY_HAVE_TCP = frozenset(bytes((protocol,)) for protocol in (1, 6, 17, *TUNNELS))
"""Protocols of packets in which there may be a segment: itself, in a tunnel or in what an ICMP error quotes."""
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
    events: CaptureEvents = field(default_factory=CaptureEvents)
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
    follower: Follower = field(default_factory=lambda: Follower(MAX_PACKETS))
    """What has followed its connections."""


Through = Callable[[list[CapturedPacket]], Iterable[CapturedPacket]]
"""Goes through packets, of which there may be many, and lets be seen how far it is."""


Among = Callable[[Iterable[CapturedPacket | None]], Iterable[CapturedPacket | None]]
"""Goes through packets as they are read, of which nobody knows how many there are."""


def load(file: str, through: Through = iter, among: Among = iter) -> Capture:
    """Read a capture; OSError, or NotACapture for another kind of file. Damage ends the reading, and is noted."""
    with opened(Path(file).expanduser()) as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        stream = cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if packed else raw
        return _read(file, Source(stream), through, among)


def _read(file: str, source: Source, through: Through, among: Among) -> Capture:
    packets: list[CapturedPacket] = []
    others: Counter[int] = Counter()
    try:
        reader = _reader(source)
    except (Damaged, EOFError, zlib.error, gzip.BadGzipFile) as problem:
        raise NotACapture(str(problem)) from None
    capture = Capture(file, reader.name)
    size = 0
    try:
        for count, packet in enumerate(among(reader.packets())):
            if count >= MAX_BLOCKS:
                capture.left_out.append(f"everything after the first {count:,} blocks: the file is too large")
                break
            if packet is None:
                continue
            more = len(packet.data) + sum(len(comment) + OVERHEAD for comment in packet.comments)
            if packet.link_type != ETHERNET:
                packet.data = on_link(packet.link_type, packet.data)
                if (LINK, packet.link_type) not in INSIDE:
                    others[packet.link_type] += 1
            if len(packets) >= MAX_PACKETS or size + more > MAX_BYTES:
                capture.left_out.append(f"everything after the first {len(packets):,} packets: the file is too large")
                break
            packets.append(packet)
            size += more
    except Damaged as problem:
        capture.damage = str(problem)
    except (EOFError, zlib.error, gzip.BadGzipFile) as problem:
        capture.damage = f"the compressed data ends or breaks after {source.offset:,} bytes: {problem}"
    capture.comments = reader.comments
    capture.digits = 9 if reader.fine else 6
    if reader.unread:
        capture.left_out.append(f"{reader.unread:,} comments: {MAX_COMMENTS} are kept of a packet, and of a file")
    capture.left_out += [
        f"the headers of {amount(count, 'packet')} of link type {kind}, which is not known here: there are only bytes"
        for kind, count in sorted(others.items())]
    _fill(capture, packets, through)
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


def _fill(capture: Capture, packets: list[CapturedPacket], through: Through) -> None:
    """Turn packets into events, at microseconds from the earliest."""
    capture.frames = len(packets)
    capture.bytes = sum(len(packet.data) for packet in packets)
    if not packets:
        return
    times = [packet.time for packet in packets if packet.time is not None]
    if len(times) < len(packets):
        capture.left_out.append(f"the times of {len(packets) - len(times):,} of {len(packets):,} packets: "
                                "the file has none, and each stands where the one before it does")
    start = last = min(times, default=0)
    capture.started = start if times else None
    capture.duration = (max(times, default=0) - start) // 1000
    here = station(packets)
    connections = _Connections(capture.follower)
    for number, packet in enumerate(through(packets), 1):
        last = last if packet.time is None else packet.time
        capture.times.append(max(-LATEST, min(last, LATEST)))
        time = (last - start) // 1000
        data = packet.data
        out = (packet.direction == "out" if packet.direction
               else data[6:12] == here if data.__class__ is bytes else sent_from(data, here))
        lost = any(comment.startswith(LOST) for comment in packet.comments)
        more: list[More] = []
        if opened := connections.opened(number, packet.data, out):
            more.append(("tcp.opened", opened))
        if packet.length > len(packet.data):
            capture.shortened += 1
            more.append((COMMENT, (number, CAPTURE, f"the capture has {len(packet.data)} of {packet.length} bytes")))
        if packet.comments:
            capture.notes[number] = tuple(packet.comments)
            more += [_said(comment, number) for comment in packet.comments]
        capture.events.add(packet.data, time, out, lost, more)
    capture.follower.serial = len(capture.events)


def _said(comment: str, number: int) -> More:
    """Return what a comment says about a frame: what Aether writes there itself is an event again."""
    dropped = _DROPPED.fullmatch(comment)
    if comment.startswith(LOST):
        return "frame.lost", (number, CAPTURE, comment.removeprefix(LOST).removeprefix(ON_THE_LINK))
    if dropped and dropped[1] in DROPS:
        return "drop", (dropped[1], 0, dropped[2] or "")
    return COMMENT, (number, CAPTURE, comment)


class _Connections:
    """Numbers the connections of a capture from 1, so that `follow 1` and `ladder 1` know them."""

    def __init__(self, follower: Follower) -> None:
        self._follower = follower
        self._count = 0

    def opened(self, number: int, data: bytes, out: bool) -> tuple[object, ...] | None:
        """Return the values of a `tcp.opened` event if a frame is the first of its connection."""
        if data[23:24] not in MAY_HAVE_TCP and data[12:14] == IPV4 and data.__class__ is bytes:
            return None  # neither TCP, nor what may carry or quote it
        dissected = Dissected(data)
        if not dissected.tcp:
            return None
        context = self._follower.see(number, data, dissected)
        tcp = dissected.tcp[0]
        if context is None or context.conversation.index < self._count or tcp.ip.quoted:
            return None
        self._count = context.conversation.conn = context.conversation.index + 1
        ends = [(tcp.ip.header[8], tcp.header[0]), (tcp.ip.header[9], tcp.header[1])]
        (local, local_port), (remote, remote_port) = ends if out else ends[::-1]
        return self._count, local, local_port, remote, remote_port

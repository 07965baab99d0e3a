"""What is recorded while it happens: frames with what became of them, for a file or for a reader.

A thread of its own looks at the ring a few times a second, so the stack never waits for a
recording. What the ring has lost before anybody looked is counted.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Protocol

from aether import __version__
from aether.events import DROPS
from shell.captures import pcapng
from shell.reading.frames import Note, SeenFrame
from shell.reading.tracing import Ring, Tracer

LOOK = 0.05
"""Seconds between two looks at the ring."""
APPLICATION = f"Aether {__version__}"


class Sink(Protocol):
    """Where recorded frames go."""

    def take(self, seen: list[SeenFrame | Note]) -> None:
        """Take what has happened."""

    def tick(self) -> None:
        """Do what is to be done again and again; must not block."""

    def close(self) -> None:
        """Finish."""


class CaptureRecorder:
    """Carries what a host sees from the ring to a sink."""

    def __init__(self, ring: Ring, sink: Sink, tracer: Tracer) -> None:
        """`tracer` decides which host is watched, and what is selected."""
        self.ring = ring
        self.sink = sink
        self.missed = 0
        """Events that the ring lost before they were read."""
        self._tracer = tracer
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="recorder", daemon=True)
        self.skip()

    def start(self) -> None:
        """Begin to record."""
        self._thread.start()

    def skip(self) -> None:
        """Go on after what is in the ring now."""
        with self._lock:
            self._tracer.skip(self.ring)

    def collect(self, settled: bool = False) -> None:
        """Take what has happened since; `settled` if no occurrence is under way."""
        with self._lock:
            while True:
                seen, missed, more = self._tracer.read(self.ring, settled=settled)
                self.missed += missed
                self.sink.take(seen)
                if not more:
                    return

    def stop(self) -> None:
        """Take the rest, and finish."""
        self._stop.set()
        self._thread.join(2.0)
        self.collect(settled=True)
        self.sink.close()

    def _work(self) -> None:
        while not self._stop.wait(LOOK):
            self.collect()
            self.sink.tick()


class CaptureStore:
    """Keeps what was recorded in memory, up to a limit."""

    LIMIT = 64 << 20
    """Bytes of frames."""

    def __init__(self) -> None:
        self.seen: list[SeenFrame | Note] = []
        self.frames = 0
        self.bytes = 0
        self.refused = 0
        """Frames that came when the limit was reached."""

    def take(self, seen: list[SeenFrame | Note]) -> None:
        """Keep what has happened."""
        for each in seen:
            if isinstance(each, SeenFrame):
                if self.bytes + len(each.data) > self.LIMIT:
                    self.refused += 1
                    continue
                self.frames += 1
                self.bytes += len(each.data)
            self.seen.append(each)

    def tick(self) -> None:
        """Do nothing: memory needs no care."""

    def close(self) -> None:
        """Do nothing: what was kept stays."""


class Encoder:
    """Turns what a host saw into the blocks of a pcapng file."""

    def __init__(self, host: str, lab: str, base: int = 0) -> None:
        """`base` is the time of world time 0, in microseconds since 1970."""
        self.frames = 0
        self._host = host
        self._lab = lab
        self._base = base
        self._pending: list[str] = []
        """What happened without a frame since the last one."""
        self._last = base

    def head(self) -> bytes:
        """Return how a file begins."""
        about = f"Seen from {self._host!r}. Times are those of the world, which began at 0."
        return pcapng.section(APPLICATION, about if not self._base else "") + pcapng.interface(self._host, self._lab)

    def blocks(self, seen: Iterable[SeenFrame | Note]) -> bytes:
        """Return the blocks for frames; what no frame caused is written on the next one."""
        out = bytearray()
        for each in seen:
            self._last = self._base + each.time
            if isinstance(each, Note):
                self._pending.append(f"before this: {each.text}")
            elif each.direction != "lost":
                comments = [*self._pending, *comments_of(each)]
                self._pending.clear()
                self.frames += 1
                out += pcapng.packet(self._last, each.data, each.direction, comments)
        return bytes(out)

    def tail(self, missed: int) -> bytes:
        """Return how a file ends."""
        return pcapng.statistics(self._last, self.frames, missed, "; ".join(
            text.replace("before this:", "at the end:") for text in self._pending))


def comments_of(seen: SeenFrame) -> list[str]:
    """Return what is worth writing about a frame: why it was discarded, and what it changed."""
    dropped = []
    if seen.dropped:
        reason = DROPS.get(seen.dropped)
        dropped = [f"DROP {seen.dropped}" + (f": {reason.help}" if reason else "")]
    return dropped + seen.notes

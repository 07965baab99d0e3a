"""What a link does to frames on their way: loss, delay, reordering and the rest. Pure and seeded.

Every impairment of every direction draws from its own stream, and draws exactly once for every
frame that reaches it, so that changing one never shuffles another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

from aether.link import quantities
from aether.streams import Stream


class Passage(NamedTuple):
    """What became of one frame."""

    deliveries: list[tuple[int, bytes, str]]
    """When it comes out (microseconds of world time), with which bytes, and how they were altered."""
    lost: str = ""
    """The impairment that lost it, such as ``loss`` or ``queue``; empty when it was not lost."""


@dataclass(slots=True)
class Settings:
    """The impairments of one direction; shares from 0.0 to 1.0, times in microseconds, sizes in bytes."""

    loss: float = 0.0
    """Share of frames lost, each for itself."""
    burst_loss: float = 0.0
    """Chance that a burst begins with a frame, in which all are lost (Gilbert's model)."""
    burst_end: float = 0.25
    """Chance that a burst ends before a frame."""
    delay: int = 0
    jitter: int = 0
    """The delay varies by so much to either side, evenly; frames keep their order."""
    reorder: float = 0.0
    """Share of frames that later ones overtake."""
    duplicate: float = 0.0
    corrupt: float = 0.0
    """Share of frames in which one bit is turned over."""
    rate: int = 0
    """Bits a second; 0 is no limit."""
    queue: int = 65_536
    """What waits before a limited rate, at the most; what comes on top is dropped (drop-tail)."""
    drop_every: int = 0
    """Every so many-th frame is lost; 0 is none."""
    down: bool = False
    """True while nothing passes."""


_READ: dict[str, Callable[[str], Any]] = {
    "loss": quantities.percentage, "burst_loss": quantities.percentage, "burst_end": quantities.percentage,
    "delay": quantities.duration, "jitter": quantities.duration, "reorder": quantities.percentage,
    "duplicate": quantities.percentage, "corrupt": quantities.percentage, "rate": quantities.rate,
    "queue": quantities.size, "drop_every": quantities.count, "down": quantities.switch,
}
_SHOW: dict[Any, Callable[[Any], str]] = {
    quantities.percentage: quantities.show_share, quantities.duration: quantities.show_time,
    quantities.rate: quantities.show_rate, quantities.size: str, quantities.count: str,
    quantities.switch: quantities.show_switch,
}
IMPAIRMENTS = tuple(_READ)
REORDER_HOLD = 10_000
"""How long a frame is held back for others to overtake it, in microseconds, on top of the link's own delay."""
MINIMUM_CORRUPTIBLE = 14
"""Bits are turned over behind the Ethernet header, in bytes: a frame for somebody else teaches nothing."""


class Pipe:
    """One direction of a link."""

    __slots__ = ("bursting", "clear", "drop_next", "free_at", "last_out", "passed", "settings", "streams")

    def __init__(self, seed: int, link: str, direction: str) -> None:
        self.clear = True
        """True while frames pass at once and unchanged: the hot path asks only this."""
        self.settings = Settings()
        self.streams = {name: Stream(seed, link, direction, name) for name in (*IMPAIRMENTS, "corrupted bit")}
        self.drop_next = 0
        """So many of the next frames are lost."""
        self.passed = 0
        """Frames seen since `drop_every` was set."""
        self.bursting = False
        self.free_at = 0
        """When the last bit of what waits before a limited rate has left, in microseconds."""
        self.last_out = 0
        """When the last frame comes out that kept its place."""

    def set(self, what: str, text: str) -> str:
        """Set one impairment as a person writes it, and return how it stands; QuantityError if it makes no sense."""
        name = what.replace("-", "_")
        if name not in _READ:
            raise quantities.QuantityError(f"a link has no {what!r}. It has: {', '.join(IMPAIRMENTS)}")
        setattr(self.settings, name, _READ[name](text))
        self.passed = 0
        self._update()
        return self.show(name)

    def drop(self, count: int) -> None:
        """Lose the next `count` frames."""
        self.drop_next = count
        self._update()

    def clear_all(self) -> None:
        """Let frames pass as on a good day; what is under way still comes out when it was meant to."""
        self.settings = Settings()
        self.drop_next = 0
        self.bursting = False
        self._update()

    def _update(self) -> None:
        s = self.settings
        self.clear = not (
            s.loss or s.burst_loss or s.delay or s.jitter or s.reorder or s.duplicate or s.corrupt or s.rate
            or s.drop_every or s.down or self.drop_next
        )

    def show(self, name: str) -> str:
        """Return one setting as a person writes it."""
        return _SHOW[_READ[name]](getattr(self.settings, name))

    def describe(self) -> list[str]:
        """Return what is not as usual, such as ``loss 5%``."""
        usual = Settings()
        changed = [f.name for f in fields(Settings) if getattr(self.settings, f.name) != getattr(usual, f.name)]
        said = [f"{name.replace('_', '-')} {self.show(name)}" for name in changed]
        return said + ([f"drop next {self.drop_next}"] if self.drop_next else [])

    def state(self) -> Settings:
        """Return a copy of the settings."""
        return replace(self.settings)

    def carry(self, now: int, frame: bytes) -> Passage:
        """Decide what becomes of a frame that enters the link at `now`."""
        lost = self._lost()
        if lost:
            return Passage([], lost)
        at = self._through_queue(now, len(frame))
        if at < 0:
            return Passage([], "queue")
        s, streams = self.settings, self.streams
        what = ""
        if s.corrupt and streams["corrupt"].chance(s.corrupt) and len(frame) > MINIMUM_CORRUPTIBLE:
            frame, what = self._corrupted(frame)
        twice = s.duplicate and streams["duplicate"].chance(s.duplicate)
        out = self._delayed(at)
        deliveries = [(out, frame, what)]
        if twice:
            deliveries.append((out, frame, what))
        return Passage(deliveries)

    def _lost(self) -> str:
        """Return the impairment that loses the next frame, or nothing."""
        s, streams = self.settings, self.streams
        self.passed += 1
        if s.down:
            return "down"
        if self.drop_next:
            self.drop_next -= 1
            self._update()
            return "drop next"
        if s.drop_every and self.passed % s.drop_every == 0:
            return "drop every"
        if s.burst_loss:
            chance = s.burst_end if self.bursting else s.burst_loss
            self.bursting ^= streams["burst_loss"].chance(chance)
            if self.bursting:
                return "burst"
        if s.loss and streams["loss"].chance(s.loss):
            return "loss"
        return ""

    def _through_queue(self, now: int, length: int) -> int:
        """Return when a frame has left the bottleneck, or -1 if the queue before it is full."""
        rate = self.settings.rate
        if not rate:
            return now
        start = max(now, self.free_at)
        waiting = (start - now) * rate // 8_000_000
        if waiting + length > self.settings.queue and start > now:
            return -1
        self.free_at = start + max(length * 8_000_000 // rate, 1)
        return self.free_at

    def _delayed(self, at: int) -> int:
        """Return when a frame comes out that left the bottleneck at `at`."""
        s = self.settings
        out = at + s.delay
        if s.jitter:
            out = max(out + self.streams["jitter"].between(-s.jitter, s.jitter), at)
        if s.reorder and self.streams["reorder"].chance(s.reorder):
            return out + max(REORDER_HOLD, s.delay // 2)
        self.last_out = out = max(out, self.last_out)
        return out

    def _corrupted(self, frame: bytes) -> tuple[bytes, str]:
        """Turn over one bit behind the Ethernet header."""
        stream = self.streams["corrupted bit"]
        place = stream.between(MINIMUM_CORRUPTIBLE, len(frame) - 1)
        bit = stream.below(8)
        altered = bytearray(frame)
        altered[place] ^= 1 << bit
        return bytes(altered), f"bit {bit} of byte {place} turned over"

"""What a link does to frames on their way: loss, delay, reordering and the rest. Pure and seeded.

Every impairment of every direction draws from its own stream, and while it is on it draws for
every frame, even for one that another impairment loses: so changing one never shuffles another.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from aether.knobs import show_time
from aether.link import quantities
from aether.streams import Stream

if TYPE_CHECKING:
    from aether.link.rules import DropRule
    from aether.world import World


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
    """Chance that a burst begins before a frame (the model of Gilbert and Elliott)."""
    burst_end: float = 0.25
    """Chance that a burst ends before a frame."""
    burst_share: float = 1.0
    """Share of the frames in a burst that are lost."""
    delay: int = 0
    jitter: int = 0
    """How much the delay varies; frames keep their order."""
    distribution: str = "uniform"
    """``uniform``: evenly, by `jitter` to either side at the most; ``normal``: `jitter` is the standard deviation."""
    reorder: float = 0.0
    """Share of frames that later ones overtake."""
    duplicate: float = 0.0
    corrupt: float = 0.0
    """Share of frames in which one bit is turned over."""
    rate: int = 0
    """Bits a second; 0 is no limit."""
    queue: int = 65_536
    """What may wait before a limited rate; a frame that does not fit is lost (drop-tail)."""
    queue_frames: int = 0
    """How many frames may wait there; 0 is any number."""
    drop_every: int = 0
    """Every so many-th frame is lost; 0 is none."""
    down: bool = False
    """True while nothing passes."""


_READ: dict[str, Callable[[str], Any]] = {
    "loss": quantities.percentage, "burst_loss": quantities.percentage, "burst_end": quantities.percentage,
    "burst_share": quantities.percentage, "delay": quantities.duration, "jitter": quantities.duration,
    "distribution": quantities.distribution, "reorder": quantities.percentage, "duplicate": quantities.percentage,
    "corrupt": quantities.percentage, "rate": quantities.rate, "queue": quantities.size,
    "queue_frames": quantities.count, "drop_every": quantities.count, "down": quantities.switch,
}
_SHOW: dict[Callable[[str], Any], Callable[[Any], str]] = {
    quantities.percentage: quantities.show_share, quantities.duration: show_time, quantities.distribution: str,
    quantities.rate: quantities.show_rate, quantities.size: str, quantities.count: str,
    quantities.switch: quantities.show_switch,
}
IMPAIRMENTS = tuple(name.replace("_", "-") for name in _READ)
_DRAWING = ("loss", "burst", "burst share", "jitter", "reorder", "duplicate", "corrupt", "corrupted bit")
REORDER_HOLD = 10_000
"""How long a frame is held back for others to overtake it, in microseconds, on top of the link's own delay."""
MINIMUM_CORRUPTIBLE = 14
"""Bits are turned over behind the Ethernet header, in bytes: a frame for somebody else teaches nothing."""


class Pipe:
    """One direction of a link."""

    __slots__ = (
        "bursting", "clear", "drop_next", "free_at", "last_out", "passed", "rest", "rules", "settings", "streams",
        "waiting", "waiting_bytes",
    )

    def __init__(self, seed: int, link: str, direction: str) -> None:
        self.clear = True
        """True while frames pass at once and unchanged: the hot path asks only this."""
        self.settings = Settings()
        self.streams = {name: Stream(seed, link, direction, name) for name in _DRAWING}
        self.drop_next = 0
        """So many of the next frames are lost."""
        self.rules: list[DropRule] = []
        """Frames that match one of these are lost."""
        self.passed = 0
        """Frames seen since `drop_every` was set."""
        self.bursting = False
        self.waiting: deque[tuple[int, int]] = deque()
        """What waits before a limited rate: when the first bit of each frame will leave, and its length."""
        self.waiting_bytes = 0
        self.free_at = 0
        """When the last bit of what waits has left, in microseconds ..."""
        self.rest = 0
        """... and what is missing to that: a part of a microsecond, in bits times 1,000,000."""
        self.last_out = 0
        """When the last frame comes out that kept its place."""

    def set(self, what: str, text: str, now: int = 0) -> str:
        """Set one impairment as a person writes it, and return how it stands; QuantityError if it makes no sense."""
        name = what.replace("-", "_")
        if name not in _READ:
            raise quantities.QuantityError(f"a link has no {what!r}. It has: {', '.join(IMPAIRMENTS)}")
        setattr(self.settings, name, _READ[name](text))
        if name == "drop_every":
            self.passed = 0
        elif name == "burst_loss":
            self.bursting = False
        elif name == "rate":
            self.rest = 0
        self._update(now)
        return self.show(name)

    def drop(self, count: int, now: int = 0) -> None:
        """Lose the next `count` frames."""
        self.drop_next = count
        self._update(now)

    def add_rule(self, rule: DropRule, now: int = 0) -> None:
        """Lose frames that match a rule; it takes the place of one with the same text."""
        self.rules = [*(one for one in self.rules if one.left and one.text != rule.text), rule]
        self._update(now)

    def drop_off(self, now: int = 0) -> None:
        """Lose no frame on purpose any more."""
        self.drop_next = self.settings.drop_every = 0
        self.rules = []
        self._update(now)

    def rule_for(self, world: World, frame: bytes, number: int, sender: str, link: str) -> str:
        """Return the cause if a rule loses a frame, and count that; nothing passes a link that is down."""
        if self.settings.down or self.drop_next:
            return ""
        for rule in self.rules:
            if rule.takes(world, frame, number, sender, link):
                return f"your rule: {rule.text}"
        return ""

    def clear_all(self, now: int = 0) -> None:
        """Let frames pass as on a good day; what is under way still comes out when it was meant to, and first."""
        self.settings = Settings()
        self.drop_next = 0
        self.rules = []
        self.bursting = False
        self._update(now)

    def _update(self, now: int) -> None:
        s = self.settings
        if self.rules:
            self.rules = [rule for rule in self.rules if rule.left]
        self.clear = self.last_out <= now and not (
            s.loss or s.burst_loss or s.delay or s.jitter or s.reorder or s.duplicate or s.corrupt or s.rate
            or s.drop_every or s.down or self.drop_next or self.rules
        )

    def show(self, name: str) -> str:
        """Return one setting as a person writes it."""
        return _SHOW[_READ[name]](getattr(self.settings, name))

    def describe(self) -> list[str]:
        """Return what is not as usual, such as ``loss 5%``."""
        usual = Settings()
        changed = [f.name for f in fields(Settings) if getattr(self.settings, f.name) != getattr(usual, f.name)]
        said = [f"{name.replace('_', '-')} {self.show(name)}" for name in changed]
        said += [f"drop next {self.drop_next}"] if self.drop_next else []
        return said + [rule.describe() for rule in self.rules if rule.left]

    def state(self) -> Settings:
        """Return a copy of the settings."""
        return replace(self.settings)

    def carry(self, now: int, frame: bytes, ruled: str = "") -> Passage:
        """Decide what becomes of a frame that enters the link at `now`; `ruled` is why a rule loses it."""
        s, streams = self.settings, self.streams
        lost = self._lost(ruled)
        altered, what = self._corrupted(frame)
        twice = s.duplicate and streams["duplicate"].chance(s.duplicate)
        late = s.reorder and streams["reorder"].chance(s.reorder)
        delay = self._delay()
        at = -1 if lost else self._through_queue(now, len(frame))
        if at < 0:
            self._update(now)
            return Passage([], lost or "queue")
        out = at + delay
        if late:
            out += max(REORDER_HOLD, s.delay // 2)
        else:
            self.last_out = out = max(out, self.last_out)
        self._update(now)
        delivery = (out, altered, what)
        return Passage([delivery, delivery] if twice else [delivery])

    def _lost(self, ruled: str) -> str:
        """Return the impairment that loses the next frame, or nothing."""
        s = self.settings
        unlucky = s.loss and self.streams["loss"].chance(s.loss)
        in_burst = s.burst_loss and self._burst()
        self.passed += 1
        if s.down:
            return "down"
        if self.drop_next:
            self.drop_next -= 1
            return "drop next"
        if ruled:
            return ruled
        if s.drop_every and self.passed % s.drop_every == 0:
            return "drop every"
        return "burst" if in_burst else "loss" if unlucky else ""

    def _burst(self) -> bool:
        """Return whether a burst loses the next frame."""
        s, streams = self.settings, self.streams
        self.bursting ^= streams["burst"].chance(s.burst_end if self.bursting else s.burst_loss)
        unlucky = streams["burst share"].chance(s.burst_share)
        return self.bursting and unlucky

    def _through_queue(self, now: int, length: int) -> int:
        """Return when the last bit of a frame has left a limited rate, or -1 if the queue before it is full."""
        s, waiting = self.settings, self.waiting
        if not s.rate:
            waiting.clear()
            self.waiting_bytes = 0
            return now
        while waiting and waiting[0][0] <= now:
            self.waiting_bytes -= waiting.popleft()[1]
        if self.free_at < now:
            self.free_at, self.rest = now, 0
        elif self.free_at > now:
            if self.waiting_bytes + length > s.queue or (s.queue_frames and len(waiting) >= s.queue_frames):
                return -1
            waiting.append((self.free_at, length))
            self.waiting_bytes += length
        whole, self.rest = divmod(length * 8_000_000 + self.rest, s.rate)
        self.free_at += whole
        return self.free_at

    def _delay(self) -> int:
        """Return how long the next frame is on its way, in microseconds."""
        s = self.settings
        if not s.jitter:
            return s.delay
        stream = self.streams["jitter"]
        more = stream.normal(s.jitter) if s.distribution == "normal" else stream.between(-s.jitter, s.jitter)
        return max(s.delay + more, 0)

    def _corrupted(self, frame: bytes) -> tuple[bytes, str]:
        """Return the frame, with one bit behind the Ethernet header turned over if it is unlucky, and what was done."""
        share = self.settings.corrupt
        if not share or not self.streams["corrupt"].chance(share) or len(frame) <= MINIMUM_CORRUPTIBLE:
            return frame, ""
        place, bit = divmod(self.streams["corrupted bit"].below((len(frame) - MINIMUM_CORRUPTIBLE) * 8), 8)
        place += MINIMUM_CORRUPTIBLE
        altered = bytearray(frame)
        altered[place] ^= 1 << bit
        return bytes(altered), f"bit {bit} of byte {place} turned over"

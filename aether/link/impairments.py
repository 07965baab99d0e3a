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
from aether.link.damage import damage, mark_congestion
from aether.link.red import EARLY, FULL, Average
from aether.streams import Stream

if TYPE_CHECKING:
    from aether.link.medium import Box, Medium
    from aether.link.rules import DropRule


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
    """Share of frames that are damaged."""
    corrupt_what: str = "bit"
    """``bit``: one bit is turned over; ``field``: a header field gets another value, and the checksums fit it;
    ``checksum``: a checksum is wrong."""
    rate: int = 0
    """Bits a second; 0 is no limit."""
    queue: int = 65_536
    """What may wait before a limited rate; a frame that does not fit is lost (drop-tail)."""
    queue_frames: int = 0
    """How many frames may wait there; 0 is any number."""
    red: float = 0.0
    """Chance to be lost early as the average queue comes near `red_max` (random early detection); 0 is drop-tail."""
    red_min: int = 5_000
    """Below so many bytes on average nothing is lost early; from there the chance grows in proportion."""
    red_max: int = 15_000
    """From so many bytes on average everything is lost."""
    ecn: bool = False
    """True if a packet that can carry a mark of congestion (RFC 3168) is marked and not lost early."""
    mtu: int = 0
    """The largest packet that passes, without its Ethernet header; a larger one is lost, and nobody told. 0 is any."""
    drop_every: int = 0
    """Every so many-th frame is lost; 0 is none."""
    down: bool = False
    """True while nothing passes."""


_READ: dict[str, Callable[[str], Any]] = {
    "loss": quantities.percentage, "burst_loss": quantities.percentage, "burst_end": quantities.percentage,
    "burst_share": quantities.percentage, "delay": quantities.duration, "jitter": quantities.duration,
    "distribution": quantities.distribution, "reorder": quantities.percentage, "duplicate": quantities.percentage,
    "corrupt": quantities.percentage, "corrupt_what": quantities.corruption, "rate": quantities.rate,
    "queue": quantities.size, "queue_frames": quantities.count, "red": quantities.percentage,
    "red_min": quantities.size, "red_max": quantities.size, "ecn": quantities.switch, "mtu": quantities.size,
    "drop_every": quantities.count, "down": quantities.switch,
}
_SHOW: dict[Callable[[str], Any], Callable[[Any], str]] = {
    quantities.percentage: quantities.show_share, quantities.duration: show_time, quantities.distribution: str,
    quantities.corruption: str,
    quantities.rate: quantities.show_rate, quantities.size: str, quantities.count: str,
    quantities.switch: quantities.show_switch,
}
IMPAIRMENTS = tuple(name.replace("_", "-") for name in _READ)
_DRAWING = ("loss", "burst", "burst share", "jitter", "reorder", "duplicate", "corrupt", "damage", "red")
REORDER_HOLD = 10_000
"""How long a frame is held back for others to overtake it, in microseconds, on top of the link's own delay."""
ETHERNET_HEADER = 14
"""Bytes in front of a packet."""


class Pipe:
    """One direction of a link."""

    __slots__ = (
        "_box", "average", "bursting", "clear", "drop_next", "free_at", "last_out", "losses", "passed", "rest", "rules",
        "settings", "streams", "waiting", "waiting_bytes",
    )
    UNHASHED = ("losses",)
    """A tally, which nothing that happens depends on: recordings from before it was kept end in the same state."""

    def __init__(self, seed: int, link: str, direction: str) -> None:
        self.clear = True
        """True while frames pass at once and unchanged: the hot path asks only this."""
        self.settings = Settings()
        self.streams = {name: Stream(seed, link, direction, name) for name in _DRAWING}
        self.drop_next = 0
        """So many of the next frames are lost."""
        self.rules: list[DropRule] = []
        """Frames that match one of these are lost."""
        self.losses: dict[str, int] = {}
        """How many frames were lost, by the kind of cause: what follows a colon in a cause is left out."""
        self.passed = 0
        """Frames seen since `drop_every` was set."""
        self.bursting = False
        self.waiting: deque[tuple[int, int]] = deque()
        """What waits before a limited rate: when the first bit of each frame will leave, and its length."""
        self.waiting_bytes = 0
        self.average = Average()
        """What waits on average, for random early detection."""
        self.free_at = 0
        """When the last bit of what waits has left, in microseconds ..."""
        self.rest = 0
        """... and what is missing to that: a part of a microsecond, in bits times 1,000,000."""
        self.last_out = 0
        """When the last frame comes out that kept its place."""

    @property
    def box(self) -> Box | None:
        """The box in the middle of the link, which both directions share; None if there is none."""
        return getattr(self, "_box", None)

    def put(self, box: Box | None, now: int = 0) -> None:
        """Put a box into the way, or take it away.

        Where there is none the field is not set: so it takes no part in the digest, and runs from before there were
        boxes end in the same state.
        """
        if box is not None:
            self._box = box
        elif self.box is not None:
            del self._box
        self._update(now)

    def set(self, what: str, text: str, now: int = 0) -> str:
        """Set one impairment as a person writes it, and return how it stands; QuantityError if it makes no sense."""
        name = what.replace("-", "_")
        if name not in _READ:
            raise quantities.QuantityError(f"a link has no {what!r}. It has: {', '.join(IMPAIRMENTS)}")
        value = _READ[name](text)
        if name in ("red_min", "red_max"):
            low, high = (value, self.settings.red_max) if name == "red_min" else (self.settings.red_min, value)
            if low >= high:
                raise quantities.QuantityError(
                    f"red-min is less than red-max, and {low} bytes are not less than {high} ({what} {text!r}). "
                    "Set the other one first")
        setattr(self.settings, name, value)
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

    def rule_for(self, world: Medium, frame: bytes, number: int, sender: str, link: str) -> str:
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
            or s.drop_every or s.mtu or s.down or self.drop_next or self.rules or self.box is not None
        )

    def show(self, name: str) -> str:
        """Return one setting as a person writes it."""
        return _SHOW[_READ[name]](getattr(self.settings, name))

    def changed(self) -> dict[str, str]:
        """Return the settings that are not as usual, with their names and values as a person writes them."""
        usual = Settings()
        names = [f.name for f in fields(Settings) if getattr(self.settings, f.name) != getattr(usual, f.name)]
        return {name.replace("_", "-"): self.show(name) for name in names}

    def describe(self) -> list[str]:
        """Return what is not as usual, such as ``loss 5%``."""
        said = [f"{name} {value}" for name, value in self.changed().items()]
        said += [f"drop next {self.drop_next}"] if self.drop_next else []
        said += [f"box {self.box.describe()}"] if self.box is not None else []
        return said + [rule.describe() for rule in self.rules if rule.left]

    def state(self) -> Settings:
        """Return a copy of the settings."""
        return replace(self.settings)

    def carry(self, now: int, frame: bytes, ruled: str = "") -> Passage:
        """Decide what becomes of a frame that enters the link at `now`; `ruled` is why a rule loses it."""
        s, streams = self.settings, self.streams
        lost = self._lost(len(frame), ruled)
        altered, what = self._corrupted(frame) if s.corrupt else (frame, "")
        twice = s.duplicate and streams["duplicate"].chance(s.duplicate)
        late = s.reorder and streams["reorder"].chance(s.reorder)
        delay = self._delay() if s.jitter else s.delay
        early = streams["red"].bits(53) if s.red else 0
        if not lost and s.rate:
            lost, altered, what = self._into_queue(now, early, altered, what)
        if lost:
            self.lose(lost)
            if not s.loss or self.rules:
                self._update(now)
            return Passage([], lost)
        out = (self._through_queue(now, len(frame)) if s.rate or self.waiting else now) + delay
        if late:
            out += max(REORDER_HOLD, s.delay // 2)
        else:
            self.last_out = out = max(out, self.last_out)
        if not s.delay or self.rules:
            self._update(now)
        delivery = (out, altered, what)
        return Passage([delivery, delivery] if twice else [delivery])

    def lose(self, cause: str) -> None:
        """Count a frame that was lost."""
        kind = cause.partition(":")[0]
        self.losses[kind] = self.losses.get(kind, 0) + 1

    def _lost(self, length: int, ruled: str) -> str:
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
        if s.mtu and length > s.mtu + ETHERNET_HEADER:
            return f"mtu: {length - ETHERNET_HEADER} bytes"
        return "burst" if in_burst else "loss" if unlucky else ""

    def _burst(self) -> bool:
        """Return whether a burst loses the next frame."""
        s, streams = self.settings, self.streams
        self.bursting ^= streams["burst"].chance(s.burst_end if self.bursting else s.burst_loss)
        unlucky = streams["burst share"].chance(s.burst_share)
        return self.bursting and unlucky

    def _into_queue(self, now: int, drawn: int, frame: bytes, what: str) -> tuple[str, bytes, str]:
        """Return why the queue before a limited rate loses a frame, if it does; the frame; how it was altered."""
        s, waiting = self.settings, self.waiting
        while waiting and waiting[0][0] <= now:
            self.waiting_bytes -= waiting.popleft()[1]
        if s.red:
            self.average.follow(self.waiting_bytes, now - self.free_at, s.rate)
            verdict = self.average.verdict(s.red_min, s.red_max, s.red, drawn)
            marked = mark_congestion(frame) if verdict == EARLY and s.ecn else None
            if marked is not None:
                frame = marked
                what += f"{', ' if what else ''}congestion marked (CE)"
            elif verdict:
                return "queue (early)" if verdict != FULL else "queue (average too long)", frame, what
        if self.free_at > now:
            full = self.waiting_bytes + len(frame) > s.queue
            if full or (s.queue_frames and len(waiting) >= s.queue_frames):
                return "queue", frame, what
        return "", frame, what

    def _through_queue(self, now: int, length: int) -> int:
        """Return when the last bit of a frame has left a limited rate."""
        s, waiting = self.settings, self.waiting
        if not s.rate:
            waiting.clear()
            self.waiting_bytes = 0
            return now
        if self.free_at < now:
            self.free_at, self.rest = now, 0
        elif self.free_at > now:
            waiting.append((self.free_at, length))
            self.waiting_bytes += length
        whole, self.rest = divmod(length * 8_000_000 + self.rest, s.rate)
        self.free_at += whole
        return self.free_at

    def _delay(self) -> int:
        """Return how long the next frame is on its way, in microseconds, where that varies."""
        s = self.settings
        stream = self.streams["jitter"]
        more = stream.normal(s.jitter) if s.distribution == "normal" else stream.between(-s.jitter, s.jitter)
        return max(s.delay + more, 0)

    def _corrupted(self, frame: bytes) -> tuple[bytes, str]:
        """Return the frame, damaged if it is unlucky, and what was done to it."""
        s = self.settings
        if not self.streams["corrupt"].chance(s.corrupt):
            return frame, ""
        return damage(frame, s.corrupt_what, self.streams["damage"])

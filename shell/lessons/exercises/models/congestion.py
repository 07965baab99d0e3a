"""Congestion control: the right one, and the ways in which it goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from aether.lab import simulated
from aether.operations.link import LinkSet
from shell.lessons.exercises.lab import SIZE, fitted, transfer
from shell.lessons.exercises.stories import Make, Model, Observed, StoryCheck

MSS = 1000
"""Bytes of a segment in the stories."""
MISTAKES = {
    "no_slow_start": "the window grows by one segment a round trip from the beginning: below ssthresh it grows by what "
                     "is acknowledged (§3.1)",
    "doubles": "the window doubles with every acknowledgement: with each it grows by what that acknowledges (§3.1)",
    "counts_acks": "every acknowledgement counts as a whole segment: a receiver that acknowledges in small pieces "
                   "makes the window grow faster (§3.1, equation 2)",
    "stretch": "one acknowledgement may open the window by any number of segments, and they leave in one burst: at "
               "the most by one (§3.1, equation 2), or by two (RFC 3465)",
    "no_avoidance": "slow start goes on above ssthresh: there it is one segment a round trip (§3.1, equation 3)",
    "no_growth": "the window does not grow above ssthresh: it does, by one segment a round trip (§3.1, equation 3)",
    "halves_window": "ssthresh is half of the window: it is half of what was on its way, which may be much less (§3.2, "
                     "equation 4)",
    "tahoe": "the window falls to one segment though acknowledgements still come: that is for a time-out; here it "
             "goes on from ssthresh (§3.2)",
    "no_decrease": "a loss does not make the window smaller (§3.2, equation 4)",
    "no_floor": "ssthresh falls below two segments (§3.1, equation 4)",
    "timeout_halves": "after a time-out the window is half, as after duplicate acknowledgements: nothing comes back "
                      "any more, so begin again with one segment (§3.1)",
    "timeout_keeps_threshold": "a time-out leaves ssthresh as it was: slow start would run into the same loss again "
                               "(§3.1, equation 4)",
}


class Control:
    """A controller that can be wrong in one way (RFC 5681)."""

    def __init__(self, wrong: str, mss: int, window: int) -> None:
        self.wrong, self.mss, self.cwnd, self.ssthresh = wrong, mss, window, 1 << 40
        self.acked = 0

    def acknowledged(self, count: int) -> None:
        """Let the window grow."""
        wrong = self.wrong
        if (self.cwnd < self.ssthresh and wrong != "no_slow_start") or wrong == "no_avoidance":
            most = count if wrong == "stretch" else self.mss
            grown = {"counts_acks": self.mss, "doubles": self.cwnd}.get(wrong, min(count, most))
            self.cwnd += grown
            return
        self.acked += 0 if wrong == "no_growth" else count
        if self.acked >= self.cwnd:
            self.acked -= self.cwnd
            self.cwnd += self.mss

    def lost(self, flight: int) -> None:
        """Halve."""
        wrong = self.wrong
        if wrong == "no_decrease":
            return
        half = (self.cwnd if wrong == "halves_window" else flight) // 2
        self.ssthresh = half if wrong == "no_floor" else max(half, 2 * self.mss)
        self.cwnd = self.mss if wrong == "tahoe" else self.ssthresh
        self.acked = 0

    def timed_out(self, flight: int) -> None:
        """Begin again."""
        wrong = self.wrong
        if wrong != "timeout_keeps_threshold":
            half = (self.cwnd if wrong == "halves_window" else flight) // 2
            self.ssthresh = half if wrong == "no_floor" else max(half, 2 * self.mss)
        self.cwnd = self.ssthresh if wrong == "timeout_halves" else self.mss
        self.acked = 0


def _cwnd(part: Any, did: str) -> Observed:
    return Observed(did, "cwnd", part.cwnd / MSS, "segments")


def _ssthresh(part: Any, did: str) -> Observed:
    return Observed(did, "ssthresh", part.ssthresh / MSS, "segments")


def _begins(make: Make) -> Iterator[Observed]:
    part = make(MSS, 10 * MSS)
    yield _cwnd(part, "with an initial window of 10 segments")
    yield Observed("at the beginning", "ssthresh > 100 segments", part.ssthresh > 100 * MSS)


def _slow_start(make: Make) -> Iterator[Observed]:
    part = make(MSS, 10 * MSS)
    for count in (1, 10, 21):
        for _ in range(count - (10 if count == 21 else 1 if count == 10 else 0)):
            part.acknowledged(MSS)
        yield _cwnd(part, f"after {count} acknowledgements of a segment each")


def _small(make: Make) -> Iterator[Observed]:
    part = make(MSS, 10 * MSS)
    for _ in range(10):
        part.acknowledged(MSS // 10)
    yield _cwnd(part, "after one segment was acknowledged in 10 pieces")


def _stretch(make: Make) -> Iterator[Observed]:
    part = make(MSS, 20 * MSS)
    part.acknowledged(20 * MSS)
    grown = (part.cwnd - 20 * MSS) / MSS
    yield Observed("after one acknowledgement of 20 segments", "the growth of cwnd, as far as it is above 2",
               max(grown - 2, 0.0), "segments")


def _lost(make: Make) -> Iterator[Observed]:
    part = make(MSS, 40 * MSS)
    part.lost(20 * MSS)
    did = "after a loss with a window of 40 segments, of which 20 were on their way"
    yield _ssthresh(part, did)
    yield _cwnd(part, did)


def _avoidance(make: Make) -> Iterator[Observed]:
    part = make(MSS, 20 * MSS)
    part.lost(20 * MSS)
    for trip in range(1, 4):
        for _ in range(9 + trip):
            part.acknowledged(MSS)
        yield _cwnd(part, f"after a loss at 20 segments, and {trip} round trip{'s' * (trip > 1)} without one")


def _floor(make: Make) -> Iterator[Observed]:
    part = make(MSS, 2 * MSS)
    part.lost(2 * MSS)
    yield _ssthresh(part, "after a loss with two segments on their way")


def _timed_out(make: Make) -> Iterator[Observed]:
    part = make(MSS, 20 * MSS)
    part.timed_out(20 * MSS)
    yield _cwnd(part, "after a time-out with 20 segments on their way")
    yield _ssthresh(part, "after a time-out with 20 segments on their way")


def _again(make: Make) -> Iterator[Observed]:
    part = make(MSS, 16 * MSS)
    part.timed_out(16 * MSS)
    for _ in range(7):
        part.acknowledged(MSS)
    yield _cwnd(part, "after a time-out at 16 segments, and 7 acknowledgements")
    for _ in range(8):
        part.acknowledged(MSS)
    yield _cwnd(part, "one round trip after ssthresh was reached")


def _transfer(make: Make) -> Iterator[Observed]:
    took = {}
    for name, chosen in (("ours", _make("")), ("yours", make)):
        world = simulated(7)
        for what, value in (("rate", "4mbit"), ("delay", "10ms"), ("loss", "1%")):
            world.do(LinkSet(what=what, value=value))
        with fitted(chosen):
            took[name] = transfer(world).took / 1e6
    did = f"over a link with 4 Mbit/s, 10 ms and 1 % loss, where another needs {took['ours']:.2f} s"
    yield Observed(did, f"the transfer of {SIZE:,} bytes ending", took["yours"] > 0)
    yield Observed(did, "its time, as far as it is above twice that,", max(took["yours"] - 2 * took["ours"], 0.0), "s")


CHECKS = (
    StoryCheck("It begins with the window that it is given", "RFC 5681 §3.1", _begins),
    StoryCheck("In slow start the window grows by what is acknowledged", "RFC 5681 §3.1", _slow_start),
    StoryCheck("It counts bytes, not acknowledgements", "RFC 5681 §3.1", _small),
    StoryCheck("One acknowledgement lets it grow by two segments at the most", "RFC 5681 §3.1, RFC 3465", _stretch),
    StoryCheck("A loss halves what was on its way", "RFC 5681 §3.2", _lost),
    StoryCheck("From ssthresh on it grows by one segment a round trip", "RFC 5681 §3.1", _avoidance, 0.35),
    StoryCheck("ssthresh is two segments at the least", "RFC 5681 §3.1", _floor),
    StoryCheck("After a time-out it begins again with one segment", "RFC 5681 §3.1", _timed_out),
    StoryCheck("Then slow start goes up to ssthresh, and no farther", "RFC 5681 §3.1", _again, 0.35),
    StoryCheck("In the stack, a transfer over a bad link comes to its end", "RFC 5681", _transfer,
               names_mistakes=False),
)


def _make(wrong: str) -> Make:
    return partial(Control, wrong)


MODEL = Model(CHECKS, _make, MISTAKES, {
    "cwnd": "number", "ssthresh": "number", "acknowledged": "", "lost": "", "timed_out": ""})

"""The retransmission time-out: the right one, and the ways in which it goes wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from shell.lessons.exercises.stories import Make, Model, Observed, StoryCheck

FIRST = 1.0
"""Seconds before anything is measured (RFC 6298 §2.1)."""
MISTAKES = {
    "karn": "a segment that was sent twice is measured: nobody knows which of the two its acknowledgement answers "
            "(Karn's rule, §3)",
    "resent_ends_backoff": "the acknowledgement of a segment that was sent again ends the backoff: the doubled "
                           "time-out stays until something is measured (§5, last note of §3)",
    "no_minimum": "there is no minimum: the time-out is rounded up to it whatever was measured (§2.4)",
    "floor_of_variance": "the minimum is put under K·RTTVAR, and not under the sum: Linux does so, and waits longer; "
                         "RFC 6298 §2.4 has it under the sum",
    "no_maximum": "there is no maximum (§2.5)",
    "no_variance": "K·RTTVAR is missing: the time-out is SRTT alone, and every second sample is above its mean (§2.2)",
    "one_variance": "RTTVAR counts once: K is 4 (§2.2)",
    "first_variance": "RTTVAR begins with R: after the first measurement it is R/2 (§2.2)",
    "from_zero": "SRTT begins at 0 and creeps up: the first measurement sets it to R (§2.2)",
    "order": "SRTT is changed before RTTVAR: RTTVAR is computed with the SRTT from before (§2.3)",
    "swapped": "alpha and beta are exchanged: alpha is 1/8 and belongs to SRTT, beta is 1/4 (§2.3)",
    "signed": "the difference between SRTT and R' has a sign: RTTVAR takes its absolute value (§2.3)",
    "latest": "the time-out follows from the latest measurement alone: SRTT and RTTVAR remember those before (§2.3)",
    "no_backoff": "the time-out does not double when the timer runs out (§5.5)",
    "adds": "the time-out grows by the same amount each time: it doubles (§5.5)",
    "backoff_stays": "a new measurement does not end the backoff: the time-out is computed anew (§2.3)",
    "seconds_first": "before anything is measured it is 3 s, as in RFC 2988: since RFC 6298 it is 1 s (§2.1)",
}


class Estimator:
    """An estimator that can be wrong in one way."""

    def __init__(self, wrong: str, minimum: float = 1.0, maximum: float = 60.0) -> None:
        self.wrong, self.minimum, self.maximum = wrong, minimum, maximum
        self.srtt = self.rttvar = 0.0
        self.known = False
        self.backoff = 0

    def measured(self, rtt: float, resent: bool) -> None:
        """Take a measurement (RFC 6298 §2.2, §2.3, §3)."""
        wrong = self.wrong
        if resent and wrong != "karn":
            if wrong == "resent_ends_backoff":
                self.backoff = 0
            return
        if wrong != "backoff_stays":
            self.backoff = 0
        if wrong == "latest" or (not self.known and wrong != "from_zero"):
            self.srtt, self.rttvar = rtt, rtt if wrong == "first_variance" else rtt / 2
        else:
            alpha, beta = (1 / 4, 1 / 8) if wrong == "swapped" else (1 / 8, 1 / 4)
            before = self.srtt
            self.srtt += alpha * (rtt - before)
            difference = (self.srtt if wrong == "order" else before) - rtt
            self.rttvar += beta * ((difference if wrong == "signed" else abs(difference)) - self.rttvar)
        self.known = True

    def timed_out(self) -> None:
        """Double (RFC 6298 §5.5)."""
        self.backoff += 1

    def timeout(self) -> float:
        """Return the time-out (RFC 6298 §2.3 to §2.5)."""
        wrong = self.wrong
        if not self.known:
            rto = 3.0 if wrong == "seconds_first" else FIRST
        else:
            variance = self.rttvar * {"no_variance": 0, "one_variance": 1}.get(wrong, 4)
            if wrong == "floor_of_variance":
                variance = max(variance, self.minimum)
            rto = self.srtt + variance
        if wrong not in ("no_minimum", "floor_of_variance"):
            rto = max(rto, self.minimum)
        times = {"no_backoff": 1, "adds": 1 + self.backoff}.get(wrong, 1 << self.backoff)
        return rto * times if wrong == "no_maximum" else min(rto * times, self.maximum)


def _told(part: Any, calls: Sequence[float | str]) -> Iterator[Observed]:
    """Tell a part what happens: a round trip in seconds, ``-5``: one of 5 s of a resent segment, or ``out``."""
    for number, call in enumerate(calls, 1):
        if call == "out":
            part.timed_out()
            did = "after the timer ran out" + (f" ({calls[:number].count('out')} times)" if number > 1 else "")
        else:
            rtt = float(call)
            part.measured(abs(rtt), rtt < 0)
            again = " of a segment that was sent again" if rtt < 0 else ""
            did = f"after {'a' if calls[0] == call and number == 1 else 'another'} round trip of {abs(rtt):g} s{again}"
        yield Observed(did, "timeout()", part.timeout(), "s")


def _calls(minimum: float, calls: Sequence[float | str], make: Make) -> Iterator[Observed]:
    part = make(minimum, 60.0)
    if not calls:
        yield Observed("before anything was measured", "timeout()", part.timeout(), "s")
    yield from _told(part, calls)


def _check(title: str, clause: str, minimum: float, *calls: float | str) -> StoryCheck:
    return StoryCheck(title, f"RFC 6298 {clause}", partial(_calls, minimum, calls))


CHECKS = (
    _check("Before anything is measured, the time-out is 1 s", "§2.1", 0.2),
    _check("The first measurement sets SRTT to R and RTTVAR to R/2", "§2.2", 0.2, 0.8),
    _check("Later ones are smoothed", "§2.3", 0.2, 0.8, 1.6, 0.4, 0.4, 1.0),
    _check("The time-out is not below the minimum", "§2.4", 1.0, 0.02, 0.02, 0.03),
    _check("Another minimum is heeded, too", "§2.4", 0.2, 0.06, 0.06, 0.06, 0.06, 0.06, 0.06, 0.06, 0.06),
    _check("The time-out doubles each time that the timer runs out", "§5.5", 0.2, "out", "out", "out"),
    _check("The time-out is not above the maximum", "§2.5", 0.2, 0.8, *["out"] * 7),
    _check("A segment that was sent twice is not measured", "§3", 0.2, 0.8, "out", -5.0),
    _check("A new measurement ends the backoff", "§2.3", 0.2, 0.8, "out", "out", 0.8),
)


def _make(wrong: str) -> Make:
    return partial(Estimator, wrong)


MODEL = Model(CHECKS, _make, MISTAKES, {"timeout": "seconds", "measured": "", "timed_out": ""})

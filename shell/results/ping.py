"""What `ping` returns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class PingLine:
    """One answer to a ping."""

    sequence: int
    rtt_us: int
    ttl: int
    length: int
    duplicate: bool = False


@dataclass(slots=True)
class PingAnswers:
    """What came back just now, for whoever watches."""

    address: str
    replies: list[PingLine]
    errors: list[str]


@dataclass(slots=True)
class PingReport:
    """How a ping went so far."""

    job: int
    address: str
    outcome: str
    sent: int
    received: int
    replies: list[PingLine]
    errors: list[str]
    min_us: int
    average_us: int
    max_us: int
    hint: str = ""
    mdev_us: int = 0
    """The standard deviation of the round trips, as `ping` calls it."""
    duplicates: int = 0
    lost: float = 0.0
    """The share of requests without an answer, 0.0 to 1.0; the last counts once it has been waited for."""
    elapsed_us: int = 0
    failed: int = 0
    """How many requests came to an error: one that was reported, or that kept it from being sent."""
    first_error: str = ""

    @property
    def failure(self) -> str:
        """What to say when nobody answered: what came back instead, if anything did."""
        if self.outcome != "done" or self.received:
            return ""
        if self.failed:
            return f"no answer from {self.address}: {self.first_error}"
        return f"{self.address} does not answer"

"""What `why conn N slow` returns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Share:
    """How long one thing limited what is sent."""

    what: str
    """``window``, ``cwnd``, ``send buffer``, ``nagle``, ``cork``, ``silly window``; ``acknowledgements``: all that
    the application has given is sent; ``retransmissions``: so it is, and something had to be sent again;
    ``application``: it has nothing to send."""
    by: str
    """The same in words."""
    spent_us: int
    share: float
    """Of the whole time, 0 to 1."""


@dataclass(slots=True)
class LimitsSide:
    """What limits one end."""

    host: str
    sent: int
    """Bytes of payload that it has sent."""
    life: list[Share]
    """Since the connection was made, the largest first."""
    last: list[Share]
    """In the last second, as far as events are kept."""


@dataclass(slots=True)
class LimitsReport:
    """What limits a transfer."""

    connection: int
    sides: list[LimitsSide]
    answer: str
    rfc: str
    knob: str
    remedy: str

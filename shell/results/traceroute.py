"""What `traceroute` returns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class TraceProbe:
    """One probe of a traceroute."""

    address: str
    """Who answered; empty if nobody has."""
    rtt_us: int
    """-1 if nobody has answered."""
    mark: str
    """Such as ``!H``: the host is unreachable."""


@dataclass(slots=True)
class TraceHop:
    """The probes with one time to live."""

    ttl: int
    probes: list[TraceProbe]


@dataclass(slots=True)
class TraceHops:
    """Hops that are known since a moment, for whoever watches."""

    hops: list[TraceHop]


@dataclass(slots=True)
class TraceReport:
    """The way to a host, as far as it is known."""

    job: int
    address: str
    method: str
    """``udp`` or ``icmp``."""
    outcome: str
    reached: bool
    hops: list[TraceHop]
    hint: str = ""

"""What `icmp` returns."""

from __future__ import annotations

from dataclasses import dataclass

from aether.answers import IcmpCounts


@dataclass(slots=True)
class IcmpStats:
    """Which ICMP messages came and went."""

    host: str
    counts: IcmpCounts

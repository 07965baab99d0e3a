"""What `dhcp` returns."""

from __future__ import annotations

from dataclasses import dataclass

from aether.answers import (
    Lease,
)


@dataclass(slots=True)
class LeaseReport:
    """How a host is configured, and what its DHCP client does."""

    host: str
    lease: Lease
    outcome: str = "done"
    hint: str = ""

"""What `dns` returns."""

from __future__ import annotations

from dataclasses import dataclass

from aether.answers import (
    CacheRow,
)


@dataclass(slots=True)
class DnsLine:
    """One record of an answer."""

    name: str
    type: str
    ttl: int
    """Seconds for which it may be remembered."""
    data: str


@dataclass(slots=True)
class DnsReport:
    """What came of asking for a name."""

    job: int
    name: str
    type: str
    outcome: str
    records: list[DnsLine]
    """The aliases that were followed, then the records that were asked for."""
    code: str
    """``no error``, ``no such name`` and the like; ``no error`` without records: no record of this type."""
    server: str
    over: str
    """``udp``, ``tcp`` or ``cache``."""
    tries: int
    took_us: int
    hint: str = ""

    @property
    def failure(self) -> str:
        """What to say when there was nothing to find."""
        if self.outcome != "done" or self.code == "no error":
            return ""
        return f"{self.name}: {self.code}"


@dataclass(slots=True)
class DnsCacheReport:
    """What the resolver of one host remembers."""

    host: str
    servers: list[str]
    domain: str
    """Where names without a dot are looked for."""
    hits: int
    misses: int
    entries: list[CacheRow]

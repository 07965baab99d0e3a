"""How long a connection was busy, and what held it up."""

from __future__ import annotations


class Clocks:
    """How long a connection was busy, and what held it up: microseconds by reason."""

    __slots__ = ("busy", "held", "limit", "limit_since", "rwnd", "since", "sndbuf", "what")

    def __init__(self) -> None:
        self.what = ""
        """``busy``, ``rwnd`` (held up by the peer's window), ``sndbuf`` (by a send buffer that is too small), or empty
        while nothing is in flight and nothing is to be sent; as on Linux."""
        self.since = 0
        self.busy = self.rwnd = self.sndbuf = 0
        """Microseconds before `since`; those held up do not count as busy here."""
        self.limit = ""
        """What holds data back now, as `aether.tcp.output.held_back` says it."""
        self.limit_since = 0
        self.held: dict[str, int] | None = None
        """Microseconds for which each of these held data back, before `limit_since`; None if nothing ever did."""

    def limited(self, by: str, now: int) -> None:
        """Note what holds data back from now on; empty if nothing does."""
        if self.limit:
            self.held = self.held or {}
            self.held[self.limit] = self.held.get(self.limit, 0) + now - self.limit_since
        self.limit, self.limit_since = by, now

    def limits(self, now: int) -> dict[str, int]:
        """Return for how long each thing has held data back, in microseconds."""
        found = dict(self.held or {})
        if self.limit:
            found[self.limit] = found.get(self.limit, 0) + now - self.limit_since
        return found

    def become(self, what: str, now: int) -> None:
        """Note that from now on it is `what`."""
        if what != self.what:
            if self.what:
                setattr(self, self.what, getattr(self, self.what) + now - self.since)
            self.what, self.since = what, now

    def total(self, what: str, now: int) -> int:
        """Return the microseconds so far; ``busy`` includes the times held up."""
        running = now - self.since if self.what == what or (what == "busy" and self.what) else 0
        spent: int = self.busy + self.rwnd + self.sndbuf if what == "busy" else getattr(self, what)
        return spent + running

"""How long a connection was busy, and what held it up."""

from __future__ import annotations


class Clocks:
    """How long a connection was busy, and what held it up: microseconds by reason."""

    __slots__ = ("busy", "rwnd", "since", "sndbuf", "what")

    def __init__(self) -> None:
        self.what = ""
        """``busy``, ``rwnd`` (the peer's window), ``sndbuf``, or empty while nothing is to be sent."""
        self.since = 0
        self.busy = self.rwnd = self.sndbuf = 0
        """Microseconds before `since`; those held up do not count as busy here."""

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

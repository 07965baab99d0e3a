"""The connections of a script: how its numbers are those on the wire, and what bytes were sent where."""

from __future__ import annotations

from functools import lru_cache

MASK = 0xFFFFFFFF
FIRST_REMOTE_PORT = 40_000
"""The port of the far end where the script names none and opens."""


@lru_cache(maxsize=1)
def _table() -> bytes:
    return bytes((position * 7 + (position >> 8)) & 0xFF for position in range(65_536))


def pattern(start: int, length: int) -> bytes:
    """Return bytes of a stream whose position tells what they are; it repeats after 64 KB."""
    table = _table()
    start &= 0xFFFF
    copies = (start + length + 0xFFFF) >> 16
    return (table * copies)[start:start + length] if copies > 1 else table[start:start + length]


class ScriptFlow:
    """One connection, or one pair of UDP ports, as the script counts it.

    What the far end numbers is on the wire as it is written. What the host numbers begins anywhere: its SYN says where.
    """

    __slots__ = (
        "first_stamp", "isn", "local_ip", "local_port", "offset", "read_at", "remote_ip", "remote_isn", "remote_port",
        "stamps", "unanchored", "written",
    )

    def __init__(self, local_ip: str, local_port: int, remote_ip: str, remote_port: int) -> None:
        self.local_ip, self.local_port = local_ip, local_port
        """The port is 0 until the host has chosen one."""
        self.remote_ip, self.remote_port = remote_ip, remote_port
        self.offset = 0
        """What is to be added to a number of the host's in the script, for that on the wire."""
        self.isn = 0
        """The host's initial number in the script."""
        self.unanchored = True
        """True until the host's next SYN, which sets `offset`."""
        self.remote_isn = 0
        self.stamps: dict[int, int] = {}
        """The timestamp on the wire of each one of the host's in the script."""
        self.first_stamp: tuple[int, int, int] | None = None
        """The first: in the script, on the wire, and when, in microseconds."""
        self.written = bytearray()
        """What the application has written."""
        self.read_at = 0
        """How much it has read."""

    def anchor(self, live: int, script: int) -> None:
        """Take the host's SYN: `live` on the wire is `script`."""
        self.offset = (live - script) & MASK
        self.isn = script
        self.unanchored = False

    def live(self, script: int) -> int:
        """Return the number on the wire for one of the host's."""
        return (script + self.offset) & MASK

    def scripted(self, live: int) -> int:
        """Return the number in the script for one of the host's."""
        return (live - self.offset) & MASK

    def echo(self, script: int) -> int:
        """Return the timestamp on the wire that an echo of the script means."""
        if script in self.stamps or self.first_stamp is None:
            return self.stamps.get(script, script)
        return (script + self.first_stamp[1] - self.first_stamp[0]) & MASK

    def stamp(self, live: int) -> int:
        """Return how the script calls a timestamp of the host's."""
        for script, found in self.stamps.items():
            if found == live:
                return script
        return live if self.first_stamp is None else (live - self.first_stamp[1] + self.first_stamp[0]) & MASK

    def payload_of_host(self, script: int, length: int, syn: bool) -> bytes:
        """Return what the host's application wrote at a sequence number, or behind its SYN's, as far as it did."""
        start = (script - self.isn - (not syn)) & MASK
        return bytes(self.written[start:start + length]) if start < 1 << 31 else b""

    def payload_of_peer(self, script: int, length: int, syn: bool) -> bytes:
        """Return what the far end sends at a sequence number, or behind that of its SYN."""
        return pattern((script - self.remote_isn - (not syn)) & MASK, length)

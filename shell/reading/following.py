"""Following the frames of the lab: all that are kept, and what the hosts know where the beginning is not kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aether.engine.ring import CAPACITY, EventRing
from aether.reading.context import NONE, UNKNOWN
from aether.reading.flow import Follower, KnownConnection
from aether.world import World

ASK = Callable[[Callable[[World], Any]], Any]


class LabFollower:
    """Follows a ring of events from where it was read last."""

    def __init__(self, ring: EventRing) -> None:
        self.follower = Follower(CAPACITY)
        self._ring = ring
        self._began = ring.first

    def follows(self, ring: EventRing) -> bool:
        """Tell whether this is the ring, and it was not filled anew: frames then have the same numbers, and differ."""
        return ring is self._ring and ring.first == self._began

    def catch_up(self, ask: ASK) -> None:
        """Take what is new; `ask` runs a query, where events were lost."""
        events, missed = self._ring.since(self.follower.serial)
        if not events:
            return
        if missed or self._began > 1:
            self.follower.conversations.know(ask(known_connections))
        self.follower.take(events)


def known_connections(world: World) -> list[KnownConnection]:
    """Return where the sequence numbers of all connections begin, and how their windows are scaled: a query."""
    found = []
    for name, host in world.hosts.items():
        for conn in host.tcp.connections.values():
            agreed = conn.snd_una > conn.iss
            scales = ((conn.rcv_wscale, conn.snd_wscale) if conn.scaling and agreed
                      else (NONE, NONE) if agreed else (UNKNOWN, UNKNOWN))
            found.append(KnownConnection(
                conn.local_ip, conn.local_port, conn.remote_ip, conn.remote_port, conn.iss, conn.irs or -1, scales,
                conn.number if name == "you" else 0))
    return found

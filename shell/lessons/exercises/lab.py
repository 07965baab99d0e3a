"""A transfer in a lab of its own, in virtual time, perhaps with a learner's congestion control in the stack."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aether.lab import HOST, HOST_ADDRESS, YOU
from aether.operations.base import OperationError
from aether.operations.tcp import TcpConnect, TcpSend
from aether.tcp import congestion
from aether.timers import NEVER
from shell.lessons.exercises.stories import Make

if TYPE_CHECKING:
    from aether.tcp.congestion.flow import Flow
    from aether.world import World

SIZE = 300_000
"""Bytes of a transfer."""
DISCARD = 9
LONGEST_TRANSFER = 120_000_000
"""Microseconds of world time that a transfer gets."""
MOST_OCCURRENCES = 100_000
"""Occurrences that it gets."""
PIECE = 20_000
STREAM = bytes(index * 7 % 251 for index in range(SIZE))
"""What is sent: every place in it looks different from those around."""

Observe = Callable[[str, str, tuple[Any, ...]], None]


@dataclass(slots=True)
class Transfer:
    """How a transfer went."""

    connection: int = 0
    began: int = 0
    """World time at which it was opened, in microseconds."""
    took: int = 0
    """Microseconds until the last byte was delivered; 0 if it never was."""
    delivered: int = 0
    resent: int = 0
    """Segments."""
    windows: list[tuple[int, int]] = field(default_factory=list)
    """When the congestion window was how large: world time in microseconds, bytes."""

    def note(self, world: World, host: str, kind: str, values: tuple[Any, ...]) -> None:
        """Take an event."""
        if host == HOST and kind == "tcp.delivered":
            self.delivered += values[1]
        elif host == YOU and kind == "tcp.retransmit" and values[0] == self.connection:
            self.resent += 1
        elif host == YOU and kind == "tcp.cwnd" and values[0] == self.connection:
            self.windows.append((world.now, values[1]))


def transfer(world: World, size: int = SIZE, seen: Observe | None = None) -> Transfer:
    """Send so many bytes from you to the host, and return how that went; `seen` is told of every event."""
    found = Transfer(began=world.now)

    def observe(host: str, kind: str, *values: Any) -> None:
        found.note(world, host, kind, values)
        if seen is not None:
            seen(host, kind, values)

    world.observe(observe)
    found.connection = world.do(TcpConnect(address=HOST_ADDRESS, port=DISCARD))
    found.delivered = sent = 0
    until = world.now + LONGEST_TRANSFER
    for _ in range(MOST_OCCURRENCES):
        if found.delivered >= size or world.next_deadline() in (NEVER, None) or world.now >= until:
            break
        world.step(until)
        if sent < size:
            sent += _send(world, found.connection, STREAM[sent:min(sent + PIECE, size)])
    found.took = world.now - found.began if found.delivered >= size else 0
    world.observe(None)
    return found


def _send(world: World, connection: int, data: bytes) -> int:
    """Write to a connection; return how many bytes it took, none if it is not open yet, or full."""
    conn = next((each for each in world.hosts[YOU].tcp.connections.values() if each.number == connection), None)
    if conn is None or conn.state not in ("ESTABLISHED", "CLOSE-WAIT"):
        return 0
    try:
        taken: int = world.do(TcpSend(conn=connection, data=data))
    except OperationError:
        return 0
    return taken


class Fitted:
    """A learner's congestion control as the stack sees it (`aether.tcp.congestion.flow.CongestionControl`)."""

    name = "yours"
    limits = True

    def __init__(self, make: Make) -> None:
        self.make = make
        self.part: Any = None

    def begin(self, conn: Flow, window: int) -> None:
        """Make the part, with the initial window."""
        self.part = self.make(conn.mss, window)
        self._read(conn)

    def acknowledged(self, conn: Flow, count: int, now: int) -> None:
        """Tell it of an acknowledgement."""
        self._tell(conn, "acknowledged", count)

    def lost(self, conn: Flow, now: int) -> None:
        """Tell it of a loss."""
        self._tell(conn, "lost", conn.flight_size())

    def timed_out(self, conn: Flow, now: int) -> None:
        """Tell it that the timer ran out."""
        self._tell(conn, "timed_out", conn.flight_size())

    def _tell(self, conn: Flow, what: str, count: int) -> None:
        part = getattr(self.part, "part", self.part)
        if int(self.part.cwnd) != conn.cwnd:  # the stack has set it itself, as it repaired a loss
            part.cwnd = conn.cwnd
        if int(self.part.ssthresh) != conn.ssthresh:
            part.ssthresh = conn.ssthresh
        getattr(self.part, what)(count)
        self._read(conn)

    def _read(self, conn: Flow) -> None:
        conn.cwnd = max(int(self.part.cwnd), 1)
        conn.ssthresh = max(int(self.part.ssthresh), 1)


@contextmanager
def fitted(make: Make) -> Iterator[None]:
    """Let every connection that begins meanwhile have a learner's congestion control."""
    before = dict(congestion.ALGORITHMS)
    for name in before:
        congestion.ALGORITHMS[name] = lambda: Fitted(make)  # type: ignore[assignment]
    try:
        yield
    finally:
        congestion.ALGORITHMS.update(before)

"""The world: hosts, links, the clock and the queue of what happens next.

`World.step()` handles exactly one *occurrence*: one frame arriving at a host, one timer
firing, or one operation of the user. An occurrence includes everything that it causes at
that host, and nothing of the other host's reaction. Nothing else ever changes the state.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

from aether.link.impairments import Pipe
from aether.link.port import Link, Port
from aether.statehash import state_hash
from aether.timers import NEVER, Queue

if TYPE_CHECKING:
    from aether.events import Observer, Teller
    from aether.host import Host
    from aether.tcp.connection import Connection


class AnyOperation(Protocol):
    """What a user can do (`aether.operations`)."""

    def apply(self, world: World) -> Any:
        """Carry it out; return its result as data."""


class World:
    """A small network that can be stepped, pickled, hashed and repeated."""

    UNHASHED = ("observer", "teller", "wire_out")
    """Who looks on, and what has left and was not taken yet: neither is a part of the state."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self.now = 0
        """World time in microseconds."""
        self.occurrence = 0
        """How many occurrences have been handled."""
        self.frames = 0
        """How many frames have been numbered."""
        self.frame = 0
        """The number of the frame being handled, 0 when it is a timer or an operation."""
        self.queue = Queue()
        self.hosts: dict[str, Host] = {}
        self.links: dict[str, Link] = {}
        self.connections = 0
        """The latest number that was given to a connection."""
        self.stride = 1
        """By how much numbers of connections go up: where several workers are one host, by as many as there are."""
        self.announced: dict[bytes, int] = {}
        """Numbers of connections that one host has opened and no other has seen yet, by the key of the other."""
        self.wire_out: list[bytes] = []
        """Frames that left for the world outside; whoever drives the world takes them.

        Where nobody looks, a frame of several segments may be among them (`aether.link.supersegment.SuperSegment`).
        """
        self.observer: Observer | None = None
        self.teller: Teller | None = None
        """Takes the events of a frame together, if the observer can."""

    def add_host(self, host: Host) -> Host:
        """Let a host live here."""
        self.hosts[host.name] = host
        host.join(self)
        return host

    def add_link(self, name: str, left: Host, right: Host | None) -> Link:
        """Plug the next interface of `left` into that of `right`, or into the world outside."""
        ports = []
        for host, direction in ((left, "out"), (right, "in")):
            pipe = Pipe(self.seed, name, direction)
            index = -1 if host is None else host.free_interface()
            ports.append(Port(self, name, host, index, pipe))
            if host is not None:
                host.interfaces[index].port = ports[-1]
        self.links[name] = link = Link(name, *ports)
        return link

    def observe(self, observer: Observer | None) -> None:
        """Report every event to `observer`, or to nobody.

        One that has a method `together` is told of what was predictable about a frame all at once.
        """
        self.observer = observer
        self.teller = getattr(observer, "together", None)
        for host in self.hosts.values():
            host.observer = observer
        if observer is not None:
            self.allow_short_cuts(False)

    def allow_short_cuts(self, allowed: bool) -> None:
        """Say whether hosts may take the shortest way for short connections.

        It reports nothing, and numbers what waits in another order. So only benchmark mode allows it: everywhere else
        a run repeats exactly, whether somebody looks or not, and short ones keep to that (`aether.tcp.short.trace`).
        """
        for host in self.hosts.values():
            if host.short_cuts != allowed:
                host.tcp.fast.promote_all()
                host.short_cuts = allowed

    def next_deadline(self) -> int:
        """Return when the next occurrence is due, in microseconds; NEVER if none is waiting."""
        entry = self.queue.next()
        return NEVER if entry is None else entry[0]

    def step(self, until: int = NEVER) -> bool:
        """Handle the next occurrence if it is due by `until`; return whether there was one."""
        entry = self.queue.next()
        if entry is None or entry[0] > until:
            return False
        deadline, _, owner, data = entry
        self.queue.pop()
        if deadline > self.now:
            self.now = deadline
        self.occurrence += 1
        self.frame = 0
        if data is None:
            owner.wake(self.now)
        else:
            owner.deliver(data)
        return True

    def advance(self, now: int) -> None:
        """Let time pass up to `now` (microseconds); never back, never beyond what is due."""
        if now > self.now:
            self.now = now

    def feed(self, frame: bytes, link: str = "lan") -> int:
        """Let a frame enter a link from outside, as if read from the TAP; return its number.

        It becomes an occurrence when the next steps deliver it.
        """
        return self.links[link].right.transmit(frame)

    def arrive(self, frame: bytes, link: str = "lan") -> bool:
        """Let a frame that was just read from the TAP enter the link; return whether it was an occurrence at once.

        It is one unless the link impairs it or something else is due first; then it waits in the queue.
        """
        port = self.links[link].right
        if port.pipe.clear and not port.latency and not self.queue.due(self.now):
            self.occurrence += 1
            near = port.peer
            if near.host is None or not near.host.foresees(port, frame):
                self.frame = 0
                near.deliver((port.enter(frame), frame))
            return True
        port.transmit(frame)
        return False

    def do(self, operation: AnyOperation) -> Any:
        """Carry out one operation of the user: an occurrence. Return its result as data."""
        self.occurrence += 1
        self.frame = 0
        for host in self.hosts.values():
            host.now = self.now
        if self.observer is not None:
            self.observer("user", "user", operation)
        return operation.apply(self)

    def flows(self) -> Iterator[dict[bytes, Connection]]:
        """Yield the connections of each host, by their keys."""
        for host in self.hosts.values():
            yield host.tcp.connections

    def connection_number(self, key: bytes, active: bool) -> int:
        """Number a connection. `key` is remote and local address, remote and local port, as the caller sees it.

        The number names one incarnation of the four-tuple, and is the same at both ends: the end that opens
        actively is given a new one, and the passive end finds it.
        """
        if not active and key in self.announced:
            return self.announced.pop(key)
        self.connections += self.stride
        if active:
            self.announced[_other_end(key)] = self.connections
        return self.connections

    def connection_closed(self, key: bytes, number: int) -> None:
        """Forget a number that no other end has asked for."""
        other = _other_end(key)
        if self.announced.get(other) == number:
            del self.announced[other]

    def state_hash(self) -> str:
        """Return a digest of the whole state; equal states give equal digests. Short connections are made whole."""
        for host in self.hosts.values():
            host.tcp.fast.promote_all()
        return state_hash(self)

    def snapshot(self) -> bytes:
        """Return the whole state as bytes, for `World.load`. Observers are not part of it."""
        return pickle.dumps(self, protocol=5)

    @staticmethod
    def load(snapshot: bytes) -> World:
        """Return the world that `snapshot` was made of. Load only what this program made."""
        world = pickle.loads(snapshot)
        if not isinstance(world, World):
            raise TypeError("not a snapshot of a world")
        return world

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "observer": None, "teller": None}


def _other_end(key: bytes) -> bytes:
    size = (len(key) - 4) // 2
    return key[size:-4] + key[:size] + key[-2:] + key[-4:-2]

"""A world as one of its hosts sees it: what a person at that end can know, and nothing that only a simulation knows.

Queries are asked of a `Seen` as they are of a world. It is a list of what may be read: a thing that is not on it raises
`Hidden`. Events are the same as behind a TAP: what the host decided, and frames that come from the wire and go there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from aether.attacks.attack import Attack
from aether.events import KINDS
from aether.operations.base import Operation, OperationError
from aether.operations.frames import InjectFrame
from aether.operations.knobs import KnobSet, ProfileSet
from aether.operations.workers import WorkersSet

if TYPE_CHECKING:
    from aether.events import Event
    from aether.host import Host
    from aether.world import World

PASSING = frozenset(("now", "occurrence", "connections"))
"""What of a world everybody knows: the clock, and how connections are counted."""
REFUSED = (KnobSet, ProfileSet, WorkersSet, InjectFrame)
"""Operations that turn what cannot be seen; and frames are not injected: nobody at one end makes the other's."""
OUTSIDE = "wire"
"""Who sends what comes from elsewhere, as behind a TAP."""
NUMBERED = frozenset(name for name, kind in KINDS.items() if kind.fields[:1] == ("number",))


class Hidden(OperationError):
    """Something that cannot be known or done from where one is; the text says what, and what can be done instead."""


def hidden(what: str) -> Hidden:
    """Return what to raise for something that only an oracle knows."""
    return Hidden(f"{what} cannot be seen while the fault is blind: you have your own end, and the frames that it "
                  "sends and gets. `frames`, `drops`, `why N` and your own probes tell what happened")


class _Hosts:
    """The hosts of a world, of which one can be looked into."""

    def __init__(self, hosts: dict[str, Host], own: str) -> None:
        self._hosts = hosts
        self._own = own

    def __contains__(self, name: str) -> bool:
        if name != self._own and name in self._hosts:
            raise hidden(f"{name!r}")
        return name == self._own

    def __getitem__(self, name: str) -> _Host:
        if name not in self:
            raise KeyError(name)
        return _Host(self._hosts[name])

    def get(self, name: str, default: Any = None) -> Any:
        """Return a host, or the default."""
        return self[name] if name == self._own else default

    def __iter__(self) -> Iterator[str]:
        return iter((self._own,))

    def values(self) -> Iterator[_Host]:
        """Return the host."""
        return iter((self[self._own],))

    def items(self) -> Iterator[tuple[str, _Host]]:
        """Return the host with its name."""
        return iter(((self._own, self[self._own]),))

    def __len__(self) -> int:
        return 1


class _Host:
    """A host whose switches cannot be seen, nor what attacks it."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def __getattr__(self, name: str) -> Any:
        if name == "knobs":
            raise hidden("how the switches of a stack stand")
        if name == "jobs":
            return {number: job for number, job in self._host.jobs.items() if not isinstance(job, Attack)}
        return getattr(self._host, name)


class Seen:
    """A world as one host sees it."""

    def __init__(self, world: World, host: str = "you") -> None:
        self._world = world
        self.hosts = _Hosts(world.hosts, host)

    def __getattr__(self, name: str) -> Any:
        if name in PASSING:
            return getattr(self._world, name)
        raise hidden({"links": "what a link does", "queue": "what comes next"}.get(name, f"the world's {name}"))


def everything(world: World, what: str) -> World:
    """Return a world that is seen as a whole; Hidden if it is not: `what` needs it."""
    if isinstance(world, Seen):
        raise hidden(what)
    return world


def may(operation: Operation, host: str = "you") -> bool:
    """Tell whether a person at a host can do this: to that host, and not to its switches."""
    return getattr(operation, "host", "") == host and not isinstance(operation, REFUSED)


class Eyes:
    """Turns events into what one host saw of them, from some moment on.

    Frames are numbered anew, in the order in which the host met them: gaps would tell of those that it did not meet.
    """

    def __init__(self, since: int, host: str = "you") -> None:
        """`since` is the occurrence after which anything can be seen."""
        self.since = since
        self.host = host
        self.numbers: dict[int, int] = {}
        """The number that is shown for each frame."""

    def see(self, events: Iterable[Event]) -> list[Event]:
        """Return what of some events can be seen; those of new occurrences have to come in their order."""
        return [each for event in events for each in self._see(event)]

    def _see(self, event: Event) -> list[Event]:
        if event.occurrence <= self.since:
            return []
        if event.kind == "user":
            return [event] if may(event.values[0], self.host) else []
        if event.host != self.host or event.kind == "knob":
            return []
        if event.kind.startswith("frame.") and event.kind not in ("frame.sent", "frame.arrived"):
            return []
        number = event.values[0] if event.kind in NUMBERED else event.frame
        shown = self.numbers.setdefault(number, len(self.numbers) + 1) if number else 0
        values = (shown, *event.values[1:]) if event.kind in NUMBERED else event.values
        frame = self.numbers.get(event.frame, 0) if event.frame != number else shown
        seen = event._replace(frame=frame, values=values)
        if event.kind == "frame.arrived":
            return [seen._replace(host=OUTSIDE, kind="frame.sent"), seen]
        return [seen]

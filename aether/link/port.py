"""The two ends of a link, each with the impairments of what leaves through it.

A link joins two hosts on a simulated wire, or one host to the world outside (a TAP device):
then frames that leave go to `World.wire_out`, and only the engine writes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aether.link.impairments import Pipe

if TYPE_CHECKING:
    from aether.link.medium import Attached, Box, Ear, Medium
    from aether.link.supersegment import SuperSegment
    from aether.link.tape import Tape


class Port:
    """One end of a link: where a host's interface is plugged in, or the outside world."""

    __slots__ = ("ear", "host", "interface", "latency", "link", "peer", "pipe", "tape", "world")

    def __init__(self, world: Medium, link: str, host: Attached | None, interface: int, pipe: Pipe) -> None:
        self.world = world
        self.link = link
        self.host = host
        self.interface = interface
        self.pipe = pipe
        """What happens to frames that leave through this port, on their way to the peer."""
        self.latency = 0
        """How long a frame takes to the other end when nothing impairs it, in microseconds."""
        self.peer: Port = self
        self.tape: Tape | None = None
        """At the outside world's end, in the fork of a recorded run: the world as it was then."""
        self.ear: Ear | None = None
        """Whoever hears every frame that enters the link here."""

    @property
    def transparent(self) -> bool:
        """Whether frames pass this link both ways at once and unchanged, and nobody on it hears them.

        Whoever leaves out a frame's way over the link, for it makes no difference, asks here and nowhere else.
        """
        peer = self.peer
        return (
            self.pipe.clear and peer.pipe.clear and not self.latency and not peer.latency
            and self.ear is None and peer.ear is None and self.tape is None and peer.tape is None
            and (self.host is None or not self.host.models_processor)
            and (peer.host is None or not peer.host.models_processor))

    def transmit(self, frame: bytes) -> int:
        """Put a frame on the link, and return the number it was given."""
        number = self.number(frame)
        if self.pipe.clear:
            self._pass(self.world.now + self.latency, number, frame)
        else:
            self._impair(number, frame)
        return number

    def transmit_uncut(self, frame: SuperSegment) -> None:
        """Let several segments leave as one for the world outside: nobody looks, nothing impairs them."""
        self.world.frames += 1
        self.peer.world.wire_out.append(frame)  # type: ignore[arg-type]

    def enter(self, frame: bytes) -> int:
        """Let a frame enter from the world outside, which is to be delivered at once; return its number."""
        return self.number(frame)

    def number(self, frame: bytes) -> int:
        """Give a frame that enters the link here its number, and report it."""
        world = self.world
        world.frames = number = world.frames + 1
        if world.observer is not None:
            world.observer(self.host.name if self.host else "wire", "frame.sent", number, self.link, frame)
        if self.ear is not None:
            self.ear.hear(frame)
        return number

    def inject(self, frame: bytes) -> int:
        """Let a frame arrive here next, as if it had crossed the link; return the number it was given."""
        world = self.world
        world.frames = number = world.frames + 1
        world.queue.deliver(self, world.now, (number, frame))
        return number

    def _pass(self, deadline: int, number: int, frame: bytes) -> None:
        peer = self.peer
        if peer.host is None and deadline <= self.world.now:
            peer.leave(frame)
        else:
            self.world.queue.deliver(peer, deadline, (number, frame))

    def _impair(self, number: int, frame: bytes) -> None:
        world = self.world
        observer = world.observer
        sender = self.host.name if self.host else "wire"
        pipe = self.pipe
        rule = pipe.rules and pipe.rule_for(world, frame, number, sender, self.link)
        box, said, refused = pipe.box, "", ""
        leaves = box is None or box.stands_at(self)
        if box is not None and leaves:
            frame, said, refused = box.outward(frame)
        passage = pipe.carry(world.now, frame, rule or refused)
        if passage.lost and observer is not None:
            observer(self.link, "frame.lost", number, self.link, passage.lost)
        for index, (deadline, data, what) in enumerate(passage.deliveries):
            copy = number
            if index:
                world.frames = copy = world.frames + 1
            if observer is not None:
                if index:
                    observer(self.link, "frame.copied", copy, self.link, number)
                if said or what:
                    observer(self.link, "frame.altered", copy, self.link, f"{said}; {what}" if said and what else
                             said or what)
                if deadline > world.now:
                    observer(self.link, "frame.delayed", copy, self.link, deadline - world.now)
            if box is not None and not leaves:
                world.queue.deliver(box, deadline + self.latency, (copy, data))
            else:
                self._pass(deadline + self.latency, copy, data)

    def leave(self, frame: bytes) -> None:
        """Let a frame go into the world outside."""
        self.world.wire_out.append(frame)
        if self.tape is not None:
            self.tape.see(frame)

    def deliver(self, data: tuple[int, bytes] | tuple[int, bytes, int]) -> None:
        """Hand a frame that has crossed the link to whoever is at this end; a third part says whose core has it."""
        world, host = self.world, self.host
        number, frame = data[:2]
        world.frame = number
        if host is None:
            self.leave(frame)
            return
        if host.models_processor and len(data) == 2 and self._waits(host, number, frame):
            return
        if world.observer is not None:
            world.observer(host.name, "frame.arrived", number, self.link, frame)
        host.now = world.now
        host.receive(frame, self.interface)

    def _waits(self, host: Attached, number: int, frame: bytes) -> bool:
        """Give a frame to one of the host's cores; return whether it has to wait for it."""
        world = self.world
        worker, ready = host.processor.take(frame, world.now, host.knobs)
        if ready == world.now:
            return False
        if world.observer is not None:
            world.observer(host.name, "frame.waits", number, self.link, worker, ready - world.now)
        world.queue.deliver(self, ready, (number, frame, worker))
        return True


class Link:
    """Two ports, plugged into each other."""

    __slots__ = ("left", "name", "right")

    def __init__(self, name: str, left: Port, right: Port) -> None:
        self.name = name
        self.left = left
        """The end of the host that was named first: `you`, on the first link."""
        self.right = right
        left.peer, right.peer = right, left

    def put(self, box: Box | None, now: int) -> None:
        """Put a box into the way of both directions, or take it away."""
        self.left.pipe.put(box, now)
        self.right.pipe.put(box, now)

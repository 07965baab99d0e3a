"""What a program at a host does, as data: its system calls; and the host as a packet script wants it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aether import knobs, plain
from aether.apps.process import Prepared, Process, Reply, check_arguments
from aether.net.neighbours import REACHABLE, Neighbour
from aether.operations.base import Goes, Operation, OperationError, first_interface, host_named, operation
from aether.sockets import TcpSocket
from aether.wire.address import AddressError, parse_ip

if TYPE_CHECKING:
    from aether.host import Host
    from aether.world import World


def process_of(host: Host, number: int) -> Process:
    """Return a program of a host; OperationError if there is none with this number."""
    found = host.jobs.get(number)
    if not isinstance(found, Process):
        raise OperationError(f"no program {number} at {host.name}")
    return found


@operation
@dataclass(slots=True)
class BareHost(Operation):
    """Let a host have nothing but its stack: no services, one neighbour that is known, and a program without sockets.

    The result is the number of the program, for `SystemCall`.
    """

    goes = Goes.FIRST
    host: str = "you"
    neighbour: str = ""
    mac: bytes = b""
    mtu: int = 1500
    profile: str = "modern"
    knobs: dict[str, str] = field(default_factory=dict)
    """Values as a person writes them, by name; they come after the profile."""
    fast_open_key: bytes = b""
    """What its Fast Open cookies are made with; empty for what follows from the seed."""

    def apply(self, world: World) -> int:
        """Stop the services, learn the neighbour, turn the knobs, start the program."""
        host = host_named(world, self.host)
        try:
            address = parse_ip(self.neighbour)
            wanted = knobs.profile(self.profile)
            for name, value in self.knobs.items():
                setattr(wanted, knobs.find(name).attribute, knobs.parse(knobs.find(name), value))
        except (AddressError, knobs.KnobError) as problem:
            raise OperationError(str(problem)) from None
        if not 68 <= self.mtu <= 65_535 or len(self.mac) != 6:
            raise OperationError(f"no host has an MTU of {self.mtu} and a neighbour at '{self.mac.hex(':')}'")
        for listener in list(host.tcp.listeners.values()):
            if isinstance(listener.socket, TcpSocket):
                listener.socket.close()
        for sockets in list(host.udp.ports.values()):
            for socket in list(sockets):
                socket.close()
        for knob in knobs.KNOBS.values():
            host.turn(knob.attribute, getattr(wanted, knob.attribute))
        if self.fast_open_key:
            host.tcp.fast_open.secret = self.fast_open_key
        interface = first_interface(host)
        host.set_mtu(interface, self.mtu)
        interface.neighbours.entries[address] = entry = Neighbour(address)
        entry.mac, entry.state = self.mac, REACHABLE
        return host.add_job(Process(host))


@operation
@dataclass(slots=True)
class SystemCall(Operation):
    """Let a program make a system call; the result is its reply."""

    goes = Goes.FIRST
    host: str = "you"
    process: int = 1
    name: str = ""
    fd: int = -1
    arguments: list[Any] = field(default_factory=list)
    data: bytes = b""

    def apply(self, world: World) -> Reply:
        """Make the call."""
        process = process_of(host_named(world, self.host), self.process)
        try:
            return process.call(self.name, self.fd, self.arguments, self.data)
        except (TypeError, ValueError, LookupError) as problem:
            raise OperationError(f"{self.name}() is not called so: {problem}") from None


@operation
@dataclass(slots=True)
class PrepareCalls(Operation):
    """Let a program make calls as soon as something happens at one of its sockets, inside that occurrence.

    Each is a list: name, descriptor, arguments, and the bytes to write in hexadecimal.
    """

    goes = Goes.FIRST
    host: str = "you"
    process: int = 1
    calls: list[Any] = field(default_factory=list)

    def apply(self, world: World) -> None:
        """Keep them until then; those that were prepared before and not made are forgotten."""
        process = process_of(host_named(world, self.host), self.process)
        try:
            prepared = [Prepared(name, fd, arguments, bytes.fromhex(data)) for name, fd, arguments, data in
                        plain.value_of(list[tuple[str, int, list[Any], str]], self.calls)]
            for each in prepared:
                check_arguments(each.name, each.arguments)
        except (TypeError, ValueError) as problem:
            raise OperationError(f"these are no calls: {problem}") from None
        process.prepared, process.replies = prepared, []

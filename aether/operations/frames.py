"""Frames that a person made: onto the wire, or onto our own stack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aether.world import World
from aether.operations.base import Goes, Operation, OperationError, first_interface, host_named, operation, with_verb


@operation
@dataclass(slots=True)
class SendFrame(Operation):
    """Put crafted bytes on the wire from a host's first interface; the result is the frame's number.

    The stack of the host knows nothing of it. With `no_rst`, what comes back for the same four-tuple
    is not answered with a reset.
    """

    goes = Goes.FIRST
    data: bytes = b""
    host: str = "you"
    no_rst: bool = False

    def apply(self, world: World) -> int:
        """Transmit the frame."""
        host = host_named(world, self.host)
        port = first_interface(host).port
        if port is None:
            raise OperationError(f"{with_verb(host.name, 'has')} no link")
        data = self.data
        if self.no_rst and len(data) >= 38 and data[12:14] == b"\x08\x00" and data[23] == 6:
            at = 14 + 4 * (data[14] & 0x0F)
            host.tcp.silent[data[30:34] + data[26:30] + data[at + 2:at + 4] + data[at:at + 2]] = True
        return port.transmit(data)


@operation
@dataclass(slots=True)
class InjectFrame(Operation):
    """Put crafted bytes onto a host, as if they came from the wire: into the queue of its first interface."""

    goes = Goes.FIRST
    data: bytes = b""
    host: str = "you"

    def apply(self, world: World) -> int:
        """Number the frame and let it arrive next; the result is its number."""
        host = host_named(world, self.host)
        port = first_interface(host).port
        if port is None:
            raise OperationError(f"{with_verb(host.name, 'has')} no link")
        return port.inject(self.data)

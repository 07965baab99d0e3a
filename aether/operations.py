"""What a person can do to a world, as data: each operation is one occurrence, and is logged.

`apply` changes the world and returns plain data (a number, a string, a tuple). What makes no
sense raises OperationError with a text for the person, and changes nothing. Addresses and
names are text here; they are checked at once, in the constructor.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aether.host import Host
    from aether.world import World


class OperationError(ValueError):
    """An operation that cannot be carried out; the text says what, where and what to do next."""


@dataclass(slots=True)
class Operation:
    """The base of all operations."""

    def apply(self, world: World) -> Any:
        """Carry it out, and return the result as plain data."""
        raise NotImplementedError


OPERATIONS: dict[str, type[Operation]] = {}


def operation(cls: type[Operation]) -> type[Operation]:
    """Register an operation under its class name, so that logs can be read back."""
    OPERATIONS[cls.__name__] = cls
    return cls


def to_data(op: Operation) -> dict[str, Any]:
    """Return an operation as plain data."""
    return {"operation": type(op).__name__, **asdict(op)}


def from_data(data: dict[str, Any]) -> Operation:
    """Read back what `to_data` made; OperationError for anything else."""
    fields = dict(data)
    name = fields.pop("operation", None)
    if name not in OPERATIONS:
        raise OperationError(f"no operation {name!r}")
    try:
        return OPERATIONS[name](**fields)
    except TypeError as problem:
        raise OperationError(f"{name}: {problem}") from None


def host_named(world: World, name: str) -> Host:
    """Return the host called `name`; OperationError if there is none."""
    if name not in world.hosts:
        raise OperationError(f"no host {name!r} here. There are: {', '.join(world.hosts)}")
    return world.hosts[name]

"""The values of a field in some layers of its protocol, and its bytes: `ip.src#2`, `@ip.src`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from aether.filters.field import FilterField, Getter
from aether.filters.record import Record
from aether.filters.syntax import Range
from aether.reading.layout import Field
from aether.reading.protocols import INSIDE, PROTOCOLS
from aether.reading.tree import ReadLayer, Values
from aether.reading.types import PROTOCOL


class Located(NamedTuple):
    """Where a value stands."""

    value: Any
    layer: int
    """Which layer of its protocol it is in, the outermost is 1."""
    start: int
    end: int


class Places(Values):
    """The values of all fields with their places."""

    def __init__(self, record: Record) -> None:
        packet = record.dissect()
        quoted = not packet.tcp or packet.tcp[0].ip.quoted
        super().__init__(packet.data, None if quoted else record.conversation(), INSIDE)
        self.places: dict[str, list[Located]] = {}
        self.read()

    def add(
        self, layer: ReadLayer, field: Field, offset: int, length: int, value: Any, words: str | None = None,
        label: str = "", part: bool | None = None,
    ) -> None:
        """Keep a value and its place."""
        place = Located(value, self.count(field.name.partition(".")[0]), offset, offset + length)
        self.places.setdefault(field.name, []).append(place)

    def count(self, protocol: str) -> int:
        """Return how many layers of a protocol there are so far."""
        return sum(layer.name == protocol for layer in self.layers)


IN_FRAMES = frozenset(field.name for protocol in PROTOCOLS for field in protocol.fields) | {
    protocol.name for protocol in PROTOCOLS}
"""What stands in frames and so has bytes, and layers."""


def getter(field: FilterField, ranges: Sequence[Range], raw: bool) -> Getter:
    """Return a getter for a field in some layers (none: in all), or for its bytes."""
    name, protocol, inside = field.name, field.protocol, field.name in IN_FRAMES

    def get(record: Record) -> Sequence[Any]:
        values = field.get(record)
        if not values or record.data is None:
            return ()
        if not inside:
            return values if _meant(1, 1, ranges) else ()
        if field.type is PROTOCOL:
            # Its value is its bytes already.
            return [value for layer, value in enumerate(values, 1) if _meant(layer, len(values), ranges)]
        places = Places(record)
        total = places.count(protocol)
        return [record.data[place.start:place.end] if raw else place.value for place in places.places.get(name, ())
                if _meant(place.layer, total, ranges)]
    return get


def _meant(layer: int, total: int, ranges: Sequence[Range]) -> bool:
    """Tell whether one of so many layers is meant; numbers below 0 count from the last one."""
    for offset, length, is_last in ranges:
        first = offset if offset >= 0 else total + 1 + offset
        if layer >= first and (length is None or layer <= (length if is_last else first + length - 1)):
            return True
    return not ranges

"""What a field is to an expression."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aether.filters.record import Record
from aether.reading.types import Type

Getter = Callable[[Record], Sequence[Any]]
"""Returns every value that a field has in a record; none if it has no such field."""

FRAME, EVENT, ANY = "frame", "event", "any"
"""What a field is about: a frame as such, an event, or either."""


@dataclass(frozen=True, slots=True)
class FilterField:
    """What an expression can ask of a record: how it is read, and what its values are."""

    name: str
    type: Type
    help: str
    get: Getter
    about: str = FRAME
    """FRAME, EVENT or ANY: decides which records an expression is asked of."""
    names: Mapping[str, int] | None = None
    """Names of values, in small letters, that may stand for their numbers."""
    choices: Callable[[], Iterable[str]] | None = None
    """The only words that make sense, if they can be counted."""
    examples: tuple[str, ...] = ()
    """Words to offer where others make sense too."""
    whole: Getter | None = None
    """What `contains` and `matches` search in a protocol: from its beginning to the end of the packet."""
    ours: bool = False
    """Whether Wireshark has no such field."""
    only_true: bool = False
    """Whether it exists only when it is true, as `frame.lost` does."""

    measured: bool = False
    """Whether it says what a segment is to its connection: every one before it has to be measured for that."""

    @property
    def protocol(self) -> str:
        """Return the first part of the name."""
        return self.name.partition(".")[0]

"""An expression asked of many frames in one go, where their headers stand at the same places.

Frames with the same bytes there answer alike, so each of its comparisons is asked once of every value that there is: by
the very functions that are asked of a frame by itself. Where a part of an expression asks for more, the rest says which
frames it may select: these alone are asked one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

from aether.filters.compile import Compiler
from aether.filters.field import Getter
from aether.filters.operands import Operand, Operands
from aether.filters.syntax import Captured, Exists, Expression, Layered, Logic, Not, Word
from aether.filters.tables.places import NOTHING, Frames, Read, Source, lengths, message_fields, one, places
from aether.reading.steady import SEGMENT

Select = Callable[[Frames], int]
"""Returns which frames are selected: the lowest byte of a number is 1 for the first frame, or 0, and so on."""


class Bound(NamedTuple):
    """Which frames of a shape an expression selects."""

    select: Select
    exact: bool
    """Whether it selects all of these, and not only some of them."""


class _Nowhere(Exception):
    """A comparison asks for what has no place."""


def bound(text: str, shape: int) -> Bound | None:
    """Return which frames of a shape a valid expression selects; None where that may be any."""
    from aether.filters.macros import expand

    return _bound(expand(text), shape)


@lru_cache(maxsize=256)
def _bound(text: str, shape: int) -> Bound | None:
    from aether.filters.parse import parse

    return _condition(parse(text), text, shape)


def chosen(selected: int, count: int) -> bytes:
    """Return for each of so many frames whether it is selected, 0 or 1."""
    return selected.to_bytes(count, "little")


def _all(frames: Frames) -> int:
    return int.from_bytes(b"\1" * len(frames.data), "little")


def _condition(node: Expression, text: str, shape: int) -> Bound | None:
    if isinstance(node, Not):
        of = _condition(node.of, text, shape)
        if of is None or not of.exact:
            return None
        select = of.select
        return Bound(lambda frames: _all(frames) ^ select(frames), True)
    if not isinstance(node, Logic):
        return _comparison(node, text, shape)
    parts = [_condition(part, text, shape) for part in node.parts]
    known = [part for part in parts if part is not None]
    exact = len(known) == len(parts) and all(part.exact for part in known)
    selects = [part.select for part in known]
    if node.operator == "and":
        return Bound(lambda frames: _both(selects, frames), exact) if known else None
    if len(known) < len(parts):
        return None
    if node.operator == "or":
        return Bound(lambda frames: _either(selects, frames), exact)
    return Bound(lambda frames: _odd(selects, frames), True) if exact else None


def _both(selects: Sequence[Select], frames: Frames) -> int:
    found = selects[0](frames)
    for select in selects[1:]:
        if not found:
            break
        found &= select(frames)
    return found


def _either(selects: Sequence[Select], frames: Frames) -> int:
    found = 0
    for select in selects:
        found |= select(frames)
    return found


def _odd(selects: Sequence[Select], frames: Frames) -> int:
    found = 0
    for select in selects:
        found ^= select(frames)
    return found


def _comparison(node: Expression, text: str, shape: int) -> Bound | None:
    try:
        operands = _Places(text, shape)
        test = Compiler(operands).condition(node)
    except _Nowhere:
        return _of_message(node, text) if shape == SEGMENT else None
    asked = [places(shape)[name] for name in operands.used]
    if isinstance(node, Exists) and isinstance(node.of, Word) and asked[0].always:
        return Bound(_all, True)
    return Bound(_asked(test, operands.sources, any(place.long for place in asked)), True)


def _of_message(node: Expression, text: str) -> Bound | None:
    """Return which segments a comparison may select that asks for a message: of those without data it is told."""
    try:
        operands = _Places(text, SEGMENT, without=True)
        test = Compiler(operands).condition(node)
    except _Nowhere:
        return None
    carries = _asked(lambda row: row[0] > 0, [lengths], False)
    bare = _asked(test, operands.sources, True)
    return Bound(lambda frames: carries(frames) | bare(frames), False)


def _asked(test: Callable[[Any], bool], sources: Sequence[Source], long: bool) -> Select:
    """Return which frames pass a test of a row; ``long`` says that hardly two rows are alike."""
    def select(frames: Frames) -> int:
        rows = zip(*(source(frames) for source in sources), strict=True)
        if long:
            return int.from_bytes([1 if test(row) else 0 for row in rows], "little")
        each = list(rows)
        good = {row for row in set(each) if test(row)}
        return int.from_bytes(map(good.__contains__, each), "little") if good else 0
    return select


class _Places(Operands):
    """Compiles the operands of one comparison: what is read there is the row of a frame, and no record."""

    def __init__(self, text: str, shape: int, *, without: bool = False) -> None:
        """`without` says that the frames carry no message."""
        super().__init__(text, 0, False)
        self.sources: list[Source] = []
        """What makes a row."""
        self._places = places(shape)
        self._absent = message_fields(shape) if without else frozenset[str]()

    def field(self, node: Word) -> Operand:
        """Compile a word that has to be a field."""
        operand = super().field(node)
        field = operand.field
        assert field is not None
        place = NOTHING if field.name in self._absent else self._places.get(field.name)
        if place is None:
            raise _Nowhere
        get = self._getter(place.source, place.read)
        whole = None if field.whole is None else get if place.whole is None else self._getter(place.whole, one)
        return replace(operand, get=get, field=replace(field, get=get, whole=whole))

    def _getter(self, source: Source, read: Read) -> Getter:
        if source not in self.sources:
            self.sources.append(source)
        index = self.sources.index(source)

        def get(row: Any) -> Sequence[Any]:
            return read(row[index])
        return get

    def _layered(self, node: Layered) -> Operand:
        raise _Nowhere

    def _capture(self, node: Captured) -> Operand:
        raise _Nowhere

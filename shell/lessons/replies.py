"""What an author says to a wrong answer that he foresaw: ``wrong 98: that is the whole frame``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aether.filters import FilterField, Record, all_fields
from shell.lessons.quantities import Range, middle, read_quantity, read_range

SWAPPED = "swapped"
_REPLY = re.compile(r"wrong\s+([^:]+(?::[0-9a-fA-F]{2}){0,5}?):\s+(.+)", re.DOTALL)


class ForeseenError(ValueError):
    """A reply that makes no sense."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What is said to one wrong answer, or to a range of them."""

    value: str
    """As the author wrote it: a number or a word, a range, the name of a field, or ``swapped``."""
    said: str
    range: Range | None = None
    field: FilterField | None = None

    def meets(self, text: str, right: str, record: Record | None) -> bool:
        """Tell whether it is meant for an answer; `right` is the right one, `record` the frame that it is about."""
        example = self.example(right, record)
        if self.range is not None:
            given = read_quantity(text)
            return given is not None and self.range.holds(given)
        return bool(example) and same(text, example)

    def example(self, right: str, record: Record | None) -> str:
        """Return an answer that it is meant for; empty if this frame has none."""
        if self.range is not None:
            return middle(self.range)
        if self.field is not None:
            values = self.field.get(record) if record is not None else ()
            return str(int(values[0])) if values and isinstance(values[0], (int, bool)) else ""
        if self.value == SWAPPED:
            number = as_number(right)
            return hex((number & 0xFF) << 8 | number >> 8) if number is not None and number < 1 << 16 else ""
        return self.value


def read_reply(text: str) -> Foreseen:
    """Read a line ``wrong VALUE: what is said``; ForeseenError if it is none."""
    found = _REPLY.fullmatch(text.strip())
    if found is None:
        raise ForeseenError(f"cannot read {text.strip()!r}")
    value, said = found.group(1).strip().strip('"'), " ".join(found.group(2).split())
    return Foreseen(value, said, read_range(value), all_fields().get(value))


def as_number(text: str) -> int | None:
    """Return the whole number that a text says, decimal or hexadecimal; None if it says none."""
    try:
        return int(text.strip().replace(",", ""), 0)
    except ValueError:
        return None


def same(one: str, other: str) -> bool:
    """Tell whether two answers are the same: as numbers, as quantities, or as words."""
    first, second = as_number(one), as_number(other)
    if first is not None and second is not None:
        return first == second
    measured, again = read_quantity(one), read_quantity(other)
    if measured is not None and again is not None:
        return (measured.number, measured.kind) == (again.number, again.kind)
    return one.strip().casefold() == other.strip().casefold()

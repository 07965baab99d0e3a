"""A bounded ring of events: one writer, the core thread; any number of readers."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from types import CodeType
from typing import Any

from aether.events import Event
from aether.tcp.short.events import Together, unfold

Raw = tuple[int, int, int, str, int, str, tuple[Any, ...], CodeType | str, int]
"""An event as it is recorded: the fields of `Event`, and at the end where it comes from. That is a function and the
place in it, whose line is looked up only when somebody reads it; or file and line."""

CAPACITY = 65_536


@lru_cache(4096)
def _source(code: CodeType | str, place: int) -> tuple[str, int]:
    """Return file and line of an instruction, which is at byte `place` of its function."""
    if isinstance(code, str):
        return code, place
    for start, end, line in code.co_lines():
        if start <= place < end and line is not None:
            return code.co_filename, line
    return code.co_filename, code.co_firstlineno


def _last(raw: Raw | Together) -> int:
    """Return the last serial that an entry stands for."""
    return raw[0] + raw[5] - 1 if isinstance(raw[5], int) else raw[0]


def _events(raw: Raw | Together, serial: int) -> list[Event]:
    """Return the events that an entry stands for, from one on."""
    if isinstance(raw[5], int):
        return unfold(raw)[serial - raw[0]:]
    return [Event(*raw[:7], _source(raw[7], raw[8]))]


class EventRing:
    """Keeps the latest events; what was pushed out is counted, never missed in silence."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.capacity = capacity
        self.last_serial = 0
        """The serial of the newest event, 0 if there was none."""
        self._first = 1
        """The serial of the oldest event that counts, after `clear`."""
        self._slots: list[Raw | Together | None] = [None] * capacity

    def add(self, raw: Raw) -> None:
        """Keep an event, whose serial must be the next one."""
        serial = raw[0]
        self._slots[serial % self.capacity] = raw
        self.last_serial = serial

    def add_together(self, raw: Together) -> None:
        """Keep several events as one, whose first serial must be the next one."""
        first, count = raw[0], raw[5]
        at = first % self.capacity
        if at + count <= self.capacity:
            self._slots[at:at + count] = [raw] * count
        else:
            for serial in range(first, first + count):
                self._slots[serial % self.capacity] = raw
        self.last_serial = first + count - 1

    def clear(self) -> None:
        """Forget everything; serials go on."""
        self._first = self.last_serial + 1
        self._slots = [None] * self.capacity

    @property
    def first(self) -> int:
        """The serial of the first event since the ring was made, or was cleared."""
        return self._first

    def __len__(self) -> int:
        return min(self.last_serial - self._first + 1, self.capacity)

    @property
    def lost(self) -> int:
        """How many events were pushed out."""
        return max(self.last_serial - self._first + 1 - self.capacity, 0)

    def of(self, occurrence: int) -> list[Event] | None:
        """Return the events of one occurrence; None if they are not all kept. The writer must rest meanwhile."""
        first = max(self._first, self.last_serial - self.capacity + 1)
        low, high = first, self.last_serial + 1
        while low < high:
            middle = (low + high) // 2
            if self._occurrence(middle) < occurrence:
                low = middle + 1
            else:
                high = middle
        if low == first and first > 1:
            return None
        found: list[Event] = []
        while low <= self.last_serial and self._occurrence(low) == occurrence:
            raw = self._slots[low % self.capacity]
            assert raw is not None
            found += _events(raw, low)
            low = found[-1].serial + 1
        return found

    def _occurrence(self, serial: int) -> int:
        raw = self._slots[serial % self.capacity]
        assert raw is not None
        return raw[1]

    def refill(self, events: Iterable[Event]) -> None:
        """Forget everything, and keep these instead; serials go on."""
        self.clear()
        for event in events:
            self.add((self.last_serial + 1, *event[1:7], *event.source))

    def since(self, serial: int, limit: int = 1 << 30) -> tuple[list[Event], int]:
        """Return up to `limit` events after `serial`, the oldest first, and how many before or among them were lost."""
        last = self.last_serial
        start = max(serial + 1, self._first)
        first = max(start, last - self.capacity + 1)
        found: list[Event] = []
        number, end = first, min(last, first + limit - 1)
        missed = 0
        while number <= end:
            raw = self._slots[number % self.capacity]
            if raw is not None and raw[0] <= number <= _last(raw):  # else the writer was here meanwhile
                missed += number - (found[-1].serial + 1 if found else start)
                found += _events(raw, number)[:end - number + 1]
                number = found[-1].serial
            number += 1
        return found, missed if found else max(first - start, 0)

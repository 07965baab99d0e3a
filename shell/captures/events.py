"""The events of a capture. They are made when somebody looks at them: a large file has half a million."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any, overload

from aether.events import Event
from shell.captures.ends import peer
from shell.reading.marks import CAPTURE

YOU = "you"
"""Where a capture is seen from."""
More = tuple[str, tuple[Any, ...]]
"""What else there is to say of a frame: the kind of an event, and its values."""
OUT, LOST = 1, 2
"""Bits of the way of a frame: it went out, and its link lost it."""
_NOWHERE = ("", 0)


class CaptureEvents(Sequence[Event]):
    """What happened to the frames of a capture, in their order: each was sent, most arrived, and of some more is known.

    Of a frame no more is kept than its bytes, its time and its way.
    """

    __slots__ = ("_count", "_first", "_more", "_ways", "frames", "peer", "times")

    def __init__(self, frames: list[bytes], times: array[int], ways: bytearray, more: dict[int, list[More]]) -> None:
        """`ways` has OUT and LOST of each frame; `more`, by numbers of frames, what else is known of some."""
        self.frames = frames
        """By their numbers, less 1."""
        self.times = times
        """Microseconds from the earliest."""
        self._ways = ways
        self._more = more
        counts = array("I", (2,)) * len(frames)
        for index, way in enumerate(ways) if any(way & LOST for way in set(ways)) else ():
            counts[index] -= way // LOST
        for number, said in more.items():
            counts[number - 1] += len(said)
        self._first = array("I", accumulate(counts, initial=0))
        """How many events there are before those of each frame."""
        self._count = self._first.pop()

    def sent(self, numbers: Iterable[int]) -> Iterator[tuple[int, bytes, int, str, int]]:
        """Yield numbers, bytes and times of some frames, their senders, and when those before them were seen."""
        for number in numbers:
            yield (number, self.frames[number - 1], self.times[number - 1], self.sender(number),
                   self.times[number - 2] if number > 1 else -1)

    def sender(self, number: int) -> str:
        """Return who sent a frame: `YOU`, or what the other end is called."""
        return YOU if self._ways[number - 1] & OUT else peer(self.frames[number - 1], True)

    def plain(self, number: int) -> bool:
        """Return whether no more is known of a frame than that it was sent, and arrived."""
        return number not in self._more and not self._ways[number - 1] & LOST

    def of(self, number: int) -> list[Event]:
        """Return the events of a frame."""
        data, time, way = self.frames[number - 1], self.times[number - 1], self._ways[number - 1]
        serial = self._first[number - 1] + 1
        values = number, CAPTURE, data
        events = [Event(serial, number, time, self.sender(number), number, "frame.sent", values, _NOWHERE)]
        if not way & LOST:
            receiver = peer(data, False) if way & OUT else YOU
            events.append(Event(serial + 1, number, time, receiver, number, "frame.arrived", values, _NOWHERE))
        for kind, each in self._more.get(number, ()):
            events.append(Event(serial + len(events), number, time, YOU, number, kind, each, _NOWHERE))
        return events

    def among(self, numbers: Iterable[int]) -> Iterator[Event]:
        """Yield the events of some frames."""
        for number in numbers:
            yield from self.of(number)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Event]:
        return self.among(range(1, len(self.frames) + 1))

    @overload
    def __getitem__(self, index: int) -> Event: ...

    @overload
    def __getitem__(self, index: slice) -> list[Event]: ...

    def __getitem__(self, index: int | slice) -> Event | list[Event]:
        if isinstance(index, slice):
            places = range(self._count)[index]
            if not places or places.step < 0:
                return [self[each] for each in places]
            numbers = range(self._number(places.start), self._number(places[-1]) + 1)
            skipped = places.start - self._first[numbers.start - 1]
            return list(self.among(numbers))[skipped:skipped + places[-1] - places.start + 1:places.step]
        place = range(self._count)[index]
        number = self._number(place)
        return self.of(number)[place - self._first[number - 1]]

    def _number(self, place: int) -> int:
        """Return the number of the frame that an event is about."""
        return bisect_right(self._first, place)

"""An expression asked of all frames of a capture: of many in one go, and of the others one by one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import compress

from aether.filters import Around, Filter, Records
from aether.filters.columns import bound, chosen
from aether.reading.context import Context
from aether.reading.steady import DATAGRAM, SEGMENT
from shell.captures.loaded import Capture
from shell.reading.marks import CAPTURE

_NO, _YES, _MAYBE = range(3)


def asked(capture: Capture, found: Filter, around: Around) -> list[int]:
    """Return the numbers of the frames that an expression selects that asks for frames alone."""
    answers = bytearray((_MAYBE,)) * capture.frames
    if not found.measuring:  # what is measured has to see every segment
        for shape in (SEGMENT, DATAGRAM):
            _ask_shape(capture, found, around, shape, answers)
    records = Records(follower=capture.follower, measuring=found.measuring, around=around)
    open_questions = [number for number, answer in enumerate(answers, 1) if answer == _MAYBE]
    test = found.test
    for record in records.each(capture.events.sent(open_questions), CAPTURE):
        answers[record.number - 1] = _YES if test(record) else _NO
    return [number for number, answer in enumerate(answers, 1) if answer == _YES]


def _ask_shape(capture: Capture, found: Filter, around: Around, shape: int, answers: bytearray) -> None:
    """Note what is said of the frames of a shape."""
    limit = bound(found.text, shape)
    if limit is None:
        return
    numbers = [number for number, each in enumerate(capture.follower.shapes, 1) if each == shape]
    if not numbers:
        return
    for number in numbers:
        answers[number - 1] = _NO
    answer = _YES if limit.exact else _MAYBE
    frames = _OfShape(capture, around, numbers)
    for number in compress(numbers, chosen(limit.select(frames), len(numbers))):
        answers[number - 1] = answer


class _OfShape:
    """The frames of a shape, and what is known of each."""

    def __init__(self, capture: Capture, around: Around, numbers: Sequence[int]) -> None:
        self._capture = capture
        self.around = around
        self.numbers = numbers

    @cached_property
    def data(self) -> Sequence[bytes]:
        frames = self._capture.events.frames
        return [frames[number - 1] for number in self.numbers]

    @cached_property
    def times(self) -> Sequence[int]:
        times = self._capture.events.times
        return [times[number - 1] for number in self.numbers]

    @cached_property
    def previous(self) -> Sequence[int]:
        times = self._capture.events.times
        return [times[number - 2] if number > 1 else -1 for number in self.numbers]

    @cached_property
    def senders(self) -> Sequence[str]:
        return [self._capture.events.sender(number) for number in self.numbers]

    @cached_property
    def contexts(self) -> Sequence[Context | None]:
        contexts = self._capture.follower.contexts
        return [contexts[number - 1] for number in self.numbers]

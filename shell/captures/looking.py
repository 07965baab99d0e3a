"""Frames of a capture that somebody looks at: of many, those alone are read as a whole that are shown."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from aether.filters import Around
from aether.reading.context import Conversation
from aether.reading.packet import segment_in
from shell.captures.asking import asked
from shell.captures.events import YOU, CaptureEvents
from shell.captures.loaded import Capture
from shell.reading.frames import FrameWatcher, SeenFrame
from shell.reading.selection import Chosen, compiled


def selected(capture: Capture, expression: str, around: Around | None) -> Sequence[int]:
    """Return the numbers of the frames that an expression selects; CommandError if it makes no sense."""
    events = capture.events
    if not expression:
        return range(1, capture.frames + 1)
    found = compiled(expression)
    if not found.everywhere:
        return sorted(Chosen(expression, events, capture.follower, around).frames)
    return asked(capture, found, around or Around())


def seen(capture: Capture, numbers: Collection[int], watcher: FrameWatcher) -> list[SeenFrame]:
    """Return some frames as they are shown, in their order.

    What a segment is beside those before it, they say: so those of its connection are gone through, and no others.
    """
    wanted = set(numbers)
    frames = _with_their_past(capture.events, wanted, watcher)
    return [each for each in watcher.read(capture.events.among(frames))
            if isinstance(each, SeenFrame) and each.number in wanted]


def of_conversation(capture: Capture, conversation: Conversation, watcher: FrameWatcher) -> Iterator[SeenFrame]:
    """Yield the frames of a conversation: what they are beside each other is not said."""
    events = capture.events
    for number, context in enumerate(capture.follower.contexts, 1):
        if context is None or context.conversation is not conversation:
            continue
        if events.plain(number):
            data, time = events.frames[number - 1], events.times[number - 1]
            direction = "out" if events.sender(number) == YOU else "in"
            yield SeenFrame(number, time, direction, data, number, context=context)
        else:
            yield from (each for each in watcher.read(events.of(number)) if isinstance(each, SeenFrame))


def meant(capture: Capture, numbers: Sequence[int]) -> Conversation | None:
    """Return the conversation of the first of some frames that holds a segment; None if none does."""
    for number in numbers:
        context = capture.follower.contexts[number - 1]
        if context is not None and segment_in(capture.events.frames[number - 1]) is not None:
            return context.conversation
    return None


def numbered(capture: Capture, number: int) -> Conversation | None:
    """Return the conversation of a connection, by its number."""
    return next((context.conversation for context in capture.follower.contexts
                 if context is not None and context.conversation.conn == number), None)


def _with_their_past(events: CaptureEvents, wanted: set[int], watcher: FrameWatcher) -> list[int]:
    """Return the numbers of some frames and of those before them that belong to the same conversations."""
    see, frames = watcher.follower.see, events.frames
    contexts = [see(number, frames[number - 1]) for number in wanted]
    conversations = {context.conversation for context in contexts if context is not None}
    return [
        number for number in range(1, max(wanted, default=0) + 1) if number in wanted or (
            (context := see(number, frames[number - 1])) is not None and context.conversation in conversations)]

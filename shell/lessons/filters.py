"""Questions that are answered by an expression: which frames it selects is compared with what the author's does.

Any expression is right that shows the same frames as the author's, whatever it says; it is judged by all frames that
can be seen. One that names frames by their numbers or times would show nothing of what comes later, and is refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from aether.filters import Filter, FilterError, Record, compile_filter
from shell.language.translation import say

NAMES_FRAMES = re.compile(r"\b(frame\.(number|time\w*(\.\w+)*)|time)\b")
"""Fields that tell frames apart by when they came."""


class Selected:
    """All frames that there were, and those among them that an expression is to show."""

    def __init__(self, wanted: Filter) -> None:
        self.wanted = wanted
        self.records: list[Record] = []

    def take(self, record: Record) -> None:
        """Take note of what happened to a frame."""
        if record.number:
            self.records.append(record)

    @property
    def frames(self) -> set[int]:
        """The numbers of the frames that are to be shown."""
        return _chosen(self.wanted, self.records)

    @property
    def can_be_asked(self) -> bool:
        """Whether there are frames to be shown, and others."""
        return bool(self.frames) and len(self.frames) < len({each.number for each in self.records})

    def judge(self, text: str) -> str:
        """Return what an expression shows too much, or too little; empty if it is right."""
        found, wanted = _chosen(compile_filter(text), self.records), self.frames
        if found == wanted:
            return ""
        if not found:
            return say("no: it shows no frame")
        if not found & wanted:
            return say("no: it shows {frames}, and none of the frames that are wanted", frames=_named(found))
        much, little = found - wanted, wanted - found
        said = [say("it shows {frames}, too", frames=_named(much))] if much else []
        said += [say("it does not show {frames}", frames=_named(little))] if little else []
        return say("no: {said}", said=say(", and ").join(said))


def no_filter(text: str) -> str:
    """Return why a text is no expression that can be judged; empty if it is one. It costs nothing."""
    if found := NAMES_FRAMES.search(text):
        return say("{field} names frames by when they came: say what they are like", field=found.group())
    try:
        compile_filter(text)
    except FilterError as problem:
        return f"{problem.message}\n{problem.pointer()}"
    return ""


def _chosen(test: Filter, records: Sequence[Record]) -> set[int]:
    return {each.number for each in records if test.test(each)}


def _named(frames: set[int]) -> str:
    """Name frames, the first of many."""
    first = ", ".join(map(str, sorted(frames)[:3]))
    if len(frames) > 3:
        return say("frames {some} and {count} more", some=first, count=len(frames) - 3)
    return say("frames {some}", some=first) if len(frames) > 1 else say("frame {first}", first=first)

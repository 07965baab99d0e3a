"""What an application is told of data that it sent without a copy (MSG_ZEROCOPY): when it may use the memory again.

Calls are numbered from 0. Once all that a call sent is acknowledged, its number is in the socket's error queue, those
that follow each other as one range, as on Linux. Nothing is really shared here, so each says that a copy was made.
"""

from __future__ import annotations

from collections import deque

SO_EE_ORIGIN_ZEROCOPY, SO_EE_CODE_ZEROCOPY_COPIED = 5, 1


class ZeroCopy:
    """The calls of one socket."""

    __slots__ = ("calls", "pending")

    def __init__(self) -> None:
        self.calls = 0
        self.pending: deque[tuple[int, int]] = deque()
        """Each call that was not told of: where its data ends, and its number."""

    def sent(self, end: int) -> None:
        """Number a call whose data ends at this sequence number."""
        self.pending.append((end, self.calls))
        self.calls += 1

    def waits(self, acknowledged: int) -> bool:
        """Tell whether there is something to be told, with everything before this number acknowledged."""
        return bool(self.pending) and self.pending[0][0] <= acknowledged

    def take(self, acknowledged: int) -> tuple[int, int] | None:
        """Return the first and last number of the calls that are done, and forget them; None if there are none."""
        if not self.waits(acknowledged):
            return None
        first = last = self.pending.popleft()[1]
        while self.waits(acknowledged):
            last = self.pending.popleft()[1]
        return first, last

"""What a session records: frames for a file, and frames for a reader who looks on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shell.captures.live import CapturePipe
    from shell.captures.recorder import CaptureRecorder, CaptureStore
    from shell.reading.tracing import Ring


@dataclass(slots=True)
class Recordings:
    """Both recorders, and where their frames go."""

    recorder: CaptureRecorder | None = None
    """What `capture start` has begun; None while nothing is recorded."""
    store: CaptureStore | None = None
    """What was recorded; None if nothing ever was."""
    live: CapturePipe | None = None
    live_recorder: CaptureRecorder | None = None
    """What `capture live` has begun."""

    def _under_way(self) -> Iterator[CaptureRecorder]:
        yield from (each for each in (self.recorder, self.live_recorder) if each is not None)

    def follow(self, ring: Ring) -> None:
        """Take frames from another ring from now on."""
        for recorder in self._under_way():
            recorder.ring = ring

    def skip(self) -> None:
        """Go on from here: the past was visited, or another present began."""
        for recorder in self._under_way():
            recorder.skip()

    def stop(self) -> None:
        """Take the last frames, and finish whatever records; what was recorded stays."""
        for recorder in self._under_way():
            recorder.stop()
        self.recorder = self.live_recorder = self.live = None

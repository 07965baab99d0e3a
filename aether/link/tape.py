"""The world outside as it was recorded: its frames come when they came then, whatever we send now.

It stands at the far end of a link in a fork of a recorded run. The kernel's answers belong to what was sent
at that time; the first frame that differs is reported, for from there on they answer nobody.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aether.link.port import Port

_HEAD = struct.Struct("!QQI")
"""When a frame comes, in microseconds of world time; the occurrence after which it came; its length in bytes."""
_SUM = struct.Struct("!I")


class Arrival(NamedTuple):
    """A frame that came."""

    time: int
    after: int
    """The occurrence after which it came: frames of the same time after the same one were read in one go."""
    frame: bytes


def pack(arrivals: Iterable[Arrival]) -> bytes:
    """Return arrivals as one piece of data."""
    return b"".join(_HEAD.pack(time, after, len(frame)) + frame for time, after, frame in arrivals)


def unpack(data: bytes) -> list[Arrival]:
    """Read back what `pack` made; ValueError if it is cut off."""
    found, at = [], 0
    while at < len(data):
        if at + _HEAD.size > len(data):
            raise ValueError(f"the head of a frame is cut off at byte {at}")
        time, after, length = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        if at + length > len(data):
            raise ValueError(f"a frame is cut off at byte {at}")
        found.append(Arrival(time, after, data[at:at + length]))
        at += length
    return found


def sums(frames: Iterable[bytes]) -> bytes:
    """Return what is kept of the frames that were sent then: enough to see a difference."""
    return b"".join(_SUM.pack(zlib.crc32(frame)) for frame in frames)


class Tape:
    """Plays frames back into a link, and compares what leaves it."""

    __slots__ = ("arrivals", "expected", "left", "parted", "port")

    def __init__(self, port: Port, arrivals: list[Arrival], expected: bytes) -> None:
        """`port` is the far end of the link; `expected` are the sums of what left in the recorded run."""
        self.port = port
        self.arrivals = arrivals[::-1]
        """What is still to come, the next one last."""
        self.expected = expected
        self.left = 0
        """How many frames have left."""
        self.parted = False
        """Whether one of them was another than then."""
        self._wait()

    def _wait(self) -> None:
        """Enter the queue for what comes next. What came before has entered it already, as it had then."""
        if self.arrivals:
            world = self.port.world
            world.queue.deliver(self, max(self.arrivals[-1].time, world.now), ())

    def deliver(self, data: tuple[()]) -> None:
        """Let frames come that came in one go."""
        port, arrivals = self.port, self.arrivals
        first = arrivals[-1]
        while arrivals and arrivals[-1][:2] == first[:2]:
            frame = arrivals.pop().frame
            if port.pipe.clear and not port.latency:
                port.peer.deliver((port.number(frame), frame))
            else:
                port.transmit(frame)
        self._wait()

    def see(self, frame: bytes) -> None:
        """Compare a frame that leaves, and report the first that is another."""
        at = self.left * _SUM.size
        self.left += 1
        if self.parted or self.expected[at:at + _SUM.size] == _SUM.pack(zlib.crc32(frame)):
            return
        self.parted = True
        world = self.port.world
        if world.observer is not None:
            what = "something else was sent then" if at < len(self.expected) else "nothing more was sent then"
            world.observer(self.port.link, "link", self.port.link,
                           f"from here the recording no longer answers you: {what}")

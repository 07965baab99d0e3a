"""A capture for a reader at the other end of a pipe, such as `wireshark -k -i PIPE`.

Nothing here ever waits for the reader: while nobody reads, frames are kept up to a limit, and
the oldest are given up. A reader that goes away may come again, and begins a new file.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections import deque
from contextlib import suppress

from shell.captures.recorder import Encoder
from shell.reading.frames import Note, SeenFrame

LIMIT = 8 << 20
"""Bytes that wait for the reader."""
READER_TIMEOUT = 2.0
"""Seconds that a reader has for the rest when a capture ends."""


class CapturePipe:
    """Writes a capture into a named pipe, or into a descriptor that is open already."""

    def __init__(self, encoder: Encoder, path: str, descriptor: int = -1, made: bool = False) -> None:
        """`made` pipes are taken away again at the end."""
        self.path = path
        self.given_up = 0
        """Frames that nobody fetched in time."""
        self.connected = descriptor >= 0
        self._encoder = encoder
        self._made = made
        self._descriptor = descriptor
        self._ended = False
        self._rest = encoder.head() if self.connected else b""
        """What the pipe has not taken yet of a block that it has begun to take."""
        self._waiting: deque[bytes] = deque()
        self._size = 0
        if self.connected:
            os.set_blocking(descriptor, False)

    @property
    def frames(self) -> int:
        """How many frames were handed over, or are waiting."""
        return self._encoder.frames - self.given_up

    def take(self, seen: list[SeenFrame | Note]) -> None:
        """Take what has happened."""
        for each in seen:
            block = self._encoder.blocks([each])
            if block and not self._ended:
                self._waiting.append(block)
                self._size += len(block)
        while self._size > LIMIT:
            self._size -= len(self._waiting.popleft())
            self.given_up += 1

    def tick(self) -> None:
        """Hand over what the reader takes now."""
        if self._ended or not self._connect():
            return
        try:
            while self._rest or self._waiting:
                if not self._rest:
                    self._rest = self._waiting.popleft()
                    self._size -= len(self._rest)
                self._rest = self._rest[os.write(self._descriptor, self._rest):]
        except BlockingIOError:
            return
        except OSError:
            self._lose_reader()

    def close(self) -> None:
        """Hand over what the reader takes within `READER_TIMEOUT`, and let go of the pipe."""
        end = time.monotonic() + READER_TIMEOUT
        self.tick()
        while self.connected and (self._rest or self._waiting) and time.monotonic() < end:
            time.sleep(0.01)
            self.tick()
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        self._ended = True
        if self._made:
            with suppress(OSError):
                os.unlink(self.path)

    def _connect(self) -> bool:
        """Tell whether there is a reader, and greet a new one."""
        if self._descriptor >= 0:
            return True
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        except OSError as problem:
            if problem.errno != errno.ENXIO:
                self._ended = True  # the pipe was taken away
            return False
        if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            self._ended = True  # something else has its name now, which is not to be written over
            return False
        self._descriptor = descriptor
        self._rest = self._encoder.head()
        self.connected = True
        return True

    def _lose_reader(self) -> None:
        os.close(self._descriptor)
        self._descriptor = -1
        self._rest = b""
        self.connected = False
        if self.path == "-":
            self._ended = True
            self._waiting.clear()


def open_pipe(path: str) -> bool:
    """Make sure that there is a named pipe; return whether we made it. ValueError if something else is there.

    A link is something else: whoever made it would decide where the frames go. What we make is marked by the sticky
    bit, which means nothing for a pipe: after a kill the next one who uses it knows that it may be taken away.
    """
    try:
        there = os.lstat(path)
    except FileNotFoundError:
        os.mkfifo(path, 0o600)
        with suppress(OSError):  # then it is only not known again
            os.chmod(path, 0o600 | stat.S_ISVTX)
        return True
    if not stat.S_ISFIFO(there.st_mode):
        raise ValueError(f"{path} is there already, and is no named pipe")
    return bool(there.st_mode & stat.S_ISVTX) and there.st_uid == os.geteuid()

"""Waiting for a device, a deadline, or another thread that wants something."""

from __future__ import annotations

import os
import select
from typing import Protocol


class HasFileno(Protocol):
    """Something that can be polled."""

    def fileno(self) -> int:
        """Return its file descriptor."""


class Wakeup:
    """A poll over the device and an event that any thread can set."""

    def __init__(self, device: HasFileno | None) -> None:
        self._event = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._epoll = select.epoll()
        self._epoll.register(self._event, select.EPOLLIN)
        self._requests = select.poll()
        self._requests.register(self._event, select.POLLIN)
        self._closed = False
        if device is not None:
            self._epoll.register(device.fileno(), select.EPOLLIN)

    def wake(self) -> None:
        """Let `sleep` return at once; from any thread."""
        if not self._closed:
            os.eventfd_write(self._event, 1)

    def sleep(self, seconds: float) -> None:
        """Wait until something happens, for so long at the most; negative is for ever."""
        for descriptor, _ in self._epoll.poll(seconds if seconds >= 0 else None):
            if descriptor == self._event:
                os.eventfd_read(self._event)

    def rest(self, seconds: float) -> None:
        """Wait until another thread wants something, for so long at the most; a device with input does not disturb."""
        if self._requests.poll(seconds * 1000):
            os.eventfd_read(self._event)

    def close(self) -> None:
        """Give the descriptors back."""
        if not self._closed:
            self._closed = True
            self._epoll.close()
            os.close(self._event)

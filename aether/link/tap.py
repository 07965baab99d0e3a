"""The TAP device: the only place where frames enter from, and leave to, the world outside (Linux)."""

from __future__ import annotations

import errno
import fcntl
import io
import os
import struct

CLONE_DEVICE = "/dev/net/tun"
TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI, IFF_MULTI_QUEUE = 0x0002, 0x1000, 0x0100
NAME_LIMIT = 15
"""Characters of an interface's name, at the most (IFNAMSIZ - 1)."""
FRAME_LIMIT = 65_600
"""The largest frame that is read, in bytes."""


class DeviceError(OSError):
    """A device that cannot be opened, or is no more; the text says what is wrong and what to do."""


class Tap:
    """A TAP device, open and non-blocking. It is never persistent: when it is closed, it is gone."""

    def __init__(self, name: str, *, several: bool = False) -> None:
        """Create the device `name`, or attach to one that was made elsewhere; DeviceError if that fails.

        With `several`, this is one queue of it, and there may be more.
        """
        _check_name(name)
        self.name = name
        flags = IFF_TAP | IFF_NO_PI | (IFF_MULTI_QUEUE if several else 0)
        self._file = io.FileIO(_attached(name, flags), "r+")
        self._buffer = bytearray(FRAME_LIMIT)
        self._view = memoryview(self._buffer)
        self.buffer = self._buffer
        """Where `fill` puts a frame."""
        self.fill = self._file.readinto
        """Read the next frame into `buffer`; return its length, None if there is none now. OSError if it is gone."""
        self.put = self._file.write
        """Send a frame; None if the kernel does not take it. OSError if it is gone."""
        self.unwritten = 0
        """Frames that the kernel did not take: its queue was full, or the interface was down."""

    def read(self) -> bytes | None:
        """Return the next frame, or None if there is none now; DeviceError if the device was removed."""
        try:
            length = self._file.readinto(self._buffer)
        except OSError:
            raise DeviceError(f"{self.name} is gone: somebody removed it. Start aether-shell again") from None
        return bytes(self._view[:length]) if length else None

    def write(self, frame: bytes | bytearray) -> None:
        """Send a frame; count it if the kernel does not take it."""
        try:
            if self._file.write(frame) is None:
                self.unwritten += 1
        except OSError:
            self.unwritten += 1

    def fileno(self) -> int:
        """Return the descriptor, for polling."""
        return self._file.fileno()

    def close(self) -> None:
        """Close it, and so remove it, unless somebody else made it persistent."""
        self._file.close()


def _check_name(name: str) -> None:
    if not name or len(name.encode()) > NAME_LIMIT:
        raise DeviceError(f"a TAP's name has 1 to {NAME_LIMIT} characters, not {name!r}")
    if name in (".", "..") or not all("!" <= c <= "~" and c not in "/:%" for c in name):
        raise DeviceError(f"{name!r} is no name for a network interface: letters, digits, dots and dashes are")


def _attached(name: str, flags: int) -> int:
    """Return a descriptor of a queue of the device `name`; DeviceError if there is none to be had."""
    descriptor = _open_clone()
    try:
        fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", name.encode(), flags))
    except OSError as problem:
        os.close(descriptor)
        raise _explained(problem, name) from None
    return descriptor


def _open_clone() -> int:
    try:
        return os.open(CLONE_DEVICE, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except PermissionError:
        raise DeviceError(
            f"no permission to open {CLONE_DEVICE}. Use sudo aether-shell, or the simulated lab: aether-shell --sim"
        ) from None
    except OSError as problem:
        if problem.errno in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
            raise DeviceError(
                f"{CLONE_DEVICE} is missing: this system has no TAP devices (modprobe tun may help). "
                "The simulated lab needs none: aether-shell --sim"
            ) from None
        raise DeviceError(f"cannot open {CLONE_DEVICE}: {problem.strerror}") from None


def _explained(problem: OSError, name: str) -> DeviceError:
    if problem.errno == errno.EBUSY:
        return DeviceError(f"{name} is in use by another program. Choose another name: --tap NAME")
    if problem.errno in (errno.EPERM, errno.EACCES):
        return DeviceError(
            f"no permission to create {name}. Use sudo aether-shell, a private network (--lab), "
            "or the simulated lab: aether-shell --sim"
        )
    if problem.errno in (errno.EINVAL, errno.EEXIST):
        return DeviceError(f"{name} exists, and is no TAP device of the plain kind. Choose another name: --tap NAME")
    return DeviceError(f"cannot create {name}: {problem.strerror}")

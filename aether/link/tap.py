"""The TAP device: the only place where frames enter from, and leave to, the world outside (Linux)."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import io
import os
import struct

from aether.wire.checksum import checksum

CLONE_DEVICE = "/dev/net/tun"
TUNSETIFF, TUNSETOFFLOAD = 0x400454CA, 0x400454D0
IFF_TAP, IFF_NAPI, IFF_NO_PI, IFF_MULTI_QUEUE, IFF_VNET_HDR = 0x0002, 0x0010, 0x1000, 0x0100, 0x4000
TUN_F_CSUM, TUN_F_TSO4 = 1, 2
NEEDS_CSUM = 1
"""Flag of a virtio header: the checksum is not computed yet, and covers the frame from some byte on."""
HEADER_LENGTH = 10
"""Bytes of the virtio header before each frame: flags, kind of super-segment, and four numbers of 16 bits."""
TCPV4 = 1
"""In a virtio header: the frame holds several TCP segments (VIRTIO_NET_HDR_GSO_TCPV4)."""
SUPERSEGMENT = 65_000
"""Bytes of payload that go into one frame at the most: with the headers, IPv4 has room for 65,535."""
PLAIN = bytes(HEADER_LENGTH)
"""The header of a frame that is as it goes on the wire."""
NAME_LIMIT = 15
"""Characters of an interface's name, at the most (IFNAMSIZ - 1)."""
FRAME_LIMIT = 65_600
"""The largest frame that is read, in bytes."""
UDP_CHECKSUM = 6
"""Where the checksum of UDP stands, for which 0 is written as 0xffff (RFC 768)."""
_HEADER = struct.Struct("=BBHHHH").pack
_CHECKSUM = struct.Struct("=HH").unpack_from
"""In a virtio header: the first byte that the checksum covers, and where it stands from there."""


class DeviceError(OSError):
    """A device that cannot be opened, or is no more; the text says what is wrong and what to do."""


class Tap:
    """A TAP device, open and non-blocking. It is never persistent: when it is closed, it is gone.

    Each frame has a virtio header before it, which says what is left to do for it. The kernel makes use of that only
    after `take_unfinished`; what it has queued until then, or hands over after the end of it, `read` finishes.
    """

    def __init__(
        self, name: str, *, several: bool = False, later: bool = False, descriptor: int | None = None,
    ) -> None:
        """Create the device `name`, or attach to one that was made elsewhere; DeviceError if that fails.

        With `several`, this is one queue of it, and there may be more. With `later`, the kernel does not take what is
        written to it at once, in our time, but when it polls the device (NAPI): a thread of its own may do that. With a
        `descriptor`, it is the queue that somebody else has opened so, and handed over.
        """
        _check_name(name)
        self.name = name
        flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | (IFF_MULTI_QUEUE if several else 0) | (IFF_NAPI if later else 0)
        self._file = io.FileIO(attached(name, flags) if descriptor is None else descriptor, "r+")
        self.raw = bytearray(HEADER_LENGTH + FRAME_LIMIT)
        """Where `fill` puts a frame, and its virtio header before it."""
        self.buffer = memoryview(self.raw)[HEADER_LENGTH:]
        """The same, without the header."""
        self.fill = self._file.readinto
        """Read into `raw`; return the length with the header, None if there is no frame now. OSError if it is gone."""
        self.put = self._file.write
        """Send a header and a frame. None or OSError if the kernel does not take it: its queue is full, the interface
        is down, the frame is too short to be one."""
        self.put_later = self.put
        """The same, where many frames are sent together: it may take a moment longer, and cost us less."""
        self._prompt = self
        """The queue that what cannot wait is sent by, or what is large: then it does not pay to wait."""
        self.unfinished = False
        """Whether the kernel may leave checksums, and the cutting into segments, to us."""
        self.unwritten = 0
        """Frames that the kernel did not take: its queue was full, or the interface was down."""

    @property
    def virtio(self) -> Tap:
        """This device, as one that can do all that a virtio header can ask for (`aether.engine.device.Virtio`)."""
        return self

    def read(self) -> bytes | None:
        """Return the next frame, or None if there is none now; DeviceError if the device was removed."""
        try:
            length = self._file.readinto(self.raw)
        except OSError:
            raise self.gone() from None
        return self.finished(length - HEADER_LENGTH) if length else None

    def gone(self) -> DeviceError:
        """Return what to raise when nothing can be read any more."""
        return DeviceError(f"{self.name} is gone: somebody removed it. The world stands still: look at it, `record` "
                           "it, and start aether-shell again")

    def finished(self, length: int) -> bytes:
        """Return the frame in `buffer`, with the checksum that its header asks for, if that is possible."""
        frame = self.buffer[:length]
        if self.raw[0] & NEEDS_CSUM:
            start, offset = _CHECKSUM(self.raw, 6)
            at = start + offset
            if at + 2 <= length:
                value = checksum(frame[start:])
                frame[at:at + 2] = (value or (0xFFFF if offset == UDP_CHECKSUM else 0)).to_bytes(2, "big")
        return bytes(frame)

    def take_unfinished(self, unfinished: bool) -> None:
        """Let the kernel hand over TCP segments of up to 64 KB, and frames without a checksum; or no longer.

        A kernel that cannot do so goes on handing over finished frames.
        """
        self.unfinished = unfinished
        with contextlib.suppress(OSError):
            fcntl.ioctl(self._file.fileno(), TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 if unfinished else 0)

    def write(self, frame: bytes | bytearray, header: bytes = PLAIN) -> None:
        """Send a frame with its virtio header; count it if the kernel does not take it."""
        try:
            if self.put(header + frame) is None:
                self.unwritten += 1
        except OSError:
            self.unwritten += 1

    def put_several(self, head: bytes, payload: list[memoryview], size: int) -> int | None:
        """Send TCP segments of `size` bytes each as one frame, from where its pieces are; None as with `put`."""
        try:
            return os.writev(self._prompt.fileno(), [several_segments(head, size) + head, *payload])
        except OSError:
            return None

    def use_prompt(self, prompt: Tap) -> None:
        """Send by another queue, which is closed with this one; by this one only what is put to be sent later."""
        self._prompt = prompt
        self.put = prompt.put

    def fileno(self) -> int:
        """Return the descriptor, for polling."""
        return self._file.fileno()

    def close(self) -> None:
        """Close it, and so remove it, unless somebody else made it persistent."""
        if self._prompt is not self:
            self._prompt.close()
        self._file.close()


def several_segments(frame: bytes, size: int) -> bytes:
    """Return the virtio header of a frame with a plain IPv4 header and TCP segments of `size` bytes of payload each."""
    return _HEADER(NEEDS_CSUM, TCPV4, 34 + (frame[46] >> 4 << 2), size, 34, 16)


def _check_name(name: str) -> None:
    if not name or len(name.encode()) > NAME_LIMIT:
        raise DeviceError(f"a TAP's name has 1 to {NAME_LIMIT} characters, not {name!r}")
    if name in (".", "..") or not all("!" <= c <= "~" and c not in "/:%" for c in name):
        raise DeviceError(f"{name!r} is no name for a network interface: letters, digits, dots and dashes are")


def attached(name: str, flags: int) -> int:
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
        return DeviceError(
            f"{name} is in use by another program, or is no TAP device of the plain kind. "
            "Choose another name: --tap NAME")
    return DeviceError(f"cannot create {name}: {problem.strerror}")

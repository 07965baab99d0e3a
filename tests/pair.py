"""A pair of datagram sockets in the place of a TAP: what goes into the far end, the device has, and the other way."""

from __future__ import annotations

import socket

from aether.link.tap import Tap

LARGEST = 70_000
"""Bytes of a frame with its virtio header, at the most."""


def device_and_far_end() -> tuple[Tap, socket.socket]:
    """Return both ends, which never block; whoever made them closes them."""
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    for end in (near, far):
        end.setblocking(False)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
    return Tap("pair", descriptor=near.detach()), far


def received(far: socket.socket) -> list[bytes]:
    """Return the frames that have come out of the device since, each with its virtio header."""
    found = []
    while True:
        try:
            found.append(far.recv(LARGEST))
        except BlockingIOError:
            return found

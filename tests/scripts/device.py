"""A laboratory behind a device: frames go through benchmark mode's own loop, and what leaves is cut up by the test.

A pair of datagram sockets is in the place of a TAP with offload, so the test is the kernel: it does with a virtio
header what the kernel would, by code of its own.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from aether.engine.loop import Loop
from aether.engine.wakeup import Wakeup
from aether.laboratory import Laboratory
from aether.link.tap import HEADER_LENGTH, NEEDS_CSUM, PLAIN, SUPERSEGMENT, TCPV4
from aether.wire.checksum import checksum
from tests.pair import device_and_far_end, received

PSH_AND_FIN = 9


class DeviceLaboratory(Laboratory):
    """One host in benchmark mode, behind a device that takes segments of up to 64 KB and leaves checksums to us."""

    def __init__(self, seed: int = 0, profile_name: str = "modern", **knobs: str) -> None:
        super().__init__(seed, profile_name, **knobs)
        self.device, self.far = device_and_far_end()
        self.device.unfinished = True
        self.host.supersegments = SUPERSEGMENT
        wakeup = Wakeup(None)
        self.loop = Loop(self.world, self.device, wakeup, {}, mode="bench", speed=1.0, clock=lambda: 0)
        wakeup.close()

    def inject(self, frame: bytes) -> None:
        """Let a frame be there, and be handled."""
        self.far.send(PLAIN + frame)
        while self.loop.intake.take(self.loop, self.host):
            pass

    def sent(self) -> list[bytes]:
        """Return the frames that have left since, as they go on the wire."""
        self.loop.flush()
        return [frame for raw in received(self.far) for frame in on_the_wire(raw)]

    def close(self) -> None:
        """Close both ends."""
        self.device.close()
        self.far.close()


def on_the_wire(raw: bytes) -> Iterator[bytes]:
    """Do what a virtio header asks for: cut a frame into segments, and compute checksums."""
    flags, kind, head, size, start, offset = struct.unpack_from("=BBHHHH", raw)
    frame = raw[HEADER_LENGTH:]
    if not flags & NEEDS_CSUM:
        assert not kind, "segments need checksums"
        yield frame
        return
    assert (kind, start, offset) == (TCPV4, 34, 16), "nothing else is left to the device"
    assert head == 34 + (frame[46] >> 4) * 4, "all headers, and nothing else"
    payload = frame[head:]
    assert len(payload) > size > 0, "several segments"
    identification, sequence = struct.unpack_from(">H", frame, 18)[0], struct.unpack_from(">I", frame, 38)[0]
    for number, at in enumerate(range(0, len(payload), size)):
        one = bytearray(frame[:head] + payload[at:at + size])
        struct.pack_into(">HH", one, 16, len(one) - 14, (identification + number) & 0xFFFF)
        struct.pack_into(">H", one, 24, 0)
        struct.pack_into(">H", one, 24, checksum(one[14:34]))
        struct.pack_into(">I", one, 38, (sequence + at) & 0xFFFFFFFF)
        if at + size < len(payload):
            one[47] &= ~PSH_AND_FIN
        struct.pack_into(">H", one, 50, 0)
        pseudo = bytes(one[26:34]) + struct.pack(">HH", 6, len(one) - 34)
        struct.pack_into(">H", one, 50, checksum(pseudo + one[34:]))
        yield bytes(one)

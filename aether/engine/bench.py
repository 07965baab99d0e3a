"""Benchmark mode on a device: frames through the fast path, and nothing in between.

What the fast path does not take goes the ordinary way, `World.arrive`. The clock is read once a batch.
"""

from __future__ import annotations

import gc
from collections.abc import Sequence
from typing import TYPE_CHECKING

from aether.engine.gro import ReceiveOffload
from aether.link.supersegment import SuperSegment
from aether.link.tap import HEADER_LENGTH, NEEDS_CSUM, PLAIN, SUPERSEGMENT
from aether.net import quick_echo
from aether.tcp import arrival
from aether.wire.ipv4 import PROTO_ICMP
from aether.wire.tcp import ACK, PSH

if TYPE_CHECKING:
    from aether.engine.device import Virtio
    from aether.engine.loop import Loop
    from aether.host import Host
    from aether.world import World

BATCH = 256
"""Frames handled before timers and others are served."""
ALONE = 4
"""A batch with fewer frames is taken to come from peers that wait for each answer."""
SMALL = 16
"""So many such batches in a row, that is: with many peers, one is small now and then because we are quick."""
LOOKS = 64
"""Fruitless looks, while frames come alone, before others are served. At every eighth the clock is read."""
PROTOCOL = 23
"""Where a frame with an IPv4 packet says what is in it."""
FLAGS = 47
"""Where a frame with a plain IPv4 header has TCP's flags; an echo reply may end before."""
PUSHED = bytes((PSH | ACK,))
PLAIN_LIMIT = 1514
"""Bytes of a frame that may be a short connection's; longer ones are several segments in one."""
COLLECT_AFTER = (20_000, 200, 50)
"""Thresholds of the garbage collector in benchmark mode: short connections leave no cycles behind, and walking
those that rest in TIME-WAIT again and again was measured to cost a third of the rate. The young are looked at little
and often: ten times as many, ten times as seldom cost the same, but one run of 20,000 connections in five a tenth."""
COLLECT_TRACING = (100_000, 20, 50)
"""The same in trace mode: the stack leaves no cycles behind there either, but snapshots come and go."""


def collect_seldom(seldom: bool) -> None:
    """Let the garbage collector look at new objects as seldom as benchmark mode wants it, or trace mode."""
    if seldom:
        gc.collect()
        gc.freeze()
        gc.set_threshold(*COLLECT_AFTER)
    else:
        gc.unfreeze()
        gc.set_threshold(*COLLECT_TRACING)


def direct(loop: Loop) -> Host | None:
    """Return the host whose frames may go straight to the fast path; None if something stands in between."""
    world = loop.world
    if loop.mode != "bench" or loop.breakpoint is not None or loop.device is None or loop.device.virtio is None:
        return None
    right = world.links["lan"].right
    host = right.peer.host
    return world.hosts[host.name] if host is not None and right.transparent else None


class Intake:
    """How frames are taken from a device, a batch at a time, and what is remembered between two batches.

    Answers leave together after the last frame of a batch: written one by one, each would wake the peer, and that
    costs more than everything that we do. A frame that comes alone is answered at once, and the next one awaited here.
    """

    __slots__ = ("alone", "held", "small")

    def __init__(self) -> None:
        self.alone = True
        """Whether frames come one by one."""
        self.small = 0
        """How many batches were small since the last one that was not."""
        self.held = ReceiveOffload()
        """Segments that wait to be handed over as one."""

    def take(self, loop: Loop, host: Host) -> int:
        """Handle what the device has, a batch at the most; return how many frames that were."""
        assert loop.device is not None
        device = loop.device.virtio
        assert device is not None
        out: list[bytes | SuperSegment] = []
        handled, straight, burst = self._batch(loop, device, host, out)
        send(device, out, many=straight == handled and not self.alone)
        self.small = 0 if burst >= ALONE else self.small + 1
        self.alone = self.small >= SMALL
        return handled

    def _batch(self, loop: Loop, device: Virtio, host: Host, out: list[bytes | SuperSegment]) -> tuple[int, int, int]:
        """Handle frames until there are none, and add to `out` what is to be sent after them.

        Return how many there were, how many of them no ordinary way was needed for, and how many came without a pause
        at the end. An echo needs no clock; before any other frame that comes late, time is kept.
        """
        world, fast, held, whole, alone = loop.world, host.tcp.fast, self.held, host.tcp.table, self.alone
        fill, raw, buffer, receive = device.fill, device.raw, device.buffer, fast.receive
        host.now = world.now
        fast.prepare(world.now)
        taken = answered = echoes = handled = burst = looks = 0
        late = False
        while handled < BATCH:
            try:
                size = fill(raw)
            except OSError:
                raise device.gone() from None
            if not size:
                if held.count:
                    self._hand_over(host, world, out)
                if out or burst >= ALONE or looks > LOOKS or (not looks & 7 and loop.backoff.idle()):
                    break
                looks += 1
                burst = 0
                continue
            if looks:
                looks, late = 0, True
                loop.backoff.busy()
            handled += 1
            burst += 1
            length = size - HEADER_LENGTH
            if buffer[PROTOCOL] == PROTO_ICMP and (answer := quick_echo.reply(host.ipv4, buffer, length)) is not None:
                echoes += 1
            else:
                if late:
                    late = False
                    _keep_time(loop, host)
                large = length > PLAIN_LIMIT
                if (
                    (held.count or (whole and not large and bytes(buffer[26:38]) in whole))
                    and self._holds(host, world, device, length, out)
                ):
                    continue
                answer = None if large else receive(buffer, length, raw[0] & NEEDS_CSUM)
                taken += answer is not None
            if answer is None:
                _arrive(loop, device, host, length)
                _collect(host, world, out)
            elif answer:
                answered += 1
                if alone:
                    write(device, answer)
                else:
                    out.append(answer)
        if held.count:
            self._hand_over(host, world, out)
        _count(host, world, taken, echoes, answered)
        return handled, taken + echoes, burst

    def _holds(self, host: Host, world: World, device: Virtio, length: int, out: list[bytes | SuperSegment]) -> bool:
        """Hold the frame in the device's buffer back if others may follow it; what was held and does not go with it
        is handed over."""
        held, checked = self.held, device.raw[0] & NEEDS_CSUM
        if held.takes(host, device.buffer, length, checked):
            return True
        if not held.count:
            return False
        self._hand_over(host, world, out)
        return length <= PLAIN_LIMIT and held.takes(host, device.buffer, length, checked)

    def _hand_over(self, host: Host, world: World, out: list[bytes | SuperSegment]) -> None:
        """Let what is held arrive, and take the answers to it."""
        self.held.hand_over(host, world)
        _collect(host, world, out)


def _keep_time(loop: Loop, host: Host) -> None:
    """Handle what is due by now, amid a batch."""
    loop.keep_time()
    host.now = loop.world.now
    host.tcp.fast.prepare(host.now)


def _collect(host: Host, world: World, out: list[bytes | SuperSegment]) -> None:
    """Take what left by the ordinary way; the fast path has to look anew at what that has changed."""
    out += world.wire_out
    world.wire_out.clear()
    host.tcp.fast.prepare(world.now)


def send(device: Virtio, out: Sequence[bytes | SuperSegment], many: bool) -> None:
    """Send the answers to a batch.

    Many that are one segment each, to peers that will not hear from us before they answer, may go by a thread of the
    kernel's. Any other must not: what is sent after it could overtake it. It pays where connections come and go, by a
    third; a response on one that is kept costs the kernel so little that it was measured to cost a tenth instead.
    """
    put = device.put
    if many and out:
        first = out[0]
        if isinstance(first, bytes) and first[FLAGS:FLAGS + 1] != PUSHED:
            put = device.put_later
    for frame in out:
        if not isinstance(frame, bytes):
            write(device, frame)
            continue
        try:
            device.unwritten += put(PLAIN + frame) is None
        except OSError:
            device.unwritten += 1


def write(device: Virtio, frame: bytes | SuperSegment) -> None:
    """Send a frame; if it has several segments and the device does not cut it up, one after the other."""
    if not isinstance(frame, SuperSegment):
        device.write(frame)
    elif device.unfinished:
        device.unwritten += device.put_several(frame.head, frame.payload, frame.size) is None
    else:
        for one in frame.frames():
            device.write(one)


def _count(host: Host, world: World, taken: int, echoes: int, answered: int) -> None:
    """Count segments that the fast path took, echo requests that were answered at once, and the answers to both."""
    world.occurrence += taken + echoes
    world.frames += taken + echoes + answered
    if taken:
        host.tcp.count_fast(taken, answered - echoes)
    if echoes:
        quick_echo.count(host.icmp, echoes)


def leaves_work(host: Host) -> bool:
    """Tell whether a host is the end of its frames, and may leave work to the kernel, or do what that leaves."""
    return host.knobs.loop_offload and not host.knobs.ipv4_forward and len(host.interfaces) == 1


def heed_offload(device: Virtio | None, host: Host | None) -> None:
    """Let the kernel leave work to us exactly while frames go straight to a host that wants that, and is their end."""
    if device is not None:
        wanted = host is not None and leaves_work(host)
        if wanted != device.unfinished:
            device.take_unfinished(wanted)
        if host is not None:
            host.supersegments = SUPERSEGMENT


def _arrive(loop: Loop, device: Virtio, host: Host, length: int) -> None:
    """Let a frame arrive that the fast path does not take.

    A checksum that the kernel has not computed cannot be wrong: nothing lies between it and us.
    """
    world = loop.world
    if loop.relay is not None and loop.relay.passes_on(host, device.buffer[:length], device.finished):
        return
    right, entry = world.links["lan"].right, world.queue.next()
    frame = bytes(device.buffer[:length])
    if (
        not device.raw[0] & NEEDS_CSUM or (entry is not None and entry[0] <= world.now)
        or frame[:6] != host.interfaces[0].mac or frame[12:14] != b"\x08\0"
    ):
        world.arrive(device.finished(length))
        return
    world.occurrence += 1
    world.frame = right.number(frame)
    host.now = world.now
    if not arrival.arrives(host.tcp, host.ipv4, frame, checked=True):
        host.receive(device.finished(length), 0)

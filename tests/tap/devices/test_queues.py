"""A TAP with several queues: the kernel puts each frame where the simulation would."""

from __future__ import annotations

import os
import random
import signal
import socket
import struct
from collections.abc import Iterator

import pytest

from aether.link import queues
from aether.link.processor import worker_of
from aether.link.tap import PLAIN, DeviceError, Tap
from aether.wire import arp, ethernet, icmp, ipv4, tcp, udp
from aether.wire.address import parse_ip
from shell.lab import network
from tests.tap.harness import KERNEL, OUR_MAC, OURS, KernelLab

FLOWS = 10_000
EVERYTHING = 3
"""The protocol of a packet socket that sees all frames (ETH_P_ALL)."""
AT_ONCE = 100
"""Frames sent before the queues are emptied; each holds 1000 by default."""
THEIR_MAC = b"\2\0\0\0\0\1"


class Wire:
    """The kernel's end of a TAP, for frames made by hand, and our end with its queues."""

    def __init__(self, lab: KernelLab, workers: int) -> None:
        with lab.inside():
            self.queues = queues.open_queues("aether0", workers)
            network.configure("aether0", KERNEL, 24)
            self.raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.raw.bind(("aether0", 0))
        self.drain()

    def drain(self) -> list[tuple[int, bytes]]:
        """Return what is in the queues: the number of the queue, and the frame."""
        return [(number, frame) for number, tap in enumerate(self.queues.taps) for frame in iter(tap.read, None)]

    def sent(self, frames: list[bytes]) -> dict[bytes, int]:
        """Send frames, all different, and return which queue each came out of."""
        for frame in frames:
            self.raw.send(frame)
        wanted = set(frames)
        return {frame: number for number, frame in self.drain() if frame in wanted}

    def close(self) -> None:
        self.raw.close()
        self.queues.close()


@pytest.fixture
def lab() -> Iterator[KernelLab]:
    """A namespace of this test's own."""
    with KernelLab() as made:
        yield made


def frame_of(source: bytes, port: int, *, protocol: int = ipv4.PROTO_TCP, **header: object) -> bytes:
    """Return a SYN or a datagram from an address and a port to us."""
    ours = parse_ip(OURS)
    if protocol == ipv4.PROTO_TCP:
        inside = tcp.build(source, ours, port, 80, 1, 0, tcp.SYN, 1000)
    else:
        inside = udp.build(source, ours, port, 53, b"query")
    packet = ipv4.build(source, ours, protocol, inside, **header)  # type: ignore[arg-type]
    return ethernet.build(bytes.fromhex(OUR_MAC.replace(":", "")), THEIR_MAC, ethernet.TYPE_IPV4, packet)


@pytest.mark.parametrize("workers", [2, 3])
def test_each_of_ten_thousand_flows_is_where_the_hash_says(lab: KernelLab, workers: int) -> None:
    wire = Wire(lab, workers)
    try:
        assert wire.queues.note == ""
        dice = random.Random(workers)
        flows = dice.sample(range(1 << 48), FLOWS)  # of all addresses, so that some sums exceed 32 bits
        flows[0] = (1 << 48) - 1
        seen = [0] * workers
        for start in range(0, FLOWS, AT_ONCE):
            frames = [
                frame_of(struct.pack("!I", flow >> 16), flow & 0xFFFF,
                         protocol=dice.choice((ipv4.PROTO_TCP, ipv4.PROTO_UDP)))
                for flow in flows[start:start + AT_ONCE]
            ]
            queue_of = wire.sent(frames)
            assert queue_of == {frame: worker_of(frame, workers) for frame in frames}
            for number in queue_of.values():
                seen[number] += 1
        assert sum(seen) == FLOWS
        assert max(seen) < 1.1 * FLOWS / workers
    finally:
        wire.close()


def test_what_shows_no_ports_is_worker_0s(lab: KernelLab) -> None:
    wire = Wire(lab, 4)
    theirs, ours = parse_ip(KERNEL), parse_ip(OURS)
    question = arp.build(arp.ArpPacket(arp.REQUEST, THEIR_MAC, theirs, bytes(6), ours))
    echo = icmp.build(icmp.IcmpMessage(icmp.ECHO_REQUEST, 0, 0x10003, b"ping"))
    options = frame_of(theirs, 1027, options=bytes([1, 1, 1, 0]))
    nowhere = [
        ethernet.build(bytes.fromhex(OUR_MAC.replace(":", "")), THEIR_MAC, ethernet.TYPE_ARP, question),
        ethernet.build(bytes.fromhex(OUR_MAC.replace(":", "")), THEIR_MAC, ethernet.TYPE_IPV4,
                       ipv4.build(theirs, ours, ipv4.PROTO_ICMP, echo)),
        frame_of(theirs, 1025, dont_fragment=False, more_fragments=True),
        frame_of(theirs, 1025, dont_fragment=False, fragment_offset=8),
        frame_of(theirs, 1025)[:36],
    ]
    try:
        queue_of = wire.sent([*nowhere, options])
        assert [queue_of[frame] for frame in nowhere] == [0] * len(nowhere)
        assert queue_of[options] == worker_of(options, 4) == (theirs[3] + 1027 // 2) % 4
    finally:
        wire.close()


def test_without_the_program_the_kernels_hash_steers_and_the_note_says_so(
    lab: KernelLab, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queues, "SYSTEM_CALL", {})
    wire = Wire(lab, 2)
    try:
        assert "kernel's own hash" in wire.queues.note
        assert "mod 2" in wire.queues.note
        frames = [frame_of(parse_ip(KERNEL), port) for port in range(2000, 2000 + AT_ONCE)]
        queue_of = wire.sent(frames)
        assert len(queue_of) == AT_ONCE
        assert set(queue_of.values()) == {0, 1}
        assert wire.sent(frames) == queue_of  # a flow stays where it is
    finally:
        wire.close()


def test_a_killed_process_leaves_the_order_of_the_queues_as_it_was(lab: KernelLab) -> None:
    """Its parent has them all open, and so the kernel moves none into another's place."""
    wire = Wire(lab, 3)
    try:
        child = os.fork()
        if child == 0:
            signal.pause()
            os._exit(0)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        frames = [frame_of(parse_ip(KERNEL), port) for port in range(3000, 3000 + AT_ONCE)]
        assert wire.sent(frames) == {frame: worker_of(frame, 3) for frame in frames}
    finally:
        wire.close()


def test_queues_are_put_to_use_and_given_back(lab: KernelLab) -> None:
    wire = Wire(lab, 3)
    try:
        for round_, count in enumerate((1, 3, 2, 3, 1, 2, 1)):
            wire.queues.use(count)
            frames = [frame_of(parse_ip(KERNEL), 4000 + AT_ONCE * round_ + each) for each in range(AT_ONCE)]
            assert wire.sent(frames) == {frame: worker_of(frame, count) for frame in frames}
    finally:
        wire.close()


def test_a_pair_is_read_from_one_queue_and_written_to_by_both(lab: KernelLab) -> None:
    with lab.inside():
        tap = queues.open_pair("aether0")
        network.configure("aether0", KERNEL, 24)
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(EVERYTHING))
    raw.bind(("aether0", EVERYTHING))
    raw.settimeout(5)
    try:
        while tap.read():
            pass
        frames = [frame_of(parse_ip(KERNEL), 4000 + each) for each in range(AT_ONCE)]
        for frame in frames:
            raw.send(frame)
        assert [frame for frame in iter(tap.read, None) if frame in frames] == frames
        for put, port in ((tap.put, 7000), (tap.put_later, 7001)):
            assert put is not None and put(PLAIN + frame_of(parse_ip(KERNEL), port)) == 64
            while raw.recv(2000)[34:36] != port.to_bytes(2, "big"):
                pass
        with pytest.raises(DeviceError, match="is there already"), lab.inside():
            queues.open_pair("aether0")
        tap.take_unfinished(True)
        with lab.inside():
            assert "aether0" in [name for _, name in socket.if_nameindex()]
    finally:
        raw.close()
        tap.close()
    with lab.inside():
        assert "aether0" not in [name for _, name in socket.if_nameindex()]


def test_without_the_program_there_is_one_queue(lab: KernelLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "SYSTEM_CALL", {})
    with lab.inside():
        tap = queues.open_for_one("aether0")
        assert tap.put_later is tap.put
        with pytest.raises(DeviceError, match="Choose another name"):
            queues.open_for_one("aether0")
    tap.close()


@pytest.mark.needs("ethtool", "ab", "ping")
def test_the_kernel_has_a_thread_for_what_the_shell_sends(lab: KernelLab) -> None:
    done = lab.shell(*(part for line in (
        "host -- cat /sys/class/net/aether0/threaded", "host -- ethtool -k aether0", "mode bench",
        f"host -- ab -q -n 500 -c 50 http://{OURS}/",
        f"host -- ping -c 3 -i 0.1 -w 20 {OURS}") for part in ("-c", line)))
    assert done.stdout.splitlines()[0] == ("1" if (os.cpu_count() or 1) > 1 else "0"), done.stdout
    assert "generic-receive-offload: off" in done.stdout
    assert "Failed requests:        0" in done.stdout
    assert " 3 received" in done.stdout


def test_a_plain_device_is_not_shared(lab: KernelLab) -> None:
    with lab.inside():
        plain = Tap("aether0")
        with pytest.raises(DeviceError, match="aether0"):
            queues.open_queues("aether0", 2)
        plain.close()
        shared = queues.open_queues("aether0", 2)
        with pytest.raises(DeviceError, match="Choose another name"):
            Tap("aether0")
        shared.close()

"""Frames that the kernel has put into the queue of one worker, and that are another's.

Worker 0 has what makes a host one host: ARP, ICMP, UDP (and so DHCP and DNS), and the connections that it opens
itself. The others have the connections that peers open to them, and pass everything else on. What worker 0 learns
of neighbours, all learn, but it alone counts what is discarded of ARP. An ICMP error goes to the worker of the
connection that it speaks of, and so does what came in fragments, which do not tell: worker 0 puts them together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aether.link.processor import worker_of_flow
from aether.wire import arp, ethernet, icmp
from aether.wire.ipv4 import PROTO_ICMP, PROTO_TCP
from aether.wire.tcp import ACK, SYN

if TYPE_CHECKING:
    from aether.host import Host
    from aether.world import World

    Frame = bytes | memoryview

IPV4, ARP = b"\x08\x00", b"\x08\x06"
ARP_REPLY = arp.REPLY.to_bytes(2, "big")
ERRORS = (icmp.DESTINATION_UNREACHABLE, icmp.TIME_EXCEEDED, icmp.PARAMETER_PROBLEM)
PLAIN = 0x45
"""The first byte of an IPv4 header without options."""
SHORTEST = 54
"""Bytes of a frame with a segment."""
QUOTED = 42
"""Where an ICMP error in a plain packet quotes the packet that it is about."""
ALL, ALL_BELIEVE = -1, -2
"""Instead of a worker's number: the frame is ours, and the others hear of it too, or shall believe it as we do."""


@dataclass(slots=True)
class Relay:
    """What one worker does with frames that the fast path does not take."""

    number: int
    workers: int
    send: Callable[[int, bytes], None]
    """Gives a frame to another worker, or to all others (ALL, ALL_BELIEVE)."""

    def passes_on(self, host: Host, frame: Frame, finished: Callable[[int], bytes]) -> bool:
        """Give a frame to whom it belongs; return False if that is `host`, here.

        `finished` returns the frame, whose length it is told, with its checksums computed.
        """
        owner = owner_for_worker_0(host, frame, self.workers) if self.number == 0 else (
            self.number if is_ours(host, frame) else 0)
        if owner == self.number:
            return False
        self.send(owner, finished(len(frame)))
        return owner not in (ALL, ALL_BELIEVE)

    def take_whole(self, host: Host, packet: bytes) -> bool:
        """Give a packet that worker 0 has put together to the worker of its flow; return False if that is `host`."""
        key = _flow(packet, 0)
        if packet[9] != PROTO_TCP or _has(host, key):
            return False
        owner = worker_of_flow(key[:4], int.from_bytes(key[8:10], "big"), self.workers)
        if owner:
            self.send(owner, ethernet.build(host.interfaces[0].mac, bytes(6), ethernet.TYPE_IPV4, packet))
        return owner != 0


def hear(world: World, host: Host, frame: bytes, believed: bool) -> bool:
    """Take what is ARP of what worker 0 has passed on, and return whether it was: it has answered and counted it.

    `believed` says that worker 0 has asked for the answer.
    """
    if frame[12:14] != ARP:
        return False
    host.now = world.now
    host.interfaces[0].neighbours.overhear(frame, believed)
    return True


def is_ours(host: Host, frame: Frame) -> bool:
    """Tell whether a frame belongs to the worker whose `host` has it, and which is not worker 0.

    Those are segments of its connections, and SYNs; and, where the listener believes cookies, anything that could
    bring one back.
    """
    if len(frame) < SHORTEST or frame[12:14] != IPV4 or frame[23] != PROTO_TCP:
        return False
    at = 14 + 4 * (frame[14] & 0x0F)
    if len(frame) < at + 20:
        return False
    key = _flow(frame, 14)
    if frame[at + 13] & (SYN | ACK) == SYN or _has(host, key):
        return True
    listener = host.tcp.listener_for(key)
    return listener is not None and (
        host.knobs.tcp_syn_cookies == "always" or listener.cookies_until > host.world.now)


def owner_for_worker_0(host: Host, frame: Frame, workers: int) -> int:
    """Return who has to see a frame that came to worker 0, and which `host` has: a worker's number, or all."""
    kind = bytes(frame[12:14])
    if kind == ARP:
        # They would answer a question for our address once more; all else they may know.
        if frame[20:22] != ARP_REPLY:
            return 0 if bytes(frame[38:42]) in host.local else ALL
        believed = host.interfaces[0].neighbours.awaits(bytes(frame[28:32]), bytes(frame[22:28]))
        return ALL_BELIEVE if believed else ALL  # nobody else may have asked, or one of the others
    if (
        kind != IPV4 or len(frame) < QUOTED + 24 or frame[23] != PROTO_ICMP or frame[14] != PLAIN
        or frame[34] not in ERRORS or frame[QUOTED] != PLAIN or frame[QUOTED + 9] != PROTO_TCP
    ):
        return 0
    us, peer, our_port, their_port = (
        bytes(frame[QUOTED + at:QUOTED + end]) for at, end in ((12, 16), (16, 20), (20, 22), (22, 24)))
    key = peer + us + their_port + our_port
    if _has(host, key):
        return 0
    return worker_of_flow(peer, int.from_bytes(their_port, "big"), workers)


def _flow(frame: Frame, at: int) -> bytes:
    """Return addresses and ports of the packet that begins at a byte, as `Tcp.table` has them; options may be there."""
    ports = at + 4 * (frame[at] & 0x0F)
    return bytes(frame[at + 12:at + 20]) + bytes(frame[ports:ports + 4])


def _has(host: Host, key: bytes) -> bool:
    return key in host.tcp.table or key in host.tcp.fast.shorts

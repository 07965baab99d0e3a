"""A learner's part beside the stack's own, in a transfer over a copy of the lab as it is.

What the learner sees of it is a plot, or how often both agreed and where they first did not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aether.engine.history import Snapshot
from aether.lab import HOST, HOST_ADDRESS, YOU
from aether.operations.net import ArpClear, Ping
from aether.wire import arp as wire_arp
from aether.wire import ethernet, ipv4, tcp
from aether.wire.address import show_ip, show_mac
from aether.wire.error import WireError
from shell.lessons.exercises.lab import DISCARD, SIZE, STREAM, Transfer, fitted, transfer
from shell.lessons.exercises.stories import Make
from shell.results.exercise import ExerciseComparison
from shell.results.plot import PlotReport, Series

if TYPE_CHECKING:
    from aether.world import World

SECOND = 1_000_000
Result = PlotReport | ExerciseComparison


def congestion(snapshot: Snapshot, make: Make) -> Result:
    """Plot the congestion window of one transfer with the stack's algorithm, and of the same one with the learner's."""
    world = snapshot.load()
    own = world.hosts[YOU].knobs.tcp_congestion
    theirs = transfer(world)
    with fitted(make):
        yours = transfer(snapshot.load())
    report = PlotReport("cwnd", yours.connection, YOU, "congestion window: yours, and the stack's", "bytes", [
        _series("yours", yours), _series(f"the stack's ({own})", theirs)], opened_us=yours.began)
    report.notes = [_how("yours", yours), _how(f"the stack's ({own})", theirs)]
    if not theirs.resent and not yours.resent:
        report.notes.append("nothing was lost: `link rate 2mbit` and `link loss 1%` give the windows something to do")
    return report


def _series(name: str, found: Transfer) -> Series:
    return Series(name, [time for time, _ in found.windows], [float(size) for _, size in found.windows], "steps")


def _how(name: str, found: Transfer) -> str:
    again = f"{found.resent} segment{'' if found.resent == 1 else 's'} sent again"
    if not found.took:
        return f"{name}: {found.delivered:,} of {SIZE:,} bytes arrived, {again}"
    return f"{name}: {SIZE:,} bytes in {found.took / 1e6:.2f} s, {again}"


def rto(snapshot: Snapshot, make: Make) -> Result:
    """Plot the time-out of a transfer: the stack's, and what the learner's estimator makes of the same round trips."""
    world = snapshot.load()
    knobs = world.hosts[YOU].knobs
    part = make(knobs.tcp_rto_min / 1e6, knobs.tcp_rto_max / 1e6)
    trips, yours, theirs = Series("round trip", [], [], "points"), Series("yours", [], [], "steps"), Series(
        "the stack's", [], [], "steps")

    def point() -> None:
        yours.times_us.append(world.now)
        yours.values.append(part.timeout() * 1000)

    def seen(host: str, kind: str, values: tuple[Any, ...]) -> None:
        if host != YOU or not values:
            return
        if kind == "tcp.rtt":
            trips.times_us.append(world.now)
            trips.values.append(values[1] / 1000)
            part.measured(values[1] / 1e6, False)
            point()
            _stand(world, values[0], theirs)
        elif kind == "tcp.timer" and values[1:3] == ("rto", "fired"):
            part.timed_out()
            point()
        elif kind == "tcp.timer" and values[1:3] == ("rto", "started"):
            _stand(world, values[0], theirs)

    found = transfer(world, seen=seen)
    report = PlotReport("rto", found.connection, YOU, "retransmission time-out: yours, and the stack's", "ms",
                        [each for each in (trips, yours, theirs) if each.times_us], opened_us=found.began)
    report.notes = [
        f"the minimum is {knobs.tcp_rto_min / 1000:g} ms here; the stack has it under K·RTTVAR, as Linux does, and you "
        "under the sum: so it may wait longer"]
    if max(trips.values, default=0) < knobs.tcp_rto_min / 5000:
        report.notes.append("the round trips are short: `link delay 50ms` and `link jitter 40ms` show more")
    return report


def _stand(world: World, connection: int, series: Series) -> None:
    """Add how the stack's time-out stands, if it has changed."""
    conn = next((each for each in world.hosts[YOU].tcp.connections.values() if each.number == connection), None)
    value = conn.round_trip.timeout() / 1000 if conn is not None else 0.0
    if value and (not series.values or series.values[-1] != value):
        series.times_us.append(world.now)
        series.values.append(value)


def checksum(snapshot: Snapshot, make: Make) -> Result:
    """Compare the learner's checksum with what stands in every header that arrives in a transfer."""
    part = make()
    result = ExerciseComparison("checksums of headers")

    def frame(number: int, data: bytes) -> None:
        for name, covered, stands in _covered(data):
            value = part.checksum(covered)
            result.compare(value == stands, f"frame {number}, {name}: yours is {_hex(value)}, and {_hex(stands)} "
                                            "stands in the frame")

    transfer(snapshot.load(), 60_000, _frames(frame, (YOU, HOST)))
    return result


def _hex(value: int) -> str:
    return f"0x{value:04x}" if value >= 0 else str(value)


def _covered(data: bytes) -> list[tuple[str, bytes, int]]:
    """Return what the checksums of a frame are computed over, with zeros in their places, and what they are."""
    packet = data[ethernet.HEADER_LENGTH:]
    try:
        if ethernet.parse(data)[2] != ethernet.TYPE_IPV4:
            return []
        header = ipv4.parse(packet)
    except WireError:
        return []
    length = header.header_length
    found = [("IPv4", packet[:10] + b"\0\0" + packet[12:length], header.checksum)]
    segment = packet[length:header.total_length]
    if header.protocol == ipv4.PROTO_TCP and not header.fragment_offset and not header.more_fragments:
        pseudo = header.source + header.destination + bytes((0, header.protocol)) + len(segment).to_bytes(2, "big")
        found.append(("TCP", pseudo + segment[:16] + b"\0\0" + segment[18:], int.from_bytes(segment[16:18], "big")))
    return found


def arp(snapshot: Snapshot, make: Make) -> Result:
    """Compare the learner's cache with the stack's after each ARP packet: two pings, between hosts that forgot all."""
    world = snapshot.load()
    you = world.hosts[YOU]
    part = make(show_ip(you.interfaces[0].addresses[0].ip), 60.0)
    result = ExerciseComparison("ARP packets")
    came: list[tuple[int, wire_arp.ArpPacket, bool]] = []
    answered: list[bool] = []

    def observe(host: str, kind: str, *values: Any) -> None:
        if host != YOU or kind not in ("frame.arrived", "frame.sent"):
            return
        packet = _arp(bytes(values[2]))
        if packet is not None and kind == "frame.arrived":
            operation = "request" if packet.operation == wire_arp.REQUEST else "reply"
            came.append((values[0], packet, part.received(
                world.now / 1e6, operation, show_ip(packet.sender_ip), show_mac(packet.sender_mac),
                show_ip(packet.target_ip))))
        elif packet is not None and packet.operation == wire_arp.REPLY:
            answered.append(True)

    world.observe(observe)
    for here, there in ((YOU, HOST_ADDRESS), (HOST, show_ip(you.interfaces[0].addresses[0].ip))):
        world.do(ArpClear(host=here))
        world.do(Ping(host=here, address=there, count=1))
        until = world.now + SECOND
        while world.step(until):
            for number, packet, answers in came:
                _compare_arp(result, world, part, number, packet, answers, bool(answered))
            came.clear()
            answered.clear()
        world.advance(until)
    return result


def _arp(frame: bytes) -> wire_arp.ArpPacket | None:
    try:
        if ethernet.parse(frame)[2] == ethernet.TYPE_ARP:
            return wire_arp.parse(frame[ethernet.HEADER_LENGTH:])
    except WireError:
        pass
    return None


def _compare_arp(
    result: ExerciseComparison, world: World, part: Any, number: int, packet: wire_arp.ArpPacket, answers: bool,
    answered: bool,
) -> None:
    """Compare both caches after a packet."""
    entry = world.hosts[YOU].interfaces[0].neighbours.entries.get(packet.sender_ip)
    sender = show_ip(packet.sender_ip)
    theirs = show_mac(entry.mac) if entry is not None and entry.mac else None
    yours = part.lookup(world.now / 1e6, sender)
    result.compare(yours == theirs, f"frame {number}: yours has {yours} for {sender}, the stack {theirs}")
    result.compare(answers == answered, f"frame {number}: yours {'answers' if answers else 'does not answer'}, "
                                        f"the stack {'does' if answered else 'does not'}")


def reassembly(snapshot: Snapshot, make: Make) -> Result:
    """Compare the stream that the learner makes of a transfer's segments with the one that was sent."""
    result = ExerciseComparison("segments with data")
    parts: dict[int, Any] = {}
    delivered = bytearray()

    def frame(number: int, data: bytes) -> None:
        found = _segment(data)
        if found is None:
            return
        header, payload = found
        if header.flags & tcp.SYN:
            parts[header.source_port] = make((header.sequence + 1) % (1 << 32))
            delivered.clear()
        elif payload and header.source_port in parts:
            before = len(delivered)
            delivered.extend(parts[header.source_port].arrived(header.sequence, payload))
            result.compare(
                delivered[before:] == STREAM[before:len(delivered)],
                f"frame {number}: yours delivers {len(delivered) - before} bytes that are not the next ones of the "
                f"stream, after {before:,}")

    took = transfer(snapshot.load(), seen=_frames(frame, (HOST,)))
    result.compare(len(delivered) == took.delivered,
                   f"yours delivered {len(delivered):,} bytes, and the stack {took.delivered:,}")
    result.notes.append(f"{took.resent} segments were sent again")
    if not took.resent:
        result.notes.append("nothing was lost or out of order: `link loss 2%` and `link reorder 10%` change that")
    return result


def _segment(frame: bytes) -> tuple[tcp.TcpHeader, bytes] | None:
    """Return header and payload of a segment to the port of the transfer; None of any other frame."""
    packet = frame[ethernet.HEADER_LENGTH:]
    try:
        if ethernet.parse(frame)[2] != ethernet.TYPE_IPV4:
            return None
        below = ipv4.parse(packet)
        segment = packet[below.header_length:below.total_length]
        if below.protocol != ipv4.PROTO_TCP:
            return None
        header = tcp.parse(segment)
    except WireError:
        return None
    return (header, segment[header.header_length:]) if header.destination_port == DISCARD else None


def _frames(frame: Callable[[int, bytes], None], hosts: tuple[str, ...]) -> Callable[[str, str, tuple[Any, ...]], None]:
    """Return what is told of events, and tells of the frames that reach some hosts."""
    def seen(host: str, kind: str, values: tuple[Any, ...]) -> None:
        if kind == "frame.arrived" and host in hosts:
            frame(values[0], bytes(values[2]))

    return seen


TRIALS: dict[str, Callable[[Snapshot, Make], Result]] = {
    "checksum": checksum, "arp": arp, "reassembly": reassembly, "rto": rto, "congestion": congestion,
}

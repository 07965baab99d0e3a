"""The fast path takes each fault that a packet script has as the slow path does: the same frames, the same state.

The far end of each script of `tests/drill` whose host is a server becomes a client of the web server, and sends
requests where the script has any bytes.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aether.lab import HOST_ADDRESS, HOST_MAC, YOUR_ADDRESS, YOUR_MAC
from aether.laboratory import Laboratory
from aether.wire import ethernet, tcp
from shell.drill import packets
from shell.drill.flows import ScriptFlow
from shell.drill.run import Wishes, knobs_of, load
from shell.drill.script import IcmpPacket, Script, ScriptCall, ScriptPacket, Span, TcpOption, TcpPacket
from tests.scripts.device import DeviceLaboratory
from tests.scripts.test_fast_path import GET, KEEP, Peer, state


class Bytes(ScriptFlow):
    """The far end of a packet script, which sends requests where the script has any bytes."""

    __slots__ = ("expected", "full", "latest", "sent", "stamp_of_script")
    stream = KEEP * 400

    def __init__(self, port: int, full: int) -> None:
        super().__init__(YOUR_ADDRESS, 80, HOST_ADDRESS, port)
        self.full = full
        """Bytes of a full segment of the script's."""
        self.latest, self.stamp_of_script = 5000, 0
        self.expected = self.sent = 1
        """The number after what the host was to send, and after what it has sent."""

    def payload_of_peer(self, script: int, length: int, syn: bool) -> bytes:
        """Return what the far end sends at a sequence number."""
        start = max(((script - self.remote_isn) & 0xFFFFFFFF) - 1, 0) % (len(self.stream) // 2)
        return self.stream[start:start + length]

    def usual(self, packet: TcpPacket) -> TcpPacket:
        """Return a segment as the far end sends it."""
        return packet


class Once(Bytes):
    """The same, with one request that asks for the end, and more behind it."""

    __slots__ = ()
    stream = GET + KEEP * 400


class Usual(Bytes):
    """A far end with the usual options, each of whose segments with bytes is a request: as short connections are made.

    Numbers are moved accordingly: full segments of the script follow each other as requests do, and what acknowledges
    all that the script's host has sent acknowledges all that ours has.
    """

    __slots__ = ()

    def payload_of_peer(self, script: int, length: int, syn: bool) -> bytes:
        """Return a request."""
        return KEEP[:length]

    def _moved(self, number: int) -> int:
        full, rest = divmod((number - 1 - self.remote_isn) & 0xFFFFFFFF, self.full)
        if full > 1 << 20:
            return number
        return (self.remote_isn + 1 + full * len(KEEP) + min(rest, len(KEEP) - 1)) & 0xFFFFFFFF

    def usual(self, packet: TcpPacket) -> TcpPacket:
        """Return the segment with these options, and timestamps that go on; back where the script's go back."""
        self.latest += 1
        given = next((each.values[0] for each in packet.options or () if each.name == "timestamp"), None)
        back = 1000 if given is not None and given < self.stamp_of_script else 0
        self.stamp_of_script = max(given or 0, self.stamp_of_script)
        stamp = TcpOption("timestamp", (self.latest - back, 0 if packet.flags == "S" else 100))
        nop = TcpOption("nop")
        if packet.flags == "S":
            options = [TcpOption("mss", (1460,)), TcpOption("sack_permitted"), stamp, nop, TcpOption("wscale", (7,))]
            return replace(packet, options=tuple(options), window=64_240)
        length = len(KEEP) if packet.span.length >= len(KEEP) else packet.span.length
        first = self._moved(packet.span.first)
        sack = [each for each in packet.options or () if each.name == "sack" and len(each.values) <= 6]
        return replace(
            packet, flags="P." if packet.flags == "." and length else packet.flags,
            span=Span(first, (first + length) & 0xFFFFFFFF, length),
            ack=self.sent if packet.ack is not None and packet.ack == self.expected else packet.ack,
            options=(nop, nop, stamp, *([nop, nop, *sack] if sack else [])))


DRILL = Path(__file__).parents[1] / "drill"
UNTIL_EXPECTED = 300_000
"""Microseconds that are waited for what a script expects whenever it comes."""


def served(path: Path) -> Script | None:
    """Return a script if its host is a server of TCP alone, whose far end a client of ours can play."""
    script = load(path)
    calls = {line.event.name for line in script.lines if isinstance(line.event, ScriptCall)}
    arriving = [line.event for line in script.lines if isinstance(line.event, ScriptPacket) and line.event.inbound]
    first = arriving[0] if arriving else None
    simple = all(isinstance(one, (TcpPacket, IcmpPacket)) and one.ip.fragment is None for one in arriving)
    return script if "connect" not in calls and isinstance(first, TcpPacket) and simple else None


SERVED = [path for path in sorted(DRILL.rglob("*.pkt")) if served(path) is not None]


def told(
    lab: Laboratory, script: Script, kind: type[Bytes], most: list[int] | None = None,
) -> list[tuple[int, bytes]]:
    """Let a script's far end be a client of the host's web server; return what the host sent, and when.

    `most` takes how many short connections there were at the same time, at the most.
    """
    lab.world.allow_short_cuts(True)
    lab.interface.mtu = script.options.mtu
    log = []
    for port, request in ((39_998, GET), (39_999, KEEP)):  # responses are ready then, and connections short
        first = Peer(lab, port)
        for flags, payload in (("S", b""), ("A", b""), ("PA", request), ("A", b""), ("FA", b"")):
            lab.advance(977)
            first.send(flags, payload)
        log += first.log
    flows: dict[int, Bytes] = {}
    arriving = [line.event for line in script.lines if isinstance(line.event, TcpPacket) and line.event.inbound]
    full = max([100, *(each.span.length for each in arriving)])

    def look() -> None:
        if most is not None:
            most[0] = max(most[0], len(lab.host.tcp.fast.shorts))
        for frame in lab.sent():
            log.append((lab.world.now, frame))
            header = tcp.parse(frame[34:]) if frame[23] == 6 else None
            flow = flows.get(header.destination_port) if header is not None else None
            if header is None or flow is None:
                continue
            if not header.flags & (tcp.SYN | tcp.RST):
                end = flow.scripted(header.sequence) + len(frame) - 34 - header.header_length
                flow.sent = max(flow.sent, end + bool(header.flags & tcp.FIN))
            if header.flags & tcp.SYN and flow.unanchored:
                flow.anchor(header.sequence, 0)
                stamp = tcp.parse_options(header.options).timestamp
                if stamp is not None:
                    flow.first_stamp = 100, stamp[0], lab.world.now

    for line in script.lines:
        when = line.time
        lab.advance(UNTIL_EXPECTED if when.kind == "any" else when.start if when.kind == "relative" else 977)
        look()
        event = line.event
        if isinstance(event, TcpPacket) and not event.inbound and "S" not in event.flags:
            for flow in flows.values():
                flow.expected = max(flow.expected, event.span.last + ("F" in event.flags))
        if not isinstance(event, ScriptPacket) or not event.inbound:
            continue
        port = event.addresses[0][1] if isinstance(event, TcpPacket) and event.addresses else 40_001
        flow = flows.setdefault(port, kind(port, full))
        if isinstance(event, TcpPacket):
            if "S" in event.flags:
                flow.remote_isn = event.span.first
                flow.unanchored = flow.unanchored or "." not in event.flags
            packet = packets.build_tcp(flow.usual(event), flow)
        else:
            assert isinstance(event, IcmpPacket)
            packet = packets.build_icmp(event, flow, HOST_ADDRESS)
        lab.inject(ethernet.build(YOUR_MAC, HOST_MAC, ethernet.TYPE_IPV4, packet))
        look()
    for wait in (1_000, 250_000, 1_500_000, 30_000_000, 90_000_000):
        lab.advance(wait)
        look()
    return log


@pytest.mark.parametrize("kind", [Bytes, Once, Usual])
@pytest.mark.parametrize("path", SERVED, ids=lambda path: str(path.relative_to(DRILL)))
def test_packet_scripts(path: Path, kind: type[Bytes]) -> None:
    """Whatever a packet script sends to a server, each way does the same with it."""
    script = served(path)
    assert script is not None
    knobs = {name.replace(".", "_", 1): value for name, value in knobs_of(script, Wishes()).items()}
    slow = Laboratory(5, script.profile, **knobs, tcp_fast_path="off")
    expected = told(slow, script, kind)
    theirs = state(slow)
    device = DeviceLaboratory(5, script.profile, **knobs)
    for lab in (Laboratory(5, script.profile, **knobs), device):
        assert told(lab, script, kind) == expected
        ours = state(lab)
        differ = {key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key)}
        assert {key: (ours.get(key), theirs.get(key)) for key in differ} == {}
    device.close()


def test_there_are_packet_scripts_enough() -> None:
    """Most of them find a host that takes the short way first, and so have it left."""
    assert len(SERVED) >= 60
    short = 0
    for path in SERVED:
        script = served(path)
        assert script is not None
        lab = Laboratory(5)
        most = [0]
        told(lab, script, Usual, most)
        short += most[0]
    assert short >= len(SERVED) * 2 // 3

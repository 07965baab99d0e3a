"""A laboratory: one host and nobody else. Inject frames, let time pass, read what it sent and when.

    lab = Laboratory()
    lab.inject_tcp(flags="S", seq=1000, to=80, options=build_options(mss=1460))
    frame = lab.sent()[0]                # the SYN,ACK
    lab.advance(1_000_000)               # a second later ...
    lab.sent()                           # ... it comes again
"""

from __future__ import annotations

from aether.host import Host
from aether.knobs import find, parse, profile
from aether.lab import HOST_ADDRESS, HOST_MAC, LINK, PREFIX, YOU, YOUR_ADDRESS, YOUR_MAC, serve
from aether.net.neighbours import REACHABLE, Neighbour
from aether.wire import ethernet, ipv4, tcp
from aether.wire.address import parse_ip
from aether.world import World

FLAGS = {"F": tcp.FIN, "S": tcp.SYN, "R": tcp.RST, "P": tcp.PSH, "A": tcp.ACK, "U": tcp.URG, "E": tcp.ECE, "C": tcp.CWR}


class Laboratory:
    """One host, `you`, whose only neighbour is whoever injects frames."""

    def __init__(self, seed: int = 0, profile_name: str = "modern", **knobs: str) -> None:
        """Knobs by attribute name, values as a person writes them: ``tcp_time_wait="1s"``."""
        self.world = World(seed)
        self.host = Host(YOU, profile(profile_name))
        for attribute, text in knobs.items():
            knob = find(attribute.replace("_", ".", 1))
            self.host.turn(knob.attribute, parse(knob, text))
        self.ours, self.theirs = parse_ip(YOUR_ADDRESS), parse_ip(HOST_ADDRESS)
        self.interface = self.host.add_interface(YOUR_MAC, self.ours, PREFIX)
        self.world.add_host(self.host)
        self.world.add_link(LINK, self.host, None)
        self.interface.neighbours.entries[self.theirs] = neighbour = Neighbour(self.theirs)
        neighbour.mac, neighbour.state = HOST_MAC, REACHABLE
        serve(self.host)

    def inject(self, frame: bytes) -> None:
        """Let a frame arrive now."""
        self.world.feed(frame)
        self.world.step(self.world.now)

    def inject_ip(self, protocol: int, payload: bytes, **header: int) -> None:
        """Let an IPv4 packet from the neighbour arrive now."""
        packet = ipv4.build(self.theirs, self.ours, protocol, payload, **header)  # type: ignore[arg-type]
        self.inject(ethernet.build(YOUR_MAC, HOST_MAC, ethernet.TYPE_IPV4, packet))

    def inject_tcp(
        self, flags: str, seq: int, ack: int = 0, *, to: int = 80, port: int = 40_000, window: int = 65_535,
        options: bytes = b"", payload: bytes = b"", urgent: int = 0, **header: int,
    ) -> None:
        """Let a segment from the neighbour's `port` arrive now; `flags` as letters, numbers as on the wire."""
        bits = 0
        for letter in flags.replace(".", ""):
            bits |= FLAGS[letter]
        segment = tcp.build(
            self.theirs, self.ours, port, to, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, bits, window, options, payload, urgent
        )
        self.inject_ip(ipv4.PROTO_TCP, segment, **header)

    def advance(self, microseconds: int) -> None:
        """Let time pass, and every timer that is due meanwhile fire."""
        end = self.world.now + microseconds
        while self.world.step(end):
            pass
        self.world.advance(end)
        self.host.now = end

    def sent(self) -> list[bytes]:
        """Return the frames that the host has sent since the last call."""
        frames, self.world.wire_out = self.world.wire_out, []
        return frames

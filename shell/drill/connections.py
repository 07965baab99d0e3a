"""The connections of a script: which one a packet belongs to, and where its numbers begin."""

from __future__ import annotations

from shell.drill import packets
from shell.drill.flows import FIRST_REMOTE_PORT, ScriptFlow
from shell.drill.script import ScriptOptions, ScriptPacket, TcpPacket, UdpPacket


class Connections:
    """All that a play has seen so far."""

    def __init__(self, options: ScriptOptions) -> None:
        self.options = options
        self.known: list[ScriptFlow] = []
        self.current: ScriptFlow | None = None
        """The connection that lines without addresses are about."""

    def or_default(self) -> ScriptFlow:
        """Return the connection of lines without addresses."""
        if self.current is None:
            self.current = self.open(self.options.bind_port, FIRST_REMOTE_PORT)
        return self.current

    def open(self, local_port: int, remote_port: int, local_ip: str = "", remote_ip: str = "") -> ScriptFlow:
        """Return a new connection, between the script's own addresses unless others are given."""
        options = self.options
        flow = ScriptFlow(local_ip or options.local_ip, local_port, remote_ip or options.remote_ip, remote_port)
        self.known.append(flow)
        return flow

    def of_ours(self, packet: TcpPacket | UdpPacket) -> ScriptFlow:
        """Return the connection of a packet that we send; one that begins it opens it."""
        if packet.addresses is not None:
            remote, local = packet.addresses
            flow = self.between(local, remote) or self.open(local[1], remote[1], local[0], remote[0])
        else:
            flow = self.or_default()
        if isinstance(packet, TcpPacket) and "S" in packet.flags:
            flow.remote_isn = packet.span.first
            if "." not in packet.flags:
                flow.unanchored = True
        return flow

    def between(self, local: tuple[str, int], remote: tuple[str, int]) -> ScriptFlow | None:
        """Return the latest connection between these ends, each an address and a port."""
        for flow in reversed(self.known):
            if (flow.local_ip, flow.local_port, flow.remote_ip, flow.remote_port) == (*local, *remote):
                return flow
        return None

    def of(self, seen: packets.ReadPacket) -> ScriptFlow | None:
        """Return the connection that the host has sent a packet of."""
        return self.between(seen.source, seen.destination)

    def expected(self, packet: ScriptPacket, seen: packets.ReadPacket) -> ScriptFlow:
        """Return the connection that a line expects, whose port the host may choose with the packet that came."""
        addresses = getattr(packet, "addresses", None)
        if addresses is not None:
            local, remote = addresses
            return self.between(local, remote) or self.open(local[1], remote[1], local[0], remote[0])
        flow = self.or_default()
        if seen.fragment and flow.local_port == 0 and seen.ip is not None and seen.ip.fragment_offset == 0:
            flow.local_port = int.from_bytes(seen.payload[:2], "big")
        to = flow.remote_ip, flow.remote_port
        if flow.local_port == 0 and seen.destination == to and seen.source[0] == flow.local_ip:
            flow.local_port = seen.source[1]
        return flow

    def anchor(self, flow: ScriptFlow, packet: TcpPacket, seen: packets.ReadPacket) -> None:
        """Let the host's SYN say where it counts from."""
        header = seen.tcp
        assert header is not None
        if flow.unanchored and header.flags & 2 and "S" in packet.flags and self.of(seen) is flow:
            flow.anchor(header.sequence, packet.span.first)

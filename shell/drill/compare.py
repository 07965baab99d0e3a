"""What came, held against what a script expects: field by field."""

from __future__ import annotations

from aether.wire import tcp
from shell.drill import options
from shell.drill.flows import MASK, ScriptFlow, pattern
from shell.drill.icmp import show_icmp
from shell.drill.packets import ECN_BITS, Difference, ReadPacket, flag_bits, scripted_options, show_flags, whole_udp
from shell.drill.script import IcmpPacket, IpFields, ScriptPacket, TcpOption, TcpPacket, UdpPacket


class Compared:
    """Collects fields that were compared."""

    def __init__(self) -> None:
        self.fields: list[Difference] = []

    def field(self, name: str, expected: object, got: object, same: bool | None = None) -> None:
        """Note a field; it differs unless both are equal, or it is said to be the `same`."""
        differs = expected != got if same is None else not same
        self.fields.append(Difference(name, str(expected), str(got), differs))

    @property
    def differs(self) -> bool:
        """Whether any field does."""
        return any(each.differs for each in self.fields)


def compare(packet: ScriptPacket, seen: ReadPacket, flow: ScriptFlow, tick: int, tolerance: int) -> Compared:
    """Hold a packet that the host has sent against a line; times are not looked at.

    `tick` is the microseconds of a step of the host's timestamp clock (0: that is not looked at), `tolerance` how many
    microseconds it may be wrong.
    """
    found = Compared()
    expected = {TcpPacket: "tcp", UdpPacket: "udp", IcmpPacket: "icmp"}[type(packet)]
    if seen.kind != expected:
        found.field("protocol", expected, seen.kind)
        return found
    wants_fragment = packet.ip.fragment is not None
    if seen.fragment or wants_fragment:
        _fragments(found, packet, seen, flow, wants_fragment)
        _ip(found, packet.ip, seen)
        return found
    if seen.problem:
        found.field("checksum" if "checksum" in seen.problem else "packet", "right", seen.problem)
    if isinstance(packet, TcpPacket) and seen.tcp is not None:
        _tcp(found, packet, seen, seen.tcp, flow, tick, tolerance)
    elif isinstance(packet, UdpPacket):
        _ports(found, packet.addresses, seen, flow)
        found.field("length", packet.length, len(seen.data))
        if len(seen.data) == packet.length:
            _data(found, pattern(0, packet.length), seen.data)
    elif isinstance(packet, IcmpPacket):
        _icmp(found, packet, seen)
    _ip(found, packet.ip, seen)
    return found


def _ports(
    found: Compared, addresses: tuple[tuple[str, int], tuple[str, int]] | None, seen: ReadPacket, flow: ScriptFlow,
) -> None:
    expected = addresses or ((flow.local_ip, flow.local_port), (flow.remote_ip, flow.remote_port))
    got = seen.source, seen.destination
    if flow.local_port == 0 and addresses is None:
        expected = (flow.local_ip, got[0][1]), expected[1]
    for name, wanted, came in zip(("source", "destination"), expected, got, strict=True):
        if wanted != came:
            found.field(name, f"{wanted[0]}:{wanted[1]}", f"{came[0]}:{came[1]}")


def _tcp(
    found: Compared, packet: TcpPacket, seen: ReadPacket, header: tcp.TcpHeader, flow: ScriptFlow, tick: int,
    tolerance: int,
) -> None:
    _ports(found, packet.addresses, seen, flow)
    flags = flag_bits(packet.flags)
    found.field("flags", show_flags(flags), show_flags(header.flags))
    seq, length = flow.scripted(header.sequence), len(seen.data)
    found.field("seq", _span(packet.span.first, packet.span.length), _span(seq, length))
    if header.flags & tcp.ACK or packet.ack is not None:
        came = str(header.acknowledgement) if header.flags & tcp.ACK else "none"
        found.field("ack", "none" if packet.ack is None else str(packet.ack), came)
    if packet.window is not None:
        found.field("win", packet.window, header.window)
    if packet.urgent is not None or header.flags & tcp.URG:
        found.field("urg", packet.urgent or 0, header.urgent)
    if packet.options is not None:
        _options(found, packet.options, header.options, seen.sent.time, flow, tick, tolerance)
    if length and length == packet.span.length and seq == packet.span.first:
        _data(found, flow.payload_of_host(seq, length, bool(header.flags & tcp.SYN)), seen.data)


def _span(seq: int, length: int) -> str:
    return f"{seq}:{(seq + length) & MASK}({length})"


def _data(found: Compared, expected: bytes, got: bytes) -> None:
    if expected == got:
        return
    at = next((index for index, (a, b) in enumerate(zip(expected, got, strict=False)) if a != b), len(expected))
    found.field("payload", f"what was written: {expected[at:at + 8].hex(' ') or 'nothing'} at byte {at}",
                f"{got[at:at + 8].hex(' ') or 'nothing'}")


def _options(
    found: Compared, wanted: tuple[TcpOption, ...], raw: bytes, time: int, flow: ScriptFlow, tick: int,
    tolerance: int,
) -> None:
    live = options.decode(raw)
    stamp = next((each for each in live if each.name == "timestamp" and len(each.values) == 2), None)
    mine = next((each for each in wanted if each.name == "timestamp"), None)
    if stamp is not None and mine is not None:
        _take_stamp(mine.values[0], stamp.values[0], time, flow)
    came = scripted_options(raw, flow)
    shown = f"<{options.show(wanted)}>", f"<{options.show(came)}>"
    found.field("options", *shown, list(wanted) == came)
    first = flow.first_stamp
    if tick and stamp is not None and first is not None:
        passed = (stamp.values[0] - first[1]) & MASK
        expected = (time - first[2]) // tick
        if abs(passed - expected) * tick > tolerance + tick:
            found.field("TS val", f"{first[0] + expected} by its clock", flow.stamp(stamp.values[0]))


def _take_stamp(script: int, live: int, time: int, flow: ScriptFlow) -> None:
    """Note what a timestamp of the script is on the wire, where it was not known."""
    if script not in flow.stamps and live not in flow.stamps.values():
        flow.stamps[script] = live
        if flow.first_stamp is None:
            flow.first_stamp = script, live, time


def _icmp(found: Compared, packet: IcmpPacket, seen: ReadPacket) -> None:
    kind, code, rest = seen.icmp
    found.field("icmp", show_icmp(packet.type, packet.code), show_icmp(kind, code))
    if (kind, code) != (packet.type, packet.code):
        return
    if kind in (0, 8):
        found.field("id", packet.identifier, rest >> 16)
        found.field("seq", packet.sequence, rest & 0xFFFF)
        found.field("length", packet.length, len(seen.data))
        if len(seen.data) == packet.length:
            _data(found, pattern(0, packet.length), seen.data)
    elif packet.mtu or rest & 0xFFFF:
        found.field("mtu", packet.mtu, rest & 0xFFFF)


def _fragments(found: Compared, packet: ScriptPacket, seen: ReadPacket, flow: ScriptFlow, wanted: bool) -> None:
    header = seen.ip
    assert header is not None
    start, end = header.fragment_offset, header.fragment_offset + len(seen.payload)
    came = f"bytes {start}:{end}" + (" and more" if header.more_fragments else " and no more")
    if not wanted or packet.ip.fragment is None:
        found.field("fragment", "a whole packet", came if seen.fragment else "a whole packet")
        return
    first, last = packet.ip.fragment
    whole = whole_udp(packet, flow) if isinstance(packet, UdpPacket) else None
    more = packet.ip.more_fragments or (whole is not None and last < len(whole))
    said = f"bytes {first}:{last}" + (" and more" if more else " and no more")
    found.field("fragment", said, came if seen.fragment else "a whole packet")
    if seen.fragment and whole is not None and (start, end) == (first, last):
        _data(found, whole[first:last], seen.payload)


def _ip(found: Compared, wanted: IpFields, seen: ReadPacket) -> None:
    header = seen.ip
    if header is None:
        return
    if wanted.ecn:
        names = {bits: name for name, bits in ECN_BITS.items()}
        came = names[header.tos & 3]
        found.field("ecn", wanted.ecn, came, wanted.ecn == came or (wanted.ecn == "ect01" and came in ("ect0", "ect1")))
    for name, value, came_value in (
        ("tos", wanted.tos, header.tos), ("ttl", wanted.ttl, header.ttl),
        ("id", wanted.identification, header.identification), ("df", wanted.dont_fragment, header.dont_fragment),
    ):
        if value is not None:
            found.field(name, value, came_value)

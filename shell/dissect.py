"""A frame taken apart: every header, every field, where it stands and what it says.

Names are those that filter expressions use. Whatever is malformed ends the walk with the
reason; what could be read before it is still shown.
"""

from __future__ import annotations

from aether.wire import arp, ethernet, icmp, igmp, ipv4, tcp, udp
from aether.wire.address import show_ip, show_mac
from aether.wire.checksum import checksum, transport_checksum_ok
from aether.wire.error import WireError
from shell.results import Field, Layer
from shell.summary import Flows, icmp_name, igmp_name
from shell.views.escape import printable_bytes

_TYPES = {ethernet.TYPE_IPV4: "IPv4", ethernet.TYPE_ARP: "ARP", ethernet.TYPE_IPV6: "IPv6"}
_PROTOCOLS = {ipv4.PROTO_ICMP: "ICMP", ipv4.PROTO_IGMP: "IGMP", ipv4.PROTO_TCP: "TCP", ipv4.PROTO_UDP: "UDP"}
_FLAG_NAMES = (
    (tcp.FIN, "FIN"), (tcp.SYN, "SYN"), (tcp.RST, "RST"), (tcp.PSH, "PSH"), (tcp.ACK, "ACK"), (tcp.URG, "URG"),
    (tcp.ECE, "ECE"), (tcp.CWR, "CWR"),
)


def dissect(frame: bytes, flows: Flows | None = None) -> list[Layer]:
    """Take a frame apart, outermost header first."""
    return _Dissection(frame, flows or Flows()).layers


class _Dissection:
    def __init__(self, frame: bytes, flows: Flows) -> None:
        self.frame = frame
        self.flows = flows
        self.layers: list[Layer] = []
        self._ethernet()

    def _layer(self, key: str, name: str, offset: int, length: int, summary: str) -> Layer:
        layer = Layer(key, name, offset, length, summary)
        self.layers.append(layer)
        return layer

    def _malformed(self, key: str, name: str, offset: int, end: int, problem: WireError) -> None:
        layer = self._layer(key, name, offset, max(end - offset, 0), "malformed")
        layer.problem = f"{problem.reason}: {problem.detail}" if problem.detail else problem.reason

    def _data(self, offset: int, end: int) -> None:
        if end > offset:
            data = self.frame[offset:end]
            shown = printable_bytes(data[:16]) + ("…" if len(data) > 16 else "")
            layer = self._layer("d", "data", offset, len(data), f"{len(data)} bytes")
            layer.fields.append(Field("data", "bytes", offset, len(data), shown))

    def _padding(self, end: int) -> None:
        if end < len(self.frame):
            length = len(self.frame) - end
            self._layer("p", "padding", end, length, f"{length} bytes after the packet")

    def _ethernet(self) -> None:
        frame = self.frame
        try:
            destination, source, kind = ethernet.parse(frame)
        except WireError as problem:
            self._malformed("e", "eth", 0, len(frame), problem)
            return
        name = _TYPES.get(kind, f"0x{kind:04x}")
        to, sender = show_mac(bytes(destination)), show_mac(bytes(source))
        layer = self._layer("e", "eth", 0, 14, f"{sender} > {to}  {name}")
        layer.fields += [
            Field("eth.dst", "destination", 0, 6, to), Field("eth.src", "source", 6, 6, sender),
            Field("eth.type", "type", 12, 2, f"0x{kind:04x} {_TYPES.get(kind, '')}".strip()),
        ]
        if kind == ethernet.TYPE_IPV4:
            self._ipv4(14)
        elif kind == ethernet.TYPE_ARP:
            self._arp(14)
        else:
            self._data(14, len(frame))

    def _arp(self, start: int) -> None:
        try:
            packet = arp.parse(memoryview(self.frame)[start:])
        except WireError as problem:
            self._malformed("a", "arp", start, len(self.frame), problem)
            return
        sender, target = show_ip(packet.sender_ip), show_ip(packet.target_ip)
        asks = packet.operation == arp.REQUEST
        summary = f"who has {target}? tell {sender}" if asks else f"{sender} is at {show_mac(packet.sender_mac)}"
        layer = self._layer("a", "arp", start, 28, summary)
        layer.fields += [
            Field("arp.hw.type", "hardware", start, 2, "1 (Ethernet)"),
            Field("arp.proto.type", "protocol", start + 2, 2, "0x0800 (IPv4)"),
            Field("arp.hw.size", "hardware size", start + 4, 1, "6"),
            Field("arp.proto.size", "protocol size", start + 5, 1, "4"),
            Field("arp.opcode", "operation", start + 6, 2, "1 (request)" if asks else f"{packet.operation} (reply)"),
            Field("arp.src.hw_mac", "sender's MAC", start + 8, 6, show_mac(packet.sender_mac)),
            Field("arp.src.proto_ipv4", "sender's IP", start + 14, 4, sender),
            Field("arp.dst.hw_mac", "target's MAC", start + 18, 6, show_mac(packet.target_mac)),
            Field("arp.dst.proto_ipv4", "target's IP", start + 24, 4, target),
        ]
        self._padding(start + 28)

    def _ipv4(self, start: int) -> None:
        body = memoryview(self.frame)[start:]
        problem = ""
        try:
            header = ipv4.parse(body)
        except WireError as error:
            problem = f"{error.reason}: {error.detail}" if error.detail else error.reason
            try:
                header = ipv4.parse(body, verify=False)
            except WireError:
                self._malformed("i", "ip", start, len(self.frame), error)
                return
        source, destination = show_ip(header.source), show_ip(header.destination)
        good = checksum(body[:header.header_length]) == 0
        verdict = "ok" if good else "WRONG"
        name = _PROTOCOLS.get(header.protocol, str(header.protocol))
        layer = self._layer(
            "i", "ip", start, header.header_length,
            f"{source} > {destination}  {name}  ttl {header.ttl}  checksum {verdict}")
        layer.problem = problem
        flags = [text for text, on in (("DF", header.dont_fragment), ("MF", header.more_fragments)) if on]
        layer.fields += [
            Field("ip.version", "version", start, 1, "4"),
            Field("ip.hdr_len", "header length", start, 1, f"{header.header_length} bytes"),
            Field("ip.dsfield", "type of service", start + 1, 1, f"0x{header.tos:02x}"),
            Field("ip.len", "total length", start + 2, 2, f"{header.total_length} bytes"),
            Field("ip.id", "identification", start + 4, 2, f"0x{header.identification:04x}"),
            Field("ip.flags", "flags", start + 6, 1, ",".join(flags) or "none"),
            Field("ip.frag_offset", "fragment offset", start + 6, 2, f"{header.fragment_offset} bytes"),
            Field("ip.ttl", "time to live", start + 8, 1, str(header.ttl)),
            Field("ip.proto", "protocol", start + 9, 1, f"{header.protocol} ({name})"),
            Field("ip.checksum", "header checksum", start + 10, 2, f"0x{header.checksum:04x} {verdict}"),
            Field("ip.src", "source", start + 12, 4, source),
            Field("ip.dst", "destination", start + 16, 4, destination),
        ]
        if header.options:
            layer.fields.append(
                Field("ip.options", "options", start + 20, len(header.options), bytes(header.options).hex(" ")))
        end = min(start + header.total_length, len(self.frame))
        inner = start + header.header_length
        if header.fragment_offset or header.more_fragments:
            self._data(inner, end)
        elif header.protocol == ipv4.PROTO_TCP:
            self._tcp(inner, end, header)
        elif header.protocol == ipv4.PROTO_UDP:
            self._udp(inner, end, header)
        elif header.protocol == ipv4.PROTO_ICMP:
            self._icmp(inner, end)
        elif header.protocol == ipv4.PROTO_IGMP:
            self._igmp(inner, end)
        else:
            self._data(inner, end)
        self._padding(end)

    def _tcp(self, start: int, end: int, packet: ipv4.Ipv4Header) -> None:
        segment = memoryview(self.frame)[start:end]
        try:
            header = tcp.parse(segment)
        except WireError as problem:
            self._malformed("t", "tcp", start, end, problem)
            return
        ports = header.source_port, header.destination_port
        good = transport_checksum_ok(packet.source, packet.destination, ipv4.PROTO_TCP, segment)
        names = ",".join(name for bit, name in _FLAG_NAMES if header.flags & bit) or "none"
        relative = self.flows.relative(packet.source, packet.destination, ports, header.sequence)
        back = self.flows.relative(packet.destination, packet.source, ports[::-1], header.acknowledgement)
        layer = self._layer("t", "tcp", start, header.header_length, f"{ports[0]} > {ports[1]}  {names}")
        layer.fields += [
            Field("tcp.srcport", "source port", start, 2, str(ports[0])),
            Field("tcp.dstport", "destination port", start + 2, 2, str(ports[1])),
            Field("tcp.seq", "sequence", start + 4, 4, _counted(relative, header.sequence)),
            Field("tcp.ack", "acknowledgement", start + 8, 4,
                  _counted(back, header.acknowledgement) if header.flags & tcp.ACK else "not used"),
            Field("tcp.hdr_len", "header length", start + 12, 1, f"{header.header_length} bytes"),
            Field("tcp.flags", "flags", start + 13, 1, names),
            Field("tcp.window_size_value", "window", start + 14, 2, f"{header.window} (before scaling)"),
            Field("tcp.checksum", "checksum", start + 16, 2, f"0x{header.checksum:04x} {'ok' if good else 'WRONG'}"),
            Field("tcp.urgent_pointer", "urgent pointer", start + 18, 2, str(header.urgent)),
        ]
        layer.fields += _tcp_options(bytes(header.options), start + 20)
        self._data(start + header.header_length, end)

    def _udp(self, start: int, end: int, packet: ipv4.Ipv4Header) -> None:
        body = memoryview(self.frame)[start:end]
        try:
            header = udp.parse(body, packet.source, packet.destination, verify=False)
        except WireError as problem:
            self._malformed("u", "udp", start, end, problem)
            return
        if header.checksum == 0:
            verdict = "not used"
        else:
            good = transport_checksum_ok(packet.source, packet.destination, ipv4.PROTO_UDP, body[:header.length])
            verdict = f"0x{header.checksum:04x} {'ok' if good else 'WRONG'}"
        layer = self._layer(
            "u", "udp", start, 8, f"{header.source_port} > {header.destination_port}  {header.length - 8} bytes")
        layer.fields += [
            Field("udp.srcport", "source port", start, 2, str(header.source_port)),
            Field("udp.dstport", "destination port", start + 2, 2, str(header.destination_port)),
            Field("udp.length", "length", start + 4, 2, f"{header.length} bytes"),
            Field("udp.checksum", "checksum", start + 6, 2, verdict),
        ]
        self._data(start + 8, start + header.length)

    def _igmp(self, start: int, end: int) -> None:
        body = memoryview(self.frame)[start:end]
        try:
            message = igmp.parse(body)
        except WireError as problem:
            self._malformed("g", "igmp", start, end, problem)
            return
        layer = self._layer("g", "igmp", start, 8, igmp_name(message))
        layer.fields += [
            Field("igmp.type", "type", start, 1, f"0x{message.type:02x} ({igmp.NAMES.get(message.type, 'unknown')})"),
            Field("igmp.max_resp", "time to answer", start + 1, 1, f"{message.max_response / 10:g} s"),
            Field("igmp.checksum", "checksum", start + 2, 2, f"0x{int.from_bytes(body[2:4], 'big'):04x} ok"),
            Field("igmp.maddr", "group", start + 4, 4, show_ip(message.group)),
        ]
        self._data(start + 8, end)

    def _icmp(self, start: int, end: int) -> None:
        body = memoryview(self.frame)[start:end]
        try:
            message = icmp.parse(body, verify=False)
        except WireError as problem:
            self._malformed("c", "icmp", start, end, problem)
            return
        verdict = "ok" if checksum(body) == 0 else "WRONG"
        layer = self._layer("c", "icmp", start, 8, icmp_name(message.type, message.code))
        layer.fields += [
            Field("icmp.type", "type", start, 1, f"{message.type} ({icmp_name(message.type, -1)})"),
            Field("icmp.code", "code", start + 1, 1, str(message.code)),
            Field("icmp.checksum", "checksum", start + 2, 2, f"0x{int.from_bytes(body[2:4], 'big'):04x} {verdict}"),
        ]
        if message.type in (0, 8):
            layer.fields += [
                Field("icmp.ident", "identifier", start + 4, 2, str(message.identifier)),
                Field("icmp.seq", "sequence", start + 6, 2, str(message.sequence)),
            ]
        elif (message.type, message.code) == (icmp.DESTINATION_UNREACHABLE, icmp.FRAGMENTATION_NEEDED):
            layer.fields.append(Field("icmp.mtu", "MTU of the next hop", start + 6, 2, str(message.rest & 0xFFFF)))
        elif message.type == icmp.REDIRECT:
            gateway = show_ip(message.rest.to_bytes(4, "big"))
            layer.fields.append(Field("icmp.redir_gw", "better gateway", start + 4, 4, gateway))
        self._data(start + 8, end)


def _counted(relative: int, absolute: int) -> str:
    return str(absolute) if relative == absolute else f"{relative} (on the wire {absolute})"


_OPTIONS = {
    0: ("tcp.options.eol", "end of options"), 1: ("tcp.options.nop", "padding"),
    2: ("tcp.options.mss_val", "maximum segment size"), 3: ("tcp.options.wscale.shift", "window scale"),
    4: ("tcp.options.sack_perm", "SACK permitted"), 5: ("tcp.options.sack", "selective acknowledgement"),
    8: ("tcp.options.timestamp", "timestamp"),
}


def _tcp_options(raw: bytes, start: int) -> list[Field]:
    """Take TCP options apart, each where it stands; what is malformed ends the walk with the reason."""
    try:
        tcp.parse_options(raw)
    except WireError as problem:
        text = f"malformed: {problem.detail or problem.reason}"
        return [Field("tcp.options", "options", start, len(raw), f"{raw.hex(' ')} ({text})")]
    found = []
    at = 0
    while at < len(raw):
        kind = raw[at]
        length = raw[at + 1] if kind > 1 else 1
        name, label = _OPTIONS.get(kind, ("tcp.option_kind", f"option {kind}"))
        found.append(Field(name, label, start + at, length, _option_text(kind, raw[at + 2:at + length])))
        if kind == 0:
            break
        at += length
    return found


def _option_text(kind: int, value: bytes) -> str:
    """Say what a TCP option says."""
    words = [str(int.from_bytes(value[index:index + 4], "big")) for index in range(0, len(value), 4)]
    if kind in (0, 1, 4):
        return _OPTIONS[kind][1]
    if kind == 2:
        return f"{int.from_bytes(value, 'big')} bytes"
    if kind == 3:
        return f"{value[0]} (times {1 << value[0] if value[0] < 15 else 'too much'})"
    if kind == 5:
        return ", ".join(f"{left}-{right}" for left, right in zip(words[::2], words[1::2], strict=False))
    if kind == 8:
        return f"{words[0]}, echo {words[1]}"
    return f"option {kind}: {value.hex(' ')}"

"""What is remarkable about a frame, as Wireshark's expert says it: by severity and group, in its words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from aether.reading import analysis
from aether.reading.context import Context
from aether.reading.flow import ACK, FIN, RST, SYN
from aether.reading.ip import BAD, options
from aether.reading.layout import Field
from aether.reading.measures import Measurements
from aether.reading.packet import Dissected, Transport
from aether.reading.protocols import INSIDE
from aether.reading.tcp_options import has_mss
from aether.reading.tree import ReadLayer, Tree
from aether.wire.tcp import OPTION_FAST_OPEN

CHAT, NOTE, WARNING, ERROR = 0x200000, 0x400000, 0x600000, 0x800000
CHECKSUM, SEQUENCE, MALFORMED, PROTOCOL = 0x01000000, 0x02000000, 0x07000000, 0x09000000
SEVERITIES = {"chat": CHAT, "note": NOTE, "warning": WARNING, "warn": WARNING, "error": ERROR}
GROUPS = {"checksum": CHECKSUM, "sequence": SEQUENCE, "malformed": MALFORMED, "protocol": PROTOCOL}
CHECKED = ("ip", "tcp", "udp", "icmp", "igmp")
"""Protocols with a checksum."""
LOOKED_AT = frozenset((*(f"{name}.checksum.status" for name in CHECKED), "ip.ttl", "ip.dst", "http.response.code",
                       "http.request.method", "http.first_line"))
LOW_TTL = 5
"""What has fewer hops left is remarked."""
FRAGMENT = 0x3FFF
"""More fragments, and the offset of this one."""
LOCAL_BLOCK = b"\xe0\x00\x00"
"""224.0.0.0/24: what is sent there stays on the link."""
LOCAL_TTL = {18: 255, 102: 255, 251: 0}
"""The TTL there by the last byte of the address, where it is not 1; 0 for any."""


class ExpertInfo(NamedTuple):
    """What is said of a frame."""

    severity: int
    group: int
    protocol: str
    """Of which protocol it is said, by the name that expressions have for it."""
    message: str
    expression: str
    """Selects the frames of which it is said."""


VERDICTS = (
    (analysis.LOST_SEGMENT, WARNING, "Previous segment(s) not captured (common at capture start)", "lost_segment"),
    (analysis.ACK_LOST_SEGMENT, WARNING, "ACKed segment that wasn't captured (common at capture start)",
     "ack_lost_segment"),
    (analysis.OUT_OF_ORDER, WARNING, "This frame is a (suspected) out-of-order segment", "out_of_order"),
    (analysis.WINDOW_FULL, WARNING, "TCP window specified by the receiver is now completely full", "window_full"),
    (analysis.ZERO_WINDOW, WARNING, "TCP Zero Window segment", "zero_window"),
    (analysis.FAST_RETRANSMISSION, NOTE, "This frame is a (suspected) fast retransmission", "fast_retransmission"),
    (analysis.SPURIOUS_RETRANSMISSION, NOTE, "This frame is a (suspected) spurious retransmission",
     "spurious_retransmission"),
    (analysis.AGAIN & ~analysis.OUT_OF_ORDER, NOTE, "This frame is a (suspected) retransmission", "retransmission"),
    (analysis.ZERO_WINDOW_PROBE, NOTE, "TCP Zero Window Probe", "zero_window_probe"),
    (analysis.ZERO_WINDOW_PROBE_ACK, NOTE, "ACK to a TCP Zero Window Probe", "zero_window_probe_ack"),
    (analysis.KEEP_ALIVE, NOTE, "TCP keep-alive segment", "keep_alive"),
    (analysis.KEEP_ALIVE_ACK, NOTE, "ACK to a TCP keep-alive segment", "keep_alive_ack"),
    (analysis.WINDOW_UPDATE, CHAT, "TCP window update", "window_update"),
)
"""What is said of a segment beside those before it, and the field below `tcp.analysis` that says the same."""


class Looked(Tree):
    """The layers of a frame with their problems, and the values of those fields alone of which something is said."""

    def __init__(self, frame: bytes, context: Context | None) -> None:
        super().__init__(frame, context, INSIDE)
        self.found: dict[str, list[Any]] = {}
        self.read()

    def add(
        self, layer: ReadLayer, field: Field, offset: int, length: int, value: Any, words: str | None = None,
        label: str = "", part: bool | None = None,
    ) -> None:
        """Keep a value if something may be said of it."""
        if field.name in LOOKED_AT:
            self.found.setdefault(field.name, []).append(value)


def remarks(
    packet: Dissected, looked: Looked, measured: Measurements | None, exchange: Mapping[str, Sequence[Any]],
) -> Iterator[ExpertInfo]:
    """Give what there is to say of a frame."""
    found = looked.found
    yield from _headers(found)
    if exchange.get("arp.duplicate-address-frame"):
        yield ExpertInfo(WARNING, SEQUENCE, "arp", "Duplicate IP address configured", "arp.duplicate-address-detected")
    for what in ("request", "response"):
        name = f"dns.retransmit_{what}_in"
        for frame in exchange.get(name, ()):
            kind = "query" if what == "request" else what
            yield ExpertInfo(WARNING, PROTOCOL, "dns", f"DNS {kind} retransmission. Original {what} in frame {frame}",
                             f"{name} == {frame}")
    if packet.tcp and not packet.tcp[0].ip.quoted:
        yield from _segment(packet, packet.tcp[0], measured, exchange)
    elif packet.tcp:
        yield from _opening(packet, packet.tcp[0])
    codes, methods = iter(found.get("http.response.code", ())), iter(found.get("http.request.method", ()))
    for line in found.get("http.first_line", ()):
        selects = f"http.response.code == {next(codes)}" if line.startswith("HTTP/") else (
            f'http.request.method == "{next(methods)}"')
        yield ExpertInfo(CHAT, SEQUENCE, "http", line, selects)
    if any(ip.header[4] & FRAGMENT for ip in packet.ip):
        return  # it is shorter than its headers say, and rightly
    for layer in looked.layers:
        if ".truncated" in layer.problem and not layer.key.isupper():
            yield ExpertInfo(ERROR, MALFORMED, layer.name, "Malformed Packet (Exception occurred)",
                             f"{layer.name} and _ws.malformed")


def _headers(found: Mapping[str, Sequence[Any]]) -> Iterator[ExpertInfo]:
    """Give what is to be said of checksums and lifetimes."""
    for name in CHECKED:
        if BAD in found.get(f"{name}.checksum.status", ()):
            yield ExpertInfo(WARNING if name == "icmp" else ERROR, CHECKSUM, name, "Bad checksum",
                             f"{name}.checksum.status == 0")
    for ttl, target in zip(found.get("ip.ttl", ()), found.get("ip.dst", ()), strict=False):
        if target.startswith(LOCAL_BLOCK):
            right = LOCAL_TTL.get(target[3], 1)
            if right and ttl != right:
                yield ExpertInfo(NOTE, SEQUENCE, "ip", f'"Time To Live" != {right} for a packet sent to the Local '
                                 "Network Control Block (see RFC 3171)", f"ip.dst == 224.0.0.0/24 and ip.ttl == {ttl}")
        elif ttl < LOW_TTL and target[0] >> 4 != 0xE:
            yield ExpertInfo(NOTE, SEQUENCE, "ip", f'"Time To Live" only {ttl}', f"ip.ttl == {ttl}")


def _segment(
    packet: Dissected, segment: Transport, measured: Measurements | None, exchange: Mapping[str, Sequence[Any]],
) -> Iterator[ExpertInfo]:
    acknowledged, flags = segment.header[3:5]
    yield from _opening(packet, segment)
    if flags & FIN:
        yield _said(CHAT, "Connection finish (FIN)", "tcp.flags.fin == 1")
        first = "fin_active" if exchange.get("tcp.connection.fin_active") else "fin_passive"
        does = "initiates" if first == "fin_active" else "undergoes"
        yield _said(NOTE, f"This frame {does} the connection closing", f"tcp.connection.{first}")
    if flags & RST:
        yield _said(WARNING, "Connection reset (RST)", "tcp.flags.reset == 1")
    if acknowledged and not flags & ACK:
        yield _said(NOTE, "The acknowledgment number field is nonzero while the ACK flag is not set",
                    "tcp.flags.ack == 0 and tcp.ack_raw > 0", PROTOCOL)
    if measured is None:
        return
    for bits, severity, message, name in VERDICTS:
        if measured.remark.flags & bits:
            yield _said(severity, message, f"tcp.analysis.{name}")
    if measured.remark.duplicate:
        yield _said(NOTE, f"Duplicate ACK (#{measured.remark.duplicate})",
                    f"tcp.analysis.duplicate_ack_num == {measured.remark.duplicate}")
    if measured.reused:
        yield _said(NOTE, "A new tcp session is started with the same ports as an earlier session in this trace",
                    "tcp.analysis.reused_ports")


def _opening(packet: Dissected, segment: Transport) -> Iterator[ExpertInfo]:
    """Give what is to be said of a SYN; also of one that an ICMP error quotes."""
    source, target, _, _, flags = segment.header[:5]
    if flags & SYN:
        what = "acknowledge (SYN+ACK)" if flags & ACK else "request (SYN)"
        port = source if flags & ACK else target
        side = f"tcp.srcport == {source}" if flags & ACK else f"tcp.dstport == {target}"
        yield _said(CHAT, f"Connection establish {what}: server port {port}",
                    f"tcp.flags.syn == 1 and tcp.flags.ack == {int(bool(flags & ACK))} and {side}")
        if segment.payload > segment.start + 20 and not has_mss(packet.data, segment.start + 20, segment.payload):
            yield _said(NOTE, "The SYN packet does not contain a MSS option",
                        "tcp.flags.syn == 1 and tcp.options and not tcp.options.mss", PROTOCOL)
        behind = segment.start + 20
        for kind, at, length in options(packet.data, behind, segment.payload):
            behind = at + length if kind else segment.payload
            if kind == OPTION_FAST_OPEN and length > 2:
                yield _said(NOTE, "TCP SYN with TFO Cookie", "tcp.flags.syn == 1 and tcp.options.tfo")
        if behind < segment.payload:
            yield _said(NOTE, "option goes past end of options",
                        '_ws.expert.message == "option goes past end of options"')


def _said(severity: int, message: str, expression: str, group: int = SEQUENCE) -> ExpertInfo:
    return ExpertInfo(severity, group, "tcp", message, expression)

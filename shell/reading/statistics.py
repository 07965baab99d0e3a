"""Who talked to whom, in which protocols, how much over time, and what was odd: counted as `tshark -z` does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from aether.reading import analysis
from aether.reading.context import Conversation
from aether.reading.http import BODIES
from aether.reading.ip import BAD
from aether.reading.measures import Measurements, Measurer
from aether.reading.packet import Dissected, Transport, layers
from aether.reading.tcp_options import has_mss
from aether.reading.tree import ReadLayer
from aether.wire import tcp
from aether.wire.address import show_ip, show_mac
from shell.reading.frames import SeenFrame
from shell.results.statistics import ConversationRow, EndpointRow, ExpertRow, IoRow, ProtocolRow

KINDS = ("eth", "ip", "tcp", "udp")
FIRST = 10
"""Frames of a kind that are named."""
SEVERAL = ("dns", "http")
"""Protocols of which a segment may have several messages."""
SEVERITIES = ("error", "warning", "note", "chat")
"""The worst first."""


class Ends(NamedTuple):
    """Sender and receiver of a frame, and the conversation that it belongs to."""

    sender: str
    receiver: str
    key: object


def _eth(packet: Dissected, seen: SeenFrame) -> Ends | None:
    if not packet.ethernet:
        return None
    sender, receiver = packet.data[6:12], packet.data[:6]
    return Ends(show_mac(sender), show_mac(receiver), frozenset((sender, receiver)))


def _ip(packet: Dissected, seen: SeenFrame) -> Ends | None:
    if not packet.ip or packet.ip[0].quoted:
        return None
    sender, receiver = packet.ip[0].header[8:10]
    return Ends(show_ip(sender), show_ip(receiver), frozenset((sender, receiver)))


def _ports(layer: Transport, conversation: Conversation | None) -> Ends:
    sender, receiver = layer.ip.header[8:10]
    return Ends(f"{show_ip(sender)}:{layer.header[0]}", f"{show_ip(receiver)}:{layer.header[1]}", conversation)


def _transport(name: str) -> Callable[[Dissected, SeenFrame], Ends | None]:
    def ends(packet: Dissected, seen: SeenFrame) -> Ends | None:
        found: tuple[Transport, ...] = getattr(packet, name)
        if not found or found[0].ip.quoted:
            return None
        return _ports(found[0], None if seen.context is None else seen.context.conversation)
    return ends


ENDS: dict[str, Callable[[Dissected, SeenFrame], Ends | None]] = {
    "eth": _eth, "ip": _ip, "tcp": _transport("tcp"), "udp": _transport("udp")}


def _each(frames: Iterable[SeenFrame], kind: str) -> Iterator[tuple[SeenFrame, Ends]]:
    find = ENDS[kind]
    for seen in frames:
        found = find(Dissected(bytes(seen.data)), seen)
        if found is not None:
            yield seen, found


def conversations(frames: Iterable[SeenFrame], kind: str) -> list[ConversationRow]:
    """Return who talked to whom, the most frames first."""
    rows: dict[object, ConversationRow] = {}
    for seen, ends in _each(frames, kind):
        row = rows.get(ends.key)
        if row is None:
            row = rows[ends.key] = ConversationRow(ends.sender, ends.receiver, 0, 0, 0, 0, 0, 0, seen.time, 0)
        size = len(seen.data)
        row.frames += 1
        row.bytes += size
        row.duration_us = max(row.duration_us, seen.time - row.start_us)
        if ends.sender == row.left:
            row.frames_right += 1
            row.bytes_right += size
        else:
            row.frames_left += 1
            row.bytes_left += size
    return sorted(rows.values(), key=lambda row: -row.frames)


def endpoints(frames: Iterable[SeenFrame], kind: str) -> list[EndpointRow]:
    """Return who talked, the most frames first."""
    rows: dict[str, EndpointRow] = {}
    for seen, ends in _each(frames, kind):
        size = len(seen.data)
        sender = rows.setdefault(ends.sender, EndpointRow(ends.sender, 0, 0, 0, 0, 0, 0))
        receiver = rows.setdefault(ends.receiver, EndpointRow(ends.receiver, 0, 0, 0, 0, 0, 0))
        for row in (sender, receiver):
            row.frames += 1
            row.bytes += size
        sender.frames_sent += 1
        sender.bytes_sent += size
        receiver.frames_received += 1
        receiver.bytes_received += size
    return sorted(rows.values(), key=lambda row: -row.frames)


def protocols(frames: Iterable[SeenFrame]) -> list[ProtocolRow]:
    """Return which protocols are in which; what an ICMP error quotes is the error's own."""
    rows: dict[tuple[str, ...], ProtocolRow] = {}
    for seen in frames:
        path: tuple[str, ...] = ()
        for layer in layers(bytes(seen.data), seen.context):
            if layer.name == "padding" or layer.key.isupper():
                break
            if path[-1:] == (layer.name,) and layer.name in SEVERAL:
                continue  # another message in the same segment
            path = (*path, layer.name)
            row = rows.setdefault(path, ProtocolRow(list(path), 0, 0))
            row.frames += 1
            row.bytes += len(seen.data)
            if layer.name == "icmp":
                break
            body = body_of(layer) if layer.name == "http" else ""
            if body:
                row = rows.setdefault((*path, body), ProtocolRow([*path, body], 0, 0))
                row.frames += 1
                row.bytes += len(seen.data)
    # Each below the one that it is in, in the order in which they were seen first.
    order = {path: index for index, path in enumerate(rows)}
    below = {path: [order[path[:end]] for end in range(1, len(path) + 1)] for path in rows}
    return [rows[path] for path in sorted(rows, key=below.__getitem__)]


def body_of(layer: ReadLayer) -> str:
    """Return what Wireshark calls the body of a message of HTTP; empty without one."""
    values = {found.field.name: found.value for found in layer.fields}
    if not values.get("http.file_data"):
        return ""
    kind = values.get("http.content_type", "")
    return next((name for begins, name in BODIES if kind.startswith(begins)), "data")


def io(frames: Iterable[SeenFrame], interval: int) -> list[IoRow]:
    """Return how much went over the wire in each interval, in microseconds, from time 0 to the last frame."""
    found: dict[int, IoRow] = {}
    for seen in frames:
        index = seen.time // interval
        row = found.setdefault(index, IoRow(index * interval, 0, 0))
        row.frames += 1
        row.bytes += len(seen.data)
    last = max(found, default=-1)
    return [found.get(index) or IoRow(index * interval, 0, 0) for index in range(last + 1)]


def spread(frames: Iterable[SeenFrame], interval: int) -> int:
    """Return how many intervals there are."""
    return max((seen.time // interval for seen in frames), default=-1) + 1


VERDICTS = (
    ("warning", analysis.LOST_SEGMENT, "a segment before it was not seen", "tcp.analysis.lost_segment"),
    ("warning", analysis.ACK_LOST_SEGMENT, "acknowledges what was not seen", "tcp.analysis.ack_lost_segment"),
    ("warning", analysis.OUT_OF_ORDER, "out of order", "tcp.analysis.out_of_order"),
    ("warning", analysis.WINDOW_FULL, "the receiver's window is full", "tcp.analysis.window_full"),
    ("warning", analysis.ZERO_WINDOW, "the window is shut", "tcp.analysis.zero_window"),
    ("note", analysis.AGAIN & ~analysis.OUT_OF_ORDER, "sent again", "tcp.analysis.retransmission"),
    ("note", analysis.FAST_RETRANSMISSION, "sent again because of duplicate ACKs",
     "tcp.analysis.fast_retransmission"),
    ("note", analysis.SPURIOUS_RETRANSMISSION, "sent again in vain", "tcp.analysis.spurious_retransmission"),
    ("note", analysis.DUPLICATE_ACK, "a duplicate ACK", "tcp.analysis.duplicate_ack"),
    ("note", analysis.ZERO_WINDOW_PROBE, "a probe of a window that is shut", "tcp.analysis.zero_window_probe"),
    ("note", analysis.ZERO_WINDOW_PROBE_ACK, "the answer to such a probe", "tcp.analysis.zero_window_probe_ack"),
    ("note", analysis.KEEP_ALIVE, "a keepalive", "tcp.analysis.keep_alive"),
    ("note", analysis.KEEP_ALIVE_ACK, "the answer to a keepalive", "tcp.analysis.keep_alive_ack"),
    ("chat", analysis.WINDOW_UPDATE, "a window update", "tcp.analysis.window_update"),
)


class Expert:
    """Goes over frames, and remarks what is odd."""

    def __init__(self) -> None:
        self._measurer = Measurer()
        self._checksums = {name: _checksum_test(name) for name in ("ip", "tcp", "udp", "icmp", "igmp")}
        self._closing: dict[Conversation, str] = {}
        """Which end of a connection closed it first."""
        self.rows: dict[tuple[str, str, str], ExpertRow] = {}

    def look(self, seen: SeenFrame) -> None:
        """Take the next frame."""
        packet = Dissected(bytes(seen.data))
        for layer in layers(packet.data, seen.context):
            if layer.name in self._checksums and layer.key.islower() and self._checksums[layer.name](packet, seen):
                self.remark("warning" if layer.name == "icmp" else "error", layer.name, "the checksum is wrong",
                            f"{layer.name}.checksum.status == 0", seen.number)
            if layer.problem and "checksum" not in layer.problem and not layer.key.isupper():
                self.remark("error", layer.name, f"malformed: {layer.problem}", layer.name, seen.number)
        measured = self._measurer.measure("", packet, seen.context, seen.number, seen.time)
        if measured is not None and packet.tcp and not packet.tcp[0].ip.quoted and seen.context is not None:
            self._segment(packet.tcp[0], packet, measured, seen.context.conversation, seen.number)
        if seen.dropped:
            self.remark("warning", "lab", f"discarded: {seen.dropped}", f"drop.reason == {seen.dropped}", seen.number)

    def remark(self, severity: str, protocol: str, summary: str, field: str, number: int) -> None:
        """Take note of something."""
        row = self.rows.setdefault((severity, protocol, summary), ExpertRow(severity, protocol, summary, 0, [], field))
        row.count += 1
        if len(row.frames) < FIRST:
            row.frames.append(number)

    def _segment(
        self, segment: Transport, packet: Dissected, measured: Measurements, conversation: Conversation, number: int,
    ) -> None:
        flags, ends = segment.header[4], _ports(segment, None)
        for severity, bits, summary, field in VERDICTS:
            if measured.remark.flags & bits:
                self.remark(severity, "tcp", summary, field, number)
        if measured.reused:
            self.remark("note", "tcp", "the ports had a connection before", "tcp.analysis.reused_ports", number)
        if flags & tcp.RST:
            self.remark("warning", "tcp", "the connection was reset", "tcp.flags.reset == 1", number)
        if flags & tcp.SYN:
            answer = flags & tcp.ACK
            what = f"answered at port {segment.header[0]}" if answer else f"opened to port {segment.header[1]}"
            port = f"tcp.srcport == {segment.header[0]}" if answer else f"tcp.dstport == {segment.header[1]}"
            self.remark("chat", "tcp", f"a connection is {what}",
                        f"tcp.flags.syn == 1 and tcp.flags.ack == {int(bool(answer))} and {port}", number)
            if segment.payload > segment.start + 20 and not has_mss(packet.data, segment.start + 20, segment.payload):
                self.remark("note", "tcp", "a SYN whose options have no largest segment size",
                            "tcp.flags.syn == 1 and tcp.options and not tcp.options.mss", number)
        if flags & tcp.FIN:
            self.remark("chat", "tcp", "no more data from this end", "tcp.flags.fin == 1", number)
            first = self._closing.setdefault(conversation, ends.sender)
            what = "begins to close the connection" if first == ends.sender else "closes the connection, too"
            self.remark("note", "tcp", what, "tcp.flags.fin == 1", number)

    def report(self) -> list[ExpertRow]:
        """Return what was remarked, the worst and the most frequent first."""
        return sorted(self.rows.values(), key=lambda row: (SEVERITIES.index(row.severity), -row.count, row.summary))


def _checksum_test(name: str) -> Callable[[Dissected, SeenFrame], bool]:
    from aether.filters import Record, all_fields

    get = all_fields()[f"{name}.checksum.status"].get
    return lambda packet, seen: BAD in get(Record(packet.data, context=seen.context, packet=packet))

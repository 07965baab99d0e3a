"""Who talked to whom, in which protocols, how much over time, and what was odd: counted as `tshark -z` does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from aether.reading import expert
from aether.reading.context import Conversation
from aether.reading.exchanges import Exchanges
from aether.reading.http import BODIES
from aether.reading.measures import Measurer
from aether.reading.packet import Dissected, Transport, layers
from aether.reading.tree import ReadLayer
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
SEVERITY = {number: name for name, number in expert.SEVERITIES.items() if name in SEVERITIES}

SAID = ".truncated", ".checksum"
"""Problems of a layer that Wireshark's expert knows too."""


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


class Expert:
    """Goes over frames, and counts what is remarked, as `_ws.expert` has it."""

    def __init__(self) -> None:
        self._measurer = Measurer()
        self._exchanges = Exchanges()
        self.rows: dict[tuple[str, str, str], ExpertRow] = {}

    def look(self, seen: SeenFrame) -> None:
        """Take the next frame."""
        packet = Dissected(bytes(seen.data))
        measured = self._measurer.measure("", packet, seen.context, seen.number, seen.time)
        exchange = self._exchanges.see("", packet, seen.context, seen.number, seen.time)
        quoted = any(segment.ip.quoted for segment in packet.tcp)
        # Only what a segment says depends on its connection.
        context = seen.context if packet.tcp and not quoted else None
        looked = expert.Looked(packet.data, context)
        for info in expert.remarks(packet, looked, measured, exchange):
            if quoted and info.protocol == "tcp":
                continue  # an ICMP error quotes it, and it was counted where it was sent
            self.remark(SEVERITY[info.severity], info.protocol, info.message, info.expression, seen.number)
        for layer in looked.layers:
            if layer.problem and not layer.problem.partition(":")[0].endswith(SAID) and not layer.key.isupper():
                self.remark("error", "lab", f"malformed: {layer.problem}", layer.name, seen.number)
        if seen.dropped:
            self.remark("warning", "lab", f"discarded: {seen.dropped}", f"drop.reason == {seen.dropped}", seen.number)

    def remark(self, severity: str, protocol: str, summary: str, field: str, number: int) -> None:
        """Take note of something."""
        row = self.rows.setdefault((severity, protocol, summary), ExpertRow(severity, protocol, summary, 0, [], field))
        row.count += 1
        if len(row.frames) < FIRST and number not in row.frames:
            row.frames.append(number)

    def report(self) -> list[ExpertRow]:
        """Return what was remarked, the worst and the most frequent first."""
        return sorted(self.rows.values(), key=lambda row: (SEVERITIES.index(row.severity), -row.count, row.summary))

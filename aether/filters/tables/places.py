"""Where fields are in frames of a shape (see `aether.reading.steady`): each is read of many frames in one go.

They say what the getters of `tables.protocols` say of such a frame: a test asks both about the same frames. What has no
place here is asked of each frame by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from aether.filters.record import Around
from aether.reading import protocols, steady, tcp, udp
from aether.reading.context import Context
from aether.reading.layout import Field
from aether.reading.steady import DATAGRAM, IP_AT, SEGMENT, TRANSPORT_AT

MASK = 0xFFFFFFFF
_FLAGS = 47
"""Where the flags of a segment are."""


class Frames(Protocol):
    """Frames of one shape, and what is known of each; all of the same length."""

    @property
    def data(self) -> Sequence[bytes]: ...

    @property
    def numbers(self) -> Sequence[int]: ...

    @property
    def times(self) -> Sequence[int]: ...

    @property
    def previous(self) -> Sequence[int]:
        """When the frame before each was seen; -1 if there was none."""

    @property
    def senders(self) -> Sequence[str]: ...

    @property
    def contexts(self) -> Sequence[Context | None]: ...

    @property
    def around(self) -> Around: ...


Source = Callable[[Frames], Sequence[Any]]
"""Returns a value of each frame."""
Read = Callable[[Any], Sequence[Any]]
"""Returns the values of a field, by what its source has."""


class Column(NamedTuple):
    """What a field is read from."""

    source: Source
    read: Read
    long: bool = False
    """Whether hardly two frames have the same there."""
    always: bool = False
    """Whether every frame has it."""
    whole: Source | None = None
    """Where `contains` and `matches` look, of a protocol."""


def one(value: Any) -> Sequence[Any]:
    """Return a value as the only one."""
    return (value,)


def _some(value: Any) -> Sequence[Any]:
    return (value,) if value else ()


def _pair(size: int, of: Callable[[bytes], Any]) -> Read:
    return lambda value: (of(value[:size]), of(value[size:]))


def _cut(start: int, stop: int) -> Source:
    return lambda frames: [data[start:stop] for data in frames.data]


def _fixed(field: Field, base: int) -> Column:
    """Return the place of a field of a fixed header."""
    start, of = base + field.at, field.of
    return Column(_cut(start, start + field.width), lambda value: (of(value),), always=True)


def _of_bytes(read: Callable[[Sequence[bytes]], Sequence[Any]]) -> Source:
    """Return a source that reads nothing but bytes."""
    return lambda frames: read(frames.data)


_whole, _packets = _of_bytes(lambda data: data), _of_bytes(steady.packets)
_carried, _headers = _of_bytes(steady.carried), _of_bytes(steady.headers)
_payloads, lengths = _of_bytes(steady.payloads), _of_bytes(steady.lengths)


def _sequences(frames: Frames) -> Sequence[int]:
    number = int.from_bytes
    return [(number(data[38:42], "big") - (context.seq_base if context else 0)) & MASK
            for data, context in zip(frames.data, frames.contexts, strict=True)]


def _next(frames: Frames) -> Sequence[int]:
    return [(sequence + length + (data[_FLAGS] & 3 != 0)) & MASK
            for sequence, length, data in zip(_sequences(frames), lengths(frames), frames.data, strict=True)]


def _acknowledgements(frames: Frames) -> Sequence[int]:
    number = int.from_bytes
    return [(number(data[42:46], "big") - (context.ack_base if context and data[_FLAGS] & 16 else 0)) & MASK
            for data, context in zip(frames.data, frames.contexts, strict=True)]


def _windows(frames: Frames) -> Sequence[int]:
    return [(data[48] << 8 | data[49]) << max(context.scale if context else 0, 0)
            for data, context in zip(frames.data, frames.contexts, strict=True)]


def _factors(frames: Frames) -> Sequence[int | None]:
    return [None if data[_FLAGS] & 2 else tcp.factor(context)
            for data, context in zip(frames.data, frames.contexts, strict=True)]


def _streams(frames: Frames) -> Sequence[int]:
    return [context.conversation.index if context else -1 for context in frames.contexts]


def _deltas(frames: Frames) -> Sequence[int]:
    return [max(time - before, 0) if before >= 0 else 0
            for time, before in zip(frames.times, frames.previous, strict=True)]


def _since_1970(frames: Frames) -> Sequence[int | None]:
    started = frames.around.started
    return [None if started is None else started // 1000 + time for time in frames.times]


def _directions(frames: Frames) -> Sequence[str]:
    here = frames.around.viewpoint
    return [sender and ("out" if sender == here else "in") for sender in frames.senders]


def _comments(frames: Frames) -> Sequence[Sequence[str]]:
    comments = frames.around.comments
    return [tuple(comments.get(number, ())) for number in frames.numbers]


def _known(value: int | None) -> Sequence[int]:
    return () if value is None else (value,)


_SIZE = Column(lambda frames: list(map(len, frames.data)), one, always=True)
_TIME = Column(lambda frames: frames.times, one, always=True)
NOTHING = Column(lambda frames: (None,) * len(frames.data), lambda value: ())
_OF_ALL: dict[str, Column] = {
    "frame": Column(_whole, one, long=True, always=True, whole=_whole),
    "frame.number": Column(lambda frames: frames.numbers, one, always=True), "frame.len": _SIZE, "frame.cap_len": _SIZE,
    "frame.time_relative": _TIME, "frame.time_delta": Column(_deltas, one, always=True),
    "frame.time": Column(_since_1970, _known), "frame.time_epoch": Column(_since_1970, _known),
    "frame.comment": Column(_comments, lambda value: value), "dir": Column(_directions, _some),
    "eth": Column(_cut(0, 14), one, always=True, whole=_whole),
    "eth.type": Column(_cut(12, 14), lambda value: (int.from_bytes(value, "big"),), always=True), "eth.len": NOTHING,
    "eth.addr": Column(_cut(0, 12), _pair(6, bytes), always=True),
    "ip": Column(_cut(14, 34), one, long=True, always=True, whole=_packets),
    "ip.version": Column(_cut(14, 15), lambda value: (value[0] >> 4,), always=True),
    "ip.addr": Column(_cut(26, 34), _pair(4, bytes), always=True),
    "ip.payload": Column(_carried, _some, long=True),
}
_PORTS = Column(_cut(34, 38), _pair(2, lambda value: int.from_bytes(value, "big")), always=True)
_OF_SHAPE: dict[int, dict[str, Column]] = {
    SEGMENT: {
        "tcp": Column(_headers, one, long=True, always=True, whole=_carried), "tcp.port": _PORTS,
        "tcp.len": Column(lengths, one, always=True), "tcp.payload": Column(_payloads, _some, long=True),
        "tcp.seq": Column(_sequences, one, always=True), "tcp.nxtseq": Column(_next, one, always=True),
        "tcp.ack": Column(_acknowledgements, one, always=True),
        "tcp.window_size": Column(_windows, one, always=True),
        "tcp.window_size_scalefactor": Column(_factors, _known),
        "tcp.stream": Column(_streams, one, always=True),
    },
    DATAGRAM: {
        "udp.port": _PORTS, "udp.stream": Column(_streams, one, always=True),
    },
}
_HEADERS = {SEGMENT: (("eth", 0), ("ip", IP_AT), ("tcp", TRANSPORT_AT)),
            DATAGRAM: (("eth", 0), ("ip", IP_AT), ("udp", TRANSPORT_AT))}
"""What a frame of a shape is made of, and where it begins."""
_MESSAGES = {SEGMENT: (tcp.PORTS, tcp.HTTP), DATAGRAM: (udp.PORTS,)}
"""What says which message it may carry; or else it is data."""


def _messages(shape: int) -> frozenset[str]:
    """Return the protocols of what a frame of a shape may carry."""
    return frozenset(("data", *(
        name for (field, _), protocol in protocols.INSIDE.items() if field in _MESSAGES[shape]
        for name in (protocol.name, *protocol.also))))


def _names(protocol: Any) -> Iterable[str]:
    return (protocol.name, *(field.name for field in protocol.fields))


def message_fields(shape: int) -> frozenset[str]:
    """Return the fields of the messages that a frame of a shape may carry."""
    carried = _messages(shape)
    return frozenset(
        name for protocol in protocols.PROTOCOLS if protocol.name in carried for name in _names(protocol))


@lru_cache
def places(shape: int) -> Mapping[str, Column]:
    """Return the places of fields in frames of a shape, by their names."""
    known = {**_OF_ALL, **_OF_SHAPE[shape]}
    headers, carried = dict(_HEADERS[shape]), _messages(shape)
    for protocol in protocols.PROTOCOLS:
        base = headers.get(protocol.name)
        if base is not None:
            for field in protocol.fields:
                if field.at >= 0 and field.width and field.name not in known:
                    known[field.name] = _fixed(field, base)
        elif protocol.name not in carried:
            known.update(dict.fromkeys(_names(protocol), NOTHING))
    return known

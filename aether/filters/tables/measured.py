"""What a segment is to its connection, as `tcp.analysis` says it: known only to who has seen those before it."""

from collections.abc import Callable, Sequence
from typing import Any

from aether.filters.field import FilterField, Getter
from aether.filters.record import Record
from aether.reading import analysis
from aether.reading.measures import Measurements
from aether.reading.types import BOOLEAN, TEXT, TIME, UINT8, UINT32, Type

LETTERS = "RRRACEUAPRSF"
"""The flags of a segment, from the highest bit of twelve, as `tcp.flags.str` has them."""


def _of(read: Callable[[Measurements], Any], layer: str) -> Getter:
    """Return a getter for what is measured of a segment or a datagram; None is nothing."""
    def get(record: Record) -> Sequence[Any]:
        measured = record.measure() if getattr(record.packet or record.dissect(), layer) else None
        value = None if measured is None else read(measured)
        return () if value is None else (value,)
    return get


def _verdict(name: str, bits: int, help: str) -> FilterField:
    return _field(name, BOOLEAN, help, lambda measured: True if measured.remark.flags & bits else None)


def _field(name: str, kind: Type, help: str, read: Callable[[Measurements], Any]) -> FilterField:
    return FilterField(f"tcp.{name}", kind, help, _of(read, "tcp"), only_true=kind is BOOLEAN, measured=True)


def _opened(name: str, mask: int, bits: int, help: str) -> FilterField:
    """Return a field that says again what flags do, as Wireshark's expert has it."""
    def get(record: Record) -> Sequence[bool]:
        return [True for one in (record.packet or record.dissect()).tcp if one.header[4] & mask == bits]
    return FilterField(f"tcp.connection.{name}", BOOLEAN, help, get, only_true=True)


DATAGRAMS = (
    FilterField("udp.time_relative", TIME, "since the first datagram between these ports",
                _of(lambda measured: measured.relative, "udp"), measured=True),
    FilterField("udp.time_delta", TIME, "since the datagram before it between these ports",
                _of(lambda measured: measured.delta, "udp"), measured=True),
)


def _flags(record: Record) -> Sequence[str]:
    return ["".join(letter if one.header[4] & 0x800 >> place else "·" for place, letter in enumerate(LETTERS))
            for one in (record.packet or record.dissect()).tcp]


def _duplicate(record: Record) -> Sequence[bool]:
    """Return the verdict as often as Wireshark has it: as a field, and as a remark of its expert."""
    measured = record.measure()
    return (True, True) if measured is not None and measured.remark.duplicate else ()


VERDICTS = (
    _verdict("analysis.retransmission", analysis.AGAIN & ~analysis.OUT_OF_ORDER, "what it carries was sent before"),
    _verdict("analysis.fast_retransmission", analysis.FAST_RETRANSMISSION, "sent again because of duplicate ACKs"),
    _verdict("analysis.spurious_retransmission", analysis.SPURIOUS_RETRANSMISSION,
             "sent again though it was acknowledged"),
    _verdict("analysis.out_of_order", analysis.OUT_OF_ORDER, "overtaken by another segment on its way"),
    _verdict("analysis.lost_segment", analysis.LOST_SEGMENT, "something before it was not seen"),
    _verdict("analysis.ack_lost_segment", analysis.ACK_LOST_SEGMENT, "acknowledges what was not seen"),
    FilterField("tcp.analysis.duplicate_ack", BOOLEAN, "a duplicate ACK", _duplicate, only_true=True, measured=True),
    _verdict("analysis.window_update", analysis.WINDOW_UPDATE, "says nothing but that the window is another"),
    _verdict("analysis.window_full", analysis.WINDOW_FULL, "fills the window that the other end offered"),
    _verdict("analysis.zero_window", analysis.ZERO_WINDOW, "the window is shut"),
    _verdict("analysis.zero_window_probe", analysis.ZERO_WINDOW_PROBE, "asks whether the window is open again"),
    _verdict("analysis.zero_window_probe_ack", analysis.ZERO_WINDOW_PROBE_ACK, "answers that: it is not"),
    _verdict("analysis.keep_alive", analysis.KEEP_ALIVE, "asks whether the other end is there"),
    _verdict("analysis.keep_alive_ack", analysis.KEEP_ALIVE_ACK, "answers that it is"),
    _field("analysis.reused_ports", BOOLEAN, "opens a connection where there was another one",
           lambda measured: measured.reused or None),
)

FIELDS = (
    _opened("syn", 0x12, 0x02, "asks for a connection"),
    _opened("synack", 0x12, 0x12, "agrees to one"),
    _opened("fin", 0x01, 0x01, "ends its direction"),
    _opened("rst", 0x04, 0x04, "resets the connection"),
    FilterField("tcp.flags.str", TEXT, "the flags as letters: `·······A··S·`", _flags),
    _field("time_relative", TIME, "since the first segment of the connection", lambda measured: measured.relative),
    _field("time_delta", TIME, "since the segment before it in the connection", lambda measured: measured.delta),
    _field("completeness", UINT8, "what was seen of the connection before: 1 SYN, 2 SYN and ACK, 4 ACK, 8 data, "
           "16 FIN, 32 RST", lambda measured: measured.completeness),
    _field("analysis", BOOLEAN, "there is something to be said of it", lambda measured: measured.any or None),
    _field("analysis.flags", BOOLEAN, "it is remarkable, in one of the ways below",
           lambda measured: measured.remarkable or None),
    *VERDICTS,
    _field("analysis.duplicate_ack_num", UINT32, "which duplicate ACK in a row it is",
           lambda measured: measured.remark.duplicate or None),
    _field("analysis.duplicate_ack_frame", UINT32, "the frame whose acknowledgement it repeats",
           lambda measured: measured.remark.first or None),
    _field("analysis.acks_frame", UINT32, "the frame of the latest segment that it acknowledges",
           lambda measured: measured.acked or None),
    _field("analysis.ack_rtt", TIME, "how long that was on its way, and its acknowledgement",
           lambda measured: measured.ack_time if measured.ack_time > 0 else None),
    _field("analysis.initial_rtt", TIME, "how long the handshake took", lambda measured: measured.round_trip or None),
    _field("analysis.bytes_in_flight", UINT32, "bytes that are not acknowledged, these included",
           lambda measured: measured.flight or None),
    _field("analysis.push_bytes_sent", UINT32, "bytes since the last PSH, these included",
           lambda measured: measured.pushed or None),
    _field("analysis.rto", TIME, "how long after the eldest segment that waits it was sent again",
           lambda measured: measured.rto if measured.rto > 0 else None),
    _field("analysis.rto_frame", UINT32, "the frame of that segment",
           lambda measured: measured.rto_frame if measured.rto > 0 else None),
)

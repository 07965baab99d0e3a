"""The frame itself, and what became of it."""

from collections.abc import Sequence
from typing import Any

from aether.filters.field import ANY, FilterField, Getter
from aether.filters.record import Record
from aether.filters.tables.expert import protocols
from aether.reading.types import BOOLEAN, DATE, PROTOCOL, TEXT, TIME, UINT32, WORD


def _of_frame(name: str) -> Getter:
    def get(record: Record) -> Sequence[Any]:
        return () if record.data is None else (getattr(record, name),)
    return get


def _number(record: Record) -> Sequence[int]:
    return (record.number,) if record.number else ()


def _length(record: Record) -> Sequence[int]:
    return () if record.data is None else (len(record.data),)


def _delta(record: Record) -> Sequence[int]:
    if record.data is None:
        return ()
    kept = record.kept
    return (max(record.time - kept.previous, 0) if kept is not None and kept.previous >= 0 else 0,)


def _since_1970(record: Record) -> Sequence[int]:
    started = record.around.started
    return () if started is None or record.data is None else (started // 1000 + record.time,)


def _comments(record: Record) -> Sequence[str]:
    return record.around.comments.get(record.number, ()) if record.data is not None else ()


def _dropped(record: Record) -> Sequence[bool]:
    return (True,) if record.kind in ("drop", "frame.lost") or record.dropped or record.lost else ()


def _link(record: Record) -> Sequence[str]:
    return (record.link,) if record.link else ()


FIELDS = (
    FilterField("frame", PROTOCOL, "the frame; searched, sliced and measured as bytes", _of_frame("data"),
                whole=_of_frame("data")),
    FilterField("frame.number", UINT32, "its number, given when it enters a link", _number),
    FilterField("frame.len", UINT32, "its length in bytes, without the check sequence", _length),
    FilterField("frame.cap_len", UINT32, "how many bytes of it are here: all of them", _length),
    FilterField("frame.protocols", TEXT, "its protocols, the outermost first: `eth:ethertype:ip:tcp`", protocols),
    FilterField("frame.time_relative", TIME, "when it was seen: world time in seconds", _of_frame("time")),
    FilterField("frame.time_delta", TIME, "seconds since the frame before it", _delta),
    FilterField("frame.time", DATE, "when it was captured; a lab has no time of day", _since_1970),
    FilterField("frame.time_epoch", TIME, "the same in seconds since 1970", _since_1970),
    FilterField("frame.comment", TEXT, "what somebody wrote about it into the file", _comments),
    FilterField("frame.dropped", BOOLEAN, "a link lost it or a host discarded it; see drop.reason", _dropped,
                about=ANY, ours=True, only_true=True),
    FilterField("frame.link", WORD, "the link it travels on", _link, ours=True, examples=("lan",)),
)


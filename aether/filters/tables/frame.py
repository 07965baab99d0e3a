"""The frame itself, and what became of it."""

from collections.abc import Sequence
from typing import Any

from aether.filters.field import ANY, FilterField, Getter
from aether.filters.record import Record
from aether.reading.types import BOOLEAN, PROTOCOL, TIME, UINT32, WORD


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
    return (max(record.time - record.previous, 0) if record.previous >= 0 else 0,)


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
    FilterField("frame.time_relative", TIME, "when it was seen: world time in seconds", _of_frame("time")),
    FilterField("frame.time_delta", TIME, "seconds since the frame before it", _delta),
    FilterField("frame.dropped", BOOLEAN, "a link lost it or a host discarded it; see drop.reason", _dropped,
                about=ANY, ours=True, only_true=True),
    FilterField("frame.link", WORD, "the link it travels on", _link, ours=True, examples=("lan",)),
)


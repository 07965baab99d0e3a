"""What an expression is asked about: an event, the frame it is about, and what is known around it.

`Records` makes records of events, in their order. A frame alone (from a capture, or on its
way through a link) becomes a record by `Records.frame`, or by `Record` itself when nothing
is known around it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from aether.events import KINDS, Event
from aether.reading.context import Context
from aether.reading.exchanges import Exchanges, Values
from aether.reading.flow import Conversations, Follower
from aether.reading.measures import Measurements, Measurer
from aether.reading.packet import NOTHING, Dissected

FRAME_KINDS = frozenset(("frame.sent", "frame.arrived", "frame.lost", "drop"))
"""Kinds that are about a frame as such. An expression that asks only about frames matches these alone,
so that a frame which changes a state, starts a timer and is delivered does not match four times."""

REMEMBERED = 4096
"""Frames whose bytes are kept for the events about them that are still to come."""

_NUMBERED = frozenset(kind for kind, declared in KINDS.items() if declared.fields[:1] == ("number",))


class Around:
    """What is known around all records of a run or of a capture."""

    __slots__ = ("comments", "started", "viewpoint")

    def __init__(self, viewpoint: str = "you", started: int | None = None,
                 comments: Mapping[int, Sequence[str]] | None = None) -> None:
        self.viewpoint = viewpoint
        """The host from which directions are seen."""
        self.started = started
        """Nanoseconds since 1970 when world time was 0; None if that is nowhere in the world's time."""
        self.comments: Mapping[int, Sequence[str]] = comments or {}
        """What somebody wrote about frames into a file, by their numbers."""


NOTHING_AROUND = Around()


class Kept:
    """What is remembered of a frame on its way."""

    __slots__ = ("context", "data", "exchange", "link", "measured", "packet", "previous", "sender", "time")

    def __init__(self, data: bytes, packet: Dissected | None, context: Context | None, sender: str, link: str,
                 previous: int, time: int, measured: Measurements | None) -> None:
        self.data = data
        self.packet = packet
        """The dissected frame; None until somebody asks for it."""
        self.context = context
        self.sender = sender
        self.link = link
        self.previous = previous
        """When the frame before this one was seen, in microseconds; -1 if there was none."""
        self.time = time
        """When it was seen first."""
        self.measured = measured
        """What a segment is to its connection; None while nobody measures, and for what is no segment."""
        self.exchange: Values | None = None
        """What a frame answers, and the like; None while nobody measures."""

    def dissect(self) -> Dissected:
        """Return the dissected frame, and keep it."""
        packet = self.packet
        if packet is None:
            self.packet = packet = Dissected(self.data)
        return packet


class Record:
    """One thing that happened, as expressions see it. All is plain data; dissection is done when first asked for."""

    __slots__ = (
        "around", "captures", "context", "data", "dropped", "host", "is_frame", "kept", "kind", "link", "lost",
        "number", "occurrence", "packet", "sender", "serial", "time", "values",
    )

    def __init__(
        self, data: bytes | None = None, *, kind: str = "", values: tuple[Any, ...] = (), number: int = 0,
        time: int = 0, host: str = "", sender: str = "", link: str = "", context: Context | None = None,
        packet: Dissected | None = None,
    ) -> None:
        self.data = data
        """The bytes of the frame it is about; None if there is none."""
        self.kind = kind
        """A key of `events.KINDS`; empty for a frame alone."""
        self.values = values
        """As declared for the kind."""
        self.number = number
        """The number of the frame; 0 without one."""
        self.time = time
        """World time in microseconds."""
        self.host = host
        """The host at which it happened, or the link."""
        self.sender = sender
        """The host that sent the frame; ``wire`` for the world outside."""
        self.link = link
        """The link that the frame travels on."""
        self.context = context
        """What the frame's conversation says; None if nobody followed it."""
        self.packet = packet
        """The dissected frame; None until it is asked for."""
        self.is_frame = data is not None and (not kind or kind in FRAME_KINDS)
        """Whether it is about a frame as such."""
        self.dropped = ""
        """Why a host discarded the frame, if that is known later than the record was made."""
        self.lost = ""
        """Why a link lost it, likewise."""
        self.kept: Kept | None = None
        """What is remembered of the frame; None if nobody saw it on its way."""
        self.occurrence = 0
        self.serial = 0
        self.around = NOTHING_AROUND
        self.captures: tuple[Record, ...] = ()
        """The records that `$1`, `$2` … name; set while an expression is asked."""

    def dissect(self) -> Dissected:
        """Return the dissected frame, and keep it; an empty one if there is no frame."""
        packet = self.packet
        if packet is None:
            kept = self.kept
            if kept is None:
                packet = NOTHING if self.data is None else Dissected(self.data)
            else:
                packet = kept.dissect()
            self.packet = packet
        return packet

    def conversation(self) -> Context | None:
        """Return what is known of the conversation; a frame that nobody followed is the first of its own."""
        if self.context is None:
            self.context = Conversations().follow(self.packet or self.dissect())
        return self.context

    def measure(self) -> Measurements | None:
        """Return what a segment is to its connection; one that nobody measured is the first of its own."""
        kept = self.kept
        if kept is not None and kept.measured is not None:
            return kept.measured
        packet = self.packet or self.dissect()
        if not packet.tcp and not packet.udp:
            return None
        return Measurer().measure(self.link, self.dissect(), self.conversation(), self.number, self.time)

    def exchange(self) -> Values:
        """Return what a frame answers, and the like; one that nobody looked at answers nothing."""
        kept = self.kept
        if kept is not None and kept.exchange is not None:
            return kept.exchange
        return Exchanges().see(self.link, self.dissect(), self.conversation(), self.number, self.time)

    def value(self, name: str) -> Any:
        """Return one of the event's values by its declared name; None if it has no such value."""
        declared = KINDS.get(self.kind)
        if declared is None or name not in declared.fields:
            return None
        index = declared.fields.index(name)
        return self.values[index] if index < len(self.values) else None


class Records:
    """Makes records of events, in the order in which they happen.

    Feed it every event, or at least those about frames and `tcp.opened`: relative sequence
    numbers, streams and connection numbers come from what it has seen.
    """

    def __init__(self, viewpoint: str = "you", follower: Follower | None = None, *, measuring: bool = False,
                 around: Around | None = None) -> None:
        """`follower` has seen the frames already; without one, they are followed here.

        `measuring` says that an expression asks what a segment is beside those before it.
        """
        self.around = around or Around(viewpoint)
        self._measurer = Measurer() if measuring else None
        self._exchanges = Exchanges()
        self.conversations = follower.conversations if follower else Conversations()
        self._follower = follower
        self._kept: dict[int, Kept] = {}
        self._last = -1

    def agree(self, follower: Follower) -> None:
        """Say of the frames to come what a follower says, who sees them first."""
        self.conversations, self._follower = follower.conversations, follower

    def measure(self) -> None:
        """Measure connections from here on, those frames included that are remembered."""
        if self._measurer is None:
            self._measurer = Measurer()
            for number, kept in self._kept.items():
                if kept.measured is None:
                    self._measure(self._measurer, kept, number)

    def of(self, event: Event) -> Record:
        """Return the record of the next event."""
        kind, values = event.kind, event.values
        number = values[0] if kind in _NUMBERED else event.frame
        kept: Kept | None
        if kind in ("frame.sent", "frame.arrived"):
            kept = self._see(number, bytes(values[2]), event.time, event.host if kind == "frame.sent" else "",
                             values[1])
        elif kind == "frame.copied":
            kept = self._kept.get(values[2])
            if kept is not None:
                self._keep(number, kept)
        else:
            kept = self._kept.get(number)
        if kept is None:
            record = Record(None, kind=kind, values=values, number=number, time=event.time, host=event.host)
        else:
            record = Record(kept.data, kind=kind, values=values, number=number, time=event.time, host=event.host,
                            sender=kept.sender, link=kept.link, context=kept.context, packet=kept.packet)
            record.kept = kept
        record.occurrence = event.occurrence
        record.serial = event.serial
        record.around = self.around
        if kind == "tcp.opened" and self._follower is None:
            self.conversations.opened(None if kept is None else kept.context, *values)
        return record

    def frame(self, data: bytes, *, number: int = 0, time: int = 0, sender: str = "", link: str = "") -> Record:
        """Return the record of the next frame, known by its bytes alone (those of a capture, for example)."""
        kept = self._new(number, bytes(data), time, sender, link)
        record = Record(kept.data, number=number, time=time, host=sender, sender=sender, link=link,
                        context=kept.context, packet=kept.packet)
        record.kept = kept
        record.around = self.around
        return record

    def each(self, frames: Iterable[tuple[int, bytes, int, str, int]], link: str) -> Iterator[Record]:
        """Yield the record of each of many frames, the same one each time.

        Given are number, bytes, time, sender and when the frame before it was seen, -1 if there was none.
        """
        kept = Kept(b"", None, None, "", link, -1, 0, None)
        record = Record(b"", link=link)
        record.kept, record.around = kept, self.around
        follow, measurer = self._follow, self._measurer
        for number, data, time, sender, previous in frames:
            record.number, record.data, record.time, record.packet = number, data, time, None
            record.sender = record.host = kept.sender = sender
            kept.data, kept.packet, kept.previous, kept.time = data, None, previous, time
            record.context = kept.context = follow(number, kept)
            if measurer is not None:
                self._measure(measurer, kept, number)
            yield record

    def _see(self, number: int, data: bytes, time: int, sender: str, link: str) -> Kept:
        kept = self._kept.get(number)
        if kept is None:
            kept = self._new(number, data, time, sender or "wire", link)
        elif kept.data == data:
            return kept
        else:
            # A link has altered it; it still belongs to the conversation that it was sent in.
            kept = Kept(data, None, kept.context, kept.sender, link, kept.previous, time, kept.measured)
        self._keep(number, kept)
        return kept

    def _new(self, number: int, data: bytes, time: int, sender: str, link: str) -> Kept:
        kept = Kept(data, None, None, sender, link, self._last, time, None)
        kept.context = self._follow(number, kept)
        if self._measurer is not None:
            self._measure(self._measurer, kept, number)
        self._last = time
        return kept

    def _measure(self, measurer: Measurer, kept: Kept, number: int) -> None:
        """Take note of a frame, and of what it is to those before it."""
        packet, context = kept.dissect(), kept.context
        kept.measured = measurer.measure(kept.link, packet, context, number, kept.time)
        kept.exchange = self._exchanges.see(kept.link, packet, context, number, kept.time)

    def _follow(self, number: int, kept: Kept) -> Context | None:
        """Return what a frame's conversation says about it."""
        follower = self._follower
        if follower is None:
            return self.conversations.follow(kept.dissect())
        if number in follower:  # mostly: then nobody may ask for what is in it
            return follower.see(number, kept.data)
        return follower.see(number, kept.data, kept.dissect())

    def _keep(self, number: int, kept: Kept) -> None:
        table = self._kept
        table[number] = kept
        if len(table) > REMEMBERED:
            del table[next(iter(table))]

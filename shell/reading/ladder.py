"""From events to a ladder: who sent what to whom, when it arrived, and what it changed at either end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from aether.events import Event
from aether.reading.context import Context
from aether.reading.flow import Follower
from shell.language.values import amount, show_duration
from shell.reading import words
from shell.reading.summary import summarise
from shell.results.ladder import LadderReport, Margin, Rung, Station

PAGE = 30
"""Rungs on a page."""
MAX_STATIONS = 4
OTHERS = Station("others", "")
OUTSIDE = "wire"
"""Who sends what comes from a TAP, or is elsewhere in a capture."""


@dataclass(slots=True)
class _Frame:
    """A frame as far as it is known."""

    number: int
    time: int
    sender: str
    link: str
    data: bytes
    context: Context | None
    """What is known of its conversation."""
    receiver: str = ""
    serial: int = 0
    """When it became known, in the order of events."""
    injected: bool = False
    arrived: int | None = None
    lost: str = ""
    dropped: str = ""
    copy_of: int = 0
    altered: str = ""
    notes: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class _Moment:
    """What happened at a host at one time, and no frame caused."""

    serial: int
    time: int
    host: str
    texts: list[str]


class Climber:
    """Follows events in order, and knows the frames and moments of the ladder so far."""

    def __init__(self, follower: Follower | None = None) -> None:
        self.follower = follower or Follower()
        self.frames: dict[int, _Frame] = {}
        self.moments: list[_Moment] = []
        """What no frame caused."""
        self._again: Event | None = None
        """The latest byte that was sent again, until the frame is there that has it."""
        self._ends: dict[str, list[str]] = {}
        """Who was seen on each link."""
        self._addresses: dict[str, str] = {}

    def follow(self, events: Iterable[Event]) -> None:
        """Take events."""
        for event in events:
            self.follower.take((event,))
            take = _TAKE.get(event.kind)
            if take is not None:
                take(self, event)

    def _sent(self, event: Event) -> None:
        number, link, data = event.values
        self._meet(link, event.host)
        self.frames[number] = _Frame(
            number, event.time, event.host, link, bytes(data), self.follower.see(number, data), serial=event.serial)

    def _arrived(self, event: Event) -> None:
        number, link, data = event.values
        self._meet(link, event.host)
        frame = self.frames.get(number)
        if frame is None:
            frame = self.frames[number] = _Frame(
                number, event.time, "", link, bytes(data), self.follower.see(number, data), serial=event.serial,
                injected=True)
        frame.receiver, frame.arrived = event.host, event.time

    def _lost(self, event: Event) -> None:
        frame = self.frames.get(event.values[0])
        if frame is not None:
            frame.lost = event.values[2]

    def _copied(self, event: Event) -> None:
        number, link, original = event.values
        first = self.frames.get(original)
        if first is not None:
            self.frames[number] = _Frame(
                number, event.time, first.sender, link, first.data, first.context, serial=event.serial,
                copy_of=original)

    def _comment(self, event: Event) -> None:
        frame = self.frames.get(event.values[0])
        if frame is not None:
            frame.notes.append((event.host, event.values[2]))

    def _altered(self, event: Event) -> None:
        frame = self.frames.get(event.values[0])
        if frame is not None:
            frame.altered = event.values[2]

    def _dropped(self, event: Event) -> None:
        frame = self.frames.get(event.frame)
        if frame is not None and frame.receiver == event.host:
            frame.dropped = event.values[0]

    def _state(self, event: Event) -> None:
        _, old, new, _ = event.values
        self._happened(event, f"{old} → {new}")

    def _timer(self, event: Event) -> None:
        _, timer, action, deadline = event.values
        if action == "fired":
            self._happened(event, f"{timer} fires")
        elif action == "started" and timer == "rto" and event.frame == 0:
            self._happened(event, f"rto {show_duration(deadline - event.time)} running")

    def _retransmit(self, event: Event) -> None:
        self._again = event if event.values[2] == 1 else None
        self._happened(event, f"sends {amount(event.values[2], 'byte')} again ({event.values[3]})")

    def _departs(self, event: Event) -> None:
        """A frame leaves, which may be what was to be sent again."""
        self._sent(event)
        again, self._again = self._again, None
        if again is not None and (again.occurrence, again.host) == (event.occurrence, event.host):
            self._name_again(again, words.of_a_bare_segment(bytes(event.values[2])))

    def _name_again(self, event: Event, bare: str) -> None:
        """A byte that was sent again is the place of a SYN or a FIN, unless the frame that followed has data."""
        if not bare:
            return
        said, meant = "sends 1 byte again", f"sends its {bare} again"
        frame = self.frames.get(event.frame) if event.frame else None
        if frame is not None:
            frame.notes[:] = [(host, text.replace(said, meant)) for host, text in frame.notes]
        else:
            texts = next((one.texts for one in reversed(self.moments) if one.host == event.host), [])
            texts[:] = [text.replace(said, meant) for text in texts]

    def _recovery(self, event: Event) -> None:
        self._happened(event, words.phase(event.values[1]))

    def _window(self, event: Event) -> None:
        if event.values[1] == 0:
            self._happened(event, "the peer's window is closed")

    def _user(self, event: Event) -> None:
        name = type(event.values[0]).__name__
        if name.startswith(("Link", "Knob", "Profile")):
            self._moment(event, "you", _spaced(name))

    def _happened(self, event: Event, text: str) -> None:
        frame = self.frames.get(event.frame) if event.frame else None
        if frame is not None:
            if frame.notes and frame.notes[-1][0] == event.host and text.startswith(_tail(frame.notes[-1][1])):
                text = f"{frame.notes.pop()[1]} → {text.partition(' → ')[2]}"
            frame.notes.append((event.host, text))
        else:
            self._moment(event, event.host, text)

    def _moment(self, event: Event, host: str, text: str) -> None:
        last = self.moments[-1] if self.moments else None
        if last is not None and (last.host, last.time) == (host, event.time) and not self._frame_since(last):
            last.texts.append(text)
        else:
            self.moments.append(_Moment(event.serial, event.time, host, [text]))

    def _frame_since(self, moment: _Moment) -> bool:
        newest = next(reversed(self.frames.values()), None)
        return newest is not None and newest.serial > moment.serial

    def _meet(self, link: str, host: str) -> None:
        there = self._ends.setdefault(link, [])
        if host not in there:
            there.append(host)

    def receiver(self, frame: _Frame) -> str:
        """Return who received a frame, or was to."""
        if frame.receiver:
            return frame.receiver
        others = [host for host in self._ends.get(frame.link, ()) if host != frame.sender]
        return others[0] if others else OUTSIDE


def _spaced(name: str) -> str:
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()


def _tail(text: str) -> str:
    """Return the state that a change of states ended in, as the next one would begin; else what nothing begins with."""
    _, arrow, last = text.rpartition(" → ")
    return f"{last} → " if arrow else "\0"


_TAKE: dict[str, Callable[[Climber, Event], None]] = {
    "frame.sent": Climber._departs, "frame.arrived": Climber._arrived, "frame.lost": Climber._lost,
    "frame.copied": Climber._copied, "frame.altered": Climber._altered, "frame.comment": Climber._comment,
    "drop": Climber._dropped,
    "tcp.state": Climber._state, "tcp.timer": Climber._timer, "tcp.retransmit": Climber._retransmit,
    "tcp.recovery": Climber._recovery, "tcp.window": Climber._window, "user": Climber._user,
}


def build(
    events: Iterable[Event], what: str = "", chosen: Callable[[int], bool] | None = None, conn: int = 0, page: int = 0,
    per_page: int = PAGE, follower: Follower | None = None,
) -> LadderReport:
    """Return a page of a ladder, the last one for 0; `chosen` says which frames belong to it, by number.

    With `conn` only what happens on that connection is shown beside them.
    """
    events = [event for event in events if not conn or _concerns(event, conn)]
    climber = Climber(follower)
    climber.follow(events)
    frames = [frame for frame in climber.frames.values() if chosen is None or chosen(frame.number)]
    stations, column = _stations(climber, frames)
    placed = [(frame.serial, _rung(climber, frame, column)) for frame in frames]
    _find_overtaken([rung for _, rung in placed])
    if frames and (conn or chosen is None):
        first = min(frame.time for frame in frames)
        known = {station.name for station in stations}
        for moment in climber.moments:
            if moment.time >= first and moment.host in known:
                at = column(moment.host, "")
                placed.append((moment.serial, Rung(
                    0, moment.time, at, at, "", "", notes=[Margin(at, text) for text in moment.texts])))
    placed.sort(key=lambda one: one[0])
    rungs = [rung for _, rung in placed]
    pages = max(-(-len(rungs) // per_page), 1)
    page = min(page or pages, pages)
    return LadderReport(
        what, stations, rungs[(page - 1) * per_page:page * per_page], page, pages, len(rungs))


def _concerns(event: Event, conn: int) -> bool:
    return not event.kind.startswith("tcp.") or event.values[0] == conn


def _rung(climber: Climber, frame: _Frame, column: Callable[[str, str], int]) -> Rung:
    summary = summarise(frame.data, frame.context)
    named = {"udp": "UDP", "icmp": "ICMP", "igmp": "IGMP", "arp": "ARP"}.get(summary.layer, _flags(summary.flags))
    sender = column(frame.sender, summary.source)
    receiver = column(climber.receiver(frame), summary.destination)
    rung = Rung(
        frame.number, frame.time, sender, receiver, f"{named} {summary.info}".strip(), summary.layer, frame.arrived,
        frame.lost, frame.dropped, copy_of=frame.copy_of, altered=frame.altered, injected=frame.injected)
    rung.notes = [Margin(column(host, ""), text) for host, text in frame.notes]
    return rung


def _flags(letters: str) -> str:
    names = {"S": "SYN", "A": "ACK", "F": "FIN", "R": "RST", "P": "PSH", "U": "URG", "E": "ECE", "C": "CWR"}
    return ",".join(names.get(letter, letter) for letter in letters if letter not in "P" or letters == "P")


def _find_overtaken(rungs: list[Rung]) -> None:
    """Mark a frame that arrived later than one that was sent after it, the same way."""
    ways: dict[tuple[int, int], list[Rung]] = {}
    for rung in rungs:
        if rung.arrived_us is not None:
            ways.setdefault((rung.source, rung.destination), []).append(rung)
    for way in ways.values():
        way.sort(key=lambda rung: (rung.time_us, rung.number))
        for index, rung in enumerate(way):
            later = [
                other.number for other in way[index + 1:index + 50]
                if rung.arrived_us is not None and other.arrived_us is not None and other.arrived_us < rung.arrived_us]
            if later:
                rung.overtaken_by = later[-1]


def _stations(climber: Climber, frames: list[_Frame]) -> tuple[list[Station], Callable[[str, str], int]]:
    """Return the columns, whoever speaks first on the left, and a function from a host to its column."""
    order: dict[str, str] = {}
    for frame in sorted(frames, key=lambda frame: (frame.time, frame.number)):
        summary = summarise(frame.data, frame.context)
        sender = frame.sender or f"?{_address(summary.source)}"
        own = order.get(sender, "")
        order[sender] = own or _address(summary.source)
        order.setdefault(climber.receiver(frame), "")
    for frame in frames:  # those who said nothing are known by what was said to them
        name = climber.receiver(frame)
        if not order.get(name):
            target = summarise(frame.data, frame.context).destination
            order[name] = "" if target == "everybody" else _address(target)
    found = [
        Station("" if name.startswith("?") or name == OUTSIDE else name, address) for name, address in order.items()]
    names = list(order)
    if len(found) > MAX_STATIONS:
        found, names = [*found[:MAX_STATIONS - 1], OTHERS], names[:MAX_STATIONS - 1]

    def column(name: str, address: str) -> int:
        wanted = name or f"?{_address(address)}"
        return names.index(wanted) if wanted in names else len(found) - 1

    return found, column


def _address(endpoint: str) -> str:
    return endpoint.rpartition(":")[0] if endpoint.count(":") == 1 else endpoint

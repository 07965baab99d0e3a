"""A NAT in the middle of a link: it stands at the inside end and puts its own address and ports in the place of others.

It takes the address of the interface at the inside end, as a router that masquerades does. What it lets through it
rewrites; what nobody inside has asked for goes no further. It has no hairpin: a link has one inside end, and what is
sent there to the outside address never enters the link (RFC 4787 §6). It sends nothing of its own, no ICMP errors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aether.link import translate
from aether.link.nat_table import MOST_SESSIONS, Mapping, NatSession, NatSettings, Place, Table, shown
from aether.link.translate import ERRORS, REPLIES, REQUESTS, Addressed, Malformed
from aether.streams import Stream
from aether.timers import NEVER, Sleeper
from aether.wire.address import show_ip
from aether.wire.ipv4 import PROTO_ICMP, PROTO_TCP, PROTO_UDP

if TYPE_CHECKING:
    from aether.link.port import Port

INSIDE, OUTSIDE = 1, 2
FIN, SYN, RST = 0x01, 0x02, 0x04
MOST_PIECES = 256
"""Fragmented packets of which it remembers where they go."""
PIECE_TIME = 30_000_000
"""How long, in microseconds of world time."""
PROTOCOLS = {PROTO_ICMP: "icmp", PROTO_TCP: "tcp", PROTO_UDP: "udp"}


class NotPassed(Exception):
    """A packet that goes no further: the reason, as in `events.BOXES`, and what it is about."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.cause = f"{reason}: {detail}" if detail else reason


class Passed(NamedTuple):
    """What became of a frame."""

    frame: bytes
    what: str = ""
    """What was rewritten; empty if nothing was."""
    refused: str = ""
    """Why it goes no further, as the cause of a loss; empty if it goes on."""


class Nat(Sleeper):
    """The box itself."""

    __slots__ = ("pieces", "port", "table")

    def __init__(self, port: Port, outside: bytes, settings: NatSettings, seed: int) -> None:
        """`port` is the inside end of the link, `outside` the address that it shows to the other end."""
        super().__init__()
        self.port = port
        self.table = Table(outside, settings, Stream(seed, port.link, "nat", "port"))
        self.pieces: dict[tuple[int, bytes, bytes, int], tuple[bytes, int]] = {}
        """The address that fragments of a packet get, and until when that is remembered."""

    def describe(self) -> str:
        """Return it as a person says it."""
        settings = shown(self.table.settings)
        usual = shown(NatSettings())
        turned = [f"{name} {value}" for name, value in settings.items() if value != usual[name]]
        return " ".join(["nat", f"to {show_ip(self.table.outside)}", *turned])

    def wake(self, now: int) -> None:
        """Forget sessions that were idle for too long."""
        table, world = self.table, self.port.world
        for session in table.due(now):
            table.forget(session)
            if world.observer is not None:
                world.observer(self.port.link, "nat.expired", *_described(session), session.state, now - session.last)
        world.queue.wake(self, table.deadline())

    def stop(self) -> None:
        """Wake up no more: it was taken away."""
        self.port.world.queue.wake(self, NEVER)

    def stands_at(self, port: Port) -> bool:
        """Tell whether that is the inside end."""
        return port is self.port

    def outward(self, frame: bytes) -> tuple[bytes, str, str]:
        """Rewrite a frame that leaves."""
        return self.translate(frame, OUTSIDE)

    def deliver(self, data: tuple[int, bytes]) -> None:
        """Take a frame that came from outside, and hand it to the inside end if it may go there."""
        port, (number, frame) = self.port, data
        world = port.world
        world.frame = number
        if port.pipe.box is not self:  # taken away while this frame was under way
            port.deliver(data)
            return
        passed = self.translate(frame, INSIDE)
        observer = world.observer
        if passed.refused:
            port.peer.pipe.lose(passed.refused)
            if observer is not None:
                observer(port.link, "frame.lost", number, port.link, passed.refused)
            return
        if passed.what and observer is not None:
            observer(port.link, "frame.altered", number, port.link, passed.what)
        port.deliver((number, passed.frame))

    def translate(self, frame: bytes, to: int) -> Passed:
        """Return what becomes of a frame that goes inside or outside."""
        try:
            header = translate.packet_of(frame)
            if header is None or self._for_many(header):
                return Passed(frame)
            if header.offset:
                return self._piece(frame, header, to)
            if header.kind in ERRORS:
                return self._error(frame, header, to)
            session = self._outward(header, frame) if to == OUTSIDE else self._inward(header, frame)
        except NotPassed as refused:
            return Passed(frame, "", refused.cause)
        except Malformed as malformed:
            return Passed(frame, "", f"nat.malformed: {malformed}")
        old, new = _ways(session.mapping, to)
        if header.more:
            self._remember(header, new[1])
        return Passed(translate.readdressed(frame, header, to == OUTSIDE, new[1], new[2]),
                      f"nat: {_side(to)} {_place(old)} → {_place(new)}")

    @staticmethod
    def _for_many(header: Addressed) -> bool:
        """Tell whether a packet is for a group or all, or from nobody with an address: such pass as they are."""
        return header.destination[0] >= 224 or not any(header.source)

    def _outward(self, header: Addressed, frame: bytes) -> NatSession:
        """Return the session of a packet from inside, which makes one if there is none."""
        kind, protocol = header.kind, header.protocol
        if protocol not in PROTOCOLS or (kind >= 0 and kind not in REQUESTS):
            if kind in REPLIES:
                raise NotPassed("nat.no_mapping", "an answer to what nobody outside could ask")
            raise NotPassed("nat.protocol", f"ICMP type {kind}" if kind >= 0 else f"protocol {protocol}")
        inside = protocol, header.source, header.ports[0]
        other = protocol, header.destination, header.ports[1] if protocol != PROTO_ICMP else 0
        mapping = self.table.by_inside.get(inside)
        session = mapping.sessions.get(other) if mapping is not None else None
        if session is None:
            session = self._open(mapping or inside, other)
        self._follow(session, INSIDE, _flags(frame, header))
        return session

    def _open(self, whose: Mapping | Place, other: Place) -> NatSession:
        table = self.table
        if table.sessions >= MOST_SESSIONS:
            raise NotPassed("nat.table_full", f"{MOST_SESSIONS:,} sessions")
        if isinstance(whose, Mapping):
            return table.open(whose, other)
        port = table.free_port(whose[0], whose[2])
        if port is None:
            raise NotPassed("nat.ports_exhausted", f"{table.settings.ports:,} for {PROTOCOLS[whose[0]]}, all in use")
        session = table.open(table.add(whose, port), other)
        world = self.port.world
        if world.observer is not None:
            world.observer(self.port.link, "nat.mapping", *_described(session))
        return session

    def _inward(self, header: Addressed, frame: bytes) -> NatSession:
        """Return the session of a packet from outside. One from a new other end needs a mapping that admits it."""
        protocol, kind = header.protocol, header.kind
        other = protocol, header.source, header.ports[0] if protocol != PROTO_ICMP else 0
        mapping = self._mapping(protocol, header.destination, header.ports[1])
        if mapping is None or (kind >= 0 and kind not in REPLIES):
            raise NotPassed("nat.no_mapping", self._about(protocol, header.destination, header.ports[1], other))
        flags = _flags(frame, header)
        session = mapping.sessions.get(other)
        if session is None:
            opens = protocol != PROTO_TCP or flags & (SYN | RST) == SYN
            if not opens or not self.table.admits(mapping, other):
                raise NotPassed("nat.filtered", self._about(protocol, header.destination, header.ports[1], other))
            session = self._open(mapping, other)
        self._follow(session, OUTSIDE, flags)
        return session

    def _mapping(self, protocol: int, address: bytes, port: int) -> Mapping | None:
        return self.table.by_outside.get((protocol, address, port))

    @staticmethod
    def _about(protocol: int, address: bytes, port: int, other: Place) -> str:
        name = PROTOCOLS.get(protocol, f"protocol {protocol}")
        return f"{name} {_place((protocol, address, port))} from {_place(other)}"

    def _follow(self, session: NatSession, by: int, flags: int) -> None:
        """Take note of a packet of a session: the state it is in, and from when on it is idle."""
        table, world, old = self.table, self.port.world, session.state
        timing = session.timing
        protocol = session.mapping.inside[0]
        if protocol == PROTO_TCP:
            timing = self._follow_tcp(session, by, flags)
        else:
            session.state = "answered" if by == OUTSIDE and old else old or ("asked" if by == INSIDE else "called")
            if by == INSIDE or not timing:  # what comes from outside holds nothing open (RFC 4787 §4.3)
                timing = "udp_timeout" if protocol == PROTO_UDP else "icmp_timeout"
            else:
                timing = ""
        if session.state != old and world.observer is not None:
            world.observer(self.port.link, "nat.state", *_described(session), old, session.state)
        if timing:
            table.refresh(session, timing, world.now)
            world.queue.wake(self, table.deadline())

    @staticmethod
    def _follow_tcp(session: NatSession, by: int, flags: int) -> str:
        """Change the state by a segment (RFC 6146 §3.5.2); return which time-out begins anew, or nothing."""
        state = session.state
        if flags & RST:
            if state == "reset":
                return ""
            session.state = "reset"
            return "transitory_timeout"
        if flags & SYN and state in ("", "closing", "reset"):
            session.state, session.opener, session.closed = "opening", by, 0
            return "transitory_timeout"
        if state == "closing":
            return ""
        if not state:  # its beginning was forgotten, or never seen
            session.state = state = "opening"
            session.opener = by
        session.closed |= by if flags & FIN else 0
        if state == "opening" and session.opener == by:
            return "transitory_timeout"
        session.state = ("established", "half-closed", "half-closed", "closing")[session.closed]
        return "transitory_timeout" if session.closed == INSIDE | OUTSIDE else "timeout"

    def _error(self, frame: bytes, header: Addressed, to: int) -> Passed:
        """Rewrite an ICMP error with what it quotes, which went the other way (RFC 5508 §4). It refreshes nothing."""
        quoted = translate.quoted_in(frame, header)
        if quoted.offset or quoted.protocol not in PROTOCOLS or (quoted.kind >= 0 and quoted.kind not in REQUESTS):
            raise NotPassed("nat.no_mapping", "an ICMP error about what no mapping could be for")
        query = quoted.protocol == PROTO_ICMP
        if to == INSIDE:
            mapping = self._mapping(quoted.protocol, quoted.source, quoted.ports[0])
            other = quoted.protocol, quoted.destination, 0 if query else quoted.ports[1]
            addressed = header.destination == self.table.outside
        else:
            mapping = self.table.by_inside.get((quoted.protocol, quoted.destination, quoted.ports[1]))
            other = quoted.protocol, quoted.source, quoted.ports[0]
            addressed = not query
        if mapping is None or not addressed or other not in mapping.sessions:
            raise NotPassed("nat.no_mapping", f"an ICMP error about {self._about_quoted(quoted)}")
        old, new = _ways(mapping, to)
        return Passed(
            translate.error_readdressed(frame, header, quoted, to == OUTSIDE, new[1], new[2]),
            f"nat: {_side(to)} {show_ip(header.source if to == OUTSIDE else header.destination)} → {show_ip(new[1])}, "
            f"and in what it quotes {_place(old)} → {_place(new)}")

    def _about_quoted(self, quoted: Addressed) -> str:
        source = quoted.protocol, quoted.source, quoted.ports[0]
        return self._about(quoted.protocol, quoted.destination, quoted.ports[1], source)

    def _remember(self, header: Addressed, address: bytes) -> None:
        """Remember where the later fragments of a packet go."""
        now = self.port.world.now
        pieces = {key: value for key, value in self.pieces.items() if value[1] > now}
        while len(pieces) >= MOST_PIECES:
            del pieces[next(iter(pieces))]
        pieces[_packet(header)] = address, now + PIECE_TIME
        self.pieces = pieces

    def _piece(self, frame: bytes, header: Addressed, to: int) -> Passed:
        """Rewrite a fragment that is not the first, and so shows no ports (RFC 4787 §11)."""
        address, until = self.pieces.get(_packet(header), (b"", 0))
        if not address or until <= self.port.world.now:
            raise NotPassed("nat.fragment", f"packet {header.identification} from {show_ip(header.source)}")
        old = header.source if to == OUTSIDE else header.destination
        return Passed(translate.readdressed(frame, header, to == OUTSIDE, address, None),
                      f"nat: {_side(to)} {show_ip(old)} → {show_ip(address)}")


def _ways(mapping: Mapping, to: int) -> tuple[Place, Place]:
    """Return what is replaced, and by what."""
    return (mapping.inside, mapping.outside) if to == OUTSIDE else (mapping.outside, mapping.inside)


def _side(to: int) -> str:
    return "source" if to == OUTSIDE else "destination"


def _packet(header: Addressed) -> tuple[int, bytes, bytes, int]:
    """Return what the fragments of a packet have in common."""
    return header.protocol, header.source, header.destination, header.identification


def _flags(frame: bytes, header: Addressed) -> int:
    return frame[header.transport + 13] if header.protocol == PROTO_TCP else 0


def _described(session: NatSession) -> tuple[int, bytes, int, bytes, int, bytes, int]:
    """Return the values that events about a session have in common."""
    mapping, other = session.mapping, session.other
    return (*mapping.inside, *mapping.outside[1:], *other[1:])


def _place(place: Place) -> str:
    protocol, address, port = place
    if protocol == PROTO_ICMP:
        return f"{show_ip(address)} id {port}" if port else show_ip(address)
    return f"{show_ip(address)}:{port}" if protocol in PROTOCOLS else show_ip(address)

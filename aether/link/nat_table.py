"""The table of a NAT: who inside is which port outside, whom it talks with, and when that is forgotten.

Mappings are endpoint-independent (RFC 4787 §4.1, RFC 5382 §5): whoever an inside address and port talks with, it is the
same port outside. Each mapping has a session for every other end; with its last session a mapping is forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from aether.knobs import TIMES, scaled, show_time
from aether.link import quantities
from aether.streams import Stream
from aether.timers import NEVER

FIRST_PORT = 1024
"""The lowest port outside: those below are well known (RFC 4787 §4.2.2)."""
ALL_PORTS = 65_536 - FIRST_PORT
MOST_SESSIONS = 16_384
"""Sessions that a table holds; more are refused."""
STRIDE = 500
"""By how much a new port is beyond the last one, at the most (RFC 6056 §3.3.5)."""
LONGEST_TIME_OUT = 7 * 24 * 3_600_000_000
"""Microseconds of the longest time-out: a week."""
FILTERING = ("endpoint-independent", "address-dependent", "address-and-port-dependent")

Place = tuple[int, bytes, int]
"""A protocol, an address of 4 bytes, and a port or the identifier of an ICMP query."""


@dataclass(slots=True)
class NatSettings:
    """How a NAT behaves; times in microseconds."""

    timeout: int = 7_440_000_000
    """How long an established TCP session may be idle: 2 hours 4 minutes (RFC 5382 §5)."""
    transitory_timeout: int = 240_000_000
    """... and one that is opening or closing: 4 minutes."""
    udp_timeout: int = 300_000_000
    """5 minutes (RFC 4787 §4.3)."""
    icmp_timeout: int = 60_000_000
    """A minute (RFC 5508 §3.2)."""
    ports: int = ALL_PORTS
    """How many ports there are outside, from 1024 on, for each protocol."""
    filtering: str = FILTERING[0]
    """Who may answer: everybody, the addresses that were sent to, or only their ports (RFC 4787 §5)."""


def time_out(text: str) -> int:
    """Return microseconds, from a second to a week."""
    value = scaled(text, TIMES)
    if value is None or not 1_000_000 <= value <= LONGEST_TIME_OUT:
        raise quantities.QuantityError(f"a time-out is from 1s to 168h, such as 30s or 5m, not {text!r}")
    return value


def ports(text: str) -> int:
    """Return how many ports."""
    value = quantities.count(text)
    if not 1 <= value <= ALL_PORTS:
        raise quantities.QuantityError(f"a NAT has from 1 to {ALL_PORTS} ports, not {text!r}")
    return value


def filtering(text: str) -> str:
    """Return who may answer."""
    word = text.strip().lower()
    if word not in FILTERING:
        raise quantities.QuantityError(f"filtering is {', '.join(FILTERING[:-1])} or {FILTERING[-1]}, not {text!r}")
    return word


_READ = {
    "timeout": time_out, "transitory_timeout": time_out, "udp_timeout": time_out, "icmp_timeout": time_out,
    "ports": ports, "filtering": filtering,
}
NAMES = tuple(name.replace("_", "-") for name in _READ)


def read_settings(texts: dict[str, str]) -> NatSettings:
    """Return settings from what a person writes; QuantityError if one makes no sense."""
    found = NatSettings()
    for what, text in texts.items():
        name = what.replace("-", "_")
        if name not in _READ:
            raise quantities.QuantityError(f"a NAT has no {what!r}. It has: {', '.join(NAMES)}")
        setattr(found, name, _READ[name](text))
    return found


def shown(settings: NatSettings) -> dict[str, str]:
    """Return all settings as a person writes them."""
    values = ((each.name, getattr(settings, each.name)) for each in fields(settings))
    return {name.replace("_", "-"): show_time(value) if "timeout" in name else str(value) for name, value in values}


class NatSession:
    """One conversation of a mapping, with one other end."""

    __slots__ = ("closed", "last", "mapping", "opener", "other", "state", "timing")

    def __init__(self, mapping: Mapping, other: Place) -> None:
        self.mapping = mapping
        self.other = other
        self.state = ""
        self.opener = 0
        """Who has sent its first packet: 1 inside, 2 outside."""
        self.closed = 0
        """Who has sent a FIN: 1 inside, 2 outside, 3 both."""
        self.timing = ""
        """Which of the settings says how long it may be idle."""
        self.last = 0
        """When a packet refreshed it last, in microseconds of world time."""


class Mapping:
    """An inside address and port, and its port outside, whoever it talks with (RFC 4787 §4.1)."""

    __slots__ = ("inside", "outside", "sessions")

    def __init__(self, inside: Place, outside: Place) -> None:
        self.inside = inside
        self.outside = outside
        self.sessions: dict[Place, NatSession] = {}


class Table:
    """All mappings of a NAT. Within a time-out, sessions stand in the order in which they were refreshed."""

    __slots__ = ("by_inside", "by_outside", "idle", "last_port", "outside", "sessions", "settings", "stream")

    def __init__(self, outside: bytes, settings: NatSettings, stream: Stream) -> None:
        self.outside = outside
        self.settings = replace(settings)
        self.stream = stream
        self.last_port = FIRST_PORT + stream.below(settings.ports)
        self.by_inside: dict[Place, Mapping] = {}
        self.by_outside: dict[Place, Mapping] = {}
        self.sessions = 0
        self.idle: dict[str, dict[tuple[Place, Place], NatSession]] = {
            name: {} for name in ("timeout", "transitory_timeout", "udp_timeout", "icmp_timeout")}

    def free_port(self, protocol: int, wanted: int) -> int | None:
        """Return the port that a new mapping gets: the one inside if it is free, else another; None if none is free.

        Another one is beyond the last by a step drawn at random, and then the first that is free: nobody outside can
        tell it beforehand (RFC 7857 §9), and who comes back late seldom gets what he had.
        """
        count, outside = self.settings.ports, self.outside
        if FIRST_PORT <= wanted < FIRST_PORT + count and (protocol, outside, wanted) not in self.by_outside:
            return wanted
        at = self.last_port - FIRST_PORT + 1 + self.stream.below(max(min(STRIDE, count - 1), 1))
        for step in range(count):
            port = FIRST_PORT + (at + step) % count
            if (protocol, outside, port) not in self.by_outside:
                self.last_port = port
                return port
        return None

    def add(self, inside: Place, port: int) -> Mapping:
        """Make a mapping."""
        mapping = Mapping(inside, (inside[0], self.outside, port))
        self.by_inside[mapping.inside] = self.by_outside[mapping.outside] = mapping
        return mapping

    def open(self, mapping: Mapping, other: Place) -> NatSession:
        """Make a session of a mapping. It has to be refreshed at once."""
        mapping.sessions[other] = session = NatSession(mapping, other)
        self.sessions += 1
        return session

    def refresh(self, session: NatSession, timing: str, now: int) -> None:
        """Let a session be idle from now on, for as long as one of the settings says."""
        key = session.mapping.outside, session.other
        if session.timing:
            del self.idle[session.timing][key]
        session.timing, session.last = timing, now
        self.idle[timing][key] = session

    def forget(self, session: NatSession) -> bool:
        """Forget a session, and its mapping with the last of them; return whether that is so."""
        mapping = session.mapping
        del self.idle[session.timing][mapping.outside, session.other]
        del mapping.sessions[session.other]
        self.sessions -= 1
        if mapping.sessions:
            return False
        del self.by_inside[mapping.inside], self.by_outside[mapping.outside]
        return True

    def expires(self, session: NatSession) -> int:
        """Return when a session is forgotten if nothing refreshes it, in microseconds of world time."""
        limit: int = getattr(self.settings, session.timing)
        return session.last + limit

    def deadline(self) -> int:
        """Return when the next session is forgotten; NEVER if there is none."""
        return min((self.expires(next(iter(each.values()))) for each in self.idle.values() if each), default=NEVER)

    def due(self, now: int) -> list[NatSession]:
        """Return the sessions that are forgotten by now."""
        found = []
        for each in self.idle.values():
            for session in each.values():
                if self.expires(session) > now:
                    break
                found.append(session)
        return found

    def admits(self, mapping: Mapping, other: Place) -> bool:
        """Tell whether an other end may send to a mapping, by how it is filtered."""
        how = self.settings.filtering
        if how == FILTERING[0] or other in mapping.sessions:
            return True
        return how == FILTERING[1] and any(address == other[1] for _, address, _ in mapping.sessions)

"""Multicast groups: joined, left, and reported to routers that ask (RFC 1112, RFC 2236).

A member is *delaying* while a timer runs, after which it reports its group, and *idle* otherwise. Whoever hears
another's report meanwhile keeps silent: a router needs to know of one member only.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from aether.streams import Stream
from aether.timers import NEVER, Sleeper
from aether.wire import igmp, ipv4
from aether.wire.address import is_multicast, show_ip
from aether.wire.error import WireError

if TYPE_CHECKING:
    from aether.net.interface import Interface
    from aether.net.node import Node

DELAYING, IDLE = "delaying", "idle"
UNSOLICITED_INTERVAL = 10_000_000
"""Microseconds within which a report that nobody asked for is repeated (RFC 2236 §8.10)."""
UNSOLICITED_REPORTS = 2
"""How often a new member reports, the first time at once (RFC 2236 §8.1)."""
VERSION_1_RESPONSE = 10_000_000
"""Microseconds to answer a query of version 1, which names no time (RFC 2236 §4)."""
VERSION_1_PRESENT = 400_000_000
"""Microseconds for which a query of version 1 is remembered (RFC 2236 §8.11)."""
TENTH = 100_000
"""Queries count in tenths of a second (RFC 2236 §2.2); this is one in microseconds."""
MAX_GROUPS = 256
"""Groups that one host is in at the most, on all interfaces."""
ROUTER_ALERT = bytes((ipv4.OPTION_ROUTER_ALERT, 4, 0, 0))
"""Every message carries this option (RFC 2236 §2, RFC 2113)."""
INTERNETWORK_CONTROL = 0xC0
"""The type of service of every message, as on Linux."""
ANY = b"\0\0\0\0"


class Membership:
    """One group that a host is in, on one interface."""

    __slots__ = ("asked", "by_user", "deadline", "group", "interface", "last_reporter", "unsolicited", "users")

    def __init__(self, interface: Interface, group: bytes) -> None:
        self.interface = interface
        self.group = group
        self.users = 0
        """How many sockets, and the user, are in it."""
        self.by_user = False
        """Whether the user has joined it."""
        self.deadline = NEVER
        """When it reports, unless somebody else does."""
        self.asked = False
        """Whether a router has asked for that report."""
        self.unsolicited = 0
        """Reports that nobody asked for and that are still to be sent."""
        self.last_reporter = False
        """Whether nobody has reported after us: then the routers must be told when we leave."""

    @property
    def state(self) -> str:
        """The state that RFC 2236 §6 gives it."""
        return DELAYING if self.deadline < NEVER else IDLE


class Igmp(Sleeper):
    """The groups of one host. 224.0.0.1 is everybody's, and never reported."""

    __slots__ = ("groups", "host", "stream", "version_1_until")

    def __init__(self, host: Node) -> None:
        super().__init__()
        self.host = host
        self.groups: dict[tuple[int, bytes], Membership] = {}
        """By the index of the interface, and the group."""
        self.version_1_until: dict[int, int] = {}
        """Until when a router of version 1 is thought to be there, by the index of the interface."""
        self.stream: Stream

    def seed(self, seed: int) -> None:
        """Take the randomness of the delays."""
        self.stream = Stream(seed, self.host.name, "igmp")

    def interface_for(self, group: bytes, index: int | None = None) -> Interface:
        """Return the interface with an index, or the one that leads to a group; OSError ENODEV."""
        if index is None:
            route = self.host.routes.find(group)
            index = route.interface if route is not None else 0
        if not 0 <= index < len(self.host.interfaces):
            raise OSError(errno.ENODEV, f"{self.host.name} has no interface {index}")
        return self.host.interfaces[index]

    def listens(self, group: bytes, interface: Interface) -> bool:
        """Tell whether packets to a group are for us."""
        return group == igmp.ALL_HOSTS or (interface.index, group) in self.groups

    def join(self, group: bytes, interface: Interface) -> None:
        """Become a member once more (RFC 1112 §7.1); OSError EINVAL for what is no group, ENOBUFS for too many."""
        if not is_multicast(group):
            raise OSError(errno.EINVAL, f"{show_ip(group)} is no group: those are 224.0.0.0 to 239.255.255.255")
        key = interface.index, group
        member = self.groups.get(key)
        if member is None:
            if len(self.groups) >= MAX_GROUPS:
                raise OSError(errno.ENOBUFS, f"a host is in {MAX_GROUPS} groups at the most")
            self.groups[key] = member = Membership(interface, group)
            if self.host.observer is not None:
                self.host.observer(self.host.name, "igmp.joined", group)
            if group != igmp.ALL_HOSTS:
                member.unsolicited = UNSOLICITED_REPORTS - 1
                self._report(member, "joined")
        member.users += 1

    def leave(self, group: bytes, interface: Interface) -> None:
        """Be a member once less; the routers hear of the last (RFC 2236 §3). OSError EADDRNOTAVAIL if we are none."""
        member = self.groups.get((interface.index, group))
        if member is None:
            raise OSError(errno.EADDRNOTAVAIL, f"not in group {show_ip(group)}")
        member.users -= 1
        if member.users:
            return
        del self.groups[interface.index, group]
        if self.host.observer is not None:
            self.host.observer(self.host.name, "igmp.left", group)
        if member.last_reporter and not self._version_1(interface):
            self._send(igmp.LEAVE, igmp.ALL_ROUTERS, group, interface)
        self._arm()

    def query(self, group: bytes, interface: Interface, max_response: int) -> None:
        """Ask who is in a group, or in any for 0.0.0.0, as a router does; `max_response` in tenths of a second."""
        message = igmp.build(igmp.IgmpMessage(igmp.QUERY, max_response, group))
        self._transmit(message, igmp.ALL_HOSTS if group == ANY else group, interface)

    def receive(self, payload: bytes, header: ipv4.Ipv4Header, interface: Interface) -> None:
        """Handle a message (RFC 2236 §3)."""
        host = self.host
        try:
            message = igmp.parse(payload)
        except WireError as problem:
            host.drop(problem.reason, detail=problem.detail)
            return
        if message.type == igmp.QUERY:
            host.count("igmp.queries_received")
            self._asked(message, interface)
        elif message.type in (igmp.V1_REPORT, igmp.V2_REPORT):
            host.count("igmp.reports_received")
            self._heard(message.group, header.source, interface)
        else:
            host.drop("igmp.unknown_type", detail=igmp.NAMES.get(message.type, f"type 0x{message.type:02x}"))

    def _asked(self, query: igmp.IgmpMessage, interface: Interface) -> None:
        """Let every member that is asked for wait for a random time, and then report."""
        host = self.host
        longest = query.max_response * TENTH
        if not longest:
            self.version_1_until[interface.index] = host.now + VERSION_1_PRESENT
            longest = VERSION_1_RESPONSE
        if host.observer is not None:
            host.observer(host.name, "igmp.asked", query.group, longest)
        for member in self.groups.values():
            if member.interface is not interface or member.group == igmp.ALL_HOSTS:
                continue
            if query.group in (ANY, member.group) and member.deadline > host.now + longest:
                member.deadline, member.asked = host.now + self.stream.between(1, longest), True
        self._arm()

    def _heard(self, group: bytes, reporter: bytes, interface: Interface) -> None:
        """Keep silent, since somebody else has reported the group."""
        member = self.groups.get((interface.index, group))
        if member is None:
            self.host.drop("igmp.not_member", detail=f"group {show_ip(group)}")
        elif member.deadline < NEVER:
            member.deadline, member.unsolicited, member.last_reporter, member.asked = NEVER, 0, False, False
            if self.host.observer is not None:
                self.host.observer(self.host.name, "igmp.suppressed", group, reporter)
            self._arm()

    def _report(self, member: Membership, why: str) -> None:
        """Report a group now, and again later if that was promised."""
        kind = igmp.V1_REPORT if self._version_1(member.interface) else igmp.V2_REPORT
        member.last_reporter = True
        member.deadline, member.asked = NEVER, False
        if member.unsolicited:
            member.unsolicited -= 1
            member.deadline = self.host.now + self.stream.between(1, UNSOLICITED_INTERVAL)
        if self.host.observer is not None:
            self.host.observer(self.host.name, "igmp.reported", member.group, why)
        self._send(kind, member.group, member.group, member.interface)
        self._arm()

    def _version_1(self, interface: Interface) -> bool:
        return self.version_1_until.get(interface.index, 0) > self.host.now

    def _send(self, kind: int, destination: bytes, group: bytes, interface: Interface) -> None:
        self._transmit(igmp.build(igmp.IgmpMessage(kind, 0, group)), destination, interface)

    def _transmit(self, message: bytes, destination: bytes, interface: Interface) -> None:
        self.host.ipv4.send(
            destination, ipv4.PROTO_IGMP, message, ttl=1, tos=INTERNETWORK_CONTROL, options=ROUTER_ALERT,
            interface=interface)

    def _arm(self) -> None:
        self.host.queue.wake(self, min((member.deadline for member in self.groups.values()), default=NEVER))

    def wake(self, now: int) -> None:
        """Let the member report whose time has come."""
        self.host.now = now
        due = min(self.groups.values(), key=_deadline, default=None)
        if due is not None and due.deadline <= now:
            self._report(due, "asked" if due.asked else "again")
        else:
            self._arm()


def _deadline(member: Membership) -> int:
    return member.deadline

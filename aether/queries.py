"""What can be asked of a world, as plain data. Nothing here changes anything.

Every function takes the world first, and returns dataclasses of `aether.answers`. A query
about something that is not there raises QueryError with a text for the person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aether import knobs
from aether.answers import (
    AddressRow,
    ArpRow,
    AtStake,
    CacheRow,
    ConnectionDetail,
    ConnectionRow,
    CounterRow,
    DnsCache,
    DropRow,
    FragmentRow,
    GroupRow,
    HostRow,
    IcmpCounts,
    IcmpRow,
    KnobRow,
    Lease,
    LinkRow,
    ListenerRow,
    LossRow,
    Next,
    Overview,
    PathRow,
    RouteRow,
    SocketRow,
    TimerRow,
)
from aether.apps.dns_cache import ANY_TYPE
from aether.apps.dns_zone import show_data
from aether.apps.simple import Hold
from aether.events import DROPS
from aether.host import Findings
from aether.net.claims import claims_of
from aether.net.icmp import BURST
from aether.operations.base import OperationError, first_interface, host_named
from aether.seen import Hidden
from aether.tcp.info import tcp_info
from aether.tcp.states import TIME_WAIT
from aether.timers import NEVER
from aether.wire import dns, icmp
from aether.wire.address import show_ip, show_mac

if TYPE_CHECKING:
    from aether.host import Host
    from aether.tcp.connection import Connection
    from aether.world import World


SOME = 12
"""Connections that an error names."""


class QueryError(OperationError):
    """A question about something that does not exist; the text says what does."""


def hosts(world: World) -> list[HostRow]:
    """Return all hosts."""
    return [
        HostRow(
            host.name,
            [f"{show_ip(a.ip)}/{a.prefix}" for interface in host.interfaces for a in interface.addresses],
            show_mac(host.interfaces[0].mac) if host.interfaces else "",
            host.tcp.count(), sum(host.drops.values()),
        )
        for host in world.hosts.values()
    ]


def overview(world: World, host: str = "you") -> Overview:
    """Return the few figures that are always in view."""
    one = host_named(world, host)
    try:
        switches = [f"{row.name}={row.value}" for row in turned(world, host)]
    except Hidden:
        switches = []
    try:
        lost = sum(row.count for row in losses(world))
    except Hidden:
        lost = 0
    return Overview(one.tcp.count(), sum(one.drops.values()), lost, switches)


def connections(world: World, host: str = "you") -> list[ConnectionRow]:
    """Return the connections of a host, in the order of their numbers."""
    found = host_named(world, host).tcp.connections.values()
    return [
        ConnectionRow(
            conn.number, conn.state, _endpoint(conn.local_ip, conn.local_port),
            _endpoint(conn.remote_ip, conn.remote_port), conn.bytes_sent, conn.bytes_received, conn.receive.length,
            conn.opened,
        )
        for conn in sorted(found, key=_number)
    ]


def at_stake(world: World) -> AtStake:
    """Return how many connections there are at all hosts, and how many of them live."""
    tcps = [host.tcp for host in world.hosts.values()]
    return AtStake(sum(tcp.count() for tcp in tcps), sum(tcp.living() for tcp in tcps))


def connection(world: World, number: int, host: str = "you") -> ConnectionDetail:
    """Return all about one connection; QueryError if that host has none of this number."""
    one = host_named(world, host)
    conn = find_connection(one, number)
    finite = 1 << 40
    options = [f"mss {conn.mss}"]
    if conn.snd_wscale or conn.rcv_wscale:
        options.append(f"window scale {conn.snd_wscale}/{conn.rcv_wscale}")
    options += [name for name, used in (
        ("sack", conn.sack_ok), ("timestamps", conn.ts_ok), ("data in the SYN", conn.syn_data)) if used]
    info = tcp_info(conn, world.now)
    return ConnectionDetail(
        number=conn.number, host=host, state=conn.state, local=_endpoint(conn.local_ip, conn.local_port),
        remote=_endpoint(conn.remote_ip, conn.remote_port), opened_us=conn.opened, age_us=world.now - conn.opened,
        error=error_text(conn.error), snd_una=conn.snd_una - conn.iss, snd_nxt=conn.snd_nxt - conn.iss,
        snd_wnd=conn.snd_wnd, snd_buffered=conn.send.end - conn.send.start, rcv_nxt=max(conn.rcv_nxt - conn.irs, 0),
        rcv_wnd=max(conn.rcv_adv - conn.rcv_nxt, 0), rcv_unread=conn.receive.length,
        rcv_out_of_order=_beyond_a_hole(conn),
        in_flight=conn.flight_size(), mss=conn.mss, cwnd=conn.cwnd if conn.cwnd < finite else None,
        ssthresh=conn.ssthresh if conn.ssthresh < finite else None,
        congestion=conn.algorithm, phase=info.ca_state.lower(), sacked=info.sacked, lost=info.lost,
        under_way_again=info.retrans, reordering=info.reordering, busy_us=info.busy_time,
        rwnd_limited_us=info.rwnd_limited, sndbuf_limited_us=info.sndbuf_limited, srtt_us=conn.round_trip.srtt,
        rttvar_us=conn.round_trip.rttvar, rto_us=conn.round_trip.timeout(), retransmits=conn.retransmits,
        sent=conn.bytes_sent, received=conn.bytes_received, options=options,
        timers=[
            TimerRow(name, max(deadline - world.now, 0))
            for name, deadline in sorted(conn.deadlines.items(), key=_deadline)
        ],
        iss=conn.iss & 0xFFFFFFFF, irs=conn.irs & 0xFFFFFFFF,
    )


def find_connection(host: Host, number: int) -> Connection:
    """Return a connection by its number; QueryError says which there are."""
    for conn in host.tcp.connections.values():
        if conn.number == number:
            return conn
    raise no_connection(number, host.name, [(conn.number, conn.state) for conn in host.tcp.connections.values()])


def no_connection(number: int, host: str, others: list[tuple[int, str]]) -> QueryError:
    """Return what to raise where a host has no connection of this number, but `others`: numbers and states.

    It names those that live before those that rest in TIME-WAIT, of which there may be thousands.
    """
    living = sorted(other for other, state in others if state != TIME_WAIT)
    resting = sorted((other for other, state in others if state == TIME_WAIT), reverse=True)
    there = f"There are: {', '.join(map(str, living[:SOME]))}" if living else "There are none now"
    if resting and living:
        there += f", and {len(resting):,} in TIME-WAIT"
    elif resting:
        there = f"There are only some in TIME-WAIT: {', '.join(map(str, resting[:SOME]))}"
    return QueryError(f"no connection {number} at {host!r}. {there}. `tcp conns` lists them")


def connection_state(world: World, number: int, host: str = "you") -> str:
    """Return the state of a connection, ``CLOSED`` when it is gone."""
    for conn in host_named(world, host).tcp.connections.values():
        if conn.number == number:
            return conn.state
    return "CLOSED"


def received(world: World, number: int, host: str = "you") -> int:
    """Return how many bytes a connection has handed to whoever holds it, ever."""
    for conn in host_named(world, host).tcp.connections.values():
        if conn.number == number:
            app = conn.socket.app if conn.socket is not None else None
            return app.total if isinstance(app, Hold) else conn.bytes_received
    return 0


def received_since(world: World, number: int, before: int, host: str = "you") -> bytes:
    """Return what arrived on a connection that the user holds, after the first `before` bytes."""
    for conn in host_named(world, host).tcp.connections.values():
        if conn.number == number and conn.socket is not None and isinstance(conn.socket.app, Hold):
            new = conn.socket.app.total - before
            return conn.socket.app.received[-new:] if new else b""
    return b""


def datagrams(world: World, port: int, host: str = "you") -> list[tuple[str, bytes]]:
    """Return the datagrams that wait in the sockets of a UDP port: who sent each, and what it says."""
    return [
        (_endpoint(datagram.source, datagram.port), datagram.payload)
        for socket in host_named(world, host).udp.ports.get(port, ()) for datagram in socket.queue
    ]


def job_done(world: World, number: int, host: str = "you") -> bool:
    """Tell whether something that the user started is at its end, or forgotten."""
    job = host_named(world, host).jobs.get(number)
    return job is None or job.done


def job_since(world: World, number: int, shown: int, host: str = "you") -> list[Any]:
    """Return what a job has found after the first `shown` results, as plain data; nothing if there is no such job."""
    job = host_named(world, host).jobs.get(number)
    return list(job.since(shown)) if isinstance(job, Findings) else []


def job_report(world: World, number: int, host: str = "you") -> Any:
    """Return how far a job is, as plain data; QueryError if there is none of this number."""
    job = host_named(world, host).jobs.get(number)
    if job is None:
        raise QueryError(f"no job {number} at {host!r}")
    return job.report()


def listeners(world: World, host: str = "you") -> list[ListenerRow]:
    """Return the TCP ports on which a host listens."""
    found = host_named(world, host).tcp.listeners
    return [
        ListenerRow(
            _endpoint(ip, port), one.backlog, one.half_open + one.pending - len(one.resets), len(one.accepted),
            _application(one.socket.app))
        for (ip, port), one in sorted(found.items(), key=_port_of_listener)
    ]


def sockets(world: World, host: str = "you") -> list[SocketRow]:
    """Return the UDP sockets of a host."""
    found = host_named(world, host).udp.ports
    return [
        SocketRow(
            _endpoint(one.ip, port), _endpoint(*one.remote) if one.remote else "", one.queued, _application(one.app))
        for port in sorted(found) for one in found[port]
    ]


def neighbours(world: World, host: str = "you") -> list[ArpRow]:
    """Return the ARP cache of a host."""
    return [
        ArpRow(
            show_ip(entry.address), show_mac(entry.mac) if entry.mac else "", entry.state, len(entry.waiting),
            entry.deadline - world.now if entry.deadline < NEVER else None,
        )
        for interface in host_named(world, host).interfaces
        for entry in sorted(interface.neighbours.entries.values(), key=_address)
    ]


def addresses(world: World, host: str = "you") -> list[AddressRow]:
    """Return the addresses of a host, with those that it probes for."""
    rows = []
    for interface in host_named(world, host).interfaces:
        claims, link = claims_of(interface), interface.port.link if interface.port is not None else ""
        found = {address.ip: (address.prefix, "in use", "") for address in interface.addresses}
        found.update({
            ip: (claim.prefix, claim.state, show_mac(claim.claimant) if claim.claimant else f"{claim.sent} sent")
            for ip, claim in claims.items()
        })
        rows += [
            AddressRow(interface.index, f"{show_ip(ip)}/{prefix}", link, show_mac(interface.mac), state, detail)
            for ip, (prefix, state, detail) in found.items()
        ]
    return rows


def routes(world: World, host: str = "you") -> list[RouteRow]:
    """Return the routing table of a host, the most specific route first."""
    one = host_named(world, host)
    rows = []
    for route in one.routes.table:
        interface = one.interfaces[route.interface]
        network = show_ip(route.network.to_bytes(4, "big"))
        rows.append(RouteRow(
            f"{network}/{route.prefix}", show_ip(route.gateway) if route.gateway else "", route.interface,
            interface.port.link if interface.port is not None else "", interface.mtu))
    return rows


def paths(world: World, host: str = "you") -> list[PathRow]:
    """Return the path MTUs that a host has learned and still believes."""
    return [
        PathRow(show_ip(destination), mtu, until - world.now)
        for destination, (mtu, until) in sorted(host_named(world, host).ipv4.path_mtus.items()) if until > world.now
    ]


def fragments(world: World, host: str = "you") -> list[FragmentRow]:
    """Return the packets of which a host waits for fragments, the oldest first."""
    return [
        FragmentRow(
            show_ip(key[:4]), show_ip(key[4:8]), key[8], each.identification, len(each.pieces),
            sum(len(data) for _, data in each.pieces), each.total if each.total >= 0 else None, each.memory,
            each.deadline - world.now, each.refused)
        for key, each in host_named(world, host).ipv4.fragments.packets.items()
    ]


def dns_cache(world: World, host: str = "you") -> DnsCache:
    """Return what the resolver of a host remembers, by name; entries whose time is over are left out."""
    resolver = host_named(world, host).resolver
    entries = [
        CacheRow(
            entry.name, "any" if entry.type == ANY_TYPE else dns.TYPES.get(entry.type, str(entry.type)),
            entry.until - world.now, [show_data(record) for record in entry.records],
            "" if entry.records else dns.CODES[entry.code] if entry.code else "no such record")
        for _, entry in sorted(resolver.cache.entries.items()) if entry.until > world.now
    ]
    return DnsCache(
        [show_ip(server) for server in resolver.servers], resolver.domain, resolver.cache.hits, resolver.cache.misses,
        entries)


def dhcp_lease(world: World, host: str = "you") -> Lease:
    """Return how the first interface of a host is configured, and what its DHCP client does."""
    one = host_named(world, host)
    client, interface = one.dhcp, first_interface(one)
    lease = client.lease
    renew, rebind, expire = [
        max(at - world.now, 0) if at < NEVER else None
        for at in ((lease.renew_at, lease.rebind_at, lease.expires_at) if lease else (NEVER, NEVER, NEVER))
    ]
    default = one.routes.find(b"\0\0\0\0")
    return Lease(
        client.state, "dhcp" if lease else "static" if interface.addresses else "none",
        show_ip(interface.addresses[0].ip) if interface.addresses else "",
        interface.addresses[0].prefix if interface.addresses else 0,
        show_ip(default.gateway) if default is not None and default.gateway else "",
        [show_ip(server) for server in one.resolver.servers], one.resolver.domain, interface.mtu,
        show_ip(lease.server) if lease else "", renew, rebind, expire, client.tries)


def counters(world: World, host: str = "you") -> list[CounterRow]:
    """Return what a host has counted, by name."""
    return [CounterRow(name, count) for name, count in sorted(host_named(world, host).counters.items())]


def groups(world: World, host: str = "you") -> list[GroupRow]:
    """Return the multicast groups that a host is in."""
    return [
        GroupRow(
            show_ip(group), member.interface.port.link if member.interface.port is not None else "", member.state,
            member.users, member.last_reporter, member.deadline - world.now if member.deadline < NEVER else None)
        for (_, group), member in sorted(host_named(world, host).igmp.groups.items())
    ]


def icmp_counts(world: World, host: str = "you") -> IcmpCounts:
    """Return which ICMP messages came and went at a host, by type and code."""
    one = host_named(world, host)
    layer, interval = one.icmp, one.icmp.host.knobs.icmp_interval
    rows = [
        IcmpRow(*which, _icmp_name(*which), layer.received.get(which, 0), layer.sent.get(which, 0))
        for which in sorted({**layer.received, **layer.sent})
    ]
    allowances = {
        show_ip(destination): min(saved + world.now - since, BURST * interval) // interval
        for destination, (saved, since) in sorted(layer.allowances.items())
    } if interval else {}
    return IcmpCounts(
        rows, layer.limited, sorted(layer.listeners),
        {address: left for address, left in allowances.items() if left < BURST})


def _icmp_name(kind: int, code: int) -> str:
    return icmp.NAMES.get((kind, code)) or icmp.NAMES.get(kind) or f"type {kind}"


def drops(world: World, host: str = "you") -> list[DropRow]:
    """Return what a host has discarded, the most frequent reason first."""
    found = host_named(world, host).drops
    rows = []
    for reason, count in sorted(found.items(), key=_most_first):
        known = DROPS[reason]
        rows.append(DropRow(reason, count, known.help, known.rfc, known.knob))
    return rows


def knob_rows(world: World, host: str = "you") -> list[KnobRow]:
    """Return the knobs of a host."""
    values = host_named(world, host).knobs
    return [_knob(knob, getattr(values, knob.attribute)) for knob in knobs.KNOBS.values()]


def turned(world: World, host: str = "you") -> list[KnobRow]:
    """Return the knobs of a host that differ from the default."""
    return [row for row in knob_rows(world, host) if row.value != row.default]


def links(world: World) -> list[LinkRow]:
    """Return what the links do to frames."""
    return [
        LinkRow(link.name, direction, port.latency, port.pipe.describe())
        for link in world.links.values() for direction, port in (("out", link.left), ("in", link.right))
    ]


def losses(world: World) -> list[LossRow]:
    """Return how many frames the links have lost, by link, direction and cause."""
    return [
        LossRow(link.name, direction, cause, count)
        for link in world.links.values() for direction, port in (("out", link.left), ("in", link.right))
        for cause, count in sorted(port.pipe.losses.items())
    ]


def next_occurrence(world: World) -> Next:
    """Return what the next step would do, as far as it is known."""
    try:
        entry = world.queue.next()
    except Hidden:
        return Next(None, "whatever comes next")
    if entry is None:
        return Next(None, "nothing is waiting to happen")
    deadline, _, owner, data = entry
    if data is None:
        return Next(deadline, f"timer {_sleeper(owner)}")
    number = data[0]
    host = getattr(owner, "host", None)
    return Next(deadline, f"frame {number} arrives at {host.name if host is not None else 'the world outside'}")


def _sleeper(owner: object) -> str:
    """Name the owner of a timer, and the timer."""
    host = getattr(owner, "host", None)
    at = f" at {host.name}" if host is not None and host.name != "you" else ""
    deadlines = getattr(owner, "deadlines", None)
    if deadlines:
        whose = f"#{number}" if (number := getattr(owner, "number", 0)) else _words(type(owner).__name__)
        return f"{min(deadlines, key=deadlines.__getitem__)} of {whose}{at}"
    return f"{_words(type(owner).__name__)}{at}"


def error_text(error: int) -> str:
    """Return an errno as words."""
    if not error:
        return ""
    from os import strerror

    return strerror(error).lower()


def _knob(knob: knobs.Knob, value: knobs.Value) -> KnobRow:
    if knob.type == "switch":
        choices = ["on", "off"]
    elif knob.choices:
        choices = list(knob.choices)
    else:
        choices = [knobs.show(knob, knob.low), knobs.show(knob, knob.high)]
    return KnobRow(
        knob.name, knobs.show(knob, value), knobs.show(knob, knob.default), knobs.show(knob, knob.classic),
        knob.help, knob.rfc, knob.type, choices)


def _beyond_a_hole(conn: Connection) -> int:
    """Return how many bytes wait for others that are missing."""
    return 0 if conn.out_of_order is None else sum(map(len, conn.out_of_order.pieces.values()))


def _endpoint(ip: bytes, port: int) -> str:
    return f"{show_ip(ip)}:{port}"


def _application(app: object) -> str:
    return "" if app is None else _words(type(app).__name__)


def _words(name: str) -> str:
    """Turn a class name into words: ``HttpServer`` into ``http server``."""
    return "".join(f" {char.lower()}" if char.isupper() else char for char in name).strip()


def _number(conn: Connection) -> int:
    return conn.number


def _deadline(item: tuple[str, int]) -> int:
    return item[1]


def _address(entry: object) -> bytes:
    return getattr(entry, "address", b"")


def _port_of_listener(item: tuple[tuple[bytes, int], object]) -> tuple[int, bytes]:
    return item[0][1], item[0][0]


def _most_first(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]

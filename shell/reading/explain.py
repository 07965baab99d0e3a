"""What a connection waits for: the cause of a standstill, found in its state."""

from __future__ import annotations

from aether.events import Event
from aether.host import Host
from aether.operations.base import OperationError
from aether.reading.flow import MASK
from aether.reading.packet import segment_in
from aether.seen import everything
from aether.tcp.connection import Connection
from aether.tcp.output import held_back
from aether.tcp.refusals import EMPTY
from aether.tcp.states import LISTEN, TIME_WAIT
from aether.timers import NEVER
from aether.wire.address import show_ip, show_mac
from aether.world import World
from shell.language.values import amount, amount_is, show_duration
from shell.reading.cause import Cause

PROGRESS = ("tcp.delivered", "tcp.rtt", "tcp.state")
"""What shows that the ends agree."""
FEW, MANY = 3, 1000
"""Answers that make a storm when none is held back, and how many are counted."""


def stalled(world: World, *, number: int, events: list[Event]) -> Cause:
    """Return what a connection of yours waits for: a query. OperationError if there is no such connection."""
    you = everything(world, "what a connection waits for, as only a simulation knows it,").hosts["you"]
    conn = next((c for c in you.tcp.connections.values() if c.number == number), None)
    if conn is None:
        return _gone(number, events)
    before = _network(world, you, conn, events)
    if before is not None:
        return before
    if conn.state in ("SYN-SENT", "SYN-RECEIVED"):
        return _handshake(world, conn)
    for cause in (_storm(conn, events), _half_open(world, conn, events), _update_lost(world, conn, events),
                  _own(world, conn, events), _peer(world, conn, events)):
        if cause is not None:
            return cause
    return Cause(f"nothing is to be sent, and nothing is expected: #{number} is {conn.state}, and idle")


def _gone(number: int, events: list[Event]) -> Cause:
    for event in reversed(events):
        if event.kind == "tcp.state" and event.values[0] == number and event.values[2] == "CLOSED":
            return Cause(f"#{number} is closed: {event.values[3]} in {event.values[1]}", "RFC 9293 §3.10")
    raise OperationError(f"no connection #{number} at you. `tcp conns` shows those that there are")


def _network(world: World, host: Host, conn: Connection, events: list[Event]) -> Cause | None:
    """Is there a way to the peer at all?"""
    route = host.routes.find(conn.remote_ip)
    if route is None:
        return Cause("there is no route to the peer", "RFC 1122 §3.3.1", "", "`ip routes` shows the table")
    neighbours = host.interfaces[route.interface].neighbours
    hop = route.gateway or conn.remote_ip
    entry = neighbours.entries.get(hop)
    if entry is not None and entry.mac:
        return _wrong_neighbour(world, host, hop, entry.mac, events)
    if entry is not None:
        return Cause(
            f"ARP: nobody answers for the next hop (asked {entry.attempts} times, {len(entry.waiting)} packets wait)",
            "RFC 1122 §2.3.2.2", "", "`arp table` shows the neighbours")
    return None


def _wrong_neighbour(world: World, host: Host, hop: bytes, mac: bytes, events: list[Event]) -> Cause | None:
    """Does the next hop have another hardware address than we believe? Only a simulation knows."""
    owners = {
        interface.mac: other.name for other in world.hosts.values() if other is not host
        for interface in other.interfaces if any(address.ip == hop for address in interface.addresses)
    }
    if not owners or mac in owners:
        return None
    told = next((event for event in reversed(events) if event.kind == "arp.learned" and event.host == host.name
                 and event.values[:2] == (hop, mac)), None)
    since = f" since ev {told.occurrence} (from a {told.values[2]})" if told is not None else ""
    right, name = next(iter(owners.items()))
    return Cause(
        f"ARP: we believe that {show_ip(hop)} is at {show_mac(mac)}{since}, and it is at {show_mac(right)} ({name}): "
        "what we send goes to somebody else", "RFC 826, RFC 5227", "arp.unsolicited",
        "`arp clear` forgets it; `knob set arp.unsolicited off` does not believe what nobody asked for")


def _storm(conn: Connection, events: list[Event]) -> Cause | None:
    """Do the ends refuse each other's ACKs, and answer them? That comes back sooner than a timer sends anything."""
    latest: dict[str, int] = {}
    answers = held = 0
    why: Event | None = None
    for event in reversed(events):
        if event.kind in PROGRESS and event.values[0] == conn.number:
            break
        if event.kind == "drop" and why is None and event.values[1] == conn.number:
            why = event
        if event.kind not in ("tcp.ack_sent", "tcp.ack_held") or event.values[0] != conn.number:
            continue
        if event.values[-1].endswith((EMPTY, "never sent", "old acknowledgement")):
            next_one = latest.get(event.host)
            if next_one is not None and next_one - event.time < conn.round_trip.rto:
                answers += 1
            held += event.kind == "tcp.ack_held"
            latest[event.host] = event.time
            if answers == MANY:
                break
    limit = conn.host.knobs.tcp_invalid_ratelimit
    if why is None or not answers or (answers < FEW and not held):
        return None
    reason, _, detail = why.values
    much = f"{held} held back" if held else f"{MANY} and more" if answers == MANY else f"{answers + len(latest)}"
    return Cause(
        f"ACK storm: the ends disagree about sequence numbers, and answer each other's ACKs, which both refuse, with "
        f"ACKs ({much}); the latest at {why.host}: {reason}, {detail}", "RFC 9293 §3.10.7.4, RFC 5961 §7",
        "tcp.invalid_ratelimit",
        f"the usual cause is data that was crafted into its stream; `tcp abort {conn.number}` ends it" + (
            "" if limit else ", and `knob set tcp.invalid_ratelimit 500ms` the storm"))


def _other_end(world: World, conn: Connection) -> Connection | None:
    """Return the other end of a connection, if it is in this world and there is one."""
    return next((other for host in world.hosts.values() for other in host.tcp.connections.values()
                 if other.number == conn.number and other is not conn), None)


def _half_open(world: World, conn: Connection, events: list[Event]) -> Cause | None:
    """Has the peer forgotten this connection, and we do not know? Only a simulation knows."""
    peer = next((host for host in world.hosts.values() if host is not conn.host and any(
        address.ip == conn.remote_ip for interface in host.interfaces for address in interface.addresses)), None)
    if peer is None or conn.state in (LISTEN, TIME_WAIT) or _other_end(world, conn) is not None:
        return None
    ended = next((event for event in reversed(events) if event.kind == "tcp.state" and event.host == peer.name
                  and event.values[0] == conn.number and event.values[2] == "CLOSED"), None)
    how = f" since ev {ended.occurrence} ({ended.values[3]} in {ended.values[1]})" if ended is not None else ""
    lost = _lost(events, peer.name, conn)
    told = f"; frame {lost.values[0]}, which said so, was lost ({lost.values[2]})" if lost is not None else ""
    when = _left(world, conn, "rto")
    remedy = "what it sends again is answered with a reset, as soon as it arrives" if when else (
        f'`tcp send {conn.number} "hello?"` is answered with a reset; `knob set tcp.keepalive on` asks by itself, '
        "in time")
    return Cause(
        f"half-open: {peer.name} has no such connection any more{how}, and #{conn.number} is {conn.state} here{told}"
        f"{f'; {when}' if when else ''}", "RFC 9293 §3.5.1", "tcp.keepalive", remedy)


def _update_lost(world: World, conn: Connection, events: list[Event]) -> Cause | None:
    """Has the peer opened its window, and we do not know? Only a simulation knows."""
    edge = conn.snd_una + conn.snd_wnd
    if not conn.unsent() or (edge - conn.snd_nxt) & 0xFFFFFFFF >= conn.mss:
        return None
    for host in world.hosts.values():
        for other in host.tcp.connections.values():
            more = (other.rcv_adv - edge) & 0xFFFFFFFF
            if other.number != conn.number or other is conn or not 0 < more < 1 << 31:
                continue
            lost = _lost(events, host.name, conn)
            if lost is None:
                return Cause(f"the peer's window is closed as far as we know; an update for {amount(more, 'byte')} is "
                             "on its way", "RFC 9293 §3.8.6")
            when = _left(world, conn, "persist") or _left(world, conn, "rto")
            return Cause(
                f"a window update was lost: {host.name} has room for {amount(more, 'byte')} more, and frame "
                f"{lost.values[0]}, which said so, was lost ({lost.values[2]})"
                f"{f'; {when}, and asks again' if when else ''}",
                "RFC 9293 §3.8.6.1", "", "the persist timer is there for this: without it both would wait for ever")
    return None


def _lost(
    events: list[Event], sender: str, conn: Connection, within: tuple[int, int] | None = None,
) -> Event | None:
    """Return the latest loss of a frame of a connection that a host has sent; None if there was none.

    `within`: a sequence number as on the wire, and so many from there on: the segment begins among them.
    """
    ports = {(conn.local_port, conn.remote_port), (conn.remote_port, conn.local_port)}
    losses: dict[int, Event] = {}
    for event in reversed(events):
        if event.kind == "frame.lost":
            losses.setdefault(event.values[0], event)
        elif event.kind == "frame.sent" and event.host == sender and event.values[0] in losses:
            segment = segment_in(bytes(event.values[2]))
            if segment is not None and segment.header[:2] in ports and (
                    within is None or (segment.header[2] - within[0]) & MASK < within[1]):
                return losses[event.values[0]]
    return None


def _left(world: World, conn: Connection, timer: str) -> str:
    deadline = conn.deadlines.get(timer, NEVER)
    return f"the {timer} timer fires in {show_duration(max(deadline - world.now, 0))}" if deadline < NEVER else ""


def _handshake(world: World, conn: Connection) -> Cause:
    what = "SYN" if conn.state == "SYN-SENT" else "SYN,ACK"
    when = _left(world, conn, "rto")
    if not when:
        return Cause(f"our {what} was not answered, and retransmission is switched off", "RFC 9293 §3.8.1",
                     "tcp.retransmit", "`knob set tcp.retransmit on`")
    tries = f", sent {conn.round_trip.backoff + 1} times" if conn.round_trip.backoff else ""
    return Cause(f"our {what} was not answered yet{tries}; {when}", "RFC 9293 §3.8.1",
                 remedy="perhaps it was lost, or the peer's backlog is full: `drops --host host`, `link show`")


def _own(world: World, conn: Connection, events: list[Event]) -> Cause | None:
    """Is something out that was not acknowledged, or kept that was not sent?"""
    if conn.state in ("SYN-SENT", "SYN-RECEIVED"):
        return _handshake(world, conn)
    if conn.snd_nxt == conn.snd_una:
        return _waits(world, conn, held_back(conn))
    at = "" if conn.host.name == "you" else f" --host {conn.host.name}"
    lost = _lost(events, conn.host.name, conn, (conn.snd_una & 0xFFFFFFFF, conn.flight_size()))
    if not conn.host.knobs.tcp_retransmit:
        gone = f" (the link lost frame {lost.values[0]}: {lost.values[2]})" if lost is not None else ""
        return Cause(
            f"{_amount(conn)} not acknowledged{gone}, and retransmission is switched off: it waits for ever",
            "RFC 9293 §3.8.1", "tcp.retransmit", f"`knob set tcp.retransmit on{at}`", conn.host.name)
    when = _left(world, conn, "rto")
    if conn.round_trip.backoff or (lost is not None and str(lost.values[2]).startswith("mtu")):
        return _unanswered(conn, lost, when)
    held = _waits(world, conn, held_back(conn))
    if held is not None:
        return held
    return Cause(f"it waits for the acknowledgement: {_amount(conn)} on the way; {when}", "RFC 6298 §5")


def _amount(conn: Connection) -> str:
    """Say what is in flight, as the beginning of a sentence: bytes of data, our FIN."""
    fin = conn.fin_sent and conn.snd_una <= conn.send.end < conn.snd_nxt
    length = conn.flight_size() - fin
    if not length:
        return "our FIN is"
    return f"{amount(length, 'byte')} and our FIN are" if fin else amount_is(length, "byte")


def _wait(count: int) -> str:
    return f"{amount(count, 'byte')} wait{'s' * (count == 1)}"


def _waits(world: World, conn: Connection, held: str) -> Cause | None:
    """Say what holds data back that was not sent, as `output` decided it."""
    waiting, flight = conn.unsent(), conn.flight_size()
    when = _left(world, conn, "rto") or _left(world, conn, "cork") or _left(world, conn, "persist")
    until = f"; {when}" if when else ""
    at = "" if conn.host.name == "you" else f" --host {conn.host.name}"
    if held == "window" and (conn.snd_wnd == 0 or not flight):
        probing = f"; probed {amount(conn.probes, 'time')}" if conn.probes else ""
        return Cause(f"the peer's window is closed, and {_wait(waiting)}{probing}{until}", "RFC 9293 §3.8.6.1",
                     "", "the peer's application has to read; the persist timer asks again")
    if held == "window":
        return Cause(f"the peer's window is full ({amount(conn.snd_wnd, 'byte')}), and {_wait(waiting)}{until}",
                     "RFC 9293 §3.8.6", "", "the peer's application has to read")
    if held == "cwnd":
        return Cause(f"cwnd is full ({conn.cwnd} bytes, {conn.flight.pipe} in the network); an ACK opens it{until}",
                     "RFC 5681 §3.1", "tcp.congestion", host=conn.host.name)
    if held == "silly window":
        return Cause(
            f"silly window: {_wait(waiting)} for a window worth a segment ({conn.snd_wnd} bytes, of "
            f"{conn.snd_wnd_max} at its largest, {flight} of them in use){until}", "RFC 9293 §3.8.6.2.1",
            "tcp.silly_window", f"`knob set tcp.silly_window off{at}` sends what fits at once", conn.host.name)
    if held == "cork":
        return Cause(f"corked: {_wait(waiting)} for a full segment{until}", "", "", "TCP_CORK or MSG_MORE")
    if held == "nagle":
        return Cause(
            f"Nagle: {amount_is(waiting, 'byte')} less than a segment, and {amount_is(flight, 'byte')} not "
            f"acknowledged (the peer may delay that){until}", "RFC 896, RFC 9293 §3.7.4", "tcp.nagle",
            f"`knob set tcp.nagle off{at}` sends them at once", conn.host.name)
    if held == "send buffer":
        return Cause(f"the send buffer is full of what is not acknowledged ({amount(flight, 'byte')}), and the "
                     f"application has more{until}", "RFC 9293 §3.9.1.2", "", "a larger SO_SNDBUF would hold more")
    return None


def _unanswered(conn: Connection, lost: Event | None, when: str) -> Cause:
    """Tell what became of what nobody acknowledges, as far as the link tells."""
    first = conn.flight.segments.get(conn.snd_una)
    times = first.sends if first is not None else 1
    most = conn.flight_size()
    part = f", the first {first.end - first.start} of them sent {times} times" if (
        first is not None and times > 1 and first.end - first.start < most) else f", sent {times} times" * (times > 1)
    sent, name = f"{_amount(conn)} not acknowledged{part}", conn.host.name
    if lost is not None and str(lost.values[2]).startswith("mtu"):
        return Cause(
            f"{sent}, and the link swallows them: frame {lost.values[0]} is too large for it ({lost.values[2]}), and "
            f"no ICMP error says so: a black hole; {when}", "RFC 2923 §2.1, RFC 8899", "",
            "`link show` tells its MTU; segments of that size and not more would pass", name)
    if lost is not None:
        return Cause(f"{sent}, without an answer: the link lost frame {lost.values[0]} ({lost.values[2]}); {when}",
                     "RFC 6298 §5.5", "tcp.retransmit", "the timer doubles each time: `link show`, `why retransmit`",
                     name)
    return Cause(f"{sent}, without an answer; {when}", "RFC 6298 §5.5", "tcp.retransmit",
                 f"the timer doubles each time: `link show`, `drops{' --host host' if name == 'you' else ''}`", name)


def _peer(world: World, conn: Connection, events: list[Event]) -> Cause | None:
    """Does the other end wait for something? Only a simulation knows."""
    other = _other_end(world, conn)
    theirs = _own(world, other, events) if other is not None else None
    if theirs is not None and other is not None:
        theirs.answer = f"at {other.host.name}: {theirs.answer}"
    if conn.out_of_order is not None:
        hole = conn.out_of_order.ranges[0][0] - conn.rcv_nxt
        answer = f"a hole of {amount(hole, 'byte')}: what came after it waits until the peer sends it again"
        if theirs is None:
            return Cause(answer, "RFC 9293 §3.10.7.4")
        theirs.answer = f"{theirs.answer}. {answer}"
        return theirs
    if conn.receive.length >= conn.limit // 2:
        return Cause(f"our application has not read {amount(conn.receive.length, 'byte')}: the window that we offer is "
                     f"{max(conn.rcv_adv - conn.rcv_nxt, 0)}", "RFC 9293 §3.8.6")
    if theirs is not None:
        return theirs
    if conn.state == "FIN-WAIT-2":
        return Cause("our direction is closed, and the peer has not closed its own", "RFC 9293 §3.6")
    if conn.state == "CLOSE-WAIT":
        return Cause("the peer has closed, and our application has not: `tcp close` it", "RFC 9293 §3.6")
    if conn.state == "TIME-WAIT":
        return Cause(f"it rests in TIME-WAIT: {_left(world, conn, 'time-wait')}", "RFC 9293 §3.6.1", "tcp.time_wait")
    return None

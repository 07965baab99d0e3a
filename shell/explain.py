"""What a connection waits for: the cause of a standstill, found in its state."""

from __future__ import annotations

from dataclasses import dataclass

from aether.events import Event
from aether.host import Host
from aether.operations import OperationError
from aether.tcp.connection import Connection
from aether.timers import NEVER
from aether.world import World
from shell.values import show_duration


@dataclass(slots=True)
class Cause:
    """Why nothing goes on."""

    answer: str
    rfc: str = ""
    knob: str = ""
    remedy: str = ""


def stalled(world: World, *, number: int, events: list[Event]) -> Cause:
    """Return what a connection of yours waits for: a query. OperationError if there is no such connection."""
    you = world.hosts["you"]
    conn = next((c for c in you.tcp.connections.values() if c.number == number), None)
    if conn is None:
        return _gone(number, events)
    before = _network(you, conn)
    if before is not None:
        return before
    if conn.state in ("SYN-SENT", "SYN-RECEIVED"):
        return _handshake(world, conn)
    for cause in (_in_flight(world, conn), _held_back(conn), _peer(world, conn, number)):
        if cause is not None:
            return cause
    return Cause(f"nothing is to be sent, and nothing is expected: #{number} is {conn.state}, and idle")


def _gone(number: int, events: list[Event]) -> Cause:
    for event in reversed(events):
        if event.kind == "tcp.state" and event.values[0] == number and event.values[2] == "CLOSED":
            return Cause(f"#{number} is closed: {event.values[3]} in {event.values[1]}", "RFC 9293 §3.10")
    raise OperationError(f"no connection #{number} at you. `tcp conns` shows those that there are")


def _network(host: Host, conn: Connection) -> Cause | None:
    """Is there a way to the peer at all?"""
    route = host.routes.find(conn.remote_ip)
    if route is None:
        return Cause("there is no route to the peer", "RFC 1122 §3.3.1", "", "`ip routes` shows the table")
    neighbours = host.interfaces[route.interface].neighbours
    entry = neighbours.entries.get(route.gateway or conn.remote_ip)
    if entry is not None and not entry.mac:
        return Cause(
            f"ARP: nobody answers for the next hop (asked {entry.attempts} times, {len(entry.waiting)} packets wait)",
            "RFC 1122 §2.3.2.2", "", "`arp table` shows the neighbours")
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


def _in_flight(world: World, conn: Connection) -> Cause | None:
    """Is something out that was not acknowledged?"""
    if conn.snd_nxt == conn.snd_una:
        return None
    amount = conn.flight_size()
    if "rto" not in conn.deadlines:
        return Cause(
            f"{amount} bytes are not acknowledged, and retransmission is switched off: it waits for ever",
            "RFC 9293 §3.8.1", "tcp.retransmit", "`knob set tcp.retransmit on`")
    when = _left(world, conn, "rto")
    if conn.round_trip.backoff:
        return Cause(f"{amount} bytes were sent {conn.round_trip.backoff + 1} times without an answer; {when}",
                     "RFC 6298 §5.5", "tcp.retransmit", "the timer doubles each time: `link show`, `why retransmit`")
    if conn.unsent() and conn.snd_una + conn.snd_wnd <= conn.snd_nxt:
        return Cause(f"the peer's window is full ({conn.snd_wnd} bytes), and {conn.unsent()} bytes wait; {when}",
                     "RFC 9293 §3.8.6", "", "the peer's application has to read")
    if conn.unsent() and conn.cwnd_limited:
        return Cause(f"cwnd is full ({conn.cwnd} bytes, {conn.flight.pipe} in the network); an ACK opens it, or {when}",
                     "RFC 5681 §3.1", "tcp.congestion")
    if conn.unsent() and conn.unsent() < conn.mss and not conn.options.no_delay and conn.host.knobs.tcp_nagle:
        return Cause(f"Nagle: {conn.unsent()} bytes are less than a segment, and {amount} bytes are not acknowledged "
                     f"(the peer may delay that); {when}", "RFC 896, RFC 9293 §3.7.4", "tcp.nagle",
                     "`knob set tcp.nagle off` sends them at once")
    return Cause(f"it waits for the acknowledgement of {amount} bytes; {when}", "RFC 6298 §5")


def _held_back(conn: Connection) -> Cause | None:
    """Is something kept that was not sent?"""
    if not conn.unsent():
        return None
    if conn.snd_wnd == 0 or conn.snd_una + conn.snd_wnd <= conn.snd_nxt:
        probing = f"; probed {conn.probes} times" if conn.probes else ""
        return Cause(f"the peer's window is closed, and {conn.unsent()} bytes wait{probing}", "RFC 9293 §3.8.6.1",
                     "", "the peer's application has to read; the persist timer asks again")
    if conn.options.cork or conn.more:
        return Cause(f"corked: {conn.unsent()} bytes wait for a full segment", "", "", "TCP_CORK or MSG_MORE")
    return Cause(f"{conn.unsent()} bytes wait for a window worth using ({conn.snd_wnd} bytes)", "RFC 9293 §3.8.6.2.1")


def _peer(world: World, conn: Connection, number: int) -> Cause | None:
    """Does the other end wait for something? Only a simulation knows."""
    if conn.out_of_order.starts:
        hole = conn.out_of_order.ranges[0][0] - conn.rcv_nxt
        return Cause(f"a hole of {hole} bytes: what came after it waits until the peer sends it again",
                     "RFC 9293 §3.10.7.4", "tcp.out_of_order")
    if conn.receive.length >= conn.limit // 2:
        return Cause(f"our application has not read {conn.receive.length} bytes: the window that we offer is "
                     f"{max(conn.rcv_adv - conn.rcv_nxt, 0)}", "RFC 9293 §3.8.6")
    for name, host in world.hosts.items():
        for other in host.tcp.connections.values():
            if other.number == number and other is not conn and (other.flight_size() or other.unsent()):
                cause = _in_flight(world, other) or _held_back(other)
                if cause is not None:
                    return Cause(f"at {name}: {cause.answer}", cause.rfc, cause.knob, cause.remedy)
    if conn.state == "FIN-WAIT-2":
        return Cause("our direction is closed, and the peer has not closed its own", "RFC 9293 §3.6")
    if conn.state == "CLOSE-WAIT":
        return Cause("the peer has closed, and our application has not: `tcp close` it", "RFC 9293 §3.6")
    if conn.state == "TIME-WAIT":
        return Cause(f"it rests in TIME-WAIT: {_left(world, conn, 'time-wait')}", "RFC 9293 §3.6.1", "tcp.time_wait")
    return None

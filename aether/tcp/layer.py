"""TCP at one host: who gets a segment, which connections there are, who listens."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Protocol, cast

from aether.socket_options import EPHEMERAL, SocketOptions
from aether.streams import Stream
from aether.tcp import autotune, decisions, output, path_mtu, timers, user_timeout
from aether.tcp.connection import Connection, Empty
from aether.tcp.fastopen import FastOpen
from aether.tcp.isn import InitialSequence
from aether.tcp.listener import Listener
from aether.tcp.segment_arrives import segment_arrives
from aether.tcp.sequence import HALF, MASK
from aether.tcp.short.path import FastPath
from aether.tcp.states import CLOSED, SYN_SENT, TIME_WAIT
from aether.wire import tcp
from aether.wire.address import show_ip
from aether.wire.checksum import transport_checksum_ok
from aether.wire.error import WireError
from aether.wire.tcp import ACK, FIN, RST, SYN

if TYPE_CHECKING:
    from aether.events import Observer, Teller
    from aether.net.ipv4 import Ipv4
    from aether.surroundings import Surroundings
    from aether.tcp.connection import Holder
    from aether.tcp.network import Network, Packet
    from aether.tcp.short.record import ShortConnection

ANY = b"\0\0\0\0"
APART = 65_537
"""How far from the numbers of the one before a connection begins at the least, as on Linux: an unscaled window."""


class Ledger(Protocol):
    """Where connections get their numbers, which are the same at both ends; and who is told of short ones."""

    observer: Observer | None
    teller: Teller | None

    def connection_number(self, key: bytes, active: bool) -> int:
        """Number a connection, whose key is as its own end sees it."""

    def connection_closed(self, key: bytes, number: int) -> None:
        """Forget a number that no other end has asked for."""


class Tcp:
    """The TCP layer of one host."""

    __slots__ = (
        "cookie_clock", "defaults", "direct", "empty", "fast", "fast_open", "host", "isn", "ledger", "listeners",
        "network", "ports", "ports_used", "silent", "table",
    )
    UNHASHED = ("direct", "ledger", "network")

    def __init__(self, host: Surroundings, network: Network) -> None:
        self.host = host
        self.network = network
        self.direct: Ipv4 | None = network.direct
        self.ledger: Ledger
        self.table: dict[bytes, Connection | ShortConnection] = {}
        """By remote and local address, remote and local port: in IPv4, bytes 26-38 of an arriving frame.

        In trace mode a short connection keeps the place of the whole one that it may become.
        """
        self.listeners: dict[tuple[bytes, int], Listener] = {}
        """By address (0.0.0.0 for any) and port."""
        self.ports_used: dict[int, int] = {}
        """How many connections use each local port."""
        self.silent: dict[bytes, bool] = {}
        """Four-tuples (keys as above) of crafted segments whose answers are not answered with a reset."""
        self.empty = Empty()
        self.defaults = SocketOptions()
        """The options of sockets that have set none."""
        self.isn: InitialSequence
        self.fast = FastPath(self)
        """Connections that are too predictable to be whole."""
        self.fast_open = FastOpen(host)
        self.cookie_clock = 0
        """Where the timestamp clock of SYN cookies starts, in milliseconds."""
        self.ports: Stream

    def join(self, seed: int, ledger: Ledger) -> None:
        """Take the randomness for ports, and for initial sequence numbers; and where connections get numbers."""
        self.ledger = ledger
        self.ports = Stream(seed, self.host.name, "tcp.ports")
        self.isn = InitialSequence(seed, self.host.name)
        self.fast_open.seed(seed)
        self.cookie_clock = Stream(seed, self.host.name, "tcp.cookies").bits(31)

    @property
    def connections(self) -> dict[bytes, Connection]:
        """Every connection, whole, by its key."""
        if self.fast.shorts:
            self.fast.promote_all()
        return cast("dict[bytes, Connection]", self.table)

    def find(self, key: bytes) -> Connection | None:
        """Return the connection of a key, made whole if it is a short one; None if there is none."""
        found = self.table.get(key)
        if isinstance(found, Connection):
            return found
        return self.fast.promote(key) if self.fast.shorts else None

    def count(self) -> int:
        """Return how many connections there are."""
        return len(self.table) + (len(self.fast.shorts) if self.host.short_cuts else 0)

    def living(self) -> int:
        """Return how many of them do more than rest in TIME-WAIT."""
        shorts = self.fast.shorts.values() if self.host.short_cuts else ()
        return sum(conn.state != TIME_WAIT for conn in self.table.values()) + sum(
            short.state != TIME_WAIT for short in shorts)

    def receive(self, data: bytes, packet: Packet) -> None:
        """Handle a segment (RFC 9293 §3.10.7)."""
        host = self.host
        try:
            header = tcp.parse(data)
        except WireError as problem:
            host.drop(problem.reason, detail=problem.detail)
            return
        if not transport_checksum_ok(packet.source, packet.destination, tcp.PROTOCOL, data):
            host.drop("tcp.checksum")
            return
        if packet.destination not in self.network.local:
            host.drop("tcp.bad_address", detail=show_ip(packet.destination))  # §3.9.2.3
            return
        host.count("tcp.received")
        self.take(packet.source + packet.destination + data[:4], header, data[header.header_length:], packet)

    def take(self, key: bytes, header: tcp.TcpHeader, payload: bytes, packet: Packet) -> None:
        """Hand a segment to whom it is for."""
        found = self.table.get(key)
        conn = found if isinstance(found, Connection) else self.find(key)
        if conn is not None and conn.state == TIME_WAIT and self._reusable(conn, header):
            listener = self.listener_for(key)
            if listener is not None and listener.would_open():  # else it would end for nothing
                conn.end("rcv SYN")
                listener.arrives(key, header, payload, packet, conn.snd_nxt)
                return
        if conn is not None:
            segment_arrives(conn, header, payload, packet)
            return
        listener = self.listener_for(key)
        if listener is not None:
            listener.arrives(key, header, payload, packet)
            return
        self._refuse(key, header, len(payload), packet)

    def listener_for(self, key: bytes) -> Listener | None:
        """Return who listens at the local address and port of a key."""
        listeners, port = self.listeners, key[-2] << 8 | key[-1]
        return listeners.get((key[len(key) // 2 - 2:-4], port)) or listeners.get((ANY, port))

    def receive_buffer(self) -> int:
        """Return how much a new connection may keep for its application, in bytes."""
        return self.host.knobs.tcp_receive_window or autotune.INITIAL

    def receive_scale(self) -> int:
        """Return the window scale that we offer (RFC 7323 §2): enough for the largest buffer."""
        return RECEIVE_SCALE

    def _reusable(self, conn: Connection, header: tcp.TcpHeader) -> bool:
        """Tell whether a segment is a SYN that may end TIME-WAIT early."""
        if header.flags & (SYN | ACK | RST) != SYN:
            return False
        stamp = conn.ts_recent
        if conn.ts_ok:
            stamp, _ = tcp.usable_options(header.options).timestamp or (stamp, 0)
        return decisions.ends_time_wait(conn.ts_recent, stamp, conn.rcv_nxt, header.sequence)

    def _refuse(self, key: bytes, header: tcp.TcpHeader, length: int, packet: Packet) -> None:
        """RFC 9293 §3.10.7.1: the state is CLOSED."""
        if header.flags & SYN and not header.flags & ACK:
            self.host.drop("tcp.no_listener", detail=f"port {header.destination_port}")
            why = "nobody listens on this port"
        else:
            self.host.drop("tcp.no_connection", detail=f"from {show_ip(packet.source)}:{header.source_port}")
            why = "no such connection"
        if header.flags & RST or key in self.silent:
            return
        length += (1 if header.flags & SYN else 0) + (1 if header.flags & FIN else 0)
        output.answer_reset(self.host, self.network, packet, header, length, why)

    def turned(self, attribute: str) -> None:
        """A knob was turned: let connections go on that waited because of what it was before."""
        if attribute in LETTING_GO:
            for conn in list(self.connections.values()):
                timers.knob_turned(conn)

    def fire(self, conn: Connection, name: str) -> None:
        """Handle a timer of a connection that has run out."""
        timers.fire(conn, name)

    def count_fast(self, received: int, sent: int) -> None:
        """Count what the fast path took and answered."""
        counters = self.host.counters
        if received:
            counters["ipv4.received"] = counters.get("ipv4.received", 0) + received
            counters["tcp.received"] = counters.get("tcp.received", 0) + received
        if sent:
            counters["tcp.sent"] = counters.get("tcp.sent", 0) + sent

    def create(self, key: bytes, state: str, used: int = -1) -> Connection:
        """Make a connection with an initial sequence number; `add` it to let it receive.

        `used` is where the numbers of the previous one with this key ended, if it is still remembered (§3.6.1).
        """
        host = self.host
        conn = Connection(self, key, self.ledger.connection_number(key, active=state == CLOSED), state)
        conn.iss, conn.ts_offset = self.isn.choose(host.knobs.tcp_isn, key, host.now)
        if used >= 0 and not 0 < (conn.iss - used) & MASK < HALF:
            conn.iss = used + APART & MASK
        conn.snd_una = conn.snd_nxt = conn.iss
        conn.send.start = conn.send.end = conn.iss + 1
        conn.recover = conn.iss
        conn.rcv_wscale = self.receive_scale()
        return conn

    def add(self, conn: Connection) -> None:
        """Let a connection receive segments."""
        self.table[conn.key] = conn
        self.take_port(conn.key)
        if self.host.observer is not None:
            self.host.observer(
                self.host.name, "tcp.opened", conn.number, conn.local_ip, conn.local_port, conn.remote_ip,
                conn.remote_port,
            )

    def remove(self, conn: Connection) -> None:
        """Forget a connection that is closed."""
        if self.table.get(conn.key) is conn:
            del self.table[conn.key]
            self.release_port(conn.key)
        self.ledger.connection_closed(conn.key, conn.number)
        listener, conn.listener = conn.listener, None
        if listener is not None:
            listener.forget(conn)

    def take_port(self, key: bytes) -> None:
        """Note that one more connection uses the local port of a key."""
        port = key[-2] << 8 | key[-1]
        self.ports_used[port] = self.ports_used.get(port, 0) + 1

    def release_port(self, key: bytes) -> None:
        """Note that one connection less uses the local port of a key."""
        port = key[-2] << 8 | key[-1]
        left = self.ports_used[port] - 1
        if left:
            self.ports_used[port] = left
        else:
            del self.ports_used[port]

    def open(
        self, address: bytes, port: int, socket: Holder, local_port: int = 0, early: bytes | None = None,
        local_ip: bytes = ANY,
    ) -> Connection:
        """Open actively (RFC 9293 §3.10.1); OSError ENETUNREACH, EADDRINUSE or EADDRNOTAVAIL.

        From `local_ip`, or, if none was chosen, from the address that leads there (§3.9.1.1, MUST-43, MUST-44). What
        may go with the SYN of `early` is written already (RFC 7413); None asks for nothing of the kind.
        """
        host = self.host
        source = self.network.source_for(address)
        if not self.network.can_be_host(address):
            raise OSError(errno.ENETUNREACH, f"{show_ip(address)} is no host's address")  # §3.9.2.3, MUST-46
        if source is None:
            raise OSError(errno.ENETUNREACH, f"no route to {show_ip(address)}")
        if local_ip != ANY:
            if local_ip not in self.network.local:
                raise OSError(errno.EADDRNOTAVAIL, f"{show_ip(local_ip)} is no address of {host.name} any more")
            source = local_ip
        local_port = local_port or self.free_port()
        key = address + source + port.to_bytes(2, "big") + local_port.to_bytes(2, "big")
        if key in self.table or key in self.fast.shorts:
            raise OSError(errno.EADDRINUSE, f"port {local_port} is connected to {show_ip(address)}:{port} already")
        conn = self.create(key, CLOSED)
        conn.socket = socket
        socket.connection = conn
        conn.take_options(socket.options)
        self.add(conn)
        conn.move("open")
        if early is not None:
            conn.send.append(early[:self.fast_open.begin(conn, early)])
        output.send_syn(conn)
        if host.knobs.tcp_retransmit:
            conn.start("rto", host.now + conn.round_trip.timeout())
        conn.waiting_since = host.now
        user_timeout.watch(conn)
        return conn

    def free_port(self) -> int:
        """Return a random free local port (RFC 6056 §3.3.1); OSError EADDRNOTAVAIL if there is none."""
        low, high = EPHEMERAL
        count = high - low + 1
        start = self.ports.below(count)
        for offset in range(count):
            port = low + (start + offset) % count
            if port not in self.ports_used and (ANY, port) not in self.listeners:
                return port
        raise OSError(errno.EADDRNOTAVAIL, "every local port is in use")

    def listen(self, ip: bytes, port: int, backlog: int, socket: Holder) -> Listener:
        """Open passively; OSError EADDRINUSE."""
        if (ip, port) in self.listeners or (ANY, port) in self.listeners:
            raise OSError(errno.EADDRINUSE, f"somebody listens on port {port} already")
        self.host.changes()
        self.listeners[ip, port] = listener = Listener(self, ip, port, backlog, socket)
        return listener

    def stop_listening(self, listener: Listener) -> None:
        """Let nobody listen there any more; what is connected stays."""
        self.host.changes()
        self.listeners.pop((listener.ip, listener.port), None)

    def failed(self, packet: Packet, inner: bytes, error: int, mtu: int = 0) -> None:
        """Take an error about a segment of ours, carefully (RFC 5927 §4.1, §5.2, RFC 9293 §3.9.2.2).

        `packet` is the header that it left with, and `inner` how it began. `error` is what the application would be
        told: it ends an attempt to connect, as on Linux (RFC 5461 §4.1); of a connection that exists it may pass, and
        is told if nothing else explains the end (SHLD-25). EMSGSIZE: the path takes packets of `mtu` bytes only.
        """
        key = packet.destination + packet.source + inner[2:4] + inner[:2]
        conn = self.find(key)
        sequence = int.from_bytes(inner[4:8], "big")
        if conn is None or not (sequence - conn.snd_una) & MASK < conn.flight_size():
            self.host.drop("icmp.unmatched", detail="about a segment that is not in flight")
        elif error == errno.EMSGSIZE:
            known = self.connections.values()  # short ones become whole here: they began with the path as it was
            if path_mtu.too_big(conn, mtu):
                for other in known:
                    if other.remote_ip == conn.remote_ip:
                        path_mtu.heed(other)
        elif error and conn.state == SYN_SENT:
            conn.end("unreachable", error)
        else:
            conn.soft_error = error or conn.soft_error
            self.host.count("tcp.soft_errors")


LETTING_GO = ("tcp_retransmit", "tcp_nagle", "tcp_silly_window")
"""Knobs for which something may wait that nothing but they would let go."""
RECEIVE_SCALE = 8
"""The window scale that we offer: enough for 16 MB."""

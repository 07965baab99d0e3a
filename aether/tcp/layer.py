"""TCP at one host: who gets a segment, which connections there are, who listens."""

from __future__ import annotations

import errno
from struct import Struct
from typing import TYPE_CHECKING

from aether.socket_options import SocketOptions
from aether.streams import Stream
from aether.tcp import autotune, output, path_mtu
from aether.tcp.connection import Connection, Empty
from aether.tcp.fast_path import FastPath
from aether.tcp.isn import InitialSequence
from aether.tcp.listener import Listener
from aether.tcp.segment_arrives import segment_arrives
from aether.tcp.sequence import HALF, MASK
from aether.tcp.states import CLOSED, SYN_SENT, TIME_WAIT
from aether.udp import EPHEMERAL
from aether.wire import icmp, ipv4, tcp
from aether.wire.address import BROADCAST_IP, show_ip
from aether.wire.checksum import frame_ok, transport_checksum_ok
from aether.wire.error import WireError
from aether.wire.tcp import ACK, FIN, RST, SYN

if TYPE_CHECKING:
    from aether.host import Host, Interface
    from aether.sockets import TcpSocket

ANY = b"\0\0\0\0"
MIN_LENGTH = 54
"""Bytes of a frame with the shortest segment."""
_PLAIN = Struct(">BBHHHBBH4s4sHHIIHHHH").unpack_from
"""The headers of IPv4 and TCP, without options."""
APART = 65_537
"""How far from the numbers of the one before a connection begins at the least, as on Linux: an unscaled window."""


class Tcp:
    """The TCP layer of one host."""

    __slots__ = (
        "cookie_clock", "defaults", "empty", "fast", "host", "isn", "listeners",
        "ports", "ports_used", "silent", "table",
    )

    def __init__(self, host: Host) -> None:
        self.host = host
        self.table: dict[bytes, Connection] = {}
        """By bytes 26-38 of an arriving frame: remote and local address, remote and local port."""
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
        self.fast = FastPath(host)
        """Connections that are too predictable to be whole."""
        self.cookie_clock = 0
        """Where the timestamp clock of SYN cookies starts, in milliseconds."""
        self.ports: Stream

    def seed(self, seed: int) -> None:
        """Take the randomness for ports, and for initial sequence numbers."""
        self.ports = Stream(seed, self.host.name, "tcp.ports")
        self.isn = InitialSequence(seed, self.host.name)
        self.cookie_clock = Stream(seed, self.host.name, "tcp.cookies").bits(31)

    @property
    def connections(self) -> dict[bytes, Connection]:
        """Every connection, whole, by its key."""
        if self.fast.leans:
            self.fast.inflate_all()
        return self.table

    def count(self) -> int:
        """Return how many connections there are."""
        return len(self.table) + (len(self.fast.leans) if self.host.quick else 0)

    def living(self) -> int:
        """Return how many of them do more than rest in TIME-WAIT."""
        leans = self.fast.leans.values() if self.host.quick else ()
        return sum(conn.state != TIME_WAIT for conn in self.table.values()) + sum(
            lean.state != TIME_WAIT for lean in leans)

    def receive(self, data: bytes, packet: ipv4.Ipv4Header, interface: Interface) -> None:
        """Handle a segment (RFC 9293 §3.10.7)."""
        host = self.host
        try:
            header = tcp.parse(data)
        except WireError as problem:
            host.drop(problem.reason, detail=problem.detail)
            return
        if not transport_checksum_ok(packet.source, packet.destination, ipv4.PROTO_TCP, data):
            host.drop("tcp.checksum")
            return
        if packet.destination == BROADCAST_IP or packet.destination not in host.local:
            host.drop("tcp.bad_address", detail=show_ip(packet.destination))  # §3.9.2.3
            return
        host.count("tcp.received")
        self.take(packet.source + packet.destination + data[:4], header, data[header.header_length:], packet)

    def arrives(self, frame: bytes, checked: bool = False) -> bool:
        """Handle a frame if it is a plain segment for us, with nothing special and nothing wrong; else return False.

        It saves the layers below their work, one after the other, for what nearly every frame is. With `checked` its
        checksum is not looked at: the device vouches for it.
        """
        if len(frame) < MIN_LENGTH:
            return False
        (first, tos, length, identification, fragment, ttl, protocol, ip_check, source, destination, source_port, port,
         sequence, acknowledgement, bits, window, check, urgent) = _PLAIN(frame, 14)
        end, data_at = 14 + length, 34 + (bits >> 12 << 2)
        if (
            first != 0x45 or protocol != ipv4.PROTO_TCP or fragment & 0xBFFF or end > len(frame) or data_at < MIN_LENGTH
            or data_at > end or not (checked or frame_ok(frame, length))
        ):
            return False
        host = self.host
        if destination not in host.local:
            return False
        if source not in host.routes.ways and not host.ipv4.plausible(source):
            return False
        counters = host.counters
        counters["ipv4.received"] = counters.get("ipv4.received", 0) + 1
        counters["tcp.received"] = counters.get("tcp.received", 0) + 1
        header = tcp.TcpHeader(
            source_port, port, sequence, acknowledgement, bits & 0x1FF, window, check, urgent, data_at - 34,
            frame[MIN_LENGTH:data_at])
        packet = ipv4.Ipv4Header(
            tos, length, identification, fragment != 0, False, 0, ttl, protocol, ip_check, source, destination, b"", 20)
        self.take(frame[26:38], header, frame[data_at:end], packet)
        return True

    def take(self, key: bytes, header: tcp.TcpHeader, payload: bytes, packet: ipv4.Ipv4Header) -> None:
        """Hand a segment to whom it is for."""
        conn = (self.fast.inflate(key) if self.fast.leans else None) or self.table.get(key)
        if conn is not None and conn.state == TIME_WAIT and self._reusable(conn, header):
            listener = self.listener_for(key)
            if listener is not None and not listener.full():  # else it would end for nothing
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
        listeners, port = self.listeners, key[10] << 8 | key[11]
        return listeners.get((key[4:8], port)) or listeners.get((ANY, port))

    def deliver(self, conn: Connection, header: tcp.TcpHeader, payload: bytes, packet: ipv4.Ipv4Header) -> None:
        """Hand a segment to its connection."""
        segment_arrives(conn, header, payload, packet)

    def receive_buffer(self) -> int:
        """Return how much a new connection may keep for its application, in bytes."""
        return self.host.knobs.tcp_receive_window or autotune.INITIAL

    def receive_scale(self) -> int:
        """Return the window scale that we offer (RFC 7323 §2): enough for the largest buffer."""
        return RECEIVE_SCALE

    def _reusable(self, conn: Connection, header: tcp.TcpHeader) -> bool:
        """Tell whether a SYN may end TIME-WAIT early: it must be newer than all before (RFC 6191, RFC 9293 §3.6.1)."""
        if header.flags & (SYN | ACK | RST) != SYN:
            return False
        if conn.ts_ok:
            try:
                stamp = tcp.parse_options(header.options).timestamp
            except WireError:
                return False
            if stamp is not None and stamp[0] != conn.ts_recent:
                return ((stamp[0] - conn.ts_recent) & MASK) < HALF
        return 0 < ((header.sequence - conn.rcv_nxt) & MASK) < HALF

    def _refuse(self, key: bytes, header: tcp.TcpHeader, length: int, packet: ipv4.Ipv4Header) -> None:
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
        output.answer_reset(self.host, packet, header, length, why)

    def answer_reset(self, packet: ipv4.Ipv4Header, header: tcp.TcpHeader, length: int, why: str) -> None:
        """Answer a segment with a reset that its sender will believe (RFC 9293 §3.5.2)."""
        output.answer_reset(self.host, packet, header, length, why)

    def create(self, key: bytes, state: str, used: int = -1) -> Connection:
        """Make a connection with an initial sequence number; `add` it to let it receive.

        `used` is where the numbers of the previous one with this key ended, if it is still remembered (§3.6.1).
        """
        host = self.host
        conn = Connection(host, key, host.world.connection_number(key, active=state == CLOSED), state)
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
        self.host.world.connection_closed(conn.key, conn.number)
        listener, conn.listener = conn.listener, None
        if listener is not None:
            listener.forget(conn)

    def take_port(self, key: bytes) -> None:
        """Note that one more connection uses the local port of a key."""
        port = key[10] << 8 | key[11]
        self.ports_used[port] = self.ports_used.get(port, 0) + 1

    def release_port(self, key: bytes) -> None:
        """Note that one connection less uses the local port of a key."""
        port = key[10] << 8 | key[11]
        left = self.ports_used[port] - 1
        if left:
            self.ports_used[port] = left
        else:
            del self.ports_used[port]

    def rest(self, conn: Connection) -> None:
        """Let a connection rest in TIME-WAIT for two maximum segment lifetimes (RFC 9293 §3.6.1)."""
        for name in list(conn.deadlines):
            conn.stop(name)
        conn.let_go()
        conn.start("time-wait", self.host.now + self.host.knobs.tcp_time_wait)

    def open(self, address: bytes, port: int, socket: TcpSocket, local_port: int = 0) -> Connection:
        """Open actively (RFC 9293 §3.10.1); OSError ENETUNREACH, EADDRINUSE or EADDRNOTAVAIL."""
        host = self.host
        source = host.ipv4.source_for(address)
        if source is None:
            raise OSError(errno.ENETUNREACH, f"no route to {show_ip(address)}")
        local_port = local_port or self.free_port()
        key = address + source + port.to_bytes(2, "big") + local_port.to_bytes(2, "big")
        if key in self.table or key in self.fast.leans:
            raise OSError(errno.EADDRINUSE, f"port {local_port} is connected to {show_ip(address)}:{port} already")
        conn = self.create(key, CLOSED)
        conn.socket = socket
        socket.connection = conn
        conn.take_options(socket.options)
        self.add(conn)
        conn.move("open")
        output.send_syn(conn)
        conn.snd_nxt = conn.iss + 1
        if host.knobs.tcp_retransmit:
            conn.start("rto", host.now + conn.round_trip.timeout())
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

    def listen(self, ip: bytes, port: int, backlog: int, socket: TcpSocket) -> Listener:
        """Open passively; OSError EADDRINUSE."""
        if (ip, port) in self.listeners or (ANY, port) in self.listeners:
            raise OSError(errno.EADDRINUSE, f"somebody listens on port {port} already")
        self.fast.forget()
        self.listeners[ip, port] = listener = Listener(self.host, ip, port, backlog, socket)
        return listener

    def icmp_error(self, kind: int, code: int, rest: int, packet: ipv4.Ipv4Header, inner: bytes) -> None:
        """Take an ICMP error about a segment of ours, carefully (RFC 5927 §4, RFC 9293 §3.9.2.2)."""
        key = packet.destination + packet.source + inner[2:4] + inner[:2]
        conn = self.fast.inflate(key) or self.table.get(key)
        sequence = int.from_bytes(inner[4:8], "big")
        if conn is None or not (sequence - conn.snd_una) & MASK <= max(conn.flight_size(), 1):
            self.host.drop("icmp.unmatched", detail="about a segment that is not in flight")
            return
        if kind == icmp.DESTINATION_UNREACHABLE and code == icmp.FRAGMENTATION_NEEDED:
            path_mtu.too_big(conn, rest & 0xFFFF, packet.total_length)
            return
        hard = kind == icmp.DESTINATION_UNREACHABLE and code in (
            icmp.PORT_UNREACHABLE, icmp.PROTOCOL_UNREACHABLE, icmp.HOST_UNREACHABLE, icmp.NETWORK_UNREACHABLE)
        if hard and conn.state == SYN_SENT:
            refused = code in (icmp.PORT_UNREACHABLE, icmp.PROTOCOL_UNREACHABLE)
            conn.end("unreachable", errno.ECONNREFUSED if refused else errno.EHOSTUNREACH)
        else:
            self.host.count("tcp.soft_errors")


RECEIVE_SCALE = 8
"""The window scale that we offer: enough for 16 MB."""

"""The fast path: short connections as records, from the SYN to TIME-WAIT, one unpack and one pack a segment.

It takes a frame only when everything about it is as predicted: the segment that comes next, in order, with both
checksums right, for a listener whose application has its answer ready. Anything else is left to the ordinary path,
which gets the whole `Connection` (`promote`). The two leave the same state behind and send the same frames; so this is
header prediction (RFC 1323, appendix) taken to its end. It reports no events: `trace` does, where somebody looks.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from mypy_extensions import mypyc_attr

from aether.net.ipv4 import MAX_PATHS
from aether.net.neighbours import FRESH
from aether.socket_options import SocketOptions
from aether.statehash import declared_fields
from aether.tcp import decisions
from aether.tcp.listener import LEAST_HALF_OPEN, Listener
from aether.tcp.short.promote import promote
from aether.tcp.short.record import WINDOW, ShortConnection, deadline_of
from aether.tcp.short.responder import Answer, Responder
from aether.tcp.states import ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, SYN_RECEIVED, TIME_WAIT
from aether.timers import NEVER
from aether.wire import compose
from aether.wire.ipv4 import DONT_FRAGMENT, PROTO_TCP

if TYPE_CHECKING:
    from aether.net.ipv4 import Ipv4
    from aether.net.routes import Way
    from aether.tcp.connection import Connection
    from aether.tcp.layer import Tcp

MASK = 0xFFFFFFFF
HALF = 0x80000000
HIGHEST_NUMBER = MASK - (1 << 18)
"""Connections whose numbers could wrap are left to the ordinary path."""
HANDLED = b""
"""What `receive` returns when there is nothing to send."""
ACK_LENGTH = 66
"""Bytes of a frame with a bare acknowledgement and a timestamp in it."""
SYN_LENGTH = 74
"""Bytes of a frame with a SYN as Linux sends it: MSS, SACK permitted, timestamp, window scale."""
IPV4 = compose.PLAIN
SYN, ACK, FIN_ACK, PSH_ACK, PSH_FIN_ACK = 0xA002, 0x8010, 0x8011, 0x8018, 0x8019
"""Header length and flags as they stand in a segment with these options."""
SYN_ACK = 0xA012
FLAGS_AT, SYN_ALONE = 47, 0x02
"""Where the flags of a frame with a plain packet are, and those of one that opens a connection."""
TIMESTAMP = 0x0101080A
MSS, SACK_PERMITTED_TIMESTAMP, SCALE = 0x0204, 0x0402080A, 0x010303
SOONEST = 200_000
"""Microseconds within which no timer of such a connection can be due: the least retransmission time-out."""

_ARRIVED = compose.STAMPED.unpack_from
_SYN_OPTIONS = compose.SYN_OPTIONS.unpack_from
_SEGMENT = compose.SEGMENT.pack
_SYN_SEGMENT = compose.SYN_SEGMENT.pack


class Path(NamedTuple):
    """What the SYNs of one peer to one port have in common, as long as listener, options and way are the same."""

    listener: Listener
    options: SocketOptions
    way: Way
    addresses: int
    """What the two addresses add to a checksum."""


@mypyc_attr(serializable=True, allow_interpreted_subclasses=True)
class FastPath:
    """The short connections of one host."""

    __slots__ = (
        "clock", "constant", "direct", "fixed", "head", "host", "limit", "line", "mac", "mss", "now", "paths",
        "queued_at", "queued_order", "ready", "resting", "room", "scale", "shorts", "taken", "tcp", "wake_at",
        "wake_order",
    )

    def __init__(self, tcp: Tcp) -> None:
        self.tcp = tcp
        self.direct: Ipv4 | None = tcp.direct
        """The network layer whose frames these are; without one nothing is predictable."""
        self.wake_at = self.queued_at = NEVER
        self.wake_order = self.queued_order = 0
        self.host = tcp.host
        self.shorts: dict[bytes, ShortConnection] = {}
        """By bytes 26-38 of an arriving frame, as `Tcp.table`."""
        self.line: deque[tuple[int, ShortConnection]] = deque()
        """When to look at a connection, in the order of time; it is valid if the connection says so too (`due`)."""
        self.resting: dict[str, deque[tuple[int, ShortConnection]]] = {}
        """The same for those that wait for longer, by what they wait for: so each is in the order of time, nearly."""
        self.taken = 0
        """Frames that were taken in trace mode, each of them an occurrence."""
        self.now = self.clock = 0
        self.paths: dict[bytes, Path] = {}
        """By both addresses and the local port: what was found out lately. It says nothing that the rest does not."""
        self.ready = False
        """Whether what follows is up to date."""
        self.mac = b""
        self.head = b""
        self.fixed = self.constant = 0
        self.mss = self.scale = self.limit = 0
        self.room = 0
        """Bytes of a segment and its options that fit the link."""

    def __getstate__(self) -> tuple[None, dict[str, object]]:
        state = {name: getattr(self, name) for name in declared_fields(self)}
        return None, {**state, "ready": False, "paths": {}, "mac": b""}

    def canonical(self) -> list[object]:
        """Return what a digest has of it: all that follows from nothing else, by the names of the first runs."""
        return [
            "host", self.host, "leans", self.shorts, "line", self.line, "resting", self.resting,
            "wake_at", self.wake_at, "wake_order", self.wake_order]

    def __lt__(self, other: object) -> bool:
        return False

    def forget(self) -> None:
        """A knob, a listener or an address is about to change: nothing is predictable any more."""
        self.promote_all()
        self.ready = False
        self.mac = b""
        self.paths.clear()

    def prepare(self, now: int) -> None:
        """Take the time for the frames that follow, in microseconds, and what they have in common."""
        self.now = now
        self.clock = now // 1000
        if not self.ready:
            self.ready = True
            if self._predictable():
                assert self.direct is not None
                interface, ttl = self.direct.interfaces[0], self.host.knobs.ipv4_ttl
                self.mac = interface.mac
                self.head = interface.mac + IPV4.to_bytes(4, "big")
                self.fixed = DONT_FRAGMENT << 16 | ttl << 8 | PROTO_TCP
                self.constant = (IPV4 & 0xFFFF) + DONT_FRAGMENT + (ttl << 8) + PROTO_TCP
                self.room = interface.mtu - 40
                self.mss = min(self.host.knobs.tcp_mss, self.room)
                self.scale = self.tcp.receive_scale()
                self.limit = self.tcp.receive_buffer()

    def _predictable(self) -> bool:
        """Tell whether the knobs are such that connections are predictable."""
        knobs = self.host.knobs
        return bool(
            knobs.tcp_fast_path and knobs.tcp_sack and knobs.tcp_timestamps and knobs.tcp_window_scaling
            and knobs.tcp_retransmit and knobs.tcp_isn == "rfc6528" and knobs.tcp_syn_cookies != "always"
            and not knobs.tcp_keepalive and not knobs.tcp_user_timeout and knobs.tcp_initial_window >= 4
            and not 0 < knobs.tcp_receive_window < WINDOW
            and knobs.tcp_rto_min == SOONEST and knobs.tcp_rto_initial >= SOONEST and knobs.tcp_time_wait >= SOONEST
            and knobs.tcp_rto_max >= SOONEST and not knobs.tcp_noopt
            and self.direct is not None and self.direct.interfaces
        )

    def opens(self, frame: bytes) -> bool:
        """Tell whether a frame may be a SYN: while there are no short connections, nothing else can be as predicted."""
        return len(frame) >= SYN_LENGTH and frame[FLAGS_AT] == SYN_ALONE

    def receive(self, frame: bytearray | bytes | memoryview, length: int, checked: int = 0) -> bytes | None:
        """Handle the first `length` bytes of a buffer as a frame, if it is a segment as predicted.

        Return the frame to send, or `HANDLED`; None, with nothing changed, when the ordinary path has to do it. With
        `checked` the checksum of the segment is not looked at: the device vouches for it.
        """
        if length < ACK_LENGTH:
            return None
        mac: bytes
        key: bytes
        kind: int
        ip: int
        ip_check: int
        seq: int
        ack: int
        control: int
        check: int
        option: int
        stamp: int
        echo: int
        mac, kind, ip, ip_check, key, seq, ack, control, check, option, stamp, echo = _ARRIVED(frame)
        if kind != IPV4 or mac != self.mac or ip & 0xBFFF00FF != PROTO_TCP or ip >> 48 != length - 14:
            return None
        flags = control >> 16
        if flags == SYN:
            return self._syn(frame, length, ip + ip_check, key, seq, control & 0xFFFF, checked)
        short = self.shorts.get(key)
        if (
            short is None or option != TIMESTAMP or seq != short.rcv_nxt or (stamp - short.stamp) & HALF
            or (0x4500 + ip + ip_check + short.addresses) % 65535
        ):
            return None
        if length == ACK_LENGTH:
            if not checked and (seq + ack + control + check + option + stamp + echo + short.key_sum + 38) % 65535:
                return None
            if flags == ACK:
                return self._acknowledged(short, ack, control & 0xFFFF, stamp)
            return self._finished(short, ack, control & 0xFFFF, stamp) if flags == FIN_ACK else None
        if flags != PSH_ACK:
            return None
        if not checked:
            sums = int.from_bytes(frame[38:length], "big") << 8 * (length & 1)
            if (sums + short.key_sum + length - 28) % 65535:
                return None
        return self._request(short, ack, control & 0xFFFF, bytes(frame[ACK_LENGTH:length]), stamp)

    def _syn(
        self, frame: bytearray | bytes | memoryview, length: int, ip_sum: int, key: bytes, seq: int, window: int,
        checked: int,
    ) -> bytes | None:
        """A SYN, for a listener that has room, on a path that is known."""
        if length != SYN_LENGTH:
            return None
        path = self.paths.get(key[:8] + key[10:])
        addresses = int.from_bytes(key[:8], "big") % 65535 if path is None else path.addresses
        kind_of_mss: int
        mss: int
        option: int
        stamp: int
        scale: int
        kind_of_mss, mss, option, stamp, _, scale = _SYN_OPTIONS(frame, 54)
        if (
            kind_of_mss != MSS or option != SACK_PERMITTED_TIMESTAMP or scale >> 8 != SCALE or mss < 256
            or scale & 0xFF > 14 or seq > HIGHEST_NUMBER or (0x4500 + ip_sum + addresses) % 65535
            or (not checked and (int.from_bytes(frame[26:SYN_LENGTH], "big") + 46) % 65535)
        ):
            return None
        tcp, direct, source = self.tcp, self.direct, key[:4]
        assert direct is not None
        if (
            path is None or direct.routes.ways.get(source) is not path.way or path.way.hop.state not in FRESH
            or path.listener.socket.options is not path.options
        ):
            path = self._find_path(key, addresses)
            if path is None:
                return None
        listener, options, way, _ = path
        old = self.shorts.get(key)
        found = tcp.table.get(key) if old is None else None
        whole = None if isinstance(found, ShortConnection) else found
        if (
            listener.accepted or source in direct.path_mtus
            or listener.half_open >= max(listener.backlog, LEAST_HALF_OPEN)
            or (old is not None and not (
                old.state == TIME_WAIT and decisions.ends_time_wait(old.stamp, stamp, old.rcv_nxt, seq)))
            or (whole is not None and not (
                whole.state == TIME_WAIT and whole.ts_ok
                and decisions.ends_time_wait(whole.ts_recent, stamp, whole.rcv_nxt, seq)))
        ):
            return None
        now = self.now
        iss, offset = tcp.isn.both(key, now)
        previous = old or whole
        if iss > HIGHEST_NUMBER or (previous is not None and not 0 < (iss - previous.snd_nxt) & MASK < HALF):
            return None
        if whole is not None:
            whole.end("rcv SYN")
        number = tcp.ledger.connection_number(key, active=False)
        hop = way.hop
        short = ShortConnection(
            key, number, now, listener, options, hop, seq, iss, offset, stamp, mss, scale & 0xFF, window, addresses)
        if old is None:
            tcp.take_port(key)
        self.shorts[key] = short
        listener.half_open += 1
        self._enter(short, now + SOONEST)
        direct.identification = identification = (direct.identification + 1) & 0xFFFF
        control = SYN_ACK << 16 | WINDOW
        stamped = (self.clock + offset) & MASK
        option = SCALE << 8 | self.scale
        return _SYN_SEGMENT(
            hop.mac, self.head, 60, identification, self.fixed,
            -(self.constant + 60 + identification + addresses) % 65535, short.flip, iss, seq + 1, control,
            -(
                46 + short.key_sum + iss + seq + 1 + control + MSS + self.mss + SACK_PERMITTED_TIMESTAMP + stamped
                + stamp + option) % 65535,
            0, MSS, self.mss, SACK_PERMITTED_TIMESTAMP, stamped, stamp, option)

    def _find_path(self, key: bytes, addresses: int) -> Path | None:
        """Return what the SYNs of a peer to a port have in common, and remember it, if they can be predicted."""
        tcp, direct, source = self.tcp, self.direct, key[:4]
        assert direct is not None
        place = key[:8] + key[10:]
        self.paths.pop(place, None)
        listener = tcp.listener_for(key)
        way = direct.routes.ways.get(source)
        if way is None or way.hop.state not in FRESH:
            way = direct.find_way(source)
        if (
            listener is None or way is None or way.interface is not direct.interfaces[0] or way.hop.state not in FRESH
            or key[4:8] not in direct.local
        ):
            return None
        options, defaults = listener.socket.options, tcp.defaults
        if (
            not isinstance(listener.socket.app, Responder)
            or replace(
                options, reuse_address=defaults.reuse_address, no_delay=defaults.no_delay,
                fast_open=defaults.fast_open) != defaults
        ):
            return None
        if len(self.paths) >= MAX_PATHS:
            self.paths.clear()
        self.paths[place] = path = Path(listener, options, way, addresses)
        return path

    def _acknowledged(self, short: ShortConnection, ack: int, window: int, stamp: int) -> bytes | None:
        """A bare acknowledgement of everything that we have sent."""
        if ack != short.snd_nxt:
            return None
        state = short.state
        if state == SYN_RECEIVED:
            listener = short.listener
            if listener.accepted:
                return None
            listener.half_open -= 1
            short.establish(self.now, window << short.wscale)
        elif short.snd_una != ack:
            self._arrived(short, ack)
            short.busy += self.now - short.busy_from
            short.busy_from = -1
            short.see_window(window << short.wscale)
            if state == FIN_WAIT_1:
                short.state = FIN_WAIT_2
        else:
            return None
        short.stamp, short.received_at, short.wl1 = stamp, self.now, short.rcv_nxt
        return HANDLED

    def _arrived(self, short: ShortConnection, ack: int) -> None:
        """The response has arrived."""
        short.snd_una = ack
        short.response = b""
        short.rack_at = short.sent_at
        short.rack = trip = self.now - short.sent_at
        short.measured(trip)

    def _request(self, short: ShortConnection, ack: int, window: int, request: bytes, stamp: int) -> bytes | None:
        """A request, whose answer the application has ready, and which goes into one segment."""
        hop = short.hop
        if short.state != ESTABLISHED or ack != short.snd_nxt or hop.state not in FRESH:
            return None
        answer: Answer | None = short.listener.socket.app.ready_answer(request)  # type: ignore[union-attr]
        if answer is None:
            return None
        response, keep, sums = answer
        size = len(response)
        window <<= short.wscale
        if (
            size + 1 > window or size + 13 > short.mss or size + 13 > self.room or short.rcv_nxt > HIGHEST_NUMBER
            or short.snd_nxt > HIGHEST_NUMBER or short.rttvar > SOONEST // 4
        ):
            return None
        now = self.now
        if ack != short.snd_una:
            self._arrived(short, ack)
        short.take(request, now)
        short.see_window(window)
        short.stamp, short.received_at = stamp, now
        short.response = response
        short.since = short.sent_at = now
        start = short.snd_nxt
        if keep:
            short.snd_nxt = start + size
            flags = PSH_ACK
        else:
            short.snd_nxt = start + size + 1
            short.state = FIN_WAIT_1
            flags = PSH_FIN_ACK
        if short.due > now + SOONEST:
            self._enter(short, now + SOONEST)
        return self._frame(short, start, flags, size, sums) + response

    def _finished(self, short: ShortConnection, ack: int, window: int, stamp: int) -> bytes | None:
        """The peer's FIN, after ours: the connection rests in TIME-WAIT."""
        if ack != short.snd_nxt or short.hop.state not in FRESH:
            return None
        if short.state == FIN_WAIT_1:
            self._arrived(short, ack)
            short.state = FIN_WAIT_2
        elif short.state != FIN_WAIT_2:
            return None
        short.see_window(window << short.wscale)
        short.state = TIME_WAIT
        short.stamp, short.received_at, short.wl1 = stamp, self.now, short.rcv_nxt
        short.rcv_nxt += 1
        return self._frame(short, short.snd_nxt, ACK, 0, 0)

    def _frame(self, short: ShortConnection, seq: int, flags: int, size: int, sums: int) -> bytes:
        """Return a frame without its payload, whose length is `size` and whose words add up to `sums`."""
        layer = self.direct
        assert layer is not None
        layer.identification = identification = (layer.identification + 1) & 0xFFFF
        ack, stamp = short.rcv_nxt, short.stamp
        control = flags << 16 | short.advertise(self.limit, self.mss, self.scale)
        stamped = (self.clock + short.ts_offset) & MASK
        return _SEGMENT(
            short.hop.mac, self.head, size + 52, identification, self.fixed,
            -(self.constant + size + 52 + identification + short.addresses) % 65535, short.flip, seq, ack, control,
            -(38 + size + sums + short.key_sum + seq + ack + control + TIMESTAMP + stamped + stamp) % 65535,
            0, TIMESTAMP, stamped, stamp)

    def _enter(self, short: ShortConnection, deadline: int) -> None:
        """Look at a connection again at `deadline`, the latest so far; in trace mode it has timers of its own."""
        short.due = deadline
        if not self.host.short_cuts:
            return
        line = self.line
        line.append((deadline, short))
        if deadline < self.wake_at:
            self.host.queue.wake(self, deadline)

    def wake(self, now: int) -> None:
        """Look at those whose time has come: they have moved on, or rested for long enough, or are in trouble."""
        self.host.now = now
        knobs = self.host.knobs
        for line in (self.line, *self.resting.values()):
            while line:
                deadline, short = line[0]
                if deadline > now:
                    break
                line.popleft()
                if short.due != deadline:
                    continue
                until = deadline_of(short, knobs)
                if until > now:
                    self._rest(short, until)
                elif short.state == TIME_WAIT:
                    self._forget(short)
                else:
                    self.promote(short.key)
        lines = (self.line, *self.resting.values())
        self.host.queue.wake(self, min((line[0][0] for line in lines if line), default=NEVER))

    def _rest(self, short: ShortConnection, deadline: int) -> None:
        """Put a connection among those that wait for longer, in the order of time: nearly always at the end."""
        short.due = deadline
        kind = "in flight" if short.state == ESTABLISHED and short.snd_una < short.snd_nxt else short.state
        line = self.resting.setdefault(kind, deque())
        if not line or line[-1][0] <= deadline:
            line.append((deadline, short))
            return
        later = []
        while line and line[-1][0] > deadline:
            later.append(line.pop())
        line.append((deadline, short))
        line.extend(reversed(later))

    def _forget(self, short: ShortConnection) -> None:
        """A connection has rested for long enough."""
        if self.shorts.get(short.key) is short:
            del self.shorts[short.key]
            self.tcp.table.pop(short.key, None)
            self.tcp.release_port(short.key)
            self.tcp.ledger.connection_closed(short.key, short.number)

    def rested(self, short: ShortConnection, now: int) -> bool:
        """End a connection in TIME-WAIT whose timer has fired, in trace mode; False if it has to be whole for that."""
        world = self.tcp.ledger
        if world.observer is not None and world.teller is None:
            return False
        self.host.now = now
        self._forget(short)
        if world.teller is not None:
            world.teller(self.host.name, 2, "rested", (short.number, now))
        return True

    def promote(self, key: bytes) -> Connection | None:
        """Make a connection whole, if there is one by that name here; it leaves the fast path for good."""
        short = self.shorts.pop(key, None)
        if short is None:
            return None
        host = self.host
        short.due = NEVER
        self.tcp.table[key] = conn = promote(self.tcp, short)
        if not host.short_cuts:
            host.queue.succeed(short, conn)
        elif conn.deadlines:
            host.queue.wake(conn, min(conn.deadlines.values()))
        return conn

    def promote_all(self) -> None:
        """Make every connection whole: somebody wants to look at them, or an observer has come."""
        for key in list(self.shorts):
            self.promote(key)

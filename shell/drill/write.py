"""A script from what was seen: packets of the far end injected, ours expected, calls where they were made.

What an application wrote is told by its segments: PSH ends what was written at once (RFC 9293 §3.9.1.2), and what was
sent while a packet was handled was written inside. The bytes themselves are replaced by a pattern.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from aether.events import Event
from aether.wire import ethernet, ipv4, tcp
from aether.wire.error import WireError
from shell.drill import options
from shell.drill.packets import ECN_BITS, show_flags
from shell.drill.script import TcpOption

MASK, HALF = 0xFFFFFFFF, 1 << 31
UNTOLD = 8_000
"""Bytes that may arrive before a window that moves is worth telling: below, nothing shows whether they were read."""
MAX_PACKETS = 1_000
"""Packets of a script that is written: beyond that nobody reads it, and each play of it takes seconds."""
Key = tuple[bytes, bytes, int, int]
"""Source and destination, addresses and ports, as in what the host sends."""


class CannotWrite(ValueError):
    """What no script can be made of; the text says why."""


@dataclass(slots=True)
class HeardPacket:
    """One packet of the connection, as the host saw it."""

    time: int
    inbound: bool
    inside: bool
    """Whether the host sent it while it handled the packet before."""
    header: tcp.TcpHeader
    data: bytes
    tos: int
    icmp: bytes = b""
    """The message, for an ICMP error about the connection."""

    @property
    def length(self) -> int:
        """How many numbers it takes."""
        return len(self.data) + bool(self.header.flags & tcp.SYN) + bool(self.header.flags & tcp.FIN)


@dataclass(slots=True)
class Chunk:
    """What the application wrote at once."""

    first: int
    last: int
    """The first number, and the one after the last."""
    closes: bool = False


@dataclass(slots=True)
class Written:
    """Lines with their times."""

    lines: list[tuple[int, str]] = field(default_factory=list)
    inside: bool = False

    def add(self, time: int, text: str) -> None:
        """Write a line below the others; `time` in microseconds of world time."""
        self.lines.append((time, text))

    def time_of(self, index: int) -> int:
        """Return when a line was, or the one before it that has a time."""
        return next((time for time, _ in reversed(self.lines[:index + 1]) if time >= 0), 0)


def packets_of(events: Iterable[Event], host: str, key: Key) -> list[HeardPacket]:
    """Return what a host saw of a connection, in order."""
    found: list[HeardPacket] = []
    back = key[1], key[0], key[3], key[2]
    latest = 0
    for event in events:
        if event.host != host or event.kind not in ("frame.sent", "frame.arrived"):
            continue
        number, _, frame = event.values
        inbound = event.kind == "frame.arrived"
        packet = _read(bytes(frame), back if inbound else key, event.time, inbound)
        if packet is None:
            continue
        if inbound:
            latest = number
        elif found and found[-1].inbound | found[-1].inside:
            recorded = event.frame == latest and event.frame != number
            packet.inside = recorded or (event.frame == number and event.time == found[-1].time)
        found.append(packet)
    return found


def _read(frame: bytes, key: Key, time: int, inbound: bool) -> HeardPacket | None:
    """Return a packet of the connection; None for anything else, and for what no host would take."""
    try:
        _, _, kind = ethernet.parse(frame)
        if kind != ethernet.TYPE_IPV4:
            return None
        packet = frame[ethernet.HEADER_LENGTH:]
        header = ipv4.parse(packet)
        payload = packet[header.header_length:header.total_length]
        if header.more_fragments or header.fragment_offset:
            return None
        if header.protocol == ipv4.PROTO_ICMP and inbound:
            return _icmp(payload, key, time, header.tos)
        if header.protocol != ipv4.PROTO_TCP:
            return None
        segment = tcp.parse(payload)
        if (header.source, header.destination, segment.source_port, segment.destination_port) != key:
            return None
        if not tcp.verify(payload, header.source, header.destination):
            return None
    except WireError:
        return None
    return HeardPacket(time, inbound, False, segment, bytes(payload[segment.header_length:]), header.tos)


def _icmp(message: bytes, key: Key, time: int, tos: int) -> HeardPacket | None:
    """Return an ICMP error that quotes a segment of the host's."""
    if len(message) < 36 or message[0] not in (3, 11, 12):
        return None
    quoted = ipv4.parse_quoted(message[8:])
    inner = message[8 + quoted.header_length:]
    ports = int.from_bytes(inner[2:4], "big"), int.from_bytes(inner[:2], "big")
    if quoted.protocol != ipv4.PROTO_TCP or (quoted.destination, quoted.source, *ports) != key or len(inner) < 8:
        return None
    seq = int.from_bytes(inner[4:8], "big")
    header = tcp.TcpHeader(ports[1], ports[0], seq, 0, 0, 0, 0, 0, 20, b"")
    length = max(quoted.total_length - quoted.header_length - 20, 0)
    return HeardPacket(time, True, False, header, bytes(length), tos, bytes(message))


class Writer:
    """Turns packets into lines."""

    def __init__(self, packets: list[HeardPacket], begin: int, end: int) -> None:
        """`begin` and `end` are times: what came before is not held to, and what came after is left out."""
        self.packets = [each for each in packets if each.time <= end]
        self.begin = begin
        if not self.packets:
            raise CannotWrite("no packet of this connection is kept, or none in that time")
        if len(self.packets) > MAX_PACKETS:
            until = self.packets[MAX_PACKETS - 1].time - 1  # several may have come at that moment
            raise CannotWrite(f"there are {len(self.packets):,} packets, and a script has {MAX_PACKETS:,} at most. It "
                              f"can end earlier: --to {until}us")
        first = self.packets[0]
        if first.icmp or not first.header.flags & tcp.SYN or first.header.flags & tcp.ACK:
            raise CannotWrite("the connection's SYN is not kept: a script begins with the whole handshake")
        self.start = first.time
        self.active = not first.inbound
        self.ours = self._isn(False)
        self.theirs = self._isn(True)
        self.out = Written()
        self.fd = 3 if self.active else 4
        self.accepted = self.active
        self.closed = False
        self.sent_to = (self.ours + 1) & MASK
        """The number after the last byte that was sent for the first time."""
        self.written_to = self.sent_to
        self.received: dict[int, int] = {}
        """Beyond a hole: where a piece begins, and how long it is."""
        self.rcv_nxt = (self.theirs + 1) & MASK
        self.chunks = self._chunks()
        self.reads = self._reads_promptly()
        self.nodelay = self._is_impatient()
        self.finished = False

    def _isn(self, inbound: bool) -> int:
        for each in self.packets:
            if each.inbound == inbound and each.header.flags & tcp.SYN and not each.icmp:
                return each.header.sequence
        return 0

    def _fresh(self, inbound: bool) -> list[HeardPacket]:
        """Return the packets of one side that carry something for the first time, in order."""
        top = (self._isn(inbound) + 1) & MASK
        found = []
        for each in self.packets:
            if each.inbound != inbound or each.icmp or not (each.data or each.header.flags & tcp.FIN):
                continue
            end = (each.header.sequence + each.length) & MASK
            if 0 < (end - top) & MASK < HALF:
                found.append(each)
                top = end
        return found

    def _chunks(self) -> list[Chunk]:
        """Return what the application wrote, piece by piece."""
        found: list[Chunk] = []
        at = (self.ours + 1) & MASK
        opened = False
        for each in self._fresh(False):
            end = (each.header.sequence + len(each.data)) & MASK
            fin = bool(each.header.flags & tcp.FIN)
            if end != at:
                if not opened:
                    found.append(Chunk(at, end))
                found[-1].last = at = end
                opened = not each.header.flags & tcp.PSH
            if fin:
                if found and each.data:
                    found[-1].closes = True
                opened = False
        if opened:  # without PSH there was more to come, which the script leaves out
            found[-1].last = (at + max(len(each.data) for each in self._fresh(False))) & MASK
        return found

    def _reads_promptly(self) -> bool:
        """Tell whether the window moves on with what arrives: the application reads."""
        ours = [each.header for each in self.packets if not each.inbound and not each.icmp]
        edges = [
            (each.acknowledgement, each.window) for each in ours
            if each.flags & tcp.ACK and not each.flags & (tcp.SYN | tcp.RST)]
        arrived = sum(len(each.data) for each in self._fresh(True))
        closed = any(each.flags & tcp.FIN for each in ours) and not any(each.flags & tcp.RST for each in ours)
        if arrived < UNTOLD or closed or not edges:
            return True
        scale = next((
            option.values[0] for each in ours if each.flags & tcp.SYN
            for option in options.decode(each.options) if option.name == "wscale"), 0)
        moved = (edges[-1][0] - edges[0][0] + (edges[-1][1] - edges[0][1] << scale)) & MASK
        return arrived // 2 < moved < HALF

    def _is_impatient(self) -> bool:
        """Tell whether small segments left while others were out: TCP_NODELAY."""
        acked, sent = (self.ours + 1) & MASK, (self.ours + 1) & MASK
        largest = max((len(each.data) for each in self._fresh(False)), default=0)
        fresh = {id(each) for each in self._fresh(False)}
        for each in self.packets:
            if each.inbound:
                if each.header.flags & tcp.ACK and ((each.header.acknowledgement - acked) & MASK) < HALF:
                    acked = each.header.acknowledgement
            elif id(each) in fresh and each.data:
                small = len(each.data) < largest and not each.header.flags & tcp.FIN
                if small and sent != acked and not each.inside:
                    return True
                sent = (each.header.sequence + len(each.data)) & MASK
        return False

    # Lines.

    def write(self) -> Written:
        """Return the lines."""
        self._open()
        previous: HeardPacket | None = None
        for index, each in enumerate(self.packets):
            time = each.time - self.start
            if each.inbound:
                self.out.add(time, f"< {self._show(each)}")
                self._arrived(each, time, index)
            else:
                self._calls_before(each, time, index)
                self._inside(each, previous)
                self._expect(each, time)
            previous = each
        return self.out

    def _inside(self, each: HeardPacket, previous: HeardPacket | None) -> None:
        self.out.inside = self.out.inside or (each.inside and bool(each.data or each.header.flags & tcp.FIN))

    def _open(self) -> None:
        if self.active:
            self.out.add(0, "socket(..., SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 3")
            self._impatience(3)
            self.out.add(0, "connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)")
            return
        self.out.add(0, "socket(..., SOCK_STREAM, IPPROTO_TCP) = 3")
        self.out.add(0, "setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0")
        self._impatience(3)
        self.out.add(0, "bind(3, ..., ...) = 0")
        self.out.add(0, "listen(3, 128) = 0")

    def _impatience(self, fd: int) -> None:
        if self.nodelay:
            self.out.add(0, f"setsockopt({fd}, SOL_TCP, TCP_NODELAY, [1], 4) = 0")

    def _arrived(self, each: HeardPacket, time: int, index: int) -> None:
        """Note what an arriving packet brings, and make the calls that it brings about."""
        header = each.header
        if each.icmp or self.closed:
            return
        acknowledges = header.flags & tcp.ACK and header.acknowledgement == (self.ours + 1) & MASK
        if not self.accepted and acknowledges and not header.flags & (tcp.SYN | tcp.RST):
            self.out.add(time, f"accept(3, ..., ...) = {self.fd}")
            self.accepted = True
        readable = self._take(each)
        if readable and self.reads and self.accepted:
            self.out.add(time, f"read({self.fd}, ..., {readable}) = {readable}")

    def _take(self, each: HeardPacket) -> int:
        """Take data; return how many bytes have become readable."""
        start, length = each.header.sequence, len(each.data)
        if length:
            self.received[start] = max(length, self.received.get(start, 0))
        before = self.rcv_nxt
        moved = True
        while moved:
            moved = False
            for begin, size in list(self.received.items()):
                skip = (self.rcv_nxt - begin) & MASK
                if skip < HALF:
                    del self.received[begin]
                    if skip < size:
                        self.rcv_nxt = (begin + size) & MASK
                        moved = True
        return (self.rcv_nxt - before) & MASK

    def _calls_before(self, each: HeardPacket, time: int, index: int) -> None:
        """Make the calls without which the host would not send this."""
        header = each.header
        if self.closed or header.flags & tcp.SYN:
            return
        end = (header.sequence + len(each.data)) & MASK
        if each.data and 0 < (end - self.sent_to) & MASK < HALF:
            self.sent_to = end
            while 0 < (end - self.written_to) & MASK < HALF:
                self._write(time, each.inside)
        if header.flags & tcp.FIN and not self.finished:
            self._close(time, index)
        elif header.flags & tcp.RST and not each.inside and not self.finished and self.accepted:
            self.out.add(time, f"setsockopt({self.fd}, SOL_SOCKET, SO_LINGER, {{onoff=1, linger=0}}, 8) = 0")
            self.out.add(time, f"close({self.fd}) = 0")
            self.closed = True

    def _write(self, time: int, inside: bool) -> None:
        chunk = next((one for one in self.chunks if (one.last - self.written_to) & MASK < HALF
                      and one.last != self.written_to), None)
        if chunk is None:
            return
        count = (chunk.last - self.written_to) & MASK
        self.written_to = chunk.last
        if chunk.closes and not inside:
            self.out.add(time, f"send({self.fd}, ..., {count}, MSG_MORE) = {count}")
        else:
            self.out.add(time, f"write({self.fd}, ..., {count}) = {count}")
        if chunk.closes:
            self._close(time, len(self.packets))

    def _close(self, time: int, index: int) -> None:
        """Close, or only our direction if something was still received."""
        self.finished = True
        top = self.rcv_nxt
        later = any(
            one.inbound and one.data and not one.icmp and ((one.header.sequence + len(one.data) - top) & MASK) < HALF
            and one.header.sequence + len(one.data) != top and one.time - self.start >= time
            for one in self.packets)
        if later:
            self.out.add(time, f"shutdown({self.fd}, SHUT_WR) = 0")
        else:
            self.out.add(time, f"close({self.fd}) = 0")
            self.closed = True

    def _expect(self, each: HeardPacket, time: int) -> None:
        if each.time < self.begin:
            text = self._show(each).partition(" <")[0]
            self.out.add(-1, f"> {text} <...>")
        else:
            self.out.add(time, f"> {self._show(each)}")

    def _show(self, each: HeardPacket) -> str:
        """Return a packet as a script writes it."""
        header = each.header
        names = {bits: name for name, bits in ECN_BITS.items()}
        ecn = f"[{names[each.tos & 3]}] " if each.tos & 3 else ""
        ours, theirs = (self.theirs, self.ours) if each.inbound else (self.ours, self.theirs)
        if each.icmp:
            from shell.drill.icmp import show_icmp

            seq = (header.sequence - self.ours) & MASK
            mtu = int.from_bytes(each.icmp[6:8], "big")
            more = f" mtu {mtu}" if mtu else ""
            span = f"{seq}:{(seq + len(each.data)) & MASK}({len(each.data)})"
            return f"[{span}] {show_icmp(each.icmp[0], each.icmp[1])}{more}"
        seq = (header.sequence - ours) & MASK
        text = f"{ecn}{show_flags(header.flags)} {seq}:{(seq + len(each.data)) & MASK}({len(each.data)})"
        if header.flags & tcp.ACK:
            text += f" ack {(header.acknowledgement - theirs) & MASK}"
        if each.inbound:
            text += f" win {header.window}"
        if header.flags & tcp.URG:
            text += f" urg {header.urgent}"
        found = [self._relative(one, theirs) for one in options.decode(header.options)]
        return f"{text} <{options.show(found)}>" if found else text

    def _relative(self, option: TcpOption, base: int) -> TcpOption:
        if option.name != "sack":
            return option
        return TcpOption("sack", tuple((value - base) & MASK for value in option.values))


def to_text(written: Written, about: str, knobs: dict[str, str], tolerance: int, phase: int) -> str:
    """Return the script, which begins at `phase`: timestamps tick in milliseconds, so that it matters where in one."""
    head = [f"# {about}"]
    head += [f"# aether: knob {name}={value}" for name, value in knobs.items()]
    if written.inside:
        head.append("# aether: calls inside")
    if tolerance:
        head.append(f"--tolerance_usecs={tolerance}")
    lines, before = [], -phase
    for time, text in written.lines:
        if time < 0:
            lines.append(f"*         {text}")
            continue
        passed = time - before
        before = time
        when = f"+{passed // 1_000_000}.{passed % 1_000_000:06}".rstrip("0").rstrip(".") if passed else "+0"
        lines.append(f"{when:<9} {text}")
    return "\n".join([*head, "", *lines]) + "\n"

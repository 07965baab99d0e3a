"""Packet scripts: segments in, segments expected out, in virtual time.

Each line is text: flags first, then what matters of the rest. Sequence numbers are relative: `seq` of
what we inject and `ack` of what we expect count from the peer's ISN, the others from the host's.

    s = Script()
    s.inject("S seq=0 mss=1460")
    s.expect("SA seq=0 ack=1")
    s.inject("A seq=1 ack=1")
    s.expect_nothing(for_us=500_000)

A failure shows every step so far, and "should have had X, but had Y".
"""

from __future__ import annotations

from typing import Any, ClassVar

from aether.apps.simple import SERVICES
from aether.engine.worker import Beginning, share_of
from aether.knobs import find, parse
from aether.lab import listen
from aether.laboratory import Laboratory
from aether.link.supersegment import SuperSegment
from aether.link.tap import SUPERSEGMENT
from aether.sockets import TcpSocket
from aether.wire import ipv4, tcp
from aether.wire.address import show_ip
from tests.scripts.device import DeviceLaboratory

PEER_ISN = 1000
PORT, PEER_PORT = 5000, 40_000
NUMBERS = ("seq", "ack", "win", "len", "mss", "ws", "tsval", "tsecr", "urg", "ttl", "tos", "to", "port")


class ScriptError(AssertionError):
    """A script did not go as written."""


class Seen:
    """A segment that the host sent, with relative numbers."""

    def __init__(self, script: Script, frame: bytes) -> None:
        packet = frame[14:]
        self.ip = ipv4.parse(packet)
        data = packet[self.ip.header_length:self.ip.total_length]
        self.header = header = tcp.parse(data)
        assert tcp.verify(data, self.ip.source, self.ip.destination), "a wrong TCP checksum was sent"
        self.payload = bytes(data[header.header_length:])
        self.options = tcp.parse_options(header.options)
        if header.flags & tcp.SYN:
            script.our_isn = header.sequence
        self.seq = (header.sequence - script.our_isn) & 0xFFFFFFFF
        self.ack = (header.acknowledgement - script.peer_isn) & 0xFFFFFFFF if header.flags & tcp.ACK else 0
        self.flags = tcp.show_flags(header.flags)

    def value(self, name: str, script: Script) -> Any:
        """Return a field by the name that scripts use."""
        stamp = self.options.timestamp or (None, None)
        sack = ",".join(
            f"{(a - script.peer_isn) & 0xFFFFFFFF}-{(b - script.peer_isn) & 0xFFFFFFFF}" for a, b in self.options.sack)
        return {
            "seq": self.seq, "ack": self.ack, "win": self.header.window, "len": len(self.payload),
            "mss": self.options.mss, "ws": self.options.window_scale, "sackok": self.options.sack_permitted,
            "tsval": stamp[0], "tsecr": stamp[1], "sack": sack, "urg": self.header.urgent, "ttl": self.ip.ttl,
            "tos": self.ip.tos, "data": self.payload.decode("latin-1"), "to": self.header.destination_port,
            "port": self.header.source_port,
            "fo": self.options.fast_open.hex() if self.options.fast_open is not None else None,
        }[name]

    def __str__(self) -> str:
        text = f"{self.flags or '-'} seq={self.seq} ack={self.ack} win={self.header.window} len={len(self.payload)}"
        if self.options.mss is not None:
            text += f" mss={self.options.mss}"
        if self.options.sack:
            text += " sack"
        return text


class Script:
    """A laboratory with a listening (or connecting) host, and a peer that is played by the test.

    In benchmark mode (`mode`) there are no events; frames come through a device and the loop that serves it, the fast
    path is tried first, and what leaves together leaves as one, for the device to cut up. A worker does the same in
    the share of the world that it is given, but without a device: we cut up what it sends.
    """

    mode = "trace"
    devices: ClassVar[list[DeviceLaboratory]] = []
    """Those that somebody has to close."""

    def __init__(
        self, app: str | None = "hold", *, port: int = PORT, profile: str = "modern", seed: int = 0,
        backlog: int = 128, peer_isn: int = PEER_ISN, **knobs: str,
    ) -> None:
        self.lab = (DeviceLaboratory if self.mode == "bench" else Laboratory)(seed, profile, **knobs)
        if isinstance(self.lab, DeviceLaboratory):
            self.devices.append(self.lab)
        if self.mode == "worker":
            world = self.lab.world
            self.lab.world = share_of(Beginning(1, 2, "aether0", world.snapshot(), world.connections, (0, world.now)))
            self.lab.host = self.lab.world.hosts[self.lab.host.name]
        self.host = self.lab.host
        self.peer_isn = peer_isn
        self.our_isn = 0
        self.port = port
        self.peer_port = PEER_PORT
        self.steps: list[str] = []
        self.pending: list[Seen] = []
        self.socket: TcpSocket | None = None
        if self.mode == "trace":
            self.events: list[tuple[str, tuple[Any, ...]]] = []
            self.lab.world.observe(self._note)
        elif self.mode == "worker":
            self.lab.world.allow_short_cuts(True)
            self.host.supersegments = SUPERSEGMENT
        if app is not None:
            self.listener = listen(self.host, port, SERVICES[app]() if app != "none" else _Nobody(), backlog)

    def _note(self, host: str, kind: str, *values: Any) -> None:
        self.events.append((kind, values))

    @property
    def conn(self) -> Any:
        """The connection with the peer's present port."""
        for conn in self.host.tcp.connections.values():
            if conn.remote_port == self.peer_port:
                return conn
        raise self._failed("a connection", "none")

    @property
    def state(self) -> str:
        """The state of the connection; CLOSED when there is none."""
        states = [c.state for c in self.host.tcp.connections.values() if c.remote_port == self.peer_port]
        return states[0] if states else "CLOSED"

    def knob(self, name: str, value: str) -> None:
        """Turn a knob of the host."""
        self.steps.append(f"knob {name} {value}")
        self.host.turn(find(name).attribute, parse(find(name), value))

    def connect(self, port: int = 80) -> TcpSocket:
        """Let the host open a connection to the peer's `port`; expect the SYN next."""
        self.steps.append(f"connect to port {port}")
        self.socket = socket = TcpSocket(self.host)
        socket.connect(self.lab.theirs, port)
        self.peer_port = port
        assert socket.connection is not None
        self.port = socket.connection.local_port
        return socket

    def handshake(self, options: str = "mss=1460", window: int = 65_535) -> None:
        """Open a connection from the peer."""
        self.inject(f"S seq=0 win={window} {options}")
        self.expect("SA seq=0 ack=1")
        extra = " ".join(["", *(word for word in options.split() if word.startswith("ts"))])
        self.inject(f"A seq=1 ack=1 win={window}{extra}")

    def accept(self) -> TcpSocket:
        """Accept the connection that waits (with app "none")."""
        self.steps.append("accept")
        return self.listener.accept()

    def inject(self, line: str, data: bytes = b"") -> None:
        """Let a segment arrive: ``PA seq=1 ack=1 len=100``; `len` makes bytes up, `data` gives them."""
        self._collect()
        self.steps.append(f"> {line}")
        flags, fields = _fields(line)
        options = tcp.build_options(
            mss=fields.get("mss"), window_scale=fields.get("ws"), sack_permitted="sackok" in fields,
            sack=tuple(
                (self.our_isn + int(left) & 0xFFFFFFFF, self.our_isn + int(right) & 0xFFFFFFFF)
                for left, right in (block.split("-") for block in fields.get("sack", "").split(",") if block)),
            timestamp=(fields["tsval"], fields.get("tsecr", 0)) if "tsval" in fields else None,
            fast_open=bytes.fromhex(fields["fo"]) if "fo" in fields else None,
        )
        payload = data or pattern(fields.get("seq", 0) - ("S" not in flags), fields.get("len", 0))
        ack = fields.get("ack")
        self.lab.inject_tcp(
            flags, self.peer_isn + fields.get("seq", 0), 0 if ack is None else self.our_isn + ack,
            to=fields.get("to", self.port), port=fields.get("port", self.peer_port), window=fields.get("win", 65_535),
            options=options, payload=payload, urgent=fields.get("urg", 0), tos=fields.get("tos", 0),
        )

    def _sent(self) -> list[bytes]:
        frames: list[bytes] = []
        for frame in self.lab.sent():
            frames += frame.frames() if isinstance(frame, SuperSegment) else [frame]
        return frames

    def _collect(self) -> None:
        for frame in self._sent():
            if frame[12:14] == b"\x08\x00" and frame[23] == 6:
                self.pending.append(Seen(self, frame))

    def expect(self, line: str) -> Seen:
        """The next segment that the host sent must have these flags and fields; what is not named may be anything."""
        self._collect()
        if not self.pending:
            raise self._failed(line, "nothing")
        seen = self.pending.pop(0)
        flags, fields = _fields(line)
        wrong = [name for name, wanted in fields.items() if seen.value(name, self) != wanted]
        if seen.flags != _sorted_flags(flags) or wrong:
            detail = ", ".join(f"{name}={seen.value(name, self)}" for name in wrong)
            raise self._failed(line, f"{seen}{' where ' + detail if detail else ''}")
        self.steps.append(f"< {line}")
        return seen

    def expect_nothing(self, for_us: int = 0) -> None:
        """The host must have sent nothing, and send nothing for so many microseconds."""
        self._collect()
        if for_us:
            self.advance(for_us)
        self._collect()
        if self.pending:
            raise self._failed("nothing", str(self.pending[0]))
        self.steps.append(f"< nothing for {for_us} us")

    def skip(self) -> list[Seen]:
        """Take whatever the host has sent."""
        self._collect()
        seen, self.pending = self.pending, []
        self.steps.extend(f"< (skipped) {one}" for one in seen)
        return seen

    def advance(self, microseconds: int) -> None:
        """Let time pass."""
        self.steps.append(f"  {microseconds} us pass")
        self.lab.advance(microseconds)

    def expect_state(self, state: str) -> None:
        """The connection must be in this state."""
        if self.state != state:
            raise self._failed(f"state {state}", f"state {self.state}")
        self.steps.append(f"  state {state}")

    def expect_drop(self, reason: str) -> None:
        """The last thing discarded must have been discarded for this reason."""
        if self.mode == "trace":
            dropped = [values[0] for values in self.saw("drop")]
        else:  # in which order, nobody has noted
            dropped = sorted(self.host.drops, key=lambda one: one == reason)
        if not dropped or dropped[-1] != reason:
            raise self._failed(f"drop {reason}", f"drops {dropped}")
        self.steps.append(f"  drop {reason}")

    def saw(self, kind: str) -> list[tuple[Any, ...]]:
        """Return the values of all events of a kind."""
        return [values for name, values in self.events if name == kind]

    def send(self, data: bytes, socket: TcpSocket | None = None) -> int:
        """Let the application send."""
        self.steps.append(f"application sends {len(data)} bytes")
        held = socket or self.socket or self.conn.socket
        return held.send(data)

    def close(self) -> None:
        """Let the application close."""
        self.steps.append("application closes")
        (self.socket or self.conn.socket).close()

    def shutdown(self) -> None:
        """Let the application close its direction."""
        self.steps.append("application shuts down")
        (self.socket or self.conn.socket).shutdown()

    def _failed(self, wanted: str, had: str) -> ScriptError:
        steps = "\n".join(f"  {number:3} {step}" for number, step in enumerate(self.steps, 1))
        here = f"{show_ip(self.lab.ours)} at +{self.lab.world.now / 1e6:.6f} s"
        return ScriptError(f"\n{steps}\n  {here}: should have had {wanted}, but had {had}")


class _Nobody:
    """An application that accepts nothing by itself."""

    def ready(self, socket: TcpSocket) -> None:
        """Leave it to the script."""


def pattern(start: int, length: int) -> bytes:
    """Return the bytes of a stream whose position tells what they are."""
    return bytes((position * 7 + (position >> 8)) & 0xFF for position in range(start, start + length))


def opened(app: str = "none", options: str = "mss=1460", **knobs: str) -> Script:
    """Return a script whose peer has opened a connection; it is accepted where no application does that."""
    s = Script(app, **knobs)
    s.handshake(options)
    if app == "none":
        s.socket = s.accept()
    return s


def _sorted_flags(letters: str) -> str:
    bits = 0
    for letter in letters.replace("-", ""):
        bits |= {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16, "U": 32, "E": 64, "C": 128}[letter]
    return tcp.show_flags(bits)


def _fields(line: str) -> tuple[str, dict[str, Any]]:
    flags, *words = line.split()
    fields: dict[str, Any] = {}
    for word in words:
        name, _, value = word.partition("=")
        if name == "sackok":
            fields[name] = True
        else:
            fields[name] = int(value) if name in NUMBERS else value
    return flags.replace("-", ""), fields

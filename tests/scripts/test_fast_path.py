"""The fast path does what the ordinary path does: the same frames at the same time, the same state behind them.

So does all of benchmark mode behind a device, whose loop tries the fast path first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aether.knobs import KNOBS, Knob, show
from aether.lab import listen
from aether.laboratory import Laboratory
from aether.net.neighbours import REACHABLE, Neighbour
from aether.operations.knobs import KnobSet, ProfileSet
from aether.statehash import declared_fields
from aether.tcp.siphash import siphash
from aether.wire import tcp
from tests.scripts.device import DeviceLaboratory

GET = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
KEEP = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
MISSING = b"GET /missing HTTP/1.1\r\nHost: x\r\n\r\n"
ELSEWHERE = ("host", "knobs", "listener", "queue", "queued_at", "queued_order", "socket", "wake_order")
"""What is not of the connection itself, or depends on the order in which others were looked at."""


class Peer:
    """A client at one port, which answers what it was sent, or something else."""

    def __init__(self, lab: Laboratory, port: int) -> None:
        self.lab, self.port = lab, port
        self.seq, self.ack, self.stamp = 1000, 0, 5000
        self.log: list[tuple[int, bytes]] = []

    def send(self, flags: str, payload: bytes = b"", *, seq: int = 0, ack: int = 0, age: int = 0, **more: Any) -> None:
        """Send a segment; `seq` and `ack` are added to what would be right, `age` taken off the timestamp."""
        self.stamp += 1
        stamp = self.stamp - age, 0
        if flags == "S":
            options = tcp.build_options(
                mss=1460, sack_permitted=True, timestamp=stamp, window_scale=7, fast_open=more.pop("cookie", None))
        else:
            options = tcp.build_options(timestamp=stamp)
        options = more.pop("options", options)
        self.lab.inject_tcp(
            flags, self.seq + seq, (self.ack + ack) if "A" in flags else 0, payload=payload, port=self.port,
            options=options, **{"window": 64_240 if flags == "S" else 502, **more})
        if not seq:
            self.seq += len(payload) + ("S" in flags) + ("F" in flags)
        self.look()

    def look(self) -> None:
        """Take what was sent, and believe it."""
        for frame in self.lab.sent():
            self.log.append((self.lab.world.now, frame))
            header = tcp.parse(frame[34:])
            if header.destination_port == self.port:
                length = len(frame) - 34 - header.header_length
                syn_fin = bool(header.flags & tcp.SYN) + bool(header.flags & tcp.FIN)
                self.ack = (header.sequence + length + syn_fin) & 0xFFFFFFFF


Step = tuple[str | Callable[[Laboratory], object], int]
"""What happens, or who does something to the host; and the number of the client."""


def play(
    lab: Laboratory, steps: list[Step], peek_at: int,
) -> tuple[Laboratory, list[list[tuple[int, bytes]]], int]:
    """Play the steps, two clients taking turns; return the host, what each client saw, and the most short ones."""
    lab.world.allow_short_cuts(True)
    clients = [Peer(lab, 40_000), Peer(lab, 40_001)]
    most = 0
    for number, (what, which) in enumerate(steps):
        peer = clients[which]
        lab.advance(977)
        if not isinstance(what, str):
            what(lab)
            peer.look()
        elif what.startswith("wait"):
            lab.advance(int(what[4:]))
            peer.look()
        elif what == "syn again":
            peer.seq += 100_000
            peer.send("S")
        elif what == "ask":
            peer.send("S", cookie=b"")
        elif what == "early":
            peer.send("S", GET, cookie=siphash(lab.host.tcp.fast_open.keys()[:16], lab.theirs + lab.ours))
        elif what == "early again":
            peer.seq += 100_000
            peer.send("S", KEEP, cookie=bytes(8))
        elif what == "get":
            peer.send("PA", GET)
        elif what == "keep":
            peer.send("PA", KEEP)
        elif what == "missing":
            peer.send("PA", MISSING)
        elif what == "half":
            peer.send("PA", GET[:20])
        elif what == "two":
            peer.send("PA", KEEP + GET)
        elif what == "beyond":
            peer.send("PA", GET, seq=5)
        elif what == "old":
            peer.send("A", age=100)
        elif what == "window":
            peer.send("A", window=7)
        elif what == "future":
            peer.send("A", ack=9)
        elif what == "none":
            peer.send("A", options=b"")
        elif what == "reset":
            peer.send("R")
        elif what == "duplicate":
            peer.send("A", seq=-1)
        else:
            peer.send(what)
        most = max(most, len(lab.host.tcp.fast.shorts))
        if number == peek_at:
            assert isinstance(lab.host.tcp.connections, dict)
    return lab, [peer.log for peer in clients], most


def fields(value: Any, path: str = "", met: set[int] | None = None) -> dict[str, Any]:
    """Return every plain value that can be reached, by its path."""
    met = set() if met is None else met
    if value is None or isinstance(value, (int, str, bytes, float)):
        return {path: value}
    if id(value) in met:
        return {}
    met.add(id(value))
    if isinstance(value, dict):
        parts = [(f"[{key}]", part) for key, part in value.items()]
    elif hasattr(value, "__iter__"):
        parts = [(f"[{index}]", part) for index, part in enumerate(value)]
    else:
        parts = [(f".{name}", getattr(value, name)) for name in declared_fields(value)
                 if name not in ELSEWHERE and hasattr(value, name)]
    found: dict[str, Any] = {path + ".size": len(parts)}
    for name, part in parts:
        found |= fields(part, path + name, met)
    return found


def state(lab: Laboratory) -> dict[str, Any]:
    """Return all that the two paths have to agree on."""
    tcp_layer = lab.host.tcp
    connections = dict(sorted(tcp_layer.connections.items()))
    [listener] = [one for one in tcp_layer.listeners.values() if one.port == 80]
    return {
        **{f"{key!r}{name}": value for key, conn in connections.items() for name, value in fields(conn).items()},
        "held": [conn.socket is not None for conn in connections.values()],
        "half open": listener.half_open, "ports": tcp_layer.ports_used, "drops": lab.host.drops,
        "counters": lab.host.counters, "time": lab.world.now, "numbered": lab.world.connections,
        "sessions": sorted((s.number, s.since, s.received) for s in lab.host.tcp.listeners[
            listener.ip, 80].socket.app.sessions.values()),  # type: ignore[union-attr]
    }


def same(steps: list[Step], peek_at: int = -1) -> int:
    """Check that every way does the same; return how many short connections there were at most."""
    slow, slow_log, none = play(Laboratory(seed=3, tcp_fast_path="off", tcp_fastopen="server"), steps, peek_at)
    assert none == 0
    theirs = state(slow)
    counts = set()
    device = DeviceLaboratory(seed=3, tcp_fastopen="server")
    for lab in (Laboratory(seed=3, tcp_fastopen="server"), device):
        fast, fast_log, most = play(lab, steps, peek_at)
        assert fast_log == slow_log
        ours = state(fast)
        differ = {key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key)}
        assert {key: (ours.get(key), theirs.get(key)) for key in differ} == {}
        counts.add(most)
    device.close()
    assert len(counts) == 1
    return counts.pop()


def whole(which: int = 0, request: str = "get") -> list[Step]:
    return [(step, which) for step in ("S", "A", request, "A", "FA")]


def test_a_connection_from_the_first_segment_to_the_last() -> None:
    # The first request makes the response ready; from then on it is short.
    assert same([*whole(), *whole(1)]) == 1
    assert same([*whole(), ("S", 1)]) == 1
    assert same([*whole(), ("S", 1), ("A", 1), ("get", 1)]) == 1
    assert same([*whole(), ("S", 1), ("A", 1), ("get", 1), ("FA", 1)]) == 1


def test_requests_on_one_connection() -> None:
    keep = [("keep", 1), ("A", 1)] * 20 + [("keep", 1)] * 3
    assert same([*whole(request="keep"), *whole(), ("S", 1), ("A", 1), *keep]) == 1
    assert same([*whole(request="keep"), *whole(), ("S", 1), ("A", 1), *keep, ("get", 1), ("A", 1), ("FA", 1)]) == 1


def test_time_outs() -> None:
    for at in range(6):
        for wait in ("wait150000", "wait250000", "wait1500000", "wait21000000", "wait61500000"):
            steps = [*whole(), *whole(1)[:at], (wait, 1)]
            same(steps)
            same([*steps, *whole(1)])


def test_ports_are_used_again() -> None:
    again = [*whole(1), ("syn again", 1), *whole(1)[1:]]
    assert same([*whole(), *again, *again[5:], *again[5:]]) == 1


STEPS = st.sampled_from([
    "S", "A", "A", "A", "get", "get", "keep", "keep", "FA", "FA", "syn again", "missing", "half", "two", "beyond",
    "old", "window", "future", "none", "reset", "duplicate", "PA", "wait30000", "wait300000", "wait2000000",
    "wait21000000", "wait61000000",
])
EARLY = st.sampled_from(["ask", "early", "early again"])


def test_data_in_the_syn() -> None:
    """RFC 7413 §4.2.2: the short path leaves it to the ordinary one, and so do those that rest at its port."""
    early = [*whole(), ("early", 1), ("A", 1), ("FA", 1)]
    lab, _, _ = play(Laboratory(seed=3, tcp_fastopen="server"), early, -1)
    assert lab.host.counters["tcp.fastopen_taken"] == 1
    same(early)
    same([*whole(), ("ask", 1), ("A", 1), ("get", 1), ("A", 1), ("FA", 1)])
    same([*whole(), *whole(1), ("early again", 1), ("A", 1), ("FA", 1)])
    for wait in ("wait300000", "wait1500000", "wait61500000"):
        same([*whole(), ("early", 1), (wait, 1), ("A", 1)])


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(STEPS | EARLY, st.integers(0, 1)), max_size=16), st.integers(0, 30))
def test_whatever_comes(steps: list[tuple[str, int]], peek_at: int) -> None:
    same([*whole(), *whole(request="keep"), *steps], peek_at)
    same([*whole(), *whole(request="keep"), *whole(1)[:3], *steps], peek_at)


def others(knob: Knob) -> list[str]:
    """Return values that a knob does not have at first, as a person writes them."""
    if knob.type == "switch":
        values: list[Any] = [not knob.default]
    elif knob.type == "choice":
        values = [one for one in knob.choices if one != knob.default]
    else:
        middle = max(knob.low, int(knob.default) // 2 or knob.high // 2)
        values = [one for one in dict.fromkeys((knob.low, middle, knob.high)) if one != knob.default]
    return [show(knob, value) for value in values]


TURNED = [
    pytest.param(name, value, id=f"{name} {value}") for name, knob in KNOBS.items()
    if name.startswith(("tcp.", "ipv4.")) and name != "tcp.fast_path" for value in others(knob)]


@pytest.mark.parametrize(("name", "value"), TURNED)
def test_a_knob_is_turned_while_connections_are_short(name: str, value: str) -> None:
    """Any knob: what the short way heeds it gives up in time, and what it does not heed makes no difference to it."""
    def turn(lab: Laboratory) -> None:
        lab.world.do(KnobSet("you", name, value))
    follow_on(turn)


def follow_on(change: Callable[[Laboratory], object]) -> None:
    """Change something at each stage of a connection that is short, and go on, with that one and with another."""
    for at in range(6):
        first: list[Step] = whole(1)[:at]
        rest: list[Step] = whole(1)[at:]
        for wait in ("wait30000", "wait300000"):
            before: list[Step] = [*whole(), *whole(request="keep"), *first]
            same([*before, (change, 1), (wait, 1), *rest, *whole(), ("wait2000000", 0)])


def another_neighbour(lab: Laboratory) -> Neighbour:
    other = Neighbour(b"\xc0\xa8\x01\x09")
    other.mac, other.state = b"\x02\0\0\0\0\x09", REACHABLE
    lab.interface.neighbours.entries[other.address] = other
    return other


CHANGES: dict[str, Callable[[Laboratory], object]] = {
    "a profile": lambda lab: lab.world.do(ProfileSet("you", "classic")),
    "a route": lambda lab: lab.host.routes.add(lab.theirs, 32, another_neighbour(lab).address, 0),
    "a route that goes": lambda lab: lab.host.routes.remove(lab.theirs, 24),
    "another address": lambda lab: lab.host.add_address(lab.interface, b"\x0a\0\0\x01", 8),
    "an address that goes": lambda lab: lab.host.remove_address(lab.interface, lab.ours),
    "an MTU": lambda lab: lab.host.set_mtu(lab.interface, 296),
    "another listener": lambda lab: listen(lab.host, 8080, App()),
}


class App:
    def ready(self, socket: object) -> None:
        return


@pytest.mark.parametrize("what", CHANGES)
def test_something_changes_while_connections_are_short(what: str) -> None:
    follow_on(CHANGES[what])

"""Two of our hosts, face to face, at their worst: no storm of answers, and nothing left behind."""

from __future__ import annotations

from contextlib import suppress

import pytest

from aether.lab import HOST, YOU, listen, simulated
from aether.operations.tcp import TcpAbort, TcpClose, TcpConnect, TcpSend
from aether.sockets import TcpSocket
from aether.tcp import output
from aether.tcp.connection import Connection
from aether.world import World

STORM = 10
"""Frames that may follow at the most."""


class Quiet:
    """Accepts, and does nothing."""

    def ready(self, socket: TcpSocket) -> None:
        while socket.listener is not None and socket.listener.accepted:
            socket.accept()


def settle(world: World, microseconds: int = 5_000_000) -> int:
    """Let the hosts answer each other; return how many frames they have sent meanwhile."""
    before, end = world.frames, world.now + microseconds
    while world.step(end):
        assert world.frames - before < 1000, "they never stop"
    world.advance(end)
    return world.frames - before


def connected() -> tuple[World, Connection, Connection]:
    world = simulated(3)
    listen(world.hosts[HOST], 5000, Quiet())
    number = world.do(TcpConnect(address="192.168.1.1", port=5000))
    settle(world)
    ours, theirs = (
        next(c for c in world.hosts[name].tcp.connections.values() if c.number == number) for name in (YOU, HOST))
    assert ours.state == theirs.state == "ESTABLISHED"
    return world, ours, theirs


def left(world: World) -> list[str]:
    return [c.state for host in world.hosts.values() for c in host.tcp.connections.values()]


def test_both_abort() -> None:
    """Two resets cross, and neither is answered (RFC 9293 §3.5.2)."""
    world, ours, theirs = connected()
    world.do(TcpAbort(host=YOU, conn=ours.number))
    world.do(TcpAbort(host=HOST, conn=theirs.number))
    assert settle(world) < STORM
    assert left(world) == []


def test_reset_against_reset() -> None:
    """A reset for nobody, from both sides."""
    world, ours, theirs = connected()
    output.send_reset(ours, "test")
    output.send_reset(theirs, "test")
    assert settle(world) < STORM
    assert left(world) == []


def test_simultaneous_close() -> None:
    """RFC 9293 §3.6, figure 13: CLOSING at both ends, TIME-WAIT at both ends, then nothing."""
    world, ours, theirs = connected()
    world.do(TcpClose(host=YOU, conn=ours.number))
    world.do(TcpClose(host=HOST, conn=theirs.number))
    assert settle(world) < STORM
    assert left(world) == ["TIME-WAIT", "TIME-WAIT"]
    settle(world, 60_000_000)
    assert left(world) == []


def test_crossed_syns() -> None:
    """RFC 9293 §3.5, figure 7: both open at once, and one connection comes of it."""
    world = simulated(3)
    you, host = world.hosts[YOU], world.hosts[HOST]
    first, second = TcpSocket(you, Quiet()), TcpSocket(host, Quiet())
    first.port, second.port = 6000, 7000
    first.connect(host.address, 7000)
    second.connect(you.address, 6000)
    assert settle(world) < STORM
    assert [c.state for c in (first.connection, second.connection) if c is not None] == ["ESTABLISHED"] * 2
    assert first.send(b"hello") == 5
    settle(world)
    assert second.receive() == b"hello"


def test_both_windows_zero() -> None:
    """Each waits for the other to read; probes keep it alive, and it goes on when they do."""
    world = simulated(3)
    for machine in world.hosts.values():
        machine.knobs.tcp_receive_window = 5000
    listen(world.hosts[HOST], 5000, Quiet())
    ours = TcpSocket(world.hosts[YOU])
    ours.connect(world.hosts[HOST].address, 5000)
    settle(world)
    theirs = next(c.socket for c in world.hosts[HOST].tcp.connections.values() if c.local_port == 5000)
    assert theirs is not None
    theirs.app = None
    for socket in (ours, theirs):
        socket.host.now = world.now
        socket.send(b"x" * 20_000)
    settle(world, 30_000_000)
    assert (ours.connection.snd_wnd, theirs.connection.snd_wnd) == (0, 0)  # type: ignore[union-attr]
    assert settle(world, 10_000_000) < STORM, "probes come slower and slower"
    got = {ours: b"", theirs: b""}
    for _ in range(400):
        for socket in (ours, theirs):
            socket.host.now = world.now
            with suppress(BlockingIOError):
                got[socket] += socket.receive()
        settle(world, 500_000)
    assert [len(data) for data in got.values()] == [20_000, 20_000]


DAY = 86_400_000_000


def later(world: World, microseconds: int) -> int:
    """Let a long time pass; return how many frames were sent meanwhile."""
    before = world.frames
    settle(world, microseconds)
    return world.frames - before


@pytest.mark.parametrize("ahead", [1, 5, 1000, 1 << 20, -1, -1000, -(1 << 20), 1 << 30])
@pytest.mark.parametrize("number", ["snd_nxt", "rcv_nxt", "both"])
def test_numbers_that_disagree(ahead: int, number: str) -> None:
    """RFC 5961 §7: each end refuses what the other sends, and they come to rest, for days."""
    world, ours, theirs = connected()
    if number != "snd_nxt":
        ours.rcv_nxt += ahead
        ours.rcv_adv += ahead
    if number != "rcv_nxt":
        for name in ("snd_una", "snd_nxt"):
            setattr(ours, name, getattr(ours, name) + ahead)
        ours.send.start += ahead
        ours.send.end += ahead
    world.hosts[YOU].now = world.now
    output.send_ack(ours, "test")
    assert later(world, 10 * DAY) < STORM
    assert ours.state == theirs.state == "ESTABLISHED"


@pytest.mark.parametrize("close", [False, True])
def test_data_that_one_end_never_sent(close: bool) -> None:
    """RFC 9293 §3.10.7.4: bytes that somebody else put into the stream; then the close that follows ends it."""
    world, ours, theirs = connected()
    theirs.rcv_nxt += 5
    world.hosts[HOST].now = world.now
    output.send_ack(theirs, "test")
    assert later(world, DAY) < STORM
    if close:
        world.do(TcpClose(host=YOU, conn=ours.number))
        world.do(TcpClose(host=HOST, conn=theirs.number))
        assert later(world, DAY) < 150, "16 FINs each, every one with an answer, and perhaps an answer to that"
        assert left(world) == []


def test_timestamps_that_disagree() -> None:
    """RFC 7323 §5.3, R1: each finds the other's timestamps too old, and says so once."""
    world, ours, theirs = connected()
    for conn in (ours, theirs):
        conn.ts_recent = conn.ts_recent + (1 << 30) & 0xFFFFFFFF
    world.hosts[YOU].now = world.now
    output.send_ack(ours, "test")
    assert later(world, 10 * DAY) < STORM


@pytest.mark.parametrize("when", range(1, 14))
def test_an_abort_at_any_moment_leaves_nothing(when: int) -> None:
    """Whatever occurrence the reset falls into."""
    world = simulated(4)
    number = world.do(TcpConnect(address="192.168.1.1", port=7))
    world.do(TcpSend(conn=number, data=b"x" * 3000))
    for _ in range(when):
        world.step()
    if any(c.number == number for c in world.hosts[YOU].tcp.connections.values()):
        world.do(TcpAbort(conn=number))
    assert settle(world, 200_000_000) < STORM + 20
    assert left(world) == []
    assert world.announced == {}
    assert all(host.tcp.ports_used == {} for host in world.hosts.values())

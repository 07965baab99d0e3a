"""A run behind a device is exact however the machine's clock moves: late looks, jumps, and more due than one batch."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress

import pytest

from aether.engine import loop as loop_module
from aether.engine.log import dump, load
from aether.engine.loop import Loop
from aether.engine.past import Past
from aether.engine.wakeup import Wakeup
from aether.events import Event
from aether.lab import describe, tapped
from aether.operations.base import Operation, OperationError
from aether.operations.knobs import KnobSet
from aether.operations.link import LinkSet
from aether.operations.net import Ping
from aether.operations.tcp import TcpAbort, TcpConnect
from aether.timers import NEVER
from aether.wire import arp, ethernet, ipv4, tcp
from aether.world import World

from .test_moments import OURS, THEIRS, Wire

MS, SECOND = 1_000_000, 1_000_000_000
"""Nanoseconds."""
BATCH = 16
"""What a loop handles in one go, here."""
HALF_OPEN = 2 * BATCH + 8
NOTED = 13
"""The hash of every so many occurrences is noted."""
PORTS = (80, 7, 9, 13, 19)
OUR_MAC, THEIR_MAC = b"\2\0\0\0\0\2", b"\2\0\0\0\0\1"
HELLO = ethernet.build(OUR_MAC, THEIR_MAC, ethernet.TYPE_ARP, arp.build(
    arp.ArpPacket(arp.REQUEST, THEIR_MAC, THEIRS, bytes(6), OURS)))


def segment(number: int, flags: int = tcp.SYN, sequence: int = 1000) -> bytes:
    """Return a segment of the peer's connection of that number."""
    source, to = 20_000 + number, PORTS[number % len(PORTS)]
    return ethernet.build(OUR_MAC, THEIR_MAC, ethernet.TYPE_IPV4, ipv4.build(
        THEIRS, OURS, ipv4.PROTO_TCP, tcp.build(THEIRS, OURS, source, to, sequence, 0, flags, 9000, b"", b"")))


class Clock:
    """The machine's clock: it goes on by so much at each look, and by more when it is told, or when one sleeps."""

    def __init__(self, tick: int) -> None:
        self.now = 0
        self.tick = tick

    def __call__(self) -> int:
        self.now += self.tick
        return self.now


class Sleeps(Wakeup):
    """Sleeps by the test's clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(None)
        self.clock = clock

    def sleep(self, seconds: float) -> None:
        """Let the clock go on."""
        self.clock.now += int(seconds * SECOND)


class Machine:
    """A loop behind a device, on a machine whose clock is the test's; notes the hash at the end of some occurrences."""

    def __init__(self, tick: int) -> None:
        self.clock = Clock(tick)
        self.device = Wire()
        self.wakeup = Sleeps(self.clock)
        world = tapped(3)
        self.loop = Loop(world, self.device, self.wakeup, describe(world), mode="trace", speed=1.0, clock=self.clock)
        self.seen: dict[int, str] = {}
        self.most_due = 0
        """The most that was overdue when one looked."""
        self.loop.set_breakpoint(self._note)

    def _note(self, events: list[Event], world: World) -> bool:
        if world.occurrence % NOTED == 0 and world.occurrence not in self.seen:
            self.seen[world.occurrence] = world.state_hash()
        return False

    def go(self, times: int) -> None:
        """Let the loop go on for so many batches, as the core does, which also looks what is due before a request."""
        for _ in range(times):
            target = self.loop.target()
            self.most_due = max(self.most_due, sum(
                1 for deadline, _, owner, data in self.loop.world.queue.canonical()[1:] if deadline <= target))
            self.loop.go(NEVER, None)

    def do(self, operation: Operation) -> None:
        """Do what a user asks for, as the core does it."""
        self.loop.catch_up()
        with suppress(OperationError):
            self.loop.do(operation)
        self.loop.flush()

    def check(self) -> None:
        """Repeat everything: the recording to its hash, and moments of the past to theirs."""
        loop = self.loop
        loop.pause()
        assert loop.log is not None
        assert loop.history is not None
        recording = load(dump(loop.log, loop.world))
        assert recording.world().state_hash() == loop.world.state_hash(), "the recording ends in the same state"
        last = loop.world.occurrence
        assert len(self.seen) > 5
        for occurrence in random.Random(1).sample(sorted(self.seen.keys() - {last}), min(len(self.seen) - 1, 12)):
            past = Past(loop.history, loop.world)
            past.go(occurrence)
            assert past.world.state_hash() == self.seen[occurrence], f"at {occurrence} of {last}"


@pytest.fixture
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """A machine whose clock goes on by a tenth of a millisecond at each look, unless the test says otherwise."""
    monkeypatch.setattr(loop_module, "BATCH", BATCH)
    made = Machine(getattr(request, "param", MS // 10))
    yield made
    made.wakeup.close()
    made.device.close()


def half_open(machine: Machine, number: int) -> None:
    """Let so many connections be half open."""
    machine.device.frames.append(HELLO)
    machine.device.frames += [segment(each) for each in range(number)]
    machine.go(8)


def test_a_process_that_was_stopped_for_three_seconds(machine: Machine) -> None:
    """More timers than one batch are overdue when it goes on, twice, and frames have come meanwhile."""
    half_open(machine, HALF_OPEN)
    for _ in range(2):
        machine.clock.now += 3 * SECOND
        machine.device.frames += [segment(number, tcp.RST, 1001) for number in range(0, HALF_OPEN, 9)]
        machine.go(12)
    assert machine.most_due > BATCH, "or the test shows nothing"
    machine.check()


def test_what_is_done_while_much_is_overdue(machine: Machine) -> None:
    """The user's requests come in between, and find the world where its timers have brought it."""
    half_open(machine, HALF_OPEN)
    for operation in (
        Ping(address="192.168.1.1", count=2), TcpConnect(address="192.168.1.1", port=80),
        LinkSet(what="loss", value="20%"), KnobSet(name="tcp.retransmit", value="off"), TcpAbort(conn=3),
    ):
        machine.clock.now += 3 * SECOND
        machine.do(operation)
        machine.device.frames.append(segment(4000 + machine.loop.world.occurrence))
        machine.go(1)
        machine.loop.pause()
        machine.loop.step(5)
        machine.loop.run()
    machine.check()


@pytest.mark.parametrize("machine", [MS // 10, 40 * MS], indirect=True)
@pytest.mark.parametrize("seed", range(2))
def test_a_clock_that_jumps(machine: Machine, seed: int) -> None:
    """A slow machine: whatever it looks at, time has gone on, now and then by much; impaired links among it."""
    chance = random.Random(seed)
    half_open(machine, HALF_OPEN)
    machine.do(LinkSet(what="jitter", value="30ms") if seed % 2 else LinkSet(what="duplicate", value="20%"))
    for number in range(60):
        machine.clock.now += chance.choice((0, MS, 50 * MS, 900 * MS, 3 * SECOND))
        machine.device.frames += [
            segment(chance.randrange(80), chance.choice((tcp.SYN, tcp.RST)), chance.choice((1000, 1001)))
            for _ in range(chance.choice((0, 3, 30)))]
        machine.go(chance.randrange(1, 4))
        if number % 20 == 10:
            machine.do(Ping(address="192.168.1.1", count=1))
    machine.check()

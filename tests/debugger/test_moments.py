"""The state at an occurrence never depends on how one got there: a run of anything, then moves through it."""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aether.engine import timelines
from aether.engine.core import Core
from aether.engine.log import dump, load
from aether.events import Event
from aether.lab import simulated, tapped
from aether.operations.base import Operation, OperationError
from aether.operations.frames import InjectFrame
from aether.operations.knobs import KnobSet, ProfileSet
from aether.operations.link import LinkClear, LinkDrop, LinkSet
from aether.operations.net import Ping, Traceroute, UdpSend
from aether.operations.reading import TcpRead, TcpReading
from aether.operations.services import DhcpStart, DnsAsk, HttpGet
from aether.operations.tcp import TcpAbort, TcpClose, TcpConnect, TcpListen, TcpSend
from aether.wire import arp, ethernet, icmp, ipv4, tcp
from aether.world import World

OURS, THEIRS = b"\xc0\xa8\1\2", b"\xc0\xa8\1\1"
HOST = "192.168.1.1"
TICK = 15_000_000
"""Nanoseconds that the clock goes on whenever it is asked: snapshots are taken every few looks at it."""

Hashes = dict[int, str]
Command = Operation | tuple[str, int] | bytes


class Wire:
    """A device from which frames come when they are put there."""

    name = "wire"

    def __init__(self) -> None:
        self.frames: deque[bytes] = deque()
        self.ends = os.pipe()

    @property
    def virtio(self) -> None:
        """It moves finished frames, and nothing else."""

    def read(self) -> bytes | None:
        """Return the next frame."""
        return self.frames.popleft() if self.frames else None

    def write(self, frame: bytes) -> None:
        """Let a frame go; nobody is there."""

    def fileno(self) -> int:
        """Return what is never ready."""
        return self.ends[0]

    def close(self) -> None:
        """Give the descriptors back."""
        for end in self.ends:
            os.close(end)


class Observed:
    """A core that notes the hash at the end of every occurrence of its present."""

    def __init__(self, seed: int, device: Wire | None = None) -> None:
        ticks = count(0, TICK)
        self.device = device
        self.core = Core(simulated(seed) if device is None else tapped(seed), device, speed=math.inf,
                         paused=device is not None, clock=lambda: next(ticks))
        self.seen: Hashes = {0: self.core.loop.world.state_hash()}
        self.core.loop.set_breakpoint(self._note)

    def _note(self, events: list[Event], world: World) -> bool:
        assert all(event.occurrence in (world.occurrence, world.occurrence - 1) for event in events)
        self.seen[world.occurrence] = world.state_hash()
        return False

    def carry_out(self, command: Command) -> None:
        """Do something in the present."""
        if isinstance(command, Operation):
            with suppress(OperationError):
                self.core.do(command)
        elif isinstance(command, bytes):
            assert self.device is not None
            self.device.frames.append(command)
        elif command[0] == "step":
            self.core.step(command[1])
        else:
            self.core.run()
            self.core.wait(lambda world: False, command[1])

    def here(self) -> tuple[int, str]:
        """Return the occurrence that is shown, and its hash."""
        return self.core.ask(lambda world: (world.occurrence, world.state_hash()))


@contextmanager
def observed(seed: int, device: Wire | None = None) -> Iterator[Observed]:
    """Let a core run for a while."""
    one = Observed(seed, device)
    one.core.start()
    try:
        yield one
    finally:
        one.core.stop()
        if device is not None:
            device.close()


SIDES = st.sampled_from(("you", "host"))
CONNECTIONS = st.integers(1, 4)
OPERATIONS: st.SearchStrategy[Operation] = st.one_of(
    st.builds(TcpConnect, address=st.sampled_from((HOST, "192.168.1.99", "10.0.2.2")),
              port=st.sampled_from((7, 9, 19, 80, 81))),
    st.builds(TcpConnect, host=st.just("host"), address=st.just("192.168.1.2"), port=st.sampled_from((7, 8080))),
    st.builds(TcpListen, port=st.just(8080)),
    st.builds(TcpSend, host=SIDES, conn=CONNECTIONS, data=st.sampled_from((1, 500, 60_000)).map(bytes)),
    st.builds(TcpClose, host=SIDES, conn=CONNECTIONS), st.builds(TcpAbort, host=SIDES, conn=CONNECTIONS),
    st.builds(TcpReading, conn=CONNECTIONS, on=st.booleans()), st.builds(TcpRead, conn=CONNECTIONS),
    st.builds(HttpGet, url=st.sampled_from((f"http://{HOST}/", "http://host.lab/", "http://192.168.1.77/"))),
    st.builds(Ping, address=st.sampled_from((HOST, "10.0.2.2")), count=st.integers(1, 3)),
    st.builds(Traceroute, address=st.just("10.0.2.2")), st.builds(DnsAsk, name=st.just("host.lab")),
    st.builds(DhcpStart),
    st.builds(UdpSend, address=st.just(HOST), port=st.sampled_from((7, 4444)), data=st.binary(max_size=2000)),
    st.builds(LinkSet, direction=st.sampled_from(("both", "out", "in")), what=st.just("loss"),
              value=st.sampled_from(("0%", "10%", "40%"))),
    st.builds(LinkSet, what=st.sampled_from(("duplicate", "reorder", "corrupt")), value=st.just("15%")),
    st.builds(LinkSet, what=st.just("rate"), value=st.sampled_from(("1mbit", "100kbit"))),
    st.builds(LinkSet, what=st.just("jitter"), value=st.just("3ms")),
    st.builds(LinkDrop, count=st.integers(1, 3)), st.builds(LinkClear),
    st.builds(KnobSet, host=SIDES, name=st.just("tcp.retransmit"), value=st.sampled_from(("on", "off"))),
    st.builds(KnobSet, host=SIDES, name=st.just("tcp.congestion"), value=st.sampled_from(("reno", "cubic"))),
    st.builds(KnobSet, name=st.just("tcp.nagle"), value=st.sampled_from(("on", "off", "nonsense"))),
    st.builds(ProfileSet, name=st.sampled_from(("classic", "modern"))),
    st.builds(InjectFrame, data=st.binary(max_size=80)),
)
COMMANDS: st.SearchStrategy[Command] = st.one_of(
    OPERATIONS, st.tuples(st.just("step"), st.sampled_from((1, 7, 40, 150))),
    st.tuples(st.just("run"), st.sampled_from((900, 40_000, 3_000_000))))
BEGINNING: list[Command] = [
    TcpConnect(address=HOST, port=7), ("run", 1_500), TcpSend(conn=1, data=bytes(60_000)), ("step", 20)]
"""Something is under way when the rest begins."""
MOVES = st.tuples(st.sampled_from(("back", "goto", "forward", "live", "search", "fork")), st.integers(0, 10_000))


def move(run: Observed, kind: str, size: int) -> None:
    """Go somewhere in the past, or forward again; never beyond the present."""
    core = run.core
    at, present = core.status().occurrence, core.status().present
    if kind == "back":
        core.go_to(max(at - size % 50, 0))
    elif kind == "goto":
        core.go_to(size % (present + 1))
    elif kind == "forward" and at < present:
        core.step(1 + size % min(present - at, 40))
    elif kind == "search" and at < present:
        core.step_until(lambda events, world: world.occurrence % 7 == size % 7, present)
    elif kind == "live":
        core.live()
    elif kind == "fork" and at < present:
        seen = {occurrence: digest for occurrence, digest in run.seen.items() if occurrence <= at}
        assert core.with_loop(timelines.fork) == at
        run.seen = seen | {each: run.seen[each] for each in run.seen if each > at == core.status().present - 1}


def wander(run: Observed, moves: list[tuple[str, int]], present: tuple[int, str]) -> tuple[int, str]:
    """Make moves, and compare the hash at every place; return where the present stands then."""
    for kind, size in moves:
        move(run, kind, size)
        occurrence, digest = run.here()
        if kind == "fork" and not run.core.status().past:
            present = occurrence, digest
        if occurrence == present[0]:  # time may have passed after what happened last
            assert digest == present[1]
        else:
            assert digest == run.seen[occurrence], f"at {occurrence}, after {kind} {size}"
    run.core.live()
    assert run.here() == present
    return present


def written(run: Observed) -> str:
    """Return a recording of the present."""
    return run.core.with_loop(lambda loop: dump(loop.log, loop.world) if loop.log is not None else "")


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 5), commands=st.lists(COMMANDS, min_size=8, max_size=25),
       moves=st.lists(MOVES, min_size=3, max_size=12), more=st.lists(COMMANDS, max_size=4))
def test_the_way_does_not_matter(
    seed: int, commands: list[Command], moves: list[tuple[str, int]], more: list[Command],
) -> None:
    """Wherever one goes, the hash is the one that was seen when the run came by, forks and second runs included."""
    with observed(seed) as run:
        for once in (BEGINNING + commands, more):
            for command in once:
                run.carry_out(command)
            run.core.pause()
            present = wander(run, moves, run.here())
        assert load(written(run)).world().state_hash() == present[1], "a recording says the same"


ARRIVING = st.sampled_from([
    ethernet.build(b"\2\0\0\0\0\2", b"\2\0\0\0\0\1", kind, data) for kind, data in (
        (0x806, arp.build(arp.ArpPacket(arp.REQUEST, b"\2\0\0\0\0\1", THEIRS, bytes(6), OURS))),
        (0x806, arp.build(arp.ArpPacket(arp.REPLY, b"\2\0\0\0\0\1", THEIRS, b"\2\0\0\0\0\2", OURS))),
        (0x800, ipv4.build(THEIRS, OURS, 1, icmp.build(icmp.IcmpMessage(8, 0, 1, b"ping")))),
        *((0x800, ipv4.build(THEIRS, OURS, 6, tcp.build(THEIRS, OURS, port, 7, sequence, 0, flags, 9000, b"", data)))
          for port in (4000, 4001) for sequence, flags, data in (
              (100, tcp.SYN, b""), (101, tcp.PSH, b"no ACK"), (101, tcp.RST, b""))))])
TAP_COMMANDS: st.SearchStrategy[Command] = st.one_of(
    ARRIVING, ARRIVING, OPERATIONS, st.binary(max_size=60), st.tuples(st.just("step"), st.sampled_from((1, 3, 20))))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 5), commands=st.lists(TAP_COMMANDS, min_size=20, max_size=60),
       moves=st.lists(MOVES.filter(lambda each: each[0] != "fork"), min_size=3, max_size=12),
       again=st.lists(MOVES, min_size=3, max_size=8))
def test_nor_with_a_device(
    seed: int, commands: list[Command], moves: list[tuple[str, int]], again: list[tuple[str, int]],
) -> None:
    """The same where frames come from outside; and in a replay, which can be forked."""
    with observed(seed, Wire()) as run:
        for command in commands:
            run.carry_out(command)
        present = wander(run, moves, run.here())
        recording, seen = load(written(run)), run.seen
    with observed(0) as run:
        run.core.with_loop(lambda loop: timelines.from_recording(loop, recording))
        run.seen = dict(seen)
        assert run.here() == present
        wander(run, again, present)

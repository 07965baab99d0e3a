"""Frames that a link loses because a person said so, by an expression."""

from __future__ import annotations

import pytest

from aether.lab import simulated
from aether.operations.base import Operation, OperationError, from_data, to_data
from aether.operations.link import MAX_RULES, LinkClear, LinkDrop, LinkDropOff, LinkSet
from aether.operations.tcp import TcpConnect, TcpSend
from aether.world import World

HOST = "192.168.1.1"
HELLO = TcpSend(conn=1, data=b"hello")


def lost(world: World, *operations: Operation, until: int = 5_000_000) -> list[tuple[str, str]]:
    """Carry operations out, run on, and return the causes of the frames that were lost, with the link."""
    causes: list[tuple[str, str]] = []
    world.observe(lambda host, kind, *values: causes.append((host, values[2])) if kind == "frame.lost" else None)
    for operation in operations:
        world.do(operation)
    while world.step(until):
        pass
    return causes


def connected(seed: int = 5) -> World:
    world = simulated(seed)
    world.do(TcpConnect(address=HOST, port=7))
    while world.step(1_000_000):
        pass
    return world


def test_the_next_frame_that_matches_is_lost_and_no_other() -> None:
    world = connected()
    world.do(LinkDrop(expression="tcp.len > 0"))
    assert lost(world, HELLO) == [("lan", "your rule: tcp.len > 0")]
    assert world.hosts["you"].tcp.connections
    assert world.links["lan"].left.pipe.clear
    assert world.links["lan"].right.pipe.describe() == []


@pytest.mark.parametrize("expression", [
    "conn == 1 and tcp.seq == 1 and tcp.len == 5", "tcp.payload contains \"ell\"", "dir == out and tcp.len > 0",
    "host == you and tcp.flags.push == 1", "ip.dst == 192.168.1.1 and tcp.len in {5}", "tcp.nxtseq == 6",
])
def test_what_a_rule_may_ask(expression: str) -> None:
    """The hosts know the connection: relative numbers and its own number hold although nobody followed it."""
    world = connected()
    world.do(LinkDrop(expression=expression))
    assert lost(world, HELLO) == [("lan", f"your rule: {expression}")]


def test_windows_are_scaled() -> None:
    world = connected()
    asked = "dir == in and tcp.window_size_scalefactor > 1 and tcp.window_size > 65535"
    world.do(LinkDrop(expression=asked))
    assert lost(world, HELLO) == [("lan", f"your rule: {asked}")]


def test_count_is_for_both_directions_together() -> None:
    world = connected()
    world.do(LinkDrop(expression="tcp", count=3))
    assert len(lost(world, HELLO, until=60_000_000)) == 3


def test_a_rule_of_one_direction() -> None:
    world = connected()
    world.do(LinkDrop(direction="in", expression="tcp.len > 0"))
    assert world.links["lan"].left.pipe.rules == []
    assert len(lost(world, HELLO)) == 1


def test_a_rule_of_another_link() -> None:
    world = simulated(1)
    world.do(LinkDrop(link="wan", expression="tcp.flags.syn == 1", count=2))
    causes = lost(world, TcpConnect(address="10.0.2.2", port=7), until=10_000_000)
    assert [where for where, _ in causes] == ["wan", "wan"]


def test_every_way_to_end_it() -> None:
    world = connected()
    pipe = world.links["lan"].left.pipe
    for end in (LinkDropOff(), LinkClear(), LinkDrop(expression="tcp", count=0)):
        world.do(LinkDrop(expression="tcp", count=5))
        assert not pipe.clear
        world.do(end)
        assert pipe.clear
        assert pipe.describe() == []
    world.do(LinkSet(what="drop_every", value="3"))
    world.do(LinkDrop(count=2))
    world.do(LinkDropOff(direction="out"))
    assert (pipe.clear, world.links["lan"].right.pipe.clear) == (True, False)


def test_the_same_expression_again_takes_its_place() -> None:
    world = connected()
    for count in (5, 2):
        world.do(LinkDrop(expression="tcp", count=count))
    assert world.links["lan"].left.pipe.describe() == ["drop next 2: tcp"]


def test_nothing_is_counted_while_the_link_is_down() -> None:
    world = connected()
    world.do(LinkDrop(expression="tcp.len > 0"))
    world.do(LinkSet(what="down", value="on"))
    assert lost(world, HELLO, until=1_500_000)[0] == ("lan", "down")
    assert world.links["lan"].left.pipe.describe() == ["down on", "drop next 1: tcp.len > 0"]


def test_state_is_plain_and_goes_on_alike() -> None:
    """A snapshot in the middle of a rule's life leads to the same end; the rule stays shared by both directions."""
    world = connected()
    world.do(LinkDrop(expression="tcp.len > 0", count=2))
    assert lost(world, HELLO, until=world.now) == [("lan", "your rule: tcp.len > 0")]
    assert b"compile" not in world.snapshot()
    copy = World.load(world.snapshot())
    assert copy.state_hash() == world.state_hash()
    assert lost(copy) == lost(world)
    assert copy.state_hash() == world.state_hash()
    assert world.links["lan"].left.pipe.describe() == world.links["lan"].right.pipe.describe() == []


def test_operations_are_data() -> None:
    for operation in (LinkDrop("wan", "in", 3, "tcp.len > 0"), LinkDropOff("lan", "in")):
        assert from_data(to_data(operation)) == operation


@pytest.mark.parametrize(("operation", "says"), [
    (LinkDrop(expression="tcp.lenn > 0"), "tcp.len?"),
    (LinkDrop(expression='event == "drop"'), "event is not known while a frame enters a link"),
    (LinkDrop(expression="drop.reason == tcp.checksum"), "drop.reason is not known"),
    (LinkDrop(expression="tcp", link="attic"), "no link 'attic'"),
    (LinkDropOff(direction="up"), "direction"),
])
def test_nonsense_is_refused_and_changes_nothing(operation: Operation, says: str) -> None:
    world = connected()
    with pytest.raises(OperationError, match=says.replace("?", r"\?")):
        world.do(operation)
    assert world.links["lan"].left.pipe.clear


def test_rules_are_bounded() -> None:
    world = connected()
    for number in range(MAX_RULES):
        world.do(LinkDrop(expression=f"tcp.len == {number}"))
    with pytest.raises(OperationError, match="link drop off"):
        world.do(LinkDrop(expression="tcp"))

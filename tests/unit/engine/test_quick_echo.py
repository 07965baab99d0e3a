"""The short way for echo requests: the same replies, the same counters and the same state as by the layers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aether.lab import HOST_ADDRESS, YOU, YOUR_ADDRESS, tapped
from aether.net import quick_echo
from aether.operations.knobs import KnobSet
from aether.wire import arp, ethernet, icmp, ipv4
from aether.wire.address import parse_ip
from aether.world import World

PEER_MAC = b"\2\0\0\0\0\1"
PEER, US = parse_ip(HOST_ADDRESS), parse_ip(YOUR_ADDRESS)


def lab() -> World:
    """Return a world whose neighbour is known."""
    world = tapped(1)
    asked = arp.build(arp.ArpPacket(arp.REQUEST, PEER_MAC, PEER, bytes(6), US))
    world.arrive(ethernet.build(b"\xff" * 6, PEER_MAC, ethernet.TYPE_ARP, asked))
    world.wire_out.clear()
    return world


def request(world: World, payload: bytes = b"abcdefg", sequence: int = 1, **more: object) -> bytes:
    message = icmp.build(icmp.IcmpMessage(icmp.ECHO_REQUEST, 0, 7 << 16 | sequence, payload))
    settings: dict[str, object] = {"source": PEER, "destination": US, "dont_fragment": True, **more}
    packet = ipv4.build(settings.pop("source"), settings.pop("destination"), ipv4.PROTO_ICMP, message,  # type: ignore[arg-type]
                        **settings)  # type: ignore[arg-type]
    return ethernet.build(world.hosts[YOU].interfaces[0].mac, PEER_MAC, ethernet.TYPE_IPV4, packet)


@given(st.lists(st.tuples(st.binary(max_size=1472), st.integers(0, 0xFFFF)), min_size=1, max_size=5))
def test_the_same_as_by_the_layers(asked: list[tuple[bytes, int]]) -> None:
    quick, slow = lab(), lab()
    for payload, sequence in asked:
        frame = request(quick, payload, sequence)
        answer = quick_echo.reply(quick.hosts[YOU].ipv4, bytearray(frame) + bytes(50), len(frame))
        quick_echo.count(quick.hosts[YOU].icmp, 1)
        slow.arrive(frame)
        assert [answer] == slow.wire_out
        slow.wire_out.clear()
        quick.occurrence += 1
        quick.frames += 2
    slow.frame = quick.frame = 0
    slow.hosts[YOU].routes.ways.clear()
    quick.hosts[YOU].routes.ways.clear()
    assert quick.state_hash() == slow.state_hash()


SPECIAL = {
    "another address": {"destination": parse_ip("192.168.1.3")},
    "everybody": {"destination": parse_ip("192.168.1.255")},
    "a fragment": {"dont_fragment": False, "more_fragments": True},
    "the rest of one": {"dont_fragment": False, "fragment_offset": 8},
    "a type of service": {"tos": 16},
    "options": {"options": b"\x01\x01\x01\x00"},
    "from ourselves": {"source": US},
    "somebody unknown": {"source": parse_ip("192.168.1.9")},
}


@pytest.mark.parametrize("what", SPECIAL)
def test_anything_special_is_left_to_the_layers(what: str) -> None:
    world = lab()
    frame = request(world, **SPECIAL[what])
    before = world.state_hash()
    assert quick_echo.reply(world.hosts[YOU].ipv4, frame, len(frame)) is None
    assert world.state_hash() == before


@given(st.integers(0, 400), st.integers(0, 7))
def test_a_bit_turned_over_is_noticed(position: int, bit: int) -> None:
    world = lab()
    frame = bytearray(request(world, bytes(20)))
    position %= len(frame)
    frame[position] ^= 1 << bit
    if not 6 <= position < 12:  # the sender's hardware address proves nothing
        assert quick_echo.reply(world.hosts[YOU].ipv4, frame, len(frame)) is None


@given(st.binary(max_size=100))
def test_any_bytes_are_no_request(frame: bytes) -> None:
    assert quick_echo.reply(lab().hosts[YOU].ipv4, frame, len(frame)) is None


def test_the_knob_decides() -> None:
    world = lab()
    world.do(KnobSet(name="icmp.echo", value="off"))
    frame = request(world)
    assert quick_echo.reply(world.hosts[YOU].ipv4, frame, len(frame)) is None

"""A host that has no interface, or no route, says so, and is no fault."""

from __future__ import annotations

import errno

import pytest

from aether.apps.simple import Hold
from aether.host import Host
from aether.laboratory import Laboratory
from aether.operations.base import OperationError
from aether.operations.frames import InjectFrame, SendFrame
from aether.operations.net import Ping
from aether.operations.services import DhcpInform, DhcpRelease, DhcpRenew, DhcpStart
from aether.queries import dhcp_lease
from aether.sockets import TcpSocket
from aether.udp import UdpSocket
from aether.wire.address import parse_ip
from aether.world import World

PEER, GROUP, EVERYBODY = parse_ip("192.168.1.1"), parse_ip("224.1.1.1"), parse_ip("255.255.255.255")


def alone() -> World:
    world = World(0)
    world.add_host(Host("you"))
    return world


@pytest.mark.parametrize("address", [PEER, GROUP, EVERYBODY])
def test_no_datagram_has_a_way(address: bytes) -> None:
    """RFC 1122 §3.3.1.1: without an interface there is no next hop."""
    with pytest.raises(OSError) as caught:
        UdpSocket(alone().hosts["you"]).send_to(b"x", address, 9)
    assert caught.value.errno == errno.ENETUNREACH


def test_no_connection_has_a_way() -> None:
    with pytest.raises(OSError) as caught:
        TcpSocket(alone().hosts["you"], Hold()).connect(PEER, 80)
    assert caught.value.errno == errno.ENETUNREACH


def test_a_ping_says_that_there_is_no_route() -> None:
    world = alone()
    job = Ping(address="192.168.1.1", count=1).apply(world)
    reply = world.hosts["you"].jobs[job].report().replies[0]
    assert (reply.error, reply.source) == ("no route", "0.0.0.0")


@pytest.mark.parametrize("operation", [
    SendFrame(b"x" * 60), InjectFrame(b"x" * 60), DhcpStart(), DhcpRenew(), DhcpRelease(), DhcpInform(),
], ids=lambda each: type(each).__name__)
def test_a_person_is_told(operation: SendFrame) -> None:
    with pytest.raises(OperationError, match="you have no interface"):
        operation.apply(alone())


def test_nor_is_there_a_lease() -> None:
    with pytest.raises(OperationError, match="you have no interface"):
        dhcp_lease(alone())


def test_a_bound_socket_without_a_route() -> None:
    """It is the route that is missing, and not room in a packet (EMSGSIZE)."""
    host = Laboratory(0).host
    socket = UdpSocket(host)
    socket.bind(5000, host.address)
    host.routes.remove(bytes(4), 0)
    with pytest.raises(OSError) as caught:
        socket.send_to(b"x", parse_ip("10.9.8.7"), 9)
    assert caught.value.errno == errno.ENETUNREACH

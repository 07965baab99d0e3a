"""A NAT between our stack and the kernel: the kernel sees other ports, and takes every checksum for right."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from aether.operations.box import BoxNat, box
from aether.operations.net import UdpSend
from aether.operations.tcp import TcpConnect, TcpSend
from aether.world import World
from tests.tap.harness import KERNEL, OURS, KernelLab, wait_until

pytestmark = pytest.mark.needs("tcpdump", "tshark", "capinfos")

PORTS = range(1024, 1024 + 64)


@pytest.fixture
def lab() -> Iterator[KernelLab]:
    with KernelLab() as made:
        made.start().do(BoxNat(settings={"ports": "64"}))
        yield made


def arrived(world: World) -> int:
    """Return how many bytes have arrived on our only connection."""
    [conn] = world.hosts["you"].tcp.connections.values()
    return conn.rcv_nxt - conn.irs - 1


def test_the_kernel_talks_with_another_port(lab: KernelLab) -> None:
    assert lab.core is not None
    core = lab.core
    with lab.inside():
        listener = socket.create_server((KERNEL, 8000))
    lab.capture()
    with listener:
        listener.settimeout(20)
        number = core.do(TcpConnect(address=KERNEL, port=8000))
        peer, (address, port) = listener.accept()
        with peer:
            peer.settimeout(20)
            assert address == OURS and port in PORTS
            core.do(TcpSend(conn=number, data=b"from inside"))
            assert peer.recv(100) == b"from inside"
            peer.sendall(b"from outside")
            wait_until(lambda: core.ask(arrived) == len(b"from outside"), 20)
    [row] = core.ask(box).sessions
    assert row.outside == f"{OURS}:{port}" and row.inside != row.outside and row.other == f"{KERNEL}:8000"
    assert lab.judge() >= 3


def test_the_kernels_icmp_error_finds_the_datagram_that_it_is_about(lab: KernelLab) -> None:
    """The kernel quotes what it got, with the port that the NAT gave; inside it is ours again."""
    assert lab.core is not None
    core = lab.core
    port = core.do(UdpSend(address=KERNEL, port=9999, data=b"nobody is there"))

    def told() -> list[tuple[object, ...]]:
        return [event.values for event in core.events() if event.kind == "icmp.error_received"]

    wait_until(lambda: bool(told()), 20)
    assert told()[0][:2] == (3, 3)
    [row] = core.ask(box).sessions
    assert row.inside == f"{OURS}:{port}" and int(row.outside.rpartition(":")[2]) in PORTS
    assert core.ask(lambda world: world.links["lan"].right.pipe.losses) == {}

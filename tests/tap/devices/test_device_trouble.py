"""A device that does not take what is sent to it: what is lost is counted, and everything goes on."""

from __future__ import annotations

import socket
import time

import pytest

from aether.operations.frames import SendFrame
from tests.tap.harness import OURS, KernelLab, command, wait_until

MODES = pytest.mark.parametrize("mode", ["trace", "bench"])


@MODES
def test_the_interface_is_down_for_a_while(mode: str) -> None:
    with KernelLab() as lab:
        core = lab.start(mode)
        with lab.inside():
            client = socket.create_connection((OURS, 19), 3)  # which sends all the time
        assert client.recv(1000)
        command("ip", "-n", lab.name, "link", "set", "aether0", "down")
        assert lab.tap is not None
        wait_until(lambda: lab.tap.unwritten > 0, 10)
        command("ip", "-n", lab.name, "link", "set", "aether0", "up")
        client.settimeout(10)
        left = 4_000_000  # more than was on its way
        while left > 0:
            left -= len(client.recv(65_536))
        assert core.status().fault == ""
        client.close()


@MODES
def test_a_crafted_frame_that_is_too_short(mode: str) -> None:
    with KernelLab() as lab:
        core = lab.start(mode)
        core.do(SendFrame(data=b"short"))
        assert lab.tap is not None
        wait_until(lambda: lab.tap.unwritten == 1, 5)
        assert core.status().fault == ""
        lab.run("ping", "-c", "1", OURS)


@MODES
def test_the_device_is_removed(mode: str) -> None:
    """It is said what has happened, and what to do."""
    with KernelLab() as lab:
        core = lab.start(mode)
        command("ip", "-n", lab.name, "link", "del", "aether0")
        wait_until(lambda: core.status().fault != "", 5)
        assert "aether0 is gone: somebody removed it" in core.status().fault


def test_a_byte_at_a_time_into_a_closed_window() -> None:
    """What waits then is thousands of pieces, more than one system call takes."""
    with KernelLab() as lab:
        core = lab.start("bench")
        with lab.inside():
            client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32_768)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.settimeout(10)
        client.connect((OURS, 7))
        client.send(bytes(60_000))
        wait_until(lambda: core.ask(lambda world: _echoed(world)) > 50_000, 5)  # its window is full of the echo
        for _ in range(5000):
            client.send(b"x")
            time.sleep(0.0003)
        left = 65_000
        while left:
            left -= len(client.recv(65_536))
        assert core.status().fault == ""
        client.close()


def _echoed(world: object) -> int:
    """Return how many bytes of the only connection have been read, and sent back."""
    [conn] = world.hosts["you"].tcp.connections.values()  # type: ignore[attr-defined]
    return conn.bytes_received  # type: ignore[no-any-return]

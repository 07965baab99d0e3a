"""Lessons against the real kernel: those that may be taken behind a TAP are proved there, all at the same time."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from shell.lessons import library
from shell.lessons.load import load
from tests.tap.harness import KernelLab, end, wait_until

LESSONS = {name: lesson for name, path in library.files([library.BUILT_IN]).items()
           if (lesson := load(path)).mode == "any"}
ECHO = """
import socket, threading

def serve(connection):
    while data := connection.recv(65536):
        connection.sendall(data)

def answer():
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind(("0.0.0.0", 7))
    while True:
        datagrams.sendto(*datagrams.recvfrom(65536))

threading.Thread(target=answer, daemon=True).start()
listener = socket.create_server(("0.0.0.0", 7))
while True:
    threading.Thread(target=serve, args=listener.accept()[:1], daemon=True).start()
"""
pytestmark = pytest.mark.needs("ss", "curl", "ping")


def proved(name: str) -> str:
    """Return what the shell says of a lesson, in a lab of its own."""
    with KernelLab() as lab:
        lab.run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
        if LESSONS[name].needs:
            lab.spawn(sys.executable, "-c", ECHO)
            wait_until(lambda: ":7 " in lab.run("ss", "-Hltn").stdout, 10)
        done = lab.shell("-c", f"lesson lint {name} --here", "--plain", timeout=240)
    return done.stdout + done.stderr


def test_every_lesson_is_proved_with_the_kernel_as_the_peer() -> None:
    """All at the same time: most of it goes by in waiting for the kernel's timers, and ours."""
    assert len(LESSONS) >= 10
    longest_first = sorted(LESSONS, key=lambda name: name not in ("timer-doubles", "udp-and-tcp", "no-retransmission"))
    with ThreadPoolExecutor(6) as pool:
        said = dict(zip(longest_first, pool.map(proved, longest_first), strict=True))
    assert {name: text for name, text in said.items() if "nothing is wrong" not in text} == {}


def test_a_lesson_that_lacks_a_service_says_so() -> None:
    with KernelLab() as lab:
        done = lab.shell("-c", "lesson start handshake")
        assert done.returncode == 1
        assert "tcp 7" in done.stderr and "--sim" in done.stderr


def test_a_lesson_that_was_begun_where_the_service_was_says_so_too() -> None:
    with KernelLab() as lab:
        listening = lab.spawn(sys.executable, "-c", "import socket; s = socket.create_server(('', 7)); s.accept()")
        wait_until(lambda: ":7 " in lab.run("ss", "-Hltn").stdout, 20)
        assert lab.shell("-c", "lesson start handshake").returncode == 0
        end(listening)
        wait_until(lambda: ":7 " not in lab.run("ss", "-Hltn").stdout, 20)
        done = lab.shell("-c", "lesson start handshake")
        assert done.returncode == 1
        assert "tcp 7" in done.stderr


def test_one_for_the_simulation_alone_is_refused() -> None:
    with KernelLab() as lab:
        assert "only in the simulation" in lab.shell("-c", "lesson start capstone").stderr


def test_a_step_begins_anew_behind_a_tap() -> None:
    with KernelLab() as lab:
        done = lab.shell(
            "-c", "lesson start timer-doubles", "-c", "link loss 50%", "-c", "knob set tcp.rack on", "-c",
            "lesson reset", "-c", "link show --json", "-c", "knob show tcp.rack --json", timeout=60)
        assert '"loss' not in done.stdout
        assert '"value": "off"' in done.stdout, done.stdout

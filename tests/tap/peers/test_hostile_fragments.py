"""Fragments that a kernel's raw socket sends and that nobody should: refused with a reason, in bounded memory."""

from __future__ import annotations

import sys

import pytest

from aether.engine.core import Core
from tests.tap.harness import KERNEL, OURS, KernelLab, answered, wait_until

pytestmark = pytest.mark.needs("tcpdump", "tshark", "capinfos", "ping")

SEND = f"""
import socket, struct, time
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
addresses = socket.inet_aton("{KERNEL}") + socket.inet_aton("{OURS}")
def piece(number, offset, data, more=True):
    head = struct.pack("!BBHHHBBH", 69, 0, 20 + len(data), number, more << 13 | offset >> 3, 64, 1, 0) + addresses
    raw.sendto(head + data, ("{OURS}", 0))
"""
ENDLESS = """
for number in range(1, 121):
    time.sleep(0.02)  # or the queue of the device overflows before we see anything
    for offset in range(0, 40 * 1400, 1400):
        piece(number, offset, bytes(1400))
"""
NEVER_ENDING = """
for offset in range(0, 65528, 8):
    piece(7, offset, bytes(8))
"""
OVERLAPPING = """
for number in range(1, 11):
    piece(number, 0, bytes(64)); piece(number, 56, b"x" * 64); piece(number, 64, bytes(8), False)
"""
OVERSIZED = """
for number in range(1, 11):
    piece(number, 65528, bytes(1400), False)
"""
CROOKED = """
for number in range(1, 11):
    piece(number, 8, bytes(13))
"""


def refused(core: Core, reason: str) -> int:
    return core.ask(lambda world: int(world.hosts["you"].drops.get(reason, 0)))


@pytest.mark.parametrize(("program", "reason", "times"), [
    (ENDLESS, "ipv4.fragment_memory", 50), (NEVER_ENDING, "", 0), (OVERLAPPING, "ipv4.fragment_overlap", 10),
    (OVERSIZED, "ipv4.fragment_too_long", 10), (CROOKED, "ipv4.fragment_length", 10),
], ids=["endless", "never ending", "overlapping", "oversized", "crooked"])
def test_refused_with_a_reason(program: str, reason: str, times: int) -> None:
    """RFC 791 §3.1, RFC 791 §3.2, RFC 5722 §3: bounded at every moment, and pings get through after it."""
    with KernelLab() as lab:
        core = lab.start(ipv4_fragment_memory=262_144)
        lab.capture()
        most = 0

        def enough() -> bool:
            nonlocal most
            memory, allowed = core.ask(lambda world: (
                world.hosts["you"].ipv4.fragments.memory, world.hosts["you"].knobs.ipv4_fragment_memory))
            most = max(most, memory)
            assert memory <= allowed, "what waits is bounded at every moment"
            return sender.poll() is not None and (not reason or refused(core, reason) >= times)

        sender = lab.spawn(sys.executable, "-c", SEND + program)
        wait_until(enough, 30)
        assert sender.returncode == 0
        if program is ENDLESS:
            assert most > 100_000, "it was never near the bound"
        done = lab.run("ping", "-n", "-c", "3", "-i", "0.2", "-w", "20", "-s", "20000", "-q", OURS)
        assert answered(done.stdout) >= 3, done.stdout
        lab.judge()


def test_an_unfinished_packet_is_given_up_after_thirty_seconds() -> None:
    """RFC 792, RFC 1122 §3.3.2: the kernel is told that the time for reassembly is over."""
    with KernelLab() as lab:
        core = lab.start()
        lab.capture()
        lab.run(sys.executable, "-c", SEND + "piece(9, 0, bytes([8, 0]) + bytes(62))")
        wait_until(lambda: core.ask(lambda world: world.hosts["you"].ipv4.fragments.memory) > 0, 5)
        wait_until(lambda: refused(core, "ipv4.fragment_timeout") == 1, 35)
        assert core.ask(lambda world: world.hosts["you"].ipv4.fragments.memory) == 0
        lab.judge()
        said = lab.run("tshark", "-r", str(lab.capture_file), "-Y", "icmp.type == 11 && icmp.code == 1").stdout
        assert len(said.splitlines()) == 1, said

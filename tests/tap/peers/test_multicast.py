"""Multicast with the real kernel: it sends to our group, is in one itself, and answers our query."""

from __future__ import annotations

import sys

import pytest

from aether import queries
from aether.operations.net import IgmpJoin, IgmpLeave, IgmpQuery
from tests.tap.harness import KERNEL, KernelLab, wait_until

pytestmark = pytest.mark.needs("tcpdump", "tshark", "capinfos")
GROUP = "239.1.2.3"

ASK = f"""
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("{KERNEL}"))
s.settimeout(3)
s.sendto(b"hello", ("{GROUP}", 7))
print(*s.recvfrom(100))
"""

MEMBER = f"""
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton("{GROUP}") + socket.inet_aton("{KERNEL}"))
print("joined", flush=True)
time.sleep(20)
"""


def test_the_kernel_reaches_the_members_of_a_group() -> None:
    """RFC 1112 §7.1, RFC 2236 §3: nobody answers before we have joined, the echo service does afterwards."""
    with KernelLab() as lab:
        core = lab.start()
        lab.capture()
        silent = lab.run(sys.executable, "-c", ASK, check=False)
        assert "TimeoutError" in silent.stderr
        assert core.ask(queries.drops)[0].reason == "ipv4.not_member"
        core.do(IgmpJoin(group=GROUP))
        answered = lab.run(sys.executable, "-c", ASK)
        assert "b'hello' ('192.168.1.2', 7)" in answered.stdout, answered
        core.do(IgmpLeave(group=GROUP))
        assert lab.judge() >= 3


def test_the_kernel_answers_our_query() -> None:
    """RFC 2236 §3: its report comes within the time that we gave, and our own is suppressed or sent before."""
    with KernelLab() as lab:
        core = lab.start()
        lab.capture()
        process = lab.spawn(sys.executable, "-c", MEMBER, stdout=-1)
        assert process.stdout is not None and process.stdout.readline() == b"joined\n"
        core.do(IgmpJoin(group=GROUP))
        core.do(IgmpQuery(tenths=5))
        wait_until(lambda: core.ask(lambda world: world.hosts["you"].counters.get("igmp.reports_received", 0)) > 0, 5)
        lab.judge()

"""The network layer against the real kernel: fragments, odd protocols; tshark judges what we sent."""

from __future__ import annotations

import pytest

from aether.operations import Ping
from aether.operations_link import LinkSet

from .harness import KERNEL, OURS, KernelLab, wait_until

pytestmark = pytest.mark.needs("tcpdump", "tshark", "capinfos")


@pytest.mark.needs("ping")
def test_large_pings_both_ways() -> None:
    """60,000 bytes are 41 fragments each way, and none is missed."""
    with KernelLab() as lab:
        core = lab.start()
        lab.capture()
        done = lab.run("ping", "-c", "5", "-i", "0.2", "-s", "60000", "-q", OURS)
        assert "5 received, 0% packet loss" in done.stdout, done.stdout
        number = core.do(Ping(address=KERNEL, count=3, size=60_000, interval_us=100_000))
        wait_until(lambda: core.ask(lambda world: world.hosts["you"].jobs[number].done), 10)
        assert core.ask(lambda world: world.hosts["you"].jobs[number].report()).received == 3
        assert core.ask(lambda world: world.hosts["you"].ipv4.fragments.memory) == 0
        assert lab.judge() >= 8 * 41


@pytest.mark.needs("ping")
def test_fragments_reordered_and_duplicated() -> None:
    """What our link does to the order and the number of fragments costs no packet."""
    with KernelLab() as lab:
        core = lab.start()
        for what, value in (("delay", "2ms"), ("jitter", "1ms"), ("duplicate", "20%")):
            core.do(LinkSet(direction="in", what=what, value=value))
        lab.capture()
        done = lab.run("ping", "-c", "5", "-i", "0.3", "-s", "20000", "-q", OURS)
        assert "5 received" in done.stdout and "0% packet loss" in done.stdout, done.stdout
        assert core.ask(lambda world: world.hosts["you"].counters["ipv4.fragment_duplicates"]) > 0
        assert core.ask(lambda world: world.hosts["you"].drops.get("ipv4.fragment_overlap", 0)) == 0
        lab.judge()

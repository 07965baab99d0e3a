"""The network layer against the real kernel: fragments, odd protocols; tshark judges what we sent."""

from __future__ import annotations

import pytest

from aether.operations.link import LinkSet
from aether.operations.net import Ping, Traceroute
from tests.tap.harness import KERNEL, OURS, KernelLab, answered, wait_until

pytestmark = pytest.mark.needs("tcpdump", "tshark", "capinfos")


@pytest.mark.needs("ping")
def test_large_pings_both_ways() -> None:
    """60,000 bytes are 41 fragments each way, and none is missed."""
    with KernelLab() as lab:
        core = lab.start()
        lab.capture()
        done = lab.run("ping", "-c", "5", "-i", "0.2", "-w", "20", "-s", "60000", "-q", OURS)
        assert answered(done.stdout) >= 5, done.stdout
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
        done = lab.run("ping", "-c", "5", "-i", "0.3", "-w", "20", "-s", "20000", "-q", OURS)
        assert answered(done.stdout) >= 5, done.stdout
        assert core.ask(lambda world: world.hosts["you"].counters["ipv4.fragment_duplicates"]) > 0
        assert core.ask(lambda world: world.hosts["you"].drops.get("ipv4.fragment_overlap", 0)) == 0
        lab.judge()


@pytest.mark.needs("ping")
@pytest.mark.parametrize("direction", ["in", "out", "both"])
def test_the_largest_pings_over_a_link_without_order(direction: str) -> None:
    """RFC 791 §3.2, RFC 815: 60,000 bytes in 41 fragments, many of them overtaken or doubled, and no ping is lost."""
    with KernelLab() as lab:
        core = lab.start()
        for what, value in (("delay", "2ms"), ("jitter", "1ms"), ("reorder", "25%"), ("duplicate", "25%")):
            core.do(LinkSet(direction=direction, what=what, value=value))
        lab.capture()
        done = lab.run("ping", "-n", "-c", "10", "-i", "0.2", "-w", "20", "-s", "60000", "-q", OURS)
        assert answered(done.stdout) >= 10, done.stdout
        if direction != "out":
            counters = core.ask(lambda world: dict(world.hosts["you"].counters))
            assert counters["ipv4.fragment_duplicates"] > 20, counters
        assert core.ask(lambda world: world.hosts["you"].drops.get("ipv4.fragment_overlap", 0)) == 0
        assert lab.judge() >= 10 * 41


@pytest.mark.needs("traceroute")
@pytest.mark.parametrize("method", ["-U", "-I"])
def test_traceroute_from_the_kernel(method: str) -> None:
    """One hop: us."""
    with KernelLab() as lab:
        lab.start()
        lab.capture()
        done = lab.run("traceroute", "-n", "-w", "5", method, "-m", "4", OURS, timeout=40)
        hops = done.stdout.splitlines()[1:]
        assert len(hops) == 1 and OURS in hops[0] and "*" not in hops[0], done.stdout
        lab.judge()


@pytest.mark.needs("traceroute")
def test_traceroute_to_the_kernel() -> None:
    """The kernel is one hop away, by both methods."""
    with KernelLab() as lab:
        core = lab.start()
        lab.capture()
        for method in ("udp", "icmp"):
            number = core.do(Traceroute(address=KERNEL, method=method))
            wait_until(lambda number=number: core.ask(lambda world: world.hosts["you"].jobs[number].done), 15)
            report = core.ask(lambda world, number=number: world.hosts["you"].jobs[number].report())
            assert report.reached and len(report.hops) == 1, report
        lab.judge()


@pytest.mark.needs("arping")
def test_arping() -> None:
    """Our hardware address, for every question."""
    with KernelLab() as lab:
        lab.start()
        lab.capture()
        done = lab.run("arping", "-c", "3", "-i", "aether0", OURS, timeout=20, check=False)
        if "invalid" in done.stderr.lower() or "usage" in (done.stdout + done.stderr).lower():
            done = lab.run("arping", "-c", "3", "-I", "aether0", OURS, timeout=20, check=False)
        assert done.stdout.lower().count("02:00:00:00:00:02") >= 3, done.stdout + done.stderr
        lab.judge()


@pytest.mark.needs("nmap")
def test_nmap_udp_ports_and_protocols() -> None:
    """Echo and discard are open, a port nobody has is closed, and a protocol nobody speaks is too."""
    with KernelLab() as lab:
        lab.start()
        lab.capture()
        udp = lab.run("nmap", "-n", "-Pn", "-sU", "-p", "7,4444", "--max-retries", "2", OURS, timeout=50).stdout
        assert "7/udp    open" in udp and "4444/udp closed" in udp, udp
        protocols = lab.run(
            "nmap", "-n", "-Pn", "-sO", "-p", "1,6,17,99", "--max-retries", "2", OURS, timeout=50).stdout
        lines = {line.split()[0]: line.split()[1] for line in protocols.splitlines() if line[:1].isdigit()}
        assert lines["1"].startswith("open") and lines["6"].startswith("open"), protocols
        assert lines["17"].startswith("open") and lines["99"] == "closed", protocols
        lab.judge()


@pytest.mark.needs("hping3")
@pytest.mark.parametrize("odd", [
    ("-S", "-F", "-R", "-P", "-A", "-U", "-X", "-Y"), ("--fin", "--urg", "--push"), (), ("-S", "-f", "-d", "100"),
    ("-1", "-f", "-d", "400"), ("-0", "-H", "200"), ("-2", "-p", "4444"), ("-S", "-O", "3"), ("-S", "-b"),
    ("-1", "--icmptype", "13"), ("-S", "-p", "80", "--lsrr", KERNEL), ("-1", "-G")])
def test_hping_with_odd_packets(odd: tuple[str, ...]) -> None:
    """Whatever comes is answered or counted, and a ping is answered afterwards."""
    with KernelLab() as lab:
        core = lab.start()
        lab.capture()
        lab.run("hping3", "-c", "3", "-i", "u20000", *odd, OURS, timeout=20, check=False)
        done = lab.run("ping", "-c", "2", "-i", "0.1", "-w", "20", "-q", OURS)
        assert answered(done.stdout) >= 2
        assert core.ask(lambda world: world.hosts["you"].ipv4.fragments.memory) == 0
        lab.judge()

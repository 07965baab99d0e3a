"""A third host behind the kernel, which forwards: hops, routes and the path MTU, from us and to us."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aether import queries
from aether.operations.net import Ping, Traceroute
from aether.operations.services import HttpFile, HttpServe
from tests.tap.harness import KERNEL, OURS, KernelLab, command, wait_until

pytestmark = [
    pytest.mark.needs("tcpdump", "tshark", "capinfos", "traceroute", "ping"), pytest.mark.usefixtures("every_way")]
THIRD, ROUTER = "10.0.2.2", "10.0.2.1"


@pytest.fixture
def lab() -> Iterator[KernelLab]:
    """The kernel forwards between us and one more namespace, over a link with an MTU of 1400."""
    with KernelLab() as made, made.joined("third", ("wan0", ROUTER), ("wan1", THIRD), "mtu", "1400") as third:
        command("ip", "-n", third, "route", "add", "default", "via", ROUTER)
        made.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.icmp_ratelimit=0")
        yield made


def job(lab: KernelLab, operation: object, seconds: float = 20):  # type: ignore[no-untyped-def]
    """Start a job, wait for its end, and return its report."""
    assert lab.core is not None
    core = lab.core
    number = core.do(operation)  # type: ignore[arg-type]
    wait_until(lambda: core.ask(lambda world: world.hosts["you"].jobs[number].done), seconds)
    return core.ask(lambda world: world.hosts["you"].jobs[number].report())


@pytest.mark.parametrize("method", ["udp", "icmp"])
def test_from_us_to_the_third_host(lab: KernelLab, method: str) -> None:
    """Two hops: the kernel, and the third host."""
    lab.start()
    lab.capture()
    report = job(lab, Traceroute(address=THIRD, method=method))
    assert [{probe.address + probe.mark for probe in hop.probes} for hop in report.hops] == [{KERNEL}, {THIRD}], report
    assert report.reached
    lab.judge()


@pytest.mark.parametrize("method", ["-U", "-I"])
def test_from_the_third_host_to_us(lab: KernelLab, method: str) -> None:
    """Two hops: the router, and us."""
    lab.start()
    lab.capture()
    command("ip", "netns", "exec", lab.name + "-third", "ping", "-c", "1", OURS)
    done = lab.run("nsenter", f"--net=/run/netns/{lab.name}-third", "traceroute", "-n", method, "-m", "4", OURS)
    hops = [line.split()[1] for line in done.stdout.splitlines()[1:]]
    assert hops == [ROUTER, OURS], done.stdout
    lab.judge()


@pytest.mark.needs("curl")
def test_the_path_mtu(lab: KernelLab) -> None:
    """RFC 1191 §3, RFC 792: the kernel says what fits; pings and a page get through, large ones in fragments."""
    lab.start()
    lab.capture()
    refused = job(lab, Ping(address=THIRD, count=2, size=1472, dont_fragment=True, interval_us=100_000))
    assert refused.received < 2
    report = job(lab, Ping(address=THIRD, count=3, size=8000, interval_us=100_000))
    assert report.received == 3, report
    lab.do(HttpServe())
    lab.do(HttpFile(path="/page", data=b"0123456789" * 10_000))
    page = lab.run("nsenter", f"--net=/run/netns/{lab.name}-third", "curl", "-sS", "--max-time", "10",
                   f"http://{OURS}/page")
    assert page.stdout == "0123456789" * 10_000
    known = {(row.destination, row.mtu) for rows in lab.ask(queries.paths) for row in rows}
    assert known == {(THIRD, 1400)}
    lab.judge()

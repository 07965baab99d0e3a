"""Leases from dnsmasq in a namespace."""

from __future__ import annotations

import subprocess

import pytest

from aether import queries
from aether.answers import Lease
from aether.engine.core import Core
from aether.operations.services import DhcpRelease, DhcpStart
from aether.wire.address import show_ip
from aether.world import World
from tests.tap.harness import OURS, KernelLab, answered, end, wait_until
from tests.tap.peers.test_dns import start_dnsmasq

pytestmark = pytest.mark.needs("tcpdump", "tshark", "capinfos", "dnsmasq")


def lease(core: Core) -> Lease:
    return core.ask(queries.dhcp_lease)


def served(lab: KernelLab, first: str = "192.168.1.50", *options: str) -> None:
    start_dnsmasq(
        lab, f"--dhcp-range={first},{first},255.255.255.0,120", "--dhcp-authoritative", "--interface=aether0",
        "--dhcp-option=option:T1,3", "--dhcp-option=option:mtu,1400", "--domain=lab.test", "--no-ping", *options)


def kinds(lab: KernelLab) -> list[str]:
    """Return the messages that we sent, as tshark names their types."""
    return subprocess.run(
        ["tshark", "-r", str(lab.capture_file), "-Y", "dhcp", "-T", "fields", "-e", "dhcp.option.dhcp"],
        capture_output=True, text=True, check=True,
    ).stdout.split()


def test_a_lease_renewed_and_released() -> None:
    """Four messages, another two at T1, and one at the end."""
    with KernelLab() as lab:
        core = lab.start()
        served(lab)
        lab.capture()
        core.do(DhcpStart())
        wait_until(lambda: lease(core).state == "bound", 10)
        found = lease(core)
        assert (found.address, found.router, found.domain, found.mtu) == (
            "192.168.1.50", "192.168.1.1", "lab.test", 1400)
        assert found.name_servers == ["192.168.1.1"]
        assert answered(lab.run("ping", "-c", "2", "-i", "0.1", "-w", "20", "192.168.1.50").stdout) >= 2
        renewed = core.ask(lambda world: world.hosts["you"].counters["dhcp.bound"])
        wait_until(lambda: core.ask(lambda world: world.hosts["you"].counters["dhcp.bound"]) > renewed, 6)
        assert (lab.folder / "leases").read_text().split()[2] == "192.168.1.50"
        core.do(DhcpRelease())
        wait_until(lambda: not (lab.folder / "leases").read_text(), 5)
        lab.judge()
        assert kinds(lab) == ["1", "3", "3", "7"]


def test_a_refusal_and_another_address() -> None:
    """The server comes back with another range: NAK at T1, and a new lease."""
    with KernelLab() as lab:
        core = lab.start()
        served(lab)
        lab.capture()
        core.do(DhcpStart())
        wait_until(lambda: lease(core).state == "bound", 10)
        end(lab.processes[0])
        (lab.folder / "leases").unlink()
        served(lab, "192.168.1.60")
        wait_until(lambda: lease(core).address == "192.168.1.60", 15)
        lab.judge()
        assert "DHCPNAK" in (lab.folder / "dnsmasq.log").read_text()


def test_no_server_and_then_one() -> None:
    """The static address after five seconds; a lease as soon as there is a server."""
    with KernelLab() as lab:
        core = lab.start()
        core.do(DhcpStart())
        wait_until(lambda: lease(core).source == "static", 8)
        assert lease(core).address == OURS
        assert answered(lab.run("ping", "-c", "2", "-i", "0.1", "-w", "20", OURS).stdout) >= 2
        served(lab)
        wait_until(lambda: lease(core).address == "192.168.1.50", 20)


def test_the_program_itself_asks_for_an_address_and_a_name() -> None:
    """`dhcp start`, `dns ask` and `http get` with a name, through the shell."""
    with KernelLab() as lab:
        lab.run("ip", "tuntap", "add", "aether0", "mode", "tap")
        lab.run("ip", "addr", "add", "192.168.1.1/24", "dev", "aether0")
        lab.run("ip", "link", "set", "aether0", "up")
        served(lab, "192.168.1.50", "--host-record=one.test,192.168.1.1")
        done = lab.shell("-c", "dhcp start", "-c", "dns ask one.test", "-c", "dhcp lease --json", "--plain")
        assert "bound: 192.168.1.50/24" in done.stdout, done.stdout + done.stderr
        assert "has the A record 192.168.1.1" in done.stdout, done.stdout + done.stderr
        assert '"name_servers": ["192.168.1.1"]' in done.stdout
        assert done.returncode == 0


def test_a_server_that_comes_back_after_t1() -> None:
    """Nobody renews at T1; at T2 whoever answers does (RFC 2131 §4.4.5)."""
    with KernelLab() as lab:
        core = lab.start()
        served(lab, "192.168.1.50", "--dhcp-option=option:T2,6")
        lab.capture()
        core.do(DhcpStart())
        wait_until(lambda: lease(core).state == "bound", 10)
        end(lab.processes[0])
        wait_until(lambda: lease(core).state == "renewing", 6)
        served(lab, "192.168.1.50", "--dhcp-option=option:T2,6")
        wait_until(lambda: lease(core).state == "bound", 8)
        assert lease(core).address == "192.168.1.50"
        lab.judge()
        assert kinds(lab) == ["1", "3", "3", "3"]


def soon_over(world: World) -> None:
    """Let the lease end in 7 s: the shortest that dnsmasq gives is two minutes."""
    world.hosts["you"].dhcp.deadlines["expire"] = world.now + 7_000_000


def test_a_lease_lost_and_regained() -> None:
    """RFC 2131 §3.1, RFC 2131 §4.4.5: four messages; nobody answers until the lease is over, and then four again."""
    with KernelLab() as lab:
        core = lab.start()
        short = "--dhcp-option=option:T2,5"
        served(lab, "192.168.1.50", short)
        wire = lab.folder / "wire.pcap"
        both = lab.spawn(
            "tcpdump", "-i", "aether0", "-U", "--immediate-mode", "-w", str(wire), "udp port 67",
            stderr=subprocess.PIPE)
        assert both.stderr is not None and b"listening" in both.stderr.readline()
        core.do(DhcpStart())
        wait_until(lambda: lease(core).state == "bound", 10)
        end(lab.processes[0])
        core.ask(soon_over)
        wait_until(lambda: core.ask(lambda world: all(
            show_ip(each.ip) != "192.168.1.50" for each in world.hosts["you"].interfaces[0].addresses)), 15)
        assert lease(core).state != "bound"
        assert "100% packet loss" in lab.run("ping", "-c", "1", "-W", "1", "192.168.1.50", check=False).stdout
        served(lab, "192.168.1.50", short)
        wait_until(lambda: lease(core).state == "bound", 20)
        assert "1 received" in lab.run("ping", "-c", "1", "192.168.1.50").stdout
        end(both, 2)
        seen = subprocess.run(
            ["tshark", "-r", str(wire), "-T", "fields", "-e", "dhcp.option.dhcp"], capture_output=True, text=True,
            check=True).stdout.split()
        assert seen[:4] == ["1", "2", "3", "5"], "discover, offer, request, acknowledge"
        assert seen[-4:] == ["1", "2", "3", "5"], seen


def test_an_address_that_somebody_has_is_declined() -> None:
    """RFC 2131 §3.1, RFC 2131 §4.4.4: the kernel answers our probe; dnsmasq is told, and the address is not used."""
    with KernelLab() as lab:
        core = lab.start()
        lab.run("ip", "address", "add", "192.168.1.50/24", "dev", "aether0")
        served(lab)
        lab.capture()
        core.do(DhcpStart())
        wait_until(lambda: "DHCPDECLINE(aether0) 192.168.1.50" in (lab.folder / "dnsmasq.log").read_text(), 25)
        assert lease(core).state == "init"
        assert lease(core).address != "192.168.1.50"
        lab.judge()
        assert kinds(lab)[-2:] == ["3", "4"]

"""Addresses against the real kernel: it claims ours, and asks whether it is free."""

from __future__ import annotations

import sys

import pytest

from aether import queries
from aether.engine.core import Core
from aether.operations.net import AddressAdd
from tests.tap.harness import KERNEL, OUR_MAC, OURS, KernelLab, answered, wait_until

pytestmark = [pytest.mark.needs("tcpdump", "tshark", "capinfos", "ping"), pytest.mark.usefixtures("every_way")]

CLAIM = """
import socket, sys
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
link.bind(("aether0", 0))
thief, operation = bytes.fromhex("02000000aaaa"), int(sys.argv[1])
sender, target = map(socket.inet_aton, sys.argv[2:4])
for _ in range(int(sys.argv[4])):
    link.send(b"\\xff" * 6 + thief + bytes.fromhex("0806000108000604") + operation.to_bytes(2, "big")
              + thief + sender + bytes(6) + target)
"""


def claim(lab: KernelLab, operation: int, sender: str, target: str, times: int = 1) -> None:
    """Broadcast ARP from a hardware address that nobody has."""
    lab.run(sys.executable, "-c", CLAIM, str(operation), sender, target, str(times))


def arp_sent(lab: KernelLab, expression: str = "arp") -> list[list[str]]:
    """Return operation, sender and target addresses of the ARP packets that we sent."""
    fields = [part for name in ("opcode", "src.proto_ipv4", "dst.proto_ipv4") for part in ("-e", f"arp.{name}")]
    said = lab.run("tshark", "-r", str(lab.capture_file), "-Y", expression, "-T", "fields", *fields).stdout
    return [line.split() for line in said.splitlines()]


@pytest.mark.parametrize("operation", [1, 2])
def test_our_address_is_defended_once(operation: int) -> None:
    """RFC 5227 §2.4: of twenty claims at once, the first is answered by an announcement, and the address is kept."""
    with KernelLab() as lab:
        core = lab.start()
        lab.run("ping", "-c", "1", "-q", OURS)
        lab.capture()
        claim(lab, operation, OURS, OURS, 20)
        wait_until(lambda: core.ask(lambda world: world.hosts["you"].drops.get("arp.bad_sender", 0)) >= 20, 5)
        assert "1 received" in lab.run("ping", "-c", "1", "-q", OURS).stdout
        lab.judge()
        assert [row for row in arp_sent(lab) if row[1] == row[2] == OURS] == [["1", OURS, OURS]]


def neighbour(core: Core) -> str:
    """Return where we believe the kernel to be."""
    return next(row.mac for row in core.ask(queries.neighbours) if row.address == KERNEL)


@pytest.mark.parametrize("knob", [False, True])
def test_poison_needs_the_knob(knob: bool) -> None:
    """RFC 1122 §2.3.2.1: the claim that the kernel is somewhere else is believed by the knob alone."""
    with KernelLab() as lab:
        core = lab.start(arp_unsolicited=knob)
        lab.run("ping", "-c", "1", "-q", OURS)
        real = neighbour(core)
        assert real != "02:00:00:00:aa:aa"
        claim(lab, 2, KERNEL, OURS)
        if knob:
            wait_until(lambda: neighbour(core) == "02:00:00:00:aa:aa", 5)
        else:
            assert answered(lab.run("ping", "-c", "3", "-i", "0.2", "-w", "20", "-q", OURS).stdout) >= 3
            assert neighbour(core) == real


def test_a_new_address_is_probed_for_and_announced() -> None:
    """RFC 5227 §2.1.1, RFC 5227 §2.3: three probes, two announcements, and then the kernel reaches it."""
    with KernelLab() as lab:
        core = lab.start()
        lab.capture()
        core.do(AddressAdd(address="192.168.1.33/24"))
        wait_until(lambda: [row.state for row in core.ask(queries.addresses)][-1] == "in use", 15)
        assert "1 received" in lab.run("ping", "-c", "1", "-q", "192.168.1.33").stdout
        lab.judge()
        asked = [row[1:] for row in arp_sent(lab, "arp.opcode == 1 && arp.dst.proto_ipv4 == 192.168.1.33")]
        assert asked == [["0.0.0.0", "192.168.1.33"]] * 3 + [["192.168.1.33"] * 2] * 2


def test_an_address_of_the_kernel_is_not_taken() -> None:
    """RFC 5227 §2.1.1: it answers the probe, and we leave it to it."""
    with KernelLab() as lab:
        core = lab.start()
        lab.run("ip", "address", "add", "192.168.1.44/24", "dev", "aether0")
        core.do(AddressAdd(address="192.168.1.44/24"))
        wait_until(lambda: core.ask(queries.addresses)[-1].state == "conflict", 10)
        assert core.ask(queries.addresses)[-1].address == "192.168.1.44/24"


@pytest.mark.needs("arping")
def test_the_kernel_asks_whether_our_address_is_free() -> None:
    """RFC 5227 §2.1.1: a probe from 0.0.0.0 is answered, and so arping says that it is taken."""
    with KernelLab() as lab:
        lab.start()
        lab.capture()
        done = lab.run("arping", "-D", "-c", "2", "-I", "aether0", OURS, check=False, timeout=20)
        assert OUR_MAC in done.stdout.lower(), done
        lab.judge()
        assert ["2", OURS, "0.0.0.0"] in arp_sent(lab)

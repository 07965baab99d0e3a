"""Attacks on a TAP: on the kernel's end of it and on our own stack, and on nothing else that the machine has."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator

import pytest

from aether.attacks.kinds import ATTACKS
from tests.tap.harness import KERNEL, KernelLab

pytestmark = pytest.mark.needs("tcpdump", "tshark", "capinfos")

OTHER = "10.99.0.1"


@pytest.fixture
def lab() -> Iterator[KernelLab]:
    """A namespace that looks like a machine with a network: a cable to somewhere, an address and a default route."""
    with KernelLab() as made:
        made.run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "cable")
        made.run("ip", "link", "set", "cable", "up")
        made.run("ip", "address", "add", f"{OTHER}/24", "dev", "eth0")
        made.run("ip", "link", "set", "eth0", "up")
        made.run("ip", "route", "add", "default", "via", "10.99.0.254", "dev", "eth0", "onlink")
        made.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
        yield made


def test_nothing_but_the_lab_is_reached(lab: KernelLab) -> None:
    """Every attack in both directions, while somebody listens on the other interface."""
    file = lab.folder / "eth0.pcap"
    lab.spawn("tcpdump", "-i", "eth0", "-w", str(file), "-U", "--immediate-mode", "ip or arp", stderr=-3)
    deadline = time.monotonic() + 10
    while not file.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    lines = [f"ping {KERNEL} --count 1", f"tcp connect {KERNEL}:9 --wait 200ms"]
    kinds = [kind for kind in ATTACKS if not kind.startswith("rst")]  # those need a connection that we know
    for at in ("host", "you"):
        lines += [f"attack {kind} --at {at} --count 10 --for 200ms --json" for kind in kinds]
    lines += [f"attack land --at {wrong}" for wrong in (OTHER, "10.99.0.254", "127.0.0.1", "8.8.8.8")]
    done = lab.shell(*[word for line in lines for word in ("-c", line)], timeout=120)
    said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [each["victim"] for each in said] == ["host"] * len(kinds) + ["you"] * len(kinds), done.stderr
    assert all(each["frames"] > 0 for each in said)
    assert done.stderr.count("on nobody else") == 4
    ping = ["ip", "netns", "exec", lab.name, "ping", "-c", "1", "-W", "1", "10.99.0.254"]
    subprocess.run(ping, capture_output=True, check=False)
    seen = lab.run("tcpdump", "-n", "-r", str(file)).stdout.splitlines()
    assert seen, "the listener hears nothing, not even what is there"
    assert all("who-has 10.99.0.254" in line for line in seen), seen


def test_the_kernel_holds_against_a_reader_that_does_not_read(lab: KernelLab) -> None:
    """What the kernel's side sees of it: SYNs from addresses that nobody has, and none of them stays."""
    done = lab.shell("-c", f"ping {KERNEL} --count 1", "-c", "attack syn-flood --at host --count 200 --port 81 --json")
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["moves"] == 200
    assert report["success"] is True  # nobody listens there, and so nobody answers
    assert "not answered" in report["findings"][-1]

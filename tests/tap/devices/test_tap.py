"""The TAP device by hand: frames that we make ourselves, and the kernel's answers to them."""

from __future__ import annotations

import re
import select
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from aether.engine.core import Core
from aether.lab import tapped
from aether.link.tap import DeviceError, Tap
from aether.wire import arp, ethernet, icmp, ipv4
from aether.wire.address import BROADCAST_MAC, parse_ip
from tests.tap.harness import KERNEL, OUR_MAC, OURS, KernelLab, wait_until

US, THEM, OUR_STATION = parse_ip(OURS), parse_ip(KERNEL), bytes.fromhex(OUR_MAC.replace(":", ""))


@pytest.fixture
def lab() -> Iterator[KernelLab]:
    """A namespace of this test's own, with a TAP that nobody else reads."""
    with KernelLab() as made:
        yield made


def opened(lab: KernelLab, name: str = "aether0") -> Tap:
    from shell.lab import network

    with lab.inside():
        lab.tap = Tap(name)
        network.configure(name, KERNEL, 24)
    return lab.tap


def receive(tap: Tap, wanted: Callable[[bytes], bool], seconds: float = 5) -> bytes:
    """Return the first frame that is wanted."""
    until = time.monotonic() + seconds
    while True:
        frame = tap.read()
        if frame is None:
            assert time.monotonic() < until, "no such frame came"
            select.select([tap], [], [], 0.1)
        elif wanted(frame):
            return frame


def of_type(ethertype: int) -> Callable[[bytes], bool]:
    return lambda frame: ethernet.parse(frame)[2] == ethertype


def kernel_mac(lab: KernelLab, name: str = "aether0") -> bytes:
    found = re.search(r"link/ether (\S+)", lab.run("ip", "link", "show", name).stdout)
    assert found
    return bytes.fromhex(found[1].replace(":", ""))


def test_the_kernel_answers_an_arp_request(lab: KernelLab) -> None:
    tap = opened(lab)
    question = arp.ArpPacket(arp.REQUEST, OUR_STATION, US, bytes(6), THEM)
    tap.write(ethernet.build(BROADCAST_MAC, OUR_STATION, ethernet.TYPE_ARP, arp.build(question)))
    answer = receive(tap, of_type(ethernet.TYPE_ARP))
    station = kernel_mac(lab)
    assert ethernet.parse(answer)[:2] == (OUR_STATION, station)
    packet = arp.parse(answer[ethernet.HEADER_LENGTH:])
    assert (packet.operation, packet.sender_mac, packet.sender_ip) == (arp.REPLY, station, THEM)
    assert tap.unwritten == 0


def test_the_kernel_answers_an_echo_request(lab: KernelLab) -> None:
    tap = opened(lab)
    station = kernel_mac(lab)
    request = icmp.build(icmp.IcmpMessage(icmp.ECHO_REQUEST, 0, 0x1234_0001, b"by hand"))
    packet = ipv4.build(US, THEM, ipv4.PROTO_ICMP, request)
    tap.write(ethernet.build(station, OUR_STATION, ethernet.TYPE_IPV4, packet))
    question = receive(tap, of_type(ethernet.TYPE_ARP))
    assert arp.parse(question[ethernet.HEADER_LENGTH:]).target_ip == US, "it has to ask who we are first"
    reply = arp.ArpPacket(arp.REPLY, OUR_STATION, US, station, THEM)
    tap.write(ethernet.build(station, OUR_STATION, ethernet.TYPE_ARP, arp.build(reply)))
    answer = receive(tap, of_type(ethernet.TYPE_IPV4))[ethernet.HEADER_LENGTH:]
    header = ipv4.parse(answer)
    assert (header.source, header.destination) == (THEM, US)
    message = icmp.parse(answer[header.header_length:header.total_length])
    assert (message.type, message.rest, message.payload) == (icmp.ECHO_REPLY, 0x1234_0001, b"by hand")


def test_nothing_to_read_is_none_and_does_not_wait(lab: KernelLab) -> None:
    """The lab is quiet: no IPv6, no discovery; reading returns at once."""
    tap = opened(lab)
    began = time.monotonic()
    assert tap.read() is None
    assert time.monotonic() - began < 0.1
    assert select.select([tap], [], [], 0.5)[0] == []


def test_the_largest_frame(lab: KernelLab) -> None:
    """With a large MTU, whole frames come and go."""
    tap = opened(lab)
    lab.run("ip", "link", "set", "aether0", "mtu", "65521")
    lab.run("ip", "neigh", "add", OURS, "lladdr", OUR_MAC, "dev", "aether0")
    lab.run("ping", "-c", "1", "-W", "1", "-s", "65000", OURS, check=False)
    frame = receive(tap, of_type(ethernet.TYPE_IPV4))
    assert len(frame) == ethernet.HEADER_LENGTH + 20 + 8 + 65_000
    ipv4.parse(frame[ethernet.HEADER_LENGTH:])


def test_the_kernel_side(lab: KernelLab) -> None:
    """A random address of its own, without IPv6, up, and never persistent."""
    opened(lab)
    first = kernel_mac(lab)
    assert first[0] & 3 == 2, "locally administered, and no group"
    shown = lab.run("ip", "-d", "addr", "show", "aether0").stdout
    assert "persist off" in shown
    assert f"inet {KERNEL}/24" in shown
    assert "inet6" not in shown
    assert "LOWER_UP" in shown
    assert lab.tap is not None
    lab.tap.close()
    assert "aether0" not in lab.run("ip", "link").stdout
    opened(lab)
    assert kernel_mac(lab) != first


def test_a_device_that_is_down_counts_what_it_does_not_take(lab: KernelLab) -> None:
    tap = opened(lab)
    lab.run("ip", "link", "set", "aether0", "down")
    tap.write(bytes(60))
    assert tap.unwritten == 1
    assert tap.read() is None


@pytest.mark.parametrize("name", ["", "a-name-that-is-too-long", "a/b", "a b", "a\n", "a:b", ".", "..", "tap%d", "ä"])
def test_bad_names(lab: KernelLab, name: str) -> None:
    """Above all tap%d, of which the kernel would make a name of its own."""
    with lab.inside(), pytest.raises(DeviceError, match=re.escape(repr(name))):
        Tap(name)
    assert lab.run("ip", "-br", "link").stdout.split()[0] == "lo"
    assert len(lab.run("ip", "-br", "link").stdout.splitlines()) == 1


def test_names_that_others_have(lab: KernelLab) -> None:
    lab.run("ip", "tuntap", "add", "mode", "tun", "name", "tunnel0")
    lab.run("ip", "tuntap", "add", "mode", "tap", "multi_queue", "name", "queues0")
    lab.run("ip", "link", "add", "bridge0", "type", "bridge")
    opened(lab)
    with lab.inside():
        for name in ("tunnel0", "queues0", "bridge0", "lo"):
            with pytest.raises(DeviceError, match=f"{name} is in use by another program, or is no TAP.*--tap NAME"):
                Tap(name)
        with pytest.raises(DeviceError, match=r"aether0 is in use by another program.*--tap NAME"):
            Tap("aether0")


def test_a_tap_that_was_made_elsewhere(lab: KernelLab) -> None:
    """It is used, and stays when we are done."""
    lab.run("ip", "tuntap", "add", "mode", "tap", "name", "mine0")
    tap = opened(lab, "mine0")
    tap.close()
    assert "mine0" in lab.run("ip", "link").stdout


def test_a_device_that_is_removed(lab: KernelLab) -> None:
    """The core says so, pauses, and does not run hot over a descriptor that is always ready."""
    core = lab.start()
    lab.run("ip", "link", "del", "aether0")
    wait_until(lambda: core.status().paused, 5)
    assert "aether0 is gone" in core.status().fault
    assert cpu_share(0.5) < 0.3


def test_frames_that_wait_while_paused_cost_nothing(lab: KernelLab) -> None:
    core = lab.start()
    core.pause()
    ping = lab.spawn("ping", "-c", "20", "-i", "0.01", "-W", "1", OURS, stdout=subprocess.DEVNULL)
    time.sleep(0.2)
    assert cpu_share(0.5) < 0.3
    core.run()
    wait_until(lambda: core.status().frames > 0, 5)
    ping.wait(10)


def cpu_share(seconds: float) -> float:
    """Return how much of a processor this process used."""
    before = time.process_time()
    time.sleep(seconds)
    return (time.process_time() - before) / seconds


def test_impairments_stand_between_the_device_and_the_stack(lab: KernelLab) -> None:
    """`in` and `out` are as you see them: what the kernel sends is delayed and lost by `in`."""
    from aether.operations.link import LinkClear, LinkDrop, LinkSet

    core: Core = lab.start(world=tapped(1))
    lab.run("ping", "-c", "1", "-W", "2", OURS)
    core.do(LinkSet("lan", "in", "delay", "60ms"))
    core.do(LinkSet("lan", "out", "delay", "40ms"))
    slow = lab.run("ping", "-c", "3", "-i", "0.2", "-W", "2", OURS).stdout
    times = [float(text) for text in re.findall(r"time=([\d.]+)", slow)]
    assert len(times) == 3
    assert all(100 <= each < 160 for each in times), times
    core.do(LinkClear("lan"))
    core.do(LinkDrop("lan", "out", 2))
    lossy = lab.run("ping", "-c", "5", "-i", "0.05", "-W", "1", OURS, check=False).stdout
    assert sorted(re.findall(r"icmp_seq=(\d)", lossy)) == ["3", "4", "5"]

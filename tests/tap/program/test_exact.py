"""Recordings of the kernel are exact when we are late: a process that was stopped, and a flood."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from aether.engine.log import dump, load
from aether.engine.loop import BATCH
from tests.tap.harness import OUR_MAC, OURS, ROOT, KernelLab, end, wait_until

NOBODY_THERE = "192.168.1.77"
"""Whom the kernel takes no frames for: connections from there stay half open."""
SYNS = f"""
import socket, sys
from aether.wire import arp, ethernet, ipv4, tcp
from aether.wire.address import parse_ip
count, first = map(int, sys.argv[1:])
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind(("aether0", 0))
ours, theirs = parse_ip("{OURS}"), parse_ip("{NOBODY_THERE}")
to, mac = bytes.fromhex("{OUR_MAC.replace(":", "")}"), out.getsockname()[4]
hello = arp.build(arp.ArpPacket(arp.REQUEST, mac, theirs, bytes(6), ours))
out.send(ethernet.build(to, mac, ethernet.TYPE_ARP, hello))
for number in range(count):
    port, service = first + number, (80, 7, 9, 13, 19)[number % 5]
    segment = tcp.build(theirs, ours, port, service, 1000 * number, 0, tcp.SYN, 9000, b"", b"")
    packet = ipv4.build(theirs, ours, 6, segment)
    out.send(ethernet.build(to, mac, ethernet.TYPE_IPV4, packet))
"""


@pytest.fixture
def lab() -> Iterator[KernelLab]:
    """A namespace of this test's own."""
    with KernelLab() as made:
        yield made


def send_syns(lab: KernelLab, count: int, first: int = 20_000) -> None:
    """Let so many connections be half open; they come from ports of their own, to five services."""
    lab.run(sys.executable, "-c", SYNS, str(count), str(first))


def test_a_process_that_was_stopped(lab: KernelLab) -> None:
    """Three seconds without a look, more timers overdue than a batch; the recording, and the way back, are exact."""
    file = lab.folder / "run.aether"
    shell = lab.spawn(sys.executable, "-m", "shell", "--tap", "aether0", "--seed", "5", "--json", "-",
                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert shell.stdin is not None
    assert shell.stdout is not None

    def said(line: str) -> dict[str, object]:
        shell.stdin.write(f"{line}\n".encode())  # type: ignore[union-attr]
        shell.stdin.flush()  # type: ignore[union-attr]
        return json.loads(shell.stdout.readline())  # type: ignore[union-attr, no-any-return]

    said("status")
    send_syns(lab, 300)
    wait_until(lambda: len(str(said("tcp conns")).split("SYN-RECEIVED")) > BATCH, 20)
    shell.send_signal(signal.SIGSTOP)
    try:
        time.sleep(3)
    finally:
        shell.send_signal(signal.SIGCONT)
    said("knob set tcp.nagle off")
    said("pause")
    assert "occurrences" in str(said(f"record {file}"))
    now = said("status")
    shell.stdin.close()
    assert shell.wait(60) == 0
    end(shell)
    replayed = subprocess.run(
        [sys.executable, "-m", "shell", "--sim", "--replay", str(file), "--json", "-c", "status"], cwd=ROOT,
        capture_output=True, text=True, timeout=120, check=False)
    assert replayed.returncode == 0, replayed.stderr
    again = json.loads(replayed.stdout)
    assert (again["occurrence"], again["time_us"]) == (now["occurrence"], now["time_us"])


@pytest.mark.needs("ping")
def test_a_flood(lab: KernelLab) -> None:
    """Echo requests as fast as they go, and half-open connections by the thousand, all of whose timers are due."""
    core = lab.start()
    flood = lab.spawn("ping", "-q", "-f", "-c", "4000", OURS, stdout=subprocess.DEVNULL)
    for turn in range(3):
        send_syns(lab, 700, 20_000 + 1000 * turn)
    assert flood.wait(60) == 0
    time.sleep(1.5)
    core.pause()
    hashes = {core.ask(lambda world: world.occurrence): core.ask(lambda world: world.state_hash())}
    assert core.loop.log is not None
    recording = load(dump(core.loop.log, core.loop.world))
    assert {recording.occurrence: recording.world().state_hash()} == hashes
    assert recording.occurrence > 4000

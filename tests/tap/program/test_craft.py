"""Crafted frames against the kernel: what it makes of them, and what our stack says."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.tap.harness import KERNEL, OURS, KernelLab

LISTENER = (
    "import socket, time; s = socket.create_server(('192.168.1.1', 80)); s.settimeout(30); print('ready', flush=True); "
    "c, _ = s.accept(); c.settimeout(10); print(c.recv(100), flush=True); time.sleep(20)"
)


@pytest.fixture
def lab() -> Iterator[KernelLab]:
    """A namespace whose kernel has a socket that listens on port 80, once its device is there."""
    with KernelLab() as made:
        made.run("ip", "tuntap", "add", "aether0", "mode", "tap")
        made.run("ip", "address", "add", f"{KERNEL}/24", "dev", "aether0")
        made.run("ip", "link", "set", "aether0", "up")
        server = made.spawn("python3", "-c", LISTENER, stdout=-1)
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"
        yield made


def play(lab: KernelLab, *lines: str) -> list[Any]:
    """Run lines in a shell at the TAP; return their results."""
    words = [word for line in lines for word in ("-c", line)]
    done = lab.shell(*words, timeout=60)
    assert done.returncode == 0, done.stderr
    found, rest = [], done.stdout.strip()
    decoder = json.JSONDecoder()
    while rest:
        value, end = decoder.raw_decode(rest)
        found.append(value)
        rest = rest[end:].lstrip()
    return found


def test_a_syn_to_a_listening_socket_is_answered_and_reset_with_the_reason(lab: KernelLab) -> None:
    [found] = play(lab, f"send syn {KERNEL}:80 --json")
    assert [(row["direction"], row["flags"]) for row in found["answers"]] == [("out", "S"), ("in", "SA"), ("out", "R")]
    assert "makes no connection" in found["explanation"][0]


def test_without_our_reset_the_kernel_asks_again(lab: KernelLab) -> None:
    found = play(lab, f"send syn {KERNEL}:80 sport=4001 --no-rst --json", "run 8s --json", "frames 50 --json")
    frames = found[-1]["frames"]
    again = [row for row in frames if row["direction"] == "in" and row["flags"] == "SA"]
    assert len(again) >= 3, frames
    assert not [row for row in frames if "R" in row["flags"]]


def test_a_handshake_by_hand_and_data_are_accepted_by_the_kernel(lab: KernelLab) -> None:
    """Three commands make a connection: `ss` on the kernel's side shows it, and its application reads the data."""
    shell = lab.spawn(sys.executable, "-m", "shell", "--tap", "aether0", stdin=-1, stdout=-1, stderr=-1)
    assert shell.stdin is not None
    assert shell.stdout is not None

    def line(text: str) -> Any:
        assert shell.stdin is not None
        assert shell.stdout is not None
        shell.stdin.write(f"{text} --json\n".encode())
        shell.stdin.flush()
        printed = ""
        while True:
            read = shell.stdout.readline().decode()
            assert read, (printed, shell.stderr and shell.stderr.read())
            printed += read
            try:
                return json.loads(printed)
            except json.JSONDecodeError:
                continue

    first = line(f"send syn {KERNEL}:80 sport=4002 seq=5000 --no-rst")
    answer = next(row for row in first["answers"] if row["flags"] == "SA")
    data = bytes.fromhex(line(f"frame {answer['number']}")["data"])
    isn = int.from_bytes(data[38:42], "big")
    line(f"send ack {KERNEL}:80 sport=4002 seq=5001 ack={isn}+1 --no-rst --wait 200ms")
    sockets = lab.run("ss", "-Htn", "state", "established", "sport = :80").stdout
    assert re.search(rf"{KERNEL}:80\s+{OURS}:4002", sockets), sockets
    said = line(f'send data {KERNEL}:80 sport=4002 seq=5001 ack={isn}+1 "by hand" --no-rst')
    assert any(row["direction"] == "in" and "ack=" in row["info"] for row in said["answers"])
    server = lab.processes[0]
    assert server.stdout is not None
    assert server.stdout.readline() == b"b'by hand'\n"
    shell.stdin.close()
    assert shell.wait(20) == 0

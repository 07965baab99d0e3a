"""Root without sudo, in a container for example, gets the kernel as its host: it is told so, and what to do."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.tap.harness import KernelLab, end

pytestmark = pytest.mark.needs("ss")
SHELL = (sys.executable, "-m", "shell", "--no-config")


@pytest.fixture
def lab() -> Iterator[KernelLab]:
    with KernelLab() as one:
        yield one


@pytest.fixture(autouse=True)
def plain_root(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SUDO_UID", "SUDO_GID"):
        monkeypatch.delenv(name, raising=False)


def greeting(lab: KernelLab, *options: str) -> str:
    """Start the shell on a terminal, and return what is on it when it is ready."""
    master, slave = pty.openpty()
    process = lab.spawn(*SHELL, *options, stdin=slave, stdout=slave, stderr=slave,
                        env={**os.environ, "TERM": "dumb", "COLUMNS": "300"})
    os.close(slave)
    said = b""
    until = time.monotonic() + 30
    while b"Ctrl-D" not in said and time.monotonic() < until:
        if select.select([master], [], [], 1)[0]:
            said += os.read(master, 65536)
    end(process)
    os.close(master)
    return re.sub(r"\s+", " ", said.decode())


def test_the_greeting_says_which_lab_this_is_and_how_to_have_the_other(lab: KernelLab) -> None:
    said = greeting(lab)
    assert "TAP aether0" in said
    assert "The host is the Linux kernel" in said
    assert "aether-shell --sim" in said
    said = greeting(lab, "--sim")
    assert "the simulated lab" in said
    assert "With the Linux kernel in its place: aether-shell without --sim" in said


@pytest.mark.parametrize(("line", "port", "name"), [
    ("http get http://192.168.1.1/", 80, "HTTP"), ("http get 192.168.1.1", 80, "HTTP"),
    ("tcp connect 192.168.1.1:80", 80, "HTTP"), ("tcp connect 192.168.1.1:7", 7, "echo"),
    ("udp send 192.168.1.1:7 hello", 7, "echo"), ("dns ask www.lab", 53, "DNS"),
])
def test_what_the_kernel_refuses_is_explained(lab: KernelLab, line: str, port: int, name: str) -> None:
    done = lab.run(*SHELL, "-c", line, check=False)
    said = " ".join(done.stderr.split())
    assert done.returncode == 1
    assert f"Here 192.168.1.1 is the Linux kernel behind TAP aether0, which serves port {port} only if" in said
    assert f"In the simulated lab the host serves {name}: aether-shell --sim" in said


def test_what_it_says_to_type_serves_a_page(lab: KernelLab) -> None:
    refused = " ".join(lab.run(*SHELL, "-c", "http get http://192.168.1.1/", check=False).stderr.split())
    start, ask = re.findall("`([^`]+)`", refused)
    wait = 'host -- sh -c "until ss -ltnH | grep -q 192.168.1.1:8000; do sleep 0.1; done"'
    done = lab.run(*SHELL, "-c", start, "-c", wait, "-c", ask)
    assert "200 OK" in done.stdout
    assert "Directory listing" in done.stdout
    assert ":8000" not in lab.run("ss", "-ltnH").stdout, "it ends with the shell"


def test_another_host_and_the_simulation_are_left_alone(lab: KernelLab) -> None:
    done = subprocess.run([*SHELL, "--sim", "-c", "tcp connect 192.168.1.1:81"], capture_output=True, text=True,
                          check=False, timeout=60)
    assert "connection refused" in done.stderr
    assert "kernel" not in done.stderr

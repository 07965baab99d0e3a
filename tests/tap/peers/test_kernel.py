"""The real kernel as the peer; what we sent is judged by tshark afterwards."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aether.world import World
from tests.tap.harness import AS_WRITTEN, KERNEL, OFFLOAD, OURS, WORKERS, KernelLab, answered, wait_until

pytestmark = pytest.mark.needs("tcpdump", "tshark", "capinfos")


def connections(world: World) -> int:
    """Return how many there are."""
    return len(world.hosts["you"].tcp.connections)


def left_behind(world: World) -> tuple[dict[int, int], dict[bytes, int]]:
    """Return what should be empty when there are none."""
    return world.hosts["you"].tcp.ports_used, world.announced


@pytest.mark.needs("ping")
def test_ping_without_loss() -> None:
    """A hundred echo requests, a hundred answers."""
    with KernelLab() as lab:
        lab.start()
        lab.capture()
        done = lab.run("ping", "-c", "100", "-i", "0.01", "-w", "20", "-q", OURS)
        assert answered(done.stdout) >= 100
        assert lab.judge() >= 100


@pytest.mark.needs("curl")
@pytest.mark.usefixtures("every_way")
def test_curl_gets_the_page() -> None:
    """GET / is the page that the original served."""
    with KernelLab() as lab:
        lab.start()
        lab.capture()
        done = lab.run("curl", "--silent", "--show-error", "--max-time", "10", "-i", f"http://{OURS}/")
        assert done.stdout.startswith("HTTP/1.1 200 OK")
        assert "Project Aether" in done.stdout
        missing = lab.run(
            "curl", "--silent", "-o", os.devnull, "-w", "%{http_code}", "--max-time", "10", f"http://{OURS}/no")
        assert missing.stdout == "404"
        lab.judge()


@pytest.mark.needs("ab")
@pytest.mark.parametrize(("mode", "way"), [
    ("trace", AS_WRITTEN), ("bench", AS_WRITTEN), ("bench", OFFLOAD), ("bench", WORKERS)])
def test_ab_again_and_again(mode: str, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No failed request, no slowing down, nothing left behind."""
    monkeypatch.setattr(KernelLab, "way", way)
    with KernelLab() as lab:
        lab.start(mode, tcp_time_wait=200_000)
        lab.capture()
        costs = []
        for _ in range(4):
            began = time.process_time()  # our own processor time: what else the machine does is not our slowness
            report = lab.run("ab", "-q", "-n", "5000", "-c", "100", f"http://{OURS}/", timeout=120).stdout
            assert re.search(r"Complete requests:\s+5000\n", report), report
            assert re.search(r"Failed requests:\s+0\n", report), report
            costs.append(time.process_time() - began)
        assert max(costs[1:]) < 2.5 * costs[0], f"processor seconds for 5000 requests: {costs}"
        wait_until(lambda: not any(lab.ask(connections)), 10)
        assert all(left == ({}, {}) for left in lab.ask(left_behind))
        lab.judge()


@pytest.mark.needs("nc")
@pytest.mark.usefixtures("every_way")
def test_a_megabyte_through_echo_and_back(tmp_path: Path) -> None:
    """Both directions at once, compared byte for byte."""
    data = os.urandom(1 << 20)
    source = tmp_path / "data"
    source.write_bytes(data)
    with KernelLab() as lab:
        lab.start()
        lab.capture()
        with source.open("rb") as file:
            process = lab.spawn("timeout", "30", "nc", "-N", OURS, "7", stdin=file, stdout=subprocess.PIPE)
            back, _ = process.communicate(timeout=40)
        assert back == data
        lab.judge()


SERVER = """
import hashlib, socket, sys
server = socket.create_server(("192.168.1.1", 8000))
print("ready", flush=True)
client, _ = server.accept()
client.recv(65536)
data = bytes(i * 31 & 255 for i in range(65536)) * 160
client.sendall(b"HTTP/1.0 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(data) + data)
client.close()
print(hashlib.sha256(data).hexdigest(), flush=True)
"""


@pytest.mark.usefixtures("every_way")
def test_a_download_from_a_kernel_server() -> None:
    """Ten megabytes to a connection that we open, compared by SHA-256."""
    from aether.operations.tcp import TcpConnect, TcpSend

    with KernelLab() as lab:
        core = lab.start()
        lab.capture()
        server = lab.spawn(sys.executable, "-c", SERVER, stdout=subprocess.PIPE)
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"
        number = core.do(TcpConnect(address=KERNEL, port=8000))
        collector = Collector()
        core.ask(lambda world: collector.attach(world.hosts["you"], number))
        core.do(TcpSend(conn=number, data=b"GET / HTTP/1.0\r\n\r\n"))
        wait_until(lambda: collector.ended, 60)
        wanted = server.stdout.readline().decode().strip()
        assert hashlib.sha256(b"".join(collector.data).split(b"\r\n\r\n", 1)[1]).hexdigest() == wanted
        lab.judge()


class Collector:
    """Takes what a connection brings, in place of the shell's own application."""

    def __init__(self) -> None:
        self.data: list[bytes] = []
        self.ended = False

    def attach(self, host, number):  # type: ignore[no-untyped-def]
        """Take a connection over."""
        for conn in host.tcp.connections.values():
            if conn.number == number:
                conn.socket.app = self

    def ready(self, socket):  # type: ignore[no-untyped-def]
        """Read everything."""
        try:
            while data := socket.receive():
                self.data.append(data)
            self.ended = True
            socket.close()
        except BlockingIOError:
            return


def test_the_program_itself_connects() -> None:
    """`tcp connect` and `http get` through the shell, to a server of the kernel."""
    with KernelLab() as lab:
        server = lab.spawn(
            sys.executable, "-m", "http.server", "8000", "--bind", "0.0.0.0", "--directory", str(lab.folder),
            stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )
        (lab.folder / "index.html").write_text("hello from the kernel")
        wait_until(lambda: ":8000" in lab.run("ss", "-ltnH").stdout, 10)
        done = lab.shell(
            "-c", f"tcp connect {KERNEL}:8000", "-c", f"http get http://{KERNEL}:8000/index.html", "-c", "tcp conns",
            "--plain",
        )
        assert server.poll() is None
        assert "ESTABLISHED" in done.stdout, done.stdout + done.stderr
        assert "hello from the kernel" in done.stdout, done.stdout + done.stderr
        assert done.returncode == 0

"""Bulk transfers with the kernel over a bad link: our impairments, SHA-256 at both ends, tshark as the judge."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import pytest

from aether.lab import listen
from aether.operations.base import Operation, from_data
from aether.sockets import TcpSocket
from tests.tap.harness import OURS, KernelLab, wait_until

pytestmark = pytest.mark.needs("tcpdump", "tshark", "capinfos")
MB = 1_000_000
CHUNK = 65_536

CLIENT = """
import hashlib, socket, sys
way, port, length = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
s = socket.create_connection(("192.168.1.2", port), 30)
s.settimeout(120)
digest = hashlib.sha256()
if way == "up":
    block = bytes(i * 13 & 255 for i in range(65536))
    left = length
    while left:
        piece = block[:min(left, len(block))]
        s.sendall(piece); digest.update(piece); left -= len(piece)
    s.shutdown(socket.SHUT_WR)
    while s.recv(100): pass
else:
    while data := s.recv(1 << 20): digest.update(data)
print(digest.hexdigest(), flush=True)
"""


class Hashing:
    """Our end: takes what comes, or sends so many bytes; and hashes them."""

    def __init__(self, length: int = 0) -> None:
        self.left = length
        self.digest = hashlib.sha256()
        self.block = bytes(i * 17 & 255 for i in range(CHUNK))
        self.ended = False

    def ready(self, socket: TcpSocket) -> None:
        if socket.listener is not None:
            while socket.listener.accepted:
                self.ready(socket.accept())
            return
        try:
            while self.left:
                piece = self.block[:self.left]
                taken = socket.send(piece)
                self.digest.update(piece[:taken])
                self.block = self.block[taken:] + self.block[:taken]
                self.left -= taken
            if socket.connection is not None and not socket.connection.fin_queued and not self.ended:
                while data := socket.receive(CHUNK):
                    self.digest.update(data)
                self.ended = True
                socket.close()
        except BlockingIOError:
            return


class Sending(Hashing):
    """Sends, then closes."""

    def ready(self, socket: TcpSocket) -> None:
        super().ready(socket)
        if socket.listener is None and not self.left and not socket.closed:
            self.ended = True
            socket.shutdown()


def impair(what: str, value: str, direction: str) -> Operation:
    return from_data({"operation": "LinkSet", "link": "lan", "direction": direction, "what": what, "value": value})


@pytest.mark.parametrize("way", ["up", "down"])
@pytest.mark.parametrize(("length", "impairments"), [
    (20 * MB, {}),
    (20 * MB, {"reorder": "1%", "duplicate": "1%", "corrupt": "0.2%"}),
    (20 * MB, {"loss": "1%", "reorder": "1%", "duplicate": "1%", "corrupt": "0.2%"}),
    (2 * MB, {"loss": "5%", "reorder": "5%", "duplicate": "2%", "corrupt": "1%"}),
    (512_000, {"loss": "20%", "reorder": "5%", "duplicate": "2%", "corrupt": "1%"}),
], ids=["20MB-clean", "20MB-0%", "20MB-1%", "2MB-5%", "512KB-20%"])
def test_transfer(way: str, length: int, impairments: dict[str, str]) -> None:
    """Every byte arrives, in either direction, and no frame of ours is malformed."""
    with KernelLab() as lab:
        core = lab.start("bench", tcp_ecn="passive")
        end = Hashing() if way == "up" else Sending(length)
        core.ask(lambda world: listen(world.hosts["you"], 45450, end))
        for what, value in impairments.items():
            # What is damaged on its way out would be held against us by the judge.
            core.do(impair(what, value, "in" if what == "corrupt" else "both"))
        lab.capture()
        client = lab.spawn(sys.executable, "-c", CLIENT, way, "45450", str(length), stdout=subprocess.PIPE)
        printed, _ = client.communicate(timeout=170)
        wait_until(lambda: end.ended, 30)
        assert printed.decode().strip() == end.digest.hexdigest()
        lab.judge()


@pytest.mark.parametrize("way", ["up", "down"])
def test_what_we_send_is_damaged_on_the_way(way: str) -> None:
    """The kernel finds the wrong checksums, and both ends make up for it."""
    with KernelLab() as lab:
        core = lab.start("bench")
        end = Hashing() if way == "up" else Sending(2 * MB)
        core.ask(lambda world: listen(world.hosts["you"], 45450, end))
        core.do(impair("corrupt", "2%", "both"))
        client = lab.spawn(sys.executable, "-c", CLIENT, way, "45450", str(2 * MB), stdout=subprocess.PIPE)
        printed, _ = client.communicate(timeout=170)
        wait_until(lambda: end.ended, 30)
        assert printed.decode().strip() == end.digest.hexdigest()


def test_the_kernel_agrees_on_the_options() -> None:
    """`ss -ti` at the kernel's side shows what was negotiated."""
    with KernelLab() as lab:
        lab.run("sysctl", "-qw", "net.ipv4.tcp_ecn=1")
        core = lab.start(tcp_ecn="on")
        core.ask(lambda world: listen(world.hosts["you"], 45450, Hashing()))
        lab.spawn(sys.executable, "-c", (
            "import socket, time; s = socket.create_connection(('192.168.1.2', 45450)); s.sendall(b'x' * 5000);"
            " time.sleep(20)"))
        wait_until(lambda: "ESTAB" in lab.run("ss", "-tnH").stdout, 10)
        wait_until(lambda: "bytes_acked:5001" in lab.run("ss", "-tnieH").stdout, 10)
        said = lab.run("ss", "-tnieH").stdout
        for word in (" ts ", " sack ", " ecn ", "wscale:8,"):
            assert word in said, said
        info = core.ask(lambda world: next(iter(world.hosts["you"].tcp.connections.values())))
        assert (info.ts_ok, info.sack_ok, info.ecn_ok, info.rcv_wscale) == (True, True, True, 8)
        assert OURS in said

"""Fast Open (RFC 7413) with the real kernel at the other end: its client and our server, and the other way round."""

from __future__ import annotations

import re
import subprocess

import pytest

from aether import queries
from aether.operations.services import HttpGet
from aether.operations.tcp import TcpListen
from aether.world import World

from .harness import KERNEL, OURS, KernelLab, wait_until

pytestmark = pytest.mark.needs("tcpdump", "tshark", "capinfos", "nstat")

CLIENT = f"""
import socket
REQUEST = b"GET / HTTP/1.1\\r\\nHost: lab\\r\\nConnection: close\\r\\n\\r\\n"
for attempt in range(3):
    one = socket.socket()
    one.sendto(REQUEST, socket.MSG_FASTOPEN, ("{OURS}", 80))
    page = b""
    while piece := one.recv(65536):
        page += piece
    options = one.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)[5]
    print(page.split()[1].decode(), bool(options & 32))
    one.close()
"""
SERVER = f"""
import socket, sys
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("{KERNEL}", 8000))
server.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 16)
server.listen(16)
print("listening", flush=True)
while True:
    one, _ = server.accept()
    request = one.recv(65536)
    early = bool(one.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)[5] & 32)
    body = ("early" if early else "late").encode()
    one.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\nConnection: close\\r\\n\\r\\n" % len(body) + body)
    one.close()
"""


def counted(lab: KernelLab, name: str) -> int:
    """Return a counter of the kernel's."""
    found = re.search(rf"^{name}\s+(\d+)", lab.run("nstat", "-asz", name).stdout, re.M)
    assert found is not None
    return int(found[1])


def taken(world: World) -> int:
    """Return how often data in a SYN was taken."""
    return world.hosts["you"].counters.get("tcp.fastopen_taken", 0)


@pytest.mark.usefixtures("every_way")
def test_the_kernel_is_our_client() -> None:
    """RFC 7413 §4.2.1, §4.2.2: the kernel asks for a cookie, is given one, and has its requests taken with the SYN."""
    with KernelLab() as lab:
        lab.start(tcp_fastopen="server")
        lab.run("sysctl", "-qw", "net.ipv4.tcp_fastopen=1")
        lab.capture()
        # Two workers are two servers of one address: each has the same key, so either's cookie is good for both.
        done = lab.run("python3", "-c", CLIENT)
        assert done.stdout.split() == ["200", "False", "200", "True", "200", "True"], done.stdout + done.stderr
        assert counted(lab, "TcpExtTCPFastOpenActive") == 2
        lab.judge()
        assert sum(lab.ask(taken)) == 2


def test_a_key_of_another_time_costs_nothing_but_the_gain() -> None:
    """RFC 7413 §4.1.2, §4.2.2: the kernel's cookie is refused; it sends again at once, and takes the new one."""
    with KernelLab() as lab:
        core = lab.start(tcp_fastopen="server")
        lab.run("sysctl", "-qw", "net.ipv4.tcp_fastopen=1")
        lab.run("python3", "-c", CLIENT)
        core.ask(lambda world: setattr(world.hosts["you"].tcp.fast_open, "secret", b"another key here"))
        done = lab.run("python3", "-c", CLIENT)
        assert done.stdout.split() == ["200", "False", "200", "True", "200", "True"], done.stdout + done.stderr
        assert counted(lab, "TcpExtTCPFastOpenActiveFail") == 1
        assert core.ask(lambda world: world.hosts["you"].counters["tcp.fastopen_bad_cookies"]) == 1


def test_the_kernel_is_our_server() -> None:
    """RFC 7413 §4.2.1, §4.2.2: the kernel gives us a cookie, and its program has our request with the SYN."""
    with KernelLab() as lab:
        core = lab.start()
        lab.run("sysctl", "-qw", "net.ipv4.tcp_fastopen=3")
        server = lab.spawn("python3", "-c", SERVER, stdout=subprocess.PIPE)
        assert server.stdout is not None and server.stdout.readline() == b"listening\n"
        lab.capture()

        def get() -> bytes:
            job = core.do(HttpGet(url=f"http://{KERNEL}:8000/", early=True))
            wait_until(lambda: core.ask(lambda world: queries.job_done(world, job)), 10)
            report = core.ask(lambda world: queries.job_report(world, job))
            assert report.status == 200, report
            body: bytes = report.body
            return body

        assert [get() for _ in range(3)] == [b"late", b"early", b"early"]
        assert counted(lab, "TcpExtTCPFastOpenPassive") == 2
        # Another key: refused, and given a new one.
        lab.run("sysctl", "-qw", "net.ipv4.tcp_fastopen_key=1-2-3-4")
        assert [get() for _ in range(2)] == [b"late", b"early"]
        # The server takes it no more: we notice, and leave it alone.
        lab.run("sysctl", "-qw", "net.ipv4.tcp_fastopen=0")
        assert [get() for _ in range(2)] == [b"late", b"late"]
        lab.run("sysctl", "-qw", "net.ipv4.tcp_fastopen=3")
        assert get() == b"late"
        lab.judge()


def test_what_the_kernel_sends_while_nobody_accepts() -> None:
    """RFC 7413 §5.1: a listener without a place for it, or a knob that is off: an ordinary handshake."""
    with KernelLab() as lab:
        core = lab.start()
        core.do(TcpListen(port=81))
        lab.run("sysctl", "-qw", "net.ipv4.tcp_fastopen=1")
        done = lab.run("python3", "-c", CLIENT)
        assert done.stdout.split() == ["200", "False"] * 3, done.stdout + done.stderr

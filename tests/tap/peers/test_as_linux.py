"""What hping3 and nmap are answered, beside what a Linux kernel answers to the same."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.tap.harness import KERNEL, OURS, KernelLab, command, end

pytestmark = [pytest.mark.needs("tcpdump", "tshark", "capinfos", "ip")]

LINUX, LINUX_SIDE = "192.168.9.2", "192.168.9.1"
ECHO = """
import socket, socketserver, threading
class Tcp(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(65536):
            self.request.sendall(data)
class Udp(socketserver.BaseRequestHandler):
    def handle(self):
        self.request[1].sendto(self.request[0], self.client_address)
tcp = socketserver.ThreadingTCPServer(("0.0.0.0", 7), Tcp)
threading.Thread(target=tcp.serve_forever, daemon=True).start()
print("ready", flush=True)
socketserver.UDPServer(("0.0.0.0", 7), Udp).serve_forever()
"""


@pytest.fixture
def lab() -> Iterator[KernelLab]:
    """Our stack, and a second namespace with a kernel like the first: both have port 7, and no other."""
    with KernelLab() as made, made.joined("peer", ("linux0", LINUX_SIDE), ("linux1", LINUX)) as peer:
        command("ip", "netns", "exec", peer, "sysctl", "-qw", "net.ipv4.icmp_ratelimit=0")
        server = subprocess.Popen(["ip", "netns", "exec", peer, sys.executable, "-c", ECHO], stdout=subprocess.PIPE)
        made.processes.append(server)
        assert server.stdout is not None and server.stdout.readline() == b"ready\n"
        yield made


class Witness:
    """Records all that comes from a target, and tells apart by the clock what came back to which packets."""

    def __init__(self, lab: KernelLab, target: str, device: str) -> None:
        self.lab, self.target = lab, target
        self.file = lab.folder / f"{device}.pcap"
        self.spans: dict[str, tuple[float, float]] = {}
        self._capture = lab.spawn("tcpdump", "-i", device, "-U", "--immediate-mode", "-w", str(self.file),
                                  "src", target, "and", "ip", stderr=subprocess.PIPE)
        assert self._capture.stderr is not None and b"listening" in self._capture.stderr.readline()

    def send(self, name: str, *arguments: str) -> None:
        """Send two packets; whatever answers them has come when a ping is answered that was sent after them."""
        began = time.time()
        self.lab.run("hping3", "-c", "2", "-i", "u30000", *arguments, self.target, timeout=20, check=False)
        self.lab.run("ping", "-c", "1", "-q", self.target)
        self.spans[name] = began, time.time()

    def answers(self) -> dict[str, list[str]]:
        """Return what came back to each: flags of TCP, types and codes of ICMP; each kind once."""
        end(self._capture, signal.SIGINT)
        said = self.lab.run(
            "tshark", "-r", str(self.file), "-T", "fields", "-e", "frame.time_epoch", "-e", "tcp.flags.str",
            "-e", "icmp.type", "-e", "icmp.code", "-Y", "!(icmp.type == 0 && data.len == 48)").stdout
        frames = [(float(at), kind.strip()) for at, _, kind in (line.partition("\t") for line in said.splitlines())]
        return {
            name: sorted({kind for at, kind in frames if began <= at <= ended})
            for name, (began, ended) in self.spans.items()
        }


ODD: dict[str, tuple[str, ...]] = {
    "null, open": ("-p", "7"), "null, closed": ("-p", "4444"), "fin, open": ("-F", "-p", "7"),
    "fin, closed": ("-F", "-p", "4444"), "xmas, open": ("-F", "-P", "-U", "-p", "7"),
    "xmas, closed": ("-F", "-P", "-U", "-p", "4444"), "ack, open": ("-A", "-p", "7"),
    "ack, closed": ("-A", "-p", "4444"),
    "rst, open": ("-R", "-p", "7"), "rst, closed": ("-R", "-p", "4444"), "syn-rst": ("-S", "-R", "-p", "7"),
    "syn-fin, closed": ("-S", "-F", "-p", "4444"), "syn-ack": ("-S", "-A", "-p", "7"),
    "every flag": ("-S", "-F", "-R", "-P", "-A", "-U", "-X", "-Y", "-p", "7"), "syn, open": ("-S", "-p", "7"),
    "syn, closed": ("-S", "-p", "4444"), "syn with data": ("-S", "-d", "100", "-p", "7"),
    "syn in pieces": ("-S", "-f", "-d", "100", "-p", "7"), "wrong checksum": ("-S", "-b", "-p", "7"),
    "data offset 3": ("-S", "-O", "3", "-p", "7"), "window 0": ("-S", "-w", "0", "-p", "7"),
    "udp, closed": ("-2", "-p", "4444"), "udp, port 0": ("-2", "-p", "0"),
    "udp, wrong checksum": ("-2", "-b", "-p", "4444"),
    "echo": ("-1", "-d", "56"), "echo in pieces": ("-1", "-f", "-d", "400"), "echo reply": ("-1", "-C", "0"),
    "a type nobody knows": ("-1", "-C", "44"), "unreachable about nothing": ("-1", "-C", "3"),
    "redirect": ("-1", "-C", "5"), "address mask": ("-1", "-C", "17"), "protocol 200": ("-0", "-H", "200"),
    "a loose source route": ("-S", "-p", "7", "--lsrr", KERNEL),
}


@pytest.mark.needs("hping3", "ping")
def test_odd_packets_are_answered_as_by_linux(lab: KernelLab) -> None:
    """RFC 9293 §3.10.7, RFC 1122 §3.2.2: flags, options, fragments, checksums and protocols."""
    core = lab.start()
    lab.capture()
    witnesses = [Witness(lab, OURS, "aether0"), Witness(lab, LINUX, "linux0")]
    for name, arguments in ODD.items():
        for witness in witnesses:
            witness.send(name, *arguments)
    ours, linux = (witness.answers() for witness in witnesses)
    kinds = {kind for found in linux.values() for kind in found}
    assert {name: (ours[name], linux[name]) for name in ODD if ours[name] != linux[name]} == {}
    assert len(kinds) >= 6, f"next to nothing was answered: {kinds}"
    assert core.ask(lambda world: world.hosts["you"].ipv4.fragments.memory) == 0
    lab.judge()


@pytest.mark.needs("nmap")
def test_nmap_sees_what_it_sees_of_linux(lab: KernelLab) -> None:
    """Scans by TCP and UDP find the same states of the same ports."""
    lab.start()
    lab.capture()
    for scan in ("-sS", "-sT", "-sN", "-sF", "-sX", "-sA", "-sW", "-sM", "-sU"):
        seen = []
        for target in (OURS, LINUX):
            said = lab.run("nmap", "-n", "-Pn", scan, "-p", "7,4444", "--max-retries", "2", target, timeout=60).stdout
            seen.append(re.findall(r"^(\d+/\w+) +(\S+)", said, re.MULTILINE))
            assert seen[-1], said
        ours, linux = seen
        assert [state.partition("|")[0] for _, state in ours] == [state.partition("|")[0] for _, state in linux], (
            scan, ours, linux)
    lab.judge()

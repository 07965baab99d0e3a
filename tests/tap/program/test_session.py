"""A broad session with the program itself: every command about the network shows the live state, tshark every frame."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.tap.harness import KERNEL, OURS, KernelLab, wait_until
from tests.tap.peers.test_dns import RECORDS, start_dnsmasq
from tests.tap.peers.test_hostile_fragments import SEND

pytestmark = pytest.mark.needs(
    "tcpdump", "tshark", "capinfos", "dnsmasq", "ping", "curl", "traceroute", "nmap", "hping3", "arping")

STATE = {
    "arp table": "neighbours", "ip routes": "routes", "ip addresses": "addresses", "ip fragments": "packets",
    "dhcp lease": "lease", "dns cache": "entries", "udp socks": "sockets", "icmp stats": "counts",
    "igmp groups": "groups",
}
"""What shows the state, and the field that it is in."""

SENT = (
    "arp.opcode == 1", "arp.opcode == 2", "arp.isgratuitous || arp.src.proto_ipv4 == arp.dst.proto_ipv4",
    "icmp.type == 0", "icmp.type == 8", "icmp.type == 3 && icmp.code == 3", "icmp.type == 3 && icmp.code == 2",
    "icmp.type == 12", "ip.flags.mf == 1", "ip.frag_offset > 0", "ip.opt.type == 7", "dhcp.option.dhcp == 1",
    "dhcp.option.dhcp == 3", "dhcp.option.dhcp == 7", "dns.flags.response == 0 && udp",
    "dns.flags.response == 0 && tcp", "dns.qry.type == 33",
    "http.request", "http.response.code == 200", "http.response.code == 206",
    "http.response.code == 404", "igmp.type == 0x16", "igmp.type == 0x17", "tcp.options.mss_val",
    "tcp.options.wscale.shift", "tcp.options.sack_perm", "tcp.options.timestamp.tsval", "tcp.options.sack_le",
    "tcp.flags.reset == 1", "tcp.flags.fin == 1", "udp && !dns && !dhcp && !icmp",
)
"""What a broad session has sent, in tshark's words; each at least once."""


class Program:
    """aether-shell on the TAP, driven by lines."""

    def __init__(self, lab: KernelLab) -> None:
        self.process = lab.spawn(
            sys.executable, "-m", "shell", "--tap", "aether0", "--plain", stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def ask(self, line: str) -> Any:
        """Run a line that prints JSON, and return it."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(f"{line} --json\n".encode())
        self.process.stdin.flush()
        printed = self.process.stdout.readline()
        assert printed, f"{line}: the program has ended, or printed nothing"
        return json.loads(printed)

    def state(self) -> dict[str, Any]:
        """Ask for everything that there is to see."""
        return {line: self.ask(line)[field] for line, field in STATE.items()}


def test_a_broad_session() -> None:
    """Before a lease, with one, after it, and with traffic of every kind from both sides."""
    with KernelLab() as lab:
        program = Program(lab)
        empty = program.state()
        assert (empty["arp table"], empty["dns cache"], empty["ip fragments"]) == ([], [], [])
        assert (empty["dhcp lease"]["state"], empty["dhcp lease"]["source"]) == ("off", "static")
        lab.capture()
        begin(lab, program)
        from_us(lab, program)
        from_the_kernel(lab, program)
        for _ in range(10):
            program.ask("dns ask one.test")
            lively = program.state()
        assert {row["address"] for row in lively["arp table"]} >= {KERNEL}
        assert lively["dhcp lease"]["state"] == "bound" and lively["dhcp lease"]["address"] == "192.168.1.50"
        assert len(lively["ip fragments"]) == 1
        assert "one.test" in json.dumps(lively["dns cache"])
        named = {row["name"] for row in lively["icmp stats"]["rows"]}
        assert named >= {"echo request", "echo reply", "port unreachable"}
        assert "239.1.2.3" in json.dumps(lively["igmp groups"])
        program.ask("igmp leave 239.1.2.3")
        program.ask("dhcp release")
        assert program.state()["dhcp lease"]["state"] != "bound"
        assert lab.judge() > 200
        missing = [each for each in SENT if not sent(lab, each)]
        assert not missing, "the session was not as broad as that"


def begin(lab: KernelLab, program: Program) -> None:
    """Bring up dnsmasq, and take a lease from it."""
    start_dnsmasq(
        lab, *RECORDS, "--dhcp-range=192.168.1.50,192.168.1.50,255.255.255.0,120", "--dhcp-authoritative",
        "--interface=aether0", "--no-ping")
    assert program.ask("dhcp start")["lease"]["address"] == "192.168.1.50"


def from_us(lab: KernelLab, program: Program) -> None:
    """Names of every type, pages, pings, traces, datagrams and groups."""
    for name, kind in (("one.test", "A"), ("one.test", "AAAA"), ("alias.test", "CNAME"), ("10.1.2.3", "PTR"),
                       ("test", "MX"), ("long.test", "TXT"), ("_http._tcp.test", "SRV")):
        assert program.ask(f"dns ask {name} {kind}")["records"], (name, kind)
    (lab.folder / "index.html").write_text("hello")
    lab.spawn(sys.executable, "-m", "http.server", "8000", "--bind", "0.0.0.0", "--directory", str(lab.folder),
              stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    wait_until(lambda: ":8000" in lab.run("ss", "-ltnH").stdout, 10)
    assert program.ask(f"http get http://{KERNEL}:8000/index.html")["body"] == "hello"
    assert program.ask(f"ping {KERNEL} --count 2 --size 20000")["received"] == 2
    for how in ("", " --icmp"):
        assert program.ask(f"traceroute {KERNEL}{how}")["reached"]
    program.ask("igmp join 239.1.2.3")
    site = lab.folder / "site"
    site.mkdir()
    (site / "file").write_bytes(bytes(300_000))
    program.ask(f"http serve {site}")


def from_the_kernel(lab: KernelLab, program: Program) -> None:
    """Whatever asks for answers and errors of every kind; at the end, a fragment that stays alone."""
    ours = "192.168.1.50"
    lab.run(sys.executable, "-c", BAD_OPTION.replace(OURS, ours))
    lab.run("ping", "-n", "-c", "2", "-i", "0.2", "-w", "20", "-s", "20000", ours)
    lab.run("ping", "-n", "-R", "-c", "1", ours)
    lab.run("arping", "-c", "1", "-I", "aether0", ours)
    lab.run("traceroute", "-n", ours)
    lab.run("nmap", "-n", "-Pn", "-sO", "-p", "1,6,99", "--max-retries", "1", ours)
    lab.run("nmap", "-n", "-Pn", "-sS", "-sU", "-p", "U:7,4444,T:7,4444", "--max-retries", "1", ours)
    for arguments, code in ((("-r", "100-200"), "206"), ((), "200")):
        fetch = ("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", *arguments)
        assert lab.run(*fetch, f"http://{ours}/file").stdout == code
    assert lab.run(*fetch, f"http://{ours}/none").stdout == "404"
    program.ask("link loss 10% in")
    lab.run(sys.executable, "-c", UPLOAD.replace(OURS, ours))
    program.ask("link loss 0% in")
    lab.run(sys.executable, "-c", (SEND + "piece(9, 0, bytes([8, 0]) + bytes(62))").replace(OURS, ours))


UPLOAD = f"""
import socket
one = socket.create_connection(("{OURS}", 9), 20)
one.sendall(bytes(400_000))
one.shutdown(socket.SHUT_WR)
one.settimeout(20)
one.recv(1)
"""
"""To the discard service over a link that loses: what arrives out of order is acknowledged by SACK."""

BAD_OPTION = f"""
import socket, struct
addresses = socket.inet_aton("{KERNEL}") + socket.inet_aton("{OURS}")
head = struct.pack("!BBHHHBBH", 0x47, 0, 36, 77, 0, 64, 17, 0) + addresses
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
link.bind(("aether0", 0))
whole = bytearray(head + bytes([7, 7, 3, 0, 0, 0, 0, 0]) + struct.pack("!HHHH", 7777, 7, 8, 0))
whole[2:4] = len(whole).to_bytes(2, "big")
total = sum(int.from_bytes(whole[at:at + 2], "big") for at in range(0, 28, 2))
while total >> 16:
    total = (total & 0xFFFF) + (total >> 16)
whole[10:12] = (total ^ 0xFFFF).to_bytes(2, "big")
mac = open("/sys/class/net/aether0/address").read().strip().replace(":", "")
link.send(bytes.fromhex("020000000002" + mac + "0800") + whole)
"""
"""A record route option whose pointer points into its own head (RFC 791 §3.1)."""


def sent(lab: KernelLab, expression: str) -> bool:
    """Return whether we sent at least one such frame."""
    found = subprocess.run(
        ["tshark", "-r", str(lab.capture_file), "-c", "100000", "-Y", expression], capture_output=True, text=True,
        check=True, timeout=60)
    return bool(found.stdout)

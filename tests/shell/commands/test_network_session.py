"""The network commands over hours of the simulated world; tshark judges every frame of it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.shell.conftest import Shell
from tests.tap.harness import BAD

STATE = {
    "arp table": "neighbours", "ip routes": "routes", "ip addresses": "addresses", "ip fragments": "packets",
    "dhcp lease": "lease", "dns cache": "entries", "udp socks": "sockets", "udp sockets": "sockets",
    "icmp stats": "counts", "igmp groups": "groups",
}
"""What shows the state, and the field that it is in."""


def as_json(shell: Shell, line: str) -> Any:
    return json.loads(shell.run(f"{line} --json"))


def state(shell: Shell, host: str = "you") -> dict[str, Any]:
    found = {line: as_json(shell, f"{line} --host {host}")[field] for line, field in STATE.items()}
    for line in STATE:
        assert shell.run(f"{line} --host {host}").strip(), f"{line} shows nothing"
    return found


def traffic(shell: Shell) -> None:
    """Something of everything."""
    for line in (
        "ping 192.168.1.1 --count 2", "ping 10.0.2.2 --count 1 --size 9000", "traceroute 10.0.2.2",
        "traceroute 10.0.2.2 --icmp", "dns ask www.lab", "dns ask lab MX", "dns ask lab TXT", "dns ask 192.168.1.1",
        "dns ask nobody.lab", "http get www.lab", "udp send 192.168.1.1:7 hello", "udp send 192.168.1.1:4444 hello",
        "udp send 10.0.2.2:4444 hello", "ping 10.0.2.2 --ttl 1 --count 1", "igmp join 224.1.1.1", "run 12s",
        "igmp leave 224.1.1.1", "arp who 192.168.1.1",
    ):
        shell.try_(line)


def test_nothing_has_happened_yet(shell: Shell) -> None:
    """No lease, and caches with nothing in them."""
    found = state(shell)
    assert (found["arp table"], found["dns cache"], found["ip fragments"]) == ([], [], [])
    assert found["icmp stats"]["rows"] == [] and found["dhcp lease"]["source"] == "static"
    assert {row["network"] for row in found["ip routes"]} == {"192.168.1.0/24", "0.0.0.0/0"}


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed (apt-get install tshark)")
def test_hours_of_everything(shell: Shell, tmp_path: Path) -> None:
    """A lease that is renewed again and again, caches that fill and empty, and no frame that tshark would refuse."""
    assert as_json(shell, "dhcp start")["lease"]["state"] == "bound"
    for _ in range(4):
        traffic(shell)
        found = state(shell)
        assert "192.168.1.1" in {row["address"] for row in found["arp table"]}
        assert found["dhcp lease"]["address"] == "192.168.1.100"
        assert {row["name"] for row in found["icmp stats"]["rows"]} >= {"echo reply", "port unreachable"}
        assert "www.lab" in json.dumps(found["dns cache"])
        for host in ("host", "remote"):
            state(shell, host)
        shell.run("run 1h")
        found = state(shell)
        assert found["ip fragments"] == [] and found["dhcp lease"]["state"] == "bound"
        assert "www.lab" not in json.dumps(found["dns cache"])
    for host in ("you", "host", "remote"):
        path = tmp_path / f"{host}.pcapng"
        shell.run(f"capture save {path} --host {host}")
        checks = [f"-o{name}.check_checksum:TRUE" for name in ("ip", "tcp", "udp")]
        assert tshark(path, *checks, "-Y", BAD) == ""
        assert tshark(path, "-Y", "ip.flags.mf == 1 || icmp.type == 3")


def tshark(path: Path, *words: str) -> str:
    return subprocess.run(
        ["tshark", "-r", str(path), *words], capture_output=True, text=True, check=True, timeout=60).stdout

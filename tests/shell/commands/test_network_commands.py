"""The commands about the network layer: each shows the live state, as a table and as JSON."""

import json
from typing import Any

import pytest

from tests.shell.conftest import Shell


def as_json(shell: Shell, line: str) -> Any:
    return json.loads(shell.run(f"{line} --json"))


@pytest.mark.parametrize(("line", "rows"), [
    ("arp table", "neighbours"), ("ip routes", "routes"), ("ip fragments", "packets"), ("dhcp lease", "lease"),
    ("dns ask www.lab", "records"), ("udp socks", "sockets"), ("udp sockets", "sockets"), ("icmp stats", "counts"),
])
def test_the_live_state_as_json(shell: Shell, line: str, rows: str) -> None:
    assert rows in as_json(shell, line)


def test_icmp_stats(shell: Shell) -> None:
    assert "no ICMP messages" in shell.run("icmp stats")
    shell.run("ping 192.168.1.1 --count 2")
    shell.fail("udp send 192.168.1.1:4444 x")
    rows = {row["name"]: row for row in as_json(shell, "icmp stats --host host")["counts"]["rows"]}
    assert rows["echo request"]["received"] == rows["echo reply"]["sent"] == 2
    assert rows["port unreachable"]["sent"] == 1
    drawn = shell.run("icmp stats --host host")
    assert "port unreachable" in drawn and "192.168.1.2 may have 5 more errors" in drawn


def test_ping_options(shell: Shell) -> None:
    assert "192.168.1.1 says: time to live exceeded" in shell.try_("ping 10.0.2.2 --ttl 1 --count 1")
    assert "packets of 1400 bytes" in shell.try_("ping 10.0.2.2 --size 1472 --df --count 2")
    assert "1 sent, 1 answered" in shell.run("ping 192.168.1.1 --pattern c0ffee --tos 16 --count 1")
    assert "ttl must be a number from 1 to 255" in shell.fail("ping 192.168.1.1 --ttl 0")
    shell.run("link duplicate 100%")
    found = as_json(shell, "ping 192.168.1.1 --count 2")
    assert found["duplicates"] > 0 and found["received"] == 2 and found["lost"] == 0
    assert "duplicate" in shell.run("ping 192.168.1.1") and "mdev" in shell.run("ping 192.168.1.1")


def test_groups(shell: Shell) -> None:
    assert "no groups but 224.0.0.1" in shell.run("igmp groups")
    assert as_json(shell, "igmp join 224.1.1.1 --host host")["groups"][0]["state"] == "delaying"
    assert "hello" in shell.run('udp send 224.1.1.1:7 "hello"')
    shell.run("run 11s")
    assert "idle" in shell.run("igmp groups --host host")
    assert "within 1 s" in shell.run("igmp query --within 1s")
    assert "version 2 report 224.1.1.1" in shell.run("run 2s") + shell.run("frames")
    assert "IGMP version 2 report 224.1.1.1" in " ".join(shell.run("frame 1").split())
    assert "no groups at host" in shell.run("igmp leave 224.1.1.1 --host host")
    shell.run("run 1s")
    assert "leave group 224.1.1.1" in shell.run("frames")
    assert "is no group" in shell.fail("igmp join 10.0.0.1")
    assert "you have not joined" in shell.fail("igmp leave 224.1.1.1")
    assert "from 0 to 25.5s" in shell.fail("igmp query --within 30s")


def test_addresses(shell: Shell) -> None:
    assert "in use" in shell.run("ip add 192.168.1.7/24")
    assert [row["address"] for row in as_json(shell, "ip addresses")["addresses"]] == [
        "192.168.1.2/24", "192.168.1.7/24"]
    assert "1 answered" in shell.run("host ping 192.168.1.7 --count 1")
    assert "02:00:00:00:00:01 has 192.168.1.1/24 already" in shell.fail("ip add 192.168.1.1/24")
    assert "conflict" in shell.run("ip addresses")
    assert "192.168.1.7" not in shell.run("ip remove 192.168.1.7")
    assert "you have no address 192.168.1.7" in shell.fail("ip remove 192.168.1.7")
    assert "prefix of 1 to 31 bits" in shell.fail("ip add 192.168.1.7")

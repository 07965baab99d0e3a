"""The commands for a host's services, through the shell."""

import json
from typing import Any

from tests.shell.conftest import Shell


def as_json(shell: Shell, line: str) -> Any:
    return json.loads(shell.run(f"{line} --json"))


def test_names(shell: Shell) -> None:
    found = as_json(shell, "dns ask www.lab")
    assert [(row["type"], row["data"]) for row in found["records"]] == [("CNAME", "host.lab"), ("A", "192.168.1.1")]
    assert (found["server"], found["over"], found["outcome"]) == ("192.168.1.1", "udp", "done")
    assert "10 mail.lab" in shell.run("dns ask lab mx")
    assert "host.lab" in shell.run("dns ask 192.168.1.1")
    assert "over TCP" in shell.run("dns ask big.lab TXT")
    assert "has no AAAA record" in shell.run("dns ask you.lab AAAA")
    cache = as_json(shell, "dns cache")
    assert cache["servers"] == ["192.168.1.1"]
    assert {row["name"] for row in cache["entries"]} >= {"www.lab", "host.lab", "you.lab"}
    assert "host.lab" in shell.run("dns cache")
    assert "forgotten" in shell.run("dns flush")
    assert "nothing is remembered" in shell.run("dns cache")


def test_names_that_are_not_there(shell: Shell) -> None:
    assert "no such name" in shell.fail("dns ask nobody.lab")
    assert "refused" in shell.fail("dns ask example.org --wait 30s")
    assert "empty label" in shell.fail("dns ask a..b")
    assert "no record type 'Q'" in shell.fail("dns ask a Q")
    assert "no name server is known" in shell.fail("dns ask a.lab --host host")


def test_a_lease(shell: Shell) -> None:
    assert "192.168.1.2/24  static" in shell.run("dhcp lease")
    assert "no lease" in shell.fail("dhcp renew")
    assert "no lease" in shell.fail("dhcp release")
    assert "domain lab" in shell.run("dhcp inform")
    started = as_json(shell, "dhcp start")
    assert (started["lease"]["address"], started["lease"]["state"], started["outcome"]) == (
        "192.168.1.100", "bound", "done")
    assert "lost in" in shell.run("dhcp renew")
    assert "no address" in shell.run("dhcp release")
    shell.run("link down on")
    assert "no DHCP server answered" in shell.run("dhcp start")

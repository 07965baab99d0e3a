"""The commands for a host's services, through the shell."""

import json
from pathlib import Path
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
    assert "no route to the name server 192.168.1.1" in shell.fail("dns ask www.lab")
    shell.run("link down")
    assert "no DHCP server answered" in shell.run("dhcp start")


def test_what_is_for_an_address_that_was_given_back_is_for_nobody(shell: Shell) -> None:
    for line in ("ping 192.168.1.1 --count 1", "dhcp start", "dhcp release"):
        shell.run(line)
    assert "does not answer" in shell.fail("host ping 192.168.1.2 --count 1")
    shell.run("host http get http://192.168.1.2/ --background")
    shell.run("run 500ms")
    assert {row["reason"]: row["count"] for row in as_json(shell, "drops")["drops"]} == {"ipv4.not_for_us": 2}


def test_a_directory_is_served(shell: Shell, tmp_path: Path) -> None:
    site, outside = tmp_path / "site", tmp_path / "secret"
    (site / "sub").mkdir(parents=True)
    (site / "index.html").write_text("the index")
    (site / "sub" / "100%.txt").write_text("all of it")
    outside.write_text("secret")
    (site / "link").symlink_to(outside)
    said = as_json(shell, f"http serve {site} --host host")
    assert (said["message"], said["hint"]) == ("2 files, 18 bytes, on http://192.168.1.1:80/", "1 left out")
    assert as_json(shell, "http get www.lab")["body"] == "the index"
    found = as_json(shell, "http get http://host.lab/sub")
    assert (found["url"], found["redirects"]) == ("http://host.lab/sub/", ["http://host.lab/sub"])
    assert as_json(shell, "http get host.lab/sub/100%25.txt")["body"] == "all of it"
    assert as_json(shell, "http get host.lab/link")["status"] == 404
    assert as_json(shell, "http get host.lab/%2e%2e/secret")["status"] == 400
    assert "no such file" in shell.fail(f"http serve {tmp_path}/none")
    assert "is no directory" in shell.fail(f"http serve {outside}")
    assert "listen on port 7" in shell.fail(f"http serve {site} --port 7")


def test_small_services(shell: Shell) -> None:
    assert "after the beginning of the world" in as_json(shell, "udp send 192.168.1.1:13 'x'")["answer"]
    assert as_json(shell, "udp send 192.168.1.1:19 'x'")["answered"] == 74
    shell.run("tcp connect 192.168.1.1:19")
    shell.run("run 10ms")
    assert as_json(shell, "tcp conns")["connections"][0]["received"] > 20_000
    shell.run("tcp abort 1")

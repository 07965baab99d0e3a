"""What all frames together come to: the figures of `tshark -z`, over captures and in the lab."""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from shell.captures import samples
from tests.captures import pcap
from tests.filter_corpus import corpus
from tests.flows import needs_tshark
from tests.link_captures import Made, captures
from tests.link_captures import pcap as link_pcap
from tests.shell.conftest import Shell
from tests.unit.filters.test_filters_measured import frames as talks
from tests.unit.filters.test_filters_wireshark import PREFERENCES

SESSION = ("dns ask www.lab", "ping 192.168.1.1 --count 2", "link drop next 1 tcp.len > 0",
           "http get http://192.168.1.1/", "tcp connect 192.168.1.1:1 --background", "udp send 192.168.1.1:9 hello",
           "run 5s")
NAMES = {"arp/rarp": "arp", "ipv4": "ip"}
"""Protocols that have another name in expressions than in tshark's columns."""


def answer(shell: Shell, line: str) -> Any:
    return json.loads(shell.run(f"{line} --json"))


def tshark(path: Path, what: str) -> str:
    preferences = [part for preference in PREFERENCES for part in ("-o", preference)]
    return subprocess.run(["tshark", "-n", "-r", str(path), *preferences, "-q", "-z", what], capture_output=True,
                          text=True, check=True).stdout


@pytest.fixture(params=["corpus", "talks", "session"])
def capture(request: pytest.FixtureRequest, shell: Shell, tmp_path: Path) -> Path:
    path = tmp_path / "some.pcap"
    if request.param == "session":
        for line in SESSION:
            shell.run(line)
        shell.run(f"capture save {tmp_path / 'run.pcapng'}")
        # Without its comments, which are a protocol of their own to tshark.
        subprocess.run(["tshark", "-r", tmp_path / "run.pcapng", "-F", "pcap", "-w", path], capture_output=True,
                       check=True)
    else:
        path.write_bytes(pcap(corpus() if request.param == "corpus" else talks()[:3000]))
    shell.run(f"capture load {path}")
    return path


@needs_tshark
def test_conversations_are_tsharks(shell: Shell, capture: Path) -> None:
    for kind in ("eth", "ip", "tcp", "udp"):
        lines = re.sub(r"(\d+ (?:bytes|kB|MB))", r"\1  ", tshark(capture, f"conv,{kind}"))
        size = r"\d+ \w+"
        found = re.findall(
            rf"^(\S+) +<-> (\S+) +(\d+) {size} +(\d+) {size} +(\d+) {size} +([\d.]+) +([\d.]+)", lines, re.M)
        theirs = [(left, right, int(back), int(there), int(both), f"{float(start):.6f}", f"{float(long):.3f}")
                  for left, right, back, there, both, start, long in found]
        ours = [(row["left"], row["right"], row["frames_left"], row["frames_right"], row["frames"],
                 f"{row['start_us'] / 1e6:.6f}", f"{row['duration_us'] / 1e6:.3f}")
                for row in answer(shell, f"conversations {kind}")["conversations"]]
        assert sorted(each[:-1] for each in ours) == sorted(each[:-1] for each in theirs)
        assert all(abs(float(one[-1]) - float(two[-1])) < 0.0015 for one, two in zip(
            sorted(ours), sorted(theirs), strict=True))


@needs_tshark
def test_endpoints_are_tsharks(shell: Shell, capture: Path) -> None:
    names = ("frames", "bytes", "frames_sent", "bytes_sent", "frames_received", "bytes_received")
    for kind in ("eth", "ip", "tcp", "udp"):
        rows = [line.split() for line in tshark(capture, f"endpoints,{kind}").splitlines()]
        theirs = [(":".join(row[:-6]), *map(int, row[-6:])) for row in rows if len(row) in (7, 8) and row[-1].isdigit()]
        ours = [(row["address"], *(row[name] for name in names))
                for row in answer(shell, f"endpoints {kind}")["endpoints"]]
        assert sorted(ours) == sorted(theirs), kind


@needs_tshark
@pytest.mark.parametrize("capture", ["session"], indirect=True)
def test_protocols_are_tsharks(shell: Shell, capture: Path) -> None:
    told = re.findall(r"^( *)(\S+) +frames:(\d+) bytes:(\d+)", tshark(capture, "io,phs"), re.M)
    theirs = [(len(indent) // 2 + 1, name, int(count), int(size)) for indent, name, count, size in told]
    ours = [(len(row["path"]), row["path"][-1], row["frames"], row["bytes"])
            for row in answer(shell, "protocols")["protocols"]]
    assert sorted(ours) == sorted(theirs)
    assert {"dns", "http", "icmp", "arp"} <= {name for _, name, _, _ in ours}


@needs_tshark
def test_io_is_tsharks(shell: Shell, capture: Path) -> None:
    for interval, seconds in (("1s", "1"), ("500ms", "0.5"), ("10s", "10")):
        theirs = [(int(count), int(size)) for count, size in re.findall(
            r"^\|.*<>.*\| +(\d+) \| +(\d+) \|", tshark(capture, f"io,stat,{seconds}"), re.M)]
        rows = answer(shell, f"io --interval {interval}")["rows"]
        assert [(row["frames"], row["bytes"]) for row in rows] == theirs
    tcp = answer(shell, "io tcp")
    assert tcp["frames"] == len(subprocess.run(
        ["tshark", "-r", str(capture), "-Y", "tcp && !icmp"], capture_output=True, text=True, check=True,
    ).stdout.splitlines()) + answer(shell, "io tcp and icmp")["frames"]


def by_the_expert(told: str) -> Counter[tuple[str, str, str]]:
    """Return how often tshark's expert says something: severity, protocol and words without what differs by design."""
    found: Counter[tuple[str, str, str]] = Counter()
    severity = ""
    for line in told.splitlines():
        if title := re.match(r"(Error|Warn|Note|Chat|Comment)s \(", line):
            severity = {"Warn": "warning"}.get(title[1], title[1].lower())
        elif (row := re.match(r" +(\d+) +(\w+) +(\S+) +(.*)$", line)) and severity != "comment":
            words = re.sub(r" \[should be 0x\w+\]$", "", row[4])
            words = re.sub(r"^(Duplicate IP address configured) \(.*", r"\1", words)
            words = re.sub(r"^.* (option goes past end of options)\)$", r"\1", words)
            protocol = row[3].lower()
            found[severity, NAMES.get(protocol, protocol), words] += int(row[1])
    return found


def as_the_command(shell: Shell) -> Counter[tuple[str, str, str]]:
    return Counter({(row["severity"], row["protocol"], row["summary"]): row["count"]
                    for row in answer(shell, "expert")["rows"] if row["protocol"] != "lab"})


@needs_tshark
def test_the_expert_is_tsharks(shell: Shell, capture: Path) -> None:
    assert as_the_command(shell) == by_the_expert(tshark(capture, "expert")) != Counter()
    rows = answer(shell, "expert")["rows"]
    order = ["error", "warning", "note", "chat"]
    assert [row["severity"] for row in rows] == sorted((row["severity"] for row in rows), key=order.index)
    for row in rows:
        numbers = {frame["number"] for frame in answer(shell, f"frames 100000 {row['field']}")["frames"]}
        assert set(row["frames"]) <= numbers, row


@needs_tshark
def test_the_expert_of_the_example_is_tsharks(shell: Shell) -> None:
    path = Path("docs/example.pcapng").absolute()
    shell.run(f"capture load {path}")
    found = as_the_command(shell)
    assert found == by_the_expert(tshark(path, "expert"))
    assert {("chat", "http", r"GET / HTTP/1.1\r\n"), ("chat", "http", r"HTTP/1.1 200 OK\r\n")} <= set(found)


@needs_tshark
@pytest.mark.parametrize("made", [each for each in captures() if each.conversation], ids=lambda made: made.name)
def test_the_expert_of_every_link_type_is_tsharks(shell: Shell, made: Made, tmp_path: Path) -> None:
    path = tmp_path / "link.pcap"
    path.write_bytes(link_pcap(made))
    shell.run(f"capture load {path}")
    assert as_the_command(shell) == by_the_expert(tshark(path, "expert"))


def test_the_lab_is_counted_as_it_goes(shell: Shell) -> None:
    assert answer(shell, "conversations")["nothing"].startswith("no conversation over tcp")
    shell.run("http get http://192.168.1.1/")
    [one] = answer(shell, "conversations")["conversations"]
    assert one["right"] == "192.168.1.1:80" and one["frames"] == one["frames_left"] + one["frames_right"]
    assert {row["address"] for row in answer(shell, "endpoints ip")["endpoints"]} == {"192.168.1.1", "192.168.1.2"}
    assert answer(shell, "protocols")["frames"] == answer(shell, "io")["frames"] == len(
        answer(shell, "frames 1000")["frames"])
    assert sum(row["frames"] for row in answer(shell, "io --interval 1ms")["rows"]) == answer(shell, "io")["frames"]
    assert answer(shell, "conversations tcp and ip.ttl > 0")["conversations"] == [one]
    assert answer(shell, "conversations udp dns")["nothing"].startswith("no frame matches dns")


def test_the_expert_of_the_lab_knows_what_was_lost(shell: Shell) -> None:
    for line in ("tcp connect 192.168.1.1:7", "link drop next 1 tcp.len > 0", "tcp send 1 hello", "run 2s"):
        shell.run(line)
    rows = answer(shell, "expert")["rows"]
    assert {row["severity"] for row in rows} >= {"warning", "note", "chat"}
    [lost] = [row for row in rows if row["protocol"] == "lab"]
    assert lost["count"] == 1 and answer(shell, f"frames {lost['field']}")["frames"][0]["number"] == lost["frames"][0]


@pytest.mark.parametrize(("line", "says"), [
    ("conversations tcp.port = 80", "'=' is no operator"),
    ("io --interval 0s", "holds nothing"),
    ("expert nosuch", "there is no field 'nosuch'"),
    ("endpoints --host nosuch", "nosuch"),
])
def test_what_makes_no_sense_is_said(shell: Shell, line: str, says: str) -> None:
    shell.run("ping 192.168.1.1")
    assert says in shell.fail(line)


def test_too_many_intervals_are_refused(shell: Shell) -> None:
    for line in ("ping 192.168.1.1", "run 30s", "ping 192.168.1.1"):
        shell.run(line)
    assert "a longer --interval has fewer" in shell.fail("io --interval 1ms")


@pytest.mark.parametrize("name", samples.names())
def test_every_sample_is_counted(shell: Shell, name: str) -> None:
    shell.run(f"capture load {name}")
    for command in ("conversations", "endpoints", "protocols", "expert", "io"):
        assert "internal error" not in shell.run(command) and answer(shell, command)

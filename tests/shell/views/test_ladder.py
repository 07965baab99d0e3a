"""The ladder: every frame once, in order, with what became of it; and it fits whatever the width."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.shell.conftest import Shell


def ladder(shell: Shell, line: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shell.run(f"{line} --json"))
    return found


def echoed(shell: Shell) -> None:
    """A connection on which one segment is lost, and sent again."""
    shell.run("tcp connect 192.168.1.1:7")
    shell.run("link drop next tcp.len > 0")
    shell.run("tcp send 1 hello")
    shell.run("tcp close 1")


def notes(found: dict[str, Any]) -> list[str]:
    return [f"{found['stations'][note['station']]['name']}: {note['text']}"
            for rung in found["rungs"] for note in rung["notes"]]


def test_every_frame_of_a_connection_in_order(shell: Shell) -> None:
    echoed(shell)
    found = ladder(shell, "ladder 1")
    assert [station["name"] for station in found["stations"]] == ["you", "host"]
    rungs = [rung for rung in found["rungs"] if rung["number"]]
    assert [rung["number"] for rung in rungs] == sorted(rung["number"] for rung in rungs)
    assert rungs[0]["label"].startswith("SYN seq=0")
    assert [rung["source"] for rung in rungs[:3]] == [0, 1, 0]
    times = [rung["time_us"] for rung in found["rungs"]]
    assert times == sorted(times)
    assert all(rung["arrived_us"] > rung["time_us"] for rung in rungs[:-1] if not rung["lost"])  # the last is under way


def test_what_was_lost_and_what_came_of_it(shell: Shell) -> None:
    echoed(shell)
    found = ladder(shell, "ladder 1")
    lost = [rung for rung in found["rungs"] if rung["lost"]]
    assert len(lost) == 1
    assert "your rule" in lost[0]["lost"]
    assert lost[0]["arrived_us"] is None
    said = notes(found)
    assert "you: SYN-SENT → ESTABLISHED" in said
    assert "host: LISTEN → SYN-RECEIVED" in said
    assert "host: ESTABLISHED → CLOSE-WAIT → LAST-ACK" in said
    assert said.index("you: tlp fires") < said.index("you: sends 5 bytes again (tail loss probe)")
    drawn = shell.run("ladder 1")
    assert "╳" in drawn
    assert "LOST on the link: your rule" in drawn


def test_frames_that_overtake_and_copies(shell: Shell) -> None:
    shell.run("link reorder 30% in")
    shell.run("link duplicate 20% in")
    shell.run("http get http://192.168.1.1/")
    for _ in range(3):
        shell.run("ping 192.168.1.1 --count 20 --interval 1ms")
    found = ladder(shell, "ladder icmp --rungs 200")
    late = [rung for rung in found["rungs"] if rung["overtaken_by"]]
    assert late
    by_number = {rung["number"]: rung for rung in found["rungs"]}
    for rung in late:
        other = by_number[rung["overtaken_by"]]
        assert other["time_us"] >= rung["time_us"]
        assert other["arrived_us"] < rung["arrived_us"]
    assert any(rung["copy_of"] in by_number for rung in found["rungs"] if rung["copy_of"])


def test_a_copy_says_whose_it_is(shell: Shell) -> None:
    """In the rows, too: every frame that comes in comes twice, and the later one names the earlier, which it equals."""
    shell.run("link duplicate 100% in")
    shell.run("ping 192.168.1.1 --count 3")
    shell.run("run 10ms")
    rows = {row["number"]: row for row in json.loads(shell.run("frames --json"))["frames"]}
    copies = {number: note for number, row in rows.items() for note in row["notes"] if note.startswith("copy of ")}
    assert len(copies) == sum(row["direction"] == "in" for row in rows.values()) / 2 == 4
    for number, note in copies.items():
        original = rows[int(note.removeprefix("copy of "))]
        assert original["number"] < number
        assert original["notes"] == []
        assert (original["info"], original["length"]) == (rows[number]["info"], rows[number]["length"])
    numbers = [rung["number"] for rung in ladder(shell, "ladder icmp")["rungs"] if rung["copy_of"]]
    assert numbers == [number for number in copies if rows[number]["layer"] == "icmp"]


def test_a_router_stands_in_the_middle(shell: Shell) -> None:
    shell.run("ping 10.0.2.2 --count 1")
    found = ladder(shell, "ladder icmp")
    assert [station["name"] for station in found["stations"]] == ["you", "host", "remote"]
    assert [(rung["source"], rung["destination"]) for rung in found["rungs"]] == [(0, 1), (1, 2), (2, 1), (1, 0)]


def test_an_injected_frame_comes_from_elsewhere(shell: Shell) -> None:
    shell.run("attack land")
    found = ladder(shell, "ladder")
    [rung] = [rung for rung in found["rungs"] if rung["injected"]]
    assert rung["dropped"] == "ipv4.bad_source"


def test_pages(shell: Shell) -> None:
    shell.run("ping 192.168.1.1 --count 20 --interval 1ms")
    whole = ladder(shell, "ladder --rungs 100")
    pages = [ladder(shell, f"ladder --rungs 10 --page {page}") for page in range(1, 6)]
    assert pages[0]["pages"] == -(-whole["total"] // 10)
    assert [rung for page in pages for rung in page["rungs"]][:whole["total"]] == whole["rungs"]
    assert ladder(shell, "ladder --rungs 10")["page"] == pages[0]["pages"]
    assert "page 1 of" in shell.run("ladder --rungs 10 --page 1")


@pytest.mark.parametrize("width", [60, 80, 120])
def test_it_fits(shell: Shell, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    echoed(shell)
    shell.run("traceroute 10.0.2.2")
    for line in ("ladder 1", "ladder --rungs 100", "ladder arp"):
        drawn = shell.run(line)
        assert all(len(row) <= width for row in drawn.splitlines()), drawn
    rails = {row.index("│") for row in shell.run("ladder 1").splitlines() if re.match(r" +\d.*│", row)}
    assert len(rails) == 1, "the rails are straight"


def test_a_capture_has_a_ladder_too(shell: Shell, tmp_path: Path) -> None:
    echoed(shell)
    shell.run(f"capture save {tmp_path}/run.pcapng")
    shell.run(f"capture load {tmp_path}/run.pcapng")
    drawn = shell.run("ladder tcp")
    assert "SYN,ACK seq=0 ack=1" in drawn
    assert "192.168.1.1" in drawn.splitlines()[0] + drawn.splitlines()[1]


@pytest.mark.parametrize(("line", "said"), [
    ("ladder 77", "no frame of connection #77"), ("ladder tcp.port ==", "tcp.port"), ("ladder udp", "no frame matches"),
    ("ladder --rungs 501", "from 1 to 500"), ("ladder --page 0", "a count"),
])
def test_what_cannot_be_drawn_is_said(shell: Shell, line: str, said: str) -> None:
    shell.run("ping 192.168.1.1 --count 1")
    assert said in shell.fail(line)


def test_nothing_yet(shell: Shell) -> None:
    assert "no frames to draw" in shell.run("ladder")

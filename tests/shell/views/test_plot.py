"""`plot`: the points are what the stack reported and sent; the picture fits."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from shell.reading.plotting import PLOTS
from tests.shell.conftest import Shell


def transfer(shell: Shell) -> None:
    """The host sends characters over a slow and slightly lossy link."""
    shell.run("link delay 20ms")
    shell.run("link loss 2% in")
    shell.run("tcp connect 192.168.1.1:19")
    shell.run("run 1s")


def points(shell: Shell, line: str) -> dict[str, list[tuple[int, float]]]:
    found: dict[str, Any] = json.loads(shell.run(f"{line} --json"))
    return {one["name"]: list(zip(one["times_us"], one["values"], strict=True)) for one in found["series"]}


def test_the_window_is_what_the_stack_reported(shell: Shell) -> None:
    transfer(shell)
    found = points(shell, "plot cwnd 1 --host host")
    reported = [
        (event.time, event.values[1]) for event in shell.session.core.ring.since(0)[0]
        if event.kind == "tcp.cwnd" and event.host == "host" and event.values[0] == 1]
    assert found["cwnd"][1:] == reported
    began = next(event.time for event in shell.session.events() if event.kind == "tcp.state" and event.host == "host"
                 and event.values[2] == "ESTABLISHED")
    assert found["cwnd"][0] == (began, 10 * 1448), "RFC 6928: ten segments"
    assert len(reported) > 20
    assert min(value for _, value in found["ssthresh"]) < max(value for _, value in found["cwnd"])


def test_round_trips_are_those_of_the_link(shell: Shell) -> None:
    transfer(shell)
    found = points(shell, "plot rtt 1 --host host")
    assert all(40 <= value < 1000 for _, value in found["round trip"])
    assert all(rto > srtt for (_, rto), (_, srtt) in zip(found["rto"], found["srtt"], strict=True))


def test_the_time_sequence_plot(shell: Shell) -> None:
    """Nothing is sent beyond the window's edge, the ACK line never falls, and what was lost is sent again."""
    transfer(shell)
    found = points(shell, "plot seq 1 --host host")
    acked = [value for _, value in found["acknowledged"]]
    assert acked == sorted(acked)
    assert found["sent again"]
    edges = found["window's edge"]
    for time, end in found["sent"]:
        assert end <= max((edge for when, edge in edges if when <= time), default=0)
    assert max(value for _, value in found["sent"]) >= acked[-1]


def test_what_is_in_flight_fits_into_the_window(shell: Shell) -> None:
    transfer(shell)
    found = points(shell, "plot window 1 --host host")
    assert max(value for _, value in found["in flight"]) <= max(value for _, value in found["peer's window"])


def test_throughput_adds_up(shell: Shell) -> None:
    transfer(shell)
    received = points(shell, "plot throughput 1")["delivered"]
    slice_us = received[1][0] - received[0][0]
    total = json.loads(shell.run("follow 1 --json"))["inward"]
    assert sum(value * slice_us for _, value in received) == pytest.approx(total, rel=0.02)


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("kind", PLOTS)
def test_it_fits(shell: Shell, kind: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    transfer(shell)
    drawn = shell.run(f"plot {kind} 1 --host host")
    assert all(len(line) <= width for line in drawn.splitlines())
    assert len(drawn.splitlines()) <= 24
    assert "●" in drawn


def test_what_cannot_be_plotted_is_said(shell: Shell) -> None:
    assert "Did you mean: cwnd" in shell.fail("plot cwd 1")
    assert "nothing is known" in shell.fail("plot cwnd 1")


def test_a_legend_covers_nothing(shell: Shell) -> None:
    """It stands below; within the frame there is nothing but points."""
    transfer(shell)
    drawn = shell.run("plot seq 1 --host host").splitlines()
    framed = [line for line in drawn if "│" in line or "┤" in line]
    inside = [line.split("│" if "┤" not in line else "┤", 1)[1] for line in framed]
    assert inside and not any(char.isalpha() for line in inside for char in line)
    assert any("sent again:" in line for line in drawn)


def test_axes_have_titles_and_units(shell: Shell) -> None:
    shell.run("run 5s")
    transfer(shell)
    drawn = shell.run("plot cwnd 1 --host host")
    assert "congestion window of #1, bytes" in drawn and "ms since #1 was opened" in drawn
    lines = drawn.splitlines()
    ticks = lines[next(index for index, line in enumerate(lines) if "└" in line) + 1]
    assert float(ticks.split()[0]) < 100, "not 5 s: the time begins with the connection"


def test_two_connections_in_one_field(shell: Shell) -> None:
    transfer(shell)
    shell.run("tcp connect 192.168.1.1:19")
    shell.run("run 500ms")
    both = points(shell, "plot cwnd 1 2 --host host")
    assert {"#1 cwnd", "#2 cwnd"} <= set(both)
    assert both["#1 cwnd"] == points(shell, "plot cwnd 1 --host host")["cwnd"]
    drawn = shell.run("plot cwnd 1 2 --host host")
    assert "of world time" in drawn and "#2 cwnd:" in drawn


def test_points_for_other_programs(shell: Shell) -> None:
    transfer(shell)
    rows = list(csv.reader(io.StringIO(shell.run("plot seq 1 --host host --csv"))))
    assert rows[0] == ["s since #1 was opened", "series", "bytes"]
    found = points(shell, "plot seq 1 --host host")
    assert len(rows) - 1 == sum(map(len, found.values()))
    sent = [float(value) for _, name, value in rows[1:] if name == "sent"]
    assert sent == [value for _, value in found["sent"]]


def test_a_plot_for_slides(shell: Shell, tmp_path: Path) -> None:
    """Real lines, in a document that any reader of XML takes."""
    transfer(shell)
    shell.run(f"export svg {tmp_path}/cwnd.svg plot cwnd 1 --host host")
    root = ElementTree.parse(tmp_path / "cwnd.svg").getroot()
    texts = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "bytes" in texts and "ms since #1 was opened" in texts and "congestion window of #1" in texts
    lines = [each.get("d", "") for each in root.iter("{http://www.w3.org/2000/svg}path")]
    assert max(line.count("V") for line in lines) + 1 == len(points(shell, "plot cwnd 1 --host host")["cwnd"])

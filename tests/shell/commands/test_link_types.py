"""Captures of every link type and encapsulation: rows, trees, filters and streams reach what is inside, as tshark."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from aether.filters import Record, Records, all_fields, compile_filter
from aether.reading.link import on_link
from aether.reading.packet import Dissected, layers
from aether.reading.types import PROTOCOL, TIME
from shell.reading.dissect import dissect
from tests.link_captures import Made, captures, pcap, pcapng
from tests.shell.conftest import Shell
from tests.shell.views.test_agreement import asked, plain, shown
from tests.shell.views.test_dissection import excused, is_malformed, tshark
from tests.unit.reading.test_reading import disagreeing

needs_tshark = pytest.mark.skipif(
    shutil.which("tshark") is None, reason="tshark is not installed (apt-get install tshark)")
each_capture = pytest.mark.parametrize("made", captures(), ids=lambda made: made.name)
carrying = pytest.mark.parametrize(
    "made", [made for made in captures() if made.conversation], ids=lambda made: made.name)


def records(made: Made) -> list[Record]:
    maker = Records()
    return [maker.frame(on_link(link_type, data), number=number, time=number * 1_000_000)
            for number, (link_type, data) in enumerate(made.frames, 1)]


@needs_tshark
@each_capture
def test_every_field_is_what_tshark_says(made: Made, tmp_path: Path) -> None:
    path = tmp_path / "made.pcap"
    path.write_bytes(pcap(made))
    fields = [field for field in all_fields().values()
              if not field.ours and not field.measured and field.type not in (PROTOCOL, TIME)
              and not field.name.startswith(BETWEEN_FRAMES)]
    compared, differing = 0, []
    for record, one in zip(records(made), tshark(path), strict=True):
        for field in fields:
            if excused(field.name, one) or (made.name, field.name) in DIFFERENT:
                continue
            a, b = [plain(field, text) for text in one.get(field.name, [])], asked(field, record)
            if is_malformed(one):
                both = min(len(a), len(b))
                a, b = a[:both], b[:both]
            compared += len(a)
            if a != b:
                differing.append((record.number, field.name, a, b))
    assert not differing
    assert compared > 10 * len(made.frames) or not made.conversation


BETWEEN_FRAMES = "frame.", "tcp.analysis", "tcp.completeness", "_ws."
"""Beginnings of the names of what no frame says alone; other tests are about these."""
DIFFERENT = {
    ("ip-in-ip-odd", "tcp.seq_raw"): "of a segment in a tunnel that an error quotes tshark shows it",
    ("ip-in-ip-odd", "tcp.stream"): "likewise, and of other quotations it does not",
    ("ip-in-ip-odd", "tcp.flags.str"): "likewise",
    ("ip-in-ip-odd", "tcp.connection.syn"): "likewise",
    **{("wlan-aggregate", name): "of several packets in a frame, the first is followed" for name in (
        "tcp.seq", "tcp.nxtseq", "tcp.ack", "tcp.stream", "tcp.flags.str")},
    ("wlan-aggregate", "wlan_aggregate.a_mdsu.subframe"): "tshark's JSON gives it another name",
}
"""What is not compared, by capture and field, and why."""


@each_capture
def test_what_is_shown_is_what_filters_say(made: Made) -> None:
    fields = all_fields()
    for record in records(made):
        assert disagreeing(record) == []
        for name, texts in shown(record).items():
            assert [plain(fields[name], text) for text in texts] == asked(fields[name], record), name


@carrying
def test_a_connection_is_followed_whatever_carries_it(made: Made, tmp_path: Path, shell: Shell) -> None:
    path = tmp_path / "made.pcap"
    path.write_bytes(pcap(made))
    assert f"{len(made.frames)} frames" in shell.run(f"capture load {path}")
    rows = json.loads(shell.run("frames 100 --json"))["frames"]
    assert [row["number"] for row in rows] == list(range(1, len(made.frames) + 1))
    segments = [row for row in rows if row["layer"] == "tcp"]
    assert [row["flags"] for row in segments] == ["S", "SA", "A", "PA", "PA", "FA"]
    assert {row["source"] for row in segments} == {"10.0.0.1:50000", "10.0.0.2:80"}
    assert all(row["info"].startswith(f"seq={seq}") for row, seq in zip(segments, (0, 0, 1, 1, 1, 46), strict=True))
    assert [row["direction"] for row in segments] == ["out", "in", "out", "out", "in", "out"]
    followed = shell.run("follow 1")
    assert "GET /index HTTP/1.1" in followed and "hello" in followed
    assert "SYN" in shell.run("ladder 1")
    for expression, count in (("tcp", 6), ("http.request", 1), ('http.host == "server.example"', 1), ("dns", 2),
                              ("ip.src == 10.0.0.1 and tcp.len > 0", 1), ("tcp.stream == 0", 6)):
        found = json.loads(shell.run(f"frames {expression} --json"))["frames"]
        assert len(found) == count, expression


@needs_tshark
def test_frames_of_mixed_types_are_numbered_as_tshark_does(tmp_path: Path, shell: Shell) -> None:
    kinds = [made for made in captures() if (made.name, "tcp.stream") not in DIFFERENT or made.name == "wlan-aggregate"]
    frames = [made.frames[index % len(made.frames)] for index, made in enumerate(kinds)]
    frames[3:3] = [(147, b"unknown to all"), (1, b"short")]
    path = tmp_path / "mixed.pcapng"
    path.write_bytes(pcapng(frames))
    theirs = tshark(path)
    assert f"{len(theirs)} frames" in shell.run(f"capture load {path}")
    rows = json.loads(shell.run("frames 100 --json"))["frames"]
    assert len(rows) == len(theirs) == len(frames)
    for name in ("tcp", "arp", "dns", "icmp"):
        found = [row["number"] for row in json.loads(shell.run(f"frames 100 {name} --json"))["frames"]]
        assert found == [number for number, one in enumerate(theirs, 1) if any(
            key.startswith(f"{name}.") for key in one)], name


def test_an_unknown_link_type_is_shown_as_bytes(tmp_path: Path, shell: Shell) -> None:
    path = tmp_path / "unknown.pcap"
    path.write_bytes(pcap(Made("unknown", [(147, b"whatever it is")], False)))
    said = shell.run(f"capture load {path}")
    assert "1 frame" in said and "link type 147" in said
    assert "link type 147, 14 bytes" in shell.run("frames")
    assert [layer["name"] for layer in json.loads(shell.run("frame 1 --json"))["layers"]] == ["data"]


@each_capture
def test_every_frame_may_end_anywhere(made: Made) -> None:
    for link_type, data in made.frames[::3]:
        for size in range(0, len(data), 3):
            frame = on_link(link_type, data[:size])
            for layer in layers(frame):
                assert 0 <= layer.offset <= layer.offset + layer.length <= size
                for field in layer.fields:
                    assert 0 <= field.offset <= field.offset + field.length <= size, field
            dissect(frame)
            assert disagreeing(Records().frame(frame)) == []


@pytest.mark.parametrize("head, repeated", [
    (bytes(12) + b"\x81\x00", b"\0\5\x81\x00"), (bytes(12) + b"\x88\x47", b"\0\0\0\0"),
    (bytes(12) + b"\x08\x00", bytes.fromhex("450000000000000040040000 0a000001 0a000002")),
])
def test_nothing_is_too_deep(head: bytes, repeated: bytes) -> None:
    frame = head + repeated * 3000
    assert len(layers(frame)) < 50
    assert not Dissected(frame).tcp
    assert disagreeing(Records().frame(frame)) == []


def test_a_tunnel_in_what_an_error_quotes_is_a_quotation() -> None:
    made = next(made for made in captures() if made.name == "ip-in-ip")
    inner = next(data for _, data in made.frames if Dissected(data).tcp)[14:]
    error = bytes.fromhex("450000000000000040010000 0a000001 0a000002 0303000000000000") + inner
    packet = Dissected(bytes(12) + b"\x08\x00" + error)
    assert all(layer.quoted for layer in packet.ip[1:])
    assert not compile_filter("tcp.len").test(Record(packet.data))

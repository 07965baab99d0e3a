"""Lists, ladders and streams where the same ports were used twice, and where the beginning is not kept."""

from __future__ import annotations

import json
import re
import struct
import subprocess
import time
from pathlib import Path

import pytest

from tests.captures import pcap
from tests.flows import A, P, Talk, needs_tshark
from tests.shell.conftest import Shell


def twice() -> Talk:
    """Return two connections of the same ports."""
    talk = Talk().open()
    talk.out(1, 1, b"first question", P | A)
    talk.back(1, 15, b"first answer", P | A)
    talk.first, talk.theirs = 77_000_000, 900
    talk.open()
    talk.out(1, 1, b"second question", P | A)
    talk.back(1, 16, b"second answer", P | A)
    return talk


def load(shell: Shell, path: Path, talk: Talk) -> None:
    path.write_bytes(pcap(talk.frames))
    shell.run(f"capture load {path}")


def test_each_connection_counts_from_its_own_beginning(shell: Shell, tmp_path: Path) -> None:
    load(shell, tmp_path / "twice.pcap", twice())
    rows = json.loads(shell.run("frames --json"))["frames"]
    numbers = [re.findall(r"(?:seq|ack)=(\d+)", row["info"]) for row in rows]
    assert numbers[:5] == [["0"], ["0", "1"], ["1", "1"], ["1", "1"], ["1", "15"]]
    assert numbers[5:] == [["0"], ["0", "1"], ["1", "1"], ["1", "1"], ["1", "16"]]
    for ladder, shown in (("ladder", {0, 1, 15, 16}), ("ladder 1", {0, 1, 15}), ("ladder 2", {0, 1, 16})):
        assert {int(value) for value in re.findall(r"(?:seq|ack)=(\d+)", shell.run(ladder))} == shown
    assert [field["text"] for layer in json.loads(shell.run("frame 9 --json"))["layers"] for field in layer["fields"]
            if field["name"] == "tcp.seq"] == ["1 (on the wire 77000001)"]


def test_each_connection_is_followed_by_itself(shell: Shell, tmp_path: Path) -> None:
    load(shell, tmp_path / "twice.pcap", twice())
    for number, word in ((1, b"first"), (2, b"second")):
        found = json.loads(shell.run(f"follow {number} --json"))
        assert [bytes.fromhex(piece["data"]) for piece in found["pieces"]] == [word + b" question", word + b" answer"]
    assert "no TCP frame of connection #3" in shell.fail("follow 3")


def test_numbers_stay_when_the_syn_is_not_kept_any_more(shell: Shell) -> None:
    shell.run("tcp connect 192.168.1.1:7")
    shell.run('tcp send 1 "hello"')
    before = {row["number"]: row["info"] for row in json.loads(shell.run("frames --json"))["frames"]}
    ring = shell.app.session.core.ring
    opened = next(event.serial for event in ring.events if event.kind == "app" or event.kind == "tcp.delivered")
    ring.events = [event for event in ring.events if event.serial >= opened]
    ring.first = 2  # as when the past was visited: nobody remembers what was read
    after = {row["number"]: row["info"] for row in json.loads(shell.run("frames tcp --json"))["frames"]}
    assert after and all(before[number] == info for number, info in after.items())
    assert all(int(value) < 100 for value in re.findall(r"(?:seq|ack)=(\d+)", shell.run("ladder tcp")))
    number = max(after)
    seq = re.search(r"seq=(\d+)", after[number])
    assert seq is not None and str(number) in shell.run(f"frames tcp.seq == {seq[1]}")


def test_a_long_stream_is_put_together_in_time_that_grows_with_it(shell: Shell, tmp_path: Path) -> None:
    """Processor time; measured again if a loaded machine got in the way, which never makes a square of it linear.

    Five times as much takes five times as long, and some more where memory is new to the process; a square would be 25.
    """

    def spent(megabytes: int) -> float:
        talk = Talk().open()
        size, count = 20_000, megabytes * 50
        for index in range(count):
            talk.back(1 + index * size, 1, bytes(size))
        load(shell, tmp_path / "long.pcap", talk)
        before = time.process_time()
        found = json.loads(shell.run("follow 1 --all --json"))
        took = time.process_time() - before
        assert found["inward"] == count * size == len(found["pieces"][0]["data"]) // 2
        return took

    long, short = [], []
    for _ in range(5):
        long.append(spent(10))
        short.append(spent(2))
        if min(long) <= 10 * min(short):
            return
    raise AssertionError((long, short))


@needs_tshark
@pytest.mark.parametrize("nanoseconds", [False, True])
def test_times_are_written_as_wireshark_does(
    shell: Shell, tmp_path: Path, nanoseconds: bool, monkeypatch: pytest.MonkeyPatch,
) -> None:
    frames = [(at * 1001 + 1, data) for at, data in twice().frames]
    content = pcap(frames)
    if nanoseconds:  # the same numbers, in another unit: 32 bits of a fraction of a second
        content = struct.pack("<I", 0xA1B23C4D) + content[4:]
    assert all(at % 1000 for at, _ in frames)
    path = tmp_path / "times.pcap"
    path.write_bytes(content)
    shell.run(f"capture load {path}")
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        for how, theirs in (("rel", "r"), ("delta", "d"), ("abs", "ad"), ("utc", "ud")):
            told = subprocess.run(
                ["tshark", "-n", "-r", str(path), "-t", theirs, "-T", "fields", "-e", "_ws.col.Time"],
                capture_output=True, text=True, check=True).stdout.split("\n")[:-1]
            rows = json.loads(shell.run(f"frames --time {how} --json"))["frames"]
            assert [row["time"] for row in rows] == told
            assert all(said in shell.run(f"frames --time {how}") for said in told)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_the_lab_has_no_date(shell: Shell) -> None:
    shell.run("ping 192.168.1.1 --count 1")
    assert "has no date" in shell.fail("frames --time utc")
    assert "not 'dleta'" in shell.fail("frames --time dleta")
    rows = json.loads(shell.run("frames --time rel --json"))["frames"]
    assert [row["time"] for row in rows] == [f"{row['time_us'] / 1_000_000:.6f}" for row in rows]
    deltas = [float(row["time"]) for row in json.loads(shell.run("frames --time delta --json"))["frames"]]
    assert deltas[0] == 0 and abs(sum(deltas) - (rows[-1]["time_us"] - rows[0]["time_us"]) / 1_000_000) < 1e-9


@needs_tshark
@pytest.mark.parametrize("snaplen", [54, 58, 68])
def test_frames_that_a_capture_has_cut_off_are_listed_by_their_own_lengths(
    shell: Shell, tmp_path: Path, snaplen: int,
) -> None:
    talk = Talk().open()
    talk.out(1, 1, b"q" * 300, P | A)
    talk.back(1, 301, b"a" * 1000, P | A)
    talk.back(1001, 301, b"b" * 200, P | A)
    talk.out(301, 1201)
    parts = [pcap([])]
    for at, data in talk.frames:
        kept = data[:snaplen]
        parts += [struct.pack("<IIII", 1000, at, len(kept), len(data)), kept]
    path = tmp_path / "cut.pcap"
    path.write_bytes(b"".join(parts))
    told = subprocess.run(
        ["tshark", "-n", "-r", str(path), "-T", "fields", "-e", "tcp.seq", "-e", "tcp.ack", "-e", "tcp.len"],
        capture_output=True, text=True, check=True).stdout.splitlines()
    shell.run(f"capture load {path}")
    rows = json.loads(shell.run("frames --json"))["frames"]
    for row, line in list(zip(rows, told, strict=True))[2:]:
        seq, ack, length = line.split("\t")
        assert f"seq={seq} ack={ack} len={length} " in row["info"]
    assert ":5000" in rows[3]["source"] and "cut off" in rows[3]["info"]
    labels = [rung["label"] for rung in json.loads(shell.run("ladder 1 --json"))["rungs"]]
    assert "len=1000" in labels[4]
    found = json.loads(shell.run("follow 1 --json")) if snaplen > 54 else None
    if found is not None:
        room = snaplen - 54
        assert [bytes.fromhex(piece["data"]) for piece in found["pieces"]] == [b"q" * room, b"a" * room, b"b" * room]
        assert [piece["offset"] for piece in found["pieces"]] == [0, 0, 1000]
        assert (found["cut"], found["missing"]) == (1500 - 3 * room, 0)
        assert "bytes are not in the capture" in shell.run("follow 1")

"""The debugger with the kernel as the peer: time, breakpoints, the past, and recordings that others replay."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tap.harness import KERNEL, OURS, ROOT, KernelLab

NOBODY = 65534
AS_NOBODY = f"""
import os, sys
from contextlib import redirect_stdout
from shell.__main__ import main
# Whatever is loaded late is loaded now: it may lie where only root can read.
with open(os.devnull, "w") as nothing, redirect_stdout(nothing):
    main(["--sim", "-c", "http get http://192.168.1.1/", "-c", "why", "-c", "frame 1", "-c", "ladder 1", "-c", "goto 1",
          "-c", "fork"])
os.setgroups([]); os.setresgid({NOBODY}, {NOBODY}, {NOBODY}); os.setresuid({NOBODY}, {NOBODY}, {NOBODY})
assert os.geteuid() == {NOBODY}
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def lab() -> Iterator[KernelLab]:
    """A namespace of this test's own."""
    with KernelLab() as made:
        yield made


def lines(*commands: str) -> list[str]:
    """Return the arguments that run these commands."""
    return ["--json", *(part for command in commands for part in ("-c", command))]


def said(done: subprocess.CompletedProcess[str]) -> list[Any]:
    """Return what was answered; nothing may have failed."""
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.needs("curl")
def test_a_recording_of_the_kernel_replays_for_somebody_else(lab: KernelLab, tmp_path: Path) -> None:
    """A download with losses, repeated exactly by a user without rights, in a process without a network."""
    files = tmp_path / "files"
    files.mkdir()
    (files / "big.bin").write_bytes(random.Random(1).randbytes(1_000_000))
    recording = lab.folder / "run.aether"
    answers = said(lab.shell("--seed", "5", *lines(
        f"http serve {files}", "link loss 5%",
        f"host -- curl -sS -o /dev/null --max-time 50 -w %{{size_download}} http://{OURS}/big.bin",
        "pause", f"record {recording}", "status", "why drop", "why retransmit", "counters"), timeout=90))
    assert answers[2]["output"] == "1000000"
    status = answers[5]
    lab.folder.chmod(0o755)
    recording.chmod(0o644)

    lost = int(answers[6]["answer"].split("frame ")[1].split()[0])
    replay = subprocess.run(
        ["unshare", "-n", sys.executable, "-c", AS_NOBODY, "--replay", str(recording), *lines(
            "status", "why drop", "why retransmit", "counters", f"frame {lost}", "goto 1", "live", f"why {lost}",
            "ladder 1", "back 10", "timeline log")],
        capture_output=True, text=True, timeout=90, cwd=ROOT, check=False)
    again = said(replay)
    assert {name: again[0][name] for name in ("occurrence", "time_us", "frames", "events", "hosts", "seed")} == {
        name: status[name] for name in ("occurrence", "time_us", "frames", "events", "hosts", "seed")}
    assert again[1:4] == answers[6:9], "the same reasons for the last loss and the last retransmission, the same counts"
    assert again[4]["row"]["number"] == lost
    assert again[5]["occurrence"] == 1
    assert again[6]["occurrence"] == status["occurrence"]
    assert f"lost frame {lost}" in again[7]["answer"]
    assert again[8]["rungs"][0]["number"]
    assert again[9]["past"]
    inputs = again[10]["inputs"]
    assert [row["what"].partition("(")[0] for row in inputs[:3]] == ["HttpServe", "HttpFile", "LinkSet"]


@pytest.mark.needs("curl")
def test_a_fork_of_a_recording_is_answered_as_far_as_it_is_the_same(lab: KernelLab, tmp_path: Path) -> None:
    """What the kernel sent comes again, in its time; the first frame of ours that differs is told."""
    (tmp_path / "big.bin").write_bytes(random.Random(2).randbytes(300_000))
    recording = tmp_path / "run.aether"
    said(lab.shell(*lines(
        f"http serve {tmp_path}", "link loss 5%",
        f"host -- curl -sS -o /dev/null --max-time 50 http://{OURS}/big.bin", "pause", f"record {recording}")))
    parted = 'back until link.what contains "no longer answers"'
    done = subprocess.run(
        [sys.executable, "-m", "shell", "--replay", str(recording), *lines(
            "status", "goto 40", "fork same", "run 20s", "compare main same", "timeline switch main",
            "goto 40", "fork other", "link loss 60% out", "run 20s", parted, "live", "compare main other",
            f"record {tmp_path}/other.aether", f"replay {tmp_path}/other.aether",
            "compare knob tcp.sack=off")],
        capture_output=True, text=True, timeout=90, cwd=ROOT, check=False)
    answers = said(done)
    same, other, knob = (one for one in answers if "same_until" in one)
    assert same["same_until"] >= answers[0]["frames"] - 10, "but for what the last losses leave to be done"
    assert other["same_until"] < same["same_until"]
    assert "as it was recorded" in other["verdict"]
    assert next(one for one in answers if one.get("past") and one["occurrence"] > 40), "the difference is an event"
    assert knob["left"]["name"] == "as it is"


def test_a_damaged_recording_is_refused(lab: KernelLab) -> None:
    """The state at the end is part of the file."""
    recording = lab.folder / "run.aether"
    said(lab.shell(*lines(f"ping {KERNEL} --count 1", "pause", f"record {recording}")))
    text = recording.read_text(encoding="utf-8").splitlines(keepends=True)
    frame = next(number for number, line in enumerate(text) if '"frame"' in line)
    recording.write_text("".join(text[:frame] + text[frame + 1:]), encoding="utf-8")
    done = lab.shell("--replay", str(recording))
    assert done.returncode == 2
    assert "--replay looks at a run without a device" in done.stderr
    done = subprocess.run([sys.executable, "-m", "shell", "--replay", str(recording), "-c", "status"], cwd=ROOT,
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"aether-shell: {recording}: ")
    assert "Traceback" not in done.stderr


@pytest.mark.needs("curl")
class TestTime:
    """Stepping and stopping while the kernel's clock goes on."""

    def test_step_until_waits_for_the_kernel(self, lab: KernelLab) -> None:
        """No timer fires ahead of its time while the other end takes its own."""
        server = lab.spawn(sys.executable, "-u", "-m", "http.server", "8000", stdout=subprocess.PIPE)
        assert server.stdout is not None
        assert b"Serving" in server.stdout.readline()
        answers = said(lab.shell(*lines(
            "pause", f"tcp connect {KERNEL}:8000", "step until state ESTABLISHED",
            'tcp send 1 "GET / HTTP/1.0\\r\\n\\r\\n"', "step until tcp.len > 0 and dir == in", "next 1",
            "tcp close 1", "finish 1", "tcp conns", "counters"), timeout=60))
        assert [answers[index]["reason"] for index in (2, 4, 5, 7)] == ["found"] * 4
        assert any("SYN-SENT → ESTABLISHED" in row["text"] for row in answers[2]["events"])
        assert "clock goes on" in answers[0]["note"]
        assert "clock goes on" in answers[2]["hint"]
        assert {row["state"] for row in answers[8]["connections"]} <= {"TIME-WAIT"}
        counted = {row["name"]: row["count"] for row in answers[9]["counters"]}
        assert counted.get("tcp.retransmitted", 0) == 0

    def test_a_breakpoint_stops_a_download(self, lab: KernelLab, tmp_path: Path) -> None:
        """Time stands still at the end of the occurrence that hits it; the past shows the one before."""
        (tmp_path / "big.bin").write_bytes(bytes(300_000))
        answers = said(lab.shell(*lines(
            f"http serve {tmp_path}", "break when conn 1 snd_una > 100000",
            "break commands 1 tcp show 1",
            f"host -- sh -c 'curl -s -o /dev/null --max-time 2 http://{OURS}/big.bin; true'", "status", "break list",
            "back 1", "goto 1", "live", "step", "break delete 1", "why conn 1 stalled", "run 3s"), timeout=60))
        by_kind = {name: one for one in answers for name in one}
        stop = next(one for one in answers if "breakpoint" in one and "at" in one)
        assert stop["breakpoint"] == 1
        shown = next(one["connection"] for one in answers if "connection" in one and "snd_una" in one["connection"])
        assert shown["snd_una"] > 100_000
        status = next(one for one in answers if "lab" in one)
        assert not status["running"]
        assert by_kind["breakpoints"]["breakpoints"][0]["hits"] == 1
        back = next(one for one in answers if one.get("past") and one["occurrence"] == status["occurrence"] - 1)
        assert back["present"] == status["occurrence"]
        step = next(one for one in answers if "occurrences" in one)
        assert step["occurrences"][0]["number"] == status["occurrence"] + 1
        assert "clock goes on" in step["note"]

    def test_nothing_can_be_forked_there(self, lab: KernelLab) -> None:
        """The kernel cannot go back with us; the message says what can."""
        done = lab.shell(*lines(f"ping {KERNEL} --count 1", "goto 1", "fork", "speed 10",
                                f"ping {KERNEL}", "replay nothing"))
        assert done.returncode == 1
        for message in ("cannot go back with us", "the kernel's clock decides", "this is the past",
                        "without a device"):
            assert message in done.stderr

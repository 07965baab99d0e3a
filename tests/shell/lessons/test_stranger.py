"""The captures that come with the lessons: by name, read only, and put away when a lesson ends."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from shell.captures import samples
from shell.lessons.allowed import refusal
from tests.shell.conftest import Shell

EXAMPLE = Path(__file__).resolve().parents[3] / "docs" / "example.pcapng"


def test_the_first_is_that_of_the_documentation() -> None:
    assert (samples.DIRECTORY / "example.pcapng").read_bytes() == EXAMPLE.read_bytes()
    assert samples.names() == ("example", "no-connection", "slow-download", "slow-page")


def test_a_file_of_that_name_comes_first(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "15 frames of example" in shell.run("capture load example")
    shutil.copy(samples.DIRECTORY / "no-connection.pcap", tmp_path / "example")
    assert "7 frames of example" in shell.run("capture load example")


def test_a_lesson_names_captures_and_no_files() -> None:
    assert refusal("capture load slow-page") is None
    for line in ("capture load /etc/passwd", "capture load other", "capture save x.pcapng", "capture load ../x.pcap"):
        assert refusal(line) is not None


def test_what_a_lesson_opened_is_closed_with_it_and_ones_own_comes_back(engine_shell: Shell) -> None:
    session = engine_shell.session
    engine_shell.run("capture load example")
    engine_shell.run("lesson start strangers-capture")
    assert session.capture is None
    engine_shell.run("capture load slow-page")
    engine_shell.run("lesson quit")
    assert session.capture is not None
    assert session.capture.file == "example"


@pytest.mark.skipif(not shutil.which("tshark"), reason="needs tshark")
def test_tshark_reads_the_same_gaps() -> None:
    def times(name: str, what: str) -> list[float]:
        file = next(each for each in samples.DIRECTORY.iterdir() if each.stem == name)
        ran = subprocess.run(["tshark", "-r", str(file), "-T", "fields", "-e", "frame.time_relative", "-Y", what],
                             capture_output=True, text=True, check=True)
        return [float(each) for each in ran.stdout.split()]

    assert [round(each, 1) for each in times("example", "tcp.analysis.retransmission")] == [0.2]
    asked, page = times("slow-page", "http.request")[0], times("slow-page", "http.response")[0]
    assert round(page - asked, 4) == 0.0404
    assert len(times("no-connection", "arp.dst.proto_ipv4 == 192.168.1.77")) == 3

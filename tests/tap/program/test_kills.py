"""Twenty of the kills of `python -m tests.tap.kills`, and whether what they leave would be noticed."""

from __future__ import annotations

import lzma
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tap import left_behind
from tests.tap.harness import ROOT, KernelLab, command, wait_until
from tests.tap.kills import KINDS, run

KILLS = 20


@pytest.mark.needs("tshark", "curl", "ping")
def test_nothing_is_left_and_everything_can_be_read() -> None:
    outcome = run(KILLS, seed=1)
    assert outcome.complaints == []
    assert outcome.kills.total() == KILLS
    assert set(outcome.kills) == set(KINDS)
    # With this seed, these kills come after answers that say that the file is written.
    assert not {"recording: run.aether", "capture: run.pcapng"} & set(outcome.unwritten)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which a session has written one file of each kind."""
    folder = tmp_path_factory.mktemp("written")
    lines = ("http get http://192.168.1.1/", "record run.aether", "capture save run.pcapng", "lesson start first-frame",
             "ping 192.168.1.1", "lesson hint", "lesson skip", "lesson report ada.json --name Ada", "lesson quit")
    subprocess.run(
        [sys.executable, "-m", "shell", "--sim", "--no-config", *(word for line in lines for word in ("-c", line))],
        cwd=folder, check=True, capture_output=True, timeout=120,
        env={**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(folder), "XDG_DATA_HOME": str(folder / "data")})
    (folder / "data" / "aether" / "history").write_bytes(
        lzma.compress(b'{"history_version": "4.0.0", "history_items": []}'))
    return folder


CUT: dict[str, Callable[[bytes], bytes]] = {
    "without its end": lambda data: data[:-7],
    "the first half": lambda data: data[:len(data) // 2],
    "nothing": lambda data: b"",
}


@pytest.mark.parametrize("how", CUT)
@pytest.mark.parametrize("name", [
    "run.aether", "run.pcapng", "ada.json", "lessons.json", "lesson-first-frame.json", "evidence-first-frame.json",
    "history"])
@pytest.mark.needs("tshark")
def test_a_file_that_is_cut_off_is_noticed(written: Path, tmp_path: Path, name: str, how: str) -> None:
    (file,) = written.rglob(name)
    copy = tmp_path / file.parent.name / name
    copy.parent.mkdir()
    copy.write_bytes(file.read_bytes())
    assert left_behind.complaints(tmp_path) == []
    copy.write_bytes(CUT[how](file.read_bytes()))
    (said,) = left_behind.complaints(tmp_path)
    assert said.startswith(f"{name}: ")


def test_a_file_that_nobody_writes_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "core").touch()
    (tmp_path / ".run.aether.0123.part").touch()
    assert left_behind.complaints(tmp_path) == ["core: nothing of that name is written"]
    assert left_behind.names(left_behind.beside(tmp_path)) == ".run.aether.0123.part"


def test_a_process_and_an_interface_that_are_left_are_noticed() -> None:
    mark = f"noticed-{os.getpid()}"
    with KernelLab() as lab:
        usual = left_behind.interfaces(lab.name)
        command("ip", "-n", lab.name, "tuntap", "add", "mode", "tap", "name", "aether0")
        assert left_behind.interfaces(lab.name) - usual == {"aether0"}
        parent = lab.spawn("sh", "-c", "setsid sleep 300 & echo $!", stdout=subprocess.PIPE,
                           env={**os.environ, left_behind.MARK: mark})
        assert parent.stdout is not None
        pid = parent.stdout.readline().decode().strip()
        parent.wait(30)
        wait_until(lambda: left_behind.processes(mark) == [f"{pid} sleep 300"], 30)
        os.kill(int(pid), 9)
        wait_until(lambda: left_behind.processes(mark) == [], 30)

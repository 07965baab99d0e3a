"""Two shells at once, and a home that nobody may write: no line and no lesson is lost while anybody could keep it."""

from __future__ import annotations

import lzma
import threading
from pathlib import Path

import pytest
from cmd2.history import History

from shell.lessons.progress import Progress, ProgressStore
from shell.prompt.app import AetherShell
from tests.shell.conftest import Shell
from tests.shell.direct import session


def lines(file: Path) -> list[str]:
    """Return the lines that a history file holds."""
    return [each.raw for each in History.from_json(lzma.decompress(file.read_bytes()).decode())]


def test_both_histories_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "history"
    shells = [AetherShell(session(), history_file=str(file), interactive=False) for _ in range(2)]
    for turn in range(2):
        for name, shell in enumerate(shells):
            shell.onecmd_plus_hooks(f"status # shell {name}, line {turn}")
    for shell in (*shells, shells[0]):
        shell._persist_history()
    kept = lines(file)
    assert sorted(kept) == sorted({*kept}), "a line is there twice"
    assert {f"status # shell {name}, line {turn}" for name in range(2) for turn in range(2)} <= {*kept}
    for shell in shells:
        shell.persistent_history_file = ""


def test_both_write_down_what_was_done(tmp_path: Path) -> None:
    def note(name: str) -> None:
        for turn in range(25):
            with ProgressStore(tmp_path).changing() as progress:
                progress.seen.append(f"{name}{turn}")

    threads = [threading.Thread(target=note, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ProgressStore(tmp_path).load().seen) == 50


def test_nothing_is_written_that_did_not_change(tmp_path: Path) -> None:
    ProgressStore(tmp_path).save(Progress(seen=["one"]))
    before = (tmp_path / "lessons.json").stat().st_mtime_ns
    with ProgressStore(tmp_path).changing():
        pass
    assert (tmp_path / "lessons.json").stat().st_mtime_ns == before


def test_a_lesson_runs_where_nothing_may_be_kept(
    engine_shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "file").write_text("no directory")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    engine_shell.run("lesson start arp")
    said = capfd.readouterr().err
    assert said.count("your progress is kept as long as this shell runs") == 1
    engine_shell.run("arp clear")
    engine_shell.run("ping 192.168.1.1")
    engine_shell.run("lesson quit")
    assert "1/4" in engine_shell.run("lesson list")
    engine_shell.run("lesson start arp")
    assert "2/4" in engine_shell.run("lesson next")
    assert "kept as long" not in capfd.readouterr().err

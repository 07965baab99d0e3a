"""Ctrl-C, SIGTERM and SIGHUP, in scripts and at every moment of the start: the program ends in order, in few words."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
AT_AN_IMPORT = """
import os, signal, sys

class Presses:
    \"\"\"Presses Ctrl-C at the so-manieth import after the program has begun.\"\"\"
    left = int(sys.argv.pop(1))

    def find_spec(self, name, path=None, target=None):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGINT)
        return None

from shell import endings
from shell.__main__ import main
sys.meta_path.insert(0, Presses())
sys.exit(main(sys.argv[1:]))
"""
MOMENTS = (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 120, 144, 180, 233, 280, 320, 377, 420, 470, 520, 610, 700)


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """The environment of somebody whose files are in `tmp_path`."""
    return {**os.environ, "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "data"), "PYTHONPATH": str(ROOT),
            "XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path / "config"), "TERM": "xterm"}


@pytest.mark.parametrize("moment", MOMENTS)
def test_ctrl_c_while_it_starts_shows_no_traceback(home: dict[str, str], moment: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", AT_AN_IMPORT, str(moment), "--sim", "-c", "status"], env=home, capture_output=True,
        text=True, check=False, timeout=120)
    assert done.stderr in ("", "aether-shell: interrupted\n"), done.stderr
    assert "Traceback" not in done.stderr and "ignored" not in done.stderr
    assert done.returncode in (0, endings_status(signal.SIGINT)), done.stderr
    if moment < 100:
        assert done.returncode == endings_status(signal.SIGINT), "fewer things are imported: take other moments"


@pytest.mark.parametrize("moment", MOMENTS[::3])
def test_ctrl_c_while_the_interactive_shell_starts(home: dict[str, str], moment: int) -> None:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    process = subprocess.Popen(
        [sys.executable, "-c", AT_AN_IMPORT, str(moment), "--sim", "--no-config"], env=home, stdin=theirs,
        stdout=theirs, stderr=subprocess.PIPE)
    os.close(theirs)
    assert process.stderr is not None
    said = bytearray()
    os.set_blocking(ours, False)
    end = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < end:
        try:
            said += os.read(ours, 65_536)
        except BlockingIOError:
            time.sleep(0.02)
        except OSError:
            break
        if b"aether>" in said:
            said.clear()
            os.write(ours, b"quit\r")
    process.kill()  # nothing to be done if it has ended, as it should
    errors = process.stderr.read().decode()
    process.wait(10)
    os.close(ours)
    assert process.returncode in (0, endings_status(signal.SIGINT)), errors
    assert "Traceback" not in errors and b"Traceback" not in said


def endings_status(number: signal.Signals) -> int:
    """What a shell says of a program that such a signal ended."""
    return 128 + number


@pytest.mark.parametrize("how", ["script", "-c", "standard input"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_script_is_ended_in_order(tmp_path: Path, home: dict[str, str], how: str, number: signal.Signals) -> None:
    """The pipe of `capture live` is taken away, the lesson under way is kept, and no line runs any more."""
    pipe, after = tmp_path / "pipe", tmp_path / "after.aether"
    lines = ["lesson start first-frame", f"capture live {pipe}", "ping 192.168.1.1 --count 1000000", f"record {after}"]
    words = ["--sim", "--no-config"]
    if how == "script":
        (tmp_path / "file.aes").write_text("\n".join(lines) + "\n")
        words.append(str(tmp_path / "file.aes"))
    elif how == "-c":
        words += [word for line in lines for word in ("-c", line)]
    process = subprocess.Popen(
        [sys.executable, "-m", "shell", *words], env=home, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdin is not None
    try:
        if how == "standard input":
            process.stdin.write("\n".join(lines) + "\n")
            process.stdin.flush()
        end = time.monotonic() + 60
        while not pipe.exists():
            assert process.poll() is None and time.monotonic() < end, process.communicate()
            time.sleep(0.02)
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()  # nothing to be done if it has ended, as it should
    assert process.returncode == endings_status(number), errors
    assert errors in ("", "aether-shell: interrupted\n")
    assert not pipe.exists()
    assert not after.exists()
    kept = json.loads((tmp_path / "data" / "aether" / "lessons.json").read_text())
    assert kept["current"] == "first-frame"
    assert (tmp_path / "data" / "aether" / "lesson-first-frame.json").exists()

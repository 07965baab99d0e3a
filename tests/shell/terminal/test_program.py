"""The program as another program runs it: -c, scripts, pipes, statuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def run(*arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the program to its end."""
    return subprocess.run(
        [sys.executable, "-m", "shell", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60,
        **({"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}))


def test_version() -> None:
    assert run("--version").stdout.startswith("aether-shell 0.")


def test_lines_with_json_are_one_document_each() -> None:
    done = run("--sim", "--json", "-c", "ping 192.168.1.1", "-c", "tcp connect 192.168.1.1:80", "-c", "tcp conns")
    assert done.returncode == 0, done.stderr
    ping, connect, conns = (json.loads(line) for line in done.stdout.splitlines())
    assert ping["received"] == 3
    assert connect["state"] == "ESTABLISHED"
    assert len(conns["connections"]) == 1


def test_the_same_seed_prints_the_same() -> None:
    lines = [part for line in ("trace on", "link loss 20%", "http get http://192.168.1.1/", "frames", "status")
             for part in ("-c", line)]
    first, second, other = (run("--sim", "--seed", seed, "--plain", *lines).stdout for seed in ("5", "5", "6"))
    assert first == second
    assert first != other


def test_every_line_of_c_runs_and_the_status_tells() -> None:
    done = run("--sim", "-c", "tcp show 9", "-c", "status")
    assert done.returncode == 1
    assert "no connection 9" in done.stderr
    assert "SIM" in done.stdout


def test_a_script_stops_at_its_first_failure(tmp_path: Path) -> None:
    script = tmp_path / "lesson.aes"
    script.write_text("# a comment\n\nping 192.168.1.1\ntrce on\nstatus\n")
    done = run("--sim", str(script))
    assert done.returncode == 1
    assert "3 answered" in done.stdout
    assert "no command 'trce'" in done.stderr
    assert "lesson.aes:4: stopped here" in done.stderr
    assert "SIM" not in done.stdout


def test_lines_from_a_pipe() -> None:
    done = run("--sim", stdin="ping 192.168.1.1 --count 1\nquit\nstatus\n")
    assert done.returncode == 0
    assert "1 sent, 1 answered" in done.stdout
    assert "SIM" not in done.stdout


@pytest.mark.parametrize(("arguments", "message"), [
    (["--sim", "--frobnicate"], "unrecognized arguments: --frobnicate"),
    (["--sim", "no-such-file.aes"], "cannot read no-such-file.aes: No such file or directory"),
    (["--sim", "--seed", "x"], "the seed must be a whole number, not 'x'"),
    (["--sim", "--mode", "fast"], "invalid choice"),
    (["--sim", "--json", "--plain"], "--json and --plain exclude each other"),
    (["--sim", "-c", "status", "script"], "-c and a script exclude each other"),
    (["--sim", "--address", "10.0.0.2/24"], "are for a TAP"),
    (["--sim", "--workers", "none"], "the number of workers is from 1 to 64, or auto, not 'none'"),
    (["--replay", "run.aether", "--workers", "2"], "leave out --workers"),
])
def test_what_it_cannot_begin_with(arguments: list[str], message: str) -> None:
    done = run(*arguments)
    assert done.returncode in (1, 2)
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_the_simulated_host_has_as_many_cores_as_asked_for() -> None:
    done = run("--sim", "--json", "--workers", "3", "-c", "workers show")
    assert [row["worker"] for row in json.loads(done.stdout)["rows"]] == [0, 1, 2]


def test_without_a_shell_until_a_signal() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "shell", "--sim", "--no-shell"], cwd=ROOT, text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1.5)
    process.terminate()
    out, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (0, "")
    assert out.startswith("Aether: the simulated lab, seed ")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("arguments, stdin", [
    (["--sim", "-c", "status"], None), (["--sim", "-c", "frames", "-c", "help"], None),
    (["--sim", "--json"], "status\n"),
    (["--sim"], "trace on\nping 192.168.1.1\n"), (["lesson", "lint", "arp"], None),
    (["drill", "tests/drill/handshake"], None),
])
def test_what_cannot_be_written_is_told_in_one_line(arguments: list[str], stdin: str | None) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-m", "shell", *arguments], cwd=ROOT, stdout=full, text=True, timeout=60,
                              stderr=subprocess.PIPE, input=stdin or "")
    assert done.returncode == 1
    assert done.stderr == "aether-shell: cannot write what is printed: No space left on device\n"

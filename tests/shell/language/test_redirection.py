"""`>` and `|` after commands that take an expression: what is saved, and what stays the expression's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from shell.language.registry import load_all, owns_line
from shell.prompt.parsing import redirection
from tests.shell.conftest import Shell

load_all()


def cut(line: str) -> tuple[str, str]:
    found = owns_line(line)
    assert found is not None
    at = redirection(line, found)
    return (line, "") if at < 0 else (line[:at].strip(), line[at:])


@pytest.mark.parametrize("line", [
    "frames > all.txt", "frames > all", "ladder | less", "ladder 1 > one", "frames 5 > few",
    "frames tcp.len > 0 | grep SYN", "frames tcp.len > 0 >> more", "frames tcp.len > 0 > ./file", "frames ip > ip.txt",
    'frames frame contains "|" | wc -l', "frames --host host > file",
])
def test_what_is_saved(line: str) -> None:
    before, after = cut(line)
    assert after and f"{before} {after}" == line


@pytest.mark.parametrize("line", [
    "frames tcp.len > 0", "frames tcp.len > udp.length", 'frames frame contains "> all.txt"', "frames tcp || udp",
    "break tcp.len > 0", "step until tcp.seq > 1", "frames tcp.len >", 'craft IP() | x', 'tcp send 1 a > b.txt',
    "link drop next tcp.len > 0", 'frames frame contains "a | b"',
])
def test_what_stays_the_expressions(line: str) -> None:
    assert cut(line)[1] == ""


def test_a_list_in_a_file(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shell.run("ping 192.168.1.1 --count 1")
    shell.run("frames > all")
    shell.run("frames icmp.type == 8 and ip.len > 0 > ./asked.txt")
    shell.run("frames icmp.type == 0 >> ./asked.txt")
    assert len(Path("all").read_text().splitlines()) == 4
    assert [("request" in line, "reply" in line) for line in Path("asked.txt").read_text().splitlines()] == [
        (True, False), (False, True)]
    shell.run("frames arp | wc -l > counted")
    assert Path("counted").read_text().strip() == "2"


def test_without_a_terminal_nothing_is_broken(tmp_path: Path) -> None:
    """One frame is one line, however long; with COLUMNS there is a width again."""
    command = [sys.executable, "-m", "shell", "--sim", "--seed", "1", "-c", "dns ask www.lab", "-c", "frames dns",
               "-c", "frames dns | grep -c '53 > .*www.lab ='"]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    answers = [line for line in done.stdout.splitlines() if "www.lab =" in line]
    assert len(answers) == 1 and ":53 > .2" in answers[0], done.stderr
    assert done.stdout.splitlines()[-1] == "1"
    narrow = subprocess.run(command, capture_output=True, text=True, env={**environment, "COLUMNS": "60"}, timeout=120)
    assert max(map(len, narrow.stdout.splitlines())) <= 60

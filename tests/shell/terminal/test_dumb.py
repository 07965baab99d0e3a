"""A terminal that knows no escape sequences (TERM=dumb) gets none, at the prompt and in scripts."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time

import pytest

LINES = ("ping 192.168.1.1 -c 1", "trace on", "tcp connect 192.168.1.1:7", "lesson list", "knob list", "nonsense",
         "clear", "plot cwnd 1", "theme")
PATIENCE = 60
"""Seconds for one line, on a machine that is busy."""


def read_until(descriptor: int, wanted: bytes, until: float) -> bytes:
    """Return what is printed up to some text."""
    said = b""
    while not said.endswith(wanted):
        assert time.monotonic() < until, said
        if select.select([descriptor], [], [], 0.2)[0]:
            try:
                said += os.read(descriptor, 65536)
            except OSError:  # it has ended
                return said
    return said


@pytest.mark.terminal
@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_nothing_but_text(term: str) -> None:
    ours, theirs = pty.openpty()
    shell = subprocess.Popen(
        [sys.executable, "-m", "shell", "--sim", "--seed", "1"], stdin=theirs, stdout=theirs, stderr=theirs,
        env={**os.environ, "TERM": term, "COLORTERM": "truecolor"}, start_new_session=True)
    os.close(theirs)
    try:
        said = read_until(ours, b"aether> ", time.monotonic() + PATIENCE)
        for line in LINES:
            os.write(ours, line.encode() + b"\r")
            said += read_until(ours, b"aether> ", time.monotonic() + PATIENCE)
        os.write(ours, b"quit\r")
        shell.wait(PATIENCE)
    finally:
        shell.kill()
        shell.wait()
        os.close(ours)
    assert b"ESTABLISHED" in said and b"lessons done" in said
    assert b"\x1b" not in said

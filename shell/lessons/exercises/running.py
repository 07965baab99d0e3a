"""A learner's code, run as himself in a process of its own: never in the program, and never as root."""

from __future__ import annotations

import json
import os
import re
import selectors
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aether.engine import python
from shell.files.opening import read_whole
from shell.language.grammar import CommandError
from shell.lessons.exercises.catalogue import EXERCISES, Exercise

LARGEST_FILE = 64 << 10
"""Bytes of a learner's file."""
SECONDS = 3.0
"""Of the processor, for each thing that is asked of the code."""
CLOCK_SECONDS = 20.0
"""Seconds for each, however it spends them."""
GRACE = 10.0
"""Seconds beyond that after which a process is ended that says nothing."""
MOST_PRINTED = 64 << 10
"""Bytes of what the code prints that are kept; all is read."""
MOST_SAID = 8 << 20
"""Bytes that the process may have to say."""
PORTION = 65_536


@dataclass(slots=True)
class RunOutcome:
    """What a process had to say."""

    said: list[dict[str, Any]] = field(default_factory=list)
    printed: str = ""
    ended: str = ""
    """How it ended before it was done; empty if it was."""
    line: int = 0
    """Where the code was then; 0 if nobody knows."""

    @property
    def exercise(self) -> Exercise | None:
        """Which exercise the file is for; None if that was not said."""
        return next((EXERCISES[each["exercise"]] for each in self.said if "exercise" in each), None)


def privileged() -> bool:
    """Tell whether we have rights that the code must not have: root's, or some of them."""
    if not hasattr(os, "geteuid") or 0 in (os.geteuid(), os.getuid()):
        return True
    with suppress(OSError):
        found = re.search(r"^CapEff:\s*([0-9a-f]+)", Path("/proc/self/status").read_text(), re.MULTILINE)
        return found is not None and bool(int(found[1], 16))
    return False


def source_of(path: Path) -> str:
    """Return a learner's file; CommandError if it cannot be taken, above all while we are root."""
    if privileged():
        raise CommandError(
            "an exercise is code of your own, and is not run with root's rights. Begin the shell as yourself: "
            "aether-shell. As root: aether-shell --sim --user NAME")
    try:
        data = read_whole(path, LARGEST_FILE)
    except OSError as problem:
        raise CommandError(f"cannot read {path}: {problem.strerror}") from None
    if len(data) > LARGEST_FILE:
        raise CommandError(f"{path} is larger than {LARGEST_FILE >> 10} kB, too large for an exercise")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as problem:
        line = data[:problem.start].count(b"\n") + 1
        raise CommandError(f"{path}:{line}: this is no text in UTF-8") from None


def run(
    what: str, source: str, snapshot: bytes = b"", *, seconds: float = 0.0, patience: float = 0.0,
) -> RunOutcome:
    """Run a learner's code in a process of its own, to check it or to use it; it ends whatever happens here."""
    seconds, patience = seconds or SECONDS, patience or CLOCK_SECONDS
    job = json.dumps({"what": what, "source": source, "seconds": seconds, "patience": patience}).encode() + b"\n"
    answers, theirs = os.pipe()
    output, printed = os.pipe()
    try:
        process = subprocess.Popen(
            python.words("shell.lessons.exercises.child", str(theirs)), pass_fds=(theirs,), stdin=subprocess.PIPE,
            stdout=printed, stderr=printed, env=python.environment(), start_new_session=True)
    except OSError as problem:
        for each in (answers, output):
            os.close(each)
        raise CommandError(f"no process can be started here, and an exercise needs one: {problem.strerror}") from None
    finally:
        os.close(theirs)
        os.close(printed)
    outcome = RunOutcome()
    try:
        assert process.stdin is not None
        with suppress(BrokenPipeError), process.stdin as pipe:
            pipe.write(job + snapshot)
        said, outcome.printed = _read(answers, output, patience + GRACE)
    finally:
        os.close(answers)
        os.close(output)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        status = process.wait()
    _understand(outcome, said, status, patience)
    return outcome


def _read(answers: int, output: int, patience: float) -> tuple[bytes, str]:
    """Return what a process says and prints, until it is done, or says nothing for too long."""
    said, printed = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        for each in (answers, output):
            selector.register(each, selectors.EVENT_READ)
        until = time.monotonic() + patience
        while selector.get_map() and (left := until - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                data = os.read(key.fd, PORTION)
                if not data:
                    selector.unregister(key.fd)
                if key.fd == output:
                    printed += data[:MOST_PRINTED - len(printed)]
                    continue
                said += data
                until = time.monotonic() + patience
                if not data or said.endswith(b'{"done": true}\n') or len(said) > MOST_SAID:
                    _rest(output, printed)
                    return bytes(said), printed.decode("utf-8", "replace")
    return bytes(said), printed.decode("utf-8", "replace")


def _rest(output: int, printed: bytearray) -> None:
    """Take what was printed already: the code may have left others behind who hold the pipe open."""
    os.set_blocking(output, False)
    with suppress(BlockingIOError):
        while len(printed) < MOST_PRINTED and (data := os.read(output, PORTION)):
            printed += data[:MOST_PRINTED - len(printed)]


def _understand(outcome: RunOutcome, said: bytes, status: int, patience: float) -> None:
    text = said.decode("utf-8", "replace")
    for line in text.splitlines():
        if line.startswith("{"):
            with suppress(ValueError):
                outcome.said.append(json.loads(line))
    if any("done" in each for each in outcome.said):
        return
    if "Timeout (" in text:
        found = re.search(r'File "<your file>", line (\d+)', text)
        outcome.line = int(found[1]) if found else 0
        outcome.ended = f"does not come to an end: stopped after {patience:g} s"
    elif status < 0 and status != -signal.SIGKILL:
        outcome.ended = f"has ended its process by a signal ({signal.Signals(-status).name})"
    elif status >= 0:
        outcome.ended = f"has ended its process, with status {status}"
    else:
        outcome.ended = "says nothing any more, and was ended"

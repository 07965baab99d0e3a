"""A plugin for pytest that tries changes to the code instead of running tests: `-p tools.trials`.

Modules are imported and tests collected once; then a child process for each change puts it into the functions that are
there, and runs the tests that were chosen for it until one fails. The change stands in the file as well meanwhile, for
programs that a test starts. The environment says where: TRIALS_TODO is what to try, a JSON list of `Trial`;
TRIALS_DONE the file to which a line is added for each; TRIALS_SECONDS how long this may go on.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import time
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict

import pytest
from _pytest.runner import runtestprotocol

PATIENCE = float(os.environ.get("TRIALS_PATIENCE", "60"))
"""Seconds that the tests of one change may take beyond three times what they took before: it hangs, and is noticed."""


PASSED, AGAIN = "passed", "again"
"""What a child says if no test noticed anything, and if it cannot tell."""


class Trial(TypedDict):
    """One change, and what is to be run for it."""

    name: str
    path: str
    """Of the file, in full."""
    text: str
    """What it says with the change."""
    tests: list[str]
    seconds: float
    """How long these tests took before."""
    alone: bool
    """Whether the place is executed while modules are imported, so that a process of its own is needed."""


@contextmanager
def standing(trial: Trial, number: int) -> Iterator[None]:
    """Let a change stand in its file. No time of the file comes twice, so no bytecode of another change is taken."""
    path = Path(trial["path"])
    whole, status = path.read_bytes(), path.stat()
    path.write_text(trial["text"], encoding="utf-8")
    os.utime(path, (status.st_atime, status.st_mtime + 10 + number))
    try:
        yield
    finally:
        path.write_bytes(whole)
        os.utime(path, (status.st_atime, status.st_mtime))


def codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """Yield a module's code and that of everything in it."""
    yield code
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            yield from codes(each)


def put_in(path: str, text: str) -> bool:
    """Give the functions of a module their changed code; False if there is one that cannot have it."""
    changed = {(each.co_qualname, each.co_firstlineno): each for each in codes(compile(text, path, "exec"))}
    found = False
    for each in gc.get_objects():
        if isinstance(each, types.FunctionType) and each.__code__.co_filename == path:
            code = changed.get((each.__code__.co_qualname, each.__code__.co_firstlineno))
            if code is not None and code != each.__code__:
                try:
                    each.__code__ = code
                except ValueError:  # it closes over other variables now
                    return False
                found = True
    loaded = any(getattr(module, "__file__", None) == path for module in list(sys.modules.values()))
    return found or not loaded


def failing(items: list[pytest.Item]) -> str:
    """Run tests until one fails, and return its name; empty if none does."""
    for item, after in zip(items, [*items[1:], None], strict=True):
        reports = runtestprotocol(item, nextitem=after, log=False)
        if any(report.failed for report in reports):
            return item.nodeid
    return ""


def forked(trial: Trial, items: list[pytest.Item]) -> str | None:
    """Try a change in a child; return which test noticed it, or that it hung. None: it needs a process of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        said = "it ends early"
        try:
            os.setpgid(0, 0)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            said = failing(items) or PASSED if put_in(trial["path"], trial["text"]) else AGAIN
        except BaseException as problem:  # whatever a change leads to
            said = f"{type(problem).__name__}"
        finally:
            os.write(writing, said.encode()[:400])
            os._exit(0)
    os.close(writing)
    until = time.monotonic() + 3 * trial["seconds"] + PATIENCE
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if time.monotonic() > until:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            os.close(reading)
            return "it hangs"
        time.sleep(0.01)
    with os.fdopen(reading, "rb") as pipe:
        os.set_blocking(pipe.fileno(), False)  # a program that it has left behind may still hold the other end
        said = (pipe.read() or b"it ends early").decode()
    return None if said == AGAIN else "" if said == PASSED else said


def by_itself(trial: Trial) -> str:
    """Try a change in a process of its own."""
    line = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-rfE", "--tb=no", *trial["tests"]]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRIALS_")}
    try:
        done = subprocess.run(line, env=environment, capture_output=True, text=True, check=False,
                              timeout=3 * trial["seconds"] + 4 * PATIENCE)
    except subprocess.TimeoutExpired:
        return "it hangs"
    failed = [text.split(" ")[1] for text in done.stdout.splitlines() if text.startswith(("FAILED", "ERROR"))]
    return failed[0] if failed else f"status {done.returncode}" if done.returncode else ""


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool:
    """Try what is to be tried until the time is over; who is ended before takes the change back that stands."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    until = time.monotonic() + float(os.environ["TRIALS_SECONDS"])
    items = {item.nodeid: item for item in session.items}
    trials: list[Trial] = json.loads(Path(os.environ["TRIALS_TODO"]).read_text(encoding="utf-8"))
    for number, trial in enumerate(trials):
        if time.monotonic() > until:
            break
        chosen = [items[name] for name in trial["tests"] if name in items]
        with standing(trial, number):
            by: str | None = ""
            if chosen:
                by = None if trial["alone"] else forked(trial, chosen)
                by = by_itself(trial) if by is None else by
        line = json.dumps({"name": trial["name"], "by": by, "tests": len(chosen)})
        with open(os.environ["TRIALS_DONE"], "a", encoding="utf-8") as file:
            file.write(line + "\n")
    return True

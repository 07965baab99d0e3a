"""Whoever runs the tests, they are played by somebody who has no settings, no history, and has begun no lesson.

What such files a test makes, the programs that it starts included, lies in a folder of the run, a new one for each
test, and is removed with it.
"""

from __future__ import annotations

import atexit
import itertools
import os
import shutil
import tempfile
from pathlib import Path

HOMES = tuple(f"XDG_{name}_HOME" for name in ("CONFIG", "DATA", "STATE", "CACHE"))
RUN = "AETHER_TESTS_RUN"
"""Names the folder to the workers of a run, which inherit it."""
_numbers = itertools.count()


def begin() -> None:
    """Make the folder of a run, unless this is one of its workers; it is removed as this process ends."""
    if not os.environ.get("PYTEST_XDIST_WORKER"):
        folder = tempfile.mkdtemp(prefix="aether-tests-")
        os.environ[RUN] = folder
        atexit.register(_remove, folder, os.getpid())
    os.environ["LC_ALL"] = "C.UTF-8"  # whatever language the machine speaks
    move()


def move() -> None:
    """Move into a new home. It is made when something is first kept in it."""
    home = Path(os.environ[RUN]) / f"{os.getpid()}-{next(_numbers)}"
    os.environ.update(dict.fromkeys(HOMES, str(home)))


def _remove(folder: str, process: int) -> None:
    if os.getpid() == process:  # and not a child of it
        shutil.rmtree(folder, ignore_errors=True)

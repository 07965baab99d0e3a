"""How a Python process of ours is started: it takes this very package, and nothing from where the person stands.

Python puts the working directory, or the folder of a script, before everything else; a folder that somebody else has
filled would have its `json.py` run with our rights. `-P` leaves that out (Python 3.11 and newer).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import aether

PATH = "PYTHONPATH"


def words(module: str, *arguments: str) -> list[str]:
    """Return the command line that runs a module of ours."""
    return [sys.executable, "-P", "-m", module, *arguments]


def search_path() -> str:
    """Return the PYTHONPATH with which a new interpreter finds this very package.

    What the person's own adds follows, except what would be the working directory: nothing, or a relative path.
    """
    known = filter(os.path.isabs, os.environ.get(PATH, "").split(os.pathsep))
    return os.pathsep.join([str(Path(aether.__file__).absolute().parents[1]), *known])


def environment() -> dict[str, str]:
    """Return our environment with that path."""
    return {**os.environ, PATH: search_path()}

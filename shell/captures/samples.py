"""Captures that come with the lessons, by name: somebody else's, to be read."""

from __future__ import annotations

import os
from pathlib import Path

import lessons

DIRECTORY = Path(lessons.__file__).parent / "captures"
SUFFIXES = (".pcap", ".pcapng")


def names() -> tuple[str, ...]:
    """Return their names."""
    return tuple(sorted(each.stem for each in DIRECTORY.iterdir() if each.suffix in SUFFIXES))


def place(file: str) -> str:
    """Return the path of a capture that comes with the lessons, if that is its name and no file here has it."""
    if os.sep in file or os.path.exists(file):
        return file
    return next((str(each) for each in DIRECTORY.iterdir() if each.stem == file and each.suffix in SUFFIXES), file)

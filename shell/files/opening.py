"""How files are read that a person names, whoever they come from: ordinary ones, and no more of them than is meant.

A named pipe would be waited for, a device may never end, and a large file fills the memory. None of them is opened.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

KINDS = {stat.S_IFIFO: "a named pipe", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device", stat.S_IFDIR: "a directory",
         stat.S_IFSOCK: "a socket"}


def opened(path: Path) -> BinaryIO:
    """Open an ordinary file for reading, at once; OSError if it is none, with what it is as `strerror`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    kind = stat.S_IFMT(os.fstat(descriptor).st_mode)
    if kind != stat.S_IFREG:
        os.close(descriptor)
        raise OSError(0, f"it is {KINDS.get(kind, 'something else')}, and no ordinary file", str(path))
    return os.fdopen(descriptor, "rb")


def read_whole(path: Path, most: int) -> bytes:
    """Return what is in an ordinary file: `most` bytes, and one more if there are more. OSError as `opened`."""
    with opened(path) as file:
        return file.read(most + 1)

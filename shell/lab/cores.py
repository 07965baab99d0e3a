"""How many workers there may be, as a person says it, and how many cores this machine has for them."""

from __future__ import annotations

import os

from shell.language.grammar import CommandError

MOST_WORKERS = 64


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def how_many(text: str, most: int = MOST_WORKERS, why: str = "") -> int:
    """Read a number of workers, or ``auto``, which is as many as there are cores; CommandError for more than `most`.

    `why` says why there can be no more.
    """
    if text == "auto":
        return min(cores(), most)
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= most:
        raise CommandError(f"the number of workers is from 1 to {most}{why}, or auto, not {text!r}")
    return int(text)


def crowded(workers: int) -> str:
    """Return what to say of more processes than this machine has cores; empty if each can have one."""
    here = cores()
    if workers <= here:
        return ""
    return f"{workers} workers take turns on {here} core{'s' if here > 1 else ''}: more than that is not faster"

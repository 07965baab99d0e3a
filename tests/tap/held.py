"""What a program holds: memory, descriptors, threads, timers, connections."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from aether.world import World


class Held(NamedTuple):
    """What the program holds when all is quiet: its own process, and those of its workers."""

    memory: int
    """Bytes resident, after what was freed has been given back to the system."""
    descriptors: int
    threads: int
    timers: int
    connections: int
    blocks: int
    """Objects, as the interpreter counts them: exact, where memory is also what the busiest moment needed."""


def timers(world: World) -> int:
    """Return how many timers a world waits for."""
    world.queue.tidy()
    return len(world.queue.heap)


def connections(world: World) -> int:
    """Return how many connections there are, at rest or half open too."""
    tcp = world.hosts["you"].tcp
    return len(tcp.connections)


def resident(pid: int) -> int:
    """Return how many bytes a process has in memory that are its own."""
    pages, shared = map(int, Path(f"/proc/{pid}/statm").read_text().split()[1:3])
    return (pages - shared) * os.sysconf("SC_PAGESIZE")


def trim() -> None:
    """Give back to the system what this process has freed, as far as the C library can (malloc_trim(3))."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def descriptors(pid: int) -> int:
    """Return how many files and sockets a process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))

"""Bytes that no protocol here takes apart."""

from __future__ import annotations

from aether.reading.context import IpLayer
from aether.reading.tree import DATA, DATA_LENGTH, Protocol, Tree


def read(tree: Tree, start: int, end: int, ip: IpLayer | None) -> int:
    """Take all of it."""
    tree.data(start, end)
    return end


PROTOCOL = Protocol("data", "data", "d", "bytes that no protocol here takes apart", (DATA, DATA_LENGTH), read)

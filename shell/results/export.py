"""What `export` returns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Exported:
    """A view that was written to a file."""

    file: str
    format: str
    command: str
    bytes: int

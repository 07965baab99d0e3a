"""What `schema` returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class SchemaReport:
    """What a command prints with ``--json``."""

    command: str
    results: list[str]
    """The names of its results, as docs/commands.md lists them."""
    schema: dict[str, Any]
    """The JSON Schema."""

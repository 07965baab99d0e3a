"""What `link` returns."""

from __future__ import annotations

from dataclasses import dataclass

from aether.answers import (
    LinkRow,
)


@dataclass(slots=True)
class LinkReport:
    """What the links do to frames."""

    links: list[LinkRow]

"""What `link box` returns."""

from __future__ import annotations

from dataclasses import dataclass

from aether.answers import BoxReport


@dataclass(slots=True)
class LinkBox(BoxReport):
    """The box in the middle of a link, and what it remembers."""

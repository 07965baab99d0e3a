"""A result as something that rich draws, as lines of text, or as JSON.

A view is chosen by the type of the result. The modules that draw are imported when the first result is drawn.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from shell.reading.escape import printable
from shell.views import registry

if TYPE_CHECKING:
    from rich.console import RenderableType


def to_json(result: Any, *, indent: int | None = None) -> str:
    """Return a result as one JSON document; its fields are the schema in docs/commands.md."""
    return json.dumps(asdict(result), ensure_ascii=True, indent=indent)


def to_plain(result: Any) -> str:
    """Return a result as lines of text that make sense one after the other."""
    from shell.views import plain

    return printable(plain.lines(result), lines=True)


def to_rich(result: Any) -> RenderableType:
    """Return a result as something that rich draws."""
    return registry.drawn(result)

"""What a person sees: results drawn with rich, as plain lines, or as JSON.

A view is chosen by the type of the result. The modules are imported when the first result
is drawn.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import RenderableType

network = "192.168.1."
"""The beginning of the addresses of the lab's own network: lines of the trace leave it out."""


def use_network(address: str) -> None:
    """Shorten the addresses of the network that `address` is in."""
    global network
    network = address.rpartition(".")[0] + "."


def to_json(result: Any, *, indent: int | None = None) -> str:
    """Return a result as one JSON document; its fields are the schema in docs/commands.md."""
    return json.dumps(asdict(result), ensure_ascii=True, indent=indent)


def to_plain(result: Any) -> str:
    """Return a result as lines of text that make sense one after the other."""
    from shell.views import plain

    return plain.lines(result)


def to_rich(result: Any) -> RenderableType:
    """Return a result as something that rich draws."""
    from shell.views import draw

    return draw.draw(result)

"""One language for asking: Wireshark's display filters, and events.

`compile_filter` makes a `Filter` of an expression, or raises `FilterError`; `Records` makes
the `Record`s that filters are asked about; `all_fields` lists all that can be asked for, and
`complete` offers what may come next. All of it is imported on first use, and lark with the
first expression that is compiled: whoever never asks pays nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aether.filters.compile import Filter, compile_filter
    from aether.filters.completion import Suggestion, complete
    from aether.filters.errors import FilterError
    from aether.filters.field import FilterField
    from aether.filters.fields import all_fields
    from aether.filters.record import Around, Record, Records

__all__ = [
    "Around",
    "Filter",
    "FilterError",
    "FilterField",
    "Record",
    "Records",
    "Suggestion",
    "all_fields",
    "compile_filter",
    "complete",
]

_HOMES = {
    "Suggestion": "completion", "FilterField": "fields", "Filter": "compile",
    "FilterError": "errors", "Around": "record", "Record": "record", "Records": "record", "all_fields": "fields",
    "compile_filter": "compile", "complete": "completion",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"aether.filters.{_HOMES[name]}"), name)
    return value

"""The tables of fields: those of protocols are made from their layouts in `aether/reading`."""

from collections.abc import Sequence

from aether.filters.field import FilterField
from aether.filters.tables import events, expert, frame
from aether.filters.tables.protocols import LAYERS

TABLES: dict[str, Sequence[FilterField]] = {
    "Frames": frame.FIELDS, **LAYERS, "Expert": expert.FIELDS, "Events": events.FIELDS}
"""Titles and fields, in the order of the docs."""

"""A frame taken apart for a person: what `aether.reading` finds, with nothing in it that could move a cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aether.reading import layout, tree
from aether.reading.protocols import INSIDE
from shell.reading.escape import printable
from shell.results.frames import Field, Layer

if TYPE_CHECKING:
    from aether.reading.context import Context


def dissect(frame: bytes, context: Context | None = None) -> list[Layer]:
    """Take a frame apart, outermost header first.

    `context` is what is known of its conversation; without it, sequence numbers are as on the wire.
    """
    shown = _Shown(bytes(frame), context, INSIDE)
    shown.read()
    return [
        Layer(layer.key, layer.name, layer.offset, layer.length, printable(layer.summary), layer.fields, layer.problem)
        for layer in shown.layers]


class _Shown(tree.Tree):
    """A tree whose fields are those of the results, made as they are found."""

    def add(
        self, layer: tree.ReadLayer, field: layout.Field, offset: int, length: int, value: Any,
        words: str | None = None, label: str = "", part: bool | None = None,
    ) -> None:
        """Add a field to a layer."""
        if field.hidden:
            return
        text = field.text(value)
        if words is None:
            words = text if field.words is None else field.words(value)
        layer.fields.append(Field(
            field.name, label or field.label, offset, length, words if words.isprintable() else printable(words), text,
            field.part if part is None else part))

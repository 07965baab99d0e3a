"""What a protocol looks like: its fields, each declared once.

Readers, trees, filters, completion and docs/filters.md are made of these declarations. Names and values are
Wireshark's wherever Wireshark has the field.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from aether.reading.types import BOOLEAN, Type, writer

from_bytes = int.from_bytes
Words = Callable[[Any], str]
"""Says a value in words, for a person."""


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """A field of a header or a message."""

    name: str
    type: Type
    label: str
    """What stands before its value in a tree."""
    help: str
    at: int = -1
    """Where it begins in a fixed header, in bytes; -1 for what stands where its reader finds it."""
    size: int = 0
    """How many bytes hold it; 0 for as many as its type has, or as its reader finds."""
    mask: int = 0
    """The bits that are its own, of the number that these bytes are; 0 for all."""
    unit: int = 1
    """What the number counts: a length in words of four bytes is shown in bytes."""
    hexadecimal: bool = False
    """Whether it is written in hexadecimal."""
    words: Words | None = None
    """How its value is said; None where the value says it all."""
    names: Mapping[str, int] | None = None
    """Names of values, in small letters, that may stand for their numbers in an expression."""
    part: bool = False
    """Whether it is a part of the field before it, such as one flag of several."""
    ours: bool = False
    """Whether Wireshark has no such field."""
    hidden: bool = False
    """Whether a tree leaves it out: it can be asked for, and says again what others say."""
    only_true: bool = False
    """Whether it exists only when it is true."""
    silent: bool = False
    """Whether Wireshark shows it without a value: that it is there says it all."""

    width: int = dataclasses.field(init=False)
    """How many bytes hold it, 0 if that is not always the same."""
    of: Callable[[bytes], Any] = dataclasses.field(init=False, compare=False)
    """Returns the value that bytes have."""
    text: Callable[[Any], str] = dataclasses.field(init=False, compare=False)
    """Writes a value as Wireshark's JSON does."""

    def __post_init__(self) -> None:
        known: dict[str, Any] = {
            "width": self.size or self.type.size,
            "of": self._numbers() if self.type.family == "number" else _OF.get(self.type.family, bytes),
        }
        digits = 2 * known["width"]
        known["text"] = _silent if self.silent else (
            f"0x{{:0{digits}x}}".format if self.hexadecimal else writer(self.type))
        for name, value in known.items():
            object.__setattr__(self, name, value)

    def _numbers(self) -> Callable[[bytes], Any]:
        """Return what reads a number, as short as can be: a tree has dozens of them."""
        mask, unit = self.mask, self.unit
        if self.type is BOOLEAN:
            return lambda data: from_bytes(data, "big") & mask != 0
        if mask:
            low = mask & -mask
            return lambda data: (from_bytes(data, "big") & mask) // low * unit
        return partial(from_bytes, byteorder="big")

    def number(self, word: int) -> int:
        """Return the value that a number has of which some bits are the field's own."""
        mask = self.mask
        if self.type is BOOLEAN:
            return word & mask != 0
        return (word & mask) // (mask & -mask) * self.unit


def _silent(value: object) -> str:
    return ""


_OF: dict[str, Callable[[bytes], Any]] = {
    "address": bytes, "bytes": bytes, "text": lambda data: data.decode("utf-8", "replace")}


def named(names: Mapping[int, str], other: str = "unknown") -> Words:
    """Return words for numbers that have names: ``1 (request)``."""
    return lambda value: f"{value} ({names.get(value, other)})"


def counted(unit: str, each: int = 1) -> Words:
    """Return words for numbers of something: ``20 bytes``; `each` is how many of it one is."""
    return lambda value: f"{value * each} {unit}"

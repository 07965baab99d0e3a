"""The tree of an expression: what was written and where, before anybody asks what it means."""

from __future__ import annotations

from dataclasses import dataclass

Range = tuple[int, int | None, bool]
"""Part of a slice: offset, then a length or the last index (None: to the end), and whether it is a last index."""


@dataclass(frozen=True, slots=True)
class Expression:
    """Any part of an expression; `start` and `end` are places in its text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Word(Expression):
    """A bare word: the name of a field, or a value without quotes."""

    text: str


@dataclass(frozen=True, slots=True)
class Layered(Expression):
    """A field in some layers of its protocol, counted from 1, or as its bytes in the frame."""

    of: Word
    ranges: tuple[Range, ...]
    """Empty for every layer."""
    raw: bool


@dataclass(frozen=True, slots=True)
class Character(Expression):
    """One character between apostrophes: a number, or a byte."""

    value: int


@dataclass(frozen=True, slots=True)
class Quoted(Expression):
    """A value in double quotes, with its escapes resolved."""

    value: bytes


@dataclass(frozen=True, slots=True)
class Captured(Expression):
    """`$1.tcp.seq`: a field of the record that an earlier line matched."""

    index: int
    name: str


@dataclass(frozen=True, slots=True)
class Slice(Expression):
    """Some bytes, or characters, of a value."""

    of: Expression
    ranges: tuple[Range, ...]


@dataclass(frozen=True, slots=True)
class FunctionCall(Expression):
    """A function and its arguments."""

    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Arithmetic(Expression):
    """Two values joined by `+ - * / %` or `&`."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Negative(Expression):
    """A value with its sign changed."""

    of: Expression


@dataclass(frozen=True, slots=True)
class Relation(Expression):
    """Two values compared; `quantifier` is ``any``, ``all`` or empty."""

    operator: str
    quantifier: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class InSet(Expression):
    """A value looked for in a set of values and ranges (low, high)."""

    of: Expression
    items: tuple[tuple[Expression, Expression | None], ...]
    quantifier: str
    negated: bool


@dataclass(frozen=True, slots=True)
class Exists(Expression):
    """A value that stands alone: is there any?"""

    of: Expression


@dataclass(frozen=True, slots=True)
class Not(Expression):
    """The opposite."""

    of: Expression


@dataclass(frozen=True, slots=True)
class Logic(Expression):
    """Several parts joined by ``and``, ``or`` or ``xor``."""

    operator: str
    parts: tuple[Expression, ...]


def parts(node: Expression) -> tuple[Expression, ...]:
    """Return the parts of which a node is made."""
    if isinstance(node, (Slice, Negative, Exists, Not)):
        return (node.of,)
    if isinstance(node, (Arithmetic, Relation)):
        return (node.left, node.right)
    if isinstance(node, InSet):
        return (node.of, *(part for item in node.items for part in item if part is not None))
    if isinstance(node, FunctionCall):
        return node.arguments
    return node.parts if isinstance(node, Logic) else ()

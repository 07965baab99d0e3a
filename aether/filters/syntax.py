"""The tree of an expression: what was written and where, before anybody asks what it means."""

from __future__ import annotations

from dataclasses import dataclass

Range = tuple[int, int | None, bool]
"""Part of a slice: offset, then a length or the last index (None: to the end), and whether it is a last index."""


@dataclass(frozen=True, slots=True)
class Node:
    """Any part of an expression; `start` and `end` are places in its text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Word(Node):
    """A bare word: the name of a field, or a value without quotes."""

    text: str


@dataclass(frozen=True, slots=True)
class Text(Node):
    """A value in double quotes, with its escapes resolved."""

    value: bytes


@dataclass(frozen=True, slots=True)
class Capture(Node):
    """`$1.tcp.seq`: a field of the record that an earlier line matched."""

    index: int
    name: str


@dataclass(frozen=True, slots=True)
class Slice(Node):
    """Some bytes, or characters, of a value."""

    of: Node
    ranges: tuple[Range, ...]


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function and its arguments."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Arithmetic(Node):
    """Two values joined by `+ - * / %` or `&`."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Negative(Node):
    """A value with its sign changed."""

    of: Node


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    """Two values compared; `quantifier` is ``any``, ``all`` or empty."""

    operator: str
    quantifier: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Membership(Node):
    """A value looked for in a set of values and ranges (low, high)."""

    of: Node
    items: tuple[tuple[Node, Node | None], ...]
    quantifier: str
    negated: bool


@dataclass(frozen=True, slots=True)
class Exists(Node):
    """A value that stands alone: is there any?"""

    of: Node


@dataclass(frozen=True, slots=True)
class Not(Node):
    """The opposite."""

    of: Node


@dataclass(frozen=True, slots=True)
class Logic(Node):
    """Several parts joined by ``and``, ``or`` or ``xor``."""

    operator: str
    parts: tuple[Node, ...]


def parts(node: Node) -> tuple[Node, ...]:
    """Return the parts of which a node is made."""
    if isinstance(node, (Slice, Negative, Exists, Not)):
        return (node.of,)
    if isinstance(node, (Arithmetic, Comparison)):
        return (node.left, node.right)
    if isinstance(node, Membership):
        return (node.of, *(part for item in node.items for part in item if part is not None))
    if isinstance(node, Call):
        return node.arguments
    return node.parts if isinstance(node, Logic) else ()

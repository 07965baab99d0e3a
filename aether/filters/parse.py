"""From the text of an expression to its tree. Importing this module imports lark (70 ms)."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput

from aether.filters.errors import FilterError
from aether.filters.explain import explain
from aether.filters.syntax import (
    Arithmetic,
    Captured,
    Character,
    Exists,
    Expression,
    FunctionCall,
    InSet,
    Layered,
    Logic,
    Negative,
    Not,
    Quoted,
    Range,
    Relation,
    Slice,
    Word,
    parts,
)

MAX_LENGTH = 2000
"""Characters of an expression."""
MAX_DEPTH = 40
"""How deep parts may be nested: closures call each other as deep as this, far below Python's own limit."""

_OPERATORS = {
    "eq": "==", "any_eq": "==", "ne": "!=", "all_ne": "!=", "all_eq": "===", "any_ne": "~=", "!==": "~=",
    "gt": ">", "lt": "<", "ge": ">=", "le": "<=", "~": "matches",
}
_JOINED = {"any_of": "or", "one_of": "xor", "all_of": "and"}


@lru_cache(maxsize=1)
def _lark() -> Lark:
    grammar = Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", propagate_positions=True, maybe_placeholders=False)


def parse(text: str) -> Expression:
    """Return the tree of an expression; FilterError if it is none."""
    if not text.strip():
        raise FilterError("the expression is empty; for example: tcp.port == 80", "")
    if len(text) > MAX_LENGTH:
        raise FilterError(
            f"the expression has {len(text)} characters; {MAX_LENGTH} are allowed", text[:60], 0, 60)
    try:
        tree = _lark().parse(text)
    except UnexpectedInput as error:
        raise explain(error, text) from None
    return _Builder(text).whole(tree)


class _Builder:
    """Turns lark's tree into ours."""

    def __init__(self, text: str) -> None:
        self.text = text

    def whole(self, tree: Tree[Token] | Token) -> Expression:
        """Return the whole tree; FilterError if it is too deep, which long sums are too."""
        root = self.build(tree, 0)
        waiting = [(root, 0)]
        while waiting:
            node, depth = waiting.pop()
            if depth > MAX_DEPTH:
                raise self._too_deep(node.start, node.end)
            waiting += [(part, depth + 1) for part in parts(node)]
        return root

    def _too_deep(self, start: int, end: int) -> FilterError:
        return FilterError(f"parts are nested more than {MAX_DEPTH} deep", self.text, start, end)

    def build(self, tree: Tree[Token] | Token, depth: int) -> Expression:
        if isinstance(tree, Token):
            raise AssertionError("every token belongs to a rule")
        start, end = tree.meta.start_pos, tree.meta.end_pos
        if depth > MAX_DEPTH:
            raise self._too_deep(start, end)
        build: Callable[[Tree[Token], int, int, int], Expression] = getattr(self, f"_{tree.data}")
        return build(tree, start, end, depth + 1)

    def _several(self, children: list[Tree[Token] | Token], depth: int) -> tuple[Expression, ...]:
        return tuple(self.build(child, depth) for child in children)

    def _any_of(self, tree: Tree[Token], start: int, end: int, depth: int) -> Expression:
        return Logic(start, end, _JOINED[tree.data], self._several(tree.children, depth))

    _one_of = _all_of = _any_of

    def _negation(self, tree: Tree[Token], start: int, end: int, depth: int) -> Expression:
        return Not(start, end, self.build(tree.children[-1], depth))

    def _existence(self, tree: Tree[Token], start: int, end: int, depth: int) -> Expression:
        return Exists(start, end, self.build(tree.children[0], depth))

    def _quantified(self, tree: Tree[Token]) -> tuple[str, list[Tree[Token] | Token]]:
        first = tree.children[0]
        if isinstance(first, Tree) and first.data == "quantifier":
            return str(first.children[0]), tree.children[1:]
        return "", tree.children

    def _comparison(self, tree: Tree[Token], start: int, end: int, depth: int) -> Expression:
        quantifier, children = self._quantified(tree)
        values = self._several(children[::2], depth)
        words = [str(child.children[0]) for child in children[1::2] if isinstance(child, Tree)]
        operators = [_OPERATORS.get(word, word) for word in words]
        links = tuple(
            Relation(left.start if index else start, right.end, operator, quantifier, left, right)
            for index, (left, operator, right) in enumerate(zip(values, operators, values[1:], strict=False))
        )
        return links[0] if len(links) == 1 else Logic(start, end, "and", links)

    def _membership(self, tree: Tree[Token], start: int, end: int, depth: int, negated: bool = False) -> Expression:
        quantifier, children = self._quantified(tree)
        items = []
        members = children[-1]
        assert isinstance(members, Tree)
        for member in members.children:
            assert isinstance(member, Tree)
            low, *high = self._several(member.children, depth)
            items.append((low, high[0] if high else None))
        return InSet(start, end, self.build(children[0], depth), tuple(items), quantifier, negated)

    def _exclusion_from(self, tree: Tree[Token], start: int, end: int, depth: int) -> Expression:
        return self._membership(tree, start, end, depth, negated=True)

    def _masked(self, tree: Tree[Token], start: int, end: int, depth: int) -> Expression:
        first, *others = self._several(tree.children, depth)
        node = first
        for part in others:
            node = Arithmetic(start, part.end, "&", node, part)
        return node

    def _calculated(self, tree: Tree[Token], start: int, end: int, depth: int) -> Expression:
        node = self.build(tree.children[0], depth)
        for operator, operand in zip(tree.children[1::2], tree.children[2::2], strict=True):
            right = self.build(operand, depth)
            node = Arithmetic(start, right.end, str(operator), node, right)
        return node

    def _signed(self, tree: Tree[Token], start: int, end: int, depth: int) -> Expression:
        of = self.build(tree.children[1], depth)
        return Negative(start, end, of) if tree.children[0] == "-" else of

    def _sliced(self, tree: Tree[Token], start: int, end: int, depth: int) -> Expression:
        node = self.build(tree.children[0], depth)
        for token in tree.children[1:]:
            assert isinstance(token, Token)
            node = Slice(start, token.end_pos or end, node, self._ranges(token))
        return node

    def _word(self, tree: Tree[Token], start: int, end: int, depth: int) -> Expression:
        return Word(start, end, str(tree.children[0]))

    def _layered(self, tree: Tree[Token], start: int, end: int, depth: int, raw: bool = False) -> Expression:
        word, *layers = tree.children
        assert isinstance(word, Token)
        of = Word(word.start_pos or 0, word.end_pos or 0, str(word))
        return Layered(start, end, of, self._layers(layers[0]) if layers else (), raw)

    def _raw(self, tree: Tree[Token], start: int, end: int, depth: int) -> Expression:
        return self._layered(tree, start, end, depth, raw=True)

    def _layers(self, token: Tree[Token] | Token) -> tuple[Range, ...]:
        """Read which layers are meant: `#2`, or ranges of them as in a slice."""
        assert isinstance(token, Token)
        if token[1] == "[":
            return self._ranges(token, 1)
        if not int(token[1:]):
            raise FilterError("layers are counted from 1", self.text, token.start_pos or 0, token.end_pos or 0)
        return ((int(token[1:]), 1, False),)

    def _character(self, tree: Tree[Token], start: int, end: int, depth: int) -> Expression:
        value = self._unescape(str(tree.children[0])[1:-1], start + 1)
        if len(value) != 1:
            raise FilterError("between apostrophes stands one character of one byte; text stands in double quotes",
                              self.text, start, end)
        return Character(start, end, value[0])

    def _text(self, tree: Tree[Token], start: int, end: int, depth: int) -> Expression:
        written = str(tree.children[0])
        raw = written.startswith("r")
        inner = written[2:-1] if raw else written[1:-1]
        return Quoted(start, end, inner.encode("utf-8", "replace") if raw else self._unescape(inner, start + 1))

    def _capture(self, tree: Tree[Token], start: int, end: int, depth: int) -> Expression:
        index, name = str(tree.children[0])[1:].split(".", 1)
        if len(index) > 3:
            raise FilterError("a capture is $ and the number of an earlier line: $1", self.text, start, end)
        return Captured(start, end, int(index), name)

    def _call(self, tree: Tree[Token], start: int, end: int, depth: int) -> Expression:
        return FunctionCall(start, end, str(tree.children[0]), self._several(tree.children[1:], depth))

    def _ranges(self, token: Token, skip: int = 0) -> tuple[Range, ...]:
        """Read what stands between brackets: `offset`, `offset:length`, `first-last`, `:length`, `offset:`."""
        start, end = token.start_pos or 0, token.end_pos or 0
        ranges: list[Range] = []
        for part in token[1 + skip:-1].split(","):
            match = _RANGE.fullmatch(part.strip())
            first, separator, second = match.groups() if match else (None, None, None)
            if not (first or second) or (separator == "-" and not (second and first and int(first) >= 0)):
                raise FilterError(
                    f"'{part.strip()}' is no slice; offset:length, first-last, :length, offset: and offset are",
                    self.text, start, end)
            offset = int(first or 0)
            if separator == "-" and int(second or 0) < offset:
                raise FilterError(f"the slice {part.strip()} ends before it begins", self.text, start, end)
            if separator == ":" and second and not int(second):
                raise FilterError("a slice has at least one byte", self.text, start, end)
            if not separator:
                ranges.append((offset, 1, False))
            else:
                ranges.append((offset, int(second) if second else None, separator == "-"))
        return tuple(ranges)

    def _unescape(self, inner: str, start: int) -> bytes:
        """Resolve the escapes of C. What is no escape keeps its backslash, as regular expressions need it."""
        def resolve(match: re.Match[str]) -> str:
            code = match[1]
            if code[0] in "xX":
                return chr(int(code[1:], 16))
            if code[0] in "01234567":
                if int(code, 8) > 255:
                    raise FilterError(
                        f"\\{code} is more than a byte holds; the largest is \\377", self.text,
                        start + match.start(), start + match.end())
                return chr(int(code, 8))
            return _ESCAPES[code]

        # Bytes above 127 of the text itself go through latin-1 together with the escaped ones.
        return _ESCAPE.sub(resolve, inner.encode("utf-8", "replace").decode("latin-1")).encode("latin-1")


_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "\\": "\\", '"': '"', "'": "'"}
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{1,2}|[0-7]{1,3}|[abfnrtv\\\"'])")
_RANGE = re.compile(r"(-?[0-9]{1,5})?(?:([:-])([0-9]{1,5})?)?")

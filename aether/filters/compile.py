"""From an expression to a function that says whether a record matches.

Nested closures, made from the tree alone: no text of the person is ever executed. A filter is
compiled once and asked often; state holds its text, and the compiled form is only a cache.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from aether.filters.errors import FilterError
from aether.filters.field import EVENT, FRAME, Getter
from aether.filters.fields import all_fields
from aether.filters.operands import Operand, Operands
from aether.filters.pattern import PatternProblem, Search, searcher
from aether.filters.record import Record
from aether.filters.syntax import (
    Arithmetic,
    Exists,
    Expression,
    FunctionCall,
    InSet,
    Logic,
    Negative,
    Not,
    Quoted,
    Relation,
    Slice,
    Word,
)
from aether.filters.values import Subnet, ValueProblem, a, read_word
from aether.reading.types import BOOLEAN, BYTES

Test = Callable[[Record], bool]

_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}


class Filter:
    """A compiled expression."""

    __slots__ = ("captures", "everywhere", "measuring", "names", "notices", "only_frames", "test", "text")

    def __init__(self, text: str, test: Test, names: tuple[str, ...], only_frames: bool, captures: int,
                 notices: tuple[str, ...], measuring: bool, everywhere: bool) -> None:
        self.text = text
        self.test = test
        """Whether a record matches, without captures; the fastest way to ask."""
        self.names = names
        """The fields that it asks for."""
        self.only_frames = only_frames
        """Whether it asks about frames alone, and so matches no record that is not about a frame as such."""
        self.everywhere = everywhere
        """Whether moreover it says the same of a frame where that is sent and where it arrives."""
        self.captures = captures
        self.measuring = measuring
        """Whether it asks what segments are to their connection: `Records` have to measure them then."""
        self.notices = notices
        """What the person may not have meant; empty when all is plain."""

    def matches(self, record: Record, captures: Sequence[Record] = ()) -> bool:
        """Say whether `record` matches; `captures` are the records that `$1`, `$2` … name."""
        if captures:
            record.captures = tuple(captures)
            try:
                return self.test(record)
            finally:
                record.captures = ()
        return self.test(record)

    def __repr__(self) -> str:
        return f"<filter {self.text}>"

    def __reduce__(self) -> tuple[Callable[..., Filter], tuple[str, int]]:
        return compile_filter, (self.text, self.captures)


def compile_filter(text: str, captures: int = 0) -> Filter:
    """Return the compiled expression; FilterError says what is wrong with it and where.

    `captures` is how many earlier records it may refer to, as `$1` and so on.
    """
    from aether.filters.macros import expand

    return _compiled(text, expand(text), captures)


@lru_cache(maxsize=256)
def _compiled(written: str, text: str, captures: int) -> Filter:
    """Compile an expression, with what its macros stand for put in."""
    from aether.filters.parse import parse

    tree = parse(text)
    compiler = Compiler(Operands(text, captures, _asks_for(tree, "host")))
    test = compiler.condition(tree)
    used = compiler.operands.used
    about = {field.about for field in used.values()}
    only_frames = FRAME in about and EVENT not in about
    measuring = any(field.measured for field in (*used.values(), *compiler.operands.earlier))
    return Filter(written, _guarded(test) if only_frames else test, tuple(used), only_frames, captures,
                  tuple(compiler.notices), measuring, about == {FRAME})


def _guarded(test: Test) -> Test:
    return lambda record: record.is_frame and test(record)


def _asks_for(tree: Expression, name: str) -> bool:
    """Say whether the expression compares a field of that name; on the right, it is a value."""
    if isinstance(tree, Logic):
        return any(_asks_for(part, name) for part in tree.parts)
    if isinstance(tree, Not):
        return _asks_for(tree.of, name)
    first = tree.left if isinstance(tree, Relation) else tree.of if isinstance(tree, (InSet, Exists)) else tree
    return isinstance(first, Word) and first.text == name


class Compiler:
    """Compiles the conditions of one expression."""

    def __init__(self, operands: Operands) -> None:
        self.operands = operands
        self.notices: list[str] = []

    def condition(self, node: Expression) -> Test:
        """Return the test that a condition is."""
        if isinstance(node, Logic):
            return _logic(node.operator, [self.condition(part) for part in node.parts])
        if isinstance(node, Not):
            test = self.condition(node.of)
            return lambda record: not test(record)
        if isinstance(node, Exists):
            return self._exists(node)
        if isinstance(node, InSet):
            return self._membership(node)
        assert isinstance(node, Relation)
        if node.operator == "matches":
            return self._matches(node)
        if node.operator == "contains":
            return self._contains(node)
        return self._comparison(node)

    def _exists(self, node: Exists) -> Test:
        operand = self.operands.operand(node.of, None)
        field = operand.field
        if field is not None and field.type is BOOLEAN and not field.only_true:
            self.notices.append(
                f"{field.name} alone asks whether there is such a field, 0 or 1, as in Wireshark; "
                f"{field.name} == 1 asks whether it is set")
        get = operand.get
        if isinstance(node.of, FunctionCall):
            self.operands.fail(node.of, f"{node.of.name}(…) alone says nothing; compare it, such as == 1")
        if isinstance(node.of, (Arithmetic, Negative)):
            return lambda record: any(any(value) if isinstance(value, bytes) else value for value in get(record))
        if isinstance(node.of, Slice):
            return lambda record: any(get(record))
        return lambda record: bool(get(record))

    def _comparison(self, node: Relation) -> Test:
        operands = self.operands
        left, right = operands.pair(node.left, node.right)
        self._comparable(node, left, right)
        symbol, quantifier = node.operator, node.quantifier
        if left.constant is not None:
            left, right = right, left
            symbol = _MIRRORED.get(symbol, symbol)
        every = quantifier == "all" or (not quantifier and symbol in ("!=", "==="))
        symbol = {"===": "==", "~=": "!="}.get(symbol, symbol)
        field = left.field
        if field is not None and field.only_true and right.constant == 0:
            self.notices.append(f"{field.name} is there only when it is true; !{field.name} asks for the opposite")
        if isinstance(right.constant, Subnet):
            return _network(left.get, right.constant, symbol, every)
        if symbol not in ("==", "!=") and left.type.family == right.type.family == "bytes":
            left, right = _by_length(left), _by_length(right)
        if right.constant is not None:
            return _with_constant(left.get, right.constant, symbol, every)
        return _with_each(left.get, right.get, _ORDER[symbol], every)

    def _comparable(self, node: Expression, left: Operand, right: Operand) -> None:
        one, two = left.type.family, right.type.family
        if one != two and not {one, two} <= {"bytes", "address"}:
            self.operands.fail(
                node, f"{self._shown(left.node)} is {a(left.type)} and {self._shown(right.node)} is {a(right.type)}; "
                "they cannot be compared")

    def _membership(self, node: InSet) -> Test:
        operands = self.operands
        of = operands.operand(node.of, None)
        plain: list[Any] = []
        tests: list[Callable[[Any, Record], bool]] = []
        for low, high in node.items:
            first = operands.operand(low, of)
            self._comparable(low, of, first)
            if high is not None:
                last = operands.operand(high, of)
                self._comparable(high, of, last)
                tests.append(self._range(low, high, first, last))
            elif isinstance(first.constant, Subnet):
                tests.append(_within(first.constant))
            elif first.constant is not None:
                plain.append(first.constant)
            else:
                tests.append(_equals(first.get))
        test = _member(of.get, frozenset(plain), tests, node.quantifier == "all")
        return (lambda record: not test(record)) if node.negated else test

    def _range(self, low: Expression, high: Expression, first: Operand, last: Operand) -> Callable[[Any, Record], bool]:
        if isinstance(first.constant, Subnet) or isinstance(last.constant, Subnet):
            self.operands.fail(low, "a range goes from one address to another, not from or to a network")
        if first.constant is not None and last.constant is not None:
            if first.constant > last.constant:
                raise FilterError("the range ends before it begins", self.operands.text, low.start, high.end)
            least, most = first.constant, last.constant
            return lambda value, record: bool(least <= value <= most)
        lows, highs = first.get, last.get
        return lambda value, record: any(
            least <= value <= most for least in lows(record) for most in highs(record))

    def _contains(self, node: Relation) -> Test:
        operands = self.operands
        of = operands.operand(node.left, None)
        if of.type.family not in ("bytes", "text"):
            operands.fail(node.left, f"{self._shown(node.left)} is {a(of.type)}; contains looks into bytes and text")
        if isinstance(node.right, Quoted):
            value = node.right.value
            part: Any = value.decode("utf-8", "replace") if of.type.family == "text" else value
        elif isinstance(node.right, Word) and (
                of.type.family == "text" or node.right.text not in all_fields()):
            part = _read_part(operands, node.right, of)
        else:
            other = operands.operand(node.right, of)
            self._comparable(node.right, of, other)
            return _contains_each(_searched(of), other.get, node.quantifier == "all")
        get = _searched(of)
        if node.quantifier == "all":
            return lambda record: bool(values := get(record)) and all(part in value for value in values)

        def some(record: Record) -> bool:
            for value in get(record):  # noqa: SIM110 - half as long as with a generator
                if part in value:
                    return True
            return False
        return some

    def _matches(self, node: Relation) -> Test:
        operands = self.operands
        of = operands.operand(node.left, None)
        if of.type.family not in ("bytes", "text"):
            operands.fail(node.left, f"{self._shown(node.left)} is {a(of.type)}; matches looks into bytes and text")
        if not isinstance(node.right, Quoted):
            operands.fail(node.right, f'a regular expression stands in double quotes: "{self._shown(node.right)}"')
        search = self._pattern(node.right, of.type.family == "text")
        get = _searched(of)
        if node.quantifier == "all":
            return lambda record: bool(values := get(record)) and all(search(value) for value in values)
        return lambda record: any(search(value) for value in get(record))

    def _pattern(self, node: Quoted, is_text: bool) -> Search:
        try:
            return searcher(node.value, is_text)
        except PatternProblem as problem:
            self.operands.fail(node, str(problem))

    def _shown(self, node: Expression) -> str:
        return self.operands.text[node.start:node.end]


def _read_part(operands: Operands, node: Word, of: Operand) -> Any:
    """Return what a bare word means to a field that is searched for it."""
    if of.type.family == "text":
        return node.text
    try:
        # Any row of bytes can be looked for, also in an address.
        return read_word(node.text, BYTES)
    except ValueProblem as problem:
        operands.fail(node, str(problem))


def _searched(of: Operand) -> Getter:
    return of.field.whole if of.field is not None and of.field.whole is not None else of.get


def _logic(symbol: str, tests: list[Test]) -> Test:
    if symbol == "xor":
        return lambda record: sum(map(bool, (test(record) for test in tests))) % 2 == 1
    if len(tests) == 2:
        first, second = tests
        if symbol == "and":
            return lambda record: first(record) and second(record)
        return lambda record: first(record) or second(record)
    if symbol == "and":
        def every(record: Record) -> bool:
            for test in tests:  # noqa: SIM110 - half as long as with a generator
                if not test(record):
                    return False
            return True
        return every

    def some(record: Record) -> bool:
        for test in tests:  # noqa: SIM110 - half as long as with a generator
            if test(record):
                return True
        return False
    return some


def _with_constant(get: Getter, value: Any, symbol: str, every: bool) -> Test:
    """Return a test of values against one that never changes: the most frequent by far."""
    if symbol == "==" and not every:
        return lambda record: value in get(record)
    if symbol == "!=" and every:
        return lambda record: bool(values := get(record)) and value not in values
    compare = _ORDER[symbol]
    if every:
        return lambda record: bool(values := get(record)) and all(compare(one, value) for one in values)

    def some(record: Record) -> bool:
        for one in get(record):  # noqa: SIM110 - half as long as with a generator
            if compare(one, value):
                return True
        return False
    return some


def _with_each(left: Getter, right: Getter, compare: Callable[[Any, Any], bool], every: bool) -> Test:
    """Return a test of the values of two fields, each with each."""
    quantify: Callable[[Any], bool] = all if every else any

    def test(record: Record) -> bool:
        ones = left(record)
        twos = right(record) if ones else ()
        return bool(ones) and bool(twos) and quantify(compare(one, two) for one in ones for two in twos)
    return test


def _by_length(operand: Operand) -> Operand:
    """Return an operand of bytes for comparing which is greater: the longer one is, as in Wireshark."""
    get, constant = operand.get, operand.constant

    def lengths(record: Record) -> Sequence[Any]:
        return [(len(value), value) for value in get(record)]
    return replace(operand, get=lengths, constant=None if constant is None else (len(constant), constant))


def _network(get: Getter, network: Subnet, symbol: str, every: bool) -> Test:
    """Return a test of addresses against a network: their part in it is compared."""
    compare, prefix, masked = _ORDER[symbol], network.prefix, network.masked
    quantify: Callable[[Any], bool] = all if every else any

    def test(record: Record) -> bool:
        values = get(record)
        return bool(values) and quantify(compare(masked(value), prefix) for value in values)
    return test


def _within(network: Subnet) -> Callable[[Any, Record], bool]:
    return lambda value, record: network.masked(value) == network.prefix


def _equals(get: Getter) -> Callable[[Any, Record], bool]:
    return lambda value, record: value in get(record)


def _member(get: Getter, plain: frozenset[Any], tests: Sequence[Callable[[Any, Record], bool]], every: bool) -> Test:
    def is_in(value: Any, record: Record) -> bool:
        return value in plain or any(test(value, record) for test in tests)

    if every:
        return lambda record: bool(values := get(record)) and all(is_in(value, record) for value in values)
    if not tests:
        return lambda record: not plain.isdisjoint(get(record))
    return lambda record: any(is_in(value, record) for value in get(record))


def _contains_each(get: Getter, others: Getter, every: bool) -> Test:
    quantify: Callable[[Any], bool] = all if every else any

    def test(record: Record) -> bool:
        values, parts = get(record), others(record)
        return bool(values) and bool(parts) and quantify(part in value for value in values for part in parts)
    return test

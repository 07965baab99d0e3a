"""From the values of an expression to functions that read them from a record.

Every operand becomes a getter: a function of a record that returns all values that it has
there. What the types do not allow is refused here, before anything is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from operator import add, mod, mul, sub
from typing import Any, NoReturn

from aether.filters.errors import FilterError
from aether.filters.field import FilterField, Getter
from aether.filters.fields import all_fields, near, suggestion
from aether.filters.layers import IN_FRAMES, getter
from aether.filters.record import Record
from aether.filters.syntax import (
    Arithmetic,
    Captured,
    Character,
    Expression,
    FunctionCall,
    Layered,
    Negative,
    Quoted,
    Range,
    Slice,
    Word,
)
from aether.filters.tables.events import direction_at_host
from aether.filters.values import Subnet, ValueProblem, a, read_text, read_word, show
from aether.reading.types import BYTES, NUMBER, PROTOCOL, TEXT, TIME, Type


@dataclass(frozen=True, slots=True)
class Operand:
    """A value of an expression: how to read it, and of what type it is."""

    node: Expression
    type: Type
    get: Getter
    field: FilterField | None = None
    """The field, if it is one and nothing more."""
    constant: Any = None
    """The value, if it is always the same one; None otherwise."""


class Operands:
    """Compiles the operands of one expression, and keeps what they use."""

    def __init__(self, text: str, captures: int, host_named: bool) -> None:
        self.text = text
        self.captures = captures
        """How many earlier records there are to refer to."""
        self.host_named = host_named
        """Whether the expression asks for a host, which decides whose directions `dir` means."""
        self.used: dict[str, FilterField] = {}
        """Fields of the record itself."""
        self.earlier: list[FilterField] = []
        """Fields of earlier records."""

    def fail(self, node: Expression, message: str) -> NoReturn:
        """Raise FilterError for a part of the expression."""
        raise FilterError(message, self.text, node.start, node.end)

    def pair(self, left: Expression, right: Expression) -> tuple[Operand, Operand]:
        """Compile the two sides of a comparison; at least one has to tell the type of the other."""
        left_type, right_type = self.type_of(left), self.type_of(right)
        if left_type is None and right_type is None:
            if isinstance(left, Word) and (left.text[0].isalpha() or "_" in left.text):
                self.unknown(left)
            self.fail(left, "a field is missing: nothing here says what these values are")
        if left_type is None:
            second = self.operand(right, None)
            return self.operand(left, second), second
        first = self.operand(left, None)
        return first, self.operand(right, first)

    def type_of(self, node: Expression) -> Type | None:
        """Return the type of a part; None if only its neighbour can tell."""
        if isinstance(node, Word):
            field = all_fields().get(node.text)
            return field.type if field else None
        if isinstance(node, Captured):
            field = all_fields().get(node.name)
            return field.type if field else NUMBER
        if isinstance(node, Layered):
            return BYTES if node.raw else self.type_of(node.of) or NUMBER
        if isinstance(node, Slice):
            return self.type_of(node.of) and BYTES
        if isinstance(node, FunctionCall):
            return NUMBER
        if isinstance(node, Arithmetic):
            return self.type_of(node.left) or self.type_of(node.right)
        return self.type_of(node.of) if isinstance(node, Negative) else None

    def operand(self, node: Expression, beside: Operand | None) -> Operand:
        """Compile one operand; `beside` is the other side, which says what a bare value means."""
        if isinstance(node, Word):
            return self._word(node, beside)
        if isinstance(node, Quoted):
            return self._text(node, beside)
        if isinstance(node, Character):
            return self._character(node, beside)
        if isinstance(node, Captured):
            return self._capture(node)
        if isinstance(node, Layered):
            return self._layered(node)
        if isinstance(node, Slice):
            return self._slice(node)
        if isinstance(node, FunctionCall):
            return self._call(node)
        if isinstance(node, Negative):
            return self._negative(node, beside)
        assert isinstance(node, Arithmetic)
        return self._bits(node, beside) if node.operator == "&" else self._arithmetic(node, beside)

    def field(self, node: Word) -> Operand:
        """Compile a word that has to be a field."""
        field = all_fields().get(node.text)
        if field is None:
            self.unknown(node)
        self.used[field.name] = field
        get = direction_at_host if field.name == "dir" and self.host_named else field.get
        return Operand(node, field.type, get, field)

    def unknown(self, node: Word) -> NoReturn:
        """Raise FilterError for a word that should be a field."""
        name = node.text
        first = name.partition("-")[0]
        if "-" in name and first in all_fields():
            self.fail(node, f"there is no field '{name}'; a difference needs spaces: {name.replace('-', ' - ')}")
        if name[0].isdigit() or ":" in name:
            self.fail(node, f"'{name}' alone says nothing; compare a field with it, such as tcp.port == 80")
        self.fail(node, f"there is no field '{name}'.{suggestion(name)}")

    def _word(self, node: Word, beside: Operand | None) -> Operand:
        if beside is None:
            return self.field(node)
        field = beside.field
        choices = list(field.choices()) if field and field.choices else None
        known = all_fields().get(node.text)
        if choices is not None:
            return self._choice(node, node.text, choices, beside)
        names = field.names if field else None
        is_name = names is not None and node.text.lower() in names
        if known is not None and not is_name and (beside.type.family != "text" or "." in node.text):
            return self.field(node)
        try:
            value = read_word(node.text, beside.type, names)
        except ValueProblem as problem:
            if "." in node.text and node.text.partition(".")[0] in all_fields():
                self.unknown(node)
            self._refuse(node, beside, problem, node.text)
        return _constant(node, beside.type, value)

    def _choice(self, node: Expression, word: str, choices: Sequence[str], beside: Operand) -> Operand:
        plain = {choice.lower().replace("_", "-"): choice for choice in choices}
        choice = plain.get(word.lower().replace("_", "-"))
        known = all_fields().get(word) if isinstance(node, Word) else None
        if choice is None and known is not None and known.type.family == "text":
            return self.field(Word(node.start, node.end, word))
        if choice is None:
            assert beside.field is not None
            self.fail(node, f"{beside.field.name} is never '{word}'.{near(word, choices)}")
        return _constant(node, beside.type, choice)

    def _text(self, node: Quoted, beside: Operand | None) -> Operand:
        if beside is None:
            self.fail(node, "text alone says nothing; compare a field with it, such as http.host == \"example\"")
        field = beside.field
        if field and field.choices:
            return self._choice(node, node.value.decode("utf-8", "replace"), list(field.choices()), beside)
        try:
            value = read_text(node.value, beside.type, field.names if field else None)
        except ValueProblem as problem:
            self._refuse(node, beside, problem, node.value.decode("utf-8", "replace"))
        return _constant(node, beside.type, value)

    def _refuse(self, node: Expression, beside: Operand, problem: ValueProblem, word: str) -> NoReturn:
        field = beside.field
        if field and field.names and word and not word[0].isdigit():
            self.fail(node, f"{field.name} has no value called '{word}'.{near(word, field.names)}")
        self.fail(node, f"{field.name}: {problem}" if field else str(problem))

    def _capture(self, node: Captured) -> Operand:
        field = all_fields().get(node.name)
        if field is None:
            self.fail(node, f"there is no field '{node.name}'.{suggestion(node.name)}")
        if not self.captures:
            self.fail(node, f"${node.index} needs an earlier line to refer to, and there is none here")
        if not 1 <= node.index <= self.captures:
            lines = "is only $1" if self.captures == 1 else f"are only $1 to ${self.captures}"
            self.fail(node, f"there {lines} here, and no ${node.index}")
        self.earlier.append(field)
        index, read = node.index - 1, field.get

        def get(record: Record) -> Sequence[Any]:
            captures = record.captures
            return read(captures[index]) if index < len(captures) else ()
        return Operand(node, field.type, get)

    def _layered(self, node: Layered) -> Operand:
        of = self.field(node.of)
        assert of.field is not None
        if node.raw and of.field.name not in IN_FRAMES:
            self.fail(node, f"{of.field.name} stands in no frame, and so has no bytes")
        get = getter(of.field, node.ranges, node.raw)
        return Operand(node, BYTES, get) if node.raw else Operand(node, of.type, get, replace(of.field, get=get))

    def _character(self, node: Character, beside: Operand | None) -> Operand:
        if beside is None:
            self.fail(node, "a character alone says nothing; compare a field with it, such as tcp.payload[0] == 'G'")
        if beside.type.family == "number":
            return _constant(node, beside.type, node.value)
        if beside.type.family == "bytes":
            return _constant(node, beside.type, bytes((node.value,)))
        self.fail(node, f"{self._named(beside)} is {a(beside.type)}, and no character; text stands in double quotes")

    def _slice(self, node: Slice) -> Operand:
        of = self.operand(node.of, None)
        if of.type.family not in ("bytes", "address", "text"):
            self.fail(node, f"{self._named(of)} is {a(of.type)}, which has no bytes to slice")
        get, ranges = of.get, node.ranges

        def sliced(record: Record) -> Sequence[Any]:
            return [_cut(value, ranges) for value in get(record)]
        return Operand(node, TEXT if of.type.family == "text" else BYTES, sliced)

    def _call(self, node: FunctionCall) -> Operand:
        name = node.name
        if name not in FUNCTIONS:
            self.fail(Word(node.start, node.start + len(name), name), f"there is no function '{name}'."
                      + near(name, FUNCTIONS))
        families, makes, help = FUNCTIONS[name]
        if not node.arguments or (len(node.arguments) > 1 and name not in ("max", "min")):
            self.fail(node, f"{name} takes {'one field' if name not in ('max', 'min') else 'fields'}: {help}")
        of = [self.operand(argument, None) for argument in node.arguments]
        for argument in of:
            if argument.type.family not in families:
                self.fail(argument.node, f"{name} has no use for {a(argument.type)}: {help}")
        kind = of[0].type
        if any(argument.type.family != kind.family for argument in of):
            self.fail(node, f"{name} compares values of one kind only")
        type = makes or (TIME if kind is TIME else NUMBER)
        return Operand(node, type, _function(name, [one.get for one in of], kind))

    def _negative(self, node: Negative, beside: Operand | None) -> Operand:
        of = self.operand(node.of, beside)
        if of.type.family not in ("number", "time"):
            self.fail(node, f"{self._named(of)} is {a(of.type)}, which has no sign")
        if of.constant is not None:
            if beside is not None and beside.type.limit:
                self.fail(node, f"{self._named(beside)} is never negative")
            return _constant(node, of.type, -of.constant)
        get = of.get
        return Operand(node, _free(of.type), lambda record: [-value for value in get(record)])

    def _arithmetic(self, node: Arithmetic, beside: Operand | None) -> Operand:
        for part in (node.left, node.right):
            kind = self.type_of(part)
            if kind is not None and kind.family not in ("number", "time"):
                self._no_number(part, kind)
        left, right = self._both(node, beside)
        for side in (left, right):
            if side.type.family not in ("number", "time"):
                self._no_number(side.node, side.type)
        if node.operator in "/%" and right.constant == 0:
            self.fail(node, "a division by zero has no result")
        return self._joined(node, left, right, _free(left.type), _CALCULATE[node.operator])

    def _no_number(self, node: Expression, kind: Type) -> NoReturn:
        self.fail(node, f"{self.text[node.start:node.end]} is {a(kind)}, and cannot be calculated with")

    def _bits(self, node: Arithmetic, beside: Operand | None) -> Operand:
        left, right = self._both(node, beside)
        families = left.type.family, right.type.family
        if families == ("number", "number"):
            return self._joined(node, left, right, NUMBER, lambda one, two: one & two)
        if families[0] not in ("bytes", "address") or families[1] not in ("bytes", "address"):
            odd = left if families[0] not in ("bytes", "address", "number") else right
            self.fail(odd.node, f"{self._named(odd)} is {a(odd.type)}; & takes numbers, or bytes")
        return self._joined(node, left, right, BYTES, _both_bytes)

    def _both(self, node: Arithmetic, beside: Operand | None) -> tuple[Operand, Operand]:
        """Compile both sides; a bare value has the type of the field beside it, without its limit."""
        if self.type_of(node) is None:
            if beside is None:
                self.fail(node, "a field is missing: nothing here says what these values are")
            hint = Operand(beside.node, _free(beside.type), beside.get)
            return self.operand(node.left, hint), self.operand(node.right, hint)
        if self.type_of(node.left) is None:
            right = self.operand(node.right, None)
            return self.operand(node.left, Operand(right.node, _free(right.type), right.get)), right
        left = self.operand(node.left, None)
        return left, self.operand(node.right, Operand(left.node, _free(left.type), left.get))

    def _joined(
        self, node: Expression, left: Operand, right: Operand, kind: Type, join: Callable[[Any, Any], Any],
    ) -> Operand:
        if isinstance(left.constant, Subnet) or isinstance(right.constant, Subnet):
            self.fail(node, "a network is no number")
        if left.constant is not None and right.constant is not None:
            return _constant(node, kind, join(left.constant, right.constant))
        first, second = left.get, right.get

        def get(record: Record) -> Sequence[Any]:
            seconds = second(record)
            return [value for one in first(record) for two in seconds if (value := join(one, two)) is not None]
        return Operand(node, kind, get)

    def _named(self, operand: Operand) -> str:
        return self.text[operand.node.start:operand.node.end]


def _constant(node: Expression, kind: Type, value: Any) -> Operand:
    values = (value,)
    return Operand(node, kind, lambda record: values, constant=value)


def _free(kind: Type) -> Type:
    """Return the type without its limits: sums go beyond them."""
    if kind.family == "number":
        return NUMBER
    return BYTES if kind is PROTOCOL or kind.family == "address" else kind


def _divided(one: int, two: int) -> int | None:
    # Towards zero, as in C and in Wireshark.
    if two == 0:
        return None
    return one // two if (one < 0) == (two < 0) else -(-one // two)


def _remainder(one: int, two: int) -> int | None:
    return None if two == 0 else mod(abs(one), abs(two)) * (-1 if one < 0 else 1)


_CALCULATE: dict[str, Callable[[Any, Any], Any]] = {"+": add, "-": sub, "*": mul, "/": _divided, "%": _remainder}


def _both_bytes(one: bytes, two: bytes) -> bytes:
    return bytes(left & right for left, right in zip(one, two, strict=False))


def _cut(value: Any, ranges: Iterable[Range]) -> Any:
    """Return the parts of a value, joined, up to the first that lies outside, as Wireshark does."""
    parts = []
    size = len(value)
    for offset, length, is_last in ranges:
        start = offset + size if offset < 0 else offset
        end = size if length is None else length + 1 if is_last else start + length
        if start < 0 or end > size or start >= end:
            break
        parts.append(value[start:end])
    return parts[0] if len(parts) == 1 else type(value)().join(parts)


FUNCTIONS: dict[str, tuple[tuple[str, ...], Type | None, str]] = {
    "len": (("bytes", "text", "address"), NUMBER, "len(tcp.payload) is the length in bytes"),
    "count": (("number", "time", "bytes", "text", "address"), NUMBER, "count(ip.src) is how many values it has"),
    "upper": (("text",), TEXT, "upper(http.host) is the text in capitals"),
    "lower": (("text",), TEXT, "lower(http.host) is the text in small letters"),
    "string": (("number", "time", "bytes", "address"), TEXT, "string(tcp.port) is the value as text"),
    "max": (("number", "time"), None, "max(tcp.srcport, tcp.dstport) is the largest value"),
    "min": (("number", "time"), None, "min(tcp.srcport, tcp.dstport) is the smallest value"),
    "abs": (("number", "time"), None, "abs(tcp.len) is the value without its sign"),
}
"""What each function takes, what it makes (None: the same), and an example."""


_CHANGE: dict[str, Callable[[Any], Any]] = {"len": len, "upper": str.upper, "lower": str.lower, "abs": abs}


def _function(name: str, getters: Sequence[Getter], kind: Type) -> Getter:
    get = getters[0]
    if name == "count":
        return lambda record: (len(values),) if (values := get(record)) else ()
    if name in ("max", "min"):
        pick: Callable[[list[Any]], Any] = max if name == "max" else min

        def picked(record: Record) -> Sequence[Any]:
            values = [value for one in getters for value in one(record)]
            return (pick(values),) if values else ()
        return picked
    if name == "string":
        return lambda record: [show(value, kind) for value in get(record)]
    change = _CHANGE[name]
    return lambda record: [change(value) for value in get(record)]

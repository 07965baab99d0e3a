"""Plain data, as JSON has it, read back by declared types: what a file says is a value of them, or refused.

Files come from strangers: a text that is there twice, a number that is none, a list where a word belongs. The types are
those of the dataclasses that the values are for, or of a function's arguments, and nobody else checks them.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
import types
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

LARGEST_NUMBER = (1 << 63) - 1
"""No number of ours is larger, nor smaller than minus this."""
DEEPEST = 20
"""How far values may be inside each other."""
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+|\n')

T = TypeVar("T")


class DataError(ValueError):
    """What was read is not what was declared; the text says where and what, `line` in which line of a text."""

    def __init__(self, what: str, where: tuple[str | int, ...] = (), line: int = 0, token: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        """The names and places that lead to it."""
        self.line = line
        """In which line of a text it is; 0 if that is not known."""
        self.token = token
        """What is wrong itself, where nothing is known that leads to it."""

    def __str__(self) -> str:
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.where).removeprefix(".")
        return f"{place}: {self.what}" if place else self.what


def parse(data: str | bytes) -> Any:
    """Return what a JSON text says; DataError, with the line, for what is none or says something twice."""
    text = _text(data)
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_number, parse_int=_whole, parse_float=_real)
    except json.JSONDecodeError as problem:
        raise DataError(f"no JSON: {problem.msg} at character {problem.colno}", line=problem.lineno) from None
    except RecursionError:
        raise DataError("nested too deeply") from None
    except DataError as problem:
        problem.line = _line_of_token(text, problem.token)
        raise


def _text(data: str | bytes) -> str:
    try:
        return data if isinstance(data, str) else data.decode("utf-8")
    except UnicodeDecodeError as problem:
        line = problem.object[:problem.start].count(b"\n") + 1
        raise DataError(f"byte {problem.start} is not UTF-8", line=line) from None


def load(cls: type[T], data: str | bytes) -> T:
    """Return the dataclass that a JSON text describes; DataError with the line if it does not."""
    text = _text(data)
    try:
        return read(cls, parse(text))
    except DataError as problem:
        problem.line = problem.line or line_of(text, problem.where)
        raise


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise DataError(f"{_short(name)} is there twice", token=json.dumps(name))
            seen.add(name)
    return found


def _no_number(word: str) -> Any:
    raise DataError(f"{word} is no number", token=word)


def _whole(digits: str) -> int:
    if len(digits) > 20 or abs(int(digits)) > LARGEST_NUMBER:
        raise DataError(f"{digits[:20]}… is too large a number", token=digits)
    return int(digits)


def _real(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise DataError(f"{digits[:20]}… is too large a number", token=digits)
    return value


def _walk(text: str) -> Iterator[tuple[int, tuple[str | int, ...], str, bool]]:
    """Go through a JSON text: the line of each token, what leads to it, itself, and whether it is a name."""
    line, last = 1, ""
    path: list[str | int] = []
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token == "\n":
            line += 1
            continue
        named = last in ("{", ",") and token[0] == '"' and bool(path) and isinstance(path[-1], str)
        if named:
            path[-1] = _name(token)
        if token in "]}" and path:
            path.pop()
        yield line, tuple(path[:DEEPEST + 1]), token, named
        if token in "[{":
            path.append(0 if token == "[" else "")
        elif token == "," and path and isinstance(path[-1], int):
            path[-1] += 1
        last = token


def _name(token: str) -> str:
    """Return the name that a token is; as it is written, if it is none: what follows a mistake was never read."""
    try:
        return str(json.loads(token))
    except json.JSONDecodeError:
        return token


def line_of(text: str, where: tuple[str | int, ...]) -> int:
    """Return the line of a JSON text where something is; if it is missing, where it would be inside."""
    found, deepest = 1, -1
    for line, path, _, _ in _walk(text):
        if len(path) > deepest and path == where[:len(path)]:
            found, deepest = line, len(path)
    return found


def _line_of_token(text: str, token: str) -> int:
    """Return the line of a number, or of a name that its table has already."""
    tables: dict[tuple[str | int, ...], set[str]] = {}
    for line, path, found, named in _walk(text):
        if found == "{":
            tables[path] = set()
        if found == token and not named:
            return line
        if named and found == token:
            inside = tables.setdefault(path[:-1], set())
            if found in inside:
                return line
            inside.add(found)
    return 1


def read(cls: type[T], data: Any, where: tuple[str | int, ...] = ()) -> T:
    """Return the dataclass that data describes, name by name; DataError if it does not."""
    return cls(**_named(data, _declared(cls), where))


def arguments(function: Callable[..., Any], data: Any) -> dict[str, Any]:
    """Return what a function is to be called with, by name; DataError if it does not take that."""
    return _named(data, _declared(function), ())


def in_order(function: Callable[..., Any], values: list[Any], left_out: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return what a function is to be called with, of values in their order; DataError if it does not take them.

    `left_out` are arguments that it gets from somebody else.
    """
    names = [name for name in _declared(function) if name not in left_out]
    if len(values) != len(names):
        raise DataError(f"takes {len(names)} ({', '.join(names)}), not {len(values)}")
    return {name: value_of(_declared(function)[name][0], value, (name,))
            for name, value in zip(names, values, strict=True)}


def _declared(what: Any) -> dict[str, tuple[Any, bool]]:
    """Return the type of each field of a dataclass, or argument of a function, and whether it may be missing."""
    if what in _known:
        return _known[what]
    found = _known[what] = _fields(what) if isinstance(what, type) else _parameters(what)
    return found


_known: dict[Any, dict[str, tuple[Any, bool]]] = {}


def _fields(cls: Any) -> dict[str, tuple[Any, bool]]:
    hints = get_type_hints(cls)
    return {each.name: (hints[each.name], each.default is not MISSING or each.default_factory is not MISSING)
            for each in fields(cls)}


def _parameters(function: Any) -> dict[str, tuple[Any, bool]]:
    hints, code = get_type_hints(function), function.__code__
    names = [name for name in code.co_varnames[:code.co_argcount] if name != "self"]
    optional = names[len(names) - len(function.__defaults__ or ()):]
    return {name: (hints[name], name in optional) for name in names}


def _named(data: Any, declared: dict[str, tuple[Any, bool]], where: tuple[str | int, ...]) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise _other("a table of names and values", data, where)
    for name in data:
        if name not in declared:
            raise DataError(f"there is no {_short(name)}: {', '.join(declared)}", where)
    for name, (_, optional) in declared.items():
        if name not in data and not optional:
            raise DataError(f"{name} is missing", where)
    return {name: value_of(declared[name][0], value, (*where, name)) for name, value in data.items()}


def value_of(kind: Any, value: Any, where: tuple[str | int, ...] = ()) -> Any:
    """Return a value of a type, made of plain data; DataError if it is none."""
    if len(where) > DEEPEST:
        raise DataError("nested too deeply", where[:3])
    origin = get_origin(kind)
    if kind is Any:
        return _anything(value, where)
    if origin in (Union, types.UnionType):
        return _one_of(get_args(kind), value, where)
    if kind is bytes:
        return _bytes(value, where)
    if origin is list or kind is list:
        if not isinstance(value, list):
            raise _other("a list", value, where)
        inner = (get_args(kind) or (Any,))[0]
        return [value_of(inner, each, (*where, place)) for place, each in enumerate(value)]
    if origin is tuple:
        inside = get_args(kind)
        if not isinstance(value, list | tuple) or len(value) != len(inside):
            raise _other(f"a list of {len(inside)}", value, where)
        return tuple(value_of(one, each, (*where, place))
                     for place, (one, each) in enumerate(zip(inside, value, strict=True)))
    if origin is dict:
        return _table(get_args(kind), value, where)
    if kind in WORDS:
        return _simple(kind, value, where)
    return read(kind, value, where)


def _table(inside: tuple[Any, ...], value: Any, where: tuple[str | int, ...]) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise _other("a table of names and values", value, where)
    return {_simple(str, name, where): value_of(inside[1], each, (*where, name)) for name, each in value.items()}


def _one_of(kinds: tuple[Any, ...], value: Any, where: tuple[str | int, ...]) -> Any:
    if value is None and type(None) in kinds:
        return None
    others = [kind for kind in kinds if kind is not type(None)]
    if len(others) > 1:
        raise TypeError(f"{others} cannot be told from each other")
    return value_of(others[0], value, where)


WORDS = {int: "a whole number", bool: "true or false", float: "a number", str: "a text"}
"""What people call the simple types."""


def _simple(kind: Any, value: Any, where: tuple[str | int, ...]) -> Any:
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:
        raise _other(WORDS[kind], value, where)
    if kind is str and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise DataError("half a character (a surrogate) is no text", where) from None
    if kind is int and not -LARGEST_NUMBER <= value <= LARGEST_NUMBER:
        raise DataError(f"{_short(value)} is too large a number", where)
    if kind is float and not math.isfinite(value):
        raise DataError(f"{value} is no number", where)
    return value


def _bytes(value: Any, where: tuple[str | int, ...]) -> bytes:
    if not isinstance(value, dict) or list(value) != ["base64"] or not isinstance(value["base64"], str):
        raise _other('bytes, as {"base64": …}', value, where)
    return from_base64(value["base64"], where)


def from_base64(text: Any, where: tuple[str | int, ...] = ()) -> bytes:
    """Return the bytes that a text of base64 has; DataError if it is none."""
    if not isinstance(text, str):
        raise _other("a text of base64", text, where)
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as problem:
        raise DataError(f"no base64: {problem}", where) from None


def _anything(value: Any, where: tuple[str | int, ...]) -> Any:
    if isinstance(value, list):
        return [value_of(Any, each, (*where, place)) for place, each in enumerate(value)]
    if isinstance(value, dict):
        return {_simple(str, name, where): value_of(Any, each, (*where, name)) for name, each in value.items()}
    return value if value is None else _simple(type(value), value, where) if type(value) in WORDS else _refuse(value)


def _refuse(value: Any) -> Any:
    raise TypeError(f"{type(value).__name__} is no plain data")


def _other(wanted: str, value: Any, where: tuple[str | int, ...]) -> DataError:
    """Return the error for a value of another type."""
    return DataError(f"it is {wanted}, not {_short(value)}", where)


def _short(value: Any) -> str:
    """Return a value as JSON has it, and of a long one the beginning."""
    if isinstance(value, dict | list):
        return f"a {'table' if isinstance(value, dict) else 'list'} of {len(value)}"
    text = repr(value) if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 40 else text[:40] + "…"

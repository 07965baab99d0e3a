"""What a learner's part gives, looked at before anybody computes with it: its kind, and whether it is there at all."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any


class WrongKind(Exception):
    """A part gave something of another kind than its task says; `line` is where it is defined, 0 if nobody knows."""

    def __init__(self, text: str, line: int = 0) -> None:
        super().__init__(text)
        self.line = line


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


KINDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "seconds": ("a number of seconds", _number),
    "number": ("a number", _number),
    "whole": ("a whole number", lambda value: isinstance(value, int) and not isinstance(value, bool)),
    "bytes": ("bytes", lambda value: isinstance(value, (bytes, bytearray, memoryview))),
    "truth": ("True or False", lambda value: isinstance(value, bool)),
    "text or None": ("a text or None", lambda value: value is None or isinstance(value, str)),
    "": ("anything", lambda value: True),
}


class Proxy:
    """A part whose methods and attributes are looked at as they give something."""

    def __init__(self, part: Any, returns: Mapping[str, str]) -> None:
        self.part, self.returns = part, returns

    def __getattr__(self, name: str) -> Any:
        try:
            found = getattr(self.part, name)
        except AttributeError as problem:
            if problem.obj is not self.part or problem.name != name:
                raise
            raise WrongKind(f"{type(self.part).__name__} has no {name}", defined(type(self.part))) from None
        kind = self.returns[name]
        if not callable(found):
            return checked(found, kind, name, defined(type(self.part)))
        return lambda *given: checked(called(found, *given), kind, f"{name}()", defined(found))


def called(found: Any, *given: Any) -> Any:
    """Call something of a learner's; WrongKind if it takes other arguments, which no line of his would show."""
    try:
        return found(*given)
    except TypeError as problem:
        trace = problem.__traceback__
        if trace is None or trace.tb_next is not None:
            raise
        maker = getattr(found, "__init__", None) if isinstance(found, type) else found
        raise WrongKind(f"TypeError: {problem}", defined(maker) or defined(found)) from None


def checked(value: Any, kind: str, what: str, line: int) -> Any:
    """Return a value of the kind that was asked for; WrongKind if it is another."""
    wanted, fits = KINDS[kind]
    if not fits(value):
        text = "nothing (None)" if value is None else f"{safe_repr(value)}, which is of type {type(value).__name__}"
        raise WrongKind(f"{what} gave {text}; {wanted} is wanted", line)
    return bytes(value) if kind == "bytes" else value


def defined(what: Any) -> int:
    """Return the line in which a function, or the first method of a class, is defined; 0 if nobody knows."""
    code = getattr(what, "__code__", None)
    if code is None and isinstance(what, type):
        lines = [defined(each) for each in vars(what).values()]
        return min((line for line in lines if line), default=0)
    return int(code.co_firstlineno) if code is not None else 0


def safe_repr(value: Any) -> str:
    """Return how a value is written, shortened; a learner's class may say anything of itself, or fail to."""
    try:
        text = repr(value)
    except Exception:
        text = "something that cannot be shown"
    return text if len(text) <= 60 else f"{text[:57]}..."

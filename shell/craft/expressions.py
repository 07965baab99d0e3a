"""Numbers as a person writes them: ``1000``, ``0xff``, or over a connection's fields, ``rcv_nxt+10``."""

from __future__ import annotations

import re
from collections.abc import Mapping

from shell.language.grammar import CommandError, did_you_mean

_TOKEN = re.compile(r"\s*(0[xX][0-9a-fA-F]+|\d+|[A-Za-z_]\w*|[-+*()])")
MAX_EXPRESSION = 200
MAX_NUMBER = 1 << 64


def evaluate(text: str, names: Mapping[str, int]) -> int:
    """Return the value of sums, differences and products of numbers and names; CommandError if it is none."""
    if len(text) > MAX_EXPRESSION:
        raise CommandError(f"a number is written in at most {MAX_EXPRESSION} characters")
    tokens, at = [], 0
    while at < len(text.rstrip()):
        found = _TOKEN.match(text, at)
        if found is None:
            raise CommandError(f"{text!r} is no number: {text[at:at + 10]!r} makes no sense. Write it like "
                               f"{'rcv_nxt+10' if names else '1000 or 0x3e8'}")
        tokens.append(found[1])
        at = found.end()
    reader = _Reader(text, tokens, names)
    value = reader.sum()
    if reader.at < len(tokens):
        raise CommandError(f"{text!r} is no number: {tokens[reader.at]!r} comes unexpectedly")
    return value


class _Reader:
    def __init__(self, text: str, tokens: list[str], names: Mapping[str, int]) -> None:
        self.text, self.tokens, self.names = text, tokens, names
        self.at = 0

    def take(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1] if self.at <= len(self.tokens) else ""

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def sum(self) -> int:
        value = self.product()
        while self.peek() in ("+", "-"):
            value = value + self.product() if self.take() == "+" else value - self.product()
        return self.bounded(value)

    def product(self) -> int:
        value = self.factor()
        while self.peek() == "*":
            self.take()
            value = self.bounded(value * self.factor())
        return value

    def factor(self) -> int:
        token = self.take()
        if token == "-":
            return -self.factor()
        if token == "(":
            value = self.sum()
            if self.take() != ")":
                raise CommandError(f"{self.text!r} is no number: a parenthesis is not closed")
            return value
        if token[:1].isdigit():
            return self.bounded(int(token, 0) if token[:2].lower() == "0x" else int(token))
        if token in self.names:
            return self.names[token]
        if not token or not token.isidentifier():
            raise CommandError(f"{self.text!r} is no number: something is missing")
        if not self.names:
            raise CommandError(f"{token!r} is no number. Names such as rcv_nxt can be used with `conn N`")
        raise CommandError(f"no field {token!r} of a connection{did_you_mean(token, self.names)}. "
                           f"There are: {', '.join(self.names)}")

    def bounded(self, value: int) -> int:
        if abs(value) > MAX_NUMBER:
            raise CommandError(f"{self.text!r} is larger than 64 bits")
        return value

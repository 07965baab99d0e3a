"""The small language between ``%{`` and ``}%``: assertions, with an evaluator of our own.

Comparisons (in chains too), ``and`` ``or`` ``not``, arithmetic, ``min max abs``, the fields of `tcp_info` and the
constants for its states. Nothing in it can do anything but compute a number.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from shell.drill.errors import Place, ScriptError
from shell.language.grammar import did_you_mean

MAX_DEPTH = 30
"""How deep parts may be nested."""
MAX_NUMBER = 1 << 80
"""Numbers beyond that are refused: nothing here counts so far."""
WORDS = {
    "TCP_ESTABLISHED": 1, "TCP_SYN_SENT": 2, "TCP_SYN_RECV": 3, "TCP_FIN_WAIT1": 4, "TCP_FIN_WAIT2": 5,
    "TCP_TIME_WAIT": 6, "TCP_CLOSE": 7, "TCP_CLOSE_WAIT": 8, "TCP_LAST_ACK": 9, "TCP_LISTEN": 10, "TCP_CLOSING": 11,
    "TCP_CA_Open": 0, "TCP_CA_Disorder": 1, "TCP_CA_CWR": 2, "TCP_CA_Recovery": 3, "TCP_CA_Loss": 4,
    "TCPI_OPT_TIMESTAMPS": 1, "TCPI_OPT_SACK": 2, "TCPI_OPT_WSCALE": 4, "TCPI_OPT_ECN": 8, "TCPI_OPT_ECN_SEEN": 16,
    "TCPI_OPT_SYN_DATA": 32,
    "True": 1, "False": 0,
}
"""Constants, with Linux's numbers."""
FUNCTIONS: dict[str, Callable[..., float]] = {"min": min, "max": max, "abs": abs}
FIELDS = (
    "tcpi_state", "tcpi_ca_state", "tcpi_retransmits", "tcpi_probes", "tcpi_backoff", "tcpi_options",
    "tcpi_snd_wscale", "tcpi_rcv_wscale", "tcpi_rto", "tcpi_ato", "tcpi_snd_mss", "tcpi_rcv_mss", "tcpi_unacked",
    "tcpi_sacked", "tcpi_lost", "tcpi_retrans", "tcpi_fackets", "tcpi_last_data_sent", "tcpi_last_data_recv",
    "tcpi_last_ack_recv", "tcpi_pmtu", "tcpi_rcv_ssthresh", "tcpi_rtt", "tcpi_rttvar", "tcpi_snd_ssthresh",
    "tcpi_snd_cwnd", "tcpi_advmss", "tcpi_reordering", "tcpi_rcv_rtt", "tcpi_rcv_space", "tcpi_total_retrans",
    "tcpi_bytes_acked", "tcpi_bytes_received", "tcpi_notsent_bytes", "tcpi_min_rtt", "tcpi_busy_time",
    "tcpi_rwnd_limited", "tcpi_sndbuf_limited", "tcpi_bytes_sent", "tcpi_snd_wnd", "tcpi_rcv_wnd",
)
"""The fields of `tcp_info` that may be asked for."""
_TOKEN = re.compile(r"""
    (?P<space>[ \t\r]+|\#[^\n]*)
  | (?P<end>[\n;])
  | (?P<number>0x[0-9a-fA-F]+|[0-9]+\.[0-9]+|[0-9]+)
  | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<text>"[^"\n]*"|'[^'\n]*')
  | (?P<sign>==|!=|<=|>=|<<|>>|//|[-+*/%<>()&|^,~])
""", re.VERBOSE)
_BINARY: dict[str, tuple[int, Callable[[float, float], float]]] = {
    "|": (5, lambda a, b: int(a) | int(b)), "^": (6, lambda a, b: int(a) ^ int(b)),
    "&": (7, lambda a, b: int(a) & int(b)),
    "+": (9, operator.add), "-": (9, operator.sub),
    "*": (10, operator.mul), "/": (10, operator.truediv), "//": (10, operator.floordiv), "%": (10, operator.mod),
}
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge,
}


class EvaluationError(ValueError):
    """A value that cannot be computed; the text says why."""


@dataclass(frozen=True, slots=True)
class ExpressionPart:
    """A part of an expression: an operator, or ``number``, ``word``, ``call``, and what it is applied to."""

    kind: str
    value: object = None
    parts: tuple[ExpressionPart, ...] = ()


@dataclass(frozen=True, slots=True)
class Assertion:
    """One ``assert``."""

    text: str
    place: Place
    node: ExpressionPart
    names: tuple[str, ...]
    """The fields that it asks for."""


def evaluate(node: ExpressionPart, values: Mapping[str, float]) -> float:
    """Return the value of an expression; EvaluationError for a field that is not there, or a division by nothing."""
    kind, parts = node.kind, node.parts
    if kind == "number":
        assert isinstance(node.value, (int, float))
        return node.value
    if kind == "word":
        name = str(node.value)
        if name in WORDS:
            return WORDS[name]
        if name not in values:
            raise EvaluationError(f"{name} is not known here")
        return values[name]
    if kind == "and":
        return all(evaluate(part, values) for part in parts)
    if kind == "or":
        return any(evaluate(part, values) for part in parts)
    if kind == "not":
        return not evaluate(parts[0], values)
    if kind == "negative":
        return -evaluate(parts[0], values)
    if kind == "call":
        return FUNCTIONS[str(node.value)](*(evaluate(part, values) for part in parts))
    numbers = [evaluate(part, values) for part in parts]
    if kind == "compare":
        assert isinstance(node.value, tuple)
        return all(_COMPARE[sign](a, b) for sign, a, b in zip(node.value, numbers, numbers[1:], strict=False))
    try:
        found = _BINARY[kind][1](*numbers)
    except (ZeroDivisionError, OverflowError):
        raise EvaluationError(f"{kind} cannot be computed with {numbers[1]:g}") from None
    if abs(found) > MAX_NUMBER:
        raise EvaluationError("a number becomes too large")
    return found


def read(code: str, place: Place, file: str) -> tuple[Assertion, ...]:
    """Return the assertions in `code`, which begins at `place`; ScriptError."""
    return _Reader(code, place, file).assertions()


class _Reader:
    """Reads a block by precedence climbing."""

    def __init__(self, code: str, place: Place, file: str) -> None:
        self.code, self.begin, self.file = code, place, file
        self.tokens: list[tuple[str, str, int]] = []
        at = 0
        while at < len(code):
            match = _TOKEN.match(code, at)
            if match is None:
                raise self.wrong(f"{code[at]!r} has no place here: comparisons, and, or, not and arithmetic have", at)
            if match.lastgroup != "space":
                self.tokens.append((match.lastgroup or "", match[0], at))
            at = match.end()
        self.tokens.append(("end", "", len(code)))
        self.at = 0
        self.open = 0
        self.names: list[str] = []

    def place(self, at: int) -> Place:
        before = self.code[:at]
        lines = before.count("\n")
        return Place(self.begin.line + lines, at - before.rfind("\n") if lines else self.begin.column + at)

    def wrong(self, problem: str, at: int) -> ScriptError:
        return ScriptError(problem, self.place(at), self.file)

    @property
    def next(self) -> tuple[str, str, int]:
        """The next token; within parentheses a new line ends nothing."""
        while self.open and self.tokens[self.at][0] == "end" and self.tokens[self.at][1] == "\n":
            self.at += 1
        return self.tokens[self.at]

    def take(self) -> tuple[str, str, int]:
        token = self.next
        self.at = min(self.at + 1, len(self.tokens) - 1)
        return token

    def assertions(self) -> tuple[Assertion, ...]:
        found: list[Assertion] = []
        while True:
            kind, word, at = self.next
            if kind == "end":
                if self.at == len(self.tokens) - 1:
                    return tuple(found)
                self.take()
                continue
            if word != "assert":
                raise self.wrong(f"expected assert and a condition, not {word!r}: nothing else runs in a script", at)
            self.take()
            self.names = []
            begin = self.next[2]
            node = self.condition(0)
            text = " ".join(re.sub(r"#[^\n]*", "", self.code[begin:self.next[2]]).split())
            found.append(Assertion(text, self.place(at), node, tuple(dict.fromkeys(self.names))))
            if self.next[1] == ",":
                self.take()
                if self.next[0] == "text":
                    self.take()
                else:
                    self.condition(0)
            if self.next[0] != "end":
                raise self.wrong(f"expected an operator or the end of the line, not {self.next[1]!r}", self.next[2])

    def condition(self, depth: int) -> ExpressionPart:
        return self._joined("or", lambda: self._joined("and", lambda: self._negated(depth + 1)))

    def _joined(self, word: str, part: Callable[[], ExpressionPart]) -> ExpressionPart:
        parts = [part()]
        while self.next[:2] == ("word", word):
            self.take()
            parts.append(part())
        return parts[0] if len(parts) == 1 else ExpressionPart(word, None, tuple(parts))

    def _negated(self, depth: int) -> ExpressionPart:
        if depth > MAX_DEPTH:
            raise self.wrong(f"parts are nested more than {MAX_DEPTH} deep", self.next[2])
        if self.next[:2] == ("word", "not"):
            self.take()
            return ExpressionPart("not", None, (self._negated(depth + 1),))
        parts = [self._binary(0, depth)]
        signs: list[str] = []
        while self.next[0] == "sign" and self.next[1] in _COMPARE:
            signs.append(self.take()[1])
            parts.append(self._binary(0, depth))
        return ExpressionPart("compare", tuple(signs), tuple(parts)) if signs else parts[0]

    def _binary(self, least: int, depth: int) -> ExpressionPart:
        left = self._primary(depth + 1)
        while self.next[0] == "sign" and self.next[1] in _BINARY and _BINARY[self.next[1]][0] > least:
            sign = self.take()[1]
            left = ExpressionPart(sign, None, (left, self._binary(_BINARY[sign][0], depth + 1)))
        return left

    def _primary(self, depth: int) -> ExpressionPart:
        if depth > MAX_DEPTH:
            raise self.wrong(f"parts are nested more than {MAX_DEPTH} deep", self.next[2])
        kind, word, at = self.take()
        if kind == "number":
            if len(word) > 25:
                raise self.wrong("a number becomes too large", at)
            value = float(word) if "." in word else int(word, 0 if word.startswith("0x") else 10)
            return ExpressionPart("number", value)
        if word == "-":
            return ExpressionPart("negative", None, (self._primary(depth + 1),))
        if word == "(":
            return self._closed(depth)[0]
        if kind == "word" and word in FUNCTIONS and self.next[1] == "(":
            self.take()
            parts = self._closed(depth)
            if (word == "abs") != (len(parts) == 1):
                raise self.wrong(f"{word} takes {'one number' if word == 'abs' else 'two numbers or more'}", at)
            return ExpressionPart("call", word, parts)
        if kind == "word" and (word in WORDS or word in FIELDS):
            if word in FIELDS:
                self.names.append(word)
            return ExpressionPart("word", word)
        if kind == "word":
            others = did_you_mean(word, FIELDS) or f": there are {', '.join(FIELDS)}"
            raise self.wrong(f"no field or constant {word!r}{others}", at)
        raise self.wrong(f"expected a number or a field of tcp_info{f', not {word!r}' if word.strip() else ''}", at)

    def _closed(self, depth: int) -> tuple[ExpressionPart, ...]:
        """Read up to the parenthesis that closes."""
        self.open += 1
        parts = [self.condition(depth)]
        while self.next[1] == ",":
            self.take()
            parts.append(self.condition(depth))
        _, word, at = self.next
        if word != ")":
            raise self.wrong("expected the closing )" + (f", not {word!r}" if word.strip() else ""), at)
        self.open -= 1
        self.take()
        return tuple(parts)

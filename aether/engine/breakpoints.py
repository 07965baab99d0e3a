"""Where to stop: expressions over frames and events, and conditions on the fields of a connection.

They are asked at the end of every occurrence, about all that happened in it; the world stops there,
before the next. With none set, nobody asks anything.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from aether.events import Event
from aether.filters import Filter, Records, compile_filter
from aether.filters.tables.events import STATES
from aether.tcp.connection import Connection
from aether.world import World


class BreakpointError(ValueError):
    """A breakpoint that makes no sense; the text says what would."""


FIELDS = (
    "snd_una", "snd_nxt", "snd_wnd", "rcv_nxt", "rcv_wnd", "cwnd", "ssthresh", "mss", "in_flight", "unsent", "unread",
    "rto", "srtt", "rttvar", "retransmits", "state", "phase", "dup_acks", "sacked", "probes", "backoff",
)
"""What a condition may ask of a connection; sequence numbers count from the initial ones."""
WORD_FIELDS = ("state", "phase")
"""Those of them that are words; all others are numbers."""
DEEPEST = 50
"""How far operations may be inside each other; a sum of so many parts is one, too."""
TOO_DEEP = f"too many operations inside each other: {DEEPEST} at the most"

_SHORTHANDS = {
    "state": "tcp.state == {}", "drop": 'event == "drop"', "timer": 'event == "tcp.timer" and timer.kind == {} '
    "and tcp.timer.action == fired", "conn": "conn == {}", "event": 'event == "{}"',
}


def expand(text: str) -> str:
    """Return the expression that a shorthand stands for: ``state ESTABLISHED``, ``drop``, ``timer rto``, ``conn 3``."""
    first, _, rest = text.strip().partition(" ")
    rest = rest.strip()
    if first == "drop" and not rest:
        return _SHORTHANDS["drop"]
    if first == "drop" and rest and " " not in rest and "=" not in rest:
        return f"drop.reason == {rest}"
    if first in ("state", "timer", "conn", "event") and rest and " " not in rest and "=" not in rest:
        return _SHORTHANDS[first].format(rest)
    return text.strip()


def field_of(conn: Connection, name: str) -> int | str:
    """Return a field of a connection as conditions see it."""
    values: dict[str, Callable[[], int | str]] = {
        "snd_una": lambda: conn.snd_una - conn.iss, "snd_nxt": lambda: conn.snd_nxt - conn.iss,
        "rcv_nxt": lambda: conn.rcv_nxt - conn.irs, "rcv_wnd": lambda: max(conn.rcv_adv - conn.rcv_nxt, 0),
        "in_flight": conn.flight_size, "unsent": conn.unsent, "unread": lambda: conn.receive.length,
        "rto": conn.round_trip.timeout, "srtt": lambda: conn.round_trip.srtt, "rttvar": lambda: conn.round_trip.rttvar,
        "dup_acks": lambda: conn.flight.dup_acks, "sacked": lambda: conn.flight.sacked_bytes,
        "backoff": lambda: conn.round_trip.backoff,
    }
    return values[name]() if name in values else getattr(conn, name)


NUMBER = re.compile(r"#*[0-9]{1,19}")
"""How a connection is named."""
WORDS = re.compile(rf"(?<![\w\"'-])({'|'.join(STATES)}|open|recovery|loss)(?![\w\"'-])")
"""What a state or a phase may be, which needs no quotes."""


class FieldExpression:
    """``conn 3 cwnd - in_flight``: numbers, words, fields, + - * // and comparisons; nothing is ever executed."""

    def __init__(self, text: str, host: str = "you") -> None:
        """Read the text; BreakpointError says what is wrong with it."""
        words = text.split(None, 2)
        if len(words) < 3 or words[0] != "conn" or not NUMBER.fullmatch(words[1]):
            raise BreakpointError("a connection comes first, then what is asked of it, such as conn 3 cwnd < 2*mss")
        self.host = host
        self.number = int(words[1].lstrip("#"))
        self.text = words[2]
        try:
            self._tree = ast.parse(WORDS.sub(r"'\1'", self.text), mode="eval").body
        except SyntaxError as problem:
            at = problem.offset or 0
            where = f"at {self.text[at - 1:]!r}" if 0 < at <= len(self.text) else "at its end: something is missing"
            raise BreakpointError(f"cannot read {self.text!r} {where}. Such as: cwnd < 2*mss") from None
        except ValueError:  # a NUL
            raise BreakpointError(f"cannot read {self.text!r}. Such as: cwnd < 2*mss") from None
        except (RecursionError, MemoryError):
            raise BreakpointError(TOO_DEEP) from None
        _check(self._tree)

    def connection(self, world: World) -> Connection | None:
        """Return the connection that it is about; None if there is none."""
        host = world.hosts.get(self.host)
        connections = host.tcp.connections.values() if host is not None else ()
        return next((one for one in connections if one.number == self.number), None)

    def value(self, world: World) -> Any:
        """Return what it comes to; None if there is no such connection."""
        conn = self.connection(world)
        return None if conn is None else _value(self._tree, conn)


class Change(FieldExpression):
    """An expression at whose every change to stop."""

    def __init__(self, text: str, host: str = "you") -> None:
        """Read the text; BreakpointError says what is wrong with it."""
        super().__init__(text, host)
        self._was: Any = None

    def begin(self, world: World) -> None:
        """Take note of how it stands."""
        self._was = self.value(world)

    def hit(self, world: World) -> bool:
        """Tell whether it has changed."""
        now, before = self.value(world), self._was
        self._was = now
        return bool(now != before)


class Condition(FieldExpression):
    """``conn 3 cwnd < 2*mss``: an expression that is true or not."""

    def __init__(self, text: str, host: str = "you") -> None:
        """Read the text; BreakpointError says what is wrong with it."""
        super().__init__(text, host)
        if not isinstance(self._tree, (ast.Compare, ast.BoolOp)):
            raise BreakpointError(f"{self.text!r} compares nothing. Such as: cwnd < 2*mss, or snd_una >= 1000")
        self._was = False

    def hit(self, world: World) -> bool:
        """Tell whether it has become true."""
        conn = self.connection(world)
        now = conn is not None and self.holds(conn)
        risen = now and not self._was
        self._was = now
        return risen

    def holds(self, conn: Connection) -> bool:
        """Tell whether it is true of a connection now, whatever its number."""
        return bool(_value(self._tree, conn))


_OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.FloorDiv: operator.floordiv,
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


def _check(node: ast.AST, depth: int = 0) -> type:
    """Refuse whatever is no number, word, field, or arithmetic of numbers; return what it comes to, `int` or `str`."""
    if depth > DEEPEST:
        raise BreakpointError(TOO_DEEP)
    if isinstance(node, ast.Name):
        if node.id not in FIELDS:
            raise BreakpointError(f"a connection has no field {node.id!r}. It has: {', '.join(FIELDS)}")
        return str if node.id in WORD_FIELDS else int
    if isinstance(node, ast.Constant):
        if not isinstance(node.value, (int, str)) or (isinstance(node.value, int) and abs(node.value) > 1 << 62):
            raise BreakpointError(f"{node.value!r} is neither a number nor a word")
        return str if isinstance(node.value, str) else int
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        parts: list[ast.AST] = [node.left, node.right]
    elif isinstance(node, ast.Compare) and all(type(op) in _OPERATORS for op in node.ops):
        parts = [node.left, *node.comparators]
    elif isinstance(node, ast.BoolOp):
        parts = list(node.values)
    else:
        raise BreakpointError("only fields, numbers, + - * //, comparisons, and, or can be used")
    kinds = [_check(part, depth + 1) for part in parts]
    if isinstance(node, ast.Compare) and str in kinds:
        _check_words(node, parts, kinds)
    if isinstance(node, ast.BinOp) and str in kinds:
        word = ast.unparse(parts[kinds.index(str)])
        raise BreakpointError(f"{word} is a word, and cannot be reckoned with. Such as: state == ESTABLISHED")
    return int


def _check_words(node: ast.Compare, parts: list[ast.AST], kinds: list[type]) -> None:
    """Refuse to compare a word with a number, or to ask which of two words is the larger."""
    word = ast.unparse(parts[kinds.index(str)])
    if int in kinds:
        raise BreakpointError(f"{word} is a word, and {ast.unparse(parts[kinds.index(int)])} a number: they are never "
                              "equal. Such as: state == ESTABLISHED")
    if any(not isinstance(op, (ast.Eq, ast.NotEq)) for op in node.ops):
        raise BreakpointError(f"{word} is a word, and words have no order. Such as: state == ESTABLISHED, "
                              "or state != ESTABLISHED")


def _value(node: ast.AST, conn: Connection) -> Any:
    if isinstance(node, ast.Name):
        return field_of(conn, node.id)
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.BinOp):
        right = _value(node.right, conn)
        if isinstance(node.op, ast.FloorDiv) and right == 0:
            return 0
        return _OPERATORS[type(node.op)](_value(node.left, conn), right)
    if isinstance(node, ast.BoolOp):
        results = (bool(_value(part, conn)) for part in node.values)
        return all(results) if isinstance(node.op, ast.And) else any(results)
    assert isinstance(node, ast.Compare)
    left = _value(node.left, conn)
    for op, other in zip(node.ops, node.comparators, strict=True):
        right = _value(other, conn)
        if isinstance(left, str) != isinstance(right, str) or not _OPERATORS[type(op)](left, right):
            return False
        left = right
    return True


@dataclass(slots=True)
class Breakpoint:
    """One breakpoint, as plain data but for what was compiled of it."""

    number: int
    text: str
    """As it was typed."""
    test: Filter | Condition | Change
    temporary: bool = False
    enabled: bool = True
    ignore: int = 0
    """So many hits are still to be passed over."""
    hits: int = 0
    commands: list[str] = field(default_factory=list)
    """Lines that the shell runs when it stops here."""


class Breakpoints:
    """All breakpoints of a session."""

    def __init__(self) -> None:
        self.items: dict[int, Breakpoint] = {}
        self.known: dict[int, Breakpoint] = {}
        """All that were ever set, those that are gone included."""
        self.stopped_at: list[int] = []
        """Which were hit when the world stopped last."""
        self._count = 0
        self._records = Records()
        self._measuring = False
        """Whether one of them asks what segments are to their connection."""
        self._serial = 0

    def add(
        self, text: str, past: Iterable[Event], *, when: bool = False, temporary: bool = False, host: str = "you",
        change: Change | None = None,
    ) -> Breakpoint:
        """Set a breakpoint; BreakpointError or FilterError say what is wrong with the text.

        `past` are the events so far: conversations are followed from their beginning.
        """
        test = change or (Condition(text, host) if when else compile_filter(expand(text)))
        if isinstance(test, Filter) and test.measuring:
            self._measuring = True
            self._records.measure()
        for event in past:
            if event.serial > self._serial:
                self._follow(event)
        self._count += 1
        shown = f"change of {text}" if change is not None else f"when {text}" if when else text
        shown += f" at {host}" if host != "you" else ""
        one = Breakpoint(self._count, shown, test, temporary)
        self.items[self._count] = self.known[self._count] = one
        return one

    def begin_anew(self, past: Iterable[Event]) -> None:
        """Follow another run from these events on: its frames have the same numbers, and are others."""
        self._records, self._serial = Records(measuring=self._measuring), 0
        for event in past:
            self._follow(event)

    def _follow(self, event: Event) -> Any:
        self._serial = event.serial
        return self._records.of(event)

    def find(self, number: int) -> Breakpoint:
        """Return a breakpoint by its number; BreakpointError if there is none."""
        if number not in self.items:
            raise BreakpointError(f"no breakpoint {number}. `break list` shows those that there are")
        return self.items[number]

    def delete(self, number: int) -> None:
        """Remove a breakpoint."""
        self.find(number)
        del self.items[number]

    def hit(self, events: list[Event], world: World) -> bool:
        """Ask all of them about one occurrence; return whether to stop."""
        records = [self._follow(event) for event in events]
        stopped = []
        for one in list(self.items.values()):
            test = one.test
            if not one.enabled:
                continue
            found = test.hit(world) if isinstance(test, (Condition, Change)) else any(map(test.test, records))
            if found:
                one.hits += 1
                if one.ignore:
                    one.ignore -= 1
                    continue
                stopped.append(one.number)
                if one.temporary:
                    del self.items[one.number]
        if stopped:
            self.stopped_at = stopped
        return bool(stopped)

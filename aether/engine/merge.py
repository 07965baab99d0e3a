"""One answer of several: what every worker says of its part of a host, put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from aether.answers import ConnectionRow, CounterRow, DropRow, HostRow, ListenerRow, LossRow

T = TypeVar("T")


def merged(answers: list[list[T]]) -> list[T]:
    """Return the rows of all workers as one list, worker 0 first: connections side by side, counts added up.

    KeyError for rows that nobody has said how to add.
    """
    rows: dict[Any, Any] = {}
    for row in (row for answer in answers for row in answer):
        name, together = HOW[type(row)]
        key = name(row)
        rows[key] = together(rows[key], row) if key in rows else row
    found = list(rows.values())
    order = ORDER.get(type(found[0])) if found else None
    return sorted(found, key=order) if order is not None else found


def _connection(one: ConnectionRow) -> object:
    return one.number, one.remote, one.local


def _keep(one: Any, other: Any) -> Any:
    return one


def _counter(one: CounterRow) -> object:
    return one.name


def _counted(one: CounterRow, other: CounterRow) -> CounterRow:
    return replace(one, count=one.count + other.count)


def _drop(one: DropRow) -> object:
    return one.reason


def _dropped(one: DropRow, other: DropRow) -> DropRow:
    return replace(one, count=one.count + other.count)


def _loss(one: LossRow) -> object:
    return one.link, one.direction, one.cause


def _lost(one: LossRow, other: LossRow) -> LossRow:
    return replace(one, count=one.count + other.count)


def _listener(one: ListenerRow) -> object:
    return one.local


def _listening(one: ListenerRow, other: ListenerRow) -> ListenerRow:
    return replace(one, half_open=one.half_open + other.half_open, waiting=one.waiting + other.waiting)


def _host(one: HostRow) -> object:
    return one.name


def _hosted(one: HostRow, other: HostRow) -> HostRow:
    return replace(one, connections=one.connections + other.connections, drops=one.drops + other.drops)


def _most_first(one: DropRow) -> tuple[int, str]:
    return -one.count, one.reason


def _by_name(one: CounterRow) -> str:
    return one.name


HOW: dict[type, tuple[Callable[[Any], object], Callable[[Any, Any], Any]]] = {
    ConnectionRow: (_connection, _keep),
    CounterRow: (_counter, _counted),
    DropRow: (_drop, _dropped),
    LossRow: (_loss, _lost),
    ListenerRow: (_listener, _listening),
    HostRow: (_host, _hosted),
}
"""By the type of a row: what it is about, and how two about the same thing are put together."""
ORDER: dict[type, Callable[[Any], Any]] = {ConnectionRow: _connection, CounterRow: _by_name, DropRow: _most_first}

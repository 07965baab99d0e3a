"""What the fast path's frames would have reported on the ordinary path: made up, event for event, when it is read.

`trace` sums a frame up in one entry of values. Sources are the lines of the ordinary path that decide the same:
it is the one to read, and a run that is repeated may take it. `tests/scripts/test_short_trace.py` compares the two.
"""

from __future__ import annotations

import dis
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from aether.events import Event
from aether.link.port import Port
from aether.tcp import acknowledge, output, rack, segment_arrives, timers
from aether.tcp.connection import Connection
from aether.tcp.layer import Tcp
from aether.tcp.listener import Listener
from aether.tcp.short.path import ACK_LENGTH
from aether.tcp.short.responder import Said
from aether.tcp.states import (
    CLOSED,
    ESTABLISHED,
    FIN_WAIT_1,
    FIN_WAIT_2,
    LISTEN,
    SYN_RECEIVED,
    TIME_WAIT,
)

Together = tuple[int, int, int, str, int, int, str, tuple[Any, ...]]
"""Several events as one: the first serial, occurrence, time, host and frame as in `Event`, how many they are, and what
is made of them here. It stands in the place of each of them."""

Report = tuple[str, tuple[Any, ...], Callable[..., Any], str]
"""An event: kind, values, the function that reports it, and a name or constant in the call that does (`_place`)."""


def unfold(raw: Together) -> list[Event]:
    """Return the events that an entry of the ring stands for, all of them."""
    first, occurrence, time, host, frame, count, happening, values = raw
    if happening == "rested":
        reports = _rested(*values)
    else:
        number, link, data, answer, more = values
        reports = [
            ("frame.sent", (number, link, data), Port.enter, "number"),
            ("frame.arrived", (number, link, data), Port.deliver, "frame.arrived"),
            *_HAPPENINGS[happening]((number + 1, link, answer), data, *more),
        ]
    assert len(reports) == count, f"{happening}: {len(reports)} events, and {count} were announced"
    entering = happening != "rested"
    return [
        Event(
            first + index, occurrence, time, "wire" if entering and not index else host,
            0 if entering and not index else frame, kind, said, _place(function, anchor))
        for index, (kind, said, function, anchor) in enumerate(reports)
    ]


def _opened(answer: tuple[Any, ...], frame: bytes, conn: int, until: int, old: int) -> list[Report]:
    local_port, port = int.from_bytes(frame[36:38], "big"), int.from_bytes(frame[34:36], "big")
    reports: list[Report] = [
        ("tcp.opened", (conn, frame[30:34], local_port, frame[26:30], port), Tcp.add, "tcp.opened"),
        ("tcp.state", (conn, LISTEN, SYN_RECEIVED, "rcv SYN"), Listener._remember, "rcv SYN"),
        ("frame.sent", answer, Port.transmit, "number"),
        ("tcp.timer", (conn, "rto", "started", until), Listener._remember, "rto"),
    ]
    if old:
        reports.insert(0, ("tcp.state", (old, TIME_WAIT, CLOSED, "rcv SYN"), Connection.end, "move"))
    return reports


def _established(answer: tuple[Any, ...], frame: bytes, conn: int, due: int, trip: tuple[int, ...]) -> list[Report]:
    where = segment_arrives._handshake_done
    return [
        ("tcp.rtt", (conn, *trip), acknowledge._sample, "tcp.rtt"),
        ("tcp.timer", (conn, "rto", "stopped", due), where, "rto"),
        ("tcp.state", (conn, SYN_RECEIVED, ESTABLISHED, "rcv ACK"), where, "rcv ACK"),
    ]


def _request(
    answer: tuple[Any, ...], frame: bytes, conn: int, due: int, trip: tuple[int, ...] | None, probes: bool,
    delayed: int, closes: bool, until: int, said: Callable[[bytes], Said],
) -> list[Report]:
    length = len(frame) - ACK_LENGTH
    name, words, answers, hangs_up = said(frame[ACK_LENGTH:])
    reports: list[Report] = [
        _accepted(frame, conn, length),
        *_acked(conn, due, trip, probes),
        ("tcp.delivered", (conn, length), segment_arrives._text, "tcp.delivered"),
        ("app", (name, words), answers, "app"),
    ]
    if closes:
        reports.append(("tcp.state", (conn, ESTABLISHED, FIN_WAIT_1, "close"), hangs_up, "CAN_SEND/close"))
    if delayed:
        started = "tcp.timer", (conn, "delack", "started", delayed), segment_arrives._plan_ack, "delack"
        reports.insert(-1 - closes, started)
        reports.append(("tcp.timer", (conn, "delack", "stopped", delayed), output.send_segment, "delack"))
    reports += (
        ("frame.sent", answer, Port.transmit, "number"),
        ("tcp.timer", (conn, "rto", "started", until), output._emit, "rto"),
    )
    if probes:
        reports.append(("tcp.timer", (conn, "tlp", "started", until), rack.schedule_probe, "start/tlp"))
    return reports


def _acknowledged(
    answer: tuple[Any, ...], frame: bytes, conn: int, due: int, trip: tuple[int, ...] | None, probes: bool, until: int,
) -> list[Report]:
    return [*_acked(conn, due, trip, probes), *(_fin_acked(conn, until) if until else [])]


def _finished(
    answer: tuple[Any, ...], frame: bytes, conn: int, due: int, trip: tuple[int, ...] | None, probes: bool, waits: int,
    until: int,
) -> list[Report]:
    return [
        _accepted(frame, conn, 1),
        *_acked(conn, due, trip, probes),
        *(_fin_acked(conn, waits) if trip else []),
        ("tcp.state", (conn, FIN_WAIT_2, TIME_WAIT, "rcv FIN"), segment_arrives._fin, "FIN_WAIT_2/rcv FIN"),
        ("tcp.timer", (conn, "fin-wait-2", "stopped", waits), Connection.rest, "stop"),
        ("tcp.timer", (conn, "time-wait", "started", until), Connection.rest, "time-wait"),
        ("tcp.ack_sent", (conn, int.from_bytes(answer[2][42:46], "big"), "FIN"), output.send_ack, "tcp.ack_sent"),
        ("frame.sent", answer, Port.transmit, "number"),
    ]


_HAPPENINGS: dict[str, Callable[..., list[Report]]] = {
    "opened": _opened, "established": _established, "request": _request, "acknowledged": _acknowledged,
    "finished": _finished,
}


def _rested(conn: int, now: int) -> list[Report]:
    return [
        ("tcp.timer", (conn, "time-wait", "fired", now), Connection.wake, "tcp.timer"),
        ("tcp.state", (conn, TIME_WAIT, CLOSED, "timeout"), Connection.end, "move"),
    ]


def _accepted(frame: bytes, conn: int, length: int) -> Report:
    return "tcp.accepted", (conn, int.from_bytes(frame[38:42], "big"), length), segment_arrives._process, "tcp.accepted"


def _acked(conn: int, due: int, trip: tuple[int, ...] | None, probes: bool) -> list[Report]:
    """What an acknowledgement of everything in flight brings, if there was anything."""
    if trip is None:
        return []
    reports: list[Report] = [
        ("tcp.rtt", (conn, *trip), acknowledge._sample, "tcp.rtt"),
        ("tcp.timer", (conn, "rto", "stopped", due), acknowledge._advance, "rto"),
    ]
    if probes:
        reports.append(("tcp.timer", (conn, "tlp", "stopped", due), rack.schedule_probe, "stop/tlp"))
    return reports


def _fin_acked(conn: int, until: int) -> list[Report]:
    where = segment_arrives._fin_acknowledged
    return [
        ("tcp.state", (conn, FIN_WAIT_1, FIN_WAIT_2, "rcv ACK of FIN"), where, "rcv ACK of FIN"),
        ("tcp.timer", (conn, "fin-wait-2", "started", until), timers.start_fin_wait_2, "fin-wait-2"),
    ]


@lru_cache
def _place(function: Callable[..., Any], anchor: str) -> tuple[str, int]:
    """Return file and line of the first call in a function that has a name or constant in it, or after another."""
    code = function.__code__
    after, _, anchor = anchor.rpartition("/")
    instructions = list(dis.get_instructions(code))
    while after and instructions[0].argval != after:
        del instructions[0]
    for index, instruction in enumerate(instructions):
        found = instruction.positions
        if instruction.argval != anchor or found is None:
            continue
        for call in instructions[index:]:
            at = call.positions
            if call.opname.startswith("CALL") and at is not None and _within(found, at):
                return code.co_filename, at.lineno or code.co_firstlineno
    raise LookupError(f"{function.__qualname__} has no call with {anchor!r}")


def _within(inner: dis.Positions, outer: dis.Positions) -> bool:
    """Tell whether one piece of source lies in another."""
    assert None not in inner and None not in outer
    return outer[:1] + outer[2:3] <= inner[:1] + inner[2:3] and inner[1::2] <= outer[1::2]

"""What limits a transfer: the time that each thing held data back, as the stack itself has decided and reported."""

from __future__ import annotations

from collections.abc import Iterable

from aether.events import Event
from aether.tcp.connection import Connection
from aether.timers import NEVER

ALL_SENT, AGAIN, NOTHING, HANDSHAKE = "acknowledgements", "retransmissions", "application", "handshake"
"""All is sent and on its way; so it is, but something of it had to be sent again; nothing is to be sent; nothing may be
sent yet."""
WORDS = {
    "window": "the receiver's window", "cwnd": "the congestion window", "send buffer": "the send buffer",
    "nagle": "Nagle's rule", "cork": "a cork", "silly window": "silly-window avoidance",
    HANDSHAKE: "the handshake: it is not open yet", ALL_SENT: "the application: all it has given is on its way",
    AGAIN: "retransmissions: no acknowledgement came in time",
    NOTHING: "the application: it has nothing to send",
}
"""What each is called."""
SECOND = 1_000_000


def of_life(conn: Connection, now: int, opened: int) -> dict[str, int]:
    """Return the microseconds that went to each thing since a connection was made; its handshake ended at `opened`."""
    shares = conn.clocks.limits(now)
    held = sum(shares.values())
    if conn.state in ("SYN-SENT", "SYN-RECEIVED"):
        opened = now
    age = now - max(opened, conn.opened)
    shares[HANDSHAKE] = max(opened - conn.opened, 0)
    rest = max(age - held, 0)
    flying = min(max(conn.clocks.total("busy", now) - held + shares.get("cork", 0), 0), rest)
    shares[ALL_SENT], shares[NOTHING] = flying, rest - flying
    return {what: spent for what, spent in shares.items() if spent}


def story(
    events: Iterable[Event], number: int, host: str, standing: tuple[str, bool] | None = None,
) -> list[tuple[int, str]]:
    """Return from when on each thing limited a connection, as the events have it.

    Where its beginning was forgotten, what held data back is known from the first event on that tells of it; or, if
    there is none, it is still what it is now, at the end of the events: `standing`, with whether something is in
    flight. None if that is not known either.
    """
    events = list(events)
    mine = [event for event in events if event.host == host and event.values and event.values[0] == number
            and event.kind in ("tcp.opened", "tcp.limited", "tcp.timer", "tcp.state", "tcp.retransmit")]
    found: list[tuple[int, str]] = []
    held, flying, shaking = "", False, False
    known = any(event.kind == "tcp.opened" for event in mine)
    if events and not known and standing is not None and not any(event.kind == "tcp.limited" for event in mine):
        known, (held, flying) = True, standing
        first = next((event.values[2] for event in mine if event.kind == "tcp.timer" and event.values[1] == "rto"), "")
        flying = first != "started" if first else flying
        found = [(events[0].time, held or (ALL_SENT if flying else NOTHING))]
    for event in mine:
        if event.kind == "tcp.limited":
            held, known = "" if event.values[1] == "nothing" else event.values[1], True
        elif event.kind == "tcp.timer" and event.values[1] == "rto":
            flying = event.values[2] != "stopped"
        elif event.kind == "tcp.state":
            shaking = event.values[2] in ("SYN-SENT", "SYN-RECEIVED")
            if event.values[2] in ("CLOSED", "TIME-WAIT"):
                held, flying, known = "", False, True
        else:
            continue
        what = HANDSHAKE if shaking else held or (ALL_SENT if flying else NOTHING)
        if known and (not found or found[-1][1] != what):
            found.append((event.time, what))
    return _sent_again(found, [event.time for event in mine if event.kind == "tcp.retransmit"])


def _sent_again(told: list[tuple[int, str]], times: list[int]) -> list[tuple[int, str]]:
    """Tell the waiting for what was sent once from that for what had to be sent again, at so many times."""
    ends = [*(start for start, _ in told), NEVER][1:]
    return [(start, AGAIN if what == ALL_SENT and any(start <= time < end for time in times) else what)
            for (start, what), end in zip(told, ends, strict=True)]


def tell_apart(life: dict[str, int], told: list[tuple[int, str]], now: int) -> None:
    """Take from what a whole life was spent with on the way that which had to be sent again, as the events have it."""
    spent = min(within(told, 0, now).get(AGAIN, 0), life.get(ALL_SENT, 0))
    if spent:
        life[AGAIN] = spent
        life[ALL_SENT] -= spent


def established(events: Iterable[Event], number: int, host: str) -> int:
    """Return when the handshake of a connection was done; 0 if that is not known any more."""
    return next((event.time for event in events if event.kind == "tcp.state" and event.host == host
                 and event.values[0] == number and event.values[2] == "ESTABLISHED"), 0)


def within(told: list[tuple[int, str]], first: int, last: int) -> dict[str, int]:
    """Return the microseconds that went to each thing between two moments."""
    shares: dict[str, int] = {}
    ends = [start for start, _ in told[1:]] + [last]
    for (start, what), end in zip(told, ends, strict=False):
        spent = min(end, last) - max(start, first)
        if spent > 0:
            shares[what] = shares.get(what, 0) + spent
    return shares

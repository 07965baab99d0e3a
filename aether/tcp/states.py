"""The states of a connection and the table of transitions (RFC 9293 §3.3.2, figure 5), as data.

The stack moves from state to state by this table alone: code names what happened, the table
names the state that follows. The diagram that the shell draws is drawn from it too.
"""

from typing import NamedTuple

CLOSED = "CLOSED"
LISTEN = "LISTEN"
SYN_SENT = "SYN-SENT"
SYN_RECEIVED = "SYN-RECEIVED"
ESTABLISHED = "ESTABLISHED"
FIN_WAIT_1 = "FIN-WAIT-1"
FIN_WAIT_2 = "FIN-WAIT-2"
CLOSE_WAIT = "CLOSE-WAIT"
CLOSING = "CLOSING"
LAST_ACK = "LAST-ACK"
TIME_WAIT = "TIME-WAIT"

STATES = (
    CLOSED, LISTEN, SYN_SENT, SYN_RECEIVED, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, CLOSING, LAST_ACK,
    TIME_WAIT,
)


class Transition(NamedTuple):
    """One arrow of the diagram."""

    old: str
    cause: str
    """What happened: ``open``, ``listen``, ``close``, ``abort``, ``rcv …``, ``timeout``."""
    new: str
    action: str
    """What is sent, or empty."""
    rfc: str


_ARRIVES = "RFC 9293 §3.10.7"

TRANSITIONS: tuple[Transition, ...] = (
    Transition(CLOSED, "listen", LISTEN, "", "RFC 9293 §3.10.1"),
    Transition(CLOSED, "open", SYN_SENT, "SYN", "RFC 9293 §3.10.1"),
    Transition(LISTEN, "rcv SYN", SYN_RECEIVED, "SYN,ACK", f"{_ARRIVES}.2"),
    Transition(LISTEN, "rcv cookie", ESTABLISHED, "", "RFC 4987 §3.6"),
    Transition(LISTEN, "close", CLOSED, "", "RFC 9293 §3.10.4"),
    Transition(SYN_SENT, "rcv SYN,ACK", ESTABLISHED, "ACK", f"{_ARRIVES}.3"),
    Transition(SYN_SENT, "rcv SYN", SYN_RECEIVED, "SYN,ACK", f"{_ARRIVES}.3"),
    Transition(SYN_SENT, "close", CLOSED, "", "RFC 9293 §3.10.4"),
    Transition(SYN_RECEIVED, "rcv ACK", ESTABLISHED, "", f"{_ARRIVES}.4"),
    Transition(ESTABLISHED, "close", FIN_WAIT_1, "FIN", "RFC 9293 §3.10.4"),
    Transition(ESTABLISHED, "rcv FIN", CLOSE_WAIT, "ACK", f"{_ARRIVES}.4"),
    Transition(FIN_WAIT_1, "rcv ACK of FIN", FIN_WAIT_2, "", f"{_ARRIVES}.4"),
    Transition(FIN_WAIT_1, "rcv FIN", CLOSING, "ACK", f"{_ARRIVES}.4"),
    Transition(FIN_WAIT_2, "rcv FIN", TIME_WAIT, "ACK", f"{_ARRIVES}.4"),
    Transition(FIN_WAIT_2, "timeout", CLOSED, "", "RFC 9293 §3.10.8; Linux tcp_fin_timeout"),
    Transition(CLOSE_WAIT, "close", LAST_ACK, "FIN", "RFC 9293 §3.10.4"),
    Transition(CLOSING, "rcv ACK of FIN", TIME_WAIT, "", f"{_ARRIVES}.4"),
    Transition(LAST_ACK, "rcv ACK of FIN", CLOSED, "", f"{_ARRIVES}.4"),
    Transition(TIME_WAIT, "timeout", CLOSED, "", "RFC 9293 §3.10.8"),
    Transition(TIME_WAIT, "rcv SYN", CLOSED, "", "RFC 6191 §2"),
)

ENDS = ("rcv RST", "abort", "user timeout", "retries exhausted", "unreachable")
"""What ends a connection in any state (RFC 9293 §3.10.5, §3.10.7, §3.10.8)."""

RESETS = frozenset((SYN_RECEIVED, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT))
"""Where an abort sends a reset: elsewhere the peer knows of nothing, or both sides have closed (RFC 9293 §3.10.5)."""

TABLE: dict[tuple[str, str], Transition] = {(t.old, t.cause): t for t in TRANSITIONS}
"""By a state and what happens in it: every row of RFC 9293 §3.10."""
TABLE.update({(state, cause): Transition(
    state, cause, CLOSED, "RST" if cause == "abort" and state in RESETS else "", "RFC 9293 §3.10")
    for state in STATES if state != CLOSED for cause in ENDS})

SYNCHRONIZED = frozenset(STATES) - {CLOSED, LISTEN, SYN_SENT, SYN_RECEIVED}
CAN_SEND = frozenset((ESTABLISHED, CLOSE_WAIT))
CAN_RECEIVE = frozenset((ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2))

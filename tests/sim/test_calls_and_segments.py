"""Calls of an application and segments of a peer in any order: nothing raises, and the table of states is obeyed."""

from __future__ import annotations

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from aether import socket_options as so
from aether.sockets import TcpSocket
from aether.tcp.states import CLOSED, LISTEN, RESETS, SYN_RECEIVED, SYN_SENT, TABLE, TIME_WAIT
from tests.scripts.script import Script

OPTIONS = (
    (so.SOL_TCP, so.TCP_NODELAY, 1), (so.SOL_TCP, so.TCP_CORK, 1), (so.SOL_TCP, so.TCP_CORK, 0),
    (so.SOL_TCP, so.TCP_CONGESTION, "reno"), (so.SOL_SOCKET, so.SO_RCVBUF, 4096), (so.SOL_SOCKET, so.SO_KEEPALIVE, 1),
    (so.SOL_SOCKET, so.SO_LINGER, (True, 0)), (so.SOL_TCP, so.TCP_USER_TIMEOUT, 5000), (so.SOL_TCP, so.TCP_LINGER2, 3),
)
HANDSHAKE = ("S seq=0 mss=1460 sackok", "SA seq=0 ack=1 mss=1460 sackok", "A seq=1 ack=1")
flags = st.sampled_from(["S", "SA", "A", "PA", "FA", "FPA", "R", "RA", "F", "-", "SFA", "UA"])
edges = st.sampled_from([0, 1, 2, 3, 51, 101, 102, 1461, 2921, 3001, 3002])
segments = st.builds(
    lambda flags, seq, ack, length, window, sack: (
        "segment", f"{flags} seq={seq} ack={ack} len={length} win={window}" + (
            f" sack={sack[0]}-{sack[1]}" if sack[0] < sack[1] and "S" not in flags else "")),
    flags, edges, edges, st.sampled_from([0, 0, 0, 1, 50, 100]), st.sampled_from([0, 1, 1000, 60_000, 60_000]),
    st.tuples(edges, edges))
likely = st.tuples(
    st.just("segment"), st.sampled_from([*HANDSHAKE, "A seq=1 ack=2", "FA seq=1 ack=1", "FA seq=1 ack=2"]))
calls = st.one_of(
    st.tuples(st.just("send"), st.sampled_from([1, 100, 1460, 3000])),
    st.tuples(st.just("shutdown"), st.sampled_from([so.SHUT_RD, so.SHUT_WR, so.SHUT_RDWR])),
    st.tuples(st.sampled_from(["close", "abort", "receive", "poll"]), st.just(0)),
    st.tuples(st.just("option"), st.integers(0, len(OPTIONS) - 1)),
)
passes = st.tuples(st.just("pass"), st.sampled_from([1000, 50_000, 250_000, 1_500_000, 70_000_000]))
scripts = st.builds(
    lambda count, rest: [("segment", line) for line in HANDSHAKE[:count]] + rest,
    st.integers(0, 3), st.lists(st.one_of(segments, likely, calls, calls, passes), max_size=25))


class Watch:
    """Follows the state of each connection by what is told of it, and looks at what leaves."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.states: dict[int, str] = {}
        self.acknowledged = False
        """Whether the present connection's SYN was acknowledged."""
        self.aborted_in = ""

    def take(self) -> None:
        """Check what was told, and what was sent, since the last time."""
        for kind, values in self.script.events:
            if kind == "tcp.state":
                number, old, new, cause = values
                assert TABLE[old, cause].new == new
                assert self.states.get(number, old) == old, "no change is kept secret"
                self.states[number] = new
                if new in (SYN_SENT, SYN_RECEIVED):
                    self.acknowledged = False
                elif new != CLOSED:
                    self.acknowledged = True
                if cause == "abort":
                    self.aborted_in = old
        self.script.events.clear()
        for conn in self.script.host.tcp.connections.values():
            assert conn.state == self.states.get(conn.number, conn.state)
            assert conn.snd_una <= conn.snd_nxt
            if not self.script.host.knobs.tcp_retransmit:
                continue
            if conn.state not in (SYN_SENT, SYN_RECEIVED, TIME_WAIT):
                assert ("rto" in conn.deadlines) == (conn.snd_una < conn.snd_nxt), "RFC 6298 §5.1, §5.2"
            if conn.state in (SYN_SENT, SYN_RECEIVED):
                assert "rto" in conn.deadlines, "a handshake ends, one way or the other"
        for seen in self.script.skip():
            if seen.payload:
                assert self.acknowledged, "no data goes ahead of the handshake"
            if "F" in seen.flags and not self.acknowledged:
                assert seen.seq == 1, "RFC 9293 §3.10.4: a FIN does, if there is nothing else to send"


def act(script: Script, socket: TcpSocket, what: str, amount: object) -> None:
    """Make a call, let a segment arrive or time pass; only what a call refuses may raise."""
    if what == "segment":
        script.inject(str(amount))
    elif what == "pass":
        script.advance(int(str(amount)))
    else:
        try:
            if what == "send":
                socket.send(bytes(int(str(amount))))
            elif what == "option":
                socket.set_option(*OPTIONS[int(str(amount))])
            elif what == "shutdown":
                socket.shutdown(int(str(amount)))
            else:
                getattr(socket, what)()
        except OSError as problem:
            assert problem.errno


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.booleans(), st.sampled_from(["modern", "classic"]), scripts)
@example(False, "modern", [("segment", HANDSHAKE[0]), ("shutdown", 1), ("segment", HANDSHAKE[2])])
def test_calls_and_segments(passive: bool, profile: str, steps: list[tuple[str, object]]) -> None:
    """RFC 9293 §3.10: whatever is called and whatever arrives, in whichever state."""
    script = Script("none" if passive else None, profile=profile)
    watch = Watch(script)
    if passive:
        socket = script.listener
    else:
        socket = script.connect(80)
    watch.take()
    for what, amount in steps:
        before = {conn.number: conn.state for conn in script.host.tcp.connections.values()}
        act(script, socket, what, amount)
        resets = [one for one in script.pending if "R" in one.flags] if what == "abort" else []
        watch.take()
        if resets:
            assert set(before.values()) & RESETS, "RFC 9293 §3.10.5"
        if passive and socket is script.listener and socket.listener is not None and socket.listener.accepted:
            socket = script.accept()
    script.advance(200_000_000)
    watch.take()
    if profile == "modern":
        rests = {conn.state for conn in script.host.tcp.connections.values()}
        assert not rests & {LISTEN, SYN_SENT, SYN_RECEIVED, TIME_WAIT}, "these end by themselves"

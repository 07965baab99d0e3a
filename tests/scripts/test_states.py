"""Every call of an application in every state: RFC 9293 §3.10.2 (SEND), §3.10.4 (CLOSE), §3.10.5 (ABORT)."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from aether import socket_options as so
from aether.tcp.states import RESETS, STATES

from .script import Script

WAYS = ("passive", "active", "crossed")
CALLS = ("send", "shutdown", "close", "abort", "nodelay", "cork", "congestion", "buffer", "keepalive", "read")
OPENING = ("SYN-SENT", "SYN-RECEIVED")
QUEUEING = (*OPENING, "ESTABLISHED", "FIN-WAIT-1", "CLOSE-WAIT", "CLOSING", "LAST-ACK")
"""States in which data may wait that was never sent."""
OPTIONS = {
    "nodelay": (so.SOL_TCP, so.TCP_NODELAY, 1), "cork": (so.SOL_TCP, so.TCP_CORK, 1),
    "congestion": (so.SOL_TCP, so.TCP_CONGESTION, "reno"), "buffer": (so.SOL_SOCKET, so.SO_RCVBUF, 4096),
    "keepalive": (so.SOL_SOCKET, so.SO_KEEPALIVE, 1),
}
AFTER = {
    ("SYN-SENT", "shutdown"): "CLOSED", ("SYN-SENT", "close"): "CLOSED",
    ("ESTABLISHED", "shutdown"): "FIN-WAIT-1", ("ESTABLISHED", "close"): "FIN-WAIT-1",
    ("CLOSE-WAIT", "shutdown"): "LAST-ACK", ("CLOSE-WAIT", "close"): "LAST-ACK",
}
"""RFC 9293 §3.10.4; elsewhere a call leaves the state alone, but for an abort."""


def cases() -> list[tuple[str, str, bool]]:
    """Return each state with the ways that lead there, without and with data that waits."""
    found = [("CLOSED", "passive", False), ("LISTEN", "passive", False)]
    for state in STATES[2:]:
        for way in WAYS:
            if (state == "SYN-SENT" and way != "active") or (state == "SYN-RECEIVED" and way != "crossed"):
                continue  # nobody holds a connection in SYN-RECEIVED that was opened passively
            found += [(state, way, queued) for queued in (False, True) if not queued or state in QUEUEING]
    return found


def reach(state: str, way: str, queued: bool) -> Script:
    """Bring a connection into a state; with `queued`, 1000 of 2500 bytes have left, or none during the handshake."""
    s = Script("none" if way == "passive" else None)
    if state == "CLOSED":
        s.socket = type(s.listener)(s.host)
        return s
    if state == "LISTEN":
        s.socket = s.listener
        return s
    if way == "passive":
        s.handshake("mss=1460", window=1000)
        s.socket = s.accept()
    else:
        s.connect(80)
        s.expect("S seq=0")
        if state in OPENING and queued:
            s.send(b"x" * 2500)
        if way == "crossed":
            s.inject("S seq=0 mss=1460 win=1000")
            s.expect("SA seq=0 ack=1")
    if state not in OPENING:
        if way != "passive":
            s.inject("SA seq=0 ack=1 mss=1460 win=1000")
        if queued:
            s.send(b"x" * 2500)
        _go_on(s, state, queued)
    s.skip()
    s.expect_state(state)
    return s


def _go_on(s: Script, state: str, queued: bool) -> None:
    """From ESTABLISHED on."""
    if state in ("CLOSE-WAIT", "LAST-ACK"):
        s.inject("FA seq=1 ack=1 win=1000")
    if state in ("FIN-WAIT-1", "FIN-WAIT-2", "CLOSING", "TIME-WAIT", "LAST-ACK"):
        s.shutdown()
    if state in ("FIN-WAIT-2", "TIME-WAIT"):
        s.inject("A seq=1 ack=2 win=1000")
    if state in ("CLOSING", "TIME-WAIT"):
        s.inject(f"FA seq=1 ack={1 if state == 'CLOSING' else 2} win=1000")


def call(s: Script, what: str) -> int:
    """Make a call; return the errno that it gave, 0 if none."""
    s.steps.append(f"application: {what}")
    socket: Any = s.socket
    try:
        if what == "send":
            socket.send(b"y" * 100)
        elif what == "read":
            socket.receive()
        elif what in OPTIONS:
            socket.set_option(*OPTIONS[what])
        else:
            getattr(socket, what)()
    except OSError as problem:
        return problem.errno or -1
    return 0


def peer_finishes(s: Script, fin_from_peer: bool) -> bytes:
    """Acknowledge all that comes, answer our FIN with one; return the stream that came."""
    stream: dict[int, bytes] = {}
    at, seq, ended = 1, 2 if fin_from_peer else 1, fin_from_peer
    for _ in range(12):
        ours = s.skip()
        fin = False
        for segment in ours:
            if "R" in segment.flags:
                return b"".join(stream.values())
            assert segment.flags != "S"
            if segment.seq == at and "S" not in segment.flags:
                if segment.payload:
                    stream[at] = segment.payload
                at += len(segment.payload) + ("F" in segment.flags)
                fin = fin or "F" in segment.flags
        if fin and not ended:
            s.inject(f"FA seq={seq} ack={at} win=60000")
            seq, ended = seq + 1, True
        else:
            s.inject(f"A seq={seq} ack={at} win=60000")
        s.advance(50_000)
    return b"".join(stream.values())


@pytest.mark.parametrize("what", CALLS)
@pytest.mark.parametrize(("state", "way", "queued"), cases())
def test_a_call(state: str, way: str, queued: bool, what: str) -> None:
    """RFC 9293 §3.10.2 to §3.10.5: the state that follows, what leaves at once, and that the connection can end."""
    s = reach(state, way, queued)
    code = call(s, what)
    if state in ("CLOSED", "LISTEN"):
        assert code == {"send": errno.EPIPE, "shutdown": errno.ENOTCONN, "read": errno.ENOTCONN}.get(what, 0)
        assert s.skip() == []
        if state == "LISTEN":
            listens = any(port == s.port for _, port in s.host.tcp.listeners)
            assert listens == (what not in ("close", "abort"))
        return
    s.expect_state("CLOSED" if what == "abort" else AFTER.get((state, what), state))
    sent = s.skip()
    resets = [one for one in sent if "R" in one.flags]
    assert len(resets) == (what == "abort" and state in RESETS), "§3.10.5"
    if what == "send":
        open_ = state in (*OPENING, "ESTABLISHED", "CLOSE-WAIT")
        assert code == (0 if open_ else errno.EPIPE), "§3.10.2"
    if state in OPENING:
        bare = state == "SYN-RECEIVED" and not queued and what in ("shutdown", "close")
        rest = [one.flags for one in sent if "R" not in one.flags]
        assert rest == ["FA"] * bare, "no data before the handshake is complete, and a FIN only if none was written"
    if s.state == "CLOSED":
        return
    if state in OPENING:
        s.inject("SA seq=0 ack=1 mss=1460 win=1000")
        s.expect_state("FIN-WAIT-1" if what in ("shutdown", "close") else "ESTABLISHED")
    s.pending = [*sent, *s.skip()]
    theirs = state in ("CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT")
    if what not in ("shutdown", "close"):
        assert call(s, "shutdown") == (errno.ENOTCONN if state == "TIME-WAIT" else 0)
    came = peer_finishes(s, theirs)
    if state in OPENING and what != "cork":
        assert came == b"x" * (2500 if queued else 0) + b"y" * (100 if what == "send" else 0)
    s.advance(200_000)
    assert s.state in ("CLOSED", "TIME-WAIT", "FIN-WAIT-2")


@pytest.mark.parametrize("answer", ["A seq=1 ack=1", "SA seq=0 ack=1", "PA seq=1 ack=1 len=100", "FA seq=1 ack=1"])
@pytest.mark.parametrize("how", ["close", "shutdown"])
def test_a_fin_does_not_wait_for_the_handshake(how: str, answer: str) -> None:
    """RFC 9293 §3.10.4, SYN-RECEIVED: if nothing was written, a FIN is formed and sent."""
    s = reach("SYN-RECEIVED", "crossed", False)
    call(s, how)
    s.expect("FA seq=1 ack=1")
    s.advance(1_000_000)
    s.expect("SA seq=0 ack=1")
    s.inject(answer)
    if how == "close" and "len" in answer:
        assert s.skip()[-1].flags == "R", "RFC 2525 §2.17: there is nobody any more to read it"
        return
    assert not any("F" in one.flags for one in s.skip()), "it is under way: its timer sends it again"
    s.expect_state("CLOSING" if answer[0] == "F" else "FIN-WAIT-1")
    s.advance(3_100_000)
    assert s.skip()[0].flags == "FA", "RFC 6298 §5.4"
    s.inject(f"A seq={101 if 'len' in answer else 2 if answer[0] == 'F' else 1} ack=2")
    s.expect_state("TIME-WAIT" if answer[0] == "F" else "FIN-WAIT-2")


@pytest.mark.parametrize("how", ["close", "shutdown"])
def test_a_fin_that_is_acknowledged_with_the_syn(how: str) -> None:
    """RFC 9293 §3.10.7.4: one acknowledgement ends the handshake, and says that our FIN has arrived."""
    s = reach("SYN-RECEIVED", "crossed", False)
    call(s, how)
    s.expect("FA seq=1 ack=1")
    s.inject("A seq=1 ack=2")
    s.expect_nothing()
    s.expect_state("FIN-WAIT-2")


def test_a_fin_waits_behind_what_was_written() -> None:
    """RFC 9293 §3.10.4: otherwise the close is queued until ESTABLISHED."""
    s = reach("SYN-RECEIVED", "crossed", True)
    call(s, "shutdown")
    s.expect_nothing()
    s.inject("A seq=1 ack=1 win=60000")
    assert [one.flags for one in s.skip()][-1] == "FPA"
    s.expect_state("FIN-WAIT-1")


def test_a_closed_handshake_ends_without_an_answer() -> None:
    """RFC 9293 §3.8.3: after the close the SYN,ACK is repeated, and given up, as ever."""
    s = reach("SYN-RECEIVED", "crossed", False)
    s.close()
    s.expect("FA seq=1 ack=1")
    s.advance(200_000_000)
    assert {one.flags for one in s.skip()} == {"SA"}
    s.expect_state("CLOSED")


def test_unread_data_does_not_end_time_wait() -> None:
    """RFC 9293 §3.10.5: TIME-WAIT sends no reset, and lasts, when the application closes late."""
    s = Script("none")
    s.handshake()
    socket = s.socket = s.accept()
    s.inject("PA seq=1 ack=1 len=100")
    s.shutdown()
    s.skip()
    s.inject("FA seq=101 ack=2")
    s.expect("A ack=102")
    socket.close()
    s.expect_nothing()
    s.expect_state("TIME-WAIT")


def test_no_reset_before_anybody_has_answered() -> None:
    """RFC 9293 §3.10.5, SYN-SENT: lingering for no time sends none either."""
    s = reach("SYN-SENT", "active", False)
    s.socket.set_option(so.SOL_SOCKET, so.SO_LINGER, (True, 0))  # type: ignore[union-attr]
    s.close()
    s.expect_nothing()
    s.expect_state("CLOSED")

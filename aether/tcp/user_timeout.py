"""How long data, or a SYN, may wait for an acknowledgement: TCP_USER_TIMEOUT (RFC 9293 §3.10.8, RFC 5482).

The wait begins when something is sent with nothing in flight, or is held back by a closed window; each acknowledgement
of something new begins it anew, answers that acknowledge nothing do not. The knob tcp.user_timeout is another measure:
the silence of the peer, idle or not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aether.tcp.states import SYN_SENT, SYNCHRONIZED, TIME_WAIT
from aether.timers import NEVER

if TYPE_CHECKING:
    from aether.tcp.connection import Connection


def watch(conn: Connection) -> None:
    """Set the timer for when it has been too long, or stop it if nothing waits (RFC 9293 §3.9.1.8, RFC 5482 §3)."""
    deadline = _deadline(conn)
    if deadline == NEVER:
        conn.stop("user-timeout")
    elif conn.deadlines.get("user-timeout") != deadline:
        conn.start("user-timeout", max(deadline, conn.host.now))


def fired(conn: Connection) -> None:
    """End the connection if it has been too long (RFC 9293 §3.10.8: nothing is sent)."""
    if _deadline(conn) <= conn.host.now:
        conn.give_up("user timeout")
    else:
        watch(conn)


def _deadline(conn: Connection) -> int:
    """Return when it has been too long, in microseconds; NEVER if nothing limits it, or nothing waits."""
    if conn.state == TIME_WAIT:
        return NEVER  # it has its own end
    deadline, silence = NEVER, conn.host.knobs.tcp_user_timeout
    corked = "cork" in conn.deadlines and conn.snd_nxt == conn.snd_una
    if conn.options.user_timeout and ((conn.clocks.what and not corked) or conn.state == SYN_SENT):
        deadline = conn.waiting_since + conn.options.user_timeout
    if silence and conn.state in SYNCHRONIZED:
        deadline = min(deadline, conn.last_received + silence)
    return deadline

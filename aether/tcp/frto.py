"""F-RTO (RFC 5682, the SACK-enhanced form): was the time-out spurious?

After a time-out the first segment goes out again. If then acknowledgements come for segments that
were *not* sent again, they had only been slow: everything that was taken back is given back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aether.tcp.output import send_beyond
from aether.tcp.scoreboard import NOT_AGAIN

if TYPE_CHECKING:
    from aether.tcp.connection import Connection

OFF, FIRST, SECOND = 0, 1, 2
NEW_SEGMENTS = 2
"""How many leave before the second acknowledgement says more (§3.1, step 2b)."""


def begin(conn: Connection, reneged: bool) -> bool:
    """Start after a time-out (§3.1, step 1); return False if it does not apply, as to a peer that has `reneged`."""
    if reneged or not (conn.sack_ok and conn.host.knobs.tcp_frto) or conn.frto != OFF or conn.round_trip.backoff > 1:
        conn.frto = OFF
        return False
    for segment in conn.flight.segments.values():
        segment.again = NOT_AGAIN  # time is up for what was sent again before, too
    conn.frto = FIRST
    return True


def acknowledged(conn: Connection, advanced: bool) -> bool:
    """Look at an acknowledgement (§3.1, steps 2 and 3); return True if the time-out proves spurious.

    While nobody knows, `conn.frto` is SECOND: then nothing from before the time-out is sent again.
    """
    if any(segment.sends == 1 and segment.end <= conn.recover for segment in conn.flight.arrived):
        conn.frto = OFF
        return True
    if conn.frto == FIRST and not advanced:
        return False  # a duplicate says nothing of what was sent again: step 2 goes on
    if conn.frto == FIRST and conn.snd_una < conn.recover and send_beyond(conn, NEW_SEGMENTS):
        conn.frto = SECOND
    else:
        give_up(conn)
    return False


def give_up(conn: Connection) -> None:
    """The loss was real: everything from before the time-out is to be sent again (§3.1, steps 2a and 3a).

    What was sent again since then is under way, also where an acknowledgement has landed inside it.
    """
    conn.frto = OFF
    conn.flight.mark_all_lost(conn.recover, even_again=False)

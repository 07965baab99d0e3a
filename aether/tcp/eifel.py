"""The Eifel detection (RFC 3522): was a retransmission spurious? The timestamp that is echoed tells.

The first acknowledgement of new data after a retransmission is for it, or for the original. If for the original,
nothing was lost: what was taken from the window is given back (RFC 4015 §3; all of it, as on Linux).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aether.tcp.output import timestamp
from aether.tcp.sequence import HALF, MASK
from aether.wire.tcp import ECE

if TYPE_CHECKING:
    from aether.tcp.connection import Connection
    from aether.tcp.segment import Segment


def resending(conn: Connection) -> None:
    """Note when the first segment of a recovery is sent again (RFC 3522 §3.2, step 2)."""
    if conn.ts_ok and conn.host.knobs.tcp_eifel:
        conn.undo_stamp = timestamp(conn)


def spurious(conn: Connection, segment: Segment) -> bool:
    """Look at the first acknowledgement of new data after that (RFC 3522 §3.2, steps 3 to 5); True for the original's.

    One that echoes congestion gives nothing back (RFC 4015 §3).
    """
    resent, conn.undo_stamp = conn.undo_stamp, -1
    stamp = segment.options.timestamp if segment.options is not None else None
    if resent < 0 or stamp is None or not stamp[1] or (conn.ecn_ok and segment.flags & ECE):
        return False
    return (stamp[1] - resent) & MASK >= HALF

"""What a segment is beside those before it, in words: sent again, a duplicate ACK, a window update, a keepalive.

`aether.reading.analysis` judges as Wireshark does. Of a file no more is known, so its verdict stands; in the lab more
is known about a segment that comes out of turn: seen where it was sent, it was sent again, however soon.
"""

from __future__ import annotations

from aether.reading import analysis
from aether.reading.analysis import Analyst, Remark
from aether.reading.context import Context
from aether.reading.packet import Dissected, segment_of
from aether.wire import tcp

CAPTURE = "capture"
"""The link that the frames of a file are said to have gone over."""


class Marks:
    """Follows the connections on every link, and says in words what is remarkable about a segment."""

    def __init__(self) -> None:
        self._analyst = Analyst()

    def read(
        self, link: str, packet: Dissected, context: Context | None, number: int, time: int, *, late: bool = False,
    ) -> str:
        """Return what a frame is beside those before it on its link, or nothing.

        ``late`` says that it is seen where it arrives: then what comes out of turn may have been
        overtaken as well as sent again.
        """
        if context is None:
            return ""
        segment = segment_of(packet)
        if segment is None:
            return ""
        length = segment.carried
        remark = self._analyst.judge(link, segment, length, context, number, time)
        if segment.header[4] & tcp.RST or (not remark.flags and not remark.answers):
            return ""
        return _in_words(remark, length, late, link == CAPTURE)


def _in_words(remark: Remark, length: int, late: bool, captured: bool) -> str:
    """Return a remark in words; of several things that a segment is, the one that explains the most."""
    flags = remark.flags
    shut = ", zero window" if flags & analysis.ZERO_WINDOW else ""
    if flags & analysis.KEEP_ALIVE and length and remark.unacknowledged and not remark.shut and not captured:
        return "retransmission"
    if flags & (analysis.KEEP_ALIVE | analysis.ZERO_WINDOW_PROBE):
        return "window probe" if remark.shut else "keepalive"
    if remark.answers and not flags & analysis.WINDOW_UPDATE:
        return f"answers the {remark.answers}{shut}"
    if flags & analysis.AGAIN:
        if captured:
            return "out of order" if flags & analysis.OUT_OF_ORDER else "retransmission"
        return "late, or sent again" if late else "retransmission"
    if flags & analysis.DUPLICATE_ACK:
        return f"duplicate ACK {remark.duplicate}"
    if flags & analysis.WINDOW_UPDATE:
        return "window update"
    return "zero window" if shut else ""

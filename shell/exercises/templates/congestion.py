"""TCP's congestion control (RFC 5681): how many bytes may be on their way at once.

Below `ssthresh` the window grows by what is acknowledged, by one segment an acknowledgement at the most (slow start,
§3.1); from there on by one segment a round trip (congestion avoidance). A loss that duplicate acknowledgements tell of
halves what was on its way (§3.2, equation 4); after a time-out the window is one segment, and `ssthresh` half of what
was on its way (§3.1). `ssthresh` is never less than two segments.

The stack calls these methods, and reads `cwnd` and `ssthresh` after each; both are in bytes. While it repairs a loss
it may set them itself.
"""


class CongestionControl:
    """The congestion window of one connection."""

    def __init__(self, mss: int, window: int) -> None:
        """`mss` is what a segment holds, `window` the initial window; ssthresh is as high as can be at first."""
        self.mss = mss
        self.cwnd = window
        self.ssthresh = 1 << 40
        raise NotImplementedError

    def acknowledged(self, count: int) -> None:
        """`count` bytes were acknowledged for the first time, and no loss is being repaired."""
        raise NotImplementedError

    def lost(self, flight: int) -> None:
        """Duplicate acknowledgements tell of a loss; `flight` bytes were on their way."""
        raise NotImplementedError

    def timed_out(self, flight: int) -> None:
        """The retransmission timer has run out; `flight` bytes were on their way."""
        raise NotImplementedError

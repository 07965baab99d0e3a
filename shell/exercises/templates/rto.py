"""The retransmission time-out (RFC 6298): how long to wait for an acknowledgement before sending again.

Keep SRTT and RTTVAR as §2 says, with alpha = 1/8, beta = 1/4 and K = 4, and begin with 1 second. The time-out is never
below `minimum` (§2.4) nor above `maximum` (§2.5). A segment that was sent more than once is not measured (§3, Karn's
rule). When the timer runs out the time-out doubles (§5.5), and stays so until something is measured again. The clock
is so fine that its granularity G does not matter. All times are seconds.
"""


class RtoEstimator:
    """What one connection knows of its round-trip time."""

    def __init__(self, minimum: float = 1.0, maximum: float = 60.0) -> None:
        """Know nothing yet."""
        raise NotImplementedError

    def measured(self, rtt: float, resent: bool) -> None:
        """An acknowledgement came `rtt` seconds after its segment was sent first; `resent`: it was sent again since."""
        raise NotImplementedError

    def timed_out(self) -> None:
        """The retransmission timer has run out."""
        raise NotImplementedError

    def timeout(self) -> float:
        """Return the time-out to use now."""
        raise NotImplementedError

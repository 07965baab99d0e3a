"""RFC 6298, as a learner would write it."""


class RtoEstimator:
    def __init__(self, minimum: float = 1.0, maximum: float = 60.0) -> None:
        self.minimum, self.maximum = minimum, maximum
        self.srtt: float | None = None
        self.rttvar = 0.0
        self.rto = 1.0

    def measured(self, rtt: float, resent: bool) -> None:
        if resent:
            return
        if self.srtt is None:
            self.srtt, self.rttvar = rtt, rtt / 2
        else:
            self.rttvar = 0.75 * self.rttvar + 0.25 * abs(self.srtt - rtt)
            self.srtt = 0.875 * self.srtt + 0.125 * rtt
        self.rto = self.srtt + 4 * self.rttvar

    def timed_out(self) -> None:
        self.rto = min(2 * self.timeout(), self.maximum)

    def timeout(self) -> float:
        return min(max(self.rto, self.minimum), self.maximum)

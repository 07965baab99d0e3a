"""RFC 5681, as a learner would write it."""


class CongestionControl:
    def __init__(self, mss: int, window: int) -> None:
        self.mss = mss
        self.cwnd: float = window
        self.ssthresh: float = 1 << 40

    def acknowledged(self, count: int) -> None:
        if self.cwnd < self.ssthresh:
            self.cwnd += min(count, self.mss)
        else:
            self.cwnd += self.mss * count / self.cwnd

    def lost(self, flight: int) -> None:
        self.ssthresh = max(flight // 2, 2 * self.mss)
        self.cwnd = self.ssthresh

    def timed_out(self, flight: int) -> None:
        self.ssthresh = max(flight // 2, 2 * self.mss)
        self.cwnd = self.mss

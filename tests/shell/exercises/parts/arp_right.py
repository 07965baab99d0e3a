"""RFC 826, as a learner would write it."""


class ArpCache:
    def __init__(self, address: str, lifetime: float = 60.0) -> None:
        self.address, self.lifetime = address, lifetime
        self.table: dict[str, tuple[str, float]] = {}

    def received(self, now: float, operation: str, sender: str, hardware: str, target: str) -> bool:
        if self.lookup(now, sender) is not None or target == self.address:
            self.table[sender] = (hardware, now)
        return operation == "request" and target == self.address

    def lookup(self, now: float, address: str) -> str | None:
        if address not in self.table:
            return None
        hardware, confirmed = self.table[address]
        if now - confirmed > self.lifetime:
            del self.table[address]
            return None
        return hardware

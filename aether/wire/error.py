"""What every parser raises."""


class WireError(ValueError):
    """Bytes that are no valid header; `reason` is a key of `events.DROPS`, `detail` says what is wrong.

    `offset` is where in the packet, in bytes, if somebody is to be told (RFC 792, parameter problem).
    """

    def __init__(self, reason: str, detail: str = "", offset: int = 0) -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
        self.offset = offset

    def __reduce__(self) -> tuple[type["WireError"], tuple[str, str, int]]:
        return type(self), (self.reason, self.detail, self.offset)

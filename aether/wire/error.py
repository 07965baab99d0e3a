"""What every parser raises."""


class WireError(ValueError):
    """Bytes that are no valid header; `reason` is a key of `events.DROPS`, `detail` says what is wrong."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[type["WireError"], tuple[str, str]]:
        return type(self), (self.reason, self.detail)

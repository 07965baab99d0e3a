"""What an expression that makes no sense raises."""


class FilterError(ValueError):
    """An expression that makes no sense: what is wrong with it, where, and what would do.

    `str` gives the message and, below it, the expression with the place marked.
    """

    def __init__(self, message: str, text: str, start: int = 0, end: int = 0) -> None:
        self.message = message
        self.text = text
        self.start = min(max(start, 0), len(text))
        """Where the wrong part begins: characters before it."""
        self.end = min(max(end, self.start + 1), max(len(text), self.start + 1))
        """Where it ends; at least one character later, so that there is something to mark."""
        super().__init__(message)

    @property
    def column(self) -> int:
        """Return the column of the wrong part, counted from 1."""
        return self.start + 1

    def pointer(self) -> str:
        """Return two lines: the expression, and a mark below the wrong part."""
        shown = "".join(c if c.isprintable() else " " for c in self.text)
        return f"{shown}\n{' ' * self.start}{'^' * (self.end - self.start)}"

    def __str__(self) -> str:
        lines = "\n".join(f"  {line}" for line in self.pointer().splitlines())
        return f"{self.message}\n{lines}" if self.text else self.message

    def __reduce__(self) -> tuple[type["FilterError"], tuple[str, str, int, int]]:
        return FilterError, (self.message, self.text, self.start, self.end)

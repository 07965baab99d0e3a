"""Bodies as they travel: with a length, in chunks, or to the end of the connection (RFC 9112 §6, §7)."""

from __future__ import annotations

MAX_LINE = 4096
"""Bytes of the line before a chunk, its extensions included, and of all trailers."""
LENGTH, SIZE, DATA, AFTER, TRAILER, DONE, TO_THE_END = range(7)
HEX = b"0123456789abcdefABCDEF"


class BodyError(ValueError):
    """Chunks that make no sense."""


class Body:
    """Takes the bytes that follow a head, and says which of them are the body's."""

    __slots__ = ("left", "line", "state", "trailers")

    def __init__(self, length: int | None = None, chunked: bool = False) -> None:
        """`length` in bytes, or None for a body that ends with the connection, unless it is chunked."""
        self.state = SIZE if chunked else TO_THE_END if length is None else LENGTH if length else DONE
        self.left = length or 0
        self.line = b""
        """A line that is not complete yet."""
        self.trailers = 0

    @property
    def done(self) -> bool:
        """True when the whole body was there."""
        return self.state == DONE

    def take(self, data: bytes) -> tuple[bytes, bytes]:
        """Return the part of the body in `data`, and what follows the body; BodyError for a malformed one."""
        if self.state == TO_THE_END:
            return data, b""
        pieces = []
        at = 0
        while at < len(data) and self.state != DONE:
            if self.state in (LENGTH, DATA):
                piece = data[at:at + self.left]
                pieces.append(piece)
                at += len(piece)
                self.left -= len(piece)
                if not self.left:
                    self.state = DONE if self.state == LENGTH else AFTER
            else:
                at = self._line(data, at)
        return b"".join(pieces), data[at:]

    def _line(self, data: bytes, at: int) -> int:
        """Take a line between the chunks (RFC 9112 §7.1); return where the next thing begins."""
        end = data.find(b"\n", at) + 1
        self.line += data[at:end or len(data)]
        if len(self.line) > MAX_LINE:
            raise BodyError("a chunk's line is too long")
        if not end:
            return len(data)
        line, self.line = self.line, b""
        if not line.endswith(b"\r\n"):
            raise BodyError("a line that does not end with CRLF")
        if self.state == SIZE:
            size = line.partition(b";")[0].strip(b" \t\r\n")
            if not 0 < len(size) <= 12 or size.strip(HEX):
                raise BodyError("a chunk without a size")
            self.left = int(size, 16)
            self.state = DATA if self.left else TRAILER
        elif self.state == AFTER:
            if line != b"\r\n":
                raise BodyError("a chunk that is longer than its size")
            self.state = SIZE
        elif line == b"\r\n":
            self.state = DONE
        else:
            self.trailers += len(line)
            if self.trailers > MAX_LINE:
                raise BodyError("the trailers are too long")
        return end

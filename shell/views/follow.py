"""Both directions of a stream, drawn."""

from __future__ import annotations

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from shell.language.values import amount, amount_is
from shell.reading.escape import printable
from shell.results.follow import FollowReport, Piece
from shell.views.oneline import clock
from shell.views.registry import draws
from shell.views.theme import style

MARK = {"out": ">", "in": "<"}
COLOUR = {"out": "key", "in": "tcp"}
ROW = 16


class _Stream:
    """Draws itself in whatever width there is."""

    def __init__(self, report: FollowReport) -> None:
        self.report = report

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the pieces."""
        for piece in self.report.pieces:
            first, last = piece.frames[0], piece.frames[-1]
            frames = f"frame {first}" if first == last else f"frames {first} to {last}"
            head = f"{MARK[piece.direction]} {clock(piece.time_us)}  {frames}, {amount(len(piece.data) // 2, 'byte')}"
            yield Text(head, style("muted"))
            yield from self._hexadecimal(piece, options.max_width) if self.report.hexadecimal else self._text(piece)

    def _text(self, piece: Piece) -> list[Text]:
        mark = MARK[piece.direction]
        data = bytes.fromhex(piece.data).decode("utf-8", "backslashreplace").replace("\r\n", "\n")
        lines = data.split("\n")
        if lines[-1] == "":
            lines.pop()
        return [Text(f"{mark} {printable(line)}", style(COLOUR[piece.direction]), overflow="fold") for line in lines]

    def _hexadecimal(self, piece: Piece, width: int) -> list[Text]:
        data = bytes.fromhex(piece.data)
        row = ROW if width >= 78 else ROW // 2
        lines = []
        for at in range(0, len(data), row):
            part = data[at:at + row]
            digits = " ".join(f"{byte:02x}" for byte in part)
            letters = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
            lines.append(Text(f"{MARK[piece.direction]} {piece.offset + at:06x}  {digits:<{3 * row}} {letters}",
                              style(COLOUR[piece.direction])))
        return lines


@draws(FollowReport)
def follow(report: FollowReport) -> RenderableType:
    """Draw a stream."""
    parts: list[RenderableType] = [_Stream(report)] if report.pieces else [Text("nothing was said yet", style("muted"))]
    said = f"{amount(report.out, 'byte')} sent by you (>), {report.inward:,} to you (<)"
    if report.left_out:
        said += f"; {report.left_out:,} are not shown: --all shows them"
    parts.append(Text(said, style("muted")))
    if report.cut:
        parts.append(Text(f"{amount_is(report.cut, 'byte')} not in the capture, which has only the beginning of frames",
                          style("error")))
    if report.missing:
        parts.append(Text(f"{amount_is(report.missing, 'byte')} missing: what follows them waits", style("error")))
    return Group(*parts)

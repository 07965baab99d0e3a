"""`follow`: what was said on a connection, both ways."""

from __future__ import annotations

from shell.commands.common import HOST
from shell.language.grammar import CommandError, argument, command, option
from shell.reading.frames import FrameWatcher, SeenFrame
from shell.reading.streams import BothStreams, StreamPiece, segment_of
from shell.results.follow import FollowReport, Piece
from shell.session import Session

SHOWN = 4096
"""Bytes that are shown unless all are asked for."""


@command(
    "follow",
    argument("what", str, "a connection's number, or an expression that selects a frame of it", raw="line",
             complete="filters"),
    option("--hex", "as hexadecimal digits beside the characters"), option("--all", "every byte, however many"), HOST,
    examples=("follow 1", "follow 1 --hex", "follow tcp.port == 80"),
)
def follow(session: Session, what: str, hex: bool, all: bool, host: str) -> FollowReport:
    """Show both directions of a stream as the applications saw it: in order, each byte once.

    What was sent again is shown once, and what came out of order is put in its place. In a capture, connections are
    numbered from 1.
    """
    what = what.strip()
    events = session.visible_events("a stream")
    segments = [
        segment for seen in FrameWatcher(host).read(session.one_by_one(events, len(events)))
        if isinstance(seen, SeenFrame) and (segment := segment_of(seen)) is not None]
    conversation = BothStreams(_meant(session, what, segments))
    conversation.follow(segments)
    pieces = conversation.pieces
    length = {way: sum(len(piece.data) // 2 for piece in pieces if piece.direction == way) for way in ("out", "in")}
    shown, left_out = (pieces, 0) if all else _first(pieces, SHOWN)
    return FollowReport(what, shown, length["out"], length["in"], conversation.missing(), left_out, hex)


def _meant(session: Session, what: str, segments: list[StreamPiece]) -> tuple[bytes, bytes, int, int]:
    """Return the ends of the connection that is meant, as in what you send."""
    from shell.reading.selection import Chosen

    expression = f"conn == {what}" if what.isdigit() else what
    frames = Chosen(expression, session.visible_events("a stream")).frames
    for segment in segments:
        if segment.seen.number in frames:
            source, destination, port, to = segment.key
            return segment.key if segment.seen.direction == "out" else (destination, source, to, port)
    raise CommandError(
        f"no TCP frame of connection #{what} is kept. `tcp conns` lists them" if what.isdigit()
        else f"no TCP frame matches {what}")


def _first(pieces: list[Piece], limit: int) -> tuple[list[Piece], int]:
    """Return the beginning of a stream, and how many bytes follow it."""
    shown: list[Piece] = []
    left = limit
    total = sum(len(piece.data) // 2 for piece in pieces)
    for piece in pieces:
        if left <= 0:
            break
        shown.append(Piece(piece.direction, piece.time_us, piece.frames, piece.offset, piece.data[:2 * left]))
        left -= len(shown[-1].data) // 2
    return shown, total - sum(len(piece.data) // 2 for piece in shown)

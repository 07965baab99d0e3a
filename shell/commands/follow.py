"""`follow`: what was said on a connection, both ways."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from aether.reading.context import Conversation
from shell.captures.events import YOU
from shell.captures.looking import meant, numbered, of_conversation, selected
from shell.commands.common import HOST
from shell.language.grammar import CommandError, argument, command, option
from shell.language.values import is_number
from shell.reading.frames import SeenFrame
from shell.reading.streams import BothStreams, segment_of
from shell.results.follow import FollowReport
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
    segments = (segment for each in _frames(session, what, host) if (segment := segment_of(each)) is not None)
    first = next(segments, None)
    if first is None:
        raise CommandError(f"connection #{what} has no whole TCP segment" if what.isdigit()
                           else f"no whole TCP segment matches {what}")
    source, destination, port, to = first.key
    both = BothStreams(first.key if first.seen.direction == "out" else (destination, source, to, port))
    both.follow(chain((first,), segments))
    pieces = both.pieces(None if all else SHOWN)
    left_out = both.length("out") + both.length("in") - sum(len(piece.data) // 2 for piece in pieces)
    return FollowReport(what, pieces, both.length("out"), both.length("in"), both.missing(), left_out, hex,
                        both.cut())


def _frames(session: Session, what: str, host: str) -> Iterable[SeenFrame]:
    """Return the frames of the connection that is meant: one of those that used its ports."""
    number = int(what) if is_number(what) else 0
    capture = session.capture
    watcher = session.watcher(host)
    if capture is not None and host == YOU:
        found = numbered(capture, number) if number else meant(capture, selected(capture, what, session.around()))
        if found is None:
            raise _nothing(what, number)
        return session.one_by_one(of_conversation(capture, found, watcher), capture.frames)
    events = session.visible_events("a stream")
    seen = [each for each in watcher.read(session.one_by_one(events, len(events)))
            if isinstance(each, SeenFrame) and each.context is not None]
    conversation = _meant(session, what, number, seen)
    return [each for each in seen if each.context is not None and each.context.conversation is conversation]


def _meant(session: Session, what: str, number: int, seen: list[SeenFrame]) -> Conversation:
    from shell.reading.selection import Chosen

    frames = set() if number else Chosen(
        what, session.visible_events("a stream"), session.follower(), session.around()).frames
    for each in seen:
        if each.context is not None and (
                each.context.conversation.conn == number if number else each.number in frames and _has_tcp(each)):
            return each.context.conversation
    raise _nothing(what, number)


def _nothing(what: str, number: int) -> CommandError:
    return CommandError(
        f"no TCP frame of connection #{what} is kept. `tcp conns` lists them" if number
        else f"no TCP frame matches {what}")


def _has_tcp(seen: SeenFrame) -> bool:
    return segment_of(seen) is not None

"""`frames` and `frame`: what went over the wire."""

from __future__ import annotations

from shell.captures.events import YOU
from shell.captures.loaded import COMMENT, Capture
from shell.captures.looking import seen as seen_in
from shell.captures.looking import selected
from shell.commands.common import HOST
from shell.language.grammar import CommandError, argument, command, did_you_mean, option
from shell.language.values import count, frame_number
from shell.reading import words
from shell.reading.clocks import FORMATS, time_format, written
from shell.reading.dissect import dissect
from shell.reading.frames import FrameWatcher, SeenFrame
from shell.results.frames import FrameDetail, FrameList
from shell.results.time import EventRow
from shell.session import Session


@command(
    "frames",
    argument("what", str, "how many of the latest, an expression, or both", default="", raw="line", complete="filters"),
    HOST,
    option("--time", "how times are written: abs, rel, delta or utc", time_format, metavar="HOW", default="",
           complete=" ".join(FORMATS)),
    examples=("frames", "frames 100", "frames tcp.flags.syn == 1", "frames 50 arp or icmp", "frames --host host",
              "frames 10 --time delta"),
)
def frames(session: Session, what: str, host: str, time: str) -> FrameList:
    """List the latest frames, one line each, as seen from your interface; those that an expression selects.

    Times are seconds since the world began, or since the first frame of a capture. `--time` writes them in full:
    `rel` is the same to the last digit, `delta` since the frame before, `abs` and `utc` are date and time of day,
    which a capture has. Where a capture has nanoseconds, so have they.
    """
    number, _, expression = what.strip().partition(" ")
    if not number.isdigit():
        number, expression = "20", what
    return latest(session, count(number), host, expression.strip(), time)


@command(
    "frame", argument("number", frame_number, "a frame's number, as `frames` shows it", complete="frames"),
    argument("field", str, "a field to light, such as tcp.seq", default="", complete="fields"), HOST,
    option("--all", "every byte, also in the middle of long data, or of zeros"),
    examples=("frame 4", "frame 4 tcp.seq", "frame 4 --all"),
)
def frame(session: Session, number: int, field: str, host: str, all: bool) -> FrameDetail:
    """Show one frame in full: its headers as a tree, its bytes, and what it caused.

    The letter below each byte is that of the header it belongs to. Of long data, and of many zeros, the
    middle is left out.
    """
    watcher, seen = _find(session, number, host)
    layers = dissect(seen.data, seen.context)
    names = [each.name for layer in layers for each in layer.fields]
    if field and field not in names:
        raise CommandError(f"frame {number} has no field {field!r}{did_you_mean(field, names) or '. See `frame N`'}")
    caused = [
        EventRow(e.time, e.host, e.kind, words.describe(e)) for e in session.visible_events("a frame")
        if e.frame == number and (e.kind == COMMENT or not e.kind.startswith("frame."))
    ]
    return FrameDetail(watcher.row(seen), layers, seen.data.hex(), caused, field, all)


def latest(session: Session, count: int, host: str = "you", expression: str = "", time: str = "") -> FrameList:
    """Return the latest frames that a host saw; CommandError if the expression makes no sense."""
    watcher = session.watcher(host)
    if session.capture is not None and host == YOU:
        return _of_capture(session, session.capture, watcher, count, expression, time)
    events = session.visible_events("the list of frames")
    seen = [each for each in watcher.read(events) if isinstance(each, SeenFrame)]
    kept = len(seen)
    times = written(time, ((each.number, each.time) for each in seen), None, 6) if time else {}
    if expression:
        from shell.reading.selection import Selection

        selection = Selection(expression, follower=session.follower(), around=session.around())
        selection.follow(events)
        seen = [each for each in seen if selection.has(each)]
    nothing = "" if seen and count else _nothing(session, kept, host, expression)
    rows = [watcher.row(each) for each in seen[-count:] if count]
    for row in rows:
        row.time = times.get(row.number, "")
    return FrameList(rows, max(len(seen) - count, 0), nothing)


def _of_capture(
    session: Session, capture: Capture, watcher: FrameWatcher, count: int, expression: str, time: str,
) -> FrameList:
    """Return the latest frames of a capture, of which there may be many: those alone are read that are listed."""
    numbers = selected(capture, expression, session.around())
    listed = numbers[-count:] if count else ()
    rows = [watcher.row(each) for each in seen_in(capture, listed, watcher)]
    if time:
        captured, digits = (None, 6) if capture.started is None else (capture.times, capture.digits)
        times = written(time, enumerate(capture.events.times, 1), captured, digits)
        for row in rows:
            row.time = times[row.number]
    nothing = "" if rows else _nothing(session, capture.frames, YOU, expression)
    return FrameList(rows, len(numbers) - len(rows), nothing)


def _nothing(session: Session, kept: int, host: str, expression: str) -> str:
    """Say why a list of frames is empty: what there is stands elsewhere, or there is none."""
    at = "" if host == "you" else f" at {host}"
    listed = "frames" if host == "you" else f"frames --host {host}"
    if kept:
        which = f"match{'es' if kept == 1 else ''} {expression}" if expression else "asked for"
        return f"none of the {kept:,} frames that are kept{at} {which}. `{listed}` lists those"
    if session.capture is not None:
        return f"{session.capture.file} has no frames. `capture close` leaves it"
    sent = session.status().frames
    if not sent:
        return f"no frames yet. `ping {session.lab.host_address}` makes some"
    return f"no frames are kept{at}, of {sent:,} that were sent{' by all hosts' if at else ''}"


def field_names(session: Session, number: str) -> list[tuple[str, str]]:
    """Return the fields of a frame, with their values."""
    _, seen = _find(session, frame_number(number), "you")
    layers = dissect(seen.data, seen.context)
    return [(each.name, each.text) for layer in layers for each in layer.fields]


def _find(session: Session, number: int, host: str) -> tuple[FrameWatcher, SeenFrame]:
    """Return a frame that is still kept; CommandError if it is not."""
    watcher = session.watcher(host)
    capture = session.capture
    if capture is not None and host == YOU and 0 < number <= capture.frames:
        return watcher, seen_in(capture, (number,), watcher)[0]
    numbers = []
    found = None
    for each in watcher.read(session.visible_events("a frame")):
        if isinstance(each, SeenFrame):
            numbers.append(each.number)
            if each.number == number:
                found = each
    if found is not None:
        return watcher, found
    if not numbers and capture is not None:
        raise CommandError(f"no frame {number}: there is none in {capture.file}. `capture close` leaves it")
    if not numbers:
        raise CommandError(f"no frame {number}: there are none yet. `ping {session.lab.host_address}` makes some")
    elsewhere = _end_of(session, number)
    at = "" if host == "you" else f" at {host}"
    if elsewhere and elsewhere != host:
        raise CommandError(
            f"no frame {number}{at}: it is on its way, or went over another link. `frame {number} --host {elsewhere}` "
            "shows it")
    kept = f"from {min(numbers)} to {max(numbers)}"
    raise CommandError(f"no frame {number}{at}. Kept are frames {kept}; `frames` lists them")


def _end_of(session: Session, number: int) -> str:
    """Return a host that sent, had or missed a frame that is kept; empty if there is none."""
    for event in session.visible_events("a frame"):
        if event.kind in ("frame.sent", "frame.arrived") and event.values[0] == number and event.host != "wire":
            return event.host
    return ""

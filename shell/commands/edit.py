"""`edit` and `resend`: frames that went over the wire, changed, or once more."""

from __future__ import annotations

from aether.reading.link import FCS, CheckedFrame, LinkFrame
from shell.commands.common import WAITS
from shell.commands.craft import keep
from shell.commands.send import NO_RST
from shell.craft.delivery import MAX_FRAMES, deliver, drafted
from shell.craft.edit import edit as edited
from shell.language.grammar import CommandError, argument, command, option
from shell.language.values import frame_number
from shell.reading.frames import SeenFrame
from shell.results.craft import Crafted, Draft
from shell.session import Session, Stored


@command(
    "edit", argument("number", frame_number, "a frame's number, as `frames` shows it", complete="frames"),
    argument("changes", str, "fields and their new values", raw="line", complete="edits"),
    option("--keep-checksums", "leave the checksums as they are, wrong or not"),
    examples=("edit 47 ip.ttl=1", "edit 47 tcp.seq=1000 data=\"hello\"", "edit 47 frame[30]=0xff --keep-checksums"),
)
def edit(session: Session, number: int, changes: str, keep_checksums: bool) -> Draft:
    """Change fields of a frame that went over the wire, and show the result; nothing is sent.

    `send frame47` puts it on the wire, and `inject frame47` lets it arrive. Checksums are computed again, unless they
    are kept or given.
    """
    session.need_trace("a frame")
    found = kept(session, number, number)
    done = edited(_on_wire(found[0]), changes, found[0].context, keep_checksums=keep_checksums)
    name = f"frame{number}"
    keep(session, name, Stored(f"frame {number}: {changes}", done.frame))
    draft = drafted(name, f"frame {number}: {changes}", done.frame)
    draft.changes = done.changes
    return draft


@command(
    "resend", argument("what", str, "a frame's number, or a range such as 40-60; then to you, or to wire", raw="line",
                       complete="frames"),
    NO_RST, *WAITS, examples=("resend 47", "resend 40-60", "resend 47 to you", "resend 40-60 to wire"),
)
def resend(session: Session, what: str, no_rst: bool, wait: int, background: bool) -> Crafted:
    """Let frames happen once more, byte for byte: those that you sent go onto the wire, others arrive again."""
    session.need_trace("a frame")
    first, last, where = _range(what)
    found = kept(session, first, last)
    frames = [(_on_wire(seen), where == "you" if where else seen.direction != "out") for seen in found]
    return deliver(session, frames, said=f"frames {what}", no_rst=no_rst, wait=wait, background=background)


def _on_wire(seen: SeenFrame) -> bytes:
    """Return a frame as it can be sent here; CommandError if it was none of Ethernet."""
    frame = seen.data
    if isinstance(frame, LinkFrame):
        raise CommandError(f"frame {seen.number} comes from a link of another kind (link type {frame.link_type}), and "
                           "the wires here are Ethernet. `craft` makes a frame with the same packet")
    return frame[:-FCS] if isinstance(frame, CheckedFrame) else frame  # whoever sends it adds a check sequence


def _range(text: str) -> tuple[int, int, str]:
    words = text.split()
    where = ""
    if len(words) == 3 and words[1] == "to" and words[2] in ("you", "wire"):
        where = words[2]
    elif len(words) != 1:
        raise CommandError(f"resend takes a frame or a range, then `to you` or `to wire`, not {text!r}")
    low, _, high = words[0].partition("-")
    first = frame_number(low)
    last = frame_number(high) if high else first
    if last < first:
        raise CommandError(f"the range {words[0]} ends before it begins")
    return first, last, where


def kept(session: Session, first: int, last: int) -> list[SeenFrame]:
    """Return the frames of a range that are still kept, as you saw them; CommandError if there is none."""
    watcher = session.watcher()
    everything = [each for each in watcher.read(session.visible_events("a frame")) if isinstance(each, SeenFrame)]
    found = {each.number: each for each in everything if first <= each.number <= last}
    if not found:
        numbers = [each.number for each in everything]
        there = f"Kept are frames {min(numbers)} to {max(numbers)}" if numbers else "There are none yet"
        which = f"{first} to {last}" if last > first else str(first)
        raise CommandError(f"no frame {which}. {there}; `frames` lists them")
    if len(found) > MAX_FRAMES:
        raise CommandError(f"at most {MAX_FRAMES:,} frames at a time, not {len(found):,}")
    return list(found.values())

"""`capture`: frames into files for Wireshark, frames out of files, and a pipe that Wireshark follows."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from shell import endings
from shell.captures import samples
from shell.captures.live import CapturePipe, open_pipe
from shell.captures.loaded import load as load_file
from shell.captures.packets import NotACapture
from shell.captures.recorder import CaptureRecorder, CaptureStore, Encoder, comments_of
from shell.commands.common import FORCE, HOST
from shell.files.writing import place, write
from shell.language.grammar import CommandError, argument, command
from shell.reading.frames import FrameWatcher, Note, SeenFrame
from shell.reading.selection import Selection
from shell.reading.tracing import Tracer
from shell.results.capture import CaptureLoaded, CaptureSaved, CaptureStatus
from shell.results.message import Message
from shell.session import Session

WHICH = argument("expression", str, "which frames; all without it", default="", raw="line", complete="filters")


@command("capture start", WHICH, HOST, examples=("capture start", "capture start tcp.port == 80"))
def start(session: Session, expression: str, host: str) -> Message:
    """Record frames from now on, until `capture stop`. What was recorded before is forgotten."""
    session.need_trace("a capture")
    tracer = _tracer(session, expression, host)
    if session.recordings.recorder is not None:
        session.recordings.recorder.stop()
    session.recordings.store = CaptureStore()
    session.recordings.recorder = CaptureRecorder(session.core.ring, session.recordings.store, tracer)
    session.recordings.recorder.start()
    return Message("recording", "`capture save FILE.pcapng` writes it, `capture stop` ends it")


@command("capture stop", examples=("capture stop",))
def stop(session: Session) -> CaptureStatus:
    """Stop recording, and close the pipe of `capture live`. What was recorded can still be saved."""
    if session.recordings.recorder is None and session.recordings.live is None:
        raise CommandError(
            "nothing is recorded. `capture start` records, and `capture save FILE` writes what is kept anyway")
    session.recordings.stop()
    frames = session.recordings.store.frames if session.recordings.store is not None else 0
    return _status(session, "`capture save FILE.pcapng` writes them" if frames else "")


@command("capture status", examples=("capture status",))
def status(session: Session) -> CaptureStatus:
    """Say what is recorded, where it goes, and which file is looked at."""
    if session.recordings.recorder is not None:
        session.recordings.recorder.collect(settled=True)
    return _status(session, "")


@command(
    "capture save", argument("file", str, "the file to write; .pcapng is usual", complete="files"), WHICH,
    FORCE, HOST,
    examples=("capture save run.pcapng", "capture save web.pcapng tcp.port == 80", "capture save run.pcapng --force"),
)
def save(session: Session, file: str, expression: str, force: bool, host: str) -> CaptureSaved:
    """Write frames to a file for Wireshark: those that `capture start` recorded, else those that are still kept.

    Why a frame was discarded, and which state it changed, is a comment of its packet (pcapng).
    Frames that never arrived are left out. A file that is there already is replaced only with
    `--force`.
    """
    session.need_trace("a capture")
    path = Path(file).expanduser()
    if os.path.exists(path) and not (os.path.isfile(path) or os.path.islink(path)):
        raise CommandError(f"{file} is no ordinary file. For a pipe: capture live {file}")
    again = f"capture save {file} --force"
    place(file, force, again)
    seen, missing = _recorded(session, expression, host)
    encoder = Encoder(host, _about(session))
    content = encoder.head() + encoder.blocks(seen) + encoder.tail(missing)
    if not encoder.frames:
        raise CommandError("there is no frame to save" + (" that the expression selects" if expression else
                                                          f". `ping {session.lab.host_address}` makes some"))
    write(file, content, force=force, again=again)
    frames = [each for each in seen if isinstance(each, SeenFrame) and each.direction != "lost"]
    commented = sum(1 for each in frames if comments_of(each))
    return CaptureSaved(file, encoder.frames, commented, len(content), missing, f"wireshark {file}")


@command("capture load",
         argument("file", str, "a capture: pcap or pcapng, perhaps packed by gzip; or one of the lessons, by name",
                  complete="files"),
         examples=("capture load run.pcapng", "capture load example"))
def load(session: Session, file: str) -> CaptureLoaded:
    """Look at a capture: `frames`, `frame N` and expressions are about it, until `capture close`.

    Times count from its earliest packet, and `>` is what the station sent that most frames are from or to, unless the
    file says. A damaged file is read as far as it goes. The lab goes on meanwhile. Captures to learn with have names:
    example, no-connection, slow-download and slow-page.
    """
    try:
        capture = load_file(samples.place(file), session.went_on)
    except NotACapture as problem:
        raise CommandError(f"{file} is no capture: {problem}") from None
    except OSError as problem:
        raise CommandError(f"cannot read {file}: {problem.strerror}") from None
    if not capture.frames and capture.damage:
        raise CommandError(f"{file} is damaged before its first frame: {capture.damage}")
    capture.file = file
    session.capture = capture
    hint = "`frames` lists them, `capture close` returns to the lab" if capture.frames else ""
    return CaptureLoaded(
        file, capture.format, capture.frames, capture.bytes, capture.duration, _moment(capture.started),
        capture.shortened, capture.left_out, capture.damage, capture.comments, hint)


@command("capture close", examples=("capture close",))
def close(session: Session) -> Message:
    """Look at the lab again, after `capture load`."""
    if session.capture is None:
        raise CommandError("no capture is open. `capture load FILE` opens one")
    file, session.capture = session.capture.file, None
    return Message(f"{file} is closed; `frames` shows the lab again")


@command(
    "capture live",
    argument("file", str, "a named pipe, which is made if it is not there; - for standard output", complete="files"),
    WHICH, HOST, examples=("capture live /tmp/aether", "capture live /tmp/aether icmp"),
)
def live(session: Session, file: str, expression: str, host: str) -> Message:
    """Send frames into a pipe as they happen: `wireshark -k -i PIPE` follows. `capture stop` ends it.

    The stack never waits for the reader: what nobody fetches is kept up to 8 MB, then the oldest
    is given up. A reader that goes away may come again.
    """
    session.need_trace("a capture")
    tracer = _tracer(session, expression, host)
    if session.recordings.live is not None:
        raise CommandError(f"frames go to {session.recordings.live.path} already. `capture stop` ends that")
    encoder = Encoder(host, _about(session))
    with endings.held():
        pipe = _standard_output(encoder) if file == "-" else _named(encoder, file)
        session.recordings.live = pipe
        session.recordings.live_recorder = CaptureRecorder(session.core.ring, pipe, tracer)
        session.recordings.live_recorder.start()
    where = "standard output" if file == "-" else file
    return Message(f"frames go to {where} from now on", "" if file == "-" else f"wireshark -k -i {file}")


def _named(encoder: Encoder, file: str) -> CapturePipe:
    path = str(Path(file).expanduser())
    try:
        return CapturePipe(encoder, path, made=open_pipe(path))
    except ValueError as problem:
        raise CommandError(f"{problem}. To write a file: capture save {file}") from None
    except OSError as problem:
        raise CommandError(f"cannot make the pipe {file}: {problem.strerror}") from None


def _standard_output(encoder: Encoder) -> CapturePipe:
    """Take standard output for frames alone; what is printed goes to standard error from now on."""
    if os.isatty(1):
        raise CommandError("standard output is a terminal, which frames would garble. Name a pipe, or start with "
                           "aether-shell -c 'capture live -' … | wireshark -k -i -")
    sys.stdout.flush()
    descriptor = os.dup(1)
    os.dup2(2, 1)
    return CapturePipe(encoder, "-", descriptor)


def _tracer(session: Session, expression: str, host: str) -> Tracer:
    tracer = Tracer(host, session.lab_follower)
    if expression:
        tracer.selection = Selection(expression, session.events())
    return tracer


def _recorded(session: Session, expression: str, host: str) -> tuple[list[SeenFrame | Note], int]:
    """Return what is to be saved, and how much is missing."""
    recorder, store = session.recordings.recorder, session.recordings.store
    if recorder is not None:
        recorder.collect(settled=True)
    if store is not None and (recorder is not None or store.frames):
        if expression or host != "you":
            raise CommandError("what was recorded is saved as it is: say which frames, or whose, at `capture start`")
        return store.seen, store.refused + (recorder.missed if recorder is not None else 0)
    events = session.events()
    seen = list(FrameWatcher(host, session.lab_follower()).read(events))
    if expression:
        selection = Selection(expression, follower=session.lab_follower())
        selection.follow(events)
        seen = [each for each in seen if selection.has(each)]
    return seen, session.core.ring.lost


def _about(session: Session) -> str:
    lab = session.lab
    return f"{lab.device}, seed {lab.seed}" if lab.kind == "SIM" else f"TAP {lab.device}"


def _moment(nanoseconds: int | None) -> str:
    """Return a time as text, in UTC; None is none."""
    if nanoseconds is None:
        return "an unknown time"
    try:
        moment = datetime.fromtimestamp(nanoseconds // 1_000_000_000, UTC)
    except (ValueError, OverflowError, OSError):
        return f"{nanoseconds // 1_000_000_000} s after 1970"
    return f"{moment:%Y-%m-%d %H:%M:%S}.{nanoseconds % 1_000_000_000:09d} UTC"


def _status(session: Session, hint: str) -> CaptureStatus:
    store, pipe = session.recordings.store, session.recordings.live
    return CaptureStatus(
        session.recordings.recorder is not None, store.frames if store is not None else 0,
        store.bytes if store is not None else 0, pipe.path if pipe is not None else "",
        pipe.frames if pipe is not None else 0, pipe is not None and pipe.connected,
        pipe.given_up if pipe is not None else 0, session.capture.file if session.capture is not None else "", hint)

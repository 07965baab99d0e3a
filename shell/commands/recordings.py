"""`record` and `replay`: a run as a file, exact to the state hash."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from aether.engine.build import build_name
from aether.engine.core import CoreError
from aether.engine.log import LogError, Recording, dump, load
from aether.engine.loop import Loop
from aether.engine.timelines import from_recording
from aether.lab import HOST_ADDRESS
from aether.operations.base import OperationError
from shell.commands.common import FORCE
from shell.files.opening import read_whole
from shell.files.writing import place, write
from shell.language.grammar import CommandError, argument, command
from shell.language.values import amount, amount_is
from shell.results.message import Message
from shell.session import Session

MAX_FILE = 512 << 20
"""Bytes of a recording that is read, at the most."""
ENDINGS = ("stop", "off", "end", "start", "on")
"""What a person says who takes it for something that goes on."""


@command("record", argument("file", str, "the file to write", complete="files"), FORCE,
         examples=("record run.aether", "record run.aether --force"))
def record(session: Session, file: str, force: bool) -> Message:
    """Write the run so far to a file: seed, and everything that came from outside. `replay` repeats it exactly."""
    session.need_trace("record")
    if file in ENDINGS and not force:
        raise CommandError(
            f"`record` writes the whole run up to now, at once: there is nothing to {file}, and each `record FILE` has "
            "more. What `capture start` began, `capture stop` ends. A file of that name is written by: "
            f"record ./{file}")
    again = f"record {file} --force"
    place(file, force, again)

    content, occurrence, inputs = session.core.with_loop(_text)
    write(file, content, force=force, again=again)
    said = f"{amount(occurrence, 'occurrence')} and {amount_is(inputs, 'input')} in {file}"
    return Message(said, f"aether-shell --sim, then: replay {file}")


def _text(loop: Loop) -> tuple[str, int, int]:
    """Return a run as text, and how many occurrences and inputs it has."""
    if loop.log is None:
        raise OperationError("benchmark mode keeps no history. Go back to: mode trace")
    try:
        return dump(loop.log, loop.world, loop.work), loop.world.occurrence, len(loop.log.inputs)
    except LogError as problem:
        raise OperationError(str(problem)) from None


def keep(session: Session) -> str:
    """Keep a run that a mistake of ours has stopped, and say where it is; nothing if there is none to keep."""
    import platformdirs

    if session.lab.replayed:
        return ""
    folder = Path(platformdirs.user_state_dir("aether"))
    try:
        content, occurrence, _ = session.core.with_loop(_text)
        folder.mkdir(parents=True, exist_ok=True)
        file = next(path for number in count(1) if not (path := folder / f"stopped-{number}.aether").exists())
        write(str(file), content, force=False, again="record")
    except (CoreError, OperationError, CommandError, OSError) as problem:
        return f"The run so far could not be kept: {problem}"
    return f"Its {amount(occurrence, 'occurrence')} up to here are kept: aether-shell --replay {file}"


@command("replay", argument("file", str, "a file that `record` wrote", complete="files"),
         examples=("replay run.aether",))
def replay(session: Session, file: str) -> Message:
    """Read a run back, check that it ends in the same state, and stand still at its end. `goto`, `back`, `why` work.

    A recording of another version is carried out as this version does it; if that ends elsewhere, it is said.
    """
    session.need_trace("replay")
    if session.lab.kind != "SIM":
        raise CommandError("a recording is looked at without a device: aether-shell --sim, then replay")
    recording = read(file)

    def carry_out(loop: Loop) -> tuple[bool, str]:
        try:
            exact = from_recording(loop, recording, exact=False)
        except LogError as problem:
            return False, str(problem)
        _settle_in(session, recording)  # here, where Ctrl-C does not come between: both are done, or neither
        return exact, ""

    exact, problem = session.core.with_loop(carry_out)
    if problem:
        raise CommandError(f"{file}: {problem}")
    if not exact:
        return Message(
            f"{file} was carried out again ({amount(recording.occurrence, 'occurrence')}) and ends in another state, "
            f"since {recording.build or 'an earlier version'} recorded it and this is {build_name()}",
            "what you see is what this version does with the same seed and inputs; time stands still at its end")
    return Message(f"{file} repeated exactly: {amount(recording.occurrence, 'occurrence')}, state {recording.hash}",
                   "time stands still at its end: `back`, `goto 1`, `frames`, `why` look at it")


def _settle_in(session: Session, recording: Recording) -> None:
    """Let the session know of the other world."""
    lab, described = session.lab, recording.description
    lab.replayed, lab.seed = True, int(str(described["seed"]))
    if described["lab"] == "tapped":
        lab.device, lab.host_address = "recording of a TAP", str(described.get("gateway", HOST_ADDRESS))
    session.timelines.clear()
    session.timeline = "main"
    session.begin_anew()


def read(file: str) -> Recording:
    """Return a recording; CommandError says what is wrong with the file."""
    path = Path(file).expanduser()
    try:
        data = read_whole(path, MAX_FILE)
        if len(data) > MAX_FILE:
            raise CommandError(f"{file} is larger than {MAX_FILE >> 20} MB: no recording of ours")
        return load(data.decode("utf-8"))
    except OSError as problem:
        raise CommandError(f"cannot read {file}: {problem.strerror}") from None
    except UnicodeDecodeError as problem:
        line = problem.object[:problem.start].count(b"\n") + 1
        raise CommandError(f"{file}: line {line}: this is no recording: byte {problem.start} is not UTF-8") from None
    except LogError as problem:
        raise CommandError(f"{file}: {problem}") from None

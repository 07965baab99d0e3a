"""`drill`: packet scripts in the language of packetdrill."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from aether.engine import timelines
from aether.engine.loop import Loop
from aether.knobs import KNOBS
from aether.knobs import show as show_value
from aether.operations.base import OperationError
from aether.timers import NEVER
from aether.world import World
from shell.commands.common import FORCE, HOST
from shell.commands.knob import profile_name
from shell.drill.draft import NAME, ScriptDraft, opened, opening
from shell.drill.run import Wishes
from shell.files.writing import place
from shell.files.writing import write as write_file
from shell.language.grammar import CommandError, argument, command, option
from shell.language.values import duration, is_number
from shell.results import drill as results
from shell.results.message import Message
from shell.session import Away, Session
from shell.views import oneline

if TYPE_CHECKING:
    from aether.events import Event
    from shell.drill.rehearsal import Rehearsal
    from shell.drill.script import Script


def _seed(text: str) -> int:
    if not text.isdigit() or len(text) > 19:
        raise CommandError(f"--seed takes a whole number, not {text!r}")
    return int(text)


def _against(text: str) -> str:
    if text not in ("aether", "kernel"):
        raise CommandError(f"--against is aether or kernel, not {text!r}")
    return text


def _one_line(text: str) -> str:
    if not text:
        raise CommandError("drill line needs a line of a script, such as: drill line +.1 < F. 1:1(0) ack 1 win 65535")
    return text


def _name(text: str) -> str:
    """Take the name of a script, or several; whether it is there is looked up when it is played."""
    return text


def _turned(text: str) -> str:
    from shell.drill.reports import read_knobs

    read_knobs([text])
    return text


FILE = argument("file", _name, "a script; draft for the one that is written here", complete="scripts")
SEED = option("--seed", "another run of what is random", _seed, metavar="N")
TURNED = option("--knob", "turn knobs first, divided by commas", _turned, metavar="NAME=VALUE", default="")
PROFILE = option("--profile", "all knobs at once: modern or classic", profile_name, metavar="NAME", default="",
                 complete="modern classic")
EVERYTHING = 1 << 30
GO_ON = "`drill line ...` writes the next line, `drill run draft` plays all"


@command(
    "drill run",
    argument("files", _name, "scripts, and directories of them; draft for the one that is written here", raw="many",
             complete="scripts"),
    SEED, TURNED, PROFILE,
    option("--against", "aether, in virtual time, or kernel: this one, in a private network", _against, metavar="WHAT",
           default="aether", complete="aether kernel"),
    option("--junit", "write the results for a CI too", _name, metavar="FILE", default="", complete="files"),
    examples=("drill run tests/drill/closing", "drill run my.pkt --knob tcp.sack=off", "drill run my.pkt --seed 7"),
)
def run(
    session: Session, files: str, seed: int | None, knob: str, profile: str, against: str, junit: str,
) -> results.DrillReport:
    """Play packet scripts, each against a fresh host in virtual time, and say what did not go as it is written.

    The session's own world is left alone. With --against kernel the scripts are played against Linux, in real time.
    """
    from shell.drill.reports import play_draft, play_files, read_knobs, write_junit

    wishes = Wishes(seed, profile, read_knobs([knob]), against)
    began = time.perf_counter()
    if files == NAME:
        report = play_draft(_draft(session), wishes, began)
    else:
        with session.terminal.progress(len(files.split())) as told:
            report = play_files(files.split(), wishes, began, told)
    if session.lesson is not None:
        report.hint = report.failure = ""  # what fails is looked at, and a script that is stepped would take its lab
    if junit:
        write_junit(report, junit)
    return report


@command(
    "drill step",
    argument("what", str, "a script to begin with (draft: the one that is written here), or how many lines to play",
             default="1", complete="scripts"),
    option("--to", "play up to this line, and stand before it; `end` plays all that is left", str, metavar="LINE",
           default=""),
    SEED, TURNED, PROFILE,
    examples=("drill step tests/drill/closing/passive.pkt", "drill step", "drill step 5", "drill step --to end"),
)
def step(session: Session, what: str, to: str, seed: int | None, knob: str, profile: str) -> results.DrillStep:
    """Play a script line by line, in the session's world: `break`, `back`, `why`, `tcp show`, `ladder` look at it.

    With a file it begins: the script's world takes the place of the session's, and stands before the first line.
    `drill quit` gives your own lab back.
    """
    from shell.drill.reports import read_knobs

    line = _line(to)
    if not is_number(what):
        _begin(session, what, Wishes(seed, profile, read_knobs([knob])))
        if not to:
            return _rehearsal(session).report()
    rehearsal = _rehearsal(session)
    lines = EVERYTHING if to or not is_number(what) else int(what)

    def play(loop: Loop) -> str:
        try:
            rehearsal.play(lines, line)
        except OperationError as problem:
            return str(problem)
        return ""

    if problem := session.core.with_loop(play):
        raise CommandError(problem)
    return rehearsal.report()


def _line(text: str) -> int:
    """Return the line that is meant; 0 for the end."""
    if text in ("", "end"):
        return 0
    if not is_number(text) or not int(text):
        raise CommandError(f"--to takes the number of a line, or end, not {text!r}")
    return int(text)


def _begin(session: Session, file: str, wishes: Wishes) -> None:
    """Put the script's world in the place of the session's."""
    from shell.drill.rehearsal import begin

    session.need_trace("drill step")
    if session.lab.kind != "SIM":
        raise CommandError("a script is stepped without a device: aether-shell --sim, then drill step FILE")
    if session.lesson is not None:
        raise CommandError("a lesson is under way, and it would lose its lab. First: lesson quit")
    script = _script(session, file)

    lab, options = session.lab, script.options
    own = session.timelines.get(session.timeline)

    def start(loop: Loop) -> object:
        try:
            present = timelines.leave(
                loop, session.timeline, own.parent if own else "", own.forked_at if own else 0)
            found = begin(loop, script, wishes)
        except (OperationError, CommandError) as problem:
            return str(problem)
        if session.away is None:
            session.away = Away(present, dict(session.timelines), replace(lab))
        return found

    found = session.core.with_loop(start)
    if isinstance(found, str) or found is None:
        raise CommandError(found or "a script is stepped by an engine, and there is none here")
    session.rehearsal = found
    lab.device, lab.address, lab.host_address = "packet script", options.local_ip, options.remote_ip
    oneline.use_network(options.local_ip)
    session.timelines.clear()
    session.timeline = "main"
    session.begin_anew()


def _rehearsal(session: Session) -> Rehearsal:
    found = session.rehearsal
    if found is None:
        raise CommandError("no script is being stepped. Begin with: drill step FILE")
    return cast("Rehearsal", found)


@command("drill quit", examples=("drill quit",))
def quit_(session: Session) -> Message:
    """Leave the script that is being stepped, and get your own lab back as it was."""
    away = session.away
    if away is None:
        raise CommandError("no script has taken the place of your lab. `drill step FILE` lets one do so")
    if session.lesson is not None:
        raise CommandError("a lesson is under way, in a lab of its own. First: lesson quit")

    def carry_out(loop: Loop) -> None:
        timelines.switch(loop, away.present)
        session.timelines, session.timeline = dict(away.timelines), away.present.name
        session.lab.device, session.lab.seed, session.lab.replayed = away.lab.device, away.lab.seed, away.lab.replayed
        session.lab.address, session.lab.host_address = away.lab.address, away.lab.host_address
        session.rehearsal = session.away = None
        session.begin_anew()

    session.core.with_loop(carry_out)
    oneline.use_network(session.lab.address)
    return Message(f"your own lab is back, at ev {away.present.world.occurrence}, paused", "`run` lets its time go on")


@command("drill show", examples=("drill show",))
def show(session: Session) -> results.DrillStep:
    """Show the whole script that is being stepped, with what has become of each line."""
    return _rehearsal(session).report(whole=True)


@command("drill compare", FILE, SEED, TURNED, PROFILE, examples=("drill compare my.pkt",))
def compare(
    session: Session, file: str, seed: int | None, knob: str, profile: str,
) -> results.DrillComparison:
    """Play a script against Aether and against this kernel, and show both line by line.

    It needs rights to a TUN. Without them, the kernel's answers to some scripts are known from a record.
    """
    from shell.drill.reports import read_knobs
    from shell.drill.sides import arrivals
    from shell.drill.sides import compare as compare_sides

    script = _script(session, file)
    with session.terminal.busy("playing against the kernel, in real time"):
        found = compare_sides(script, Wishes(seed, profile, read_knobs([knob])), session.asks_kernel)
    if file == NAME:
        opening = _draft(session).opening
        found.written, found.arrived = len(script.lines) - opening, arrivals(script, opening)
    return found


def _script(session: Session, name: str) -> Script:
    """Return the script of that name, or the draft; CommandError."""
    from shell.drill.run import load

    return _draft(session).script() if name == NAME else load(Path(name).expanduser())


def _draft(session: Session) -> ScriptDraft:
    if session.script is None:
        raise CommandError("no script was begun here. Begin with: drill new server (a file of that name is ./draft)")
    return ScriptDraft(*session.script)


@command(
    "drill new",
    argument("kind", opening, "server: a connection that is accepted, as 4; client: one that is opened, as 3; or empty",
             default="server", complete="server client empty"),
    examples=("drill new", "drill new client"),
)
def new(session: Session, kind: str) -> results.DrillDraft:
    """Begin a script here, with the lines that open a connection; `drill line` goes on with it.

    Wherever a command takes a script, `draft` stands for it: drill run draft. The one before is forgotten.
    """
    begun = opened(kind)
    session.script = begun.lines, begun.opening
    return _as_it_is(begun, hint=GO_ON)


@command(
    "drill line", argument("line", _one_line, "an event with its time, as in a script", raw="line"),
    examples=("drill line +.1 < P. 1:101(100) ack 1 win 65535", "drill line +0 > . 1:1(0) ack 101"),
)
def line(session: Session, line: str) -> results.DrillDraft:
    """Write the next line of the script that was begun with `drill new`; one that cannot be read is refused."""
    draft = _draft(session)
    draft.add(line)
    return _as_it_is(draft, _latest(draft))


@command("drill undo", examples=("drill undo",))
def undo(session: Session) -> results.DrillDraft:
    """Take the last line of the script that is written here away."""
    draft = _draft(session)
    if not draft.lines:
        raise CommandError("the script has no line")
    draft.lines.pop()
    draft.opening = min(draft.opening, len(draft.lines))
    return _as_it_is(draft, _latest(draft))


def _latest(draft: ScriptDraft) -> int:
    """Return from which line on a draft is shown: what came after its opening, or the last one."""
    return max(min(draft.opening, len(draft.lines) - 1), 0)


@command(
    "drill draft", option("--save", "write it to this file", str, metavar="FILE", default="", complete="files"), FORCE,
    examples=("drill draft", "drill draft --save my.pkt"),
)
def draft(session: Session, save: str, force: bool) -> results.DrillDraft:
    """Show the script that is written here, or write it to a file.

    A file that is there already is replaced only with `--force`.
    """
    found = _draft(session)
    if save:
        write_file(save, found.text, force=force, again=f"drill draft --save {save} --force")
    return _as_it_is(found, file=save, hint=GO_ON)


def _as_it_is(draft: ScriptDraft, shown_from: int = 0, file: str = "", hint: str = "") -> results.DrillDraft:
    return results.DrillDraft(list(draft.lines), draft.opening, shown_from, file, hint)


def changed_knobs(world: World, host: str) -> dict[str, str]:
    """Return the knobs of a host that stand otherwise than the profile modern has them."""
    knobs = world.hosts[host].knobs
    return {
        name: show_value(knob, getattr(knobs, knob.attribute)) for name, knob in KNOBS.items()
        if getattr(knobs, knob.attribute) != knob.default and not name.startswith("loop.")}


def connection_key(events: Sequence[Event], number: int, host: str) -> tuple[bytes, bytes, int, int]:
    """Return the ends of a connection as in what a host sends; CommandError if it is not among the events."""
    for event in events:
        if event.kind == "tcp.opened" and event.values[0] == number and event.host == host:
            _, local, local_port, remote, remote_port = event.values
            return local, remote, local_port, remote_port
    raise CommandError(
        f"the beginning of connection #{number} at {host} is not kept. `tcp conns` lists connections. Of one in which "
        "much happens, begin with `capture start`; afterwards `capture save FILE`, `capture load FILE`")


@command(
    "drill write", argument("what", str, "conn and its number, such as: conn 1", raw="many"),
    option("--from", "hold it to what came from this time on; before it anything may come", duration, metavar="TIME"),
    option("--to", "leave out what came after this time", duration, metavar="TIME"),
    option("--save", "write it to this file", str, metavar="FILE", default="", complete="files"), FORCE, HOST,
    examples=("drill write conn 1", "drill write conn 1 --save fault.pkt", "drill write conn 2 --to 3s"),
)
def write(
    session: Session, what: str, to: int | None, save: str, force: bool, host: str, **more: int | None,
) -> results.DrillText:
    """Write a script of a connection as it was seen: in the lab, in a recording, or in a capture that is open.

    Packets of the other end are injected, those of the host are expected, and calls are made where its application
    made them. The script is played at once, so that it is known to play. It can also be redirected: > FILE. A file
    that is there already is replaced only with `--force`.
    """
    from shell.drill.write import CannotWrite, Writer, packets_of
    from shell.drill.writing import written_and_played

    words = what.split()
    if len(words) != 2 or words[0] not in ("conn", "connection") or not is_number(words[1]):
        raise CommandError(f"drill write takes conn and a number, such as drill write conn 1, not {what!r}")
    again = f"drill write {what} --save {save} --force"
    if save:
        place(save, force, again)
    events = session.visible_events("drill write")
    begin = more["from"]
    try:
        writer = Writer(packets_of(events, host, connection_key(events, int(words[1]), host)),
                        begin if begin is not None else -1, to if to is not None else NEVER)
    except CannotWrite as problem:
        raise CommandError(f"{problem}. (`tcp conns` and `frames` show what there is)") from None
    knobs = {} if session.capture is not None else session.ask(partial(changed_knobs, host=host))
    about = f"Connection #{words[1]}, as {host} saw it."
    written = writer.write()
    with session.terminal.busy("playing what was written"):
        text, player = written_and_played(written, about, knobs, writer.start % 1000)
    note = ""
    if player.failed is not None:
        until = writer.start + written.time_of(player.outcomes.index(player.failed)) - 1
        note = (f"line {player.failed.line.place.line} does not go as it was seen ({player.failed.problem}): something "
                f"that no packet shows decided it. Mend the script, or let it end before: --to {until}us")
    if save:
        write_file(save, text, force=force, again=again)
    return results.DrillText(text, int(words[1]), len(player.outcomes), save, note, note)

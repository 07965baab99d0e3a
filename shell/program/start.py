"""From options to a running session: the lab, the core, and the shell or the script on top."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aether.engine.core import Core
from aether.wire.address import AddressError
from shell import endings
from shell.lab.peer import introduction
from shell.language import translation
from shell.language.grammar import CommandError
from shell.prompt import script
from shell.reading.stderr import complain
from shell.results.message import Message
from shell.session import Lab, Session

if TYPE_CHECKING:
    from aether.engine.shards import Shards
    from aether.link.queues import Queues
    from shell.prompt.app import AetherShell


def run(options: argparse.Namespace) -> int:
    """Open the lab, run lines or the interactive shell, close the lab; return the exit status.

    No file that the command line names is opened before the lab is: whoever came through sudo is no longer root then.
    """
    try:
        session = open_session(options, scripted=script.nobody_types(options))
    except (CommandError, AddressError, OSError) as problem:
        complain(problem)
        return 1
    session.core.start()
    try:
        endings.under_way()
        status = _run(session, options)
    except KeyboardInterrupt:
        complain("interrupted")
        status = endings.INTERRUPTED
    finally:
        endings.over()
        _close(session)
    return status


def _run(session: Session, options: argparse.Namespace) -> int:
    """Make everything ready that was asked for, and run the shell, or lines; return the exit status."""
    try:
        lines = script.lines(options)
    except script.CommandFileError as problem:
        complain(problem)
        return 2
    if session.shards is not None and options.mode == "bench" and not start_workers(session.shards):
        return 1
    if session.lab.kind == "SIM" and options.workers:
        from aether.operations.workers import WorkersSet

        session.do(WorkersSet(count=options.workers))
    if not options.no_config and not configure(session, options):
        return 1
    choose_language(session, options)
    if options.replay and not replay(session, options.replay):
        return endings.INTERRUPTED if endings.interrupted() else 1
    if options.no_shell:
        return run_headless(session)
    if lines is not None:
        return run_lines(session, lines, stop=not options.lines)
    return run_interactive(session)


def _close(session: Session) -> None:
    """Put everything in order: a lesson under way is remembered, and what was opened is given back."""
    if session.lesson is not None:
        session.lesson.suspend()
    session.recordings.stop()
    if session.shards is not None:
        session.shards.stop()
    session.core.stop()
    if session.lab.close is not None:
        session.lab.close()


def open_session(options: argparse.Namespace, *, scripted: bool) -> Session:
    """Build the world and the core that drives it."""
    speed = float("inf") if scripted else 1.0
    wants_tap = options.tap or options.lab or (os.geteuid() == 0 and not options.sim and not options.replay)
    output = "json" if options.json else "plain" if options.plain else "rich"
    seed = options.seed if options.seed is not None else int.from_bytes(os.urandom(3), "big")
    if wants_tap:
        from shell.lab import open_tap

        world, queues, lab = open_tap(options, seed)
        core = Core(world, queues.taps[0], mode=options.mode, speed=1.0)
        if len(queues.taps) > 1:
            return _with_workers(Session(core, lab, output, scripted=scripted), queues)
    else:
        if options.address or options.host_address or options.subnet:
            raise CommandError("--address, --host-address and --subnet are for a TAP (--tap NAME, or --lab)")
        from aether.lab import simulated

        given_back = False
        if "SUDO_UID" in os.environ:
            from shell.lab import privileges

            given_back = privileges.drop()
        lab = Lab("SIM", seed=seed)
        if os.geteuid() == 0 and not given_back:
            lab.note = "This program runs as root, and need not: --user nobody has it become a user without rights"
        core = Core(simulated(seed), mode=options.mode, speed=speed)
    return Session(core, lab, output, scripted=scripted)


def start_workers(shards: Shards) -> bool:
    """Start the workers that were asked for; return False, and say why, if they do not start."""
    from aether.engine.child import ShardError

    try:
        shards.start(shards.wanted)
    except ShardError as problem:
        complain(problem)
        return False
    return True


def _with_workers(session: Session, queues: Queues) -> Session:
    from aether.engine.shards import Shards

    session.shards = Shards(session.core, queues, lambda said: session.terminal.announce(Message(said)))
    return session


def replay(session: Session, file: str) -> bool:
    """Read a recording back before anything else; return whether that worked."""
    from shell.commands import recordings
    from shell.prompt.progress import ProgressLine

    line = ProgressLine(sys.stderr)
    session.core.look = line.look if sys.stderr.isatty() else None
    try:
        done = recordings.replay(session, file)
    except CommandError as problem:
        line.clear()
        complain(problem)
        return False
    except KeyboardInterrupt:
        line.clear()
        complain(f"interrupted; {file} was not replayed")
        return False
    line.clear()
    session.core.look = None
    session.lab.note = f"{done.message}.\n{done.hint[0].upper()}{done.hint[1:]}."
    return True


def run_headless(session: Session) -> int:
    """Say that everything is ready, and wait for SIGTERM or SIGINT; the core does all the work."""
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    session.terminal.announce = _say
    print(intro(session).partition("\n")[0], flush=True)
    done.wait()
    return 0


def _say(result: Any) -> None:
    print(result.message, flush=True)


def run_lines(session: Session, lines: Iterable[tuple[str, str]], *, stop: bool) -> int:
    """Run lines one after the other; return 1 if one failed.

    With ``-c`` every line runs; a script, or standard input, stops at the first failure (``stop``).
    """
    from shell.prompt.app import AetherShell

    app = AetherShell(session, interactive=False)
    app.quiet = True
    if not app.stdout.isatty():
        from shell.views import theme

        theme.without_colours()
    try:
        app.run_lines(lines, stop=stop)
    except UnicodeDecodeError:
        complain("cannot read standard input: it is not UTF-8 text")
        return 2
    if endings.interrupted():
        raise KeyboardInterrupt
    return app.exit_code or (1 if app.failures else 0)


def run_interactive(session: Session) -> int:
    """Run the interactive shell."""
    begin_as_configured(session)
    with plain_terminal():
        return _converse(session)


@contextmanager
def plain_terminal() -> Iterator[None]:
    """Let nothing but text reach a terminal that knows no escape sequences."""
    from shell.views import theme

    if not theme.is_dumb():
        yield
        return
    from prompt_toolkit.application import create_app_session
    from prompt_toolkit.output.plain_text import PlainTextOutput

    with create_app_session(output=PlainTextOutput(sys.stdout)):
        yield


def _converse(session: Session) -> int:
    from shell.lessons.progress import ProgressStore
    from shell.lessons.welcome import Greeter
    from shell.prompt.app import AetherShell
    from shell.prompt.screen import Screen

    app = AetherShell(session, history_file=str(history_file()))
    screen = Screen(app)
    screen.start()
    try:
        app.poutput(intro(session), soft_wrap=False)
        app.greeter = Greeter(ProgressStore.usual())
        if welcome := app.greeter.welcome():
            app.poutput(welcome)
        run_at_start(app, session)
        return app.cmdloop()
    finally:
        screen.stop()


def configure(session: Session, options: argparse.Namespace) -> bool:
    """Read the configuration file, and let its colours count; return False if one was named that is not there."""
    from aether.filters import macros
    from shell.configuration import default_file, load

    path = Path(options.config).expanduser() if options.config else default_file()
    if options.config and not os.path.exists(path):
        complain(f"there is no configuration file {options.config}")
        return False
    session.configuration = found = load(path)
    macros.use(found["macros"])
    for problem in found.problems if session.scripted and options.config else ():
        complain(problem)
    if found.values.keys() & {"theme", "colours"}:
        from shell.views import theme

        theme.configure(found["theme"], found["colours"])
    return True


def choose_language(session: Session, options: argparse.Namespace) -> None:
    """Let lessons speak the language that was asked for; where nobody types, only the command line asks."""
    if options.language:
        translation.choose(options.language)
    elif not session.scripted:
        configured = session.configuration["language"] if session.configuration is not None else "auto"
        translation.choose(translation.of_environment(os.environ) if configured == "auto" else configured)


def begin_as_configured(session: Session) -> None:
    """Let the configuration decide how the shell begins, and say what is wrong with it."""
    found = session.configuration
    if found is None:
        return
    for problem in found.problems:
        complain(problem)
    if session.output == "rich":
        session.output = found["output"]
    session.tracing = found["trace.on"]
    if layers := found["trace.layers"]:
        from shell.reading.selection import Selection

        session.tracer.selection = Selection(" or ".join(layers))


def run_at_start(app: AetherShell, session: Session) -> None:
    """Run the lines that the configuration names, each shown as if it had been typed."""
    for line in session.configuration["startup.commands"] if session.configuration is not None else ():
        app.poutput(f"aether> {line}")
        if app.onecmd_plus_hooks(line, add_to_history=False):
            return


def intro(session: Session) -> str:
    """Return what greets a person."""
    lab = session.lab
    simulated = f"{'a recording' if lab.replayed else 'the simulated lab'}, seed {lab.seed}"
    where = simulated if lab.kind == "SIM" else f"TAP {lab.device}"
    who = introduction(lab, os.geteuid() == 0)
    notes = "".join(f"{line}\n" for line in (who, lab.note) if line)
    return (f"Aether: {where}. You are {lab.address}, the host is {lab.host_address}.\n{notes}"
            f"Try `trace on`, then `ping {lab.host_address}`. F1 is help, Ctrl-D quits.")


def history_file() -> Path:
    """Return where typed lines are kept."""
    import platformdirs

    return Path(platformdirs.user_state_dir("aether")) / "history"



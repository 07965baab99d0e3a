"""The shell itself: cmd2 for lines, history, scripts and pipes; our own grammar for what they say."""

from __future__ import annotations

import os
import shlex
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import IO, TYPE_CHECKING, Any, TextIO

import cmd2
from cmd2.completion import CompletionItem, Completions
from cmd2.exceptions import RedirectionError
from cmd2.parsing import Statement
from cmd2.rich_utils import Cmd2BaseConsole
from cmd2.utils import RedirectionSavedState

from aether.engine.core import CoreError, DeviceLost
from aether.knobs import KnobError
from aether.operations.base import OperationError
from aether.wire.address import AddressError
from shell import endings
from shell.language import grammar
from shell.language.grammar import CommandError
from shell.language.registry import NOUNS, find, owns_line
from shell.language.shortened import whole_words
from shell.language.translation import say
from shell.prompt import unbroken
from shell.prompt.parsing import LineParser, commands_of, redirection
from shell.prompt.progress import ProgressLine
from shell.reading.escape import printable
from shell.reading.stderr import OutputLost
from shell.reading.tracing import LINES
from shell.results.breakpoints import BreakpointHit
from shell.results.craft import Crafted
from shell.results.help import FieldList, HelpIndex, HelpPage
from shell.results.knob import KnobList
from shell.results.lesson import LessonList, LessonNews, LessonSummary, Solution
from shell.session import Session
from shell.views import oneline, render
from shell.views.harmless import harmless
from shell.views.theme import is_dumb

if TYPE_CHECKING:
    from aether.engine.work import Work
    from shell.lessons.welcome import Greeter
    from shell.reading.tracing import Portion

PAGED = (HelpIndex, HelpPage, FieldList, LessonList, KnobList)
"""Results that are shown in pages where they are longer than the screen."""
REMOVED = ("ipy", "py", "run_pyscript", "set", "shell", "shortcuts")
"""Commands of cmd2 that have no place here."""
EXPECTED = (CommandError, OperationError, KnobError, AddressError, DeviceLost)
"""What a command raises when a person asked for something that makes no sense."""


class AetherShell(cmd2.Cmd):
    """The interactive shell; also runs single lines and scripts.

    Its methods, in order: a line, and what comes of it; what is shown meanwhile; what went wrong; many lines; the
    trace; the prompt; completion.
    """

    failures = 0
    """How many commands have failed."""

    def __init__(
        self,
        session: Session,
        *,
        history_file: str = "",
        interactive: bool = True,
        stdin: TextIO | None = None,
        stdout: TextIO | None = None,
    ) -> None:
        # First, since what goes wrong while cmd2 begins is told too: a history that cannot be kept, say.
        self._line = ProgressLine(stdout if stdout is not None else sys.stdout)
        if is_dumb():
            cmd2.rich_utils.ALLOW_STYLE = cmd2.rich_utils.AllowStyle.NEVER
        super().__init__(
            stdin=stdin, stdout=stdout, allow_cli_args=False, allow_clipboard=False, auto_suggest=True,
            enable_bottom_toolbar=interactive, include_py=False, include_ipy=False,
            persistent_history_file=history_file, shortcuts={"?": "help", "@": "run_script"}, terminators=(),
        )
        self.session = session
        if interactive:
            session.terminal.busy = self._busy
            session.core.look = self._look
            session.terminal.progress = self._progress
        self.toolbar: list[str] = []
        """The parts of the bottom line, the most important first; whoever watches the core writes them."""
        self.greeter: Greeter | None = None
        """Gives tips; None where nobody types."""
        self.lesson_later: list[LessonNews | LessonSummary] = []
        """What a lesson asks or says at its end: it is shown when the command that brought it about is over."""
        self.trace_limit = LINES if interactive else None
        """How many lines of the trace are shown at a time; None for all."""
        self.at_prompt = False
        self.at_keys = interactive
        """Whether somebody types, who may turn pages."""
        self._told_of_loss = False
        self.in_pane = False
        """True while a view has the whole terminal, in which nobody else may write."""
        oneline.use_network(session.lab.address)
        parser = LineParser(
            written_out=self._written_out, terminators=(), shortcuts={"?": "help", "@": "run_script"})
        parser.aliases.update({"exit": "quit", "q": "quit"})
        self.statement_parser = parser
        self.prompt = "aether> "
        self.hidden_commands += ["_eof", "_relative_run_script"]
        self.default_error = "no command {!r}"
        self.refresh_prompt()

    # Lines

    def onecmd_plus_hooks(self, line: str, **options: Any) -> bool:
        """Run a line, which may be several commands with ; between them; the first that fails ends it."""
        line = self._of_the_lesson(line)
        parts = list(commands_of(line)) or [line]
        for part in parts:
            before = self.failures
            if super().onecmd_plus_hooks(part, **options):
                return True
            if self.failures > before and len(parts) > 1:
                break
        return False

    def _of_the_lesson(self, line: str) -> str:
        """Return a line with `lesson` before it where that may be left out; an answer is then read as it stands."""
        first = line.split(None, 1)[0] if line.strip() else ""
        known = first in self.statement_parser.aliases or first in self.macros
        inside = self.session.lesson is not None and first in IN_LESSON
        return f"lesson {line.strip()}" if inside and not known else line

    def _written_out(self, line: str) -> str:
        """Return a line with its words whole; in a lesson single letters may be answers."""
        first = line.split(None, 1)[0] if line else ""
        if self.session.lesson is not None and (first in IN_LESSON or (len(first) == 1 and first in "abcdef")):
            return line
        known = [*self.get_visible_commands(), *self.statement_parser.aliases, *self.macros, *self.hidden_commands]
        return whole_words(line, known)

    def do_clear(self, _: Statement) -> None:
        """Clear the screen."""
        if self._is_screen() and not is_dumb():
            from prompt_toolkit.shortcuts import clear

            clear()

    def invoke(self, noun: str, statement: Statement | str, argv: Sequence[str] = ()) -> None:
        """Carry out a line that begins with one of our nouns, and show what came of it; `argv` are its words."""
        self.last_result = None
        self._begin()
        try:
            if noun == "next" and not str(statement) and self.session.lesson is not None:
                noun, statement = "lesson", "next"
            words = [noun, *str(statement).split()]
            if words[-1] in ("-h", "--help") and owns_line(" ".join(words[:-1])) is None:
                self.onecmd(f"help {' '.join(words[:-1])}", add_to_history=False)
                return
            found, values = _read(words, statement, argv)
            json, plain = values.pop("json"), values.pop("plain")
            self._know_host(values.get("host"))
            mode = "json" if json else "plain" if plain else self.session.output
            watched = mode != "json" and self._is_screen() and not self._redirecting
            self.session.terminal.meanwhile = partial(self._show_part, mode=mode) if watched else None
            self._over(found, words, f"{noun} {statement!s}".strip(), found.run(self.session, **values), mode)
        except EXPECTED as problem:
            if not self._redirecting:
                self.show_rest_of_trace()  # what has led to it
            self.fail(str(problem))
        except KeyboardInterrupt:
            self._line.clear()
            raise
        finally:
            self._line.end()
        self.tell_lesson()
        if self.session.core.work.take_stop():  # Ctrl-C came when there was nothing left to end
            raise KeyboardInterrupt

    def _know_host(self, host: str | None) -> None:
        """See that there is such a host; CommandError says which there are."""
        if host in (None, "you", "all"):
            return
        there = self.session.core.whole.ask(lambda world: list(world.hosts))
        if host not in there:
            near = grammar.did_you_mean(str(host), there) or f". There are: {', '.join(there)}"
            raise CommandError(f"no host {host!r} here{near}")

    def _over(self, found: grammar.Command, words: list[str], line: str, result: Any, mode: str) -> None:
        """A command is over: show what it returned and what it brought about, and let others take note of it."""
        if self._is_screen():
            self.show_rest_of_trace()
        self.show(result, mode)
        self.last_result = result
        self._note_typed(line)
        if failure := getattr(result, "failure", ""):
            self.fail(failure)
        if (lost := self.session.core.lost_device) and not self._told_of_loss:
            self._told_of_loss = True
            self.fail(lost)
        self.tell_stops(mode)
        self.play(result)
        if words[0] == "lesson" or self.session.lesson is not None:
            self._warn_of_progress()
        if self.session.lesson is not None:
            self.session.lesson.note_command(words, result)
        elif self.greeter is not None and (tip := self.greeter.tip(found.path)):
            self.poutput(tip)

    def _begin(self) -> None:
        """A command begins: what is counted is counted for it."""
        self.session.core.work.begin()
        self._line.begin()

    def _look(self, work: Work) -> None:
        """Show how far a command is."""
        if self._is_screen() and not self._redirecting and not self.in_pane and not is_dumb():
            self._line.look(work)

    def poutput(self, *objects: Any, **kwargs: Any) -> None:
        """Print; how far the command was is gone then."""
        self._line.clear()
        super().poutput(*objects, **kwargs)

    def print_to(self, file: IO[str], *objects: Any, **kwargs: Any) -> None:
        """Print, as everything here is printed in the end: nothing steers the terminal."""
        try:
            super().print_to(file, *map(harmless, objects), **kwargs)
        except OSError as problem:
            self.failures += 1
            raise OutputLost(problem) from None

    def _write(self, lines: str) -> None:
        """Print lines of text that nothing is drawn around: where nobody breaks them, without asking rich to."""
        if not unbroken.is_unbroken(self.stdout):
            self.poutput(lines)
            return
        self._line.clear()
        try:
            unbroken.write(self.stdout, lines)
        except OSError as problem:
            self.failures += 1
            raise OutputLost(problem) from None

    def _redirect_output(self, statement: Statement) -> RedirectionSavedState:
        """Open what a line is to be written to; where that cannot be done, say which file, and why."""
        try:
            return super()._redirect_output(statement)
        except RedirectionError as problem:
            if isinstance(problem.__cause__, OSError):
                why = problem.__cause__.strerror or problem.__cause__
                raise RedirectionError(f"cannot write to {printable(statement.redirect_to)}: {why}") from None
            raise

    def _persist_history(self) -> None:
        """Write the history, as every file is written: a kill leaves the old one."""
        if not self.persistent_history_file:
            return
        from shell.files.writing import WriteError
        from shell.prompt.history import persist

        try:
            persist(self.history, self.persistent_history_file, self._persistent_history_length)
        except WriteError as problem:
            self.perror(f"the history is not kept: {problem}")

    def _warn_of_progress(self) -> None:
        """Say once that what is done in lessons cannot be written down."""
        from shell.lessons.progress import take_warnings

        for warning in take_warnings():
            self.print_to(sys.stderr, warning)

    def _note_typed(self, line: str) -> None:
        """Remember a line for `lesson record`."""
        self.session.typed = [*self.session.typed[1 - TYPED:], line]

    def play(self, result: Any) -> None:
        """Run the lines of a lesson's solution, as if they had been typed."""
        from shell.lessons.stage import at_once

        for line in result.commands if isinstance(result, Solution) else ():
            filled = self.session.lesson.fill_in(line) if self.session.lesson is not None else line
            self.poutput(f"aether> {filled}")
            with at_once(self.session):
                self._run_of_lesson(filled)
            if getattr(self.last_result, "outcome", "") == "detached":
                self.poutput(say("the solution ends here, by Ctrl-C: `lesson play` carries it out again"))
                break

    def _run_of_lesson(self, line: str) -> None:
        """Run a line of a lesson file: our grammar reads it, and nobody looks for redirections, pipes and macros."""
        from shell.lessons.allowed import by_itself, check

        try:
            check(self.session, line)
        except EXPECTED as problem:
            self.fail(str(problem))
            return
        noun, rest = [*line.split(None, 1), ""][:2]
        with by_itself(self.session):
            self.invoke(noun, rest, [] if owns_line(line) else shlex.split(line))

    def tell_lesson(self) -> None:
        """Say what has come true in the lesson, below the frames that brought it about."""
        found, self.lesson_later = self.lesson_later, []
        found += self.session.lesson.poll() if self.session.lesson is not None else []
        if found and not self._redirecting:
            self.show_rest_of_trace()
        for news in found:
            self.show(news, self.session.output)

    def tell_stops(self, mode: str) -> None:
        """Say at which breakpoints time has stopped, and run their commands."""
        for one in self.session.take_stops():
            self.show(BreakpointHit(one.number, one.text), mode)
            for line in one.commands:
                self.onecmd_plus_hooks(line, add_to_history=False)

    def _show_part(self, result: Any, mode: str) -> None:
        """Show part of a result, below the frames that brought it."""
        self.show_rest_of_trace()
        self.show(result, mode)

    def show(self, result: Any, mode: str) -> None:
        """Print a result: drawn, as plain lines, or as JSON."""
        if result is None:
            return
        if mode == "rich" and self.session.lesson is not None:
            result = _in_short(result)
        if mode == "json":
            self._write(render.to_json(result, indent=2 if self._is_screen() else None))
        elif mode == "plain":
            self._write(render.to_plain(result))
        else:
            if isinstance(result, Crafted) and self.session.tracing and self.session.tracer.selection is None:
                result = replace(result, answers=[])  # the trace shows them
            drawn = render.to_rich(result)
            pages = sys.stdin.isatty() and sys.stdout.isatty() and not self._redirecting and not is_dumb()
            if self.at_keys and pages and isinstance(result, PAGED):
                self.ppaged(drawn, soft_wrap=False)
                return
            self.poutput(drawn, soft_wrap=False, rich_print_kwargs={"crop": False})

    def _get_core_print_console(self, *, file: IO[str], **options: Any) -> Cmd2BaseConsole:
        """Return what draws: in the width of the terminal; where there is none, nothing is broken into lines."""
        console = super()._get_core_print_console(file=file, **options)
        if unbroken.is_unbroken(file):
            console.width = unbroken.WIDTH
        return console

    @contextmanager
    def _busy(self, what: str) -> Iterator[None]:
        """Show that something takes a moment."""
        if not self._is_screen() or is_dumb():
            yield
            return
        from rich.console import Console

        with Console(file=self.stdout).status(f"{what}…"):
            yield

    @contextmanager
    def _progress(self, total: int) -> Iterator[Callable[[int, str], None]]:
        """Show a bar that grows. It is drawn when it is told something, by no thread: what goes on may be measured."""
        if not self._is_screen() or is_dumb():
            yield lambda done, what: None
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = (BarColumn(bar_width=24), MofNCompleteColumn(), TextColumn("{task.description}", markup=False))
        with Progress(*columns, console=Console(file=self.stdout), transient=True, auto_refresh=False) as bar:
            task = bar.add_task("", total=total)
            yield lambda done, what: bar.update(task, completed=done, description=what, refresh=True)

    def _is_screen(self) -> bool:
        return bool(self.stdout.isatty())

    def fail(self, message: str) -> None:
        """Say on stderr what was wrong, and count it."""
        self.perror(message)

    def perror(self, *objects: Any, **kwargs: Any) -> None:
        """Print to stderr, and remember that something failed."""
        self.failures += 1
        self._line.clear()
        super().perror(*objects, **{"soft_wrap": not sys.stderr.isatty(), **kwargs})

    def pexcept(self, exception: BaseException, **kwargs: Any) -> None:
        """Report a mistake of ours in a few lines; a traceback never reaches a user who did not ask for it."""
        frames = traceback.extract_tb(exception.__traceback__)
        where = f" at {os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""
        kept = ""
        if isinstance(exception, CoreError):
            from shell.commands.recordings import keep

            kept = f"\n{keep(self.session)}".rstrip()
        self.perror(f"internal error{where}: {type(exception).__name__}: {exception}\n"
                    "This is a mistake in Aether, not in what you typed. AETHER_DEBUG=1 shows the traceback"
                    f"{kept}")
        if os.environ.get("AETHER_DEBUG"):
            traceback.print_exception(exception, file=sys.stderr)

    def default(self, statement: Statement) -> bool | None:
        """Answer a line whose first word is no command."""
        if self.session.lesson is not None and (short := _in_lesson(statement, self.session.lesson.asks)):
            return self.onecmd(f"lesson {short}", add_to_history=False)
        try:
            find([statement.command, *statement.args.split()])
        except CommandError as problem:
            self.fail(str(problem))
        return None

    def run_lines(self, lines: Iterable[tuple[str, str]], *, stop: bool) -> None:
        """Run lines, each with the name of the place it came from, until one asks to quit.

        With ``stop`` the first failure ends it, and its place is named. Every line of the trace is shown.
        """
        self.session.terminal.waiting = self._trace_after
        for where, line in lines:
            before = self.failures
            with self._trace_after():
                quits = self.onecmd_plus_hooks(line, add_to_history=False, raise_keyboard_interrupt=True)
            self.stdout.flush()
            if quits or endings.interrupted() or endings.ended():
                return
            if stop and self.failures > before:
                self.perror(f"{where}: stopped here")
                return

    def runcmds_plus_hooks(self, cmds: Any, **options: Any) -> bool:
        """Run the lines of a script inside the shell; the first failure ends it."""
        for number, line in enumerate(cmds, 1):
            before = self.failures
            if super().runcmds_plus_hooks([line], **options):
                return True
            if self.in_script() and self.failures > before:
                self.perror(f"line {number}: stopped here")
                return False
        return False

    @contextmanager
    def _trace_after(self) -> Iterator[None]:
        """Show all of the trace when something has ended, unless the whole program is to end."""
        yield
        if not endings.ended():
            self.show_rest_of_trace()

    def show_rest_of_trace(self) -> None:
        """Show all of the trace up to now."""
        while self.session.tracing:
            portion = self.session.tracer.take(self.session.core.ring, self.trace_limit, settled=True)
            if not portion.lines and not portion.not_shown:
                return
            self.show_trace(portion)

    def show_trace(self, portion: Portion) -> None:
        """Print a portion of the trace."""
        from shell.views.trace import drawn

        self.poutput(drawn(portion, self.session.output), soft_wrap=False, rich_print_kwargs={"crop": False})

    # The prompt

    def refresh_prompt(self) -> None:
        """Say in the prompt where time stands, if it does."""
        status = self.session.core.status()
        if self.session.capture is not None:
            name = os.path.basename(self.session.capture.file)
            self.prompt = f"CAPTURE {printable(name[:24])} aether> "
        elif status.past:
            self.prompt = f"PAST ev {status.occurrence}/{status.present} aether> "
        else:
            self.prompt = f"(paused ev {status.occurrence}) aether> " if status.paused else "aether> "

    def pre_prompt(self) -> None:
        """Get ready for the next line."""
        self.at_prompt = True
        self.refresh_prompt()

    def precmd(self, statement: Statement | str) -> Statement:
        """Note that a command runs now."""
        self.at_prompt = False
        return super().precmd(statement)

    def get_bottom_toolbar(self) -> str:
        """Return the bottom line: as many of its parts as there is room for."""
        width = self.main_session.output.get_size().columns
        line = ""
        for part in self.toolbar:
            longer = f"{line} │ {part}" if line else part
            if len(longer) > width:
                break
            line = longer
        return line

    def sigint_handler(self, signum: int, frame: Any) -> None:
        """Ctrl-C while a command runs ends its waiting; it never ends the shell."""
        raise KeyboardInterrupt

    # Completion

    def complete(
        self, text: str, line: str, begidx: int, endidx: int, custom_settings: Any = None
    ) -> Completions:
        """Complete a line; one that belongs to its command is not searched for redirections."""
        found = owns_line(line[:endidx])
        if custom_settings is None and found is not None:
            if redirection(f"{line[:begidx]}x", found) >= 0 and line[:begidx].split()[-1] in (">", ">>"):
                return self.path_complete(text, line, begidx, endidx)
            return self.offer(text, line, begidx, endidx)
        return super().complete(text, line, begidx, endidx, custom_settings)

    def offer(self, text: str, line: str, begidx: int, endidx: int) -> Completions:
        """Return what may stand at the cursor."""
        from shell.prompt.completion import candidates, paths

        before = line[:begidx].split()
        try:
            found = candidates(self.session, before, text)
        except EXPECTED:
            found = []
        items = [CompletionItem(each.text, display_meta=each.help) for each in found if each.text.startswith(text)]
        if fits := paths(before, text):
            files = self.path_complete(text, line, begidx, endidx, path_filter=fits)
            return replace(files, items=[*items, *files.items])
        return Completions(items, is_sorted=True)


TYPED = 30
"""How many lines are remembered for `lesson record`: as many as a solution may have."""
IN_LESSON = ("hint", "check", "answer", "predict", "skip", "play", "reset", "show")
"""What need not be preceded by `lesson` while one is under way."""


BODY = 3
"""Lines of a page that are shown in a lesson: what it is about, and its ticks, stay on the screen."""


def _in_short(result: Any) -> Any:
    """Return a result; of a page that was fetched the first lines, and how many more there are."""
    from shell.results.http import HttpReport

    lines = result.body.rstrip().splitlines() if isinstance(result, HttpReport) else []
    if len(lines) <= BODY + 1:
        return result
    return replace(result, body="\n".join(
        [*lines[:BODY], f"… {len(lines) - BODY} more lines: `follow` shows all of them"]))


def _read(
    words: list[str], statement: Statement | str, argv: Sequence[str],
) -> tuple[grammar.Command, dict[str, Any]]:
    """Return the command that a line says, and its parameters; CommandError for what makes no sense."""
    found = find(words)
    if not found.raw:
        argv = argv or (statement.argv if isinstance(statement, Statement) else words)
        return found, grammar.read(found, argv[len(found.path):])
    rest = str(statement).split(None, len(found.path) - 1)[len(found.path) - 1:]
    return found, grammar.read_raw(found, rest[0] if rest else "")


def _in_lesson(statement: Statement, asks: bool) -> str:
    """Return what a line means in a lesson that begins with no command; empty if nothing. `asks`: it wants a letter."""
    if statement.command in IN_LESSON:
        return f"{statement.command} {statement.args}".strip()
    if len(statement.command) == 1 and (asks or statement.command in "abcdef") and not statement.args:
        return f"predict {statement.command}"
    return ""


def _install(noun: str, summary: str) -> None:
    """Give the shell a command that hands its lines to our grammar."""

    def run(self: AetherShell, statement: Statement | str) -> None:
        self.invoke(noun, statement)

    def complete(self: AetherShell, text: str, line: str, begidx: int, endidx: int) -> Completions:
        return self.offer(text, line, begidx, endidx)

    for prefix, function in (("do_", run), ("complete_", complete)):
        named: Callable[..., Any] = function
        named.__name__ = f"{prefix}{noun}"
        named.__qualname__ = f"AetherShell.{prefix}{noun}"
        named.__doc__ = summary
        setattr(AetherShell, named.__name__, named)


for _noun in NOUNS:
    _install(_noun, NOUNS[_noun].help)
for _removed in REMOVED:
    setattr(AetherShell, f"do_{_removed}", None)



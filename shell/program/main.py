"""`aether-shell`: read the command line, open a lab, and start the shell."""

from __future__ import annotations

import argparse
import os
import sys
from importlib.util import find_spec

from aether import __version__
from shell import endings
from shell.program.doctor.finding import OLDEST
from shell.reading.stderr import Parser, complain, speak

EXAMPLES = """\
examples:
  aether-shell                                 the simulated lab; no root, no set-up
  aether-shell -c "ping 192.168.1.1" --plain   one command, and out
  aether-shell script.aes                      the lines of a file
  sudo aether-shell                            a TAP device, and the Linux kernel as the peer
  sudo aether-shell --lab                      the same, in a network namespace of its own
  aether-shell --replay run.aether             a run that somebody has recorded; no root
  aether-shell lesson lint my-lesson.md        for those who write lessons
  aether-shell drill my-script.pkt             play a packet script
  aether-shell doctor                          what works on this machine, and how to mend what does not
"""


def _compiled() -> str:
    """Return what to say of a program whose hottest modules are compiled (`make compiled`)."""
    found = find_spec("aether.tcp.short.path")
    return "" if found is None or (found.origin or "").endswith(".py") else ", compiled"


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    found = Parser(
        prog="aether-shell", description="A debugger for TCP/IP: a complete stack that you can pause, step and break.",
        epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = found.add_argument
    add("script", nargs="?", help="a file with commands, one a line; - reads them from standard input")
    add("-c", dest="lines", metavar="LINE", action="append", default=[], help="run this command, and out; repeatable")
    add("--json", action="store_true", help="print results as JSON, one document a line")
    add("--plain", action="store_true", help="print results as plain lines: no tables, no colours")
    add("--seed", type=_seed, metavar="N", help="repeat a simulation exactly")
    add("--replay", metavar="FILE", help="look at a run that `record` wrote; simulates")
    add("--mode", choices=("trace", "bench"), default="trace", help="see everything, or go as fast as possible")
    lab = found.add_argument_group("a real lab (Linux)")
    lab.add_argument("--tap", metavar="NAME", help="open this TAP device (aether0 when started by root)")
    lab.add_argument("--lab", action="store_true", help="put the TAP into a private network namespace")
    lab.add_argument("--sim", action="store_true", help="simulate, even when started by root")
    add("--user", metavar="NAME", help="as root: become this user as soon as root is not needed any more")
    lab.add_argument("--address", metavar="A/P", help="our address and prefix (192.168.1.2/24)")
    lab.add_argument("--host-address", metavar="A", help="the kernel's address (192.168.1.1)")
    lab.add_argument("--subnet", metavar="NET", help="a network for both, such as 10.77.0.0/24")
    add("--workers", type=_workers, metavar="N",
        help="processes in benchmark mode, or cores of the simulated host; auto: as many as there are cores here")
    add("--language", type=_language, metavar="CODE",
        help="the language of lessons, such as de; otherwise that of LC_ALL or LANG")
    add("--config", metavar="FILE", help="read this configuration file (~/.config/aether/config.toml)")
    add("--no-config", action="store_true", help="read no configuration file")
    add("--no-shell", action="store_true", help="run without a shell until SIGTERM or SIGINT")
    add("--version", action="version", version=f"aether-shell {__version__}{_compiled()}")
    return found


def _seed(text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        raise argparse.ArgumentTypeError(f"the seed must be a whole number, not {text!r}") from None


def _language(text: str) -> str:
    from shell.language.translation import LanguageError, read_code

    try:
        return read_code(text)
    except LanguageError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None


def _workers(text: str) -> int:
    from shell.lab.cores import how_many

    try:
        return how_many(text)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None


def main(arguments: list[str]) -> int:
    """Run the program; return its exit status."""
    try:
        return speak(lambda: _main(arguments))
    except KeyboardInterrupt:
        complain("interrupted")
        return endings.INTERRUPTED


def _main(arguments: list[str]) -> int:
    if arguments[:1] == ["doctor"]:  # first, since it speaks where nothing else can
        from shell.program.doctor.program import main as doctor

        return doctor(arguments[1:])
    if tuple(sys.version_info[:2]) < OLDEST:
        complain(f"Python {sys.version_info[0]}.{sys.version_info[1]} is too old. What to do: aether-shell doctor")
        return 1
    try:
        return _begin(arguments)
    except ImportError as problem:
        if unreadable := [path for path in (os.__file__, __file__) if not os.access(path, os.R_OK)]:
            complain(f"the user that root was given to may not read {unreadable[0]}, which this runs with: --user with "
                     "another name, or an installation where everybody may read it")
            return 1
        if (problem.name or "").partition(".")[0] in ("aether", "shell", "lessons"):
            raise
        complain(f"a package cannot be used: {problem}. What to do: aether-shell doctor")
        return 1


def _begin(arguments: list[str]) -> int:
    if arguments[:1] == ["lesson"] or arguments[:2] == ["--sim", "lesson"]:
        endings.under_way()
        return _lesson(arguments[arguments.index("lesson") + 1:])
    if arguments[:1] == ["drill"]:
        from shell.drill.program import main as drill

        endings.under_way()
        return drill(arguments[1:])
    options = parser().parse_args(arguments)
    if options.json and options.plain:
        parser().error("--json and --plain exclude each other")
    if options.config and options.no_config:
        parser().error("--config and --no-config exclude each other")
    if options.replay and (options.tap or options.lab):
        parser().error("--replay looks at a run without a device: leave out --tap and --lab")
    if options.replay and options.workers:
        parser().error("--replay repeats a run with the cores that it had: leave out --workers")
    if options.replay and options.mode == "bench":
        parser().error("--replay needs events, and --mode bench has none")
    if options.lines and options.script:
        parser().error("-c and a script exclude each other")
    if options.user is not None:
        from shell.lab import privileges
        from shell.language.grammar import CommandError

        try:
            privileges.give_to(options.user)
        except CommandError as problem:
            complain(problem)
            return 2
    from shell.program.start import run

    return run(options)


def _lesson(arguments: list[str]) -> int:
    """Do what teachers do, without a lab and so without root; return the exit status."""
    from shell.lessons.program import main as lessons

    if "SUDO_UID" in os.environ:
        from shell.lab import privileges

        try:
            privileges.drop()  # before any file is opened that the command line names
        except privileges.PrivilegeError as problem:
            complain(problem)
            return 1
    return lessons(arguments)

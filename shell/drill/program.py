"""`aether-shell drill`: packet scripts, played from outside of the shell."""

from __future__ import annotations

import sys
import time

from shell.drill.reports import CANNOT_PLAY, play_files, read_knobs, write_junit
from shell.drill.run import Wishes
from shell.lab import privileges
from shell.language.grammar import CommandError
from shell.reading.stderr import Parser, complain


def main(argv: list[str]) -> int:
    """Play scripts; return 0 if all went as they are written, 1 if one did not, 2 if none could be played."""
    parser = Parser(
        prog="aether-shell drill", description="Play packet scripts in the language of packetdrill.")
    add = parser.add_argument
    add("files", nargs="+", metavar="FILE", help="scripts, and directories of them (names that end in .pkt)")
    add("--against", choices=("aether", "kernel"), default="aether",
        help="aether, in virtual time (the default); or this kernel, in a private network, in real time")
    add("--seed", type=int, metavar="N", help="another run of what is random")
    add("--knob", metavar="NAME=VALUE", action="append", default=[], help="turn a knob first; repeatable")
    add("--profile", metavar="NAME", default="", help="all knobs at once: modern or classic")
    add("--json", action="store_true", help="print JSON")
    add("--plain", action="store_true", help="print plain lines")
    add("--junit", metavar="FILE", help="write the results for a CI too")
    options = parser.parse_args(argv)
    began = time.perf_counter()
    try:
        if options.against != "kernel":
            privileges.drop()  # before any file is opened; only the kernel's side needs root
        wishes = Wishes(options.seed, options.profile, read_knobs(options.knob), options.against)
        report = play_files(options.files, wishes, began)
        if options.junit:
            write_junit(report, options.junit)
    except CommandError as problem:
        complain(problem)
        return CANNOT_PLAY
    except KeyboardInterrupt:
        complain("interrupted")
        return 130
    from shell.views import render

    if options.json:
        print(render.to_json(report, indent=2))
    elif options.plain or not sys.stdout.isatty():
        print(render.to_plain(report))
    else:
        from rich.console import Console

        Console().print(render.to_rich(report))
    return int(bool(report.failed))

"""`aether-shell drill`: packet scripts, played from outside of the shell."""

from __future__ import annotations

import argparse
import os
import sys
import time

from shell.drill import kernel
from shell.drill.reports import CANNOT_PLAY, play_files, read_knobs, write_junit
from shell.drill.run import Wishes, find, load
from shell.lab import privileges
from shell.language.grammar import CommandError
from shell.reading.stderr import Parser, complain


def main(argv: list[str]) -> int:
    """Play scripts; return 0 if all went as they are written, 1 if one did not, 2 if none could be played."""
    parser = Parser(
        prog="aether-shell drill", description="Play packet scripts in the language of packetdrill.")
    add = parser.add_argument
    add("files", nargs="+", metavar="FILE", help="scripts, and directories of them (names that end in .pkt)")
    add("--against", choices=("aether", "kernel", "both"), default="aether",
        help="aether, in virtual time (the default); this kernel, in a private network and real time; or both")
    add("--seed", type=int, metavar="N", help="another run of what is random")
    add("--knob", metavar="NAME=VALUE", action="append", default=[], help="turn a knob first; repeatable")
    add("--profile", metavar="NAME", default="", help="all knobs at once: modern or classic")
    add("--json", action="store_true", help="print JSON")
    add("--plain", action="store_true", help="print plain lines")
    add("--junit", metavar="FILE", help="write the results for a CI too")
    options = parser.parse_args(argv)
    began = time.perf_counter()
    try:
        if options.against != "aether" and os.geteuid() == 0:
            kernel.start()  # only that process needs root
        privileges.drop()  # before any file is opened
        wishes = Wishes(options.seed, options.profile, read_knobs(options.knob), options.against)
        if options.against == "both":
            return _compare(options, wishes)
        report = play_files(options.files, wishes, began)
        if options.junit:
            write_junit(report, options.junit)
    except CommandError as problem:
        complain(problem)
        return CANNOT_PLAY
    except KeyboardInterrupt:
        complain("interrupted")
        return 130
    _show(report, options)
    return int(bool(report.failed))


def _compare(options: argparse.Namespace, wishes: Wishes) -> int:
    """Show both sides of each script; return 1 if they differ where the script does not say so."""
    from shell.drill.sides import compare

    if options.junit:
        raise CommandError("--junit is for one side: --against aether, or --against kernel")
    unknown = 0
    for path in find(options.files):
        found = compare(load(path), wishes)
        unknown += bool(found.differences and not found.known)
        _show(found, options)
    return int(bool(unknown))


def _show(result: object, options: argparse.Namespace) -> None:
    from shell.views import render

    if options.json:
        print(render.to_json(result, indent=2))
    elif options.plain or not sys.stdout.isatty():
        print(render.to_plain(result))
    else:
        from rich.console import Console

        Console().print(render.to_rich(result))

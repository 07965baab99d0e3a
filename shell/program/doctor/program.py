"""`aether-shell doctor`: look at everything, say it, and answer whether a lab can be had."""

from __future__ import annotations

import argparse
import json
import sys

from shell.program.doctor import installed, leftovers, machine, terminal
from shell.program.doctor.finding import BROKEN, LABS, SIM, WORKS, Finding
from shell.reading.escape import printable
from shell.reading.stderr import Parser

EPILOG = "The exit status is 0 if the lab that --for names can be had, 1 if it cannot."


def main(argv: list[str]) -> int:
    """Look at this machine; return 0 if the lab that was asked for can be had here, else 1."""
    parser = Parser(prog="aether-shell doctor", epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
                    description="What of this machine Aether can use, what it cannot, and the command that mends it.")
    parser.add_argument("--for", choices=tuple(LABS), default=SIM, dest="lab",
                        help="sim (the default): the simulated lab; lab: a TAP in a private network; tap: one here")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(argv)
    findings = [finding for part in (installed, terminal, machine, leftovers) for finding in part.look()]
    labs = {lab: not any(each.state == BROKEN and lab in each.stops for each in findings) for lab in LABS}
    if options.json:
        print(json.dumps({"labs": labs, "findings": [each._asdict() for each in findings]}, indent=2))
    else:
        _show(findings, labs)
    return int(not labs[options.lab])


def _show(findings: list[Finding], labs: dict[str, bool]) -> None:
    """Print a line for each, and under what does not work the command that mends it."""
    width = max(len(each.what) for each in findings)
    encoding = sys.stdout.encoding or "ascii"
    lines = []
    for each in findings:
        lines.append(f"{each.state:<7}  {each.what:<{width}}  {each.said}")
        if each.state != WORKS and each.mend:
            lines.append(f"{'':<7}  {'':<{width}}  mend it: {each.mend}")
    lines.append("")
    lines += [f"{'can be had' if had else 'CANNOT be had'}: {LABS[lab]}" for lab, had in labs.items()]
    for line in lines:
        print(printable(line).encode(encoding, "backslashreplace").decode(encoding))

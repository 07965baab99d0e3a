"""What the program says on stderr before, or without, a shell: words of files and of the command line steer nothing."""

from __future__ import annotations

import argparse
import sys
from typing import NoReturn

from shell.reading.escape import printable


def complain(problem: object) -> None:
    """Say what is wrong."""
    print(f"aether-shell: {printable(str(problem), lines=True)}", file=sys.stderr)


class Parser(argparse.ArgumentParser):
    """Says what is wrong with a command line in one line."""

    def error(self, message: str) -> NoReturn:
        complain(f"{message}. ({self.prog} --help)")
        self.exit(2)

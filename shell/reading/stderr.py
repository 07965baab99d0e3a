"""What the program says on stderr before, or without, a shell: words of files and of the command line steer nothing."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from shell.reading.escape import printable


def complain(problem: object) -> None:
    """Say what is wrong."""
    print(f"aether-shell: {printable(str(problem), lines=True)}", file=sys.stderr)


class OutputLost(SystemExit):
    """What is printed goes nowhere any more, to a full disk say: there is no sense in going on."""

    def __init__(self, problem: OSError) -> None:
        self.problem = problem
        super().__init__(1)


def speak(program: Callable[[], int]) -> int:
    """Run a program to its end; return its exit status, which is 1 if what it says could not be written.

    What is still buffered is written here, where an error can be told; a reader who has gone needs no word.
    """
    try:
        status = program()
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        pass
    except (OSError, OutputLost) as lost:
        problem = lost.problem if isinstance(lost, OutputLost) else lost
        complain(f"cannot write what is printed: {problem.strerror or problem}")
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the interpreter writes the rest as it ends
    return 1


class Parser(argparse.ArgumentParser):
    """Says what is wrong with a command line in one line."""

    def error(self, message: str) -> NoReturn:
        complain(f"{message}. ({self.prog} --help)")
        self.exit(2)

"""Runs the programs of `host -- CMD` in the lab's network, from a process that was forked in time.

Once root is given back, nobody may enter the lab's namespace any more; this process is inside
already. It gives root back too, runs one program at a time, and ends with its parent.
"""

from __future__ import annotations

import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection

from shell.lab import privileges

LIMIT = 60.0
"""Seconds that a program may take; then it is ended."""
GRACE = 1.0
"""Seconds that a program may still take when it has closed its output."""
OUTPUT = 1 << 20
"""Bytes of its output that are kept."""
PR_SET_PDEATHSIG = 1
INTERRUPT = "interrupt"


@dataclass(slots=True)
class Finished:
    """What a program left behind."""

    status: int
    """Its exit status, as a shell has it: 127 if there is no such program, 128 + N if signal N ended it."""
    output: str


class Runner:
    """The parent's side."""

    def __init__(self) -> None:
        self._connection, theirs = Pipe()
        parent = os.getpid()
        self._pid = os.fork()
        if self._pid == 0:
            self._connection.close()
            _serve(theirs, parent)
        theirs.close()

    def run(self, program: list[str], write: Callable[[str], None] | None = None) -> Finished:
        """Run a program and return what it left; Ctrl-C is passed on to it. `write` gets output as it comes."""
        pieces: list[str] = []
        self._connection.send(program)
        while True:
            try:
                kind, value = self._connection.recv()
            except KeyboardInterrupt:
                self._connection.send(INTERRUPT)
                continue
            except (EOFError, OSError):
                return Finished(1, "the process that runs programs is gone\n")
            if kind == "end":
                return Finished(value, "".join(pieces))
            pieces.append(value)
            if write is not None:
                write(value)

    def close(self) -> None:
        """End the process."""
        self._connection.close()
        try:
            os.waitpid(self._pid, 0)
        except ChildProcessError:
            return


def _serve(connection: Connection, parent: int) -> None:
    """The child's whole life."""
    status = 0
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if os.getppid() == parent:
            privileges.drop()
            while True:
                program = connection.recv()
                if program != INTERRUPT:
                    connection.send(("end", _run(connection, program)))
    except (EOFError, OSError, privileges.PrivilegeError):
        status = 1
    finally:
        sys.stdout.flush()
        os._exit(status)


def _run(connection: Connection, program: list[str]) -> int:
    try:
        process = subprocess.Popen(
            program, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
            preexec_fn=_restore_interrupt,
        )
    except FileNotFoundError:
        connection.send(("output", f"no program {program[0]!r} on this machine\n"))
        return 127
    except OSError as problem:
        connection.send(("output", f"cannot run {program[0]!r}: {problem.strerror}\n"))
        return 126
    try:
        _pass_on(connection, process)
    finally:
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            _signal(process, signal.SIGKILL)
    status = process.wait()
    return status if status >= 0 else 128 - status


def _restore_interrupt() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


def _pass_on(connection: Connection, process: subprocess.Popen[bytes]) -> None:
    """Send output as it comes, until the program has closed it; end it when it takes too long."""
    assert process.stdout is not None
    output = process.stdout.fileno()
    left, until = OUTPUT, time.monotonic() + LIMIT
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        selector.register(connection, selectors.EVENT_READ)
        while (wait := until - time.monotonic()) > 0:
            for key, _ in selector.select(wait):
                if key.fileobj is connection:
                    connection.recv()
                    _signal(process, signal.SIGINT)
                    continue
                data = os.read(output, 65_536)
                if not data:
                    return
                if left > 0:
                    connection.send(("output", data[:left].decode(errors="replace")))
                    left -= len(data)
                    if left <= 0:
                        connection.send(("output", f"\n... output beyond {OUTPUT} bytes is not shown\n"))
    connection.send(("output", f"\nended after {LIMIT:.0f} s\n"))

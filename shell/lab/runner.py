"""Runs the programs of `host -- CMD` in the lab's network, from a process that was forked in time.

Once root is given back, nobody may enter the lab's namespace any more; this process is inside
already. It gives root back too, runs one program at a time, and ends with its parent, and with
it everything that it started: whatever a program left running would keep the namespace alive.
"""

from __future__ import annotations

import codecs
import ctypes
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NoReturn

from shell.lab import privileges

LIMIT = 60.0
"""Seconds that a program may take; then it is ended."""
GRACE = 1.0
"""Seconds that it may take to end when it is asked to."""
LOOK_EVERY = 0.1
"""Seconds between two questions whether a program shall go on, where somebody has something to say about that."""
OUTPUT = 1 << 20
"""Bytes of its output that are kept."""
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
INTERRUPT, QUIT = "interrupt", "quit"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
"""What a program gets for the first Ctrl-C, for the second, and for every other."""


@dataclass(slots=True)
class ProgramOutcome:
    """What a program left behind."""

    status: int
    """Its exit status, as a shell has it: 127 if there is no such program, 128 + N if signal N ended it."""
    output: str
    interrupted: bool = False
    """True if Ctrl-C was passed on to it: what it printed may be of a part of what it had to do."""


class Runner:
    """The parent's side."""

    def __init__(self, *, give_root_back: bool = True, limit: float = LIMIT) -> None:
        """Fork the process; PrivilegeError if it cannot give root back. `limit` is in seconds."""
        self._interrupted = False
        self._connection, theirs = Pipe()
        parent = os.getpid()
        self._pid = os.fork()
        if self._pid == 0:
            self._connection.close()
            _Child(theirs, limit).live(parent, give_root_back)
        theirs.close()
        refusal = self._receive()[1]
        if refusal:
            self.close()
            raise privileges.PrivilegeError(refusal)

    def run(
        self, program: list[str], write: Callable[[str], None] | None = None, stop: Callable[[], bool] | None = None,
    ) -> ProgramOutcome:
        """Run a program and return what it left; Ctrl-C is passed on to it. `write` gets output as it comes.

        `stop` is asked ten times a second whether the program shall end: then it gets what Ctrl-C would send.
        """
        pieces: list[str] = []
        self._interrupted = False
        with self._passing_interrupts():
            with suppress(OSError):
                self._connection.send(program)
            while True:
                if stop is not None:
                    self._wait(stop)
                kind, value = self._receive()
                if kind == "end":
                    return ProgramOutcome(value, "".join(pieces), self._interrupted)
                pieces.append(value)
                if write is not None:
                    write(value)
                if kind == "gone":
                    return ProgramOutcome(1, "".join(pieces), self._interrupted)

    def _wait(self, stop: Callable[[], bool]) -> None:
        """Wait for news of the program, and have it end when `stop` says so: the more firmly, the longer it takes."""
        again = 0.0
        with suppress(OSError):
            while not self._connection.poll(LOOK_EVERY):
                if time.monotonic() >= again and stop():
                    self._connection.send(INTERRUPT)
                    again = time.monotonic() + GRACE

    def _receive(self) -> tuple[str, Any]:
        try:
            kind, value = self._connection.recv()
        except (EOFError, OSError):
            return "gone", "the process that runs programs is gone. Start aether-shell again\n"
        return kind, value

    @contextmanager
    def _passing_interrupts(self) -> Iterator[None]:
        """Send Ctrl-C to the program; as an exception it could tear a message in two."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, self._interrupt)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _interrupt(self, *_: object) -> None:
        self._interrupted = True
        with suppress(OSError):
            self._connection.send(INTERRUPT)

    def close(self) -> None:
        """End the process, and whatever it still runs."""
        if self._pid:
            with suppress(OSError):
                self._connection.send(QUIT)
            with suppress(ChildProcessError):
                os.waitpid(self._pid, 0)
            self._pid = 0
            self._connection.close()


class _Left(Exception):
    """The parent wants no more, or is gone."""


class _Child:
    """The process that runs programs."""

    def __init__(self, connection: Connection, limit: float) -> None:
        self.connection = connection
        self.limit = limit

    def live(self, parent: int, give_root_back: bool) -> NoReturn:
        """Serve the parent to its end, and leave nothing running."""
        try:
            with suppress(BaseException):  # what goes wrong here ends this process, and the parent says so
                self._begin(give_root_back)
                while os.getppid() == parent:
                    request = self._request()
                    if request != INTERRUPT:
                        self.connection.send(("end", self._run(request)))
                        _reap()
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        except BaseException:  # SIGTERM, sent at the parent's end, came when that end had been seen already
            pass
        finally:
            try:
                _end_children()
            finally:
                os._exit(0)

    def _begin(self, give_root_back: bool) -> None:
        signal.signal(signal.SIGINT, _nothing)  # not ignored: programs would inherit that
        signal.signal(signal.SIGTERM, _leave)
        try:
            if give_root_back:
                privileges.drop()
        except privileges.PrivilegeError as problem:
            self.connection.send(("refused", str(problem)))
            raise
        libc = ctypes.CDLL(None)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)  # a change of user would undo it
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self.connection.send(("ready", ""))

    def _request(self) -> Any:
        request = self.connection.recv()
        if request == QUIT:
            raise _Left
        return request

    def _run(self, program: list[str]) -> int:
        """Run a program to its end, and return its status."""
        try:
            process = subprocess.Popen(
                program, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except FileNotFoundError:
            self._say(f"no program {program[0]!r} on this machine\n")
            return 127
        except (OSError, ValueError) as problem:
            self._say(f"cannot run {program[0]!r}: {getattr(problem, 'strerror', None) or problem}\n")
            return 126
        assert process.stdout is not None
        with process.stdout:
            if not self._watch(process, process.stdout.fileno()):
                _end(process)
                self._say(f"\nended after {self.limit:g} s\n")
        status = process.wait()
        return status if status >= 0 else 128 - status

    def _say(self, text: str) -> None:
        self.connection.send(("output", text))

    def _watch(self, process: subprocess.Popen[bytes], output: int) -> bool:
        """Pass on what a program prints until it has ended; return False if it took too long."""
        until = time.monotonic() + self.limit
        printed = _Output(self._say)
        interrupts = 0
        os.set_blocking(output, False)
        ended = os.pidfd_open(process.pid)
        try:
            with selectors.DefaultSelector() as selector:
                for each in (output, ended, self.connection):
                    selector.register(each, selectors.EVENT_READ)
                while (wait := until - time.monotonic()) > 0:
                    ready = {key.fileobj for key, _ in selector.select(wait)}
                    if output in ready and not printed.read(output):
                        selector.unregister(output)
                    if ended in ready:
                        printed.drain(output)
                        return True
                    if self.connection in ready:
                        self._request()
                        _signal(process.pid, SIGNALS[min(interrupts, len(SIGNALS) - 1)])
                        interrupts += 1
        finally:
            os.close(ended)
        return False


class _Output:
    """Turns bytes into text, up to a limit."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self.left = OUTPUT
        self.decode = codecs.getincrementaldecoder("utf-8")("replace").decode

    def read(self, descriptor: int) -> bool:
        """Pass on what is there; return False at the end, or when there is nothing now."""
        try:
            data = os.read(descriptor, 65_536)
        except BlockingIOError:
            return False
        if self.left > 0:
            text = self.decode(data[:self.left], final=not data)
            if text:
                self.say(text)
            self.left -= len(data)
            if self.left <= 0:
                self.say(f"\n... output beyond {OUTPUT} bytes is not shown\n")
        return bool(data)

    def drain(self, descriptor: int) -> None:
        """Pass on what is left of a program that has ended; what it left running may print on and on."""
        for _ in range(16):
            if not self.read(descriptor):
                return


def _nothing(*_: object) -> None:
    """Take no notice."""


def _leave(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once: what comes then ends what still runs, and must not be torn
    raise _Left


def _signal(group: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask a program to end, then make it."""
    _signal(process.pid, signal.SIGTERM)
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        _signal(process.pid, signal.SIGKILL)


def _reap() -> None:
    """Take leave of what has ended in the background."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            continue


def _end_children() -> None:
    """End everything that still runs: what a program leaves behind becomes our child."""
    pid = os.getpid()
    children = Path(f"/proc/{pid}/task/{pid}/children")
    for _ in range(100):  # children of children become ours in turn
        running = [int(word) for word in children.read_text().split()]
        if not running:
            return
        for child in running:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(child, signal.SIGKILL)
        time.sleep(0.01)
        _reap()

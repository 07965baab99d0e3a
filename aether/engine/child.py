"""Our end of the pipe to one more worker: the process is started, asked, told, and ended here.

    child = Child(number, queues, beginning, lost, frame, came)
    child.call("ask" | "do" | "figures", what) -> the answer
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import socket
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NoAnswer
from multiprocessing.connection import Connection
from typing import Any

from aether.engine import python
from aether.engine.figures import Figures
from aether.engine.worker import Beginning
from aether.link.queues import Queues
from aether.operations.base import OperationError

ROOM = 64 * 1024
"""Bytes that may wait in the pipe to a worker for one more frame to go there: it holds more than twice as much."""
ANSWERS_WITHIN = 5.0
"""Seconds to wait for a worker's answer."""
STARTS_WITHIN = 20.0
"""Seconds in which a worker has to be ready, and to take what it begins with: its interpreter starts first."""
MOST_SAID = 64 * 1024
"""Bytes that a worker may write to stderr and that are kept: what a pipe holds."""
LONGEST_FAULT = 200
"""Characters of what a worker's interpreter said at its end that are told."""


class ShardError(OperationError):
    """A worker does not start, or does not answer; the text says which, and what to do."""


class Child:
    """Our end of the pipe to one worker."""

    def __init__(self, number: int, queues: Queues, beginning: Beginning, lost: Callable[[Child], None],
                 frame: Callable[[bytes], None], came: Callable[[], None]) -> None:
        """Start the process.

        `lost` is called when it has ended by itself, `frame` with each frame it passes on, `came` when it serves; by a
        thread that must not wait for this process then.
        """
        self.number = number
        self.figures = Figures(number)
        """What it has done, a moment ago."""
        self.fault = ""
        self.ready = threading.Event()
        """Set when it serves, or will never do so: then it has not `started`."""
        self.started = False
        self.ended = False
        """Set when we want it to end."""
        self._lost, self._frame, self._came = lost, frame, came
        self._answers: dict[int, Future[Any]] = {}
        self._tickets = itertools.count(1)
        self._sending = threading.Lock()
        ours, theirs = socket.socketpair()
        _send_within(ours, STARTS_WITHIN)
        queue = queues.taps[number].fileno()
        self._errors, errors = os.pipe()
        for end in (self._errors, errors):  # what is more than a pipe holds is lost, and nobody waits for it
            os.set_blocking(end, False)
        try:
            self.process = subprocess.Popen(
                python.words("aether.engine.worker", str(theirs.fileno()), str(queue)),
                pass_fds=(theirs.fileno(), queue), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=errors, env=python.environment())
        except OSError as problem:  # root was given back, and nobody else may run this interpreter
            ours.close()
            os.close(self._errors)
            raise ShardError(f"worker {number} cannot be started: {sys.executable}: {problem.strerror}") from None
        finally:
            theirs.close()
            os.close(errors)
        self.pipe = Connection(ours.detach())
        self._thread = threading.Thread(target=self._read, name=f"aether-worker-{number}", daemon=True)
        self._thread.start()
        try:
            self._send("begin", 0, beginning)
        except BlockingIOError:
            self.fault = f"it did not take what it begins with within {STARTS_WITHIN:g} s"
        except OSError:
            pass  # it has ended at once, and that is noticed
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(self.pipe.fileno())) as same:
            _send_within(same, ANSWERS_WITHIN)

    @property
    def end_in_words(self) -> str:
        """Why it has ended: its fault, what its interpreter said last, or how the system ended it."""
        status = self.process.returncode
        how = "" if status is None else f"killed by signal {-status}" if status < 0 else f"exit status {status}"
        return self.fault or how

    def call(self, kind: str, what: Any) -> Any:
        """Have something asked or done there, and return the answer; OperationError, ShardError."""
        answer: Future[Any] = Future()
        ticket = next(self._tickets)
        self._answers[ticket] = answer
        try:
            self._send(kind, ticket, what)
            return answer.result(ANSWERS_WITHIN)
        except BlockingIOError:
            raise ShardError(f"worker {self.number} takes nothing any more, and is replaced") from None
        except (OSError, NoAnswer):
            raise ShardError(f"worker {self.number} does not answer. `workers 1` goes on without it") from None
        finally:
            self._answers.pop(ticket, None)

    def give(self, frame: bytes, believed: bool) -> None:
        """Give it a frame, which worker 0 may have asked for; lost if its pipe is full, as on any link."""
        if not self._sending.acquire(blocking=False):
            return  # a large message is under way, and the core's thread must not wait for that
        try:
            [waiting] = struct.unpack("i", fcntl.ioctl(self.pipe.fileno(), termios.TIOCOUTQ, bytes(4)))
            if waiting < ROOM:
                self._put(("believed" if believed else "frame", 0, frame))
        except OSError:
            pass  # it has ended, which is noticed
        finally:
            self._sending.release()

    def count_anew(self) -> None:
        """Tell it to begin a new period; what it says afterwards is of that."""
        with contextlib.suppress(OSError):  # it has ended, which is noticed
            self._send("anew", 0, None)

    def end(self) -> None:
        """End it, and wait for that."""
        self.ended = True
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(self.pipe.fileno())) as end:
            end.shutdown(socket.SHUT_RDWR)
        try:
            self.process.wait(ANSWERS_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._thread.join()
        self.pipe.close()

    def _send(self, kind: str, ticket: int, what: Any) -> None:
        with self._sending:
            self._put(what if kind == "begin" else (kind, ticket, what))

    def _put(self, message: object) -> None:
        """Send, with `_sending` held. BlockingIOError if it takes too long, and OSError if the worker has ended."""
        try:
            self.pipe.send(message)
        except BlockingIOError:  # it has taken part of it, and would not understand what comes next
            self.process.kill()
            raise

    def _take_last_words(self) -> None:
        """Wait for the end of a process that has closed its pipe, and take the last line that it wrote to stderr."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(ANSWERS_WITHIN)
        said = b""
        with contextlib.suppress(BlockingIOError):
            said = os.read(self._errors, MOST_SAID)
        os.close(self._errors)
        lines = [line.strip() for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
        if lines and not self.fault:
            self.fault = "".join(char if char.isprintable() else "?" for char in lines[-1][:LONGEST_FAULT])

    def _read(self) -> None:
        """Take what the worker says, until its end."""
        try:
            while True:
                kind, ticket, good, what = self.pipe.recv()
                if kind == "frame":
                    self._frame(what)
                elif kind == "figures":
                    self.figures = what
                elif kind == "ready":
                    self.started = True
                    self._came()
                    self.ready.set()
                elif kind == "fault":
                    self.fault = what
                elif (answer := self._answers.get(ticket)) is not None:
                    answer.set_result(what) if good else answer.set_exception(what)
        except (EOFError, OSError):
            pass
        self._take_last_words()
        self.ready.set()
        for answer in list(self._answers.values()):
            if not answer.done():
                answer.set_exception(OSError("the worker has ended"))
        if not self.ended:
            self.process.wait()
            self._lost(self)


def _send_within(end: socket.socket, seconds: float) -> None:
    """Let what is sent to a worker take so long at the most.

    A call that has sent a part says so after half of it, and the one for the rest waits as long again.
    """
    half = divmod(int(seconds * 5e5), 10**6)
    end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", *half))

"""The process in which a learner's code runs: it has a bound in time and memory, and what it does ends with it.

`python -m shell.lessons.exercises.child DESCRIPTOR`: the job comes as a line of JSON on standard input, and after it a
snapshot of the lab; what there is to say goes to the descriptor, a line of JSON for each thing.
"""

from __future__ import annotations

import faulthandler
import json
import os
import pickle
import resource
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from types import FrameType
from typing import Any

from shell.lessons.exercises.load import Unusable, executed, maker, recognised
from shell.lessons.exercises.proxy import WrongKind
from shell.lessons.exercises.stories import Make, Model, Observed, Told, mistakes, told

MEMORY = 1 << 30
"""Bytes that the process may have."""
FILE = "<your file>"
"""What a learner's code is called in tracebacks."""



class TooLong(BaseException):
    """The code has computed for too long."""


def _too_long(number: int, frame: FrameType | None) -> None:
    raise TooLong


class LearnersProcess:
    """Runs one job."""

    def __init__(self, descriptor: int, job: dict[str, Any], rest: bytes) -> None:
        self.descriptor, self.job, self.rest = descriptor, job, rest
        self.seconds = float(job["seconds"])
        """Of the processor, for one thing that is asked of the code."""
        self.patience = float(job["patience"])
        """Of the wall's clock: for code that waits."""

    def say(self, **what: Any) -> None:
        """Tell the parent."""
        data = json.dumps(what).encode() + b"\n"
        while data:
            data = data[os.write(self.descriptor, data):]

    @contextmanager
    def bounded(self) -> Iterator[None]:
        """Bound what the learner's code may take: TooLong, or the end of the process."""
        faulthandler.dump_traceback_later(self.patience, exit=True, file=self.descriptor)
        signal.setitimer(signal.ITIMER_PROF, self.seconds, self.seconds)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            faulthandler.cancel_dump_traceback_later()

    def failed(self, problem: BaseException) -> dict[str, Any]:
        """Return what is to be said of something that the learner's code raised."""
        frames = [(frame.f_code.co_name, line) for frame, line in traceback.walk_tb(problem.__traceback__)
                  if frame.f_code.co_filename == FILE]
        name, line = frames[-1] if frames else ("", getattr(problem, "line", 0))
        inside = f" in {name}" if name and name != "<module>" else ""
        if isinstance(problem, TooLong):
            text = f"does not come to an end{inside}: stopped after {self.seconds:g} s of computing"
        elif isinstance(problem, NotImplementedError):
            text = f"not written yet{': ' if name else ''}{name}"
        elif isinstance(problem, MemoryError):
            text = f"takes more than {MEMORY >> 20:,} MB of memory{inside}"
        elif isinstance(problem, RecursionError):
            text = f"calls itself without an end{inside}"
        elif isinstance(problem, SystemExit):
            text = f"ends the program{inside}: return instead"
        elif isinstance(problem, (WrongKind, Unusable)):
            text, line = str(problem), problem.line
        elif isinstance(problem, SyntaxError):
            text, line = f"no Python: {problem.msg}", problem.lineno or 0
        else:
            text = f"{type(problem).__name__}{inside}: {_words(problem)}".rstrip(": ")
        return {"text": text, "line": line}

    def run(self) -> None:
        """Do what the job says."""
        try:
            with self.bounded():
                exercise = recognised(self.job["source"], FILE)
                self.say(exercise=exercise.name)
            model = exercise.model()
            with self.bounded():
                make = maker(executed(self.job["source"], FILE), exercise, model)
        except BaseException as problem:
            self.say(unusable=self.failed(problem))
            return
        if self.job["what"] == "use":
            self._use(exercise.name, make)
        else:
            self._check(model, make)

    def _check(self, model: Model, make: Make) -> None:
        every: dict[int, Told] = {}
        for number, check in enumerate(model.checks):
            seen: list[Observed] = []
            self.say(begun=number)
            try:
                with self.bounded():
                    seen.extend(check.story(make))
            except BaseException as problem:
                self.say(check=number, failed=self.failed(problem))
                if isinstance(problem, TooLong):
                    break
                continue
            every[number] = told(model, check, seen)
            self.say(check=number, observed=every[number].observed)
        for number, words in zip(every, mistakes(model, list(every.values())), strict=True):
            self.say(mistake=words, of=number)

    def _use(self, name: str, make: Make) -> None:
        from shell.lessons.exercises.trial import TRIALS

        try:
            with self.bounded():
                result = TRIALS[name](pickle.loads(self.rest), make)
        except BaseException as problem:
            self.say(unusable=self.failed(problem))
            return
        self.say(kind=type(result).__name__, result=asdict(result))


def _words(problem: BaseException) -> str:
    try:
        text = str(problem)
    except Exception:
        text = "something that cannot be shown"
    return text if len(text) <= 200 else f"{text[:197]}..."


def _limit(what: int, most: int) -> None:
    with suppress(ValueError, OSError):
        hard = resource.getrlimit(what)[1]
        resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def main() -> None:
    """Run the job that standard input has."""
    descriptor = int(sys.argv[1])
    job, rest = json.loads(sys.stdin.buffer.readline()), sys.stdin.buffer.read()
    if job["what"] == "use":
        import shell.lessons.exercises.trial  # noqa: F401 (before memory is bounded and time counts)
    _limit(resource.RLIMIT_AS, MEMORY)
    _limit(resource.RLIMIT_CORE, 0)
    signal.signal(signal.SIGPROF, _too_long)
    child = LearnersProcess(descriptor, job, rest)
    child.run()
    with suppress(Exception):
        sys.stdout.flush()
    child.say(done=True)
    os._exit(0)  # whatever threads the code has left behind


if __name__ == "__main__":
    main()

"""How the program is ended from outside: Ctrl-C, SIGTERM, and SIGHUP, which a terminal sends that is closed.

While it starts there is nothing to clean up that the system does not take away by itself, and Ctrl-C ends it at once.
Once it is under way, each of them ends the commands that run, and everything is put in order before the program ends,
with the status 128 + the signal's number. In the interactive shell, Ctrl-C ends a command only (`shell.prompt.app`).
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

ENDING = (signal.SIGTERM, signal.SIGHUP)
INTERRUPTED = 128 + signal.SIGINT


class _State:
    """What came, and who was told of signals before."""

    interrupted = False
    ended = False
    held = False
    came = 0
    """A signal that came while they are held; 0 for none."""
    before: dict[int, Any] = {}  # noqa: RUF012 - one program, one state


def at_start() -> None:
    """The program starts: Ctrl-C ends it without a word, wherever it is."""
    _State.interrupted = _State.ended = False
    _State.before = {}
    _take(signal.SIGINT, signal.default_int_handler, _leave)


def under_way() -> None:
    """There is something to put in order at the end: let each signal be raised, as an exception of the main thread."""
    _take(signal.SIGINT, _leave, _interrupt)
    for number in ENDING:
        _take(number, signal.SIG_DFL, _end)


def over() -> None:
    """Everything is being put in order: nothing comes between."""
    for number, handler in ((signal.SIGINT, _interrupt), *((each, _end) for each in ENDING)):
        _take(number, handler, signal.SIG_IGN)


def give_back() -> None:
    """Let signals do what they did before `at_start`."""
    for number, handler in _State.before.items():
        signal.signal(number, handler)
    _State.before = {}


@contextmanager
def held() -> Iterator[None]:
    """Let no signal come between what is made and the note that it has to be taken away: it comes afterwards."""
    _State.held, _State.came = True, 0
    try:
        yield
    finally:
        _State.held = False
    if _State.came == signal.SIGINT:
        raise KeyboardInterrupt
    if _State.came:
        raise SystemExit(128 + _State.came)


def interrupted() -> bool:
    """Tell whether Ctrl-C came since the program is under way, whoever has heeded it."""
    return _State.interrupted


def ended() -> bool:
    """Tell whether SIGTERM or SIGHUP came since the program is under way: nobody waits for what it would still say."""
    return _State.ended


def _take(number: int, from_whom: Any, handler: Callable[[int, FrameType | None], Any] | int) -> None:
    """Handle a signal from now on, if it was left to `from_whom`: `nohup` and background jobs have some ignored."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(number) == from_whom:
        _State.before.setdefault(number, signal.signal(number, handler))


def _leave(number: int, frame: FrameType | None) -> None:
    os._exit(128 + number)


def _interrupt(number: int, frame: FrameType | None) -> None:
    _State.interrupted = True
    if _State.held:
        _State.came = number
        return
    raise KeyboardInterrupt


def _end(number: int, frame: FrameType | None) -> None:
    _State.ended = True
    if _State.held:
        _State.came = number
        return
    raise SystemExit(128 + number)

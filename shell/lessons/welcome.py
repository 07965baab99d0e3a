"""What greets somebody who is here for the first time, and tips that appear once."""

from __future__ import annotations

from shell.language.grammar import CommandError
from shell.lessons.progress import ProgressStore

WELCOME = "welcome"
FIRST = ("New here? `lesson start tour` shows the shell in two minutes.\n"
         "`lesson start first-frame` begins the course, `explain TERM` tells a word.")
TIPS = {
    ("ping",): "`frames` lists what passed, `frame N` takes one of them apart",
    ("trace", "on"): "`trace filter tcp` shows only what you name; `help filters`",
    ("frame",): "`edit N FIELD=VALUE` changes a frame and sends it again",
    ("tcp", "connect"): "`ladder` draws what was said, `tcp conn 1` shows every variable",
    ("tcp", "conns"): "`why conn 1` says what a connection waits for",
    ("drops",): "`why drop` shows the decisions that led to the last one",
    ("link", "loss"): "`link clear` mends the link; `scenario list` has other bad ones",
    ("pause",): "an empty line steps on, `back` goes to what was before",
    ("knob", "set"): "`knob diff` shows what is not as usual, `profile modern` resets it",
}
"""What is worth knowing after a command was used for the first time."""


class Greeter:
    """Remembers what was said, so that nothing is said twice."""

    def __init__(self, store: ProgressStore) -> None:
        self.store = store

    def welcome(self) -> str:
        """Return what to say at the start: an offer the first time, or which lesson waits; empty if nothing."""
        try:
            current = self.store.load().current
            if current:
                return f"`lesson resume` goes on with the lesson {current}."
            return FIRST if self._first(WELCOME) else ""
        except CommandError:
            return ""

    def tip(self, path: tuple[str, ...]) -> str:
        """Return the tip that belongs to a command; empty if there is none, or it was shown."""
        if path not in TIPS:
            return ""
        try:
            return f"tip: {TIPS[path]}" if self._first(" ".join(path)) else ""
        except CommandError:
            return ""

    def _first(self, what: str) -> bool:
        with self.store.changing() as progress:
            first = what not in progress.seen
            if first:
                progress.seen.append(what)
        return first

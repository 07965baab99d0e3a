"""One thing that was looked at, and how it stands."""

from __future__ import annotations

import os
import shlex
from typing import NamedTuple

OLDEST = (3, 11)
"""The oldest Python that reads the rest of this program."""
UNUSABLE = (ImportError, SyntaxError, TypeError, AttributeError)
"""What an older Python, or a package that is not whole, makes of an import."""
WORKS, LIMITED, BROKEN = "works", "limited", "broken"
SIM, LAB, TAP = "sim", "lab", "tap"
LABS = {
    SIM: "the simulated lab (aether-shell --sim)",
    LAB: "a TAP in a private network (aether-shell --lab)",
    TAP: "a TAP on this machine (sudo aether-shell)",
}


class Finding(NamedTuple):
    """How one thing stands."""

    what: str
    state: str
    """`WORKS`, `LIMITED`: Aether runs, and does without something; or `BROKEN`: some lab cannot be had."""
    said: str
    mend: str = ""
    """The command that mends it; empty where there is nothing to mend."""
    stops: tuple[str, ...] = ()
    """Which of `LABS` cannot be had while it is broken."""


def as_root(command: str) -> str:
    """Return a command line as whoever runs this program has to type it."""
    return command if os.geteuid() == 0 else f"sudo {command}"


def quoted(*words: str) -> str:
    """Return words as a shell reads them back."""
    return " ".join(shlex.quote(word) for word in words)

"""Options that several commands have."""

from __future__ import annotations

from shell.language.grammar import option
from shell.language.values import duration
from shell.session import WAIT

HOST = option("--host", "at which host: you, or another one", str, complete="hosts", default="you", metavar="H")
HOST_OR_ALL = option(
    "--host", "at which host: you, another one, or all", str, complete="hosts_or_all", default="you", metavar="H")
WAITS = (
    option("--wait", "how long to wait, in world time (3s unless said otherwise)", duration, default=WAIT, metavar="T"),
    option("--background", "do not wait at all"),
)

FORCE = option("--force", "replace a file that is there already")
"""For every command that writes a file: see `shell.writing`."""

"""The terminal, what it can show, and where the shell keeps what it remembers."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from shell.program.doctor.finding import LIMITED, UNUSABLE, WORKS, Finding, quoted

SMALLEST = (80, 24)
"""Columns and lines for which the full-screen views are made."""


def look() -> Iterator[Finding]:
    """Look at the terminal, the encoding, the colours and the places for files."""
    yield _terminal()
    yield _encoding()
    yield _colours()
    yield from _places()


def _terminal() -> Finding:
    name = os.environ.get("TERM", "")
    if name in ("", "dumb", "unknown"):
        return Finding("terminal", LIMITED, f"TERM is {name or 'not set'}: no colours, no line at the bottom, no "
                       "full-screen views", "export TERM=xterm-256color")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return Finding("terminal", WORKS, "none here: commands are read from a script, from -c or from a pipe")
    columns, lines = shutil.get_terminal_size()
    if columns < SMALLEST[0] or lines < SMALLEST[1]:
        return Finding("terminal", LIMITED, f"{columns} columns and {lines} lines: tables are cut below "
                       f"{SMALLEST[0]} and {SMALLEST[1]}", f"printf '\\033[8;{SMALLEST[1]};{SMALLEST[0]}t'")
    return Finding("terminal", WORKS, f"{name}, {columns} columns, {lines} lines")


def _encoding() -> Finding:
    encoding = (sys.stdout.encoding or "ascii").lower().replace("_", "-")
    if encoding in ("utf-8", "utf8"):
        return Finding("encoding", WORKS, "UTF-8")
    wrong = "unset PYTHONIOENCODING PYTHONUTF8; " if _overridden() else ""
    return Finding("encoding", LIMITED, f"{encoding}: what it cannot write is shown as an escape or fails",
                   f"{wrong}export LC_ALL=C.UTF-8")


def _overridden() -> bool:
    return bool(os.environ.get("PYTHONIOENCODING") or os.environ.get("PYTHONUTF8") == "0")


def _colours() -> Finding:
    try:
        from shell.views import theme

        depth = theme.depth()
    except UNUSABLE as problem:
        return Finding("colours", LIMITED, f"cannot tell: {problem}", "aether-shell doctor  # when packages are mended")
    if os.environ.get("NO_COLOR"):
        return Finding("colours", LIMITED, "NO_COLOR is set: bold and underlined text alone", "unset NO_COLOR")
    if depth == "none":
        return Finding("colours", LIMITED, "none on this terminal", "export TERM=xterm-256color")
    if depth == "16":
        return Finding("colours", WORKS, "16; if the terminal has them all: export COLORTERM=truecolor")
    return Finding("colours", WORKS, "all" if depth == "truecolor" else depth)


def _places() -> Iterator[Finding]:
    """Yield how the directories stand in which history, progress and configuration are kept."""
    try:
        import platformdirs
    except UNUSABLE:
        return  # which is said among the packages
    for what, variable, path in (
        ("history", "XDG_STATE_HOME", platformdirs.user_state_dir("aether")),
        ("progress", "XDG_DATA_HOME", platformdirs.user_data_dir("aether")),
        ("configuration", "XDG_CONFIG_HOME", platformdirs.user_config_dir("aether")),
    ):
        yield _place(what, variable, Path(path))


def _place(what: str, variable: str, path: Path) -> Finding:
    deepest = path
    while not os.path.lexists(deepest) and deepest != deepest.parent:
        deepest = deepest.parent
    if deepest.is_dir() and os.access(deepest, os.W_OK | os.X_OK):
        return Finding(what, WORKS, str(path))
    elsewhere = f"export {variable}=\"$(mktemp -d)\""
    if not deepest.is_dir():
        return Finding(what, LIMITED, f"{deepest} is no directory: nothing is kept", elsewhere)
    owner = deepest.stat().st_uid
    if not _read_only(deepest) and owner == os.geteuid():
        return Finding(what, LIMITED, f"{deepest} is not writable: nothing is kept",
                       f"chmod u+rwx {quoted(str(deepest))}")
    if not _read_only(deepest) and deepest == path:  # ours by its name: made as root, once
        return Finding(what, LIMITED, f"{path} belongs to somebody else (user {owner}): nothing is kept",
                       f"sudo chown -R {os.geteuid()} {quoted(str(path))}")
    return Finding(what, LIMITED, f"{deepest} is not writable: nothing is kept", elsewhere)


def _read_only(path: Path) -> bool:
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY)

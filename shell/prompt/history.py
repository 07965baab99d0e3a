"""The lines that were typed, in a file that all shells share."""

from __future__ import annotations

import lzma
from pathlib import Path

from cmd2.history import History

from shell.files.writing import alone, write


def persist(history: History, file: str, most: int) -> None:
    """Write a history in cmd2's format, `most` lines of it at the most; WriteError if that cannot be.

    What other shells have added since this one began is kept, before the lines of this one.
    """
    with alone(Path(file).parent):
        typed = history[history.session_start_index:]
        try:
            others = History.from_json(lzma.decompress(Path(file).read_bytes()).decode())
        except (OSError, EOFError, lzma.LZMAError, ValueError, KeyError, TypeError):
            others = History()
        history[:] = [*others, *typed]
        history.truncate(most)
        history.start_session()  # these lines are written, and not once more
        write(file, lzma.compress(history.to_json().encode()), force=True)

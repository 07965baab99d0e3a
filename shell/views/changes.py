"""What has changed, drawn: the fields of one connection together."""

from __future__ import annotations

from itertools import groupby

from rich.text import Text

from shell.views.theme import style


def changed(changes: list[str]) -> list[Text]:
    """Draw changes such as ``#1 snd_una 1 → 1461 at host``: one line for each end of a connection, one for the rest."""
    return [
        Text.assemble((f"changed{f' {whose}' if whose else ''}: ", style("muted")),
                      (", ".join(what for _, what in group), style("key")))
        for whose, group in groupby(map(_apart, changes), lambda pair: pair[0])
    ]


def _apart(change: str) -> tuple[str, str]:
    """Return whose field it is, and what is said of it; nobody's for a count."""
    if not change.startswith("#"):
        return "", change
    number, _, rest = change.partition(" ")
    what, at, host = rest.partition(" at ")
    return f"{number}{at}{host}", what

"""`drill write`: a script of a connection that plays, held against Aether at once."""

from __future__ import annotations

from shell.drill.parse import MAX_SIZE, parse
from shell.drill.player import Player
from shell.drill.run import Wishes, player_for
from shell.drill.write import Written, to_text
from shell.grammar import CommandError

TOLERANCES = (0, 1_000, 5_000, 20_000, 100_000)
"""Microseconds that are tried one after the other: the address of a neighbour, asked for in the lab, takes some."""


PHASES = tuple(range(0, 1000, 50))
"""Microseconds into a millisecond at which a script may begin, where nobody knows: its timestamps then tick as seen."""


def written_and_played(written: Written, about: str, knobs: dict[str, str], phase: int) -> tuple[str, Player]:
    """Return the text of a script with the least tolerance with which it plays, and how it went.

    `phase` is where in a millisecond of the host's clock it began, if that is known.
    """
    best: tuple[int, str, Player] | None = None
    for begin in (phase, *PHASES):
        for tolerance in TOLERANCES:
            text = to_text(written, about, knobs, tolerance, begin)
            player = _played(text)
            if player.failed is None:
                return text, player
            if best is None or player.at > best[0]:
                best = player.at, text, player
        assert best is not None
        if [each.name for each in best[2].failed.fields if each.differs] != ["options"]:  # type: ignore[union-attr]
            break
    return best[1], best[2]


def _played(text: str) -> Player:
    if len(text) > MAX_SIZE:
        raise CommandError(
            f"the script would have {len(text):,} characters, and {MAX_SIZE:,} are read. Cut it short with --to")
    player = player_for(parse(text, "script"), Wishes())
    player.play()
    return player

"""`drill write`: a script of a connection that plays, held against Aether at once."""

from __future__ import annotations

from shell.drill.parse import MAX_SIZE, parse
from shell.drill.player import ScriptPlayer
from shell.drill.run import Wishes, player_for
from shell.drill.write import Written, to_text
from shell.language.grammar import CommandError

TOLERANCES = (0, 1_000, 5_000, 20_000, 100_000)
"""Microseconds that are tried one after the other: the address of a neighbour, asked for in the lab, takes some."""


MOST_LINES = 6_000
"""Lines that are played at the most before the best so far is taken: some seconds."""
PHASES = tuple(range(0, 1000, 50))
"""Microseconds into a millisecond at which a script may begin, where nobody knows: its timestamps then tick as seen."""


def written_and_played(written: Written, about: str, knobs: dict[str, str], phase: int) -> tuple[str, ScriptPlayer]:
    """Return the text of a script with the least tolerance with which it plays, and how it went.

    `phase` is where in a millisecond of the host's clock it began, if that is known.
    """
    found: list[tuple[str, ScriptPlayer]] = []
    played = 0
    for begin in (phase, *PHASES):
        for tolerance in TOLERANCES:
            text = to_text(written, about, knobs, tolerance, begin)
            found.append((text, _played(text)))
            if found[-1][1].failed is None:
                return found[-1]
            played += len(found[-1][1].outcomes)  # it is read as a whole, however far it goes
            if played > MOST_LINES:
                return max(found, key=_how_far)
        failed = max(found, key=_how_far)[1].failed
        if failed is None or [each.name for each in failed.fields if each.differs] != ["options"]:
            break
    return max(found, key=_how_far)


def _how_far(found: tuple[str, ScriptPlayer]) -> int:
    return found[1].at


def _played(text: str) -> ScriptPlayer:
    if len(text) > MAX_SIZE:
        raise CommandError(
            f"the script would have {len(text):,} characters, and {MAX_SIZE:,} are read. Cut it short with --to")
    player = player_for(parse(text, "script"), Wishes())
    player.play()
    return player

"""All attacks, by name."""

from __future__ import annotations

from aether.attacks.attack import Attack
from aether.attacks.clients import SackStorm, SlowReader, TinyWindow
from aether.attacks.floods import FastOpenFlood, FragmentBomb, Smurf, SynFlood
from aether.attacks.forgeries import ArpPoison, IsnGuess, Land, ResetBlind, ResetInWindow

ATTACKS: dict[str, type[Attack]] = {
    each.NAME: each for each in (
        SynFlood, FastOpenFlood, ResetBlind, ResetInWindow, IsnGuess, ArpPoison, SlowReader, TinyWindow, SackStorm,
        FragmentBomb, Land, Smurf)
}

"""What became of predictions, once the step is done: what was said, what is so, and the frames that show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shell.language.translation import say
from shell.lessons.model import Prediction

LETTERS = "abcdef"
MOST_NAMED = 4
"""Frames that are named one by one."""


def resolved(
    predictions: Sequence[Prediction], made: Mapping[int, int], held: Sequence[int],
    own: Mapping[int, Sequence[int]] | None = None,
) -> list[str]:
    """Return a line for each prediction that was made; `held` are the frames by which the checks of the step hold.

    `own` are those of predictions that say themselves which frames decide them, by their places.
    """
    lines = []
    for place, prediction in enumerate(predictions):
        if place not in made:
            continue
        frames = (own or {}).get(place) or held
        shown, one = _named(frames), len(frames) < 2
        said = LETTERS[made[place]]
        right = [number for number, choice in enumerate(prediction.choices) if choice.right]
        if made[place] in right:
            lines.append(say("You said {letter}, and {frames} shows it." if one else
                             "You said {letter}, and {frames} show it.", letter=said, frames=shown))
        else:
            others = say(" or ").join(
                f"{LETTERS[number]}: {prediction.choices[number].text.rstrip('.')}" for number in right)
            lines.append(say("You said {letter}; {frames} shows {right}." if one else
                             "You said {letter}; {frames} show {right}.", letter=said, frames=shown, right=others))
    return lines


def _named(frames: Sequence[int]) -> str:
    """Name frames: a run of neighbours, or one by one."""
    if not frames:
        return say("what happened")
    if len(frames) == 1:
        return say("frame {first}", first=frames[0])
    if len(frames) > 2 and frames[-1] - frames[0] == len(frames) - 1:
        return say("frames {first} to {last}", first=frames[0], last=frames[-1])
    if len(frames) <= MOST_NAMED:
        return say("frames {some} and {last}", some=", ".join(map(str, frames[:-1])), last=frames[-1])
    return say("frames {some} and {count} more", some=", ".join(map(str, frames[:MOST_NAMED])),
               count=len(frames) - MOST_NAMED)

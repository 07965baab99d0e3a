"""What became of predictions, once the step is done: what was said, what is so, and the frames that show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shell.lessons.model import Prediction

LETTERS = "abcdef"
MOST_NAMED = 4
"""Frames that are named one by one."""


def resolved(predictions: Sequence[Prediction], made: Mapping[int, int], frames: Sequence[int]) -> list[str]:
    """Return a line for each prediction that was made; `frames` are those by which the checks of the step hold."""
    lines = []
    for place, prediction in enumerate(predictions):
        if place not in made:
            continue
        said = made[place]
        right = [number for number, choice in enumerate(prediction.choices) if choice.right]
        shown = _named(frames)
        verb = "shows" if len(frames) < 2 else "show"
        if said in right:
            lines.append(f"You said {LETTERS[said]}, and {shown} {verb} it.")
        else:
            others = " or ".join(f"{LETTERS[number]}: {prediction.choices[number].text}" for number in right)
            lines.append(f"You said {LETTERS[said]}; {shown} {verb} {others}.")
    return lines


def _named(frames: Sequence[int]) -> str:
    """Name frames: a run of neighbours, or one by one."""
    if not frames:
        return "what happened"
    if len(frames) == 1:
        return f"frame {frames[0]}"
    if frames[-1] - frames[0] == len(frames) - 1:
        return f"frames {frames[0]} to {frames[-1]}"
    if len(frames) <= MOST_NAMED:
        return f"frames {', '.join(map(str, frames[:-1]))} and {frames[-1]}"
    return f"frames {', '.join(map(str, frames[:MOST_NAMED]))} and {len(frames) - MOST_NAMED} more"

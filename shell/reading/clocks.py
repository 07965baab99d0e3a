"""The times of frames as `frames --time` writes them: those of Wireshark's time formats."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from shell.language.grammar import CommandError, did_you_mean

FORMATS = {
    "abs": "date and time of day where you are", "rel": "seconds since the first frame",
    "delta": "seconds since the frame before", "utc": "date and time of day in UTC",
}
SECOND = 1_000_000_000


def time_format(text: str) -> str:
    """Return one of the formats; ValueError for another word."""
    if text not in FORMATS:
        raise ValueError(f"a time is written as {', '.join(FORMATS)}, not {text!r}{did_you_mean(text, FORMATS)}")
    return text


def written(
    how: str, frames: Iterable[tuple[int, int]], captured: Sequence[int] | None, digits: int,
) -> dict[int, str]:
    """Return the time of each frame by its number, with so many digits.

    `frames` are all that there are, in order: their numbers, and microseconds of world time.

    `captured` are the times of a file's frames, in nanoseconds since 1970; None for the lab. The lab's time begins with
    the world, and has no date: CommandError for one.
    """
    if captured is None and how in ("abs", "utc"):
        raise CommandError(f"--time {how} says nothing here: the lab's time begins with the world and has no date, nor "
                           "has a file without times. rel and delta do; a capture has dates (`capture load`)")
    times = {number: time * 1000 if captured is None else captured[number - 1] for number, time in frames}
    if how in ("abs", "utc"):
        return {number: _moment(time, digits, how == "utc") for number, time in times.items()}
    before = captured[0] if captured else 0
    found = {}
    for number, time in times.items():
        found[number] = _seconds(time - before, digits)
        if how == "delta":
            before = time
    if how == "delta" and captured is None and times:
        found[next(iter(times))] = _seconds(0, digits)  # nothing is known of the one before the first that is kept
    return found


def _seconds(nanoseconds: int, digits: int) -> str:
    whole, rest = divmod(abs(nanoseconds), SECOND)
    return f"{'-' if nanoseconds < 0 else ''}{whole}.{rest:09d}"[:digits - 9 or None]


def _moment(nanoseconds: int, digits: int, utc: bool) -> str:
    whole, rest = divmod(nanoseconds, SECOND)
    fraction = f".{rest:09d}"[:digits - 9 or None]
    try:
        moment = datetime.fromtimestamp(whole, UTC if utc else None)
    except (ValueError, OverflowError, OSError):
        return f"{whole}{fraction} s after 1970"
    return f"{moment:%Y-%m-%d %H:%M:%S}{fraction}"

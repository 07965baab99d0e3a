"""What people write for impairments: ``5%``, ``20ms``, ``1mbit``, ``64kb``."""

from __future__ import annotations

import math


class QuantityError(ValueError):
    """A quantity that makes no sense; the text says what would."""


TIMES = {"us": 1, "µs": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "min": 60_000_000, "h": 3_600_000_000}
RATES = {"bit": 1, "kbit": 1_000, "mbit": 1_000_000, "gbit": 1_000_000_000}
SIZES = {"": 1, "b": 1, "k": 1 << 10, "kb": 1 << 10, "m": 1 << 20, "mb": 1 << 20}


def _split(text: str) -> tuple[float, str]:
    word = text.strip().lower()
    digits = word.rstrip("abcdefghijklmnopqrstuvwxyzµ% ")
    try:
        value = float(digits)
    except ValueError:
        value = math.nan
    return value, word[len(digits):].strip()


def _scaled(text: str, units: dict[str, int], what: str, example: str) -> int:
    value, unit = _split(text)
    if unit not in units or not 0 <= value < 1e12:
        raise QuantityError(f"{what} is a number with a unit, such as {example}, not {text!r}")
    return round(value * units[unit])


def percentage(text: str) -> float:
    """Return the probability that a percentage means: ``5%`` is 0.05."""
    value, unit = _split(text)
    if unit not in ("", "%") or not 0 <= value <= 100:
        raise QuantityError(f"a share is a percentage from 0% to 100%, such as 5%, not {text!r}")
    return value / 100


def duration(text: str) -> int:
    """Return microseconds."""
    return _scaled("0us" if text.strip() == "0" else text, TIMES, "a time", "20ms")


def rate(text: str) -> int:
    """Return bits a second; 0 (or ``off``) is no limit."""
    if text.strip().lower() in ("0", "off"):
        return 0
    value = _scaled(text, RATES, "a rate", "1mbit")
    if value < 1000:
        raise QuantityError(f"a rate is at least 1kbit, or off; not {text!r}")
    return value


def size(text: str) -> int:
    """Return bytes."""
    return _scaled(text, SIZES, "a size", "64kb")


def count(text: str) -> int:
    """Return a whole number from 0 up."""
    if not text.strip().isdigit() or int(text) > 10**9:
        raise QuantityError(f"a count is a whole number, such as 3, not {text!r}")
    return int(text)


def switch(text: str) -> bool:
    """Return True for ``on``, False for ``off``."""
    word = text.strip().lower()
    if word not in ("on", "off"):
        raise QuantityError(f"say on or off, not {text!r}")
    return word == "on"


def show_switch(value: bool) -> str:
    """Return ``on`` or ``off``."""
    return "on" if value else "off"


def show_share(value: float) -> str:
    """Return a probability as a percentage."""
    return f"{value * 100:g}%"


def show_time(value: int) -> str:
    """Return microseconds with the unit that suits."""
    for unit, scale in (("s", 1_000_000), ("ms", 1_000)):
        if value and value % scale == 0:
            return f"{value // scale}{unit}"
    return f"{value}us"


def show_rate(value: int) -> str:
    """Return bits a second with the unit that suits."""
    for unit, scale in (("gbit", 10**9), ("mbit", 10**6), ("kbit", 1000)):
        if value >= scale and value % scale == 0:
            return f"{value // scale}{unit}"
    return f"{value}bit" if value else "off"

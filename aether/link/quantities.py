"""What people write for impairments: ``5%``, ``20ms``, ``1mbit``, ``64kb``."""

from __future__ import annotations

from aether.knobs import SIZES, TIMES, number_and_unit, scaled


class QuantityError(ValueError):
    """A quantity that makes no sense; the text says what would."""


RATES = {"bit": 1, "kbit": 1_000, "mbit": 1_000_000, "gbit": 1_000_000_000}
LOWEST_RATE = 1_000
"""Bits a second: below, a single frame takes longer than anybody waits."""
LONGEST_DELAY = 3_600_000_000
"""Microseconds that a link may hold a frame back, at the most."""
DISTRIBUTIONS = ("uniform", "normal")
CORRUPTIONS = ("bit", "field", "checksum")


def percentage(text: str) -> float:
    """Return the probability that a percentage means: ``5%`` is 0.05."""
    try:
        value, unit = number_and_unit(text)
    except ValueError:
        value, unit = -1.0, ""
    if unit not in ("", "%") or not 0 <= value <= 100:
        raise QuantityError(f"a share is a percentage from 0% to 100%, such as 5%, not {text!r}")
    return value / 100


def duration(text: str) -> int:
    """Return microseconds."""
    value = scaled(text, TIMES)
    if value is None or value > LONGEST_DELAY:
        raise QuantityError(f"a time is a number with a unit, such as 20ms, up to 1h, not {text!r}")
    return value


def rate(text: str) -> int:
    """Return bits a second; 0 (or ``off``) is no limit."""
    value = 0 if text.strip().lower() == "off" else scaled(text, RATES)
    if value is None or 0 < value < LOWEST_RATE:
        raise QuantityError(f"a rate is at least 1kbit, such as 1mbit, or off; not {text!r}")
    return value


def size(text: str) -> int:
    """Return bytes."""
    value = scaled(text, SIZES)
    if value is None:
        raise QuantityError(f"a size is a number of bytes, such as 1500 or 64kb, not {text!r}")
    return value


def count(text: str) -> int:
    """Return a whole number from 0 up."""
    word = text.strip()
    if not word.isascii() or not word.isdigit() or len(word) > 9:
        raise QuantityError(f"a count is a whole number, such as 3, not {text!r}")
    return int(word)


def switch(text: str) -> bool:
    """Return True for ``on``, False for ``off``."""
    word = text.strip().lower()
    if word not in ("on", "off"):
        raise QuantityError(f"say on or off, not {text!r}")
    return word == "on"


def distribution(text: str) -> str:
    """Return how jitter is spread."""
    word = text.strip().lower()
    if word not in DISTRIBUTIONS:
        raise QuantityError(f"a distribution is {' or '.join(DISTRIBUTIONS)}, not {text!r}")
    return word


def corruption(text: str) -> str:
    """Return what is damaged in a corrupted frame."""
    word = text.strip().lower()
    if word not in CORRUPTIONS:
        raise QuantityError(f"what is corrupted is {', '.join(CORRUPTIONS[:-1])} or {CORRUPTIONS[-1]}, not {text!r}")
    return word


def show_switch(value: bool) -> str:
    """Return ``on`` or ``off``."""
    return "on" if value else "off"


def show_share(value: float) -> str:
    """Return a probability as a percentage."""
    return f"{value * 100:g}%"


def show_rate(value: int) -> str:
    """Return bits a second with the unit that suits."""
    for unit, scale in (("gbit", 10**9), ("mbit", 10**6), ("kbit", 1000)):
        if value >= scale and value % scale == 0:
            return f"{value // scale}{unit}"
    return f"{value}bit" if value else "off"

"""Answers that are measured: a number with a unit, and how far from the right one it may be."""

from __future__ import annotations

import re
from dataclasses import dataclass

UNITS: dict[str, tuple[str, float]] = {
    "us": ("time", 1e-6), "\u03bcs": ("time", 1e-6), "ms": ("time", 1e-3), "s": ("time", 1.0), "min": ("time", 60.0),
    "b": ("bytes", 1.0), "byte": ("bytes", 1.0), "bytes": ("bytes", 1.0), "kb": ("bytes", 1e3), "mb": ("bytes", 1e6),
    "bit/s": ("rate", 1.0), "kbit/s": ("rate", 1e3), "mbit/s": ("rate", 1e6),
    "b/s": ("rate", 8.0), "kb/s": ("rate", 8e3), "mb/s": ("rate", 8e6),
    "%": ("share", 0.01),
}
"""What a unit measures, and how many of the first unit of its kind it is; in small letters, which of the sign for micro
are the Greek one."""
EXAMPLES = {"time": "1.2 s", "bytes": "1460 bytes", "rate": "8 Mbit/s", "share": "20 %"}
_QUANTITY = re.compile(r"(-?\d[\d,]*(?:\.\d+)?|-?\.\d+)\s*([A-Za-z\u00b5\u03bc%][A-Za-z/]*|%)?")
_RANGE = re.compile(r"(.+?)\s+to\s+(.+)")
_ABOUT = re.compile(r"(.+?)\s*(?:\+-|±)\s*(.+)")
NEARLY = 1e-9
"""What arithmetic may be off by, as a share."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number of something."""

    number: float
    """In the first unit of its kind: seconds, bytes, bits per second; of a share, 1.0 is all."""
    kind: str
    """``time``, ``bytes``, ``rate``, ``share``, or empty for a mere number."""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Range:
    """From one number to another, both included."""

    low: float
    high: float
    kind: str
    scale: float
    """What a number without a unit is counted in."""

    def holds(self, given: Quantity) -> bool:
        """Tell whether a quantity lies in it; a number without a unit is counted in the range's own."""
        number = given.number if given.kind else given.number * self.scale
        slack = NEARLY * max(abs(self.low), abs(self.high))
        return given.kind in ("", self.kind) and self.low - slack <= number <= self.high + slack


def read_quantity(text: str) -> Quantity | None:
    """Return the quantity that a text says; None if it says none."""
    found = _QUANTITY.fullmatch(text.strip())
    if found is None:
        return None
    unit = (found.group(2) or "").casefold()
    if unit and unit not in UNITS:
        return None
    kind, scale = UNITS.get(unit, ("", 1.0))
    return Quantity(float(found.group(1).replace(",", "")) * scale, kind, unit)


def read_range(text: str) -> Range | None:
    """Return what ``1 s to 1.4 s``, ``8 to 12`` or ``200 ms +- 10 %`` says; None if it is no range."""
    if found := _RANGE.fullmatch(text.strip()):
        low, high = map(read_quantity, found.groups())
        if low is None or high is None:
            return None
        if not low.kind and high.kind:
            low = Quantity(low.number * UNITS[high.unit][1], high.kind, high.unit)
        return None if low.kind != high.kind or low.number > high.number else _range(low.number, high.number, high)
    if found := _ABOUT.fullmatch(text.strip()):
        middle, slack = map(read_quantity, found.groups())
        if middle is None or slack is None:
            return None
        if slack.kind == "share" and middle.kind != "share":
            off = abs(middle.number) * slack.number
        elif slack.kind in ("", middle.kind):
            off = slack.number if slack.kind else slack.number * _scale(middle)
        else:
            return None
        return _range(middle.number - off, middle.number + off, middle)
    return None


def middle(asked: Range) -> str:
    """Return the number in the middle of a range, in its own unit."""
    return f"{(asked.low + asked.high) / 2 / asked.scale:.6g}"


def _range(low: float, high: float, unit: Quantity) -> Range:
    return Range(low, high, unit.kind, _scale(unit))


def _scale(unit: Quantity) -> float:
    return UNITS[unit.unit][1] if unit.unit else 1.0

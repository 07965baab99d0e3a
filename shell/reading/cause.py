"""What is to be said of something that a person asks `why` about."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Cause:
    """Why nothing goes on, or why a segment was sent again."""

    answer: str
    """Of a retransmission, what follows the stack's own words; it may be empty."""
    rfc: str = ""
    knob: str = ""
    remedy: str = ""
    host: str = "you"
    """Whose knob it is."""

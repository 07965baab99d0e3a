"""What a command returns that has done something, and has no more to say than a sentence."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Message:
    """Something was done; there is no more to it than a sentence."""

    message: str
    hint: str = ""
    """What one might do next."""

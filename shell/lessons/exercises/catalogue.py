"""Which exercises there are."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shell.lessons.exercises.stories import Model

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Exercise:
    """A part of the stack that a learner writes himself."""

    name: str
    title: str
    entry: str
    """The class or function that his file defines."""
    clause: str
    minutes: int
    lesson: str
    """The lesson that should come before it."""
    shows: str
    """What `exercise use` shows of it."""

    @property
    def is_class(self) -> bool:
        """Whether a class is asked for, and not a function."""
        return self.entry[0].isupper()

    def template(self) -> str:
        """Return the file to begin with."""
        return (TEMPLATES / f"{self.name}.txt").read_text(encoding="utf-8")

    def task(self) -> str:
        """Return what is to be done, as the file to begin with says it."""
        return ast.get_docstring(ast.parse(self.template())) or ""

    def model(self) -> Model:
        """Return what the part is judged by."""
        found: Model = import_module(f"shell.lessons.exercises.models.{self.name}").MODEL
        return found


EXERCISES = {each.name: each for each in (
    Exercise("checksum", "The Internet checksum", "checksum", "RFC 1071", 20, "reading-bytes",
             "yours beside that of every IPv4, ICMP, UDP and TCP header of a transfer"),
    Exercise("arp", "An ARP cache", "ArpCache", "RFC 826", 40, "arp",
             "what yours knows beside what the stack's knows, after each ARP packet"),
    Exercise("reassembly", "Reassembly", "Reassembly", "RFC 9293 §3.10.7.4", 60, "out-of-order",
             "the stream that yours makes of a transfer's segments beside the one that was sent"),
    Exercise("rto", "The retransmission time-out", "RtoEstimator", "RFC 6298", 40, "timer-doubles",
             "a plot: your time-out beside the stack's, and the round trips that both were told"),
    Exercise("congestion", "Congestion control", "CongestionControl", "RFC 5681", 60, "slow-start",
             "a plot: the window of a transfer with yours in the stack, beside the stack's own"),
)}

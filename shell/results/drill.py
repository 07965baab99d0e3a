"""What the commands about packet scripts return."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class DrillField:
    """One field of a packet, or of what a call returned."""

    name: str
    expected: str
    got: str
    differs: bool


@dataclass(slots=True)
class DrillResult:
    """How a script went."""

    file: str
    verdict: str
    """``ok``, ``failed``, ``error`` (it is no script), or ``differs`` (against the kernel: as the script says)."""
    took_us: int
    """Real time."""
    played_us: int = 0
    """The script's time."""
    lines: int = 0
    line: int = 0
    """The line that failed; 0 for none."""
    text: str = ""
    problem: str = ""
    time_us: int = -1
    """When it failed, in the script's time."""
    frame: int = 0
    """The frame that came instead; 0 for none."""
    got: str = ""
    fields: list[DrillField] = field(default_factory=list)
    against: str = "aether"
    known: str = ""
    """Why the kernel is known to differ."""
    place: str = ""
    """Line and column of an error, as they follow the file's name."""


@dataclass(slots=True)
class DrillReport:
    """How several scripts went."""

    scripts: list[DrillResult]
    passed: int
    failed: int
    took_us: int
    against: str = "aether"
    kernel: str = ""
    """The kernel's release, where it was played against."""
    hint: str = ""
    failure: str = ""
    """What is to be said of a run in which something failed; empty if nothing did."""
    as_usual: int = -1
    """Whether a draft goes as written when no knob is turned: 1 or 0; -1 where none is."""


@dataclass(slots=True)
class DrillLine:
    """How one line of a script went."""

    line: int
    text: str
    verdict: str
    """``ok``, ``failed``, ``waits`` (a call that has not returned), or empty for not yet."""
    time_us: int = -1
    frame: int = 0
    got: str = ""
    problem: str = ""
    fields: list[DrillField] = field(default_factory=list)


@dataclass(slots=True)
class DrillStep:
    """Where a script stands that is played line by line."""

    file: str
    lines: list[DrillLine]
    """Those around the next one, or all."""
    next: int
    """The line that is played next; 0 at the end."""
    time_us: int
    occurrence: int
    verdict: str
    """``goes on``, ``failed``, ``done`` or ``stopped`` (at a breakpoint, in the middle of a line)."""
    hint: str = ""


@dataclass(slots=True)
class DrillPair:
    """One line, at Aether and at the kernel."""

    line: int
    text: str
    aether: str
    kernel: str
    differs: list[str]
    """In what they differ: ``time``, ``packet``, ``result``; empty if they agree."""


@dataclass(slots=True)
class DrillComparison:
    """A script at Aether and at the kernel, line by line."""

    file: str
    kernel: str
    """The kernel's release."""
    lines: list[DrillPair]
    differences: int
    known: str = ""
    recorded: str = ""
    """Why its answers are those that were recorded of it; empty if this kernel was asked."""
    aether_failed: int = 0
    """Lines that did not go as written at Aether."""
    kernel_failed: int = 0
    """Those that did not at the kernel."""
    written: int = 0
    """Lines of a draft that came after its opening."""
    arrived: dict[str, int] = field(default_factory=dict)
    """Segments that arrive in those lines: how many with ``rst``, ``syn``, ``fin``, ``data``; ``ack`` have none."""


@dataclass(slots=True)
class DrillDraft:
    """A script that is written line by line."""

    lines: list[str]
    opening: int
    """So many of them were there when it began."""
    shown_from: int = 0
    """So many of the first are not drawn."""
    file: str = ""
    """Where it was written to; empty if it was not."""
    hint: str = ""


@dataclass(slots=True)
class DrillText:
    """A script that was written from what was seen."""

    text: str
    connection: int
    lines: int
    file: str = ""
    """Where it was written to; empty if it was not."""
    note: str = ""
    """What is wrong with it; empty if it plays."""
    failure: str = ""

"""What `scenario` returns."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class ScenarioRow:
    """One scenario that comes with the program."""

    name: str
    title: str


@dataclass(slots=True)
class ScenarioList:
    """The scenarios that come with the program."""

    scenarios: list[ScenarioRow]


@dataclass(slots=True)
class ScenarioReport:
    """One scenario; settings as `link` takes them."""

    name: str
    title: str
    about: str
    out: list[str]
    """What happens to frames that you send."""
    inward: list[str]
    """What happens to frames that are sent to you."""
    nat: list[str] = field(default_factory=list)
    """How a NAT in the middle is set; empty when there is none."""
    link: str = ""
    """The link that it was loaded into; empty when it is only shown."""

"""What `http` returns."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class HttpReport:
    """What came of fetching a page."""

    job: int
    url: str
    outcome: str
    status: int
    """The HTTP status code, 0 before there is one."""
    reason: str
    headers: list[str]
    body: str
    """The page, printable, at most 2,000 characters of it."""
    length: int
    """Bytes of the page that arrived."""
    took_us: int
    error: str = ""
    hint: str = ""
    redirects: list[str] = field(default_factory=list)
    """The URLs that pointed to this one."""

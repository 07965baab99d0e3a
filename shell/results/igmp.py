"""What `igmp` returns."""

from __future__ import annotations

from dataclasses import dataclass

from aether.answers import GroupRow


@dataclass(slots=True)
class GroupList:
    """The multicast groups that a host is in."""

    host: str
    groups: list[GroupRow]
    hint: str = ""

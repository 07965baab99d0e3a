"""What the commands about the network layer return: ICMP's counts, multicast groups."""

from __future__ import annotations

from dataclasses import dataclass

from aether.answers import AddressRow, GroupRow, IcmpCounts


@dataclass(slots=True)
class IcmpStats:
    """Which ICMP messages came and went."""

    host: str
    counts: IcmpCounts


@dataclass(slots=True)
class GroupList:
    """The multicast groups that a host is in."""

    host: str
    groups: list[GroupRow]
    hint: str = ""


@dataclass(slots=True)
class AddressList:
    """The addresses of a host."""

    host: str
    addresses: list[AddressRow]
    outcome: str = "done"
    hint: str = ""

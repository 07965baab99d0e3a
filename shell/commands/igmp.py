"""`igmp`: multicast groups."""

from __future__ import annotations

from functools import partial

from aether import queries
from aether.operations.net import IgmpJoin, IgmpLeave, IgmpQuery
from shell.commands.common import HOST
from shell.language.grammar import argument, command, option
from shell.language.values import address, tenths
from shell.results.igmp import GroupList
from shell.results.message import Message
from shell.session import Session, hint

GROUP = argument("group", address, "the group's address, 224.0.0.0 to 239.255.255.255")


@command("igmp join", GROUP, HOST, examples=("igmp join 224.1.1.1", "igmp join 239.1.2.3 --host host"))
def join(session: Session, group: str, host: str) -> GroupList:
    """Become a member of a multicast group, and tell the routers.

    What is sent to the group is then taken: `udp send 224.1.1.1:7 hello --host host` reaches the echo service.
    """
    session.do(IgmpJoin(host=host, group=group))
    return _list(session, host)


@command("igmp leave", GROUP, HOST, examples=("igmp leave 224.1.1.1",))
def leave(session: Session, group: str, host: str) -> GroupList:
    """Leave a multicast group, and tell the routers if nobody else has reported it lately."""
    session.do(IgmpLeave(host=host, group=group))
    return _list(session, host)


@command("igmp groups", HOST, examples=("igmp groups", "igmp groups --host host"))
def groups(session: Session, host: str) -> GroupList:
    """List the multicast groups that a host is in, and when it will report them."""
    return _list(session, host)


@command(
    "igmp query", argument("group", address, "a group; all of them unless given", default=""),
    option("--within", "the time to answer, 0 to 25.5s (10s); 0 asks as version 1 did", tenths, default=100,
           metavar="T"), HOST,
    examples=("igmp query --host host", "igmp query 224.1.1.1 --within 1s --host host"),
)
def query(session: Session, group: str, within: int, host: str) -> Message:
    """Ask, as a router does, who is in a group; members answer after a random part of the time."""
    session.do(IgmpQuery(host=host, group=group, tenths=within))
    return Message(
        f"asked who is in {group or 'any group'}, within {within / 10:g} s", hint("paused") if session.paused else "")


def _list(session: Session, host: str) -> GroupList:
    found = session.ask(partial(queries.groups, host=host))
    waits = session.paused and any(row.report_us is not None for row in found)
    return GroupList(host, found, hint("paused") if waits else "")

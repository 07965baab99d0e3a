"""What limits a transfer: asked of both ends of a connection."""

from __future__ import annotations

from functools import partial

from aether import queries
from aether.operations.base import OperationError
from aether.seen import Hidden
from aether.world import World
from shell.reading import limits
from shell.results.limits import LimitsReport, LimitsSide, Share
from shell.session import Session

LITTLE = 0.02
"""A share of the time that explains nothing."""
ADVICE = {
    "window": ("RFC 9293 §3.8.6", "tcp.receive_window",
               "the other end's application has to read faster, or its window has to be larger"),
    "cwnd": ("RFC 5681 §3.1", "tcp.congestion",
             "`plot cwnd {number}{at}` shows how it grew, `why retransmit` what cut it"),
    "send buffer": ("RFC 9293 §3.9.1.2", "", "SO_SNDBUF has to hold what a round trip carries"),
    "nagle": ("RFC 896, RFC 9293 §3.7.4", "tcp.nagle", "`knob set tcp.nagle off{at}` sends small segments at once"),
    "cork": ("", "", "TCP_CORK or MSG_MORE: whoever set it has to take it off"),
    "silly window": ("RFC 9293 §3.8.6.2.1", "tcp.silly_window",
                     "the other end has little room, or its application reads too little at a time"),
    limits.NOTHING: ("", "", "TCP could send more than it is given"),
    limits.ALL_SENT: ("", "", "TCP could send more than it is given; `plot rtt {number}{at}` shows how long an answer "
                              "takes"),
    limits.AGAIN: ("RFC 6298 §5", "",
                   "`why retransmit` tells whether it was lost, and what made it be sent again"),
}
"""The clause, the knob, and what would help."""


def side(session: Session, number: int, host: str) -> LimitsSide:
    """Return what limits what one end of a connection sends; OperationError if it is not there."""
    def ask(world: World) -> tuple[dict[str, int], int, int, tuple[str, bool]]:
        conn = queries.find_connection(world.hosts[host], number)
        standing = conn.clocks.limit, "rto" in conn.deadlines
        return limits.of_life(conn, world.now, opened), world.now, conn.bytes_sent, standing

    events = session.events()
    opened = limits.established(events, number, host)
    life, now, sent, standing = session.ask(ask, session.owner(number, host))
    told = limits.story(events, number, host, standing)
    limits.tell_apart(life, told, now)
    last = limits.within(told, now - limits.SECOND, now)
    return LimitsSide(host, sent, _shares(life), _shares(last))


def _shares(spent: dict[str, int]) -> list[Share]:
    whole = sum(spent.values())
    return [Share(what, limits.WORDS[what], each, each / whole)
            for what, each in sorted(spent.items(), key=lambda item: -item[1])]


def slow(session: Session, number: int) -> LimitsReport:
    """Return what limits a connection, at both ends as far as they can be asked; the one that sends more decides."""
    sides = [side(session, number, "you")]
    for host in session.ask(partial(_others, number=number)):
        try:
            sides.append(side(session, number, host))
        except (Hidden, OperationError):
            continue
    busy = max(sides, key=lambda one: one.sent)
    if {share.what for share in busy.life} == {limits.HANDSHAKE}:
        answer = f"#{number} is not open yet: the handshake is under way"
        return LimitsReport(number, sides, answer, "RFC 9293 §3.5", "", f"`why conn {number}` tells what it waits for")
    held, period = _most(busy.last), "in the last second"
    before = _most(busy.life)
    if held is None or (held.what == limits.NOTHING and before and before.what != held.what):
        held, period = before, "over its life"
    if not busy.sent or held is None:
        return LimitsReport(number, sides, f"nothing was sent on #{number}: nothing limits it", "", "", "")
    rfc, knob, remedy = ADVICE[held.what]
    at = "" if busy.host == "you" else f" --host {busy.host}"
    sends = "you send" if busy.host == "you" else f"{busy.host} sends"
    answer = f"what {sends} is limited by {held.by} ({held.share:.0%} {period})"
    return LimitsReport(number, sides, answer, rfc, knob, remedy.format(number=number, at=at))


def _most(shares: list[Share]) -> Share | None:
    """Return what limited it for the longest; that there was nothing to send only if little else did."""
    shares = [share for share in shares if share.what != limits.HANDSHAKE and share.spent_us]
    return next((share for share in shares if share.what != limits.NOTHING and share.share > LITTLE),
                shares[0] if shares else None)


def _others(world: World, number: int) -> list[str]:
    try:
        return [name for name, host in world.hosts.items() if name != "you" and any(
            conn.number == number for conn in host.tcp.connections.values())]
    except Hidden:
        return []

"""`why`: the chain of decisions behind what happened, or what does not happen."""

from __future__ import annotations

import os
from copy import copy
from functools import partial

from aether import knobs, lab, queries
from aether.events import BOXES, DROPS, Event
from aether.seen import Hidden
from aether.world import World
from shell.commands.limits import slow
from shell.commands.moments import of_occurrence
from shell.commands.time import concerns
from shell.language.grammar import CommandError, argument, command
from shell.language.values import connection, frame_number
from shell.reading import words
from shell.reading.escape import printable
from shell.reading.explain import stalled
from shell.reading.frames import FrameWatcher
from shell.reading.retransmissions import judge
from shell.results.limits import LimitsReport
from shell.results.why import Because, Explanation
from shell.session import Session

INTERESTING = (
    "drop", "tcp.ack_held", "tcp.retransmit", "tcp.reset", "tcp.error", "frame.lost", "arp.failed", "tcp.state")


@command("why", argument("number", frame_number, "a frame's number", default=0, complete="frames"),
         examples=("why", "why 47"))
def why(session: Session, number: int) -> Explanation:
    """Explain a frame, or the last interesting thing: what was decided, by which rule, and what would change it."""
    session.need_trace("why")
    if session.capture is not None:
        raise CommandError("a capture has frames, but no decisions. `capture close` returns to the lab")
    events = session.events()
    if number:
        return _frame(session, events, number)
    for event in reversed(events):
        if event.kind in INTERESTING:
            return _event(session, event)
    raise CommandError(_nothing(
        session, "nothing interesting has happened yet: no drop, no loss, no retransmission, no change of state"))


@command("why drop", examples=("why drop",))
def why_drop(session: Session) -> Explanation:
    """Explain the last thing that was discarded, or lost."""
    return _latest(session, ("drop", "frame.lost"), "nothing was discarded or lost so far")


@command("why retransmit", examples=("why retransmit",))
def why_retransmit(session: Session) -> Explanation:
    """Explain the last retransmission."""
    return _latest(session, ("tcp.retransmit",), "nothing was sent again so far")


@command("why state", examples=("why state",))
def why_state(session: Session) -> Explanation:
    """Explain the last change of a connection's state."""
    return _latest(session, ("tcp.state",), "no connection has changed its state so far")


@command(
    "why conn", argument("number", connection, "a connection's number", complete="connections"),
    argument("what", str, "stalled or slow", default="stalled", complete="stalled slow"),
    examples=("why conn 3 stalled", "why conn 3 slow"),
)
def why_conn(session: Session, number: int, what: str) -> Explanation | LimitsReport:
    """Explain what a connection waits for: the timer, the peer's window, cwnd, Nagle, the network, or nothing.

    `slow` tells what has limited it: which share of the time the receiver's window, the congestion window, the send
    buffer, Nagle's rule or the application held back what either end sends, over its life and the last second.
    """
    if what == "slow":
        session.need_trace("why")
        return slow(session, number)
    if what != "stalled":
        raise CommandError(f"`why conn {number}` is followed by stalled or slow, not {what!r}")
    about = [event for event in session.events() if concerns(event, number)]
    cause = session.ask(partial(stalled, number=number, events=session.events()))
    watcher = session.watcher()
    chain = [_because(event, watcher) for event in about[-6:]]
    return Explanation(
        f"why does #{number} not go on?", cause.answer, chain, cause.rfc, _knob(session, cause.knob, cause.host), "",
        cause.remedy)


def _latest(session: Session, kinds: tuple[str, ...], nothing: str) -> Explanation:
    session.need_trace("why")
    for event in reversed(session.events()):
        if event.kind in kinds:
            return _event(session, event)
    raise CommandError(_nothing(session, nothing))


def _nothing(session: Session, nothing: str) -> str:
    """Say that nothing of a kind is known, unless it is only that its events are not kept."""
    counted = sum(row.count for row in session.ask(queries.losses))
    counted += sum(row.drops for row in session.ask(queries.hosts))
    gone = session.status().ring_lost
    if "discarded" in nothing and counted:
        return f"{counted:,} were discarded or lost, but no events of that are kept. `drops` counts them"
    if gone:
        kept = nothing.replace(" so far", "").replace(" yet", "")
        return f"{kept}, in the events that are kept; {gone:,} older ones were pushed out"
    return nothing


def _event(session: Session, event: Event) -> Explanation:
    """Explain one event by all that happened in its occurrence."""
    watcher = session.watcher()
    before = [each for each in of_occurrence(session, event.occurrence) if each.serial <= event.serial]
    chain = [_because(each, watcher) for each in before]
    if event.kind == "drop":
        return _drop(session, event, chain)
    answer = printable(words.describe(event))
    rfc, knob, remedy = _RULES.get(event.kind, ("", "", ""))
    host = "you"
    if event.kind == "frame.lost":
        reason, _, detail = str(event.values[2]).partition(": ")
        answer = f"the link lost frame {event.values[0]} ({event.values[2]})"
        remedy = "`link show` tells what it does to frames, `link clear` ends it"
        if reason in BOXES:
            answer = f"{reason}: {BOXES[reason].help}" + (f" ({detail})" if detail else "")
            rfc, at = BOXES[reason].rfc, "" if event.host == lab.LINK else f" --link {event.host}"
            remedy = f"`link box{at}` shows its table, `link box clear{at}` takes the box away"
        if str(event.values[2]).startswith(("your rule", "drop ")):
            answer += ", as you told it to"
            remedy = "`link show` tells the rules that are left, `link drop off` ends them"
    if event.kind == "tcp.state":
        rfc = _transition(event)
    if event.kind == "tcp.retransmit":
        verdict = judge(event, session.events(), _knobs_of(session, event.host))
        answer += f". {verdict.answer[0].upper()}{verdict.answer[1:]}" if verdict.answer else ""
        rfc, knob, remedy = verdict.rfc, verdict.knob, verdict.remedy
        host = event.host
    question = f"why {event.kind} at ev {event.occurrence}?"
    return Explanation(question, answer, chain, rfc, _knob(session, knob, host), "", remedy)


def _knobs_of(session: Session, host: str) -> knobs.Knobs | None:
    try:
        return session.ask(lambda world: copy(world.hosts[host].knobs))
    except Hidden:
        return None


_RULES = {
    "tcp.ack_held": ("RFC 9293 §3.10.7.4, RFC 5961 §7", "tcp.invalid_ratelimit",
                     "else two ends that disagree about sequence numbers answer each other for ever: an ACK storm"),
    "tcp.reset": ("RFC 9293 §3.5.2", "", ""),
    "tcp.error": ("RFC 9293 §3.8.3", "", ""),
    "arp.failed": ("RFC 1122 §2.3.2.2", "", "`arp who ADDRESS` asks again"),
}


def _transition(event: Event) -> str:
    from aether.tcp.states import TABLE

    found = TABLE.get((event.values[1], event.values[3]))
    return found.rfc if found is not None else ""


def _drop(session: Session, event: Event, chain: list[Because]) -> Explanation:
    reason, conn, detail = event.values
    declared = DROPS[reason]
    total = session.ask(lambda world: world.hosts[event.host].drops.get(reason, 0))
    about = f" on connection #{conn}" if conn else ""
    answer = f"{reason}{about}: {declared.help}" + (f" ({detail})" if detail else "")
    return Explanation(
        f"why was frame {event.frame} discarded?" if event.frame else "why was it discarded?", printable(answer), chain,
        declared.rfc, _knob(session, declared.knob), f"{reason} is now {total} at {event.host}",
        _remedy(declared.knob, session))


def _remedy(name: str, session: Session) -> str:
    if not name:
        return ""
    knob = knobs.KNOBS.get(name)
    if knob is None:
        return ""
    try:
        now = session.ask(lambda world: getattr(world.hosts["you"].knobs, knob.attribute))
    except Hidden:
        return ""
    other = next((value for value in (*knob.choices, knobs.show(knob, knob.default), knobs.show(knob, knob.classic))
                  if value != knobs.show(knob, now)), "")
    return f"`knob set {name} {other}` would decide otherwise: {knob.help}" if other else ""


def _knob(session: Session, name: str, host: str = "you") -> str:
    knob = knobs.KNOBS.get(name)
    if knob is None:
        return ""

    def present(world: World) -> str:
        return knobs.show(knob, getattr(world.hosts[host].knobs, knob.attribute))

    try:
        return f"{name} = {session.ask(present)}{'' if host == 'you' else f' at {host}'}"
    except Hidden:
        return ""


def _because(event: Event, watcher: FrameWatcher) -> Because:
    path, line = event.source
    parts = path.split(os.sep)
    where = f"{'/'.join(parts[len(parts) - 1 - parts[::-1].index('aether'):])}:{line}" if "aether" in parts else ""
    if event.kind in ("frame.sent", "frame.arrived"):
        text = watcher.said(event)
        verb = "send" if event.kind == "frame.sent" else "get"
        said = f"{event.host} {verb}{'' if event.host == lab.YOU else 's'} frame {event.values[0]}: {text}"
        where = ""
    else:
        said = words.describe(event)
    return Because(event.time, event.host, printable(said), where)


def _frame(session: Session, events: list[Event], number: int) -> Explanation:
    """Explain what became of a frame."""
    about = [event for event in events if event.frame == number or (
        event.kind.startswith("frame.") and event.values[0] == number)]
    if not about:
        raise CommandError(f"no frame {number} is kept. `frames` lists those that are")
    watcher = session.watcher()
    for event in about:
        if event.kind == "drop":
            return _drop(session, event, [_because(each, watcher) for each in about if each.serial <= event.serial])
        if event.kind == "frame.lost" and event.values[0] == number:  # not one that it caused
            return _event(session, event)
    chain = [_because(event, watcher) for event in about]
    arrived = any(event.kind == "frame.arrived" for event in about)
    answer = "it arrived, and this is what it caused"
    if not arrived:
        sent = next((event for event in about if event.kind == "frame.sent"), about[0])
        try:
            answer = session.ask(partial(_whereabouts, link=sent.values[1], sender=sent.host))
        except Hidden:
            answer = "it left; what became of it on its way shows in its answers alone"
    return Explanation(f"what became of frame {number}?", answer, chain)


def _whereabouts(world: World, link: str, sender: str) -> str:
    """Tell where a frame is that was sent, and has not arrived: a query."""
    ends = world.links.get(link)
    if ends is not None and sender != "wire" and ends.right.host is None:
        return "it left through the TAP; what the kernel made of it shows in its answers alone"
    return "it is still on its way"



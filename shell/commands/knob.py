"""`knob` and `profile`: switches inside the protocols."""

from __future__ import annotations

from functools import partial

from aether import knobs, queries
from aether.answers import KnobRow
from aether.operations.knobs import KnobSet, ProfileSet
from shell.commands.common import HOST, HOST_OR_ALL
from shell.language.grammar import CommandError, argument, command, did_you_mean
from shell.results.knob import KnobList, KnobReport
from shell.results.message import Message
from shell.session import Session


def knob_name(text: str) -> str:
    """Read the name of a knob."""
    if text not in knobs.KNOBS:
        group = f"{text.removesuffix('.')}."
        if any(name.startswith(group) for name in knobs.KNOBS):
            raise CommandError(f"no knob {text!r}. `knob list {group}` shows those that begin so")
        hint = did_you_mean(text, knobs.KNOBS)
        raise CommandError(f"no knob {text!r}{hint or '. `knob list` shows them all'}")
    return text


def profile_name(text: str) -> str:
    """Read the name of a profile."""
    if text not in knobs.PROFILES:
        raise CommandError(f"no profile {text!r}. There are: {', '.join(knobs.PROFILES)}")
    return text


MODELS = {
    "loop.workers": "behind a TAP `workers N` has processes",
    "loop.cost": "behind a TAP a frame costs what it costs",
    "loop.wake": "behind a TAP a core wakes up as fast as it can",
}
"""Knobs that only a simulated host heeds, and what there is instead."""


def model(name: str) -> str:
    """Say that a knob does nothing behind a TAP; empty if it does."""
    return f"{name} is a model, for the simulation only; {MODELS[name]}" if name in MODELS else ""


NAME = argument("name", knob_name, "a knob's name, such as tcp.retransmit", complete="knobs")


@command(
    "knob list",
    argument("prefix", str, "only knobs whose name begins with this", default="", complete="arp ipv4 icmp tcp"), HOST,
    examples=("knob list", "knob list tcp"),
)
def list_(session: Session, prefix: str, host: str) -> KnobList:
    """List the knobs with their values."""
    rows = [row for row in session.ask(partial(queries.knob_rows, host=host)) if row.name.startswith(prefix)]
    if not rows:
        raise CommandError(f"no knob begins with {prefix!r}. `knob list` shows them all")
    return KnobList(host, rows)


@command("knob show", NAME, HOST, examples=("knob show tcp.time_wait",))
def show(session: Session, name: str, host: str) -> KnobReport:
    """Explain one knob: what it does, what it can be, what the RFC says."""
    return KnobReport(host, _row(session, name, host))


@command(
    "knob set", NAME, argument("value", str, "the new value", complete="knob_values"), HOST_OR_ALL,
    examples=("knob set tcp.retransmit off", "knob set tcp.time_wait 2s", "knob set icmp.echo off --host host"),
)
def set_(session: Session, name: str, value: str, host: str) -> KnobReport:
    """Turn a knob, at once; of your own stack unless --host says otherwise."""
    said = []
    for one in _hosts(session, host):
        old, new = session.do(KnobSet(host=one, name=name, value=value))
        where = "" if one == "you" else f" at {one}"
        said.append(f"{name}{where}: {f'is {new} already' if old == new else f'{old} → {new}'}")
    if session.lab.run_program is not None and (note := model(name)):
        said.append(f"note: {note}")
    return KnobReport(host, _row(session, name, "you" if host == "all" else host), "\n".join(said))


@command("knob diff", HOST, examples=("knob diff",))
def diff(session: Session, host: str) -> KnobList:
    """List the knobs that differ from the default."""
    rows = session.ask(partial(queries.turned, host=host))
    return KnobList(host, rows, "" if rows else "every knob is at its default (profile modern)")


@command(
    "profile", argument("name", profile_name, "classic or modern", complete="classic modern"), HOST_OR_ALL,
    examples=("profile classic", "profile modern"),
)
def profile(session: Session, name: str, host: str) -> Message:
    """Set all knobs at once: `modern` as the RFCs ask, `classic` as the first Aether was."""
    for one in _hosts(session, host):
        session.do(ProfileSet(host=one, name=name))
    count = len(session.ask(partial(queries.turned, host="you" if host == "all" else host)))
    differ = "knob differs" if count == 1 else "knobs differ"
    return Message(
        f"profile {name}: {count} {differ} from the default", "`knob diff` lists them" if count else "")


def _hosts(session: Session, host: str) -> list[str]:
    """Return the hosts that are meant: one, or all of them."""
    return [row.name for row in session.ask(queries.hosts)] if host == "all" else [host]


def _row(session: Session, name: str, host: str) -> KnobRow:
    return next(row for row in session.ask(partial(queries.knob_rows, host=host)) if row.name == name)

"""Whom a command is about: an address, or a name that the lab's name servers know."""

from __future__ import annotations

import re
from functools import partial

from aether import queries
from aether.operations.services import DnsAsk
from shell.commands.common import run_job
from shell.lab.peer import refusal
from shell.language.grammar import CommandError
from shell.language.values import Endpoint, address, endpoint, port
from shell.session import WAIT, Session

_NAME = re.compile(r"(?=[^a-z]*[a-z])[a-z0-9_]([a-z0-9_.-]*[a-z0-9_.])?", re.IGNORECASE)


def name_or_address(text: str) -> str:
    """Read an IPv4 address, or what may be a name."""
    return text if _NAME.fullmatch(text) and not text[0].isdigit() else address(text)


def named_endpoint(text: str) -> Endpoint:
    """Read an address or a name, with a port: ``192.168.1.1:80``, ``www.lab:80``."""
    who, colon, number = text.rpartition(":")
    if colon and _NAME.fullmatch(who) and not who[0].isdigit():
        return Endpoint(who, port(number))
    return endpoint(text)


def resolved(session: Session, who: str, host: str) -> str:
    """Return the address of whom a command is about; CommandError if there is none, or if it is the host's own."""
    if _NAME.fullmatch(who) and not who[0].isdigit():
        who = _looked_up(session, who, host)
    ours = [one.partition("/")[0] for row in session.ask(queries.hosts) if row.name == host for one in row.addresses]
    if who in ours:
        other = session.lab.host_address if host == "you" else session.address
        raise CommandError(
            f"{who} is {'your' if host == 'you' else 'its'} own address: this stack has no loopback interface, and on "
            f"the link nobody else answers for it. The other end is {other}")
    return who


def _looked_up(session: Session, name: str, host: str) -> str:
    _, outcome, lookup, _ = run_job(session, DnsAsk(host=host, name=name, type="A"), host, WAIT, False)
    found = [row.data for row in lookup.records if row.type == "A"]
    if found:
        return str(found[0])
    if outcome == "paused":
        raise CommandError(f"{name} has to be looked up first, and time stands still. `run` goes on")
    asked = next(iter(session.ask(partial(queries.dns_cache, host=host)).servers), "")
    why = lookup.error or ("there is no address of this name" if outcome == "done" else "no name server has answered")
    raise CommandError(f"{name}: {why}{refusal(session, asked, 53, host)}. `dns ask {name}` shows more")

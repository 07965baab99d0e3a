"""Crafted frames that have a name, and the words of a person for one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from shell.craft.ends import inward as ends_inward
from shell.craft.ends import outward
from shell.craft.layers import Endpoints, complete, load, loaded
from shell.craft.notation import parse
from shell.craft.short import ALLOWED
from shell.language.grammar import CommandError, did_you_mean
from shell.session import Session

MAX_DRAFTS = 100
"""Frames with a name."""


def bytes_of(session: Session, text: str, *, inward: bool) -> bytes:
    """Return the bytes of a frame by its name, or in scapy's notation; CommandError."""
    what = text.strip()
    stored = session.drafts.get(what)
    if stored is not None and stored.frame:
        return bytes(stored.frame)
    if stored is None and "(" not in what and '"' not in what:
        known = [*session.drafts, *ALLOWED]
        hint = did_you_mean(what.split()[0] if what else what, known) or f". There are: {', '.join(known)}"
        raise CommandError(f"no crafted frame {what!r}{hint}. `craft as {what or 'NAME'} IP()/...` makes one")
    return build(session, stored.text if stored is not None else what, inward)


def build(session: Session, text: str, inward: bool = False) -> bytes:
    """Build a frame from scapy's notation, between us and the host unless it says otherwise."""
    with crafting(session):
        packet = parse(text)
        layers = load()
        at = packet.getlayer(layers["IP"])
        given = at.fields if at is not None else {}
        far = given.get("src" if inward else "dst", session.lab.host_address)
        far = far if isinstance(far, str) else session.lab.host_address
        outer = packet.getlayer(layers["Ether"])
        arp = packet.getlayer(layers["ARP"])
        if inward:
            ends = ends_inward(session, far)
        elif arp is not None or (outer is not None and "dst" in outer.fields):
            theirs = ends_inward(session, far)
            ends = Endpoints(theirs.destination_mac, theirs.destination, theirs.source_mac, far)
        else:
            ends = outward(session, far)
        return complete(packet, ends)


@contextmanager
def crafting(session: Session) -> Iterator[None]:
    """Say that scapy is being imported, the first time."""
    if not loaded():
        with session.terminal.busy("loading scapy, once"):
            load()
    yield

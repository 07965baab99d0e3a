"""`link box`: a box in the middle of a link, such as a NAT."""

from __future__ import annotations

from functools import partial

from aether.link.nat_table import FILTERING
from aether.operations import box as operations_box
from aether.operations.box import BoxClear, BoxNat
from shell.commands.link import LINK
from shell.language.grammar import command, option
from shell.results.link_box import LinkBox
from shell.session import Session


@command("link box", LINK, examples=("link box", "link box --link wan"))
def show(session: Session, link: str) -> LinkBox:
    """Show the box in the middle of a link: of a NAT, who inside is which address and port outside, and for how long.

    Idle is how long nothing has refreshed an entry, expires when it is forgotten if nothing does.
    """
    found = session.ask(partial(operations_box.box, link=link))
    return LinkBox(found.link, found.box, found.outside, found.settings, found.sessions)


@command(
    "link box nat",
    option("--timeout", "how long an established TCP connection may be idle: 7440s unless you say so", str,
           metavar="TIME", complete="10s 60s 7440s"),
    option("--transitory-timeout", "how long one may be idle that opens or closes: 240s", str, metavar="TIME",
           complete="5s 240s"),
    option("--udp-timeout", "how long an exchange by UDP may be idle: 300s", str, metavar="TIME", complete="30s 300s"),
    option("--icmp-timeout", "how long an ICMP query may be idle: 60s", str, metavar="TIME", complete="10s 60s"),
    option("--ports", "how many ports there are outside, from 1024 on, for each protocol: all, 64512", str,
           metavar="N", complete="2 64 64512"),
    option("--filtering", f"who may answer: {FILTERING[0]} (everybody), {FILTERING[1]} or {FILTERING[2]}", str,
           metavar="HOW", complete=" ".join(FILTERING)),
    LINK,
    examples=("link box nat --link wan", "link box nat --timeout 10s --ports 64 --link wan",
              "link box nat --filtering address-dependent"),
)
def nat(
    session: Session, timeout: str | None, transitory_timeout: str | None, udp_timeout: str | None,
    icmp_timeout: str | None, ports: str | None, filtering: str | None, link: str,
) -> LinkBox:
    """Put a NAT into the middle of a link, which rewrites addresses and ports, and forgets who was idle for too long.

    Its inside is the end of the host that is named first: yours on lan, the router's on wan, with you behind it. The
    other end sees that interface's address, and a port of the NAT: the same as inside where that is free (RFC 4787,
    RFC 5382, RFC 5508). What comes from outside and was not asked for goes no further.

    `link box` shows its table, `link box clear` takes it away. Giving it again begins with an empty table.
    """
    given = {"timeout": timeout, "transitory-timeout": transitory_timeout, "udp-timeout": udp_timeout,
             "icmp-timeout": icmp_timeout, "ports": ports, "filtering": filtering}
    session.do(BoxNat(link=link, settings={name: value for name, value in given.items() if value is not None}))
    return show(session, link)


@command("link box clear", LINK, examples=("link box clear", "link box clear --link wan"))
def clear(session: Session, link: str) -> LinkBox:
    """Take the box out of a link, with all that it remembers; frames pass as they are."""
    session.do(BoxClear(link=link))
    return show(session, link)

"""`send` and `inject`: put crafted frames on the wire, or onto our own stack."""

from __future__ import annotations

from functools import partial
from typing import Any

from shell.commands.common import WAITS
from shell.craft import settings, short
from shell.craft.delivery import MAX_FRAMES, deliver
from shell.craft.drafts import bytes_of, crafting
from shell.craft.ends import Live, inward, live, outward
from shell.craft.layers import Endpoints
from shell.language.grammar import CommandError, argument, command, option
from shell.language.values import address, endpoint
from shell.results.craft import Crafted
from shell.session import Session

NO_RST = option("--no-rst", "do not let our stack answer what comes back with a reset")
WHAT = argument("what", str, "a crafted frame by its name, or in scapy's notation", raw="line", complete="craft")
PORTLESS = ("ping", "arp", "ip")


def target(text: str) -> str:
    """Read where a frame goes: ADDRESS:PORT, or the word conn, which a number follows."""
    return text if text == "conn" else str(endpoint(text))


def send_short(
    kind: str, session: Session, where: str, text: str, no_rst: bool, wait: int, background: bool,
) -> Crafted:
    """Build the frames of a short form, send them, and tell what came of it."""
    names: dict[str, int] = {}
    connection: Live | None = None
    name, port = "", 0
    if where == "conn":
        connection, text = _connection(session, text)
        names = connection.names
        destination, port = connection.remote, connection.remote_port
    elif kind == "dns":
        name, destination, port = where, session.lab.host_address, 53
        text, destination = _server(text, destination)
    elif kind in PORTLESS:
        destination = where
    else:
        found = endpoint(where)
        destination, port = found.address, found.port
    given = settings.read(text, short.ALLOWED[kind], names)
    _bounded(given)
    ends = _ends(session, kind, destination)
    order = short.Order(
        kind, ends, connection.local_port if connection else 0, port, given, connection, name=name)
    return _deliver(session, order, no_rst, wait, background)


def inject_short(kind: str, session: Session, text: str, wait: int, background: bool) -> Crafted:
    """Build the frames of a short form as if somebody sent them to us, and let them arrive."""
    words = text.split(None, 1)
    names: dict[str, int] = {}
    connection: Live | None = None
    name, source, source_port, port = "", session.lab.host_address, 0, 80 if kind in short.TCP_KINDS else 7
    if words and words[0] == "conn":
        connection, text = _connection(session, words[1] if len(words) > 1 else "")
        names = connection.names
        source, source_port, port = connection.remote, connection.remote_port, connection.local_port
    elif kind == "dns":
        if not words or "=" in words[0]:
            raise CommandError("inject dns needs a name, such as: inject dns www.lab to :5353 answer=10.6.6.6")
        name, text, source_port = words[0], words[1] if len(words) > 1 else "", 53
    source, source_port, port, text = _from_to(text, source, source_port, port)
    given = settings.read(text, short.ALLOWED[kind], names)
    _bounded(given)
    order = short.Order(kind, inward(session, source), source_port, port, given, connection, True, name)
    return _deliver(session, order, False, wait, background)


def _ends(session: Session, kind: str, destination: str) -> Endpoints:
    if kind != "arp":
        return outward(session, destination)
    theirs = inward(session, destination)  # the question goes to everybody, so nobody has to be known
    return Endpoints(theirs.destination_mac, theirs.destination, theirs.source_mac, destination)


def _server(text: str, server: str) -> tuple[str, str]:
    """Take ``server=ADDRESS`` out of the settings of a DNS question."""
    rest = []
    for word in text.split():
        if word.startswith("server="):
            server = address(word.partition("=")[2])
        else:
            rest.append(word)
    return " ".join(rest), server


def _connection(session: Session, text: str) -> tuple[Live, str]:
    """Take the number of a connection off the settings."""
    word, _, rest = text.strip().partition(" ")
    digits = word.removeprefix("#")
    if not digits.isascii() or not digits.isdigit():
        raise CommandError(f"conn needs the number of a connection, not {word!r}. `tcp conns` lists them")
    return session.ask(partial(live, number=int(digits))), rest


def _from_to(text: str, source: str, source_port: int, port: int) -> tuple[str, int, int, str]:
    """Take ``from ADDRESS[:PORT]`` and ``to :PORT`` off the beginning of the settings."""
    words = text.split(None, 2)
    while words and words[0] in ("from", "to"):
        if len(words) < 2:
            raise CommandError(f"{words[0]} needs an address" + (", such as 192.168.1.1:4000" if words[0] == "from"
                                                               else " or a port, such as :80"))
        if words[0] == "from":
            if ":" in words[1]:
                found = endpoint(words[1])
                source, source_port = found.address, found.port
            else:
                source = address(words[1])
        else:
            port = endpoint(words[1] if not words[1].startswith(":") else f"0.0.0.0{words[1]}").port
        text = words[2] if len(words) > 2 else ""
        words = text.split(None, 2)
    return source, source_port, port, text


def _bounded(given: dict[str, Any]) -> None:
    if given.get("count", 1) > MAX_FRAMES:
        raise CommandError(f"count: at most {MAX_FRAMES:,} frames at a time")


def _deliver(session: Session, order: short.Order, no_rst: bool, wait: int, background: bool) -> Crafted:
    port = short.FIRST_PORT + session.core.status().frames % short.PORTS
    with crafting(session):
        first = short.frame(order, 0, port)
        counted = "seq" if order.kind == "ping" else "sport"  # what tells several of one kind apart
        same = order.source_port or counted in order.given or order.kind in ("arp", "ip")
        frames = [first] + [first if same else short.frame(order, index, port) for index in range(1, order.frame_count)]
    return deliver(
        session, [(frame, order.inward) for frame in frames], said=order.kind, no_rst=no_rst, wait=wait,
        background=background, every=order.given.get("every", 0))


@command(
    "send", WHAT, NO_RST, *WAITS,
    examples=("send probe", 'send IP(dst="192.168.1.1")/ICMP()', "send probe --no-rst"),
)
def send_draft(session: Session, what: str, no_rst: bool, wait: int, background: bool) -> Crafted:
    """Put a frame on the wire that was crafted before, or that is described right here, past our own stack."""
    frame = bytes_of(session, what, inward=False)
    return deliver(session, [(frame, False)], said=what, no_rst=no_rst, wait=wait, background=background)


@command("inject", WHAT, *WAITS, examples=("inject probe", 'inject IP(src="192.168.1.1")/UDP(sport=4000, dport=9)'))
def inject_draft(session: Session, what: str, wait: int, background: bool) -> Crafted:
    """Let a frame arrive that was crafted before, or that is described right here, as if it came from the wire."""
    frame = bytes_of(session, what, inward=True)
    return deliver(session, [(frame, True)], said=what, wait=wait, background=background)


def _declare(kind: str) -> None:
    """Declare `send KIND` and `inject KIND`."""
    known = " ".join(f"{name}=" for name in short.ALLOWED[kind])

    def send(
        session: Session, where: str, settings: str, no_rst: bool, wait: int, background: bool,
    ) -> Crafted:
        return send_short(kind, session, where, settings, no_rst, wait, background)

    def inject(session: Session, settings: str, wait: int, background: bool) -> Crafted:
        return inject_short(kind, session, settings, wait, background)

    settings_help = (
        f"Settings are {', '.join(short.ALLOWED[kind])}, written like ttl=3 or data=\"hello\". "
        "The rest of the line belongs to them.")
    send.__doc__ = f"Send {short.HELP[kind]}, past our own stack.\n\n{settings_help}"
    inject.__doc__ = f"Let {short.HELP[kind]} arrive, as if it came from the wire.\n\n{settings_help}"
    tcp = kind in short.TCP_KINDS
    where = argument("where", target, "where to, as ADDRESS:PORT, or conn N", complete="targets") if tcp else (
        argument("where", str, "a name", complete="names") if kind == "dns" else
        argument("where", address, "where to, as ADDRESS", complete="addresses") if kind in PORTLESS else
        argument("where", target, "where to, as ADDRESS:PORT", complete="udp_endpoints"))
    example = "www.lab" if kind == "dns" else "192.168.1.1" if kind in PORTLESS else "192.168.1.1:80"
    extra = {"arp": "op=reply psrc=192.168.1.9", "dns": "qtype=MX", "udp": 'data="hello"', "ping": "ttl=1",
             "ip": "proto=99"}.get(kind, "seq=42 --no-rst")
    command(
        f"send {kind}", where,
        argument("settings", str, "such as ttl=3", default="", raw="line", complete=known), NO_RST, *WAITS,
        examples=(f"send {kind} {example}", f"send {kind} {example} {extra}",
                  *((f"send {kind} conn 3 seq=snd_nxt+10",) if tcp else ())),
    )(send)
    source = "www.lab to :40000 answer=10.6.6.6" if kind == "dns" else "from 192.168.1.1" + (
        ":4000 to :80" if tcp else ":4000 to :7" if kind == "udp" else "")
    command(
        f"inject {kind}",
        argument("settings", str, "from whom, to which port, and settings", default="", raw="line",
                 complete=f"from to conn {known}" if tcp else f"from to {known}"), *WAITS,
        examples=(f"inject {kind} {source}", *((f"inject {kind} conn 3 seq=rcv_nxt+10",) if tcp else ())),
    )(inject)


for _kind in short.ALLOWED:
    _declare(_kind)

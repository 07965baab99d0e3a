"""`tcp`: connections, listeners, and what goes through them."""

from __future__ import annotations

import errno
from functools import partial

from aether import queries
from aether.apps.simple import SERVICES
from aether.operations.tcp import TcpAbort, TcpClose, TcpConnect, TcpListen, TcpSend
from aether.world import World
from shell.commands.common import HOST, WAITS
from shell.commands.limits import side
from shell.commands.names import named_endpoint, resolved
from shell.lab.peer import refusal
from shell.language.grammar import CommandError, argument, command, option
from shell.language.values import Endpoint, connection, hexadecimal, payload, port
from shell.reading.escape import printable_bytes
from shell.results.message import Message
from shell.results.tcp import Connected, ConnectionList, ConnectionReport, Sent
from shell.session import Session, hint

NUMBER = argument("number", connection, "a connection's number, as `tcp conns` shows it", complete="connections")
APPLICATIONS = tuple(SERVICES)
REFUSED = queries.error_text(errno.ECONNREFUSED)


def application(text: str) -> str:
    """Read what serves the connections to a listener."""
    if text not in APPLICATIONS:
        raise CommandError(f"an application is {', '.join(APPLICATIONS)}, not {text!r}")
    return text


@command("tcp conns", option("--all", "leave out none of those that rest in TIME-WAIT"), HOST,
         examples=("tcp conns", "tcp conns --all", "tcp conns --host host --json"))
def conns(session: Session, host: str, all: bool = False) -> ConnectionList:
    """List the connections, and the ports that are listened on.

    Those that rest in TIME-WAIT come last, and of many only the latest are shown; `--json` always has all.
    """
    found = session.ask_all(partial(queries.connections, host=host))
    ended = [] if found else _opened(session, host)
    hint = f"`ladder {ended[-1]}` draws what was said on {'it' if len(ended) == 1 else 'the last'}" if ended else ""
    return ConnectionList(
        host, found, session.ask_all(partial(queries.listeners, host=host)), all, len(ended), hint)


def _opened(session: Session, host: str) -> list[int]:
    """Return the numbers of the connections of which a host has had events that are still kept, in their order."""
    return list(dict.fromkeys(
        event.values[0] for event in session.events() if event.kind == "tcp.opened" and event.host == host))


@command("tcp show", NUMBER, HOST, examples=("tcp show 1", "tcp show 1 --host host"))
def show(session: Session, number: int, host: str) -> ConnectionReport:
    """Show all about one connection: windows, timers, round trip, congestion."""
    detail = session.ask(partial(queries.connection, number=number, host=host), session.owner(number, host))
    states: list[str] = []
    for event in session.events():
        if event.kind == "tcp.state" and event.host == host and event.values[0] == number:
            states += [event.values[1]] * (not states) + [event.values[2]]
    return ConnectionReport(detail, states, side(session, number, host) if session.events() else None)


@command(
    "tcp connect", argument("address", named_endpoint, "whom to connect to, as ADDRESS:PORT", complete="tcp_endpoints"),
    option("--local-port", "our port; a random one unless given", port, default=0, metavar="P"),
    option("--early", "data that goes with the SYN, once there is a cookie for it (Fast Open)", payload, default=None,
           metavar="TEXT"), HOST, *WAITS,
    examples=("tcp connect 192.168.1.1:80", "tcp connect 192.168.1.1:7 --local-port 4000",
              'tcp connect 192.168.1.1:7 --early "hello"'),
)
def connect(
    session: Session, address: Endpoint, local_port: int, early: bytes | None, host: str, wait: int, background: bool
) -> Connected:
    """Open a connection, and wait until it is established.

    With --early the data goes with the SYN if the server has given us a cookie before, and asks for one if not; it is
    sent in any case. The server takes it if its tcp.fastopen is server or both.
    """
    address = Endpoint(resolved(session, address.address, host), address.port)
    after = session.core.ring.last_serial
    number = session.do(TcpConnect(
        host=host, address=address.address, port=address.port, local_port=local_port, early=early))

    def settled(world: World) -> bool:
        return queries.connection_state(world, number, host) not in ("SYN-SENT", "SYN-RECEIVED")

    outcome = session.wait(settled, wait, background)
    state = session.ask(partial(queries.connection_state, number=number, host=host))
    if state == "CLOSED":
        why = _why(session, number, host, after)
        more = refusal(session, address.address, address.port, host) if why == REFUSED else ""
        raise CommandError(f"#{number} to {address} failed: {why}{more}")
    return Connected(number, state, outcome, str(address), hint=hint(outcome))


def _why(session: Session, number: int, host: str, after: int) -> str:
    """Return why a connection ended, from the events since `after`."""
    reason = "it was closed"
    for event in session.events(after):
        if event.host == host and event.values and event.values[0] == number:
            if event.kind == "tcp.error":
                return queries.error_text(event.values[1])
            if event.kind == "tcp.state" and event.values[2] == "CLOSED":
                reason = str(event.values[3])
    return reason


@command(
    "tcp listen", argument("port", port, "the port to listen on"),
    option("--app", f"what serves the connections: {', '.join(APPLICATIONS)}", application,
           complete=" ".join(APPLICATIONS), default="echo", metavar="APP"),
    HOST, examples=("tcp listen 4000", "tcp listen 4000 --app hold"),
)
def listen(session: Session, port: int, app: str, host: str) -> Message:
    """Listen on a port, and serve whoever connects.

    `echo` sends everything back, `discard` reads and forgets, and `hold` leaves each connection
    to you: `tcp send` answers on it.
    """
    session.do(TcpListen(host=host, port=port, app=app))
    return Message(f"{app} listens on port {port}")


@command(
    "tcp send", NUMBER, argument("data", str, "what to send; quotes around it are taken off", raw="text"),
    option("--hex", "the data is written as hexadecimal digits"), HOST, *WAITS,
    examples=(r'tcp send 3 "GET / HTTP/1.0\r\n\r\n"', "tcp send 3 --hex 0d0a"),
)
def send(
    session: Session, number: int, data: str, hex: bool, host: str, wait: int, background: bool
) -> Sent:
    """Send data on a connection, and show what comes back.

    The rest of the line is the data: every character of it. Quotes around all of it are
    taken off, and backslash escapes mean what they do in C.
    """
    octets = hexadecimal(data) if hex else payload(data)
    if not octets:
        raise CommandError("nothing to send: the text is empty")
    worker = session.owner(number, host)
    before = session.ask(partial(queries.received, number=number, host=host), worker)
    session.do(TcpSend(host=host, conn=number, data=octets))

    more = partial(_received_more, number=number, host=host, before=before)
    outcome = session.wait(more, wait, background, worker)
    answer = session.ask(partial(queries.received_since, number=number, before=before, host=host), worker)
    note = "sent; nothing came back yet" if outcome == "waiting" else hint(outcome)
    came = session.ask(partial(queries.received, number=number, host=host), worker) - before
    return Sent(number, len(octets), outcome, note, printable_bytes(answer[:2000], lines=True), max(came, len(answer)))


def _received_more(world: World, number: int, host: str, before: int) -> bool:
    return queries.received(world, number, host) > before


@command("tcp close", NUMBER, HOST, *WAITS, examples=("tcp close 3",))
def close(session: Session, number: int, host: str, wait: int, background: bool) -> Connected:
    """Close our direction of a connection: a FIN follows what was sent."""
    worker = session.owner(number, host)
    remote = session.ask(partial(queries.connection, number=number, host=host), worker).remote
    session.do(TcpClose(host=host, conn=number))
    outcome = session.wait(partial(_closed, number=number, host=host), wait, background, worker)
    state = session.ask(partial(queries.connection_state, number=number, host=host), worker)
    return Connected(number, state, outcome, remote, hint=hint(outcome))


def _closed(world: World, number: int, host: str) -> bool:
    return queries.connection_state(world, number, host) in ("CLOSED", "TIME-WAIT", "FIN-WAIT-2")


@command("tcp abort", NUMBER, HOST, examples=("tcp abort 3",))
def abort(session: Session, number: int, host: str) -> Message:
    """End a connection at once, with a reset."""
    session.ask(partial(queries.connection, number=number, host=host), session.owner(number, host))
    after = session.core.ring.last_serial
    session.do(TcpAbort(host=host, conn=number))
    events = session.events(after)
    lost = next((event for event in events if event.kind == "frame.lost"), None)
    if lost is not None:
        return Message(f"#{number} is aborted; the reset was lost ({lost.values[2]}): the peer does not know",
                       f"it is half-open now: `tcp show {number} --host {'host' if host == 'you' else 'you'}`")
    told = not events or any(event.kind == "tcp.reset" for event in events)
    return Message(f"#{number} is aborted; {'a reset was sent' if told else 'no reset was due, and none was sent'}")

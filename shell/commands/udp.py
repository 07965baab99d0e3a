"""`udp`: sockets and datagrams."""

from __future__ import annotations

from functools import partial

from aether import queries
from aether.operations.net import UdpSend
from aether.world import World
from shell.commands.common import HOST, WAITS
from shell.commands.names import named_endpoint, resolved
from shell.lab import peer
from shell.language.grammar import CommandError, argument, command, option
from shell.language.values import Endpoint, hexadecimal, payload, port
from shell.reading.escape import printable_bytes
from shell.reading.summary import summarise
from shell.results.tcp import Sent
from shell.results.udp import SocketList
from shell.session import Session, hint


@command("udp socks", HOST)
@command("udp sockets", HOST, examples=("udp sockets --host host",))
def sockets(session: Session, host: str) -> SocketList:
    """List the UDP sockets."""
    return SocketList(host, session.ask(partial(queries.sockets, host=host)))


@command(
    "udp send", argument("address", named_endpoint, "whom to send to, as ADDRESS:PORT", complete="udp_endpoints"),
    argument("data", str, "what to send; quotes around it are taken off", raw="text"),
    option("--hex", "the data is written as hexadecimal digits"),
    option("--local-port", "our port; a random one unless given", port, default=0, metavar="P"), HOST, *WAITS,
    examples=('udp send 192.168.1.1:7 "hello"', "udp send --hex 192.168.1.1:9 00ff"),
)
def send(
    session: Session, address: Endpoint, data: str, hex: bool, local_port: int, host: str, wait: int, background: bool
) -> Sent:
    """Send one datagram, and show the answer if one comes.

    The rest of the line is the data: every character of it.
    """
    octets = hexadecimal(data) if hex else payload(data)
    address = Endpoint(resolved(session, address.address, host), address.port)
    before = session.ask(partial(queries.datagrams, port=local_port, host=host)) if local_port else []
    after = session.core.ring.last_serial
    used = session.do(UdpSend(
        host=host, address=address.address, port=address.port, data=octets, local_port=local_port))

    def answered(world: World) -> bool:
        return len(queries.datagrams(world, used, host)) > len(before) or bool(_refusal(session, after, host))

    outcome = session.wait(answered, wait, background)
    if refusal := _refusal(session, after, host):
        more = peer.refusal(session, address.address, address.port, host) if "port" in refusal else ""
        raise CommandError(f"{address} did not take it: {refusal}{more}")
    arrived = session.ask(partial(queries.datagrams, port=used, host=host))[len(before):]
    answer = b"".join(data for _, data in arrived)
    note = "nothing came back" if outcome == "waiting" else hint(outcome)
    return Sent(0, len(octets), outcome, note, printable_bytes(answer[:2000], lines=True), len(answer))


def _refusal(session: Session, after: int, host: str) -> str:
    """Return what an ICMP error says that came back since event `after`, or an empty text."""
    for event in session.events(after):
        if event.kind == "frame.arrived" and event.host == host:
            summary = summarise(event.values[2])
            if summary.layer == "icmp" and "unreachable" in summary.info:
                return f"ICMP {summary.info} from {summary.source}"
    return ""

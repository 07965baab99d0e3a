"""`send`: put a crafted segment on the wire, past our own stack."""

from __future__ import annotations

from aether import queries
from aether.events import Event
from aether.operations import ArpWho, SendFrame
from aether.world import World
from shell import results
from shell.commands.common import WAITS
from shell.craft.segments import KINDS, build, settings
from shell.frames import Seen, Watcher
from shell.grammar import CommandError, argument, command, option
from shell.session import Session, hint
from shell.values import Endpoint, endpoint

FIRST_PORT = 40_000
PORTS = 20_000
"""Our ports for crafted segments, chosen from the number of frames so far: repeatable, and rarely twice."""


def craft(
    kind: str, session: Session, address: Endpoint, text: str, no_rst: bool, wait: int, background: bool
) -> results.Crafted:
    """Build a segment, send it, and tell what came of it."""
    chosen = settings(text)
    ours, theirs = _hardware(session, address.address)
    frames = session.core.status().frames
    segment = build(
        kind, chosen, (ours, session.address or session.lab.address), (theirs, address.address), address.port,
        chosen.sport or FIRST_PORT + frames % PORTS)
    after = session.core.ring.last_serial
    number = session.do(SendFrame(data=segment.frame, no_rst=no_rst))
    sent = f"{segment.flags} {segment.source} > {segment.destination}"
    if session.core.status().mode == "bench":
        return results.Crafted(number, sent, [], "background", [])
    conversation = _Conversation(segment.frame)

    def answered(world: World) -> bool:
        return any(conversation.has_answer(event) for event in session.events(after))

    outcome = session.wait(answered, wait, background)
    watcher = Watcher()
    rows = [
        watcher.row(seen) for seen in watcher.read(session.events(after))
        if isinstance(seen, Seen) and conversation.includes(seen.data)
    ]
    return results.Crafted(number, sent, rows, outcome, _explain(kind, address, rows, no_rst, outcome))


class _Conversation:
    """Recognises the frames of the four-tuple of a crafted one."""

    def __init__(self, frame: bytes) -> None:
        self.out = frame[26:34] + frame[34:38]
        self.back = frame[30:34] + frame[26:30] + frame[36:38] + frame[34:36]

    def includes(self, data: bytes) -> bool:
        """Tell whether a frame belongs to it, in either direction."""
        return data[12:14] == b"\x08\x00" and data[26:38] in (self.out, self.back)

    def has_answer(self, event: Event) -> bool:
        """Tell whether an event is an answer's arrival."""
        return event.kind == "frame.arrived" and event.host == "you" and event.values[2][26:38] == self.back


def _hardware(session: Session, address: str) -> tuple[str, str]:
    """Return our hardware address and that of a neighbour, asking for it first if need be."""
    you = next(row for row in session.ask(queries.hosts) if row.name == "you")

    def known(world: World) -> bool:
        return any(row.address == address and row.mac for row in queries.neighbours(world))

    if not session.ask(known):
        session.do(ArpWho(address=address))
        if session.wait(known, 3_000_000) == "paused":
            raise CommandError(f"the hardware address of {address} is not known yet; it has been asked for. "
                               "`step` until the answer is here, then try again")
        if not session.ask(known):
            raise CommandError(f"nobody answers for {address}: a crafted frame has nowhere to go")
    rows = session.ask(queries.neighbours)
    return you.mac, next(row.mac for row in rows if row.address == address)


def _explain(
    kind: str, address: Endpoint, rows: list[results.FrameRow], no_rst: bool, outcome: str
) -> list[str]:
    """Say why things went as they did."""
    incoming = [row for row in rows if row.direction == "in"]
    outgoing = [row for row in rows if row.direction == "out"][1:]
    if not incoming:
        return [hint(outcome) if outcome != "waiting" else "no answer came back"]
    if any("R" in row.flags for row in incoming):
        return [f"The host answers with a reset: nobody listens on port {address.port}, or knows no such connection."]
    if any("R" in row.flags for row in outgoing):
        return [
            "Our stack answers with a reset (RST), and that is correct: a crafted segment makes no connection in it, "
            "so what came back belongs to nobody here (RFC 9293 §3.10.7.1).",
            f"`tcp connect {address}` opens a real connection; `send {kind} {address} --no-rst` keeps our stack quiet.",
        ]
    if no_rst:
        return ["Our stack stays quiet, as --no-rst asks. The host waits for an ACK, and will ask again."]
    return []


def _declare(kind: str) -> None:
    """Declare `send KIND`."""

    def run(
        session: Session, address: Endpoint, settings: str, no_rst: bool, wait: int, background: bool
    ) -> results.Crafted:
        return craft(kind, session, address, settings, no_rst, wait, background)

    run.__doc__ = (
        f"Send a crafted segment with the flags {KINDS[kind]}, past our own stack.\n\n"
        "Settings are seq, ack, window, ttl, sport, mss, flags and data, written like\n"
        'seq=1000 data="hello". The rest of the line belongs to them.'
    )
    declared = command(
        f"send {kind}",
        argument("address", endpoint, "where to, as ADDRESS:PORT", complete="tcp_endpoints"),
        argument("settings", str, "such as seq=1000", default="", raw="line",
                 complete="seq= ack= window= ttl= sport= mss= flags= data="),
        option("--no-rst", "do not let our stack answer what comes back with a reset"), *WAITS,
        examples=(f"send {kind} 192.168.1.1:80", f"send {kind} 192.168.1.1:80 seq=42 --no-rst"),
    )
    declared(run)


for _kind in KINDS:
    _declare(_kind)


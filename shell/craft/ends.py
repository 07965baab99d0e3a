"""Between whom a crafted frame goes: hosts with their hardware addresses, or the two ends of a connection."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from aether import queries
from aether.operations.net import ArpWho
from aether.tcp.output import timestamp
from aether.wire.address import show_ip, show_mac
from aether.world import World
from shell.craft.layers import Endpoints
from shell.language.grammar import CommandError
from shell.session import Session

MASK = 0xFFFFFFFF
NOBODY = "02:00:00:00:00:fe"
"""The hardware address of who does not exist."""


@dataclass(slots=True)
class Live:
    """A connection of ours, as its crafted segments need it; numbers as on the wire."""

    number: int
    local: str
    local_port: int
    remote: str
    remote_port: int
    names: dict[str, int]
    """What an expression may use."""
    stamps: tuple[int, int] | None
    """Our timestamp and the peer's latest, if they are in use."""
    window: int
    """What we would offer, scaled, as on the wire."""
    peer_window: int


def live(world: World, number: int) -> Live:
    """Return what crafted segments need to know of connection `number`; QueryError if there is none."""
    conn = queries.find_connection(world.hosts["you"], number)
    names = {
        "snd_una": conn.snd_una, "snd_nxt": conn.snd_nxt, "iss": conn.iss, "rcv_nxt": conn.rcv_nxt, "irs": conn.irs}
    names = {name: value & MASK for name, value in names.items()}
    names |= {"snd_wnd": conn.snd_wnd, "rcv_wnd": max(conn.rcv_adv - conn.rcv_nxt, 0), "mss": conn.mss}
    stamps = (timestamp(conn), conn.ts_recent) if conn.ts_ok else None
    return Live(
        conn.number, show_ip(conn.local_ip), conn.local_port, show_ip(conn.remote_ip), conn.remote_port, names, stamps,
        min(names["rcv_wnd"] >> conn.rcv_wscale, 0xFFFF), min(conn.snd_wnd >> conn.snd_wscale, 0xFFFF))


def outward(session: Session, address: str) -> Endpoints:
    """Return the ends of a frame from us to an address, asking for the neighbour's hardware address if need be."""
    hop = session.ask(partial(_next_hop, address=address))
    ours = session.ask(_our_mac)
    if not hop:
        raise CommandError(f"there is no route to {address}. `ip routes` lists them")
    known = partial(_mac_of, address=hop)
    if not session.ask(known):
        session.do(ArpWho(address=hop))
        if session.wait(known, 3_000_000) == "paused":  # type: ignore[arg-type]
            raise CommandError(f"the hardware address of {hop} is not known yet; it has been asked for. "
                               "`step` until the answer is here, then try again")
        if not session.ask(known):
            raise CommandError(f"nobody answers for {hop}: a crafted frame has nowhere to go")
    return Endpoints(ours, session.address or session.lab.address, session.ask(known), address)


def inward(session: Session, address: str) -> Endpoints:
    """Return the ends of a frame that seems to come from an address, over whoever leads there."""
    hop = session.ask(partial(_next_hop, address=address)) or address
    mac = session.ask(partial(_mac_of, address=hop)) or session.ask(partial(_true_mac, address=hop))
    return Endpoints(mac, address, session.ask(_our_mac), session.address or session.lab.address)


def _our_mac(world: World) -> str:
    return show_mac(world.hosts["you"].interfaces[0].mac)


def _next_hop(world: World, address: str) -> str:
    from aether.wire.address import BROADCAST_IP, parse_ip

    wanted = parse_ip(address)
    if wanted == BROADCAST_IP or wanted[0] >= 224:
        return address
    route = world.hosts["you"].routes.find(wanted)
    return "" if route is None else show_ip(route.gateway or wanted)


def _mac_of(world: World, address: str) -> str:
    from aether.wire.address import BROADCAST_IP, parse_ip

    wanted = parse_ip(address)
    interface = world.hosts["you"].interfaces[0]
    if wanted == BROADCAST_IP or any(wanted == one.broadcast for one in interface.addresses):
        return "ff:ff:ff:ff:ff:ff"
    if wanted[0] >= 224:
        return show_mac(b"\x01\x00\x5e" + bytes((wanted[1] & 0x7F,)) + wanted[2:])
    entry = interface.neighbours.entries.get(wanted)
    return show_mac(entry.mac) if entry is not None and entry.mac else ""


def _true_mac(world: World, address: str) -> str:
    """Return the hardware address of a simulated host."""
    from aether.wire.address import parse_ip

    for host in world.hosts.values():
        interface = host.local.get(parse_ip(address))
        if interface is not None:
            return show_mac(interface.mac)
    return NOBODY

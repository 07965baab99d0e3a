"""The two labs: a simulated one, and one end of a TAP. The same addresses in both.

You are 192.168.1.2, the host is 192.168.1.1/24. In the simulation it is a router too: behind it, in another network,
is a third host, 10.0.2.2.
"""

from __future__ import annotations

from aether import plain
from aether.apps.dhcp_server import DhcpServer, Scope
from aether.apps.dns_server import DnsServer
from aether.apps.http import HttpServer
from aether.apps.simple import (
    Chargen,
    Daytime,
    Discard,
    Echo,
    Service,
    UdpChargen,
    UdpDaytime,
    UdpDiscard,
    UdpEcho,
)
from aether.host import Host
from aether.knobs import profile
from aether.socket_options import SO_REUSEADDR, SOL_SOCKET, SOL_TCP, TCP_FASTOPEN, TCP_NODELAY
from aether.sockets import TcpApp, TcpSocket
from aether.udp import UdpSocket
from aether.wire.address import parse_ip
from aether.world import World

YOU, HOST = "you", "host"
YOUR_ADDRESS, HOST_ADDRESS, PREFIX = "192.168.1.2", "192.168.1.1", 24
YOUR_MAC, HOST_MAC = b"\x02\0\0\0\0\x02", b"\x02\0\0\0\0\x01"
LINK = "lan"
REMOTE, WAN = "remote", "wan"
ROUTER_ADDRESS, REMOTE_ADDRESS = "10.0.2.1", "10.0.2.2"
ROUTER_MAC, REMOTE_MAC = b"\x02\0\0\0\x02\x01", b"\x02\0\0\0\x02\x02"
LAN_NETWORK, WAN_NETWORK = "192.168.1.0/24", "10.0.2.0/24"
WAN_MTU = 1400
"""Bytes that the router passes on in one packet: less than on Ethernet. Neither end knows, so there is a path MTU to
discover."""
ZONE = """\
; The names of the lab, forwards and backwards.
$TTL 300
$ORIGIN lab.
@       IN SOA   host hostmaster ( 1 1h 10m 1d 60 )
        IN NS    host
        IN MX    10 mail
        IN TXT   "a small network" "to look at"
host    IN A     192.168.1.1
        IN AAAA  2001:db8::1
you     IN A     192.168.1.2
mail    IN A     192.168.1.1
www     IN CNAME host
remote  IN A     10.0.2.2
short   30 IN A  192.168.1.1
_http._tcp IN SRV 0 5 80 www
big     IN TXT   ( {long} )
$ORIGIN 1.168.192.in-addr.arpa.
@       IN SOA   host.lab. hostmaster.lab. ( 1 1h 10m 1d 60 )
        IN NS    host.lab.
1       IN PTR   host.lab.
2       IN PTR   you.lab.
""".replace("{long}", '"This does not fit into a datagram: TCP carries it whole." ' * 30)
"""What the simulated host answers for as a name server."""
SCOPE = Scope(
    parse_ip("192.168.1.100"), parse_ip("192.168.1.199"), parse_ip("255.255.255.0"), parse_ip(HOST_ADDRESS),
    (parse_ip(HOST_ADDRESS),), "lab")
"""What the simulated host hands out as a DHCP server."""
LATENCY = 200
"""Microseconds that a frame takes across the simulated wire: about a switch and two cables."""
WAN_LATENCY = 5_000
"""Microseconds that a frame takes between the router and the remote host: some hundred kilometres of glass."""


def simulated(seed: int = 0, knobs: str = "modern") -> World:
    """Return a world of two hosts on a wire, and a third beyond one of them; `knobs` names the profile of yours."""
    world = World(seed)
    you = _host(world, YOU, YOUR_MAC, YOUR_ADDRESS, PREFIX, knobs)
    host = _host(world, HOST, HOST_MAC, HOST_ADDRESS, PREFIX, "modern")
    dns_server = DnsServer(host, ZONE)
    UdpSocket(host, dns_server).bind(53)
    listen(host, 53, dns_server)
    UdpSocket(host, DhcpServer(host, SCOPE)).bind(67)
    you.resolver.servers = [parse_ip(HOST_ADDRESS)]
    link = world.add_link(LINK, you, host)
    link.left.latency = link.right.latency = LATENCY
    you.routes.add(b"\0\0\0\0", 0, parse_ip(HOST_ADDRESS), 0)
    _add_remote(world, host)
    return world


def _add_remote(world: World, router: Host) -> None:
    """Let `router` lead to another network, with a host in it."""
    router.add_interface(ROUTER_MAC, parse_ip(ROUTER_ADDRESS), PREFIX, WAN_MTU)
    router.knobs.ipv4_forward = True
    remote = _host(world, REMOTE, REMOTE_MAC, REMOTE_ADDRESS, PREFIX, "modern")
    remote.routes.add(b"\0\0\0\0", 0, parse_ip(ROUTER_ADDRESS), 0)
    link = world.add_link(WAN, router, remote)
    link.left.latency = link.right.latency = WAN_LATENCY


def tapped(
    seed: int = 0, address: str = YOUR_ADDRESS, prefix: int = PREFIX, gateway: str = HOST_ADDRESS,
    knobs: str = "modern",
) -> World:
    """Return a world of one host, whose link ends in the world outside: a TAP device."""
    world = World(seed)
    you = _host(world, YOU, YOUR_MAC, address, prefix, knobs)
    you.routes.add(b"\0\0\0\0", 0, parse_ip(gateway), 0)
    you.resolver.servers = [parse_ip(gateway)]
    world.add_link(LINK, you, None)
    return world


def describe(world: World) -> dict[str, object]:
    """Return what `build` needs to make this world again, as it was at the start, as plain data."""
    you = world.hosts[YOU]
    address = you.interfaces[0].addresses[0]
    if HOST in world.hosts:
        return {"lab": "simulated", "seed": world.seed}
    default = you.routes.find(b"\0\0\0\0")
    gateway = default.gateway if default is not None and default.gateway else parse_ip(HOST_ADDRESS)
    return {
        "lab": "tapped", "seed": world.seed, "address": _dotted(address.ip), "prefix": address.prefix,
        "gateway": _dotted(gateway),
    }


def build(description: dict[str, object]) -> World:
    """Make a world from what `describe` returned; ValueError if it is something else."""
    arguments = dict(description)
    lab = arguments.pop("lab", None)
    if lab not in ("simulated", "tapped"):
        raise ValueError(f"no lab {lab!r:.60}: simulated or tapped")
    if "seed" not in arguments:
        raise ValueError("seed is missing")
    if lab == "simulated":
        return simulated(**plain.arguments(simulated, arguments))
    given = plain.arguments(tapped, arguments)
    if not 1 <= given.get("prefix", PREFIX) <= 31:
        raise ValueError(f"a prefix has 1 to 31 bits, not {given['prefix']}")
    return tapped(**given)


def _dotted(ip: bytes) -> str:
    return ".".join(map(str, ip))


def _host(world: World, name: str, mac: bytes, address: str, prefix: int, knobs: str) -> Host:
    host = Host(name, profile(knobs))
    host.add_interface(mac, parse_ip(address), prefix)
    world.add_host(host)
    serve(host)
    return host


def serve(host: Host) -> None:
    """Start the services that every host of the lab has: HTTP, echo, discard, chargen, daytime."""
    services: list[tuple[int, Service | HttpServer]] = [
        (80, HttpServer(host)), (7, Echo()), (9, Discard()), (13, Daytime()), (19, Chargen()),
    ]
    for port, app in services:
        listen(host, port, app)
    for port, udp_app in ((7, UdpEcho()), (9, UdpDiscard()), (13, UdpDaytime()), (19, UdpChargen())):
        UdpSocket(host, udp_app).bind(port)


def listen(host: Host, port: int, app: TcpApp, backlog: int = 1024) -> TcpSocket:
    """Let an application wait for connections; OSError if the port is taken."""
    socket = TcpSocket(host, app)
    socket.set_option(SOL_SOCKET, SO_REUSEADDR, 1)
    if isinstance(app, HttpServer):
        socket.set_option(SOL_TCP, TCP_NODELAY, 1)  # the end of a response must not wait for a delayed ACK
    socket.set_option(SOL_TCP, TCP_FASTOPEN, backlog)  # nothing comes of it without tcp.fastopen
    socket.bind(port)
    socket.listen(backlog)
    return socket

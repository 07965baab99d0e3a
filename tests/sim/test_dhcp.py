"""Leases between two simulated hosts, and a client whose server is the test."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aether import queries
from aether.answers import Lease
from aether.lab import HOST_MAC, YOUR_MAC, simulated
from aether.laboratory import Laboratory
from aether.operations.base import OperationError
from aether.operations.net import Ping
from aether.operations.services import DhcpInform, DhcpRelease, DhcpRenew, DhcpStart
from aether.wire import arp, dhcp, ethernet, ipv4, udp
from aether.wire.address import parse_ip
from aether.world import World

SECOND = 1_000_000
OFFERED = parse_ip("192.168.1.50")
BROADCAST = b"\xff" * 4


def run(world: World, microseconds: int) -> None:
    end = world.now + microseconds
    while world.step(end):
        pass
    world.advance(end)


class Watcher:
    """What the client says of itself."""

    def __init__(self, world: World) -> None:
        self.states: list[str] = []
        self.sent: list[str] = []
        world.observe(self.see)

    def see(self, host: str, kind: str, *values: Any) -> None:
        if kind == "dhcp.state":
            self.states.append(values[1])
        if kind == "dhcp.sent":
            self.sent.append(values[0])


def test_a_lease_from_the_first_message_to_its_use() -> None:
    """RFC 2131 §3.1."""
    world = simulated(1)
    watcher = Watcher(world)
    world.do(DhcpStart())
    assert queries.dhcp_lease(world).source == "none"
    run(world, 2 * SECOND)
    lease = queries.dhcp_lease(world)
    assert (lease.state, lease.source, lease.address, lease.prefix) == ("bound", "dhcp", "192.168.1.100", 24)
    assert (lease.router, lease.name_servers, lease.domain, lease.mtu) == ("192.168.1.1", ["192.168.1.1"], "lab", 1500)
    assert watcher.states == ["selecting", "requesting", "checking", "bound"]
    assert watcher.sent == ["DISCOVER", "REQUEST"]
    job = world.do(Ping(address="192.168.1.1", count=1))
    run(world, 2 * SECOND)
    assert queries.job_report(world, job).received == 1


def test_renewed_at_half_time_again_and_again() -> None:
    """RFC 2131 §4.4.5."""
    world = simulated(1)
    watcher = Watcher(world)
    world.do(DhcpStart())
    run(world, 4 * 3600 * SECOND)
    assert queries.dhcp_lease(world).address == "192.168.1.100"
    assert watcher.states[4:] == ["renewing", "bound"] * 7
    assert watcher.sent[2:] == ["REQUEST"] * 7


def test_rebound_when_the_server_is_silent_and_lost_in_the_end() -> None:
    """RFC 2131 §4.4.5."""
    world = simulated(1)
    watcher = Watcher(world)
    world.do(DhcpStart())
    run(world, 10 * SECOND)
    server = world.hosts["host"].udp.ports.pop(67)
    run(world, 3200 * SECOND)
    assert watcher.states[-1] == "rebinding"
    run(world, 500 * SECOND)
    assert watcher.states[-1] == "selecting"
    assert queries.dhcp_lease(world).address == "192.168.1.2", "the address of before, meanwhile"
    world.hosts["host"].udp.ports[67] = server
    run(world, 100 * SECOND)
    assert (queries.dhcp_lease(world).state, queries.dhcp_lease(world).address) == ("bound", "192.168.1.100")


def test_release_inform_and_renew() -> None:
    """RFC 2131 §3.4, RFC 2131 §4.4.6."""
    world = simulated(1)
    for operation in (DhcpRenew(), DhcpRelease()):
        with pytest.raises(OperationError, match="no lease"):
            world.do(operation)
    world.do(DhcpInform())
    run(world, SECOND)
    lease = queries.dhcp_lease(world)
    assert (lease.state, lease.source, lease.address, lease.domain) == ("off", "static", "192.168.1.2", "lab")
    world.do(DhcpStart())
    run(world, 10 * SECOND)
    world.do(DhcpRenew())
    run(world, SECOND)
    assert (queries.dhcp_lease(world).expires_us or 0) > 3598 * SECOND
    with pytest.raises(OperationError, match="static address"):
        world.do(DhcpInform())
    world.do(DhcpRelease())
    run(world, 5 * SECOND)
    assert (queries.dhcp_lease(world).state, queries.dhcp_lease(world).address) == ("off", "")
    assert world.hosts["host"].counters["dhcp.served"] == 5


def test_nobody_answers() -> None:
    """The static address after five seconds; asking goes on, ever more slowly (RFC 2131 §4.1)."""
    world = simulated(1)
    del world.hosts["host"].udp.ports[67]
    times: list[int] = []

    def see(host: str, kind: str, *values: Any) -> None:
        if kind == "dhcp.sent":
            times.append(world.now)

    world.observe(see)
    world.do(DhcpStart())
    run(world, 4_999_999)
    assert queries.dhcp_lease(world).address == ""
    run(world, 1)
    assert (queries.dhcp_lease(world).source, queries.dhcp_lease(world).address) == ("static", "192.168.1.2")
    run(world, 200 * SECOND)
    gaps = [after - before for before, after in itertools.pairwise(times)]
    for gap, wanted in zip(gaps, (4, 8, 16, 32, 64, 64), strict=True):
        assert abs(gap - wanted * SECOND) <= SECOND
    assert len({gap % SECOND for gap in gaps}) > 1, "with some randomness"


def test_a_world_in_the_middle_of_it_can_be_kept() -> None:
    world = simulated(1)
    world.do(DhcpStart())
    for _ in range(5):
        world.step()
    other = World.load(world.snapshot())
    for one in (world, other):
        run(one, 4000 * SECOND)
    assert other.state_hash() == world.state_hash()
    assert queries.dhcp_lease(other).state == "bound"


class Served:
    """A client in a laboratory: the test is its server."""

    def __init__(self) -> None:
        self.lab = Laboratory()
        self.world = self.lab.world
        self.world.do(DhcpStart())

    def messages(self) -> list[tuple[str, dhcp.DhcpMessage]]:
        """Return what was sent since the last call: to whom, and what."""
        found = []
        for frame in self.lab.sent():
            if frame[12:14] == b"\x08\x00":
                header = ipv4.parse(frame[14:])
                datagram = frame[34:]
                udp.parse(datagram, header.source, header.destination)
                found.append((".".join(map(str, header.destination)), dhcp.parse(datagram[8:])))
        return found

    def say(self, kind: int, xid: int, *, mac: bytes = YOUR_MAC, **changes: Any) -> None:
        """Send a message; a change to None takes an option away."""
        options: dict[int, Any] = {
            dhcp.OPTION_MESSAGE_TYPE: bytes((kind,)), dhcp.OPTION_SERVER_IDENTIFIER: self.lab.theirs,
            dhcp.OPTION_LEASE_TIME: (100).to_bytes(4, "big"), dhcp.OPTION_SUBNET_MASK: b"\xff\xff\xff\x00",
        }
        address = changes.pop("address", OFFERED)
        options.update({int(name[1:]): value for name, value in changes.items()})
        kept = {code: value for code, value in options.items() if value is not None}
        message = dhcp.DhcpMessage(dhcp.BOOT_REPLY, xid, mac, kept, yiaddr=address)
        self.raw(dhcp.build(message))

    def raw(self, payload: bytes) -> None:
        """Send any bytes from the server's port."""
        datagram = udp.build(self.lab.theirs, BROADCAST, dhcp.SERVER_PORT, dhcp.CLIENT_PORT, payload)
        packet = ipv4.build(self.lab.theirs, BROADCAST, ipv4.PROTO_UDP, datagram)
        self.lab.inject(ethernet.build(b"\xff" * 6, HOST_MAC, ethernet.TYPE_IPV4, packet))

    def until(self, state: str) -> int:
        """Play the server until a state is reached; return the xid."""
        (_, discover), = self.messages()
        if state == "selecting":
            return discover.xid
        self.say(dhcp.OFFER, discover.xid)
        (_, request), = self.messages()
        assert request.requested_address == OFFERED
        assert request.server_identifier == self.lab.theirs
        if state == "requesting":
            return request.xid
        self.say(dhcp.ACK, request.xid)
        if state == "bound":
            self.lab.advance(SECOND)
        assert self.lease.state == state
        return request.xid

    @property
    def lease(self) -> Lease:
        return queries.dhcp_lease(self.world)


def test_what_a_discover_says() -> None:
    """RFC 2131 §4.4.1, RFC 2132 §9.8."""
    served = Served()
    (destination, message), = served.messages()
    assert (destination, message.message_type) == ("255.255.255.255", dhcp.DISCOVER)
    assert (message.ciaddr, message.yiaddr, message.chaddr) == (dhcp.ANY, dhcp.ANY, YOUR_MAC)
    assert message.options[dhcp.OPTION_CLIENT_IDENTIFIER] == b"\x01" + YOUR_MAC
    assert dhcp.OPTION_ROUTERS in message.options[dhcp.OPTION_PARAMETER_LIST]


def test_somebody_has_the_address_already() -> None:
    """RFC 2131 §3.1.5: DECLINE, and at least ten seconds of rest."""
    served = Served()
    served.until("checking")
    served.lab.inject(ethernet.build(YOUR_MAC, HOST_MAC, ethernet.TYPE_ARP, arp.build(
        arp.ArpPacket(arp.REPLY, HOST_MAC, OFFERED, YOUR_MAC, b"\0\0\0\0"))))
    served.lab.advance(SECOND)
    (_, message), = served.messages()
    assert (message.message_type, message.requested_address) == (dhcp.DECLINE, OFFERED)
    assert (served.lease.state, served.lease.address) == ("init", "")
    served.lab.advance(8_500_000)
    assert served.messages() == []
    served.lab.advance(2 * SECOND)
    assert [message.message_type for _, message in served.messages()] == [dhcp.DISCOVER]


@pytest.mark.parametrize("state", ["requesting", "renewing", "rebinding"])
def test_a_refusal_begins_again(state: str) -> None:
    """RFC 2131 §4.4.5: a NAK takes the address away at once."""
    served = Served()
    served.until("requesting" if state == "requesting" else "bound")
    if state != "requesting":
        served.lab.advance((50 if state == "renewing" else 88) * SECOND)
        assert served.lease.state == state
    xid = served.world.hosts["you"].dhcp.xid
    served.messages()
    served.say(dhcp.NAK, xid)
    assert (served.lease.state, served.lease.address) == ("init", "")
    served.lab.advance(2 * SECOND)
    (_, discover), = served.messages()
    assert discover.message_type == dhcp.DISCOVER
    assert discover.xid != xid
    assert discover.requested_address is None


@pytest.mark.parametrize("state", ["requesting", "renewing", "rebinding"])
def test_another_server_cannot_refuse_what_it_was_not_asked(state: str) -> None:
    """RFC 2131 §4.4.5: until T2 one server is asked; from then on all are, and any of them may refuse."""
    served = Served()
    served.until("requesting" if state == "requesting" else "bound")
    if state != "requesting":
        served.lab.advance((50 if state == "renewing" else 88) * SECOND)
    served.say(dhcp.NAK, served.world.hosts["you"].dhcp.xid, o54=bytes((192, 168, 1, 77)))
    assert served.lease.state == ("init" if state == "rebinding" else state)


def test_renewing_goes_to_the_server_and_rebinding_to_all() -> None:
    """RFC 2131 §4.3.2."""
    served = Served()
    served.until("bound")
    served.messages()
    served.lab.advance(49 * SECOND)
    (destination, message), = served.messages()
    assert (destination, message.ciaddr, message.requested_address) == ("192.168.1.1", OFFERED, None)
    assert message.server_identifier is None
    served.lab.advance(38 * SECOND)
    (destination, message), = served.messages()
    assert (destination, message.ciaddr) == ("255.255.255.255", OFFERED)


def test_an_offer_that_is_never_granted() -> None:
    """RFC 2131 §3.1."""
    served = Served()
    served.until("requesting")
    served.lab.advance(100 * SECOND)
    kinds = [message.message_type for _, message in served.messages()]
    assert kinds[:4] == [dhcp.REQUEST, dhcp.REQUEST, dhcp.REQUEST, dhcp.DISCOVER]


@pytest.mark.parametrize("changes, reason", [
    ({"xid": 1}, "dhcp.unmatched"), ({"mac": HOST_MAC}, "dhcp.unmatched"), ({"kind": dhcp.ACK}, "dhcp.unexpected"),
    ({"kind": dhcp.NAK}, "dhcp.unexpected"), ({"o54": None}, "dhcp.incomplete"), ({"o51": None}, "dhcp.incomplete"),
    ({"o1": b"\xff\x00\xff\x00"}, "dhcp.incomplete"), ({"address": b"\0\0\0\0"}, "dhcp.incomplete"),
    ({"address": b"\xe0\0\0\1"}, "dhcp.incomplete"), ({"o51": b"\0\0\0\0"}, "dhcp.incomplete"),
])
def test_what_is_not_believed(changes: dict[str, Any], reason: str) -> None:
    """RFC 2131 §4.4.1."""
    served = Served()
    xid = served.until("selecting")
    served.say(changes.pop("kind", dhcp.OFFER), changes.pop("xid", xid), **changes)
    assert served.lease.state == "selecting"
    assert served.lab.host.drops == {reason: 1}


def test_times_that_make_no_sense_are_replaced() -> None:
    """RFC 2131 §4.4.5."""
    served = Served()
    xid = served.until("requesting")
    served.say(dhcp.ACK, xid, o58=(90).to_bytes(4, "big"), o59=(80).to_bytes(4, "big"))
    served.lab.advance(SECOND)
    assert (served.lease.renew_us, served.lease.rebind_us, served.lease.expires_us) == (
        49 * SECOND, 86_500_000, 99 * SECOND)


def test_a_lease_for_ever() -> None:
    """RFC 2131 §3.3."""
    served = Served()
    xid = served.until("requesting")
    served.say(dhcp.ACK, xid, o51=b"\xff" * 4)
    served.lab.advance(10**6 * SECOND)
    assert (served.lease.state, served.lease.expires_us) == ("bound", None)


def test_the_mtu_is_used_within_reason() -> None:
    """RFC 2132 §5.1."""
    for mtu, used in ((1400, 1400), (68, 576), (9000, 1500)):
        served = Served()
        xid = served.until("requesting")
        served.say(dhcp.ACK, xid, o26=mtu.to_bytes(2, "big"))
        served.lab.advance(SECOND)
        assert served.lease.mtu == used


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["selecting", "requesting", "checking", "bound"]), st.binary(max_size=120),
       st.integers(0, 250), st.sampled_from([dhcp.OFFER, dhcp.ACK, dhcp.NAK, 9]))
def test_any_bytes_to_a_client(state: str, data: bytes, at: int, kind: int) -> None:
    served = Served()
    xid = served.until(state)
    options = {dhcp.OPTION_MESSAGE_TYPE: bytes((kind,)), dhcp.OPTION_SERVER_IDENTIFIER: served.lab.theirs}
    good = dhcp.build(dhcp.DhcpMessage(dhcp.BOOT_REPLY, xid, YOUR_MAC, options, yiaddr=OFFERED))
    served.raw(data)
    served.raw(good[:at] + data + good[at + len(data):])
    served.raw(good[:250] + data)
    served.lab.advance(300 * SECOND)
    assert served.lease.state in ("selecting", "init", "requesting", "bound")


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=80), st.sampled_from(list(dhcp.NAMES)), st.integers(0, 0xFFFFFFFF), st.integers(0, 250))
def test_any_bytes_to_a_server(data: bytes, kind: int, address: int, at: int) -> None:
    world = simulated(1)
    socket = world.hosts["host"].udp.ports[67][0]
    server: Any = socket.app
    wish = address.to_bytes(4, "big")
    options = {dhcp.OPTION_MESSAGE_TYPE: bytes((kind,)), dhcp.OPTION_REQUESTED_ADDRESS: wish}
    good = dhcp.build(dhcp.DhcpMessage(dhcp.BOOT_REQUEST, 1, YOUR_MAC, options, ciaddr=wish))
    for message in (data, good, good[:at] + data + good[at + len(data):], good[:250] + data):
        server._take(socket, message)
    assert len(server.bindings) <= 100


def test_the_pool_runs_empty() -> None:
    """RFC 2131 §4.3.1."""
    world = simulated(1)
    socket = world.hosts["host"].udp.ports[67][0]
    server: Any = socket.app
    for number in range(101):
        options = {dhcp.OPTION_MESSAGE_TYPE: bytes((dhcp.DISCOVER,))}
        server._take(socket, dhcp.build(dhcp.DhcpMessage(1, 1, b"\x02\0\0\0\1" + bytes((number,)), options)))
    assert world.hosts["host"].drops == {"dhcp.pool_empty": 1}

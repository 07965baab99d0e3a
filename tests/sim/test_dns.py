"""Names between two simulated hosts, and a resolver whose name server is the test."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aether import queries
from aether.apps.dns_resolver import DnsProgress
from aether.apps.dns_server import DnsServer
from aether.apps.dns_zone import show_data
from aether.lab import ZONE, simulated
from aether.laboratory import Laboratory
from aether.operations.base import OperationError
from aether.operations.services import DnsAsk, DnsFlush
from aether.wire import dns, ethernet, ipv4, udp
from aether.world import World

SECOND = 1_000_000
NAME = "a.example"


def until_done(world: World, job: int) -> DnsProgress:
    while not queries.job_done(world, job):
        assert world.step()
    report: DnsProgress = queries.job_report(world, job)
    return report


def ask(world: World, name: str, kind: str = "A") -> DnsProgress:
    return until_done(world, world.do(DnsAsk(name=name, type=kind)))


@pytest.mark.parametrize("name, kind, answers", [
    ("host.lab", "A", ["A 192.168.1.1"]), ("host.lab", "AAAA", ["AAAA 2001:db8::1"]),
    ("www.lab", "A", ["CNAME host.lab", "A 192.168.1.1"]), ("WWW.Lab.", "CNAME", ["CNAME host.lab"]),
    ("192.168.1.2", "PTR", ["PTR you.lab"]), ("lab", "MX", ["MX 10 mail.lab"]),
    ("lab", "TXT", ['TXT "a small network" "to look at"']), ("lab", "NS", ["NS host.lab"]),
    ("lab", "SOA", ["SOA host.lab hostmaster.lab 1 3600 600 86400 60"]),
    ("_http._tcp.lab", "SRV", ["SRV 0 5 80 www.lab"]),
])
def test_every_type(name: str, kind: str, answers: list[str]) -> None:
    """RFC 1035 §3.3, RFC 3596 §2.1, RFC 2782: every record, and the second time from the cache (RFC 1035 §7.4)."""
    world = simulated(1)
    report = ask(world, name, kind)
    assert [f"{row.type} {row.data}" for row in report.records] == answers
    assert (report.error, report.code, report.over, report.tries) == ("", "no error", "udp", 1)
    again = ask(world, name, kind)
    assert [row.data for row in again.records] == [row.data for row in report.records]
    assert (again.over, again.elapsed) == ("cache", 0)


def test_a_long_answer_comes_over_tcp() -> None:
    """RFC 7766 §5, RFC 1035 §4.2.2: what was cut is asked for again."""
    report = ask(simulated(1), "big.lab", "TXT")
    assert (report.over, report.error) == ("tcp", "")
    assert len(report.records[0].data) > 1500


def test_the_cache_forgets_when_the_ttl_is_over() -> None:
    """RFC 1035 §3.2.1, RFC 2181 §8."""
    world = simulated(1)
    ask(world, "short.lab")
    world.advance(world.now + 29 * SECOND)
    second = ask(world, "short.lab")
    assert (second.over, second.records[0].ttl) == ("cache", 1)
    world.advance(world.now + 2 * SECOND)
    assert ask(world, "short.lab").over == "udp"


def test_what_does_not_exist_is_remembered_for_the_minimum_of_the_soa() -> None:
    """RFC 2308 §5: a missing name for every type, a missing type for that type alone."""
    world = simulated(1)
    assert ask(world, "no.lab").code == "no such name"
    assert (ask(world, "no.lab", "MX").over, ask(world, "no.lab", "MX").code) == ("cache", "no such name")
    assert ask(world, "you.lab", "AAAA").records == []
    assert ask(world, "you.lab", "AAAA").over == "cache"
    assert ask(world, "you.lab").over == "udp"
    world.advance(world.now + 61 * SECOND)
    assert ask(world, "no.lab").over == "udp"
    assert world.do(DnsFlush()) > 0
    assert queries.dns_cache(world).entries == []


def test_a_name_between_others_exists() -> None:
    """An empty non-terminal (RFC 8020 §2)."""
    assert ask(simulated(1), "_tcp.lab").code == "no error"


def test_refused_is_said() -> None:
    """RFC 1035 §4.1.1: a code that is no answer."""
    report = ask(simulated(1), "elsewhere.example")
    assert report.error == "the name server says: refused"


def test_names_without_a_dot() -> None:
    world = simulated(1)
    world.hosts["you"].resolver.domain = "lab"
    assert ask(world, "www").records[-1].data == "192.168.1.1"
    assert ask(world, "lab", "MX").records[0].data == "10 mail.lab"


@pytest.mark.parametrize("domain", ["\ufffd", "a..b", "x" * 64, ".".join(["x" * 63] * 4), "..", "\\"])
def test_a_domain_that_is_none(domain: str) -> None:
    """It comes from a DHCP server, so it may be anything."""
    world = simulated(1)
    world.hosts["you"].resolver.domain = domain
    assert ask(world, "lab", "MX").records[0].data == "10 mail.lab"


def test_operations_refuse_nonsense() -> None:
    world = simulated(1)
    for operation, said in (
        (DnsAsk(name="a..b"), "empty label"), (DnsAsk(name="a", type="X"), "no record type"),
        (DnsAsk(name="a", server="1.2.3"), "1.2.3"), (DnsAsk(host="x", name="a"), "no host"),
    ):
        with pytest.raises(OperationError, match=said):
            world.do(operation)


def test_a_world_in_the_middle_of_a_question_can_be_kept() -> None:
    world = simulated(1)
    job = world.do(DnsAsk(name="big.lab", type="TXT"))
    for _ in range(6):
        world.step()
    other = World.load(world.snapshot())
    assert other.state_hash() == world.state_hash()
    assert until_done(other, job) == until_done(world, job)
    assert other.state_hash() == world.state_hash()


class Asked:
    """A resolver in a laboratory: the test answers its questions."""

    def __init__(self, servers: int = 1) -> None:
        self.lab = Laboratory()
        self.world = self.lab.world
        host = self.lab.host
        host.resolver.servers = [self.lab.theirs, b"\xc0\xa8\x01\x63"][:servers]
        host.interfaces[0].neighbours.entries[b"\xc0\xa8\x01\x63"] = next(
            iter(host.interfaces[0].neighbours.entries.values()))
        self.job = self.world.do(DnsAsk(name=NAME))
        self.ports: list[int] = []
        self.query: dns.DnsMessage

    def question(self) -> str:
        """Return whom the last question went to, and remember it."""
        frame = self.lab.sent()[-1]
        header = ipv4.parse(frame[14:])
        datagram = frame[34:]
        self.ports.append(udp.parse(datagram, header.source, header.destination).source_port)
        self.query = dns.parse(datagram[8:])
        return ".".join(map(str, header.destination))

    def say(self, *answers: dns.Record, port: int = dns.PORT, more: int = 0, **fields: Any) -> None:
        """Answer the last question."""
        number = fields.pop("id", self.query.id)
        questions = fields.pop("questions", self.query.questions)
        message = dns.DnsMessage(number, questions, response=True, answers=list(answers), **fields)
        payload = udp.build(self.lab.theirs, self.lab.ours, port, self.ports[-1] + more, dns.build(message))
        self.lab.inject_ip(ipv4.PROTO_UDP, payload)

    @property
    def report(self) -> DnsProgress:
        report: DnsProgress = queries.job_report(self.world, self.job)
        return report


def a(ttl: int = 60, name: str = NAME) -> dns.Record:
    return dns.Record(name, dns.TYPE_A, ttl, b"\x01\x02\x03\x04")


@pytest.mark.parametrize("fields", [
    {"id": 1}, {"questions": [dns.Question("b.example")]}, {"questions": []},
    {"questions": [dns.Question(NAME, dns.TYPE_MX)]}, {"opcode": 2},
])
def test_an_answer_that_does_not_match_is_not_believed(fields: dict[str, Any]) -> None:
    """RFC 5452 §9.1."""
    asked = Asked()
    asked.question()
    asked.say(a(), **fields)
    assert not asked.report.done
    assert asked.lab.host.drops["dns.unmatched"] == 1
    asked.say(a())
    assert asked.report.records[0].data == "1.2.3.4"


def test_an_answer_from_another_port_does_not_arrive() -> None:
    """RFC 5452 §9.1: the port is part of the question."""
    asked = Asked()
    asked.question()
    asked.say(a(), port=5353)
    asked.say(a(), more=1)
    assert not asked.report.done
    assert asked.lab.host.drops["udp.no_port"] == 2


def test_retries_over_the_servers_with_new_ports_and_ids() -> None:
    """RFC 1035 §7.2, RFC 5452 §9.2: each server in turn, all again for longer, then no more."""
    asked = Asked(servers=2)
    servers, ids, times = [], [], []
    while not asked.report.done:
        servers.append(asked.question())
        ids.append(asked.query.id)
        times.append(asked.world.now)
        asked.lab.advance(asked.world.next_deadline() - asked.world.now)
    assert servers == ["192.168.1.1", "192.168.1.99"] * 3
    assert [b - a for a, b in itertools.pairwise(times)] == [each * SECOND for each in (1, 1, 2, 2, 4)]
    assert len({*ids}) == len({*asked.ports}) == 6
    assert asked.report.error == "no name server answered"


def test_a_failing_server_is_followed_by_the_next() -> None:
    """RFC 1035 §7.2."""
    asked = Asked(servers=2)
    asked.question()
    asked.say(code=dns.SERVER_FAILURE)
    assert asked.question() == "192.168.1.99"


def test_a_referral_is_no_answer() -> None:
    """RFC 2308 §2.2: it does not say that there is no such record. The next server is asked, and then it is said."""
    refers = [dns.Record("example", dns.TYPE_NS, 60, "ns1.example")]
    asked = Asked(servers=2)
    asked.question()
    asked.say(authorities=refers)
    assert asked.question() == "192.168.1.99"
    asked = Asked()
    asked.question()
    while not asked.report.done:
        asked.say(authorities=refers)
        if not asked.report.done:
            asked.question()
    assert "refers to ns1.example" in asked.report.error and not asked.report.records
    told = Asked()
    told.question()
    told.say(authoritative=True, authorities=refers)
    assert told.report.done and not told.report.error


def test_a_server_without_edns_is_asked_without() -> None:
    """RFC 6891 §6.2.2."""
    asked = Asked()
    asked.question()
    assert asked.query.additionals[0].klass == 1232
    asked.say(code=dns.FORMAT_ERROR)
    asked.question()
    assert asked.query.additionals == []
    asked.say(a())
    assert asked.report.records


def test_nothing_but_the_answer_is_remembered() -> None:
    """RFC 2181 §5.4.1: what comes along unasked could be a lie."""
    asked = Asked()
    asked.question()
    asked.say(a(), a(name="bank.example"), additionals=[a(name="other.example")])
    assert [row.name for row in queries.dns_cache(asked.world).entries] == [NAME]


def test_a_ttl_of_zero_or_with_the_highest_bit_is_not_remembered() -> None:
    """RFC 1035 §3.2.1, RFC 2181 §8."""
    for ttl in (0, 1 << 31):
        asked = Asked()
        asked.question()
        asked.say(a(ttl))
        assert asked.report.records
        assert queries.dns_cache(asked.world).entries == []


def test_aliases_in_a_ring_end() -> None:
    """RFC 1034 §3.6.2."""
    asked = Asked()
    asked.question()
    asked.say(dns.Record(NAME, dns.TYPE_CNAME, 9, "b.example"), dns.Record("b.example", dns.TYPE_CNAME, 9, NAME))
    assert "they lead nowhere" in asked.report.error


def test_an_alias_that_leads_away_is_asked_for() -> None:
    """RFC 1034 §5.3.3."""
    asked = Asked()
    asked.question()
    asked.say(dns.Record(NAME, dns.TYPE_CNAME, 9, "b.example"))
    asked.question()
    assert asked.query.questions[0].name == "b.example"


def test_without_an_soa_nothing_negative_is_remembered() -> None:
    """RFC 2308 §5."""
    asked = Asked()
    asked.question()
    asked.say(code=dns.NAME_ERROR)
    assert asked.report.code == "no such name"
    assert queries.dns_cache(asked.world).entries == []


@settings(max_examples=200)
@given(st.binary(max_size=80), st.integers(0, 100))
def test_any_bytes_to_a_resolver(data: bytes, cut: int) -> None:
    asked = Asked()
    asked.question()
    answer = dns.build(dns.DnsMessage(asked.query.id, asked.query.questions, response=True, answers=[a()]))
    for payload in (data, answer[:cut] + data, answer[:2] + data):
        asked.lab.inject_ip(ipv4.PROTO_UDP, udp.build(
            asked.lab.theirs, asked.lab.ours, dns.PORT, asked.ports[-1], payload))
    asked.lab.advance(60 * SECOND)
    assert asked.report.done


QUERY = dns.build(dns.DnsMessage(7, [dns.Question("lab", dns.TYPE_ANY)]))


@settings(max_examples=300)
@given(st.binary(max_size=80), st.integers(0, len(QUERY)), st.booleans())
def test_any_bytes_to_a_server(data: bytes, cut: int, stream: bool) -> None:
    server = DnsServer(simulated(1).hosts["host"], ZONE)
    answer = server.answer(QUERY[:cut] + data, dns.MAX_LENGTH if stream else dns.MAX_UDP)
    if answer:
        assert dns.parse(answer).response
        assert stream or len(answer) <= 1232


@pytest.mark.parametrize("message, code", [
    (dns.DnsMessage(1, [dns.Question("x.org")]), dns.REFUSED),
    (dns.DnsMessage(1, [dns.Question("lab")], opcode=4), dns.NOT_IMPLEMENTED),
    (dns.DnsMessage(1, [dns.Question("lab"), dns.Question("lab")]), dns.FORMAT_ERROR),
    (dns.DnsMessage(1, [dns.Question("lab", dns.TYPE_MX, 3)]), dns.REFUSED),
    (dns.DnsMessage(1, [dns.Question("x.lab")]), dns.NAME_ERROR),
])
def test_codes_of_the_server(message: dns.DnsMessage, code: int) -> None:
    """RFC 1035 §4.1.1."""
    server = DnsServer(simulated(1).hosts["host"], ZONE)
    assert dns.parse(server.answer(dns.build(message), 512)).code == code


@pytest.mark.parametrize("name, kind, answer, added", [
    ("in.zone", dns.TYPE_MX, ["5 a.in.zone", "10 b.in.zone", "20 mail.elsewhere"],
     ["a.in.zone A 10.0.0.1", "a.in.zone AAAA 2001:db8::1", "b.in.zone A 10.0.0.2"]),
    ("in.zone", dns.TYPE_NS, ["A.in.zone", "ns.elsewhere"], ["a.in.zone A 10.0.0.1", "a.in.zone AAAA 2001:db8::1"]),
    ("_s._tcp.in.zone", dns.TYPE_SRV, ["0 5 80 b.in.zone", "0 5 81 none.in.zone"], ["b.in.zone A 10.0.0.2"]),
    ("in.zone", dns.TYPE_TXT, ['"a.in.zone"'], []), ("alias.in.zone", dns.TYPE_CNAME, ["a.in.zone"], []),
    ("1.in.zone", dns.TYPE_PTR, ["a.in.zone"], []), ("a.in.zone", dns.TYPE_A, ["10.0.0.1"], []),
], ids=["MX", "NS", "SRV", "TXT", "CNAME", "PTR", "A"])
def test_the_addresses_of_whom_an_answer_names_come_with_it(
    name: str, kind: int, answer: list[str], added: list[str]
) -> None:
    """RFC 1035 §3.3.9 and §3.3.11, RFC 2782: for MX, NS and SRV, as far as they are in a zone of the server's."""
    zone = """
$ORIGIN in.zone.
@ 60 IN SOA a hostmaster ( 1 1h 10m 1d 60 )
  IN MX 5 a
  IN MX 10 b
  IN MX 20 mail.elsewhere.
  IN NS A
  IN NS ns.elsewhere.
  IN TXT "a.in.zone"
a IN A 10.0.0.1
  IN AAAA 2001:db8::1
  IN TXT "not an address"
b IN A 10.0.0.2
_s._tcp IN SRV 0 5 80 b
        IN SRV 0 5 81 none
alias IN CNAME a
1 IN PTR a
"""
    query = dns.build(dns.DnsMessage(7, [dns.Question(name, kind)]))
    said = dns.parse(DnsServer(simulated(1).hosts["host"], zone).answer(query, 512))
    assert [show_data(each) for each in said.answers] == answer
    assert [f"{each.name} {dns.TYPES[each.type]} {show_data(each)}" for each in said.additionals] == added


def test_a_response_is_not_answered() -> None:
    """RFC 1035 §4.1.1: two servers would never stop."""
    host = simulated(1).hosts["host"]
    assert DnsServer(host, ZONE).answer(dns.build(dns.DnsMessage(1, response=True)), 512) == b""
    assert host.drops == {"dns.not_a_query": 1}


def test_an_unknown_edns_version() -> None:
    """RFC 6891 §6.1.3: BADVERS, whose upper bits are in the OPT record."""
    opt = dns.Record(".", dns.TYPE_OPT, 1 << 16, dns.Options(), 4096)
    query = dns.DnsMessage(1, [dns.Question("lab")], additionals=[opt])
    answer = dns.parse(DnsServer(simulated(1).hosts["host"], ZONE).answer(dns.build(query), 512))
    assert (answer.code, answer.additionals[0].ttl >> 24, answer.answers) == (0, 1, [])


def test_silent_connections_are_closed() -> None:
    """RFC 7766 §6.2.3."""
    from aether.operations.tcp import TcpConnect

    world = simulated(1)
    world.do(TcpConnect(address="192.168.1.1", port=53))
    while world.now < 31 * SECOND and world.step(40 * SECOND):
        pass
    assert [row.state for row in queries.connections(world, "host")] == ["FIN-WAIT-2"]


def test_frames_are_what_others_understand() -> None:
    """Both directions, read by another program."""
    from scapy.layers.dns import DNS
    from scapy.layers.l2 import Ether

    world = simulated(1)
    frames: list[bytes] = []

    def observe(host: str, kind: str, *values: Any) -> None:
        if kind == "frame.sent":
            frames.append(values[2])

    world.observe(observe)
    ask(world, "www.lab")
    found = [Ether(frame) for frame in frames if frame[12:14] == ethernet.TYPE_IPV4.to_bytes(2, "big")]
    query, answer = (each[DNS] for each in found)
    assert (query.qd[0].qname, query.id) == (b"www.lab.", answer.id)
    assert [record.rdata for record in answer.an] == [b"host.lab.", "192.168.1.1"]

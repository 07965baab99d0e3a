"""DNS (RFC 1035) over UDP port 53."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from aether.filters.field import Field, layer_field, spread_field
from aether.filters.payloads import DnsQuestion, DnsView, Resource
from aether.filters.record import Record
from aether.filters.values import BOOLEAN, IPV4, IPV6, PROTOCOL, TEXT, UINT16, UINT32, Type

TYPES = {"a": 1, "ns": 2, "cname": 5, "soa": 6, "ptr": 12, "mx": 15, "txt": 16, "aaaa": 28, "srv": 33, "opt": 41,
         "any": 255}
CODES = {"no error": 0, "format error": 1, "server failure": 2, "no such name": 3, "not implemented": 4, "refused": 5}
SRV, OPT = 33, 41


def _dns(name: str, kind: Type, help: str, read: Callable[[DnsView], Any], **more: Any) -> Field:
    return layer_field("dns", name, kind, help, lambda dns, record: read(dns), **more)


def _flag(name: str, help: str, bit: int, only_responses: bool = False) -> Field:
    def read(dns: DnsView) -> bool | None:
        flags: int = dns.header[1]
        return None if only_responses and not flags & 0x8000 else flags & bit != 0
    return _dns(name, BOOLEAN, help, read)


def _question(name: str, kind: Type, help: str, read: Callable[[DnsQuestion], Any], **more: Any) -> Field:
    return spread_field("dns", name, kind, help,
                        lambda dns, record: [read(question) for question in dns.questions], **more)


def _resource(name: str, kind: Type, help: str, read: Callable[[Resource], Any], **more: Any) -> Field:
    def values(dns: DnsView, record: Record) -> Iterable[Any]:
        return [value for resource in dns.records if (value := read(resource)) is not None]
    return spread_field("dns", name, kind, help, values, **more)


def _data(name: str, kind: Type, help: str) -> Field:
    """Declare what a record of one type holds; `DnsView` reads it under the field's own name."""
    def values(dns: DnsView, record: Record) -> Iterable[Any]:
        return [value for resource in dns.records for found, value in resource.values if found == name]
    return spread_field("dns", name, kind, help, values)


def _bytes(record: Record) -> Sequence[bytes]:
    return [dns.data for dns in (record.packet or record.dissect()).dns]


def _labels(question: DnsQuestion) -> int:
    return 0 if question.name == "<Root>" else question.name.count(".") + 1


FIELDS = (
    Field("dns", PROTOCOL, "the Domain Name System", _bytes, whole=_bytes),
    _dns("dns.id", UINT16, "identifier, the same in question and answer", lambda dns: dns.header[0]),
    _dns("dns.flags", UINT16, "all flags as a number", lambda dns: dns.header[1]),
    _flag("dns.flags.response", "an answer, no question", 0x8000),
    _dns("dns.flags.opcode", UINT16, "0 a query", lambda dns: dns.header[1] >> 11 & 15),
    _flag("dns.flags.authoritative", "the server is responsible for the name", 0x0400, True),
    _flag("dns.flags.truncated", "too long for a datagram; ask again over TCP", 0x0200),
    _flag("dns.flags.recdesired", "the server is asked to ask others", 0x0100),
    _flag("dns.flags.recavail", "the server asks others", 0x0080, True),
    _dns("dns.flags.rcode", UINT16, "0 no error, 3 no such name",
         lambda dns: dns.header[1] & 15 if dns.header[1] & 0x8000 else None, names=CODES),
    _dns("dns.count.queries", UINT16, "how many questions", lambda dns: dns.header[2]),
    _dns("dns.count.answers", UINT16, "how many answers", lambda dns: dns.header[3]),
    _dns("dns.count.auth_rr", UINT16, "how many records of responsible servers", lambda dns: dns.header[4]),
    _dns("dns.count.add_rr", UINT16, "how many additional records", lambda dns: dns.header[5]),
    _question("dns.qry.name", TEXT, "the name that is asked for", lambda question: question.name),
    _question("dns.qry.type", UINT16, "the type that is asked for: 1 A, 28 AAAA", lambda question: question.type,
              names=TYPES),
    _question("dns.qry.class", UINT16, "1 Internet", lambda question: question.cls),
    _question("dns.qry.name.len", UINT16, "characters of the name", lambda question: len(question.name)),
    _question("dns.count.labels", UINT16, "parts of the name", _labels),
    _resource("dns.resp.name", TEXT, "the names of all records but SRV",
              lambda resource: None if resource.type == SRV else resource.name),
    _resource("dns.resp.type", UINT16, "the types of all records", lambda resource: resource.type, names=TYPES),
    _resource("dns.resp.class", UINT16, "the classes of all records",
              lambda resource: None if resource.type == OPT else resource.cls),
    _resource("dns.resp.ttl", UINT32, "how many seconds each record may be kept",
              lambda resource: None if resource.type == OPT else resource.ttl),
    _resource("dns.resp.len", UINT16, "bytes of each record's data", lambda resource: resource.length),
    _data("dns.a", IPV4, "addresses"),
    _data("dns.aaaa", IPV6, "IPv6 addresses"),
    _data("dns.cname", TEXT, "the name that an alias stands for"),
    _data("dns.ns", TEXT, "responsible servers"),
    _data("dns.ptr.domain_name", TEXT, "the name of an address"),
    _data("dns.mx.preference", UINT16, "preference of a mail server; the lowest first"),
    _data("dns.mx.mail_exchange", TEXT, "mail servers"),
    _data("dns.txt", TEXT, "texts"),
    _data("dns.soa.mname", TEXT, "the zone's first server"),
    _data("dns.soa.rname", TEXT, "the mailbox of the zone's keeper"),
    _data("dns.soa.serial_number", UINT32, "the zone's version"),
    _data("dns.soa.refresh_interval", UINT32, "seconds until the next look"),
    _data("dns.soa.retry_interval", UINT32, "seconds until it is tried again"),
    _data("dns.soa.expire_limit", UINT32, "seconds until the zone is stale"),
    _data("dns.soa.minimum_ttl", UINT32, "how many seconds 'no such name' may be kept"),
    _data("dns.srv.priority", UINT16, "priority of a service; the lowest first"),
    _data("dns.srv.weight", UINT16, "weight among equals"),
    _data("dns.srv.port", UINT16, "the service's port"),
    _data("dns.srv.target", TEXT, "the service's host"),
)


"""Which frame answers which, and which address two stations claim: known only to who has seen the frames before."""

from collections.abc import Sequence
from typing import Any

from aether.filters.field import FilterField, Getter
from aether.filters.record import Record
from aether.reading.types import BOOLEAN, MILLISECONDS, TEXT, TIME, UINT32, Type


def _of(name: str) -> Getter:
    def get(record: Record) -> Sequence[Any]:
        return record.exchange().get(name, ())
    return get


def _field(name: str, kind: Type, help: str) -> FilterField:
    return FilterField(name, kind, help, _of(name), only_true=kind is BOOLEAN, measured=True)


EXCHANGES: dict[str, tuple[FilterField, ...]] = {
    "arp": (
        _field("arp.duplicate-address-detected", BOOLEAN, "two stations claim an address"),
        _field("arp.duplicate-address-frame", UINT32, "the frame in which the other one did"),
    ),
    "icmp": (
        _field("icmp.resp_to", UINT32, "the frame of the echo request that this answers"),
        _field("icmp.resptime", MILLISECONDS, "how long after it, in milliseconds"),
    ),
    "tcp": (
        _field("tcp.connection.fin_active", BOOLEAN, "its end closes the connection first"),
        _field("tcp.connection.fin_passive", BOOLEAN, "its end closes the connection after the other one"),
    ),
    "dns": (
        _field("dns.response_to", UINT32, "the frame of the question that this answers"),
        _field("dns.time", TIME, "how long after it"),
        _field("dns.retransmission", BOOLEAN, "asked, or answered, once more"),
        _field("dns.retransmit_request", BOOLEAN, "asked once more, within five seconds"),
        _field("dns.retransmit_request_in", UINT32, "the frame in which it was asked first"),
        _field("dns.retransmit_response", BOOLEAN, "answered once more"),
        _field("dns.retransmit_response_in", UINT32, "the frame in which it was answered first"),
        _field("dns.unsolicited", BOOLEAN, "answers what nobody asked"),
    ),
    "http": (
        _field("http.request_number", UINT32, "which request of its connection it is, from 1"),
        _field("http.response_number", UINT32, "which answer of its connection it is"),
        _field("http.request_in", UINT32, "the frame of the request that this answers"),
        _field("http.time", TIME, "how long after it"),
        _field("http.response_for.uri", TEXT, "what it answers"),
        _field("http.prev_request_in", UINT32, "the frame of the request before"),
        _field("http.prev_response_in", UINT32, "the frame of the answer before"),
    ),
}
"""By the protocol whose they are."""

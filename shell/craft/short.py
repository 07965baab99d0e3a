"""Short forms: the frames that one sends a hundred times, from a few words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shell.craft.layers import Endpoints, complete, load
from shell.language.grammar import CommandError

if TYPE_CHECKING:

    from shell.craft.ends import Live

TCP_KINDS = {"syn": "S", "synack": "SA", "ack": "A", "fin": "FA", "rst": "R", "psh": "PA", "data": "PA"}
"""The segments that have a name, and their flags."""
_IP = ("ttl", "tos", "id", "ip_flags", "frag", "src", "dst", "smac", "dmac", "count", "every")
ALLOWED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(TCP_KINDS, (
        "seq", "ack", "win", "window", "sport", "dport", "flags", "options", "mss", "data", "hex", "urg", "checksum",
        *_IP)),
    "ping": ("id", "seq", "data", "hex", "size", "type", "code", "checksum", *(name for name in _IP if name != "id")),
    "udp": ("sport", "dport", "data", "hex", "checksum", *_IP),
    "arp": ("op", "psrc", "pdst", "hwsrc", "hwdst", "smac", "dmac", "count", "every"),
    "dns": ("qtype", "id", "sport", "dport", "answer", "checksum", *(name for name in _IP if name != "id")),
    "ip": ("proto", "data", "hex", *_IP),
}
"""The settings of each short form."""
HELP = {
    "syn": "a SYN, which asks for a connection", "synack": "a SYN,ACK, which answers one", "ack": "an ACK alone",
    "fin": "a FIN, which ends one direction", "rst": "a reset", "psh": "data", "data": "data",
    "ping": "an ICMP echo request", "udp": "a datagram", "arp": "an ARP request, or a reply",
    "dns": "a question for a name, or an answer", "ip": "a packet of any protocol",
}
FIRST_PORT = 40_000
PORTS = 20_000
"""Our ports for crafted segments, chosen from the number of frames so far: repeatable, and rarely twice."""


@dataclass(slots=True)
class Order:
    """A short form as it was read: what, between whom, with which settings."""

    kind: str
    ends: Endpoints
    source_port: int
    """0 lets one be chosen."""
    destination_port: int
    given: dict[str, Any]
    live: Live | None = None
    inward: bool = False
    name: str = ""
    """The name that a DNS question asks for."""

    @property
    def frame_count(self) -> int:
        """How many frames it makes."""
        return int(self.given.get("count", 1))


def frame(order: Order, index: int, chosen_port: int) -> bytes:
    """Build the frame number `index` of an order; CommandError."""
    packet = _BUILDERS.get(order.kind, _tcp)(order, chosen_port + index)
    if order.kind == "ping" and "seq" not in order.given:
        packet["ICMP"].seq = (index + 1) & 0xFFFF
    return complete(packet, order.ends)


def _link(order: Order) -> Any:
    given = order.given
    return load()["Ether"](
        src=given.get("smac", order.ends.source_mac), dst=given.get("dmac", order.ends.destination_mac))


def _ip(order: Order, **more: Any) -> Any:
    given = order.given
    fields = {"ttl": given.get("ttl", 64), "flags": given.get("ip_flags", 2), **more}
    fields |= {name: given[name] for name in ("tos", "frag") if name in given}
    if order.kind in ("ping", "dns"):
        fields["id"] = 1
    elif "id" in given:
        fields["id"] = given["id"]
    return _link(order) / load()["IP"](
        src=given.get("src", order.ends.source), dst=given.get("dst", order.ends.destination), **fields)


def _payload(order: Order) -> bytes:
    given = order.given
    data: bytes = given["hex"] if "hex" in given else given.get("data", b"")
    return data


def _tcp(order: Order, port: int) -> Any:
    given, live = order.given, order.live
    seq, ack, window, stamps = 1000, 0, 64_240, None
    if live is not None:
        names = live.names
        ends = (names["rcv_nxt"], names["snd_nxt"]) if order.inward else (names["snd_nxt"], names["rcv_nxt"])
        seq, ack = ends
        window = live.peer_window if order.inward else live.window
        if live.stamps is not None and "S" not in TCP_KINDS[order.kind]:
            stamps = ((live.stamps[1] + 1) & 0xFFFFFFFF, live.stamps[0]) if order.inward else live.stamps
    options = given.get("options", [("NOP", None), ("NOP", None), ("Timestamp", stamps)] if stamps else [])
    if "mss" in given:
        options = [("MSS", given["mss"]), *options]
    fields = {
        "sport": given.get("sport", order.source_port or port), "dport": given.get("dport", order.destination_port),
        "flags": given.get("flags", TCP_KINDS[order.kind]), "seq": given.get("seq", seq),
        "ack": given.get("ack", ack if "A" in given.get("flags", TCP_KINDS[order.kind]) else 0),
        "window": given.get("win", given.get("window", window)), "options": options, "urgptr": given.get("urg", 0),
    }
    if "checksum" in given:
        fields["chksum"] = given["checksum"]
    return _ip(order) / load()["TCP"](**fields) / _payload(order)


def _datagram(order: Order, port: int) -> Any:
    given = order.given
    fields = {
        "sport": given.get("sport", order.source_port or port), "dport": given.get("dport", order.destination_port)}
    if "checksum" in given:
        fields["chksum"] = given["checksum"]
    return _ip(order) / load()["UDP"](**fields)


def _udp(order: Order, port: int) -> Any:
    return _datagram(order, port) / _payload(order)


def _ping(order: Order, port: int) -> Any:
    given = order.given
    fields = {"type": given.get("type", 8), "code": given.get("code", 0), "id": given.get("id", 1),
              "seq": given.get("seq", 0)}
    if "checksum" in given:
        fields["chksum"] = given["checksum"]
    data = _payload(order) or bytes(index & 0xFF for index in range(given.get("size", 0)))
    return _ip(order) / load()["ICMP"](**fields) / data


def _arp(order: Order, port: int) -> Any:
    given, ends = order.given, order.ends
    op = given.get("op", "request")
    if op not in ("request", "reply"):
        raise CommandError(f"op is request or reply, not {op!r}")
    asks = op == "request"
    return load()["Ether"](
        src=given.get("smac", ends.source_mac),
        dst=given.get("dmac", "ff:ff:ff:ff:ff:ff" if asks else ends.destination_mac),
    ) / load()["ARP"](
        op=1 if asks else 2, hwsrc=given.get("hwsrc", ends.source_mac), psrc=given.get("psrc", ends.source),
        hwdst=given.get("hwdst", "00:00:00:00:00:00" if asks else ends.destination_mac),
        pdst=given.get("pdst", ends.destination))


QTYPES = ("A", "NS", "CNAME", "SOA", "PTR", "MX", "TXT", "AAAA", "SRV", "ANY")


def _dns(order: Order, port: int) -> Any:
    given, layers = order.given, load()
    qtype = given.get("qtype", "A")
    if qtype not in QTYPES:
        raise CommandError(f"no type of record {qtype!r}. There are: {', '.join(QTYPES)}")
    question = layers["DNSQR"](qname=order.name, qtype="ALL" if qtype == "ANY" else qtype)
    answer = given.get("answer")
    if answer is None:
        message = layers["DNS"](id=given.get("id", 1), rd=1, qd=question)
    else:
        record = layers["DNSRR"](rrname=order.name, type="A", ttl=60, rdata=answer)
        message = layers["DNS"](id=given.get("id", 1), qr=1, rd=1, ra=1, qd=question, an=record)
    return _datagram(order, port) / message


def _other(order: Order, port: int) -> Any:
    return _ip(order, proto=order.given.get("proto", 253)) / _payload(order)


_BUILDERS: dict[str, Callable[[Order, int], Any]] = {
    "udp": _udp, "ping": _ping, "arp": _arp, "dns": _dns, "ip": _other}

"""The fields that expressions can name, by their names.

The tables themselves are in `tables`, one module a protocol. Names and meanings are Wireshark's
wherever Wireshark has the field; the others are marked as ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import lru_cache

from aether.filters.field import FilterField
from aether.filters.tables import TABLES


@lru_cache(maxsize=1)
def all_fields() -> Mapping[str, FilterField]:
    """Return all fields by their names, in the order of the docs."""
    return {field.name: field for table in TABLES.values() for field in table}


_OTHER_NAMES = {
    "tcp.sport": "tcp.srcport", "tcp.dport": "tcp.dstport", "udp.sport": "udp.srcport", "udp.dport": "udp.dstport",
    "tcp.flags.rst": "tcp.flags.reset", "tcp.flags.psh": "tcp.flags.push", "tcp.flags.ece_echo": "tcp.flags.ece",
    "tcp.win": "tcp.window_size", "tcp.mss": "tcp.options.mss_val", "tcp.data": "tcp.payload",
    "tcp.sequence": "tcp.seq", "tcp.syn": "tcp.flags.syn", "tcp.fin": "tcp.flags.fin", "tcp.rst": "tcp.flags.reset",
    "tcp.push": "tcp.flags.push", "tcp.psh": "tcp.flags.push", "tcp.options.mss_value": "tcp.options.mss_val",
    "udp.data": "udp.payload", "udp.len": "udp.length", "ip.protocol": "ip.proto", "ip.source": "ip.src",
    "ip.destination": "ip.dst", "ip.df": "ip.flags.df", "ip.mf": "ip.flags.mf", "ip.tos": "ip.dsfield",
    "icmp.id": "icmp.ident", "icmp.sequence": "icmp.seq", "arp.op": "arp.opcode", "arp.src": "arp.src.proto_ipv4",
    "arp.dst": "arp.dst.proto_ipv4", "arp.sender": "arp.src.proto_ipv4", "arp.target": "arp.dst.proto_ipv4",
    "mac.src": "eth.src", "mac.dst": "eth.dst", "eth.mac": "eth.addr", "ethernet": "eth", "ipv4": "ip",
    "bootp": "dhcp", "src": "ip.src", "dst": "ip.dst", "port": "tcp.port", "state": "tcp.state",
    "syn": "tcp.flags.syn",
    "frame.length": "frame.len", "dns.name": "dns.qry.name",
    "http.method": "http.request.method", "http.status": "http.response.code", "http.code": "http.response.code",
    "http.uri": "http.request.uri", "connection": "conn", "direction": "dir", "reason": "drop.reason",
    "timer": "timer.kind", "tcp.timer.kind": "timer.kind", "kind": "event",
}
"""What people write, from other tools or from memory."""


_TWICE = "only who goes over a file twice, as Wireshark's window does, knows what is still to come"
_ALONE = "each frame is looked at alone, and nothing is put together"
REFUSED = {
    "dns.response_in": (_TWICE, "dns.response_to"), "http.response_in": (_TWICE, "http.request_in"),
    "icmp.resp_in": (_TWICE, "icmp.resp_to"), "icmp.no_resp": (_TWICE, "icmp.resp_to"),
    "http.next_request_in": (_TWICE, "http.prev_request_in"),
    "http.next_response_in": (_TWICE, "http.prev_response_in"),
    "frame.time_delta_displayed": ("what is displayed is not known while frames are chosen", "frame.time_delta"),
    "ip.reassembled_in": (_ALONE, "ip.frag_offset"), "ip.fragments": (_ALONE, "ip.flags.mf"),
    "tcp.reassembled_in": (_ALONE, "tcp.len"), "tcp.segments": (_ALONE, "tcp.len"),
    "tcp.segment_data": (_ALONE, "tcp.payload"),
}
"""What a course asks for and this program cannot tell: why, and what comes near."""


def suggestion(name: str) -> str:
    """Return ``Did you mean …?`` for a name that is no field's, or where the fields are listed."""
    known = all_fields()
    if name in REFUSED:
        why, instead = REFUSED[name]
        return f" {why[0].upper()}{why[1:]}; {instead} comes near."
    guess = _OTHER_NAMES.get(name.lower())
    if guess is None and name.lower() in known:
        guess = name.lower()
    if guess is None and name.startswith("ipv4."):
        guess = next((field for field in (name.replace("ipv4.", "ip.", 1),) if field in known), None)
    if guess is None:
        head, dot, tail = name.rpartition(".")
        inside = [field for field in known if dot and field.startswith(f"{head}.")]
        close = get_close_matches(name, inside, 1, 0.75) or get_close_matches(name, known, 1, 0.72)
        same_end = [field for field in known if dot and field.rpartition(".")[2] == tail and field.startswith(
            f"{head.partition('.')[0]}.")]
        guess = next(iter(close or same_end), None)
    return f" Did you mean {guess}?" if guess else " `help filters` lists them all."


def near(word: str, choices: Iterable[str]) -> str:
    """Return ``Did you mean …?`` for a word that is none of the choices, or what there is."""
    choices = list(choices)
    plain = {choice.lower().replace("_", "-"): choice for choice in choices}
    close = get_close_matches(word.lower().replace("_", "-"), plain, 1, 0.6)
    if close:
        return f" Did you mean {plain[close[0]]}?"
    if len(choices) <= 12:
        return f" There are {', '.join(choices[:-1])} and {choices[-1]}."
    inside = [choice for choice in choices if word.lower() in choice.lower()][:3]
    return f" There is {', '.join(inside)}, for example." if inside else ""

"""Questions and answers: which frame answers which, and after what time; and addresses that two stations claim.

As Wireshark pairs them, for the fields of DNS, HTTP, ICMP and ARP that no frame has by itself. Each frame has to be
seen once, in order; so nobody looks unless somebody asks.
"""

from __future__ import annotations

from typing import Any

from aether.reading.context import Context, Conversation
from aether.reading.flow import FIN
from aether.reading.packet import Dissected, Transport, datagram
from aether.wire import arp, dns, icmp

LIMIT = 20_000
"""Questions, and addresses, that are remembered; the oldest are forgotten first."""
LEAST_MESSAGE = 12
"""Bytes of the header of DNS."""
ASKED_AGAIN = 5_000_000
"""Within so many microseconds the same question is the same; later it is another one."""
REQUEST_TYPE = icmp.ECHO_REQUEST << 8
ETHERNET_AND_IPV4 = 1, 0x0800, 6, 4
Values = dict[str, list[Any]]
"""Values of fields, by their names."""
NOTHING: Values = {}


class _Asked:
    """A question."""

    __slots__ = ("answered", "frame", "time")

    def __init__(self, frame: int, time: int) -> None:
        self.frame = frame
        self.time = time
        self.answered = 0
        """The frame of the answer; 0 while there is none."""


class _Requests:
    """What was asked and answered in one connection of HTTP."""

    __slots__ = ("answers", "asked")

    def __init__(self) -> None:
        self.asked: list[tuple[_Asked, str]] = []
        """Requests, and what they are for."""
        self.answers: list[int] = []
        """Frames of the answers."""


class Exchanges:
    """Follows questions and answers on every link."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, Conversation, int], _Asked] = {}
        self._pings: dict[tuple[str, frozenset[bytes], int, int, int], _Asked] = {}
        self._requests: dict[tuple[str, Conversation], _Requests] = {}
        self._closing: dict[tuple[str, Conversation], int] = {}
        """From which port a connection was closed first."""
        self._claims: dict[tuple[str, bytes], tuple[bytes, int]] = {}
        """Whose an address is, and in which frame that was said last."""

    def see(self, link: str, packet: Dissected, context: Context | None, number: int, time: int) -> Values:
        """Take the next frame, and return what it is to those before it."""
        if packet.tcp:
            segment = packet.tcp[0]
            if segment.header[4] & FIN and context is not None and not segment.ip.quoted:
                first = self._closing.setdefault((link, context.conversation), segment.header[0])
                return {f"tcp.connection.fin_{'active' if first == segment.header[0] else 'passive'}": [True]}
            if context is None or segment.ip.quoted or segment.payload == segment.end:
                return NOTHING
            if dns.PORT in segment.header[:2]:
                return self._names_of_a_stream(link, packet.data, segment, context, number, time)
            if not context.http:
                return NOTHING
            return self._page(link, packet, context, number, time)
        if packet.udp:
            if context is None or packet.udp[0].ip.quoted:
                return NOTHING
            found = datagram(*packet.udp[0].header[:2])
            return NOTHING if found is None or found.name not in ("dns", "mdns") else self._name(
                link, packet.data, packet.udp[0].payload, packet.udp[0].end, context, number, time)
        if packet.icmp and packet.icmp[0].header[0] in (icmp.ECHO_REPLY, icmp.ECHO_REQUEST):
            return self._ping(link, packet.icmp[0], number, time)
        return self._claim(link, packet, number) if packet.arp else NOTHING

    def _names_of_a_stream(
        self, link: str, data: bytes, segment: Transport, context: Context, number: int, time: int,
    ) -> Values:
        """Pair each message of a segment, as far as they begin in it."""
        values: Values = {}
        at = segment.payload + context.inside
        while at + 2 < segment.end:
            size = int.from_bytes(data[at:at + 2], "big")
            for name, some in self._name(link, data, at + 2, min(at + 2 + size, segment.end), context, number,
                                         time).items():
                values.setdefault(name, []).extend(some)
            at += 2 + size
        return values

    def _name(
        self, link: str, data: bytes, start: int, end: int, context: Context, number: int, time: int,
    ) -> Values:
        """Pair a question for a name with its answer, by their number, between the same ports."""
        if end - start < LEAST_MESSAGE:
            return NOTHING
        key = link, context.conversation, int.from_bytes(data[start:start + 2], "big")
        asked = self._names.get(key)
        if not data[start + 2] & 0x80:
            if asked is not None and not asked.answered and time - asked.time < ASKED_AGAIN:
                return {"dns.retransmission": [True], "dns.retransmit_request": [True],
                        "dns.retransmit_request_in": [asked.frame]}
            self._names.pop(key, None)
            self._names[key] = _Asked(number, time)
            _forget(self._names)
            return NOTHING
        if asked is None:
            return {"dns.unsolicited": [True]}
        if asked.answered:
            return {"dns.retransmission": [True], "dns.retransmit_response": [True],
                    "dns.retransmit_response_in": [asked.answered]}
        asked.answered = number
        return {"dns.response_to": [asked.frame], "dns.time": [time - asked.time]}

    def _ping(self, link: str, found: Transport, number: int, time: int) -> Values:
        """Pair an echo with its answer, which is the same but for its type."""
        kind, _, checksum, identifier, sequence = found.header
        # What the checksum would be without the type.
        rest = (~checksum - (REQUEST_TYPE if kind == icmp.ECHO_REQUEST else 0)) % 0xFFFF
        key = link, frozenset(found.ip.header[8:10]), identifier, sequence, rest
        if kind == icmp.ECHO_REQUEST:
            self._pings.pop(key, None)
            self._pings[key] = _Asked(number, time)
            _forget(self._pings)
            return NOTHING
        asked = self._pings.get(key)
        if asked is None or asked.answered:
            return NOTHING
        asked.answered = number
        return {"icmp.resp_to": [asked.frame], "icmp.resptime": [time - asked.time]}

    def _page(self, link: str, packet: Dissected, context: Context, number: int, time: int) -> Values:
        """Count the requests and the answers of a connection, and pair them in their order."""
        found = packet.read("http", context).found
        requests, codes = found.get("http.request", ()), found.get("http.response.code", ())
        if not requests and not codes:
            return NOTHING
        key = link, context.conversation
        known = self._requests.get(key)
        if known is None:
            known = self._requests[key] = _Requests()
            _forget(self._requests)
        values: Values = {}
        for uri in found.get("http.request.full_uri") or found.get("http.request.uri") or ():
            if known.asked:
                values.setdefault("http.prev_request_in", []).append(known.asked[-1][0].frame)
            known.asked.append((_Asked(number, time), uri))
            values.setdefault("http.request_number", []).append(len(known.asked))
        for _ in codes:
            _answer(known, values, number, time)
        return values

    def _claim(self, link: str, packet: Dissected, number: int) -> Values:
        """Find an address that another station claimed before: the sender's, or in an answer the target's."""
        here = packet.arp[0]
        if here.header[:4] != ETHERNET_AND_IPV4:
            return NOTHING
        data, start, earlier = packet.data, here.start + 8, 0
        claims = [(data[start:start + 6], data[start + 6:start + 10])]
        if here.header[4] != arp.REQUEST:
            claims.append((data[start + 10:start + 16], data[start + 16:start + 20]))
        for station, address in claims:
            if station[0] & 1 or not any(address) or not any(station):
                continue
            owner, frame = self._claims.get((link, address), (station, 0))
            if owner != station:
                earlier = earlier or frame
            else:
                self._claims[link, address] = station, number
                _forget(self._claims)
        if not earlier:
            return NOTHING
        return {"arp.duplicate-address-detected": [True], "arp.duplicate-address-frame": [earlier]}


def _answer(known: _Requests, values: Values, number: int, time: int) -> None:
    """Enter an answer of HTTP."""
    index = len(known.answers)
    known.answers.append(number)
    values.setdefault("http.response_number", []).append(index + 1)
    if index:
        values.setdefault("http.prev_response_in", []).append(known.answers[index - 1])
        if index <= len(known.asked):
            values.setdefault("http.prev_request_in", []).append(known.asked[index - 1][0].frame)
    if index < len(known.asked):
        asked = known.asked[index][0]
        values.setdefault("http.request_in", []).append(asked.frame)
        values.setdefault("http.time", []).append(time - asked.time)
    if known.asked:
        values.setdefault("http.response_for.uri", []).append(known.asked[min(index, len(known.asked) - 1)][1])


def _forget(table: dict[Any, Any]) -> None:
    if len(table) > LIMIT:
        del table[next(iter(table))]

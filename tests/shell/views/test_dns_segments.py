"""Messages of DNS over TCP that go over several segments: the rest of one is not taken for another, as with tshark."""

from __future__ import annotations

from pathlib import Path

import pytest
from scapy.layers.dns import DNS, DNSQR, DNSRR

from aether.filters import all_fields
from tests.flows import Talk, needs_tshark
from tests.shell.views.test_agreement import differences, judged, recorded


def message(number: int, records: int) -> bytes:
    """Return an answer behind its length, as it stands in a stream."""
    names = [DNSRR(rrname="big.lab", type="TXT", ttl=60, rdata=b"%03d " % index * 20) for index in range(records)]
    body = bytes(DNS(id=number, qr=1, qd=DNSQR(qname="big.lab", qtype="TXT"), an=names))
    return len(body).to_bytes(2, "big") + body


def talk(*pieces: bytes, again: int = -1) -> list[tuple[int, bytes]]:
    """Return a connection in which a server sends so; the piece `again` is sent twice."""
    found = Talk(server=53).open()
    at = 1
    for index, piece in enumerate(pieces):
        for _ in range(1 + (index == again)):
            found.back(at, 1, piece)
        at += len(piece)
    return found.frames


LONG, SHORT = message(7, 20), message(0x4142, 1)
CUTS = {
    "in two": (LONG[:900], LONG[900:]),
    "in three, each of one size": (LONG[:700], LONG[700:1400], LONG[1400:]),
    "and another one behind the rest": (LONG[:900], LONG[900:] + SHORT),
    "and two of which one goes on": (SHORT + LONG[:500], LONG[500:] + SHORT + LONG[:300], LONG[300:]),
    "and another one in a segment of its own": (LONG[:900], LONG[900:], SHORT),
    "twelve bytes in": (LONG[:14], LONG[14:]),
}


@needs_tshark
@pytest.mark.parametrize("again", [-1, 0, 1])
@pytest.mark.parametrize("name", CUTS)
def test_the_rest_of_a_message_is_no_message(name: str, again: int, tmp_path: Path) -> None:
    frames = talk(*CUTS[name], again=again)
    read = recorded(frames)
    found, compared = judged(frames, read, tmp_path / "dns.pcap")
    assert not found and not differences(read)
    assert compared > 100


def test_each_message_is_answered_once() -> None:
    """The text of the rest says 'AB', which is the number of another one."""
    read = recorded(talk(LONG[:900], b"\0\x40AB" + LONG[904:], SHORT))
    assert [list(all_fields()["dns.id"].get(each)) for each in read[3:]] == [[7], [], [0x4142]]

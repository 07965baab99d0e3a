"""DNS messages: round trips, read and written as scapy does, names, compression, loops, limits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.compat import raw
from scapy.layers.dns import DNS, DNSQR, DNSRR

from aether.wire import dns
from aether.wire.dns import DnsMessage, Mx, Options, Question, Record, Soa, Srv, Text
from aether.wire.error import WireError

HEADER = bytes.fromhex("000080000001000000000000")
labels = st.binary(min_size=1, max_size=20)
names = st.lists(labels, max_size=6).map(lambda parts: ".".join(map(dns._show_label, parts)) or ".")
word = st.integers(0, 0xFFFF)
number = st.integers(0, 0xFFFFFFFF)
datas = st.one_of(
    st.tuples(st.just(dns.TYPE_A), st.binary(min_size=4, max_size=4)),
    st.tuples(st.just(dns.TYPE_AAAA), st.binary(min_size=16, max_size=16)),
    st.tuples(st.sampled_from([dns.TYPE_NS, dns.TYPE_CNAME, dns.TYPE_PTR]), names),
    st.tuples(st.just(dns.TYPE_MX), st.builds(Mx, word, names)),
    st.tuples(st.just(dns.TYPE_SOA), st.builds(Soa, names, names, number, number, number, number, number)),
    st.tuples(st.just(dns.TYPE_SRV), st.builds(Srv, word, word, word, names)),
    st.tuples(st.just(dns.TYPE_TXT), st.lists(st.binary(max_size=255), max_size=3).map(lambda s: Text(tuple(s)))),
    st.tuples(
        st.just(dns.TYPE_OPT), st.lists(st.tuples(word, st.binary(max_size=9)), max_size=3).map(
            lambda options: Options(tuple(options)))),
    st.tuples(st.just(99), st.binary(max_size=20)),
)
records = st.builds(
    lambda name, data, ttl, klass: Record(name, data[0], ttl, data[1], klass), names, datas, number, word)
some = st.lists(records, max_size=4)


@given(
    word, st.lists(st.builds(Question, names, word, word), max_size=2), some, some, some,
    st.lists(st.booleans(), min_size=5, max_size=5), st.integers(0, 15), st.integers(0, 15),
)
def test_round_trip(number, questions, answers, authorities, additionals, flags, opcode, code) -> None:
    message = DnsMessage(
        number, questions, response=flags[0], authoritative=flags[1], truncated=flags[2], recursion_desired=flags[3],
        recursion_available=flags[4], opcode=opcode, code=code, answers=answers, authorities=authorities,
        additionals=additionals)
    again = dns.parse(memoryview(dns.build(message)))
    for field in DnsMessage.__slots__:
        assert getattr(again, field) == getattr(message, field), field


def test_a_query_as_scapy_builds_it() -> None:
    ours = dns.build(DnsMessage(0x1234, [Question("www.example.org", dns.TYPE_AAAA)]))
    assert ours == raw(DNS(id=0x1234, rd=1, qd=[DNSQR(qname="www.example.org", qtype="AAAA")]))


def test_scapy_reads_what_we_compress() -> None:
    ours = dns.build(DnsMessage(7, [Question("www.example.org")], response=True, answers=[
        Record("www.example.org", dns.TYPE_CNAME, 60, "web.example.org"),
        Record("web.example.org", dns.TYPE_A, 60, b"\xc0\xa8\x01\x01"),
    ]))
    theirs = DNS(ours)
    assert theirs.an[0].rdata == b"web.example.org."
    assert (theirs.an[1].rrname, theirs.an[1].rdata) == (b"web.example.org.", "192.168.1.1")
    assert ours.count(b"example") == 1


def test_we_read_what_scapy_builds() -> None:
    message = dns.parse(raw(DNS(
        id=1, qr=1, aa=1, ra=1, rcode=3, qd=[DNSQR(qname="a.lab", qtype="A")],
        an=[DNSRR(rrname="a.lab", type="A", ttl=9, rdata="10.0.0.1")])))
    assert message.response and message.authoritative and message.recursion_available and not message.truncated
    assert message.code == dns.NAME_ERROR
    assert message.questions == [Question("a.lab")]
    assert message.answers == [Record("a.lab", dns.TYPE_A, 9, b"\x0a\0\0\1")]


def test_the_target_of_a_service_is_not_compressed() -> None:
    service = Record("a.lab", dns.TYPE_SRV, 1, Srv(1, 2, 3, "a.lab"))
    built = dns.build(DnsMessage(1, [Question("a.lab")], answers=[service]))
    assert built.count(b"\x01a\x03lab\x00") == 2


def test_a_name_beyond_the_reach_of_pointers() -> None:
    filler = [Record("x", 99, 1, bytes(9000)), Record("y", 99, 1, bytes(9000))]
    far = [Record("far.away", dns.TYPE_NS, 1, "far.away"), Record("x", dns.TYPE_NS, 1, "y")]
    message = DnsMessage(1, answers=filler + far)
    assert dns.parse(dns.build(message)).answers == filler + far


@pytest.mark.parametrize("name, encoded", [
    (".", b"\0"), ("a", b"\1a\0"), ("a.", b"\1a\0"), ("a.b", b"\1a\1b\0"), (r"a\.b", b"\3a.b\0"),
    (r"a\\b", b"\3a\\b\0"), (r"\000\255", b"\2\0\xff\0"), ("A-b_c", b"\5A-b_c\0"),
])
def test_names(name: str, encoded: bytes) -> None:
    built = dns.build(DnsMessage(0, [Question(name)], response=True, recursion_desired=False))
    assert built == HEADER + encoded + b"\0\1\0\1"
    assert dns.parse(built).questions == [Question(name.rstrip(".") or ".")]


@pytest.mark.parametrize("name", [
    "..", "a..b", ".a", "a" * 64, "a\\", "\\256", "ü.lab", ".".join(["a" * 63] * 4), "\\ü",
])
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(ValueError):
        dns.build(DnsMessage(0, [Question(name)]))


def test_the_longest_name() -> None:
    name = ".".join(["a" * 63] * 3 + ["b" * 61])
    assert dns.parse(dns.build(DnsMessage(0, [Question(name)]))).questions[0].name == name


@pytest.mark.parametrize("name, expected", [
    (b"\xc0\x0c", "dns.name"),                              # at itself
    (b"\xc0\x20", "dns.name"),                              # forward
    (b"\1a\xc0\x0c", "dns.name"),                           # a loop with a label
    (b"\x40a\0", "dns.name"),                               # a kind of label that never came to be
    (b"\x80a\0", "dns.name"),
    ((b"\x3f" + b"a" * 63) * 4 + b"\0", "dns.name"),
    ((b"\x3f" + b"a" * 63) * 3 + b"\x3e" + b"a" * 62 + b"\0", "dns.name"),  # 256 bytes
    (b"", "dns.truncated"),
    (b"\5ab", "dns.truncated"),
    (b"\xc0", "dns.truncated"),
    (b"\0\0", "dns.truncated"),
])
def test_malformed_names(name: bytes, expected: str) -> None:
    with pytest.raises(WireError) as caught:
        dns.parse(HEADER + name)
    assert caught.value.reason == expected


def answer(kind: int, data: bytes, length: int | None = None) -> bytes:
    head = bytes.fromhex("000080000000000100000000")
    return head + b"\0" + kind.to_bytes(2, "big") + b"\0\1\0\0\0\0" + (
        len(data) if length is None else length).to_bytes(2, "big") + data


@pytest.mark.parametrize("data, expected", [
    (answer(dns.TYPE_A, b"\1\2\3\4\5"), "dns.malformed"),
    (answer(dns.TYPE_A, b"\1\2\3"), "dns.malformed"),
    (answer(dns.TYPE_AAAA, b"\1\2\3\4"), "dns.malformed"),
    (answer(dns.TYPE_NS, b"\1a\0x"), "dns.malformed"),
    (answer(dns.TYPE_TXT, b"\2a"), "dns.malformed"),
    (answer(dns.TYPE_OPT, b"\0\1\0\2a"), "dns.malformed"),
    (answer(dns.TYPE_MX, b"\0"), "dns.truncated"),
    (answer(dns.TYPE_SOA, b"\0\0abc"), "dns.truncated"),
    (answer(99, b"abc", 4), "dns.truncated"),
    (answer(99, b"abc")[:11], "dns.truncated"),
    (bytes.fromhex("00000000ffff000000000000"), "dns.malformed"),
])
def test_malformed_records(data: bytes, expected: str) -> None:
    with pytest.raises(WireError) as caught:
        dns.parse(data)
    assert caught.value.reason == expected


def test_every_question_points_at_the_longest_name() -> None:
    """As many as are allowed: the most labels that a message can have."""
    count = dns.MAX_RECORDS
    first = b"".join([b"\1a"] * 127) + b"\0" + b"\0\1\0\1"
    data = b"\0\0\0\0" + count.to_bytes(2, "big") + bytes(6) + first + b"\xc0\x0c\0\1\0\1" * (count - 1)
    assert {question.name for question in dns.parse(data).questions} == {".".join("a" * 127)}


def test_a_long_chain_of_pointers() -> None:
    """Each of them points back, and the name at the end is short, but every record could go the whole way again."""
    def chain(pointers: int) -> bytes:
        jumps = b"".join([(0xC000 + at).to_bytes(2, "big") for at in (23, *range(24, 22 + 2 * pointers, 2))])
        return answer(99, b"\0" + jumps[:-2])[:6] + b"\0\2" + bytes(4) + answer(99, b"\0" + jumps[:-2])[12:] + (
            jumps[-2:] + bytes.fromhex("0001 0001 00000000 0004 0a000001"))

    assert dns.parse(chain(dns.MAX_POINTERS)).answers[1] == Record(".", dns.TYPE_A, 0, b"\x0a\0\0\1")
    with pytest.raises(WireError) as caught:
        dns.parse(chain(dns.MAX_POINTERS + 1))
    assert caught.value.reason == "dns.name"


def test_what_is_too_long_is_truncated() -> None:
    message = DnsMessage(3, [Question("a.lab")], response=True, answers=[
        Record("a.lab", dns.TYPE_A, 1, bytes((10, 0, 0, index))) for index in range(100)])
    assert len(dns.parse(dns.build(message)).answers) == 100
    short = dns.build(message, limit=dns.MAX_UDP)
    assert len(short) <= dns.MAX_UDP
    parsed = dns.parse(short)
    assert parsed.truncated and parsed.questions == message.questions and parsed.answers == []
    assert not message.truncated


@pytest.mark.parametrize("record", [
    Record("a", dns.TYPE_A, 1, b"\1\2\3"), Record("a", dns.TYPE_AAAA, 1, b""),
    Record("a", dns.TYPE_TXT, 1, Text((bytes(256),))), Record("a", 99, 1, bytes(65_536)),
])
def test_data_that_cannot_be(record: Record) -> None:
    with pytest.raises(ValueError):
        dns.build(DnsMessage(1, answers=[record]))


@given(st.lists(st.binary(max_size=300), max_size=5), st.integers(0, 400))
def test_messages_of_a_stream(messages: list[bytes], cut: int) -> None:
    """Whole ones come out one by one, and what is not whole stays as it is."""
    stream = b"".join(map(dns.framed, messages))
    rest, found = stream[:len(stream) - cut], []
    while True:
        message, rest = dns.unframed(rest)
        if message is None:
            break
        found.append(message)
    assert found == messages[:len(found)]
    assert b"".join(map(dns.framed, found)) + rest == stream[:len(stream) - cut]
    assert len(found) == len(messages) or cut

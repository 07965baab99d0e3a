"""Any text is an expression or a FilterError; no frame and no event makes an expression fail."""

from __future__ import annotations

import random
from functools import lru_cache
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from aether.events import KINDS, Event
from aether.filters import Filter, FilterError, Record, Records, all_fields, compile_filter, complete
from tests.filter_corpus import corpus

EXPRESSIONS = [
    line for line in Path("tests/filter_expressions.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
PIECES = [
    "tcp.port", "ip.src", "tcp.payload", "http.host", "tcp.flags.syn", "frame.time_relative", "tcp.state",
    "drop.reason", "event", "conn", "dir", "host", "tcp", "eth.src", "dns.aaaa", "nonsense", "==", "!=", "===", "~=",
    "<", ">=", "in", "contains", "matches", "and", "or", "xor", "not", "!", "&&", "||", "^^", "any", "all", "(", ")",
    "{", "}", ",", "..", "&", "+", "-", "*", "/", "%", "80", "-1", "0x50", "09", "1.5s", "192.168.1.0/24", "1.2.3.4",
    "47:45", "ff", "02:00:00:00:00:01", "::1", '"GET"', 'r"a+"', '"("', '"', "'x'", "[0:2]", "[-1]", "[5-2]", "[", "]",
    "len(", "max(", "string(", "$1.tcp.seq", "$9.ip.src", "$", "=", "ESTABLISHED", "true", "in", "out", "\n", "é",
    "\x00", "tcp.out_of_order",
]


def outcome(text: str) -> Filter | None:
    try:
        compiled = compile_filter(text, 1)
    except FilterError as error:
        assert 0 <= error.start <= len(error.text) and error.message and str(error)
        return None
    return compiled


@lru_cache(maxsize=1)
def compiled() -> list[Filter]:
    own = [name for name, field in all_fields().items() if field.ours]
    return [compile_filter(expression) for expression in EXPRESSIONS + own]


def probes() -> list[Record]:
    records = Records()
    return [records.frame(data, number=number) for number, (_, data) in enumerate(corpus()[::9], 1)]


@given(st.text(max_size=60))
@settings(max_examples=300)
def test_any_text(text: str) -> None:
    outcome(text)
    complete(text)


@given(st.lists(st.sampled_from(PIECES), max_size=12), st.sampled_from([" ", ""]))
@settings(max_examples=1500)
def test_any_pieces(pieces: list[str], between: str) -> None:
    text = between.join(pieces)
    complete(text)
    found = outcome(text)
    if found is not None:
        for record in probes():
            assert found.matches(record) in (True, False)
            assert found.matches(record, (record,)) in (True, False)


@given(st.sampled_from(EXPRESSIONS), st.integers(0, 80), st.sampled_from(PIECES), st.integers(0, 5))
@settings(max_examples=500)
def test_damaged_expressions(expression: str, place: int, piece: str, cut: int) -> None:
    outcome(expression[:place] + piece + expression[place + cut:])


@given(st.binary(max_size=120))
@settings(max_examples=60)
def test_any_bytes_as_a_frame(data: bytes) -> None:
    for candidate in (data, bytes(12) + b"\x08\x00" + data, bytes(12) + b"\x08\x06" + data):
        record = Records().frame(candidate, number=1)
        for one in compiled():
            assert one.matches(record) in (True, False)


def test_damaged_frames() -> None:
    """Every frame of the corpus, cut off and with bytes changed, is asked everything."""
    chance = random.Random(20)
    for _, data in corpus():
        for _ in range(4):
            damaged = bytearray(data[:chance.randrange(len(data) + 1)] if chance.random() < 0.5 else data)
            for _ in range(chance.randrange(6)):
                if damaged:
                    damaged[chance.randrange(len(damaged))] = chance.choice((0, 1, 255, chance.randrange(256)))
            record = Records().frame(bytes(damaged), number=1)
            for one in compiled():
                assert one.matches(record) in (True, False)


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.binary(max_size=8), st.just(object()), st.tuples())


@given(st.sampled_from(sorted(set(KINDS) - {"frame.sent", "frame.arrived", "frame.copied", "tcp.opened"})), st.data())
@settings(max_examples=150)
def test_any_values_of_events(kind: str, data: st.DataObject) -> None:
    values = tuple(data.draw(VALUES) for _ in KINDS[kind].fields[:data.draw(st.integers(1, 6))])
    record = Records().of(Event(1, 1, 0, "you", 0, kind, values, ("", 0)))
    for one in compiled():
        assert one.matches(record) in (True, False)

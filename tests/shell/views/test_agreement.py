"""What is shown of a frame, what filters say of it and what tshark says of it are the same, field by field.

The frames are those of both corpora, and those that every lesson sends. `disagreements.txt` lists what still differs in
the corpora; it may only shrink.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv6Address
from pathlib import Path

import pytest

from aether.filters import FilterField, Record, Records, all_fields
from aether.reading.types import IPV4, IPV6, PROTOCOL, TIME
from shell.reading.dissect import dissect
from tests.captures import pcap
from tests.dissection_corpus import corpus
from tests.flows import needs_tshark
from tests.lesson_captures import NAMES, session_of
from tests.shell.views.test_dissection import Values, excused, is_malformed, tshark

KNOWN = {
    (name, kind): int(count)
    for name, kind, count in map(str.split, Path(__file__).with_name("disagreements.txt").read_text().splitlines())
}
"""In how many frames a field differs. ``filters``: what is shown is not what filters say; ``unknown``: it is shown, and
no filter can ask for it; ``tshark``: what filters say is not what tshark says. The list may only shrink: a field that
has come to agree, in some frames or in all, is to be lowered or taken off."""


Frames = Sequence[tuple[int, bytes]]


@lru_cache(maxsize=1)
def records() -> list[Record]:
    return recorded(corpus())


def recorded(frames: Frames) -> list[Record]:
    maker = Records()
    return [maker.frame(data, number=number, time=time) for number, (time, data) in enumerate(frames, 1)]


def shown(record: Record) -> Values:
    """Return the values of every field of the tree, in order."""
    assert record.data is not None
    values: Values = defaultdict(list)
    for layer in dissect(record.data, record.context):
        for field in layer.fields:
            values[field.name].append(field.value)
            if layer.name == "data" and field.name != "data.data":
                # A tree shows the bytes once, by the name that they have where they are carried.
                values["data.data"].append(field.value)
    return values


def plain(field: FilterField, text: str) -> str:
    """Return a value as text in one form: numbers are written in two bases, and bytes with colons or without."""
    if field.type.family == "number":
        return str(int({"True": "1", "False": "0", "": "1"}.get(text, text), 0))
    if field.type.family == "bytes" and field.type is not IPV6:
        return text.replace(":", "")
    return text


def asked(field: FilterField, record: Record) -> list[str]:
    """Return what filters say, in the same form."""
    return [_text(field, value) for value in field.get(record)]


def _text(field: FilterField, value: object) -> str:
    if isinstance(value, bytes):
        if field.type is IPV4:
            return ".".join(map(str, value))
        return str(IPv6Address(value)) if field.type is IPV6 else value.hex()
    return str(int(value)) if isinstance(value, int) else str(value)


def differences(records: Sequence[Record]) -> Counter[tuple[str, str]]:
    """Count the frames in which what is shown is not what filters say."""
    found: Counter[tuple[str, str]] = Counter()
    fields = all_fields()
    for record in records:
        values = shown(record)
        for name, texts in values.items():
            field = fields.get(name)
            if field is None:
                found[name, "unknown"] += 1
            elif [plain(field, text) for text in texts] != asked(field, record):
                found[name, "filters"] += 1
        for name, field in fields.items():
            if name == "data.data" and "http.file_data" in values:
                continue  # likewise: the body of a page
            if name in shown_names() and name not in values and asked(field, record):
                found[name, "filters"] += 1
    return found


@lru_cache(maxsize=1)
def shown_names() -> frozenset[str]:
    return frozenset(name for record in records() for name in shown(record))


def test_what_is_shown_is_what_filters_say() -> None:
    assert len(records()) >= 516
    assert differences(records()) == Counter({key: count for key, count in KNOWN.items() if key[1] != "tshark"})


def judged(frames: Frames, records: Sequence[Record], path: Path) -> tuple[Counter[tuple[str, str]], int]:
    """Count the frames in which what filters say is not what tshark says, and the values that were compared."""
    path.write_bytes(pcap(frames))
    theirs = tshark(path)
    fields = [field for field in all_fields().values()
              if not field.ours and not field.measured and field.type not in (PROTOCOL, TIME)
              and not field.name.startswith("frame.")]  # what is measured needs whole talks: test_filters_measured
    found: Counter[tuple[str, str]] = Counter()
    compared = 0
    for record, one in zip(records, theirs, strict=True):
        for field in fields:
            if excused(field.name, one):
                continue
            a, b = [plain(field, text) for text in one.get(field.name, [])], asked(field, record)
            if is_malformed(one):
                both = min(len(a), len(b))
                a, b = a[:both], b[:both]
            compared += len(a)
            if a != b:
                found[field.name, "tshark"] += 1
    return found, compared


@needs_tshark
def test_what_filters_say_is_what_tshark_says(tmp_path: Path) -> None:
    found, compared = judged(corpus(), records(), tmp_path / "corpus.pcap")
    assert compared > 20_000
    assert found == Counter({key: count for key, count in KNOWN.items() if key[1] == "tshark"})


@needs_tshark
@pytest.mark.parametrize("name", NAMES)
def test_what_a_lesson_sends_is_read_alike(name: str, tmp_path: Path) -> None:
    frames = session_of(name)
    read = recorded(frames)
    assert not differences(read)
    found, compared = judged(frames, read, tmp_path / "lesson.pcap")
    assert not found
    assert compared > 10 * len(frames) > 0


def test_lessons_send_enough() -> None:
    assert sum(len(session_of(name)) for name in NAMES) >= 900

"""Whatever a frame is, the getters of filters say what its reader finds, nothing raises, and fields are in place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aether.filters import Record, Records, all_fields, compile_filter
from aether.reading.packet import Dissected, layers
from aether.reading.protocols import PROTOCOLS
from aether.wire import ipv4, tcp
from tests.dissection_corpus import corpus

YOU, HOST = bytes((192, 168, 1, 2)), bytes((192, 168, 1, 1))
NAMES = [field.name for protocol in PROTOCOLS for field in protocol.fields]


def segment(options: bytes) -> bytes:
    return bytes(12) + b"\x08\x00" + ipv4.build(YOU, HOST, 6, tcp.build(YOU, HOST, 5, 6, 7, 8, tcp.SYN, 9, options))


def damaged(data: st.DataObject) -> bytes:
    _, frame = data.draw(st.sampled_from(corpus()))
    raw = bytearray(frame)
    for _ in range(data.draw(st.integers(0, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    return bytes(raw[:data.draw(st.integers(0, len(raw)))]) if data.draw(st.booleans()) else bytes(raw)


def disagreeing(record: Record) -> list[tuple[str, list[object], list[object]]]:
    """Return the fields of which getters and the reader of the whole frame say different things."""
    packet = record.dissect()
    context = record.conversation() if packet.tcp and not packet.tcp[0].ip.quoted else None
    found = packet.read("eth", context).found
    fields = all_fields()
    both = [(name, list(fields[name].get(record)), list(found.get(name, ()))) for name in NAMES]
    return [(name, said, read) for name, said, read in both if said != read]


def test_getters_say_what_the_reader_of_the_whole_frame_finds() -> None:
    maker = Records()
    for when, frame in corpus():
        assert disagreeing(maker.frame(frame, time=when)) == []


@settings(max_examples=300)
@given(st.data())
def test_getters_do_so_for_any_damaged_frame(data: st.DataObject) -> None:
    assert disagreeing(Records().frame(damaged(data))) == []


@settings(max_examples=300)
@given(st.data())
def test_every_field_stands_in_the_frame(data: st.DataObject) -> None:
    frame = damaged(data)
    for layer in layers(frame):
        assert 0 <= layer.offset <= layer.offset + layer.length <= len(frame)
        for each in layer.fields:
            assert 0 <= each.offset <= each.offset + each.length <= len(frame), each
            assert isinstance(each.words, str) and isinstance(each.text, str)


def test_some_frames_are_plain_and_some_are_not() -> None:
    plain = [Dissected(frame).plain for _, frame in corpus()]
    assert 50 < sum(plain) < len(plain) - 50


@pytest.mark.parametrize("shift, factor", [(0, 1), (7, 128), (14, 16_384), (15, 16_384), (255, 16_384)])
def test_a_window_shift_counts_as_fourteen_at_the_most(shift: int, factor: int) -> None:
    record = Record(segment(bytes((3, 3, shift, 0))))
    assert list(all_fields()["tcp.options.wscale.multiplier"].get(record)) == [factor]
    assert [each.value for layer in layers(segment(bytes((3, 3, shift, 0)))) for each in layer.fields
            if each.field.name == "tcp.options.wscale.multiplier"] == [factor]


@pytest.mark.parametrize("expression", [
    "igmp", 'igmp.type == "leave group"', "igmp.maddr == 224.1.2.3", "igmp.max_resp > 0", "igmp.record_type == 2",
    "tcp.options.md5", "tcp.options.md5.digest contains 0e:0f", "tcp.options.user_to_val == 30", "icmp.pointer == 1",
    "icmp.unused", "icmp.router_address", "dns.rr.udp_payload_size == 4096", "dns.resp.z.do == 1",
    "dhcp.option.option_overload == 1", "dhcp.option.domain_name == file", "ip.opt.ra == 7", "ip.rec_rt == 10.0.0.1",
    "eth.padding", "eth.trailer", "data.data contains 68:65", "ip.version == 6",
])
def test_what_is_shown_can_be_asked_for(expression: str) -> None:
    maker, compiled = Records(), compile_filter(expression)
    found = [compiled.test(maker.frame(frame, time=when)) for when, frame in corpus()]
    assert 0 < sum(found) < len(found)


def test_fields_are_declared_once() -> None:
    assert len(NAMES) == len(set(NAMES)) == len([name for name in NAMES if name in all_fields()])
    assert all(field.help and field.label for protocol in PROTOCOLS for field in protocol.fields)

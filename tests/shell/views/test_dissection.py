"""`frame N --json` has the values that tshark's JSON has, for every frame of a corpus of all protocols."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aether.wire import ipv4, tcp
from aether.wire.checksum import checksum
from shell.reading.dissect import dissect
from tests.captures import pcap
from tests.dissection_corpus import corpus
from tests.shell.conftest import Shell
from tests.unit.filters.test_filters_wireshark import PREFERENCES

Values = dict[str, list[str]]

ALWAYS_DIFFERENT = {
    "data.data": "bytes of protocols that only tshark takes apart; the payload of TCP and UDP has its own name",
    "data.len": "likewise",
    "ip.options": "all options as bytes; tshark has no such field",
    "dhcp.option.client_id": "tshark takes an identifier that is no address apart",
}
"""Fields that are not compared, and why."""
DIFFERENT: list[tuple[str, str, Callable[[str], bool], Callable[[Values], bool]]] = [
    ("dhcp.option.type", "the end of the options has the type 0 there", lambda name: name == "dhcp.option.type",
     lambda theirs: "dhcp.option.end" in theirs),
    ("checksum.status", "of a packet that is cut off, tshark verifies what is left",
     lambda name: name.endswith("checksum.status"), lambda theirs: "ip.bogus_ip_length" in theirs),
    ("source routes", "tshark calls the end of the route the destination; here it is what the header says",
     lambda name: name in ("ip.dst", "ip.src_rt", "ip.addr", "ip.dst_host", "ip.host"),
     lambda theirs: "ip.cur_rt" in theirs),
    ("scaling after a SYN with malformed options", "tshark gives up on the SYN, and takes note of nothing",
     lambda name: name == "tcp.window_size_scalefactor", lambda theirs: "_ws.malformed" in theirs),
    ("payload of a reset", "tshark calls it the cause", lambda name: name == "tcp.payload",
     lambda theirs: "tcp.reset_cause" in theirs),
    ("sequence of a segment with an impossible header", "it belongs to no conversation here",
     lambda name: name == "tcp.seq", lambda theirs: "tcp.bogus_header_length" in theirs),
    ("payload of a datagram that is shorter than its packet", "tshark takes all of the packet",
     lambda name: name == "udp.payload",
     lambda theirs: (theirs.get("udp.length"), theirs.get("ip.len")) == (["12"], ["38"])),
    ("length of a root name", "tshark counts a label", lambda name: name == "dns.count.labels",
     lambda theirs: "<Root>" in theirs.get("dns.qry.name", [])),
]
"""Fields that differ in some frames: what, why, which field, which frame."""

SECOND_HAND = (
    "_ws.", ".addr", "_resolved", ".oui", "_host", ".host", ".port", ".stream", ".checksum_calculated", ".analysis.",
    ".time_", "tcp.connection.", "tcp.completeness", "tcp.nxtseq", "tcp.window_size_scalefactor", "tcp.flags.str",
    "bad", "bogus", "invalid", "malformed", "missing", "overloaded", "absent", "present", "short_segment", "too_small",
    "nonzero", "resp_to", "resptime", "original_datagram", "duplicate", "eth.ig", "eth.lg", "arp.is", "data.len",
    "dns.retransm", "dns.response_to", "dns.time", "dns.unsolicited", "http.chat", "http.request_", "http.response_",
    "http.prev", "http.time", "http.request", "http.response", "given", "not_given", "reset_cause", "tcp.nop",
    "\\r\\n", "dhcp.bootp", "Answers", "Queries", "dhcp.option.padding", "tcp.options.sack.", "cookie_pair",
    ".mant", ".exp", "ip.options.", "ip.cur_rt", "unknown.payload", "experimental.exid", "client_id.",
    "dhcp.client_address", "ip.opt.qs",
)
"""Parts of names of what tshark adds: computed from other fields or frames, the same value again, or an opinion."""
OTHER_PROTOCOLS = ("ipv6", "llc", "stp", "loop", "echo", "esp", "ospf", "sctp", "wol", "body", "icmpv6")


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dissection") / "corpus.pcap"
    path.write_bytes(pcap(corpus()))
    return path


def tshark(path: Path) -> list[Values]:
    """Return the values of every frame as tshark has them, by the names of the fields, in their order."""
    options = [part for preference in (*PREFERENCES, "eth.fcs:Never") for part in ("-o", preference)]
    done = subprocess.run(
        ["tshark", "-r", str(path), *options, "-T", "json"], capture_output=True, check=True, text=True, timeout=120)
    found = []
    for frame in json.loads(done.stdout, object_pairs_hook=lambda pairs: pairs):
        layers = dict(dict(frame)["_source"])["layers"]
        values: Values = defaultdict(list)
        _collect([pair for pair in layers if pair[0] != "frame"], values)
        found.append(values)
    return found


def _collect(pairs: list[Any], values: Values) -> None:
    for name, value in pairs:
        if not isinstance(value, list):
            values[name].append(value)
        elif value and isinstance(value[0], tuple):
            _collect(value, values)
        else:
            for each in value:
                if isinstance(each, list):
                    _collect(each, values)
                else:
                    values[name].append(each)


def is_malformed(theirs: Values) -> bool:
    """Tell whether tshark gave up on a frame: then either may show more of it than the other."""
    return "_ws.malformed" in theirs or any("bogus" in name for name in theirs)


def excused(name: str, theirs: Values) -> bool:
    return name in ALWAYS_DIFFERENT or any(field(name) and frame(theirs) for _, _, field, frame in DIFFERENT)


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed (apt-get install tshark)")
def test_fields_have_the_values_of_tshark(shell: Shell, capture: Path) -> None:
    theirs = tshark(capture)
    shell.run(f"capture load {capture}")
    ours: list[Values] = []
    for number in range(1, len(corpus()) + 1):
        values: Values = defaultdict(list)
        for layer in json.loads(shell.run(f"frame {number} --json"))["layers"]:
            for field in layer["fields"]:
                values[field["name"]].append(field["value"])
        ours.append(values)
    assert len(theirs) == len(ours) >= 300
    names = {name for values in ours for name in values}
    differing = []
    compared = 0
    for number, (one, other) in enumerate(zip(theirs, ours, strict=True), 1):
        for name in sorted(names):
            if excused(name, one):
                continue
            a, b = one.get(name, []), other.get(name, [])
            if is_malformed(one):
                both = min(len(a), len(b))
                a, b = a[:both], b[:both]
            compared += len(a)
            if a != b:
                differing.append((number, name, a, b))
    assert not differing
    assert compared > 20_000
    unseen = {name for values in theirs for name in values if " " not in name} - names
    unseen = {name for name in unseen if name.partition(".")[0] not in OTHER_PROTOCOLS}
    assert not {name for name in unseen if not any(part in name for part in SECOND_HAND)}


def test_every_protocol_is_in_the_corpus() -> None:
    layers = {layer.name for _, frame in corpus() for layer in dissect(frame)}
    assert layers == {
        "eth", "arp", "ip", "ipv6", "icmp", "igmp", "tcp", "udp", "dns", "dhcp", "http", "data", "padding",
        "llc"}
    assert sum(bool(layer.problem) for _, frame in corpus() for layer in dissect(frame)) > 60


def test_every_field_stands_where_it_says() -> None:
    for _, frame in corpus():
        for layer in dissect(frame):
            assert 0 <= layer.offset <= layer.offset + layer.length <= len(frame)
            for field in layer.fields:
                assert 0 <= field.offset <= field.offset + field.length <= len(frame), field


def test_any_prefix_of_any_frame_is_taken_apart() -> None:
    for _, frame in corpus()[::7]:
        for length in range(min(len(frame), 120)):
            dissect(frame[:length])


def test_a_checksum_that_is_left_to_the_card_is_not_called_wrong() -> None:
    source, target = bytes((192, 168, 1, 1)), bytes((192, 168, 1, 2))
    segment = bytearray(tcp.build(source, target, 5, 6, 7, 8, 2, 9))
    said = {}
    for name, value in (("offload", checksum(source + target + b"\0\6\0\x14") ^ 0xFFFF), ("wrong", 0x1234)):
        segment[16:18] = value.to_bytes(2, "big")
        fields = dissect(bytes(12) + b"\x08\x00" + ipv4.build(source, target, 6, bytes(segment)))[2].fields
        said[name] = next(field.text for field in fields if field.name == "tcp.checksum")
    assert said["offload"].endswith("not yet computed")
    assert said["wrong"] == "0x1234 WRONG"


@settings(max_examples=400)
@given(st.data())
def test_any_damage_is_taken_apart(data: st.DataObject) -> None:
    _, frame = data.draw(st.sampled_from(corpus()))
    raw = bytearray(frame)
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    for layer in dissect(bytes(raw)):
        assert 0 <= layer.offset <= layer.offset + layer.length <= len(raw)
        for field in layer.fields:
            assert 0 <= field.offset <= field.offset + field.length <= len(raw), field

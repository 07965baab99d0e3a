"""What expressions select: events and what they carry, captures, values that are written in many ways."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aether.events import DROPS, KINDS, Event
from aether.filters import FilterError, Record, Records, all_fields, compile_filter
from aether.filters.tables.events import TIMERS
from aether.lab import simulated
from aether.operations.tcp import TcpClose, TcpConnect, TcpSend
from aether.tcp.states import STATES
from tests.filter_corpus import corpus


@pytest.fixture(scope="module")
def story() -> list[Record]:
    """A connection from you to the host, a request and its answer, the close; then one to a closed port."""
    world, records = simulated(seed=3), Records()
    found: list[Record] = []

    def observer(host: str, kind: str, *values: Any) -> None:
        serial = len(found) + 1
        found.append(records.of(Event(serial, world.occurrence, world.now, host, world.frame, kind, values, ("", 0))))

    def run(until: int) -> None:
        while world.step(until):
            pass
        world.advance(until)

    world.observe(observer)
    number = world.do(TcpConnect(address="192.168.1.1", port=80))
    run(100_000)
    world.do(TcpSend(conn=number, data=b"GET / HTTP/1.1\r\nHost: you\r\n\r\n"))
    run(200_000)
    world.do(TcpClose(conn=number))
    run(300_000)
    world.do(TcpConnect(address="192.168.1.1", port=4444))
    run(400_000)
    world.do(TcpConnect(host="host", address="192.168.1.2", port=7))
    run(500_000)
    return found


def kinds_selected(story: list[Record], expression: str) -> list[str]:
    compiled = compile_filter(expression)
    return [record.kind for record in story if compiled.matches(record)]


@pytest.mark.parametrize(("expression", "kinds"), [
    ("event == tcp.opened", ["tcp.opened"] * 5),
    ('event == "tcp.opened" and conn == 1', ["tcp.opened"] * 2),
    ("event == tcp.state and tcp.state == ESTABLISHED and conn == 1", ["tcp.state"] * 2),
    ("tcp.state == ESTABLISHED and host == you", ["tcp.state"] * 2),
    ("tcp.state == established and conn == 1 and host == you", ["tcp.state"]),
    ("tcp.state == syn_sent", ["tcp.state"] * 3),
    ("tcp.state.old == LISTEN", ["tcp.state"] * 2),
    ("tcp.state.old == tcp.state.new", []),
    ("tcp.state in {TIME-WAIT FIN-WAIT-2}", ["tcp.state"] * 2),
    ('tcp.state contains "WAIT" and host == you', ["tcp.state"] * 3),
    ('tcp.state.cause matches "^rcv rst"', ["tcp.state"]),
    # A frame field beside an event asks about the frame that is being handled.
    ("event == tcp.state and tcp.flags.reset == 1", ["tcp.state"]),
    ("drop", ["drop"]),
    ("drop.reason == tcp.no_listener", ["drop"]),
    ("drop == tcp.no_listener and tcp.flags.syn == 1", ["drop"]),
    ('drop.detail == "port 4444"', ["drop"]),
    ("drop.reason == tcp.out_of_order", []),
    ("frame.dropped and tcp.dstport == 4444", ["drop"]),
    ("frame.lost", []),
    ("timer.kind == time-wait and timer.action == started", ["tcp.timer"]),
    ("timer.kind == rto and timer.action == started and conn == 2", ["tcp.timer"]),
    ("timer.deadline > 60s", {"tcp.timer"}),
    ("tcp.timer.deadline > 60s and tcp.timer == time-wait", ["tcp.timer"]),
    ("tcp.rtt.rto >= 200ms and tcp.rtt.srtt < 1ms and host == host", {"tcp.rtt"}),
    ("tcp.rtt.rto >= 200s", set()),
    ("tcp.error == ECONNREFUSED", ["tcp.error"]),
    ("tcp.reset", ["tcp.reset"]),
    ("app.name == http", ["app"]),
    ("user.operation == TcpClose", ["user"]),
    ("arp.learned and host == you", ["arp.learned"]),
    ("arp.learned.mac == 02:00:00:00:00:01", ["arp.learned"]),
    ("arp.asked.address == 192.168.1.0/24", ["arp.asked"]),
    ("tcp.opened.remote_port == 80", ["tcp.opened"]),
    ("tcp.opened.local == 192.168.1.1 and tcp.opened.local_port == 80", ["tcp.opened"]),
    ("conn == 2 and not event in {tcp.timer tcp.state tcp.error}", [
        "tcp.opened", "frame.sent", "frame.arrived", "drop", "tcp.reset", "frame.sent", "frame.arrived"]),
    # Frames alone: each is seen when it is sent and when it arrives, and not with all that it causes.
    ("conn == 2 and tcp", ["frame.sent", "frame.arrived", "drop", "frame.sent", "frame.arrived"]),
    ("http.request", ["frame.sent", "frame.arrived"]),
    ("http.response.code == 200 and event == frame.arrived", ["frame.arrived"]),
    ("arp", ["frame.sent", "frame.arrived"] * 2),
    ("arp.opcode == request and dir == out", ["frame.sent", "frame.arrived"]),
    ("arp.opcode == reply and dir == out", []),
    ("tcp.flags.syn == 1 and tcp.flags.ack == 0 and dir == in", ["frame.sent", "frame.arrived"]),
    ("tcp.flags.syn == 1 and tcp.flags.ack == 0 and dir == in and host == you", ["frame.arrived"]),
    # Who names a host asks for directions as that host sees them.
    ("http.request and dir == in and host == host", ["frame.arrived"]),
    ("http.request and dir == out and host == host", []),
    ("http.response and dir == out and host == host", ["frame.sent"]),
    ("tcp.seq == 0 and tcp.ack == 1 and conn == 1", ["frame.sent", "frame.arrived"]),
    ("tcp.seq_raw == 0 and tcp.flags.reset == 1", ["frame.sent", "frame.arrived"]),
    ("frame.link == lan and arp.opcode == 2 and event == frame.sent", ["frame.sent"]),
    ("time < 1ms and frame.sent", ["frame.sent"] * 5),
    ("time >= 300ms and frame.arrived and conn == 2", ["frame.arrived"] * 2),
    ("frame.number == 1", ["frame.sent", "frame.arrived"]),
    ("frame.number == 1 and arp.learned", ["arp.learned"]),
])
def test_events(story: list[Record], expression: str, kinds: list[str] | set[str]) -> None:
    selected = kinds_selected(story, expression)
    # How often a timer is moved is the stack's affair.
    assert (selected if isinstance(kinds, list) else set(selected)) == kinds


def event(kind: str, *values: Any, serial: int = 1, host: str = "you", frame: int = 0, time: int = 0) -> Event:
    return Event(serial, serial, time, host, frame, kind, values, ("", 0))


def test_every_kind_and_value_is_a_field_and_can_be_asked_for() -> None:
    for kind, declared in KINDS.items():
        samples = {name: b"\1\2\3\4\5\6" if "mac" in name else b"\1\2\3\4" if all_fields()[
            f"{kind}.{name}"].type.family in ("address", "bytes") else 7 if all_fields()[
            f"{kind}.{name}"].type.family in ("number", "time") else "word" for name in declared.fields}
        record = Records().of(event(kind, *samples.values()))
        other = Records().of(event("app" if kind != "app" else "knob", "a", "b", "c"))
        assert compile_filter(kind).matches(record)
        assert not compile_filter(kind).matches(other)
        for name in declared.fields:
            compiled = compile_filter(f"{kind}.{name}")
            assert compiled.matches(record), name
            assert not compiled.matches(other)


def test_a_lost_frame_is_dropped_and_a_link_says_why() -> None:
    data = next(data for _, data in corpus() if b"HTTP/1.1 200" in data)
    records = Records()
    sent = records.of(event("frame.sent", 5, "lan", data))
    lost = records.of(event("frame.lost", 5, "lan", "drop next", host="lan"))
    assert not compile_filter("frame.dropped").matches(sent)
    for expression in ("frame.dropped and tcp.len > 0", "frame.lost", 'frame.lost.cause == "drop next"', "http"):
        assert compile_filter(expression).matches(lost), expression
    assert not compile_filter("drop").matches(lost)
    # Known later, when the frame is listed.
    sent.lost = "rate"
    assert compile_filter("frame.lost and frame.dropped").matches(sent)
    sent.dropped = "tcp.paws"
    assert compile_filter("drop.reason == tcp.paws").matches(sent)


def test_copies_and_altered_frames_keep_their_conversation() -> None:
    data = next(data for _, data in corpus() if b"HTTP/1.1 200" in data)
    records = Records()
    first = records.of(event("frame.sent", 1, "lan", data))
    records.of(event("frame.copied", 2, "lan", 1, host="lan"))
    copy = records.of(event("frame.arrived", 2, "lan", data))
    altered = bytearray(data)
    altered[34] ^= 0x80
    wrong = records.of(event("frame.arrived", 1, "lan", bytes(altered)))
    for record in (first, copy, wrong):
        assert compile_filter("tcp.seq == 1 and tcp.stream == 0").matches(record)
    assert not compile_filter("tcp.srcport == 80").matches(wrong)


def test_captures_name_earlier_records(story: list[Record]) -> None:
    request = next(record for record in story if compile_filter("http.request").matches(record))
    answer = compile_filter("tcp.ack == $1.tcp.nxtseq and tcp.srcport == $1.tcp.dstport and not http.request", 1)
    found = [record for record in story if answer.matches(record, (request,))]
    assert [record.kind for record in found][:2] == ["frame.sent", "frame.arrived"]
    assert compile_filter("http.response").matches(found[0])
    same = compile_filter("conn == $1.conn and time > $1.time + 50ms and event == tcp.state", 1)
    assert [record.value("new") for record in story if same.matches(record, (request,))][:1] == ["FIN-WAIT-1"]
    # Without the record that it refers to, it matches nothing, and keeps nothing of the last question.
    assert not any(answer.matches(record) for record in story)
    both = compile_filter("frame.number == $2.frame.number", 2)
    assert both.matches(request, (story[0], request))
    assert not both.matches(request, (request,))


@pytest.mark.parametrize(("one", "other"), [
    ("tcp.port in {80 443}", "tcp.port in {80, 443}"),
    ("tcp.port in {79..81 442 .. 444}", "tcp.port in {79,80,81,442..444}"),
    ("80 == tcp.port", "tcp.port == 80"),
    ("100 < frame.len < 200", "frame.len > 100 and frame.len < 200"),
    ("tcp xor udp", "(tcp or udp) and not (tcp and udp)"),
    ("tcp ^^ udp ^^ arp", "(tcp and !udp and !arp) or (!tcp and udp and !arp) or (!tcp and !udp and arp)"),
    ("ip.proto == udp", "ip.proto == 17"),
    ("ip.proto in {icmp igmp}", "ip.proto == 1 or ip.proto == 2"),
    ("arp.opcode == request", "arp.opcode == 1"),
    ("icmp.type == \"echo request\"", "icmp.type == 8"),
    ("dns.qry.type == aaaa", "dns.qry.type == 28"),
    ("dhcp.option.dhcp == ack", "dhcp.option.dhcp == 5"),
    ("tcp.checksum.status == bad", "tcp.checksum.status == 0"),
    ("eth.type == arp", "eth.type == 0x806"),
    ("tcp.flags.syn == true", "tcp.flags.syn == 1"),
    ("tcp.port not in {80}", "not tcp.port in {80}"),
    ("tcp.port !in {80}", "!(tcp.port in {80})"),
    ("all tcp.port in {80 50000}", "tcp.srcport in {80 50000} and tcp.dstport in {80 50000} and not icmp"),
    ("tcp.payload contains 47:45:54", "tcp.payload contains \"GET\""),
    ("tcp.payload contains 0x474554", "tcp.payload contains \"\\x47\\105T\""),
    ("tcp.payload[0:3] == 474554", "tcp.payload[:3] == \"GET\""),
    ("frame.time_relative < 3500ms", "frame.time_relative < 3.5"),
    ("frame.time_relative >= 1m", "frame.time_relative >= 60s"),
    ("time == frame.time_relative", "frame"),
    ("tcp.len", "tcp and tcp.len >= 0"),
    ("http.request.method == GET", "http.request.method == \"GET\""),
    ("tcp.srcport >= 0x50 && tcp.srcport <= 0b1010000", "tcp.srcport == 0120"),
    ("ip.src == 192.168.1.77/24", "ip.src == 192.168.1.0/24"),
    ("ip.src in {192.168.1.0/24 10.0.0.0/8}", "ip.src == 192.168.1.0/24 or ip.src == 10.0.0.0/8"),
    ("ip.src === 192.168.1.0/24", "ip.src != 0.0.0.0 and not ip.src ~= 192.168.1.0/24"),
    ("tcp.flags & 0x12 == 0x12", "tcp.flags.syn == 1 and tcp.flags.ack == 1"),
    ("ip.src & ff:ff:ff:00 == c0:a8:01:00", "ip.src == 192.168.1.0/24"),
    ("tcp.payload matches r\"^\\w+ /\"", "tcp.payload matches \"^\\\\w+ /\""),
    ("len(tcp.payload) == tcp.len", "tcp.len > 0"),
    ("tcp.srcport - tcp.dstport < -1", "tcp.srcport + 1 < tcp.dstport"),
    ("frame.number == 40 + 2 * 3", "frame.number == 46"),
    ("frame.number == 2 * {20 + 3}", "frame.number == 46"),
    ("dns.aaaa == 2001:db8:0:0:0:0:0:1", "dns.aaaa == 2001:db8::1"),
    ("min(tcp.srcport, tcp.dstport) == 80 and not icmp", "tcp.port == 80 and min(tcp.port) == 80"),
    ("!!tcp", "tcp"),
    ("not tcp and not udp", "!(tcp || udp)"),
    ("tcp or udp and arp", "tcp or (udp and arp)"),
    ("not tcp or udp", "(not tcp) or udp"),
    ("tcp\n  and\tudp", "tcp and udp"),
])
def test_two_ways_to_say_the_same(one: str, other: str) -> None:
    records = Records()
    made = [records.frame(data, number=number, time=time) for number, (time, data) in enumerate(corpus(), 1)]
    first, second = compile_filter(one), compile_filter(other)
    found = [record.number for record in made if first.matches(record)]
    assert found == [record.number for record in made if second.matches(record)]
    assert found or one in ("tcp xor udp", "tcp\n  and\tudp"), "an expression that selects nothing proves nothing"


def test_a_frame_that_nobody_followed_is_the_first_of_its_conversation() -> None:
    syn = next(data for _, data in corpus() if data[23:24] == b"\6" and data[47] == 2)
    answer = next(data for _, data in corpus() if data[23:24] == b"\6" and data[47] == 0x12)
    assert compile_filter("tcp.seq == 0 and tcp.stream == 0").matches(Record(syn))
    assert compile_filter("tcp.seq == 0 and tcp.ack == 1").matches(Record(answer))


@pytest.mark.parametrize(("expression", "part"), [
    ("tcp.flags.syn", "tcp.flags.syn == 1"),
    ("tcp.port == 80 and tcp.flags.syn", "tcp.flags.syn == 1"),
    ("frame.dropped == 0", "!frame.dropped"),
    ("arp.isprobe == false", "!arp.isprobe"),
])
def test_what_is_hardly_meant_is_noticed(expression: str, part: str) -> None:
    notices = compile_filter(expression).notices
    assert len(notices) == 1
    assert part in notices[0]


@pytest.mark.parametrize(
    "expression", ["tcp.flags.syn == 1", "frame.dropped", "!frame.lost", "http.request", "tcp.len"])
def test_what_is_plain_is_not_noticed(expression: str) -> None:
    assert compile_filter(expression).notices == ()


def test_which_records_are_asked() -> None:
    assert compile_filter("tcp.len > 0 and conn == 1").only_frames
    assert compile_filter("not tcp").only_frames
    assert not compile_filter("conn == 1").only_frames
    assert not compile_filter("event == tcp.state and tcp.len > 0").only_frames
    assert compile_filter("tcp.port == 80 and host == you").names == ("tcp.port", "host")


def test_drops_of_frames_that_are_not_known() -> None:
    record = Records().of(event("drop", "arp.unresolved", 0, "1.2.3.4"))
    assert compile_filter("frame.dropped and drop.reason == arp.unresolved").matches(record)
    assert not compile_filter("tcp or arp or frame").matches(record)


def test_every_reason_and_state_can_be_named_without_quotes() -> None:
    for reason in DROPS:
        record = Records().of(event("drop", reason, 0, ""))
        assert compile_filter(f"drop.reason == {reason}").matches(record)
        assert compile_filter(f'drop.reason == "{reason}"').matches(record)
    for kind in KINDS:
        assert compile_filter(f"event == {kind}").text


def test_states_are_those_of_the_stack() -> None:
    assert tuple(all_fields()["tcp.state"].choices()) == STATES  # type: ignore[misc]


def test_a_compiled_expression_travels_as_its_text() -> None:
    compiled = compile_filter("tcp.port == 80 and frame.number == $1.frame.number", 1)
    copy = pickle.loads(pickle.dumps(compiled))
    assert (copy.text, copy.captures) == (compiled.text, 1)
    with pytest.raises(FilterError) as caught:
        compile_filter("tcp.prot")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_conversations_survive_a_pickle() -> None:
    records, seen = Records(), corpus()
    for _, data in seen[:45]:
        records.frame(data)
    copy = pickle.loads(pickle.dumps(records.conversations))
    for one, two in zip((records.frame(data) for _, data in seen[45:60]), seen[45:60], strict=True):
        context = copy.follow(one.dissect())
        assert two[1] == one.data
        assert (context is None) == (one.context is None)
        if context is not None and one.context is not None:
            assert (context.seq_base, context.ack_base, context.conversation.index) == (
                one.context.seq_base, one.context.ack_base, one.context.conversation.index)


def test_lark_waits_for_the_first_expression() -> None:
    code = (
        "import sys, aether.filters as f; assert 'aether.filters.fields' not in sys.modules; "
        "f.complete('tcp.'); f.Records(); assert 'lark' not in sys.modules; "
        "f.compile_filter('tcp'); assert 'lark' in sys.modules")
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_timer_is_known() -> None:
    """Whatever timer a connection starts can be asked for, and no other."""
    started = {
        name for path in Path("aether/tcp").glob("*.py")
        for name in re.findall(r"\bstart\(\s*\"([a-z0-9-]+)\"", path.read_text(encoding="utf-8"))}
    assert started == set(TIMERS)
    with pytest.raises(FilterError, match="never 'nope'"):
        compile_filter("timer.kind == nope")

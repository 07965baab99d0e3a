"""What is drawn, at 80 columns; and that nothing from the network reaches the terminal raw."""

import io
import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from aether.answers import ConnectionRow, DropRow, ListenerRow, WorkerRow
from shell.reading.dissect import dissect
from shell.reading.escape import ascii_column, printable, printable_bytes
from shell.reading.summary import summarise
from shell.results.bench import BenchReport, Measured
from shell.results.counters import DropList
from shell.results.frames import FrameList, FrameRow
from shell.results.tcp import ConnectionList
from shell.results.timelines import Comparison, Side
from shell.results.why import Because, Explanation
from shell.results.workers import Workers
from shell.views import render
from shell.views.lessons import Prose, prose
from tests.shell.conftest import Shell


def drawn(result: object, width: int = 80) -> str:
    """Return a result as drawn without colours, trailing blanks taken off."""
    out = io.StringIO()
    Console(file=out, width=width, color_system=None).print(render.to_rich(result), crop=False)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def test_of_a_long_chain_the_end_is_shown() -> None:
    chain = [Because(number, "you", f"decision {number}", "") for number in range(5000)]
    text = drawn(Explanation("why?", "therefore", chain))
    assert len(text.splitlines()) < 40
    assert "4,970 earlier decisions" in text
    assert "decision 4999" in text and "decision 4969" not in text


def test_a_list_of_connections() -> None:
    result = ConnectionList(
        "you", [ConnectionRow(3, "ESTABLISHED", "192.168.1.2:80", "192.168.1.1:51514", 1460, 87, 0, 12_000)],
        [ListenerRow("0.0.0.0:80", 1024, 0, 1, "http server")])
    assert drawn(result) == """\
#  state        local           remote              sent  received  unread
3  ESTABLISHED  192.168.1.2:80  192.168.1.1:51514  1,460        87       0

listening on  application  half open  waiting  backlog
0.0.0.0:80    http server          0        1     1024"""


def test_of_many_connections_at_rest_the_latest_are_shown_after_those_that_live() -> None:
    row = ConnectionRow(0, "TIME-WAIT", "192.168.1.2:80", "192.168.1.1:51514", 1460, 87, 0, 12_000)
    rows = [replace(row, number=number) for number in range(1, 5001)]
    rows += [replace(row, number=5001, state="ESTABLISHED"), replace(row, number=5002)]
    result = ConnectionList("you", rows, [])
    more = "4,981 more rest in TIME-WAIT: `tcp conns --all`"
    lines = drawn(result).splitlines()
    assert [line.split()[0] for line in lines] == ["#", "5001", *map(str, range(4982, 5001)), "5002", "4,981"]
    assert lines[-1] == more
    plain = render.to_plain(result).splitlines()
    assert plain[0].startswith("connection #5001 from ") and " is ESTABLISHED: " in plain[0]
    assert (len(plain), plain[-1]) == (22, more)
    assert len(drawn(replace(result, every=True)).splitlines()) == len(rows) + 1
    assert len(render.to_plain(replace(result, every=True)).splitlines()) == len(rows)
    assert [row["number"] for row in json.loads(render.to_json(result))["connections"]] == list(range(1, 5003))
    ahead = [replace(row, number=number, opened_us=number // 2) for number in range(1, 100)]
    early = [replace(row, number=number, opened_us=1) for number in range(1001, 1100)]
    lines = drawn(ConnectionList("you", ahead + early, [])).splitlines()
    assert [line.split()[0] for line in lines[1:-1]] == list(map(str, range(80, 100))), "the latest of all workers"
    assert drawn(replace(result, host="host")).splitlines()[-1].endswith("`tcp conns --all --host host`")


def test_plain_numbers_are_as_people_read_them() -> None:
    measured = Measured(
        "bench mode", "connections", [10_514.2, 9_870.0], 10_514.2, 9_870.0, 10_514.2, 2_700, 5_100, 0, 0.94, 1.02,
        0.012, 0.0, 0.05, 0.00001234, 0)
    plain = render.to_plain(BenchReport("pages", "TAP", "ab", "bench", [measured], 12_345.6))
    assert "ratio: 12,346" in plain
    assert ("rates 10,514 9,870, median 10,514, low 9,870, high 10,514, p50 2.7 ms, p99 5.1 ms, failed 0, cpu 94%, "
            "calls per frame 1.02, spin 1%, yielding 0%, sleep 5%, occurrences a second 0.00001234") in plain
    assert "e+" not in plain and "e-" not in plain
    row = WorkerRow(0, 3, 5_000, 0.536, 0.2, 0.0, 0.264, 12)
    said = render.to_plain(Workers("you", [row], 1.25, 1_000, 0, 0))
    assert "took 5,000 frames; 54% of its time it is busy, 20% it spins" in said


def test_drops() -> None:
    result = DropList("you", [DropRow(
        "tcp.out_of_order", 3, "beyond a hole, and out-of-order segments are not kept", "RFC 9293 §3.10.7.4",
        "tcp.out_of_order")])
    assert drawn(result) == """\
count  reason            why                         RFC, knob
    3  tcp.out_of_order  beyond a hole, and          RFC 9293 §3.10.7.4, knob
                         out-of-order segments are   tcp.out_of_order
                         not kept"""


def test_a_frame_takes_a_second_line_where_one_is_too_narrow() -> None:
    row = FrameRow(
        41, 3_214_000, "in", "tcp", "192.168.1.1:51514", "192.168.1.2:80", "S", "seq=0 win=64240", 74, "",
        ["LISTEN → SYN-RECEIVED #3"])
    assert drawn(FrameList([row], 0)) == """\
  41   +3.2140 < .1:51514 > .2:80    S    seq=0 win=64240
                 ↳ LISTEN → SYN-RECEIVED #3"""
    assert drawn(FrameList([row], 0), 100) == (
        "  41   +3.2140 < .1:51514 > .2:80    S    seq=0 win=64240           LISTEN → SYN-RECEIVED #3")


def test_a_dropped_frame_says_so_in_words() -> None:
    row = FrameRow(
        47, 3_220_900, "in", "tcp", "192.168.1.1:51514", "192.168.1.2:80", "PA", "seq=1461 ack=1 len=1460 win=1", 1514,
        "tcp.out_of_order", [])
    assert "DROP tcp.out_of_order" in drawn(FrameList([row], 0))


def test_a_frame_in_full(shell: Shell) -> None:
    shell.run("arp who 192.168.1.1")
    assert shell.run("frame 1 arp.opcode").replace(" \n", "\n") == """\
frame 1  sent  42 B  +0.0000
├ [e] Ethernet 02:00:00:00:00:02 > ff:ff:ff:ff:ff:ff  ARP
│   eth.dst                  ff:ff:ff:ff:ff:ff
│   eth.src                  02:00:00:00:00:02
│   eth.type                 0x0806 ARP
└ [a] ARP      who has 192.168.1.1? tell 192.168.1.2
    arp.hw.type              1 (Ethernet)
    arp.proto.type           0x0800 (IPv4)
    arp.hw.size              6
    arp.proto.size           4
  ▶ arp.opcode               1 (request)
    arp.src.hw_mac           02:00:00:00:00:02
    arp.src.proto_ipv4       192.168.1.2
    arp.dst.hw_mac           00:00:00:00:00:00
    arp.dst.proto_ipv4       192.168.1.1

0000  ff ff ff ff ff ff 02 00  00 00 00 02 08 06 00 01  ................
      e  e  e  e  e  e  e  e   e  e  e  e  e  e  a  a
0010  08 00 06 04 00 01 02 00  00 00 00 02 c0 a8 01 02  ................
      a  a  a  a  ^^ ^^ a  a   a  a  a  a  a  a  a  a
0020  00 00 00 00 00 00 c0 a8  01 01                    ..........
      a  a  a  a  a  a  a  a   a  a

  192.168.1.2 is at 02:00:00:00:00:02 (from a request) at host
  neighbour 192.168.1.2: incomplete → reachable (request) at host

▶ arp.opcode               1 (request)
"""


@pytest.mark.parametrize("line", [
    "tcp conns", "tcp show 1", "tcp show 1 --host host", "frames", "frame 3", "drops", "counters", "knob list",
    "knob diff", "knob show tcp.mss", "arp table", "link show", "status", "udp sockets", "help", "help tcp",
    "help send syn", "step", "run 1ms", "ping 192.168.1.1", "http get http://192.168.1.1/",
])
def test_nothing_but_frames_is_wider_than_the_terminal(shell: Shell, line: str) -> None:
    shell.run("tcp connect 192.168.1.1:7")
    shell.run("tcp send 1 hello")
    for mode in ("", " --plain"):
        printed = shell.run(line + mode)
        assert printed.strip()
        if not mode:
            assert max(map(len, printed.rstrip().splitlines())) <= 80, printed


def test_no_colour_without_a_terminal(shell: Shell) -> None:
    assert "\x1b" not in shell.run("help")


EVIL = b"\x1b[2J\x1b]0;owned\x07\r\x08\x9b31m\xe2\x80\xae\xff\x00end"


def test_what_the_network_sends_is_escaped(make_shell: Callable[..., Shell]) -> None:
    shell = make_shell()
    shell.run("tcp connect 192.168.1.1:7")
    written = "".join(f"\\x{byte:02x}" for byte in EVIL)
    for line in (f'tcp send 1 "{written}"', "frames", "frame 5", "tcp show 1"):
        for mode in ("", " --plain", " --json"):
            printed = shell.try_(line + mode) if line.startswith("frame") else shell.run(line + mode)
            assert not set(printed) & set("\x1b\x07\x08\r\x00\x9b\u202e"), (line, mode)


@given(st.binary(max_size=200))
def test_any_bytes_become_printable(data: bytes) -> None:
    for text in (printable_bytes(data), ascii_column(data)):
        assert text.isprintable()


@given(st.text())
def test_any_text_becomes_printable(text: str) -> None:
    assert all(char.isprintable() or char in "\n\t" for char in printable(text, lines=True))


@given(st.binary(max_size=120), st.sampled_from([b"", b"\x08\x00", b"\x08\x06", b"\x86\xdd", b"\x00\x10"]))
def test_any_frame_can_be_shown(data: bytes, kind: bytes) -> None:
    frame = bytes(12) + kind + data if kind else data
    summary = summarise(frame)
    assert summary.text
    for layer in dissect(frame):
        assert layer.offset + layer.length <= max(len(frame), layer.offset)


@given(st.binary(min_size=0, max_size=60), st.sampled_from([1, 6, 17, 2]), st.integers(0, 255))
def test_any_packet_in_a_sound_header_can_be_shown(data: bytes, protocol: int, position: int) -> None:
    from aether.wire import ethernet, ipv4

    packet = bytearray(ipv4.build(b"\xc0\xa8\x01\x01", b"\xc0\xa8\x01\x02", protocol, data))
    if position < len(packet):
        packet[position] ^= 0x55
    frame = ethernet.build(b"\x02\0\0\0\0\1", b"\x02\0\0\0\0\2", ethernet.TYPE_IPV4, bytes(packet))
    summarise(frame)
    assert dissect(frame)[0].name == "eth"


def test_the_middle_of_long_data_is_left_out(shell: Shell) -> None:
    shell.run("ping 192.168.1.1 --count 1 --size 1000")
    folded, full = shell.run("frame 3"), shell.run("frame 3 --all")
    assert "976 more bytes of data: `frame 3 --all`" in folded
    assert "0410  e6 e7" in folded
    assert len(folded.splitlines()) < 50
    assert len(full.splitlines()) > 150
    assert "0200  d6 d7" in full


def test_what_is_marked_in_prose_may_go_over_the_end_of_a_line() -> None:
    lines = prose(["Type `link drop", "next tcp` now.", "", "Then **wait**."])
    assert [line.plain for line in lines] == ["Type link drop", "next tcp now.", "", "Then wait."]
    assert prose([]) == []


def test_prose_flows_where_it_is_narrow() -> None:
    lines = ["One line that was", "broken in two.", "", "    a table   stays", "    as it is"]
    assert drawn_prose(lines, 80) == ["One line that was", *lines[1:]]
    assert drawn_prose(lines, 40) == ["One line that was broken in two.", *lines[2:]]


def drawn_prose(lines: list[str], width: int) -> list[str]:
    """Return prose as drawn in so many columns."""
    out = io.StringIO()
    Console(file=out, width=width, color_system=None).print(Prose(lines))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_many_connections_are_counted_in_a_comparison_and_those_that_differ_are_named() -> None:
    def side(name: str, states: list[str]) -> Side:
        connections = [f"#{number} at you: {state}" for number, state in enumerate(states, 1)]
        return Side(name, 0, 0, 0, 0, 0, {}, connections, 0)

    shown = drawn(Comparison(side("a", ["ESTABLISHED"] * 100), side("b", ["ESTABLISHED"] * 97 + ["CLOSED"] * 3),
                             0, [], [], "b is worse"), width=120)
    assert "100 at you: ESTABLISHED" in shown and "97 at you: ESTABLISHED; 3 at you: CLOSED" in shown
    assert "#98 at you: ESTABLISHED, CLOSED" in shown and "#1 at you" not in shown

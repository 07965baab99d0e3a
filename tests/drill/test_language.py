"""What a script may say, and what is said of one that says something else: file, line, column, what was expected."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aether import knobs
from shell.drill.calls import CALLS
from shell.drill.errors import ScriptError
from shell.drill.parse import parse
from shell.drill.run import Wishes, knobs_of, play_script
from shell.drill.script import IcmpPacket, ScriptCall, TcpOption, TcpPacket, UdpPacket
from shell.results.drill import DrillReport
from shell.views.drill import report_plain

OPEN = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n"
BAD = {
    "": ("1:1", "the script is empty"),
    "0 socket(": ("1:10", "expected ), "),
    "junk": ("1:1", "a time"),
    "+0 < X 0:0(0)": ("1:6", "flags such as S."),
    "+0 < S. 0:0(0)": ("1:6", "ack and a number"),
    "+0 < S 0:1(0)": ("1:8", "it is 1 bytes, not 0"),
    "+0 < SS 0:0(0)": ("1:6", "twice"),
    "+0 < S 0:0(0) win 70000": ("1:19", "a number up to 65535"),
    "+0 < S 0:0(0) <mss 99999>": ("1:20", "a number up to 65535"),
    "+0 < S 0:0(0) <...>": ("1:15", "is for packets that are expected"),
    "+0 < S 0:0(0) <mss 1,TS val 1 ecr 1,TS val 1 ecr 1,TS val 1 ecr 1,TS val 1 ecr 1>": ("1:15", "40 bytes"),
    "* < S 0:0(0)": ("1:1", "for packets that are expected"),
    "0.2~0.1 > S 0:0(0)": ("1:1", "ends before it begins"),
    "+0...1 > S 0:0(0)": ("1:1", "only a call"),
    "+601 > S 0:0(0)": ("1:2", "600 seconds at the most"),
    "\n\n  +0 open(3) = 0": ("3:6", "open() is refused"),
    "+0 system(3) = 0": ("1:4", "neither files nor programs"),
    "+0 bnid(3, ..., ...) = 0": ("1:4", "Did you mean: bind"),
    "+0 bind(3) = 0": ("1:4", "expected bind(fd, address, length)"),
    "+0 listen(3, FOO) = 0": ("1:14", "no constant FOO"),
    "0 socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP) = 3": ("1:10", "IPv6"),
    "0 socket(..., SOCK_STREAM, IPPROTO_MPTCP) = 3": ("1:28", "MPTCP"),
    "0 socket(..., SOCK_STREAM, IPPROTO_SCTP) = 3": ("1:28", "SCTP"),
    '+0 setsockopt(3, SOL_TCP, TCP_ULP, "tls", 4) = 0': ("1:27", "TLS"),
    "+0 < S 0:0(0) <mp_capable 1 2>": ("1:16", "MPTCP"),
    "+0 < sctp: INIT": ("1:6", "SCTP"),
    "+0 < ipv6 S 0:0(0)": ("1:6", "IPv6"),
    "`ls`": ("1:2", "no program is started"),
    "+0 `ss -ti`": ("1:5", "no program is started"),
    "`sysctl -q net.ipv4.tcp_sack=0; reboot`": ("1:33", "no program is started"),
    "`sysctl net.core.rmem_max=1`": ("1:9", "is no knob here"),
    "`sysctl net.ipv4.tcp_sack=maybe`": ("1:9", "is 0 or 1 here"),
    "+0 %{ import os }%": ("1:7", "expected assert"),
    "+0 %{ assert open('x') }%": ("1:14", "no field or constant 'open'"),
    "+0 %{ assert tcpi_rto == }%": ("1:26", "a number or a field"),
    "+0 %{ assert (1": ("1:4", "the closing }% is missing"),
    "+0 %{\n assert (((1)\n}%": ("3:1", "the closing )"),
    '0 socket("': ("1:10", 'the closing " is missing'),
    "/* for ever": ("1:1", "the closing */ is missing"),
    "--no_such=1\n" + OPEN: ("1:1", "no option --no_such"),
    "--mtu=12\n" + OPEN: ("1:1", "--mtu is a number from 68"),
    "--ip_version=ipv6\n" + OPEN: ("1:1", "--ip_version is ipv4"),
    OPEN + "# aether: knob tcp.sack=perhaps": ("2:3", "tcp.sack is on or off"),
    OPEN + "# kernel: maybe": ("2:3", "expected `# kernel: differs, REASON`"),
    "+0 < icmp unreachable port_unreachable": ("1:4", "what the error quotes"),
    "+0 < [1:2(1)] icmp unreachable nowhere": ("1:32", "expected one of net_unreachable"),
    "+0 < [ttl 300] S 0:0(0)": ("1:11", "a number up to 255"),
    "+0 < [frag 3:5] udp (10)": ("1:7", "FIRST is a multiple of 8"),
    "+0 < 300.1.1.1:5 > 1.2.3.4:5 S 0:0(0)": ("1:6", "no IPv4 address"),
    "+0 write(3, ..., 99999999999) = 1": ("1:18", "up to"),
    "+0 read(3, ..., 10) = 1 EAGAIN": ("1:23", "returns -1"),
    "+0 fcntl(3, " + "[" * 40 + "]" * 40 + ") = 0": ("1:34", "nested"),
}


@pytest.mark.parametrize("source", BAD, ids=lambda each: each.strip()[:40] or "empty")
def test_what_is_wrong_is_said_with_its_place(source: str) -> None:
    place, said = BAD[source]
    with pytest.raises(ScriptError) as caught:
        parse(source, "bad.pkt")
    assert str(caught.value).startswith(f"bad.pkt:{place}: "), caught.value
    assert said in str(caught.value)


def test_packets_are_read_in_full() -> None:
    script = parse("""
        +.1 < [ect0, ttl 7, tos 8] SEWA. 1:101(100) ack 2 win 3 urg 4 <mss 5,nop,wscale 6,sackOK,sack 1:2 3:4,eol>
        * > P. 1:1(0) ack 1 <nop,nop,TS val 7 ecr 8,FO 0102,option 99 ff>
        +0 < [1:1461(1460)] icmp unreachable frag_needed mtu 1200
        +0 < [udp (20)] icmp time_exceeded ttl
        +0 > icmp echo_reply id 1 seq 2 (30)
        +0 < 1.2.3.4:5 > 6.7.8.9:10 udp (11)
    """)
    first, second, third, fourth, fifth, sixth = (line.event for line in script.lines)
    assert isinstance(first, TcpPacket) and isinstance(second, TcpPacket)
    assert (first.ip.ecn, first.ip.ttl, first.ip.tos, first.flags) == ("ect0", 7, 8, "SEWA.")
    assert (first.ack, first.window, first.urgent) == (2, 3, 4)
    assert first.options is not None and second.options is not None
    assert [option.name for option in first.options] == ["mss", "nop", "wscale", "sack_permitted", "sack", "eol"]
    assert first.options[4].values == (1, 2, 3, 4)
    assert second.options[2:] == (
        TcpOption("timestamp", (7, 8)), TcpOption("fast_open", (), b"\1\2"), TcpOption("other_option", (99,), b"\xff"))
    assert isinstance(third, IcmpPacket) and (third.type, third.code, third.mtu) == (3, 4, 1200)
    assert third.quoted_span is not None and third.quoted_span.length == 1460
    assert isinstance(fourth, IcmpPacket) and fourth.quoted_udp == 20
    assert isinstance(fifth, IcmpPacket) and (fifth.identifier, fifth.sequence, fifth.length) == (1, 2, 30)
    assert isinstance(sixth, UdpPacket) and sixth.addresses == (("1.2.3.4", 5), ("6.7.8.9", 10))


def test_times() -> None:
    kinds = [(line.time.kind, line.time.start, line.time.end, line.time.blocking) for line in parse(
        "1.5 close(3) = 0\n+.25 close(3) = 0\n0~2 > S 0:0(0)\n+0~+.1 > S 0:0(0)\n+0...0.2 close(3) = 0\n"
        "1...2 close(3) = 0\n* > S 0:0(0)").lines]
    assert kinds == [
        ("absolute", 1_500_000, -1, False), ("relative", 250_000, -1, False), ("absolute", 0, 2_000_000, False),
        ("relative", 0, 100_000, False), ("relative", 0, 200_000, True), ("absolute", 1_000_000, 2_000_000, True),
        ("any", 0, -1, False)]


def test_comments_and_results() -> None:
    script = parse(
        "// one\n# two\n/* three\n */ 0 fcntl(4, F_GETFL) = 0x2 (flags O_RDWR) // four\n"
        "+0 read(4, ..., 1) = -1 EAGAIN (again) # five\n+0 fcntl(4, F_GETFL) = O_RDWR|O_NONBLOCK\n+0 close(4) = ?")
    results = [line.event.result for line in script.lines if isinstance(line.event, ScriptCall)]
    assert [(each.value, each.errno) for each in results] == [(2, ""), (-1, "EAGAIN"), (0x802, ""), (None, "")]
    assert script.lines[0].text == "0 fcntl(4, F_GETFL) = 0x2 (flags O_RDWR)"


def test_sysctls_are_knobs() -> None:
    script = parse(
        "`sysctl -q net.ipv4.tcp_sack=0 net.ipv4.tcp_ecn=1`\n"
        "`./set_sysctls.py /proc/sys/net/ipv4/tcp_keepalive_time=60`\n"
        "`sysctl -w net.ipv4.tcp_recovery=0; sysctl -w net.ipv4.tcp_early_retrans=0`\n" + OPEN)
    assert knobs_of(script, Wishes(knobs={"tcp.paws": "off"})) == {
        "tcp.sack": "off", "tcp.ecn": "on", "tcp.keepalive_time": "60s", "tcp.rack": "off", "tcp.paws": "off"}
    disagree = parse("`sysctl net.ipv4.tcp_recovery=1 net.ipv4.tcp_early_retrans=0`\n" + OPEN)
    with pytest.raises(ScriptError, match="are one knob here"):
        knobs_of(disagree, Wishes())


def _is_value(knob: knobs.Knob, text: str | None) -> bool:
    try:
        return text is not None and knobs.parse(knob, text) is not None
    except knobs.KnobError:
        return False


def test_a_sysctl_out_of_its_range_has_a_place() -> None:
    with pytest.raises(ScriptError, match=r"script:1:12: net.ipv4.ip_default_ttl=900: ipv4.ttl is from 1 to 255"):
        parse("`sysctl -q net.ipv4.ip_default_ttl=900`\n" + OPEN)


def test_every_sysctl_of_the_table_is_a_knob_that_there_is() -> None:
    from shell.drill.sysctls import SYSCTLS

    for name, sysctl in SYSCTLS.items():
        if sysctl.knob:
            knob = knobs.find(sysctl.knob)
            assert any(_is_value(knob, sysctl.value(text)) for text in ("0", "1", "2", "reno", "60", "60000")), name
        page = Path(__file__).parents[2] / "docs/drill.md"
        assert re.search(rf"`{name}`", page.read_text(encoding="utf-8")), f"docs/drill.md does not list {name}"


PAGE = (Path(__file__).parents[2] / "docs/drill.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```pkt\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_examples_of_the_page_play(number: int) -> None:
    """The first fails as the page says, and is then mended as it says; all others play as they stand."""
    text = EXAMPLES[number]
    if number == 0:
        said = told(text)
        for line in ("timer.pkt:14", "nothing came; timers that run: rto of #1 at +0.500000 s"):
            assert line in said and line in PAGE
        other = told(text.replace("+.2 > . 1:1001(1000)", "+.3 > . 1001:2001(1000)"))
        assert "another packet came: seq differs at +0.500000 s, frame 6" in other
        text = text.replace("+.2 > .", "+.3 > .")
    assert told(text).startswith("ok:"), told(text)


def told(text: str) -> str:
    """Return what is said of a play."""
    result = play_script("timer.pkt", lambda: parse(text, "timer.pkt"), Wishes())
    return "\n".join(report_plain(DrillReport([result], 0, 1, 0)))


CALLS_SHOWN = re.findall(r"`([a-z_0-9]+\([^`]*\) = [^`]*)`", PAGE)


def test_calls_of_the_page_can_be_read() -> None:
    assert len(CALLS_SHOWN) > 15
    for call in CALLS_SHOWN:
        parse(f"0 {call.replace(chr(92) + '|', '|')}\n")
    assert {name for name in CALLS if name not in PAGE} == set()


@pytest.mark.parametrize("text, said", [
    ("0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 < S 0:0(x)\n", "my.pkt:2:12: expected a number, not 'x'"),
    ("0 close(3) = 0\n< S 0:0(0)\n", "my.pkt:2:1: a line begins with its time, such as +0 or +.1"),
    ("0 close(3) = 0\n+0 < S 0:0(0) win 65535 <mss 1000,mp_capable>\n",
     "my.pkt:2:35: MPTCP cannot be played here: 'mp_capable' is refused"),
    ("0 socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP) = 3\n", "my.pkt:1:10: AF_INET6: IPv6 cannot be played yet"),
    ("`sysctl -q net.core.somaxconn=5`\n",
     "my.pkt:1:12: the sysctl net.core.somaxconn is no knob here. docs/drill.md lists those that are"),
    ("`./setup.sh`\n",
     "my.pkt:1:2: no program is started from a script, so './setup.sh' is refused: sysctl lines are read as knobs"),
    ('0 open("/etc/passwd", 0) = 3\n',
     "my.pkt:1:3: open() is refused: a script has sockets, and neither files nor programs"),
])
def test_refusals_are_as_the_page_says(text: str, said: str) -> None:
    with pytest.raises(ScriptError) as problem:
        parse(text, "my.pkt")
    assert str(problem.value) == said
    assert said in PAGE

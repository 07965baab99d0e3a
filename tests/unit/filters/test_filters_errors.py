"""Wrong expressions: what is said, and the place that is marked."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aether.filters import FilterError, compile_filter
from aether.filters.parse import MAX_DEPTH

WRONG = [
    # The expression, the column of the wrong part (from 1), the part that is marked, and the message.
    ('', 1, '',
     'the expression is empty; for example: tcp.port == 80'),
    ('tcp.prot == 80', 1, 'tcp.prot',
     "there is no field 'tcp.prot'. Did you mean tcp.port?"),
    ('tcp.flags.rst == 1', 1, 'tcp.flags.rst',
     "there is no field 'tcp.flags.rst'. Did you mean tcp.flags.reset?"),
    ('tcp.sport == 80', 1, 'tcp.sport',
     "there is no field 'tcp.sport'. Did you mean tcp.srcport?"),
    ('tcp and ipv4', 9, 'ipv4',
     "there is no field 'ipv4'. Did you mean ip?"),
    ('ipv4.src == 1.2.3.4', 1, 'ipv4.src',
     "there is no field 'ipv4.src'. Did you mean ip.src?"),
    ('src == 1.2.3.4', 1, 'src',
     "there is no field 'src'. Did you mean ip.src?"),
    ('foo', 1, 'foo',
     "there is no field 'foo'. `help filters` lists them all."),
    ('TCP.port == 80', 1, 'TCP.port',
     "there is no field 'TCP.port'. Did you mean tcp.port?"),
    ('tcp.port == http', 1, 'tcp.port == http',
     'tcp.port is a number (16 bits) and http is a protocol; they cannot be compared'),
    ('tcp.port == 70000', 13, '70000',
     'tcp.port: 70000 is too large; the largest is 65535'),
    ('tcp.port == -1', 13, '-1',
     'tcp.port is never negative'),
    ('tcp.port == 80.5', 13, '80.5',
     "tcp.port: '80.5' is no number"),
    ('tcp.port == 09', 13, '09',
     "tcp.port: '09' begins with 0 and so is octal, which has no 8 or 9"),
    ('tcp.port == "80"', 13, '"80"',
     'tcp.port: this is a number (16 bits); write its value without quotes'),
    ('tcp.port = 80', 10, '=',
     "'=' is no operator; == compares"),
    ('tcp.port => 80', 10, '=>',
     "'=>' is no operator; >= is"),
    ('tcp.port === ', 13, ' ',
     "the expression ends where a field or a value should follow '==='"),
    ('tcp.port 80', 10, '80',
     "an operator such as == or and is missing before '80'"),
    ('tcp.port == 80 tcp', 16, 'tcp',
     "an operator such as == or and is missing before 'tcp'"),
    ('tcp.port == 80 AND udp', 16, 'AND',
     'operators are written in small letters: and'),
    ('tcp.port is 80', 10, 'is',
     "'is' is no operator; ==, !=, contains, matches and in are"),
    ('tcp.port == 80 and', 19, '',
     "the expression ends where a field or a value should follow 'and'"),
    ('and tcp', 1, 'and',
     "a field or a value is missing before 'and'"),
    ('tcp and and udp', 9, 'and',
     "a field or a value is missing before 'and'"),
    ('not', 4, '',
     "the expression ends where a field or a value should follow 'not'"),
    ('(tcp', 1, '(',
     'the closing ) is missing'),
    ('tcp)', 4, ')',
     'there is no ( for this )'),
    ('()', 1, '()',
     'there is nothing between the parentheses'),
    ('tcp.port in 80', 13, '80',
     "'in' stands between a field and a set: tcp.port in {80, 443}"),
    ('tcp.port in {}', 13, '{}',
     'there is nothing between the braces'),
    ('tcp.port in {80', 13, '{',
     'the closing } is missing'),
    ('tcp.port in {90..80}', 14, '90..80',
     'the range ends before it begins'),
    ('tcp.port in {80-90}', 14, '80-90',
     "tcp.port: '80-90' is no number; a range is in {80..90}, a difference 80 - 90"),
    ('tcp.port in {80..}', 18, '}',
     "a field or a value is missing after '..', before '}'"),
    ('tcp.port in {ip.src}', 14, 'ip.src',
     'tcp.port is a number (16 bits) and ip.src is an IPv4 address; they cannot be compared'),
    ('ip.src == 192.168.1', 11, '192.168.1',
     "ip.src: '192.168.1' is no IPv4 address; 192.168.1.0/24 is"),
    ('ip.src == 192.168.1.256', 11, '192.168.1.256',
     "ip.src: '192.168.1.256' is no IPv4 address: each part is at most 255"),
    ('ip.src == 192.168.1.0/33', 11, '192.168.1.0/33',
     'ip.src: a network has at most 32 bits, not 33'),
    ('ip.src == example.org', 11, 'example.org',
     "ip.src: 'example.org' is no IPv4 address; 192.168.1.1 and 192.168.1.0/24 are"),
    ('ip.src == 1.2.3.4:80', 11, '1.2.3.4:80',
     "ip.src: '1.2.3.4:80' is no IPv4 address; 192.168.1.1 and 192.168.1.0/24 are"),
    ('ip.src == tcp.port', 1, 'ip.src == tcp.port',
     'ip.src is an IPv4 address and tcp.port is a number (16 bits); they cannot be compared'),
    ('ip.src == "1.2.3.4"', 11, '"1.2.3.4"',
     'ip.src: this is an IPv4 address; write its value without quotes'),
    ('eth.src == 02:00:00', 12, '02:00:00',
     "eth.src: an Ethernet address has 6 bytes, and '02:00:00' has 3"),
    ('eth.src == xyz', 12, 'xyz',
     "eth.src: 'xyz' is no Ethernet address; 02:00:00:00:00:01 is"),
    ('tcp.flags.syn == 2', 18, '2',
     "tcp.flags.syn: '2' is neither 1 (true) nor 0 (false)"),
    ('tcp.flags.syn == yes', 18, 'yes',
     "tcp.flags.syn: 'yes' is neither 1 (true) nor 0 (false)"),
    ('tcp.payload contains GET', 22, 'GET',
     '\'GET\' is no row of bytes; 47:45:54 and 474554 are, and text in quotes: "GET"'),
    ('tcp.payload contains "GET', 22, '"',
     'the closing " is missing'),
    ('tcp.payload matches GET', 21, 'GET',
     'a regular expression stands in double quotes: "GET"'),
    ('tcp.payload matches "("', 21, '"("',
     'this is no regular expression: missing ): ('),
    ('tcp.port matches "8"', 1, 'tcp.port',
     'tcp.port is a number (16 bits); matches looks into bytes and text'),
    ('tcp.port contains 8', 1, 'tcp.port',
     'tcp.port is a number (16 bits); contains looks into bytes and text'),
    ('tcp.payload[0:x] == 1', 12, '[0:x]',
     "'0:x' is no slice; offset:length, first-last, :length, offset: and offset are"),
    ('tcp.payload[3-1] == 1', 12, '[3-1]',
     'the slice 3-1 ends before it begins'),
    ('tcp.payload[0 == 1', 12, '[',
     'the closing ] is missing'),
    ('tcp.port[0] == 1', 1, 'tcp.port[0]',
     'tcp.port is a number (16 bits), which has no bytes to slice'),
    ('tcp.len-5 > 3', 1, 'tcp.len-5',
     "there is no field 'tcp.len-5'; a difference needs spaces: tcp.len - 5"),
    ('ip.src + 1 == ip.dst', 1, 'ip.src',
     'ip.src is an IPv4 address, and cannot be calculated with'),
    ('tcp.len / 0 == 1', 1, 'tcp.len / 0',
     'a division by zero has no result'),
    ('(tcp.len + 10) == 20', 16, '==',
     'parentheses group conditions; braces group values: {tcp.len + 10}'),
    ("'GET' == http.request.method", 1, "'",
     'text stands in double quotes: "GET"; one character alone in apostrophes'),
    ('tcp.state == ESTABLISHD', 14, 'ESTABLISHD',
     "tcp.state is never 'ESTABLISHD'. Did you mean ESTABLISHED?"),
    ('tcp.state == OPEN', 14, 'OPEN',
     "tcp.state is never 'OPEN'. There are CLOSED, LISTEN, SYN-SENT, SYN-RECEIVED, ESTABLISHED, "
     "FIN-WAIT-1, FIN-WAIT-2, CLOSE-WAIT, CLOSING, LAST-ACK and TIME-WAIT."),
    ('drop.reason == tcp.out_of_ordr', 16, 'tcp.out_of_ordr',
     "drop.reason is never 'tcp.out_of_ordr'. Did you mean tcp.out_of_order?"),
    ('drop.reason == tcp', 16, 'tcp',
     "drop.reason is never 'tcp'. There is tcp.truncated, tcp.data_offset, tcp.checksum, for example."),
    ('event == frame.send', 10, 'frame.send',
     "event is never 'frame.send'. Did you mean frame.sent?"),
    ('event == 5', 10, '5',
     "event is never '5'."),
    ('timer.action == expired', 17, 'expired',
     "timer.action is never 'expired'. Did you mean fired?"),
    ('dir == left', 8, 'left',
     "dir is never 'left'. There are in and out."),
    ('arp.opcode == requst', 15, 'requst',
     "arp.opcode has no value called 'requst'. Did you mean request?"),
    ('frame.time_relative > 5 minutes', 25, 'minutes',
     "an operator such as == or and is missing before 'minutes'"),
    ('frame.time_relative > 5x', 23, '5x',
     "frame.time_relative: '5x' is no time; 1.5, 2s, 200ms and 50us are"),
    ('$0.tcp.seq == 1', 1, '$0.tcp.seq',
     'there is only $1 here, and no $0'),
    ('${tcp.seq} == 1', 1, '$',
     'a reference to an earlier record is $1.tcp.seq: the number of its line, a dot and a field'),
    ('lenn(tcp.payload) == 2', 1, 'lenn',
     "there is no function 'lenn'. Did you mean len?"),
    ('len(tcp.port) == 2', 5, 'tcp.port',
     'len has no use for a number (16 bits): len(tcp.payload) is the length in bytes'),
    ('upper(tcp.port) == 1', 7, 'tcp.port',
     'upper has no use for a number (16 bits): upper(http.host) is the text in capitals'),
    ('len() == 2', 1, 'len()',
     'len takes one field: len(tcp.payload) is the length in bytes'),
    ('len(tcp.payload)', 1, 'len(tcp.payload)',
     'len(…) alone says nothing; compare it, such as == 1'),
    ('80 == 80', 1, '80',
     'a field is missing: nothing here says what these values are'),
    ('"abc"', 1, '"abc"',
     'text alone says nothing; compare a field with it, such as http.host == "example"'),
    ('ip.src# == 1.2.3.4', 7, '#',
     "a layer is picked by # after a field, and its number: ip.src#2, ip.src#[1-2], ip.src#[-1]"),
    ("ip.src#0 == 1.2.3.4", 7, "#0", "layers are counted from 1"),
    ("ip.src#[] == 1.2.3.4", 7, "#[]",
     "'' is no slice; offset:length, first-last, :length, offset: and offset are"),
    ("@frame.number == 1", 1, "@frame.number", "frame.number stands in no frame, and so has no bytes"),
    ("tcp.len == '\u20ac'", 12, "'\u20ac'",
     "between apostrophes stands one character of one byte; text stands in double quotes"),
    ("http.host == 'a'", 14, "'a'", "http.host is text, and no character; text stands in double quotes"),
    ("'a'", 1, "'a'", "a character alone says nothing; compare a field with it, such as tcp.payload[0] == 'G'"),
    ('tcp | udp', 5, '|',
     "'|' is no operator; || or the word or is"),
    ('tcp; udp', 4, ';',
     "';' has no place in an expression"),
    ('tcp.port == 80 // x', 17, '/',
     "a field or a value is missing after '/', before '/'"),
    ('tcp @ udp', 5, '@',
     "@ stands before the name of a field, whose bytes it means: @ip.src"),
    ('é == 1', 1, 'é',
     "'é' has no place in an expression"),
    ('tcp.options.timestmp', 1, 'tcp.options.timestmp',
     "there is no field 'tcp.options.timestmp'. Did you mean tcp.options.timestamp?"),
    ('dns.aaaa == 1:2', 13, '1:2',
     "dns.aaaa: '1:2' is no IPv6 address; 2001:db8::1 is"),
    ('a.b.c.d == 1', 1, 'a.b.c.d',
     "there is no field 'a.b.c.d'. `help filters` lists them all."),
    ('tcp.port == tcp.prt', 13, 'tcp.prt',
     "there is no field 'tcp.prt'. Did you mean tcp.port?"),
    ('frame[0:2] & tcp.port', 14, 'tcp.port',
     'tcp.port is a number (16 bits); & takes numbers, or bytes'),
    ('tcp.port == 0xfffff', 13, '0xfffff',
     'tcp.port: 0xfffff is too large; the largest is 65535'),
    ('not tcp.port ==', 16, '',
     "the expression ends where a field or a value should follow '=='"),
    ('tcp.port ! = 80', 12, '=',
     "'=' is no operator; == compares"),
    ('http.request.method == POST GET', 29, 'GET',
     "an operator such as == or and is missing before 'GET'"),
    ('bootp', 1, 'bootp',
     "there is no field 'bootp'. Did you mean dhcp?"),
    ('tcp.window == big', 15, 'big',
     "tcp.window: 'big' is no number"),
    ('tcp.port == 1 + 2 + ip.src', 21, 'ip.src',
     'ip.src is an IPv4 address, and cannot be calculated with'),
    ('tcp.flags & syn', 13, 'syn',
     "'syn' is no number"),
    ('max(tcp.port, ip.src) == 1', 15, 'ip.src',
     'max has no use for an IPv4 address: max(tcp.srcport, tcp.dstport) is the largest value'),
    ('conn == three', 9, 'three',
     "conn: 'three' is no number"),
    ('tcp.port any 5', 10, 'any',
     "an operator such as == or and is missing before 'any'"),
    ('any tcp', 8, '',
     "the expression ends where an operator such as == or in should follow 'tcp'"),
    ('frame.len == 1k', 14, '1k',
     "frame.len: '1k' is no number"),
]


def test_there_are_enough() -> None:
    assert len(WRONG) >= 40


@pytest.mark.parametrize(("expression", "column", "marked", "message"), WRONG)
def test_wrong_expressions_say_what_and_where(expression: str, column: int, marked: str, message: str) -> None:
    with pytest.raises(FilterError) as caught:
        compile_filter(expression, 1)
    error = caught.value
    assert error.message == message
    assert (error.column, expression[error.start:error.end]) == (column, marked)


def test_the_place_is_marked_below_the_expression() -> None:
    with pytest.raises(FilterError) as caught:
        compile_filter("tcp.port == 80 and tcp.flags.rst == 1")
    assert str(caught.value) == (
        "there is no field 'tcp.flags.rst'. Did you mean tcp.flags.reset?\n"
        "  tcp.port == 80 and tcp.flags.rst == 1\n"
        "                     ^^^^^^^^^^^^^")


def test_the_end_is_marked_behind_the_expression() -> None:
    with pytest.raises(FilterError) as caught:
        compile_filter("tcp.port ==  ")
    assert caught.value.pointer() == "tcp.port ==  \n           ^"


def test_what_cannot_be_shown_does_not_move_the_mark() -> None:
    with pytest.raises(FilterError) as caught:
        compile_filter("tcp\n and\x1b[31m foo")
    expression, mark = caught.value.pointer().split("\n")
    assert "\x1b" not in expression
    assert expression[mark.index("^"):].startswith(" [31m")


def test_an_empty_expression_shows_an_example() -> None:
    with pytest.raises(FilterError, match=r"^the expression is empty; for example: tcp\.port == 80$"):
        compile_filter("  ")


@pytest.mark.parametrize("captures", [0, 1, 2])
def test_captures_need_their_lines(captures: int) -> None:
    with pytest.raises(FilterError) as caught:
        compile_filter("tcp.seq == $3.tcp.seq", captures)
    assert caught.value.message == (
        "$3 needs an earlier line to refer to, and there is none here", "there is only $1 here, and no $3",
        "there are only $1 to $2 here, and no $3")[captures]


@pytest.mark.parametrize("deep", [
    lambda levels: "not " * levels + "tcp", lambda levels: "{" * levels + "tcp.len" + " + 1}" * levels + " == 1",
    lambda levels: "(tcp and " * levels + "udp" + ")" * levels, lambda levels: "tcp.len == 1" + " + 1" * levels,
], ids=["not", "braces", "and", "a sum"])
def test_what_is_one_level_too_deep_is_refused_and_no_more(deep: Callable[[int], str]) -> None:
    """What these end with, a field within a comparison or alone, is a level below them."""
    taken = [levels for levels in range(1, 60) if _is_taken(deep(levels))]
    assert taken == list(range(1, MAX_DEPTH))
    with pytest.raises(FilterError) as caught:
        compile_filter(deep(MAX_DEPTH))
    assert caught.value.message == f"parts are nested more than {MAX_DEPTH} deep"


def _is_taken(expression: str) -> bool:
    try:
        compile_filter(expression)
    except FilterError:
        return False
    return True


@pytest.mark.parametrize("expression", [
    "!" * 500 + "tcp", "not " * 300 + "tcp", "(" * 900 + "tcp" + ")" * 900, "{" * 500 + "tcp.len" + "}" * 500 + " == 1",
    "tcp.len" + " + 1" * 300 + " == 1", "-" * 500 + "1 == tcp.len", "tcp.port in {" + "1 " * 900 + "}",
    "tcp or " * 280 + "tcp", "{" * 20 + "1 + " * 20 + "1" + "}" * 20 + " == tcp.len",
    "len(" * 300 + "tcp", "tcp" + "[0]" * 400, "tcp.len == " * 150 + "1", "x" * 100_000,
])
def test_nothing_is_too_deep_or_too_long(expression: str) -> None:
    try:
        compiled = compile_filter(expression)
    except FilterError as error:
        assert len(str(error).splitlines()[0]) < 200
    else:
        from aether.filters import Record

        assert compiled.matches(Record(bytes(60))) in (True, False)

"""The reference of the language, as Markdown, made from the tables: docs/filters.md.

    python -m aether.filters > docs/filters.md
"""

from collections.abc import Iterator

from aether.filters.field import FilterField
from aether.filters.fields import REFUSED
from aether.filters.operands import FUNCTIONS
from aether.filters.tables import TABLES

INTRODUCTION = """\
# Asking: filter expressions

<!-- Generated from the tables in aether/filters: `python -m aether.filters > docs/filters.md`. -->

One language serves `trace filter`, `frames`, `break`, `step until`, `link drop next` and the checks of
the lessons. It is Wireshark's display-filter language, with Wireshark's names, so what you learn here
works there; and it can ask about events, which no capture knows.

```
tcp.port == 80 and tcp.flags.syn == 1
ip.src == 192.168.1.0/24 && !icmp
tcp.payload contains "GET" or http.response.code in {400..499}
event == tcp.state and tcp.state == ESTABLISHED
drop.reason == tcp.out_of_order and conn == 3
timer.kind == rto and timer.action == fired
frame.dropped and tcp.len > 0
```

## Conditions

| | |
|---|---|
| `tcp` · `tcp.options.mss` | the frame has such a header, the segment such an option |
| `==` `!=` `>` `<` `>=` `<=` | compare; also `eq` `ne` `gt` `lt` `ge` `le` |
| `===` `~=` | every value is equal · some value differs |
| `tcp.port in {80, 443, 8000..8100}` · `not in` | is one of several values or ranges |
| `contains` | these bytes, or this text, stand in it: `contains "GET"`, `contains 0d:0a` |
| `matches` | a regular expression fits somewhere, in small letters or capitals |
| `!` `not` · `&&` `and` · `^^` `xor` · `\\|\\|` `or` | the first binds most; parentheses group conditions |
| `any_ne` `all_ne` `any_eq` `all_eq` | the same in words as `~=` or `!==`, `!=`, `==`, `===` |
| `any` `all` | before a comparison: some value, or every value, has to fit |
| `10 < tcp.len < 100` | both comparisons |

A field may have several values: `tcp.port` has both ports, and an ICMP error quotes a packet whose fields
count too. A comparison holds if *some* value fits, and `!=` holds if *no* value is equal, as in Wireshark 4:
`ip.addr != 192.168.1.1` are packets in which the address does not occur. A frame without the field
matches neither; `!(tcp.port == 80)` matches it too.

`matches` takes the regular expressions of RE2, whose time is bounded whatever a peer sends: no looking ahead or back,
no `\\1`. Where google-re2 is not installed, expressions that are not bounded by how they are written are refused.

A field that stands alone asks whether it exists. `tcp.flags.syn` exists in every segment, as 0 or 1, so
ask `tcp.flags.syn == 1`. What is ours and only ever true, like `frame.dropped`, exists only then.

## Values

| type | written |
|---|---|
| number | `80`, `0x50`, `0b1010`, `0120` (octal); names where the table has them: `ip.proto == udp` |
| yes or no | `1`, `0`, `true`, `false` |
| time | seconds, or with a unit: `0.2`, `200ms`, `50us`, `2s` |
| address | `192.168.1.1`, `192.168.1.0/24`; `02:00:00:00:00:01` |
| bytes | `47:45:54`, `474554`, or text: `"GET"`; one character: `'G'`, `'\\x47'`, also for a number |
| text | in double quotes, with the escapes of C: `"\\r\\n"`, `"\\x00"`; `r"\\d+"` has none. One word needs no quotes |
| word | `ESTABLISHED`, `tcp.out_of_order`: the names of states, reasons, timers |

`tcp.seq` and `tcp.ack` count from the beginning of the connection, `tcp.seq_raw` and `tcp.ack_raw` are the
numbers on the wire; events have those on the wire.

## Parts, sums and functions

| | |
|---|---|
| `eth.src[0:3]` · `[0-2]` · `[3]` · `[:4]` · `[-4:]` · `[0:2,5]` | parts: offset and length, first and last, … |
| `tcp.flags & 0x12 == 0x12` | bits; alone, `tcp.flags & 2` asks whether one is set |
| `ip.src#2` · `#[1-2]` · `#[-1]` | in the second layer of its protocol, as an ICMP error quotes it; -1 is the last |
| `@ip.src` · `@tcp.port#1` | its bytes, as they stand in the frame: `@ip.src[0] == c0` |
| `${name:a;b}` · `$name(a,b)` | a macro of [configuration.md](configuration.md), with its arguments |
| `+` `-` `*` `/` `%` | `tcp.seq + tcp.len == tcp.nxtseq`; braces group: `{tcp.len + 20} * 2` |
"""

SCOPE = """
## Which records are asked

An expression about frames alone (`tcp.len > 0`) is asked of frames: when they are sent, arrive, are lost or
dropped. As soon as it names an event (`event == tcp.state and tcp.flags.reset == 1`), it is asked of every event, and
its frame fields are those of the frame that is being handled. `conn`, `host` and `time` go with both.

In a lesson's checks, `$1` is the record that the first line matched, `$2` that of the second:
`tcp.seq == $1.tcp.seq`.

`tcp.analysis`, `tcp.time_relative`, `tcp.time_delta` and `tcp.completeness` say what a segment is beside those before
it, on its link; `dns.time`, `http.time`, `icmp.resptime` and their like say what a frame answers. They are what
`tshark -Y` says, which goes over a file once; who goes over it twice, as Wireshark's window does, knows
`tcp.completeness` and `tcp.analysis.initial_rtt` from the first segment on. A breakpoint, or a lesson, that asks late
counts from the latest 4,096 frames on. A rule of a link (`link drop next`) cannot ask for them.

Every frame is looked at alone, as Wireshark does without reassembly: a fragment has the fields of its own bytes,
`http.response.code` is in the segment that carries the status line. All messages that begin in a segment are read,
as far as they are in it; the rest of one of DNS, in the next segments, is not taken for another.
"""


BESIDE_TSHARK = """
## Beside tshark

Tests ask tshark 4 the same: over 900 expressions, and each field of each frame of their captures. What differs:

- More is accepted here: sets with blanks instead of commas (`{80 443}`), values on the left and chains
  (`10 < tcp.len < 100`), `xor`, functions of functions (`len(string(tcp.port))`), and `@`, which tshark knows from
  4.2 on.
- Text is sliced and matched by characters here, and by bytes there: `·` in `tcp.flags.str` is one, not two.
- `_ws.col.info` and the other columns are not asked for: rows are worded otherwise here. Ask for the fields.
- Of IPv6 only the version is read; `data` is also what Wireshark has a small protocol for (echo, spanning tree, a loop
  of Ethernet, pictures in pages). Wireshark does not look into what was sent again, and so has no `data` there.
- `tls.record.content_type` is that of the record; Wireshark calls it `tls.record.opaque_type` where TLS 1.3 was
  agreed on.
- `_ws.expert` has what Wireshark's expert says of Ethernet, ARP, IPv4, ICMP, UDP, TCP, DNS and HTTP. The right
  checksum, the address claimed twice and the length of an option that is too long are left out. `expert` counts the
  same remarks, and leaves out what is said of a segment that an ICMP error quotes, as `tshark -z expert` does.
- Of a segment whose header is cut off, or has a length that cannot be, Wireshark measures what it read before it gave
  up (`tcp.analysis`, `tcp.completeness`, the times); here such a segment is not measured. Wireshark gives up on a SACK
  option without blocks; here the segment is measured. What follows in their connections differs accordingly.
- Requests that do not wait for their answers (pipelining) are paired in their order; Wireshark 4.0 takes the first
  answer for one to the latest request, and the others for none's.
- `${ip.src}`, which refers to the frame that is selected in a window, is not known.

A networking course asks for these, too, and they are refused:

| field | why | what comes near |
|---|---|---|
"""


def reference() -> Iterator[str]:
    """Give the parts of the reference, in order."""
    yield INTRODUCTION
    for name, (_, _, help) in FUNCTIONS.items():
        yield f"| `{name}` | {_example(help)} |\n"
    yield SCOPE
    for title, fields in TABLES.items():
        yield f"\n## {title}\n\n| field | type | |\n|---|---|---|\n"
        for field in fields:
            yield f"| `{field.name}` | {field.type.name} | {_explain(field)} |\n"
    yield BESIDE_TSHARK
    for name, (why, instead) in REFUSED.items():
        yield f"| `{name}` | {why} | `{instead}` |\n"
    yield "\nFields marked ◆ are Aether's own; Wireshark does not know them.\n"


def _example(help: str) -> str:
    expression, _, meaning = help.partition(" is ")
    return f"`{expression}` is {meaning}"


def _explain(field: FilterField) -> str:
    parts = [field.help + (" ◆" if field.ours else "")]
    if field.names:
        parts.append("names: " + ", ".join(f"`{name}` {number}" for name, number in field.names.items()))
    if field.examples:
        parts.append("such as " + ", ".join(f"`{example}`" for example in field.examples))
    choices = list(field.choices()) if field.choices else []
    if choices and len(choices) < 20:
        parts.append(", ".join(f"`{choice}`" for choice in choices))
    return "; ".join(parts).replace("|", "\\|")

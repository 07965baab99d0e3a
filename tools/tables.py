"""docs/knobs.md, docs/counters.md and docs/states.md: knobs, counters, TCP's transitions, from what the code acts by.

    python tools/tables.py [DIRECTORY]
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from aether.counters import COUNTERS  # noqa: E402
from aether.knobs import KNOBS, Knob, show  # noqa: E402
from aether.tcp.states import CLOSED, ENDS, RESETS, STATES, TRANSITIONS  # noqa: E402

GROUPS = {
    "arp": "ARP", "ipv4": "IPv4", "icmp": "ICMP", "igmp": "IGMP", "udp": "UDP", "tcp": "TCP",
    "loop": "The loop, and the cores of a host",
    "dhcp": "DHCP", "dns": "DNS", "http": "HTTP",
}
KNOBS_HEAD = """\
# Knobs

Every switch inside the protocols; made from their declarations by `python tools/tables.py`, and kept current by a test.

`knob list` shows them with their present values, `knob show NAME` explains one, `knob set NAME VALUE` turns it at once,
`knob diff` lists what differs from the default. `profile modern` sets all of them to the default, `profile classic` to
what a stack without the inventions of the last decades would do. `--host NAME` turns those of another simulated host.
`compare knob NAME=VALUE` runs everything again with one of them turned, and shows what became of it.
"""
COUNTERS_HEAD = """\
# Counters

What a host counts; made from its declarations by `python tools/tables.py`, and kept current by a test.

`counters` shows those that are not 0, `counters --host NAME` those of another simulated host. What is discarded is
counted by its reason (`drops`), what a link loses by its cause, and ICMP messages by type and code (`icmp stats`).
"""
STATES_HEAD = """\
# The states of TCP

The table by which every connection moves; made from it by `python tools/tables.py`, and kept current by a test.
`tcp diagram N` draws it with the way of a connection.
"""


def knobs_page() -> str:
    """Return docs/knobs.md."""
    parts = [KNOBS_HEAD]
    for prefix in dict.fromkeys(name.partition(".")[0] for name in KNOBS):
        parts += [f"## {GROUPS.get(prefix, prefix)}\n", "| knob | default | classic | values | what it does | source |",
                  "|---|---|---|---|---|---|"]
        parts += [_row(knob) for knob in KNOBS.values() if knob.name.startswith(f"{prefix}.")]
        parts.append("")
    return "\n".join(parts)


def _row(knob: Knob) -> str:
    classic = "the same" if knob.classic == knob.default else show(knob, knob.classic)
    cells = (f"`{knob.name}`", show(knob, knob.default), classic, _values(knob), knob.help, knob.rfc)
    return f"| {' | '.join(cells)} |"


def _values(knob: Knob) -> str:
    if knob.type == "switch":
        return "on, off"
    if knob.choices:
        return ", ".join(knob.choices)
    unit = " bytes" if knob.unit == "bytes" else ""
    return f"{show(knob, knob.low)} to {show(knob, knob.high)}{unit}"


def counters_page() -> str:
    """Return docs/counters.md."""
    parts = [COUNTERS_HEAD]
    for prefix in dict.fromkeys(name.partition(".")[0] for name in COUNTERS):
        parts += [f"## {GROUPS.get(prefix, prefix)}\n", "| counter | what is counted | source |", "|---|---|---|"]
        parts += [f"| `{name}` | {counter.help} | {counter.rfc} |" for name, counter in COUNTERS.items()
                  if name.startswith(f"{prefix}.")]
        parts.append("")
    return "\n".join(parts)


def states_page() -> str:
    """Return docs/states.md."""
    parts = [STATES_HEAD, "| from | what happens | to | what is sent | source |", "|---|---|---|---|---|"]
    parts += [f"| {one.old} | {one.cause} | {one.new} | {one.action} | {one.rfc} |" for one in TRANSITIONS]
    ends = ", ".join(f"*{cause}*" for cause in ENDS)
    parts.append(f"\nFrom each of the {len(STATES) - 1} other states {ends} lead to {CLOSED}; an abort sends RST "
                 f"in {', '.join(state for state in STATES if state in RESETS)} "
                 "(RFC 9293 §3.10.5, §3.10.7, §3.10.8).\n\n"
                 "Figure 5 of RFC 9293 has one arrow more, from SYN-RECEIVED to FIN-WAIT-1 by *close*. Here, as when\n"
                 "an application shuts down on Linux, that close is carried out when the handshake is complete "
                 "(RFC 9293\n§3.10.4 lets it wait where data is queued): a FIN never goes ahead of the "
                 "acknowledgement of our SYN.\n")
    return "\n".join(parts)


PAGES = {"knobs.md": knobs_page, "counters.md": counters_page, "states.md": states_page}


def main() -> None:
    """Write the pages."""
    docs = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs"
    for name, page in PAGES.items():
        (docs / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()

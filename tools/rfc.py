"""docs/rfc.md: which clause of which RFC is shown by which test, from the tests' own docstrings.

    python tools/rfc.py > docs/rfc.md
"""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("tests/scripts", "tests/sim", "tests/unit", "tests/tap")

NOT_DONE = """\
- **RFC 9293 §3.8.5**: urgent data is received; nothing sends it.
- **RFC 9293 §3.8.3**: the thresholds R1 and R2 are counts of retries, as on Linux, and R1 is not reported.
- **RFC 9293 §3.9.2.1**: source routes are not used for answers; they are refused.
- **RFC 9293 §3.1**: reserved bits are neither checked nor sent.
- **RFC 7413** (Fast Open), **RFC 5925** (TCP-AO), **RFC 8684** (Multipath TCP): not there.
- **RFC 5482**: the option is parsed, and neither sent nor obeyed; the timeout is local.
- **RFC 7661**: cwnd grows only while it is used; the pipeACK measurement of §4.2 is not made.
- **RFC 3522, RFC 4015**: a false alarm is noticed by F-RTO and by D-SACK, not by timestamps.
- **RFC 9406** (HyStart++), **RFC 8312** (older CUBIC): not there.
- **RFC 8985 §7.2**: TLP.max_ack_delay is a constant, not negotiated.
- **RFC 6528**: the secret lasts as long as the host; it is not changed from time to time.
- **RFC 8899, RFC 4821** (packetization-layer path MTU discovery): only ICMP is listened to.
- **RFC 5227 §2.1**: the address that a lab begins with is neither probed for nor announced; `ip add` and DHCP do both.
- **RFC 2236 §3, §7**: the router's side is one query at a time, sent by hand; no router elects itself, or keeps groups.
- **RFC 3376** (IGMPv3): its queries are answered as version 2 asks; sources are not chosen.
- **RFC 1112 §6.1**: what a host sends to a group is not looped back to its own members.
- **RFC 791 §3.1**: stream identifiers and security options are passed over; no option is sent but router alerts.
- **RFC 1122 §3.2.2.7, §3.2.2.8**: timestamp requests and address masks are not answered.
- **RFC 1122 §3.2.2.2**: redirects are not believed.
- **RFC 2131 §3.2**: a client that begins again asks anew (DISCOVER); it does not remember a lease over a restart.
- **RFC 2131 §4.1**: relay agents are not served.
- **RFC 1034 §4.3.3** (wildcards), **RFC 1995, RFC 5936** (zone transfers), **RFC 4033** (DNSSEC): not there.
- **RFC 9110 §14.6**: of several ranges in one request the whole file is the answer, as §14.2 allows.
- **RFC 9110 §12, RFC 9111, RFC 9113**: no content negotiation, no caches, no HTTP/2.
- **RFC 867**: daytime counts from the beginning of the world, which has no clock.
- **IPv6** and everything about it.
"""


def main() -> None:
    """Print the page."""
    sys.stdout.write(page())


def page() -> str:
    """Return docs/rfc.md."""
    found = clauses()
    lines = [
        "# RFC clauses and their tests", "",
        "Made from the docstrings of the tests by `python tools/rfc.py > docs/rfc.md`; a test keeps it current.", "",
        f"{len({test for tests in found.values() for test in tests})} tests name {len(found)} clauses of "
        f"{len({rfc for rfc, _ in found})} RFCs.", "", "## Not done", "", NOT_DONE,
    ]
    rfc = 0
    for (number, clause), tests in sorted(found.items(), key=_order):
        if number != rfc:
            rfc = number
            lines += ["", f"## RFC {number}", "", "| clause | tests |", "|---|---|"]
        shown = ", ".join(f"`{test}`" for test in sorted(tests))
        lines.append(f"| {'§' + clause if clause else 'as a whole'} | {shown} |")
    return "\n".join(lines) + "\n"


def _order(item: tuple[tuple[int, str], set[str]]) -> tuple[int, list[int]]:
    (number, clause), _ = item
    return number, [int(part) for part in clause.split(".") if part]


def clauses() -> dict[tuple[int, str], set[str]]:
    """Return the tests that name each clause, as ``file::test``."""
    found: dict[tuple[int, str], set[str]] = defaultdict(set)
    for folder in FOLDERS:
        for file in sorted((ROOT / folder).rglob("test_*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                    for key in named(ast.get_docstring(node) or ""):
                        found[key].add(f"{file.stem}::{node.name}")
    return dict(found)


def named(text: str) -> list[tuple[int, str]]:
    """Return the clauses that a docstring names; a § without an RFC before it belongs to the one named last."""
    found: list[tuple[int, str]] = []
    last = 0
    for match in re.finditer(r"RFC (\d+)|§([\d.]*\d)", text):
        if match[1]:
            if last and not any(number == last for number, _ in found):
                found.append((last, ""))
            last = int(match[1])
        elif last:
            found.append((last, match[2]))
    if last and not any(number == last for number, _ in found):
        found.append((last, ""))
    return found


if __name__ == "__main__":
    main()

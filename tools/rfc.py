"""docs/rfc.md: which clause of which RFC is where in the code, and shown by which test.

The code says it in comments, docstrings and declarations, the tests in their docstrings. Some RFCs are gone through
clause by clause besides: `tools/clauses` says of each whether it is met, by which function, and shown by which test.

    python tools/rfc.py > docs/rfc.md
"""

from __future__ import annotations

import ast
import re
import sys
import tokenize
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from io import StringIO
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
CLAUSES = ROOT / "tools" / "clauses"
"""Of the RFCs that are gone through clause by clause."""
CODE = ("aether",)
FOLDERS = ("tests/scripts", "tests/sim", "tests/unit", "tests/tap")

NOT_DONE = """\
- **RFC 6298 §5.5**: the time-outs of a SYN double from the first, as it asks; Linux sends four more at equal distances
  first since 6.5 (tcp_syn_linear_timeouts), which one who watches takes for a fault.
- **RFC 7323 §2.3**: the window scale that is offered is 8, enough for the largest buffer here; Linux offers 10.
- **RFC 5925** (TCP-AO), **RFC 8684** (Multipath TCP): not there.
- **RFC 5482**: the option is parsed, and neither sent nor obeyed; the timeout is local.
- **RFC 7661**: cwnd grows only while it is used; the pipeACK measurement of §4.2 is not made.
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

class Clause(NamedTuple):
    """What a clause asks, and how it stands here."""

    at: str
    """Section, and what of it: a state, a step."""
    asks: str
    here: str
    """``met``, ``switched`` (by knobs) or ``left``."""
    id: str = ""
    """What the RFC calls it: ``MUST-7``."""
    knobs: tuple[str, ...] = ()
    why: str = ""
    """Why it is left; or what else there is to say."""
    code: tuple[str, ...] = ()
    """Functions, classes or declarations, as ``file:name``."""
    tests: tuple[str, ...] = ()
    """``file::test``, or a packet script."""


def main() -> None:
    """Print the page."""
    sys.stdout.write(page())


def page() -> str:
    """Return docs/rfc.md."""
    tests, code, clauses = tested(), coded(), all_clauses()
    lines = [
        "# RFC clauses, where they are in the code, and their tests", "",
        "Made by `python tools/rfc.py > docs/rfc.md` from what the code says in comments, docstrings and declarations,",
        "and the tests in their docstrings; a test keeps it current.", "",
        f"{len({test for found in tests.values() for test in found})} tests name {len(tests)} clauses of "
        f"{len({rfc for rfc, _ in tests})} RFCs; the code names {len(code)}. "
        f"{len(clauses)} RFCs are gone through clause by clause (`tools/clauses`).", "", "## Not done", "",
        *(f"- **RFC {number} {clause.at}{' ' * bool(clause.id)}{clause.id}**: {clause.asks}: {clause.why}."
          for number in sorted(clauses) for clause in clauses[number] if clause.here == "left"),
        NOT_DONE,
    ]
    rfc = 0
    for key in sorted({*tests, *code}, key=_order):
        number, clause = key
        if number != rfc:
            rfc = number
            lines += ["", f"## RFC {number}", ""]
            if number in clauses:
                lines += [
                    "| clause | asks | here | code | tests |", "|---|---|---|---|---|",
                    *(_row(clause) for clause in clauses[number]), "", "Where the code and the tests name it:", ""]
            lines += ["| clause | code | tests |", "|---|---|---|"]
        columns = (", ".join(f"`{each}`" for each in sorted(found.get(key, ()))) for found in (code, tests))
        lines.append(f"| {'§' + clause if clause else 'as a whole'} | {' | '.join(columns)} |")
    return "\n".join(lines) + "\n"


def _row(clause: Clause) -> str:
    here = f"switched by {_quoted(clause.knobs)}" if clause.here == "switched" else clause.here
    here += f": {clause.why}" if clause.why else ""
    at = f"{clause.at} {clause.id}".strip()
    return f"| {at} | {clause.asks} | {here} | {_quoted(clause.code)} | {_quoted(clause.tests)} |"


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def all_clauses() -> dict[int, list[Clause]]:
    """Return the clauses of every RFC that is gone through."""
    found = {}
    for file in sorted(CLAUSES.glob("rfc*.toml")):
        rows = tomllib.loads(file.read_text(encoding="utf-8"))["clause"]
        found[int(file.stem.removeprefix("rfc"))] = [
            Clause(**{name: tuple(value) if isinstance(value, list) else value for name, value in row.items()})
            for row in rows]
    return found


def places() -> set[str]:
    """Return everything that the code defines, as ``file:name``."""
    return {
        f"{file.relative_to(ROOT)}:{name}" for folder in CODE for file in (ROOT / folder).rglob("*.py")
        for _, _, name in _owners(ast.parse(file.read_text(encoding="utf-8")))}


def shows() -> set[str]:
    """Return every test that a clause may name: functions as ``file::test``, packet scripts by their path in tests."""
    scripts = {str(file.relative_to(ROOT / "tests")) for file in (ROOT / "tests" / "drill").rglob("*.pkt")}
    return scripts | {
        f"{file.stem}::{node.name}" for folder in FOLDERS for file in (ROOT / folder).rglob("test_*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def _order(key: tuple[int, str]) -> tuple[int, list[int]]:
    number, clause = key
    return number, [int(part) for part in clause.split(".") if part]


def coded() -> dict[tuple[int, str], set[str]]:
    """Return the functions, classes or declarations that name each clause, as ``file:name``."""
    found: dict[tuple[int, str], set[str]] = defaultdict(set)
    for file in sorted(path for folder in CODE for path in (ROOT / folder).rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        tree = ast.parse(text)
        owners, about = _owners(tree), {number for number, _ in named(ast.get_docstring(tree) or "")}
        for line, said in _said(text):
            for key in named(said, *(about if len(about) == 1 else ())):
                found[key].add(f"{file.relative_to(ROOT)}{_owner(owners, line)}")
    return dict(found)


def _said(text: str) -> Iterator[tuple[int, str]]:
    """Yield what comments and texts of a source say, each with its line; comments that follow each other are one."""
    comment, begin, last = "", 0, 0
    for token in tokenize.generate_tokens(StringIO(text).readline):
        if token.type == tokenize.STRING:
            yield token.start[0], token.string
        elif token.type == tokenize.COMMENT:
            if token.start[0] != last + 1 and comment:
                yield begin, comment
                comment = ""
            begin, last = (begin if comment else token.start[0]), token.start[0]
            comment += token.string
    if comment:
        yield begin, comment


def _owners(tree: ast.Module) -> list[tuple[int, int, str]]:
    """Return the first and last lines of what a module defines, inner ones after those that hold them."""
    found: list[tuple[int, int, str]] = []

    def walk(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            name = ""
            if isinstance(child, (ast.FunctionDef, ast.ClassDef)):
                name = prefix + child.name
            elif isinstance(node, ast.Module) and isinstance(child, (ast.Assign, ast.AnnAssign)):
                name = ast.unparse(child.targets[0] if isinstance(child, ast.Assign) else child.target)
            if name:
                found.append((child.lineno, child.end_lineno or child.lineno, name))
                walk(child, f"{name}.")

    walk(tree, "")
    return found


def _owner(owners: list[tuple[int, int, str]], line: int) -> str:
    """Return ``:name`` of the innermost definition a line is in, or that it is the text below of; empty at the top."""
    inside = [name for first, last, name in owners if first <= line <= last]
    above = [name for _, last, name in owners if last == line - 1]
    return f":{(inside or above)[-1]}" if inside or above else ""


def tested() -> dict[tuple[int, str], set[str]]:
    """Return the tests that name each clause, as ``file::test``."""
    found: dict[tuple[int, str], set[str]] = defaultdict(set)
    for folder in FOLDERS:
        for file in sorted((ROOT / folder).rglob("test_*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                    for key in named(ast.get_docstring(node) or ""):
                        found[key].add(f"{file.stem}::{node.name}")
    return dict(found)


def named(text: str, about: int = 0) -> list[tuple[int, str]]:
    """Return the clauses that a docstring names; a § without an RFC before it belongs to the one named last.

    Or to the one that everything here is `about`: the only RFC that the head of the module names; 0 is none.
    """
    found: list[tuple[int, str]] = []
    last, named_here = about, False
    for match in re.finditer(r"RFC (\d+)|§([\d.]*\d)", text):
        if match[1]:
            if named_here and not any(number == last for number, _ in found):
                found.append((last, ""))
            last, named_here = int(match[1]), True
        elif last:
            found.append((last, match[2]))
    if named_here and not any(number == last for number, _ in found):
        found.append((last, ""))
    return found


if __name__ == "__main__":
    main()

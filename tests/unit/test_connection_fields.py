"""Who changes what of a connection: each group of its fields has files that own it, as the head of the class says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from aether.tcp.connection import Connection

ROOT = Path(__file__).parents[2]
HOME = ROOT / "aether/tcp/connection.py"
MAKERS = {"tcp/connection.py", "tcp/layer.py", "tcp/listener.py", "tcp/short/promote.py"}
"""Who makes a connection, and fills in what it begins with."""
OWNERS = {
    "life": {
        "sockets.py", "tcp/segment_arrives.py", "tcp/timers.py",
        "operations/tcp.py", "engine/worker.py", "tcp/fastopen.py",
    },
    "send": {
        "tcp/output.py", "tcp/acknowledge.py", "tcp/segment_arrives.py", "tcp/negotiate.py", "tcp/path_mtu.py",
        "tcp/timers.py", "sockets.py",
    },
    "receive": {"tcp/segment_arrives.py", "tcp/output.py", "tcp/autotune.py", "tcp/negotiate.py", "sockets.py"},
    "acknowledging": {
        "tcp/segment_arrives.py", "tcp/output.py", "tcp/ecn.py", "tcp/refusals.py", "tcp/timers.py",
    },
    "agreed": {"tcp/negotiate.py", "tcp/acknowledge.py", "tcp/ecn.py"},
    "recovery": {
        "tcp/recovery.py", "tcp/segment_arrives.py",
        "tcp/output.py", "tcp/acknowledge.py", "tcp/timers.py", "tcp/rack.py", "tcp/prr.py",
        "tcp/frto.py", "tcp/eifel.py", "tcp/congestion/__init__.py", "tcp/congestion/none.py", "tcp/congestion/reno.py",
        "tcp/congestion/cubic.py", "tcp/congestion/flow.py",
    },
}
HELD_AS = {"conn", "connection", "flow"}
"""What code calls a connection."""


def groups() -> dict[str, str]:
    """Return the group of each field: the comment in `Connection.__init__` that it stands below."""
    begin = HOME.read_text(encoding="utf-8").partition("    def __init__(self, layer: ConnectionLayer")[2]
    found: dict[str, str] = {}
    group = ""
    for line in begin.partition("\n    def ")[0].splitlines():
        if heading := re.fullmatch(r" {8}# ([a-z]+)(:.*)?", line):
            group = heading[1]
        elif re.match(r" {8}self\.\w+.* = ", line):
            found |= dict.fromkeys(re.findall(r"self\.(\w+)(?=[:,]? )", line.partition(" = ")[0] + " "), group)
            found |= dict.fromkeys(re.findall(r"self\.(\w+) =", line), group)
    return found


def changes(path: Path) -> Iterator[tuple[str, int]]:
    """Yield each field of a connection that a file sets, with the line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and node.attr in Connection.__slots__:
            base = node.value
            if (base.id if isinstance(base, ast.Name) else getattr(base, "attr", "")) in HELD_AS:
                yield node.attr, node.lineno


def test_every_field_is_in_a_group() -> None:
    found = groups()
    assert set(found) == set(Connection.__slots__)
    assert set(found.values()) == set(OWNERS)
    assert all(f"    - {group}: " in (Connection.__doc__ or "") for group in OWNERS), "the head of the class names it"


SOURCES = sorted((ROOT / "aether").rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_field_is_changed_by_its_owners_alone(path: Path) -> None:
    name, group = str(path.relative_to(ROOT / "aether")), groups()
    for field, line in changes(path):
        owners = MAKERS | OWNERS[group[field]]
        assert name in owners, f"aether/{name}:{line} sets {field}, which belongs to {group[field]}"


def test_owners_do_own() -> None:
    """A file that changes nothing of a group any more is no owner of it."""
    group = groups()
    done = {(group[field], str(path.relative_to(ROOT / "aether"))) for path in SOURCES for field, _ in changes(path)}
    idle = {(name, owner) for name, owners in OWNERS.items() for owner in owners} - done
    assert not idle, f"these own what they do not change: {sorted(idle)}"

"""What is printed with --json is what its schema says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from shell.language.registry import load_all
from shell.language.schema import page, schema
from tests.shell.conftest import Shell

LINES = (
    "status", "tcp conns", "tcp show 1", "tcp reading 1 off", "udp sockets", "udp socks", "arp table", "ip routes",
    "ip addresses", "ip fragments", "icmp stats", "igmp groups", "dns cache", "dns ask www.lab", "dhcp lease",
    "frames", "frames tcp", "frame 3", "frame 5 tcp.seq", "counters", "drops", "knob list", "knob show tcp.retransmit",
    "knob diff", "link show", "ping 192.168.1.1 --count 1", "traceroute 10.0.2.2", "http get http://192.168.1.1/",
    "why 3", "help", "help tcp", "theme", "config show", "capture status",
    "trace filter tcp", "lesson list", "send syn 192.168.1.1:80", "craft IP(dst='192.168.1.1')/ICMP()", "run 1s",
    "schema frame",
)
_TYPES: dict[str, Any] = {
    "string": str, "integer": int, "number": (int, float), "boolean": bool, "null": type(None), "array": list,
    "object": dict}


def wrong(value: Any, rule: dict[str, Any], known: dict[str, Any], where: str = "") -> list[str]:
    """Return where a document is not what a schema says (as much of JSON Schema as ours use)."""
    if "$ref" in rule:
        return wrong(value, known[rule["$ref"].rpartition("/")[2]], known, where)
    if "anyOf" in rule:
        found = [wrong(value, each, known, where) for each in rule["anyOf"]]
        return [] if [] in found else found[0]
    kind = rule.get("type")
    if kind is not None and (not isinstance(value, _TYPES[kind]) or (kind != "boolean" and isinstance(value, bool))):
        return [f"{where}: {value!r} is no {kind}"]
    if kind == "array":
        rules = rule.get("prefixItems") or [rule["items"]] * len(value)
        return [each for index, item in enumerate(value)
                for each in wrong(item, rules[index], known, f"{where}[{index}]")]
    if kind == "object" and "properties" in rule:
        if value.keys() != rule["properties"].keys() or set(rule["required"]) != value.keys():
            return [f"{where}: {sorted(value)} instead of {sorted(rule['properties'])}"]
        return [each for name, inner in rule["properties"].items()
                for each in wrong(value[name], inner, known, f"{where}.{name}")]
    return []


@pytest.mark.parametrize("line", LINES)
def test_documents_are_what_the_schema_says(shell: Shell, line: str) -> None:
    shell.run("tcp connect 192.168.1.1:7")
    shell.run('tcp send 1 "hello"')
    document = json.loads(shell.run(f"{line} --json"))
    words = line.split()
    command = next(each for length in (3, 2, 1) for each in load_all() if each.path == tuple(words[:length]))
    rule = schema(command)
    assert not wrong(document, {key: each for key, each in rule.items() if key in ("$ref", "anyOf")}, rule["$defs"])


def test_every_command_has_a_schema_in_which_every_type_is_known() -> None:
    for command in load_all():
        rule = schema(command)
        for name, found in rule["$defs"].items():
            assert found.get("description"), name
            for field, inner in found["properties"].items():
                known = inner.keys() & {"type", "$ref", "anyOf"}
                assert known or (name, field) == ("SchemaReport", "schema"), f"{command.name}: {name}.{field}"


def test_the_page_is_current() -> None:
    docs = Path(__file__).parents[3] / "docs/json.md"
    assert docs.read_text(encoding="utf-8") == page(), "run: python -m shell.language.schema > docs/json.md"


@pytest.mark.parametrize("how", ["", " --plain"])
@pytest.mark.parametrize("line", ["bench http", "tcp conns", "status"])
def test_what_is_printed_can_be_read_by_a_program(shell: Shell, line: str, how: str) -> None:
    """In whatever is 80 columns wide, or a pipe."""
    printed = shell.run(f"schema {line}{how}")
    assert json.loads(printed) == schema(next(each for each in load_all() if each.path == tuple(line.split())))


def test_what_makes_no_sense(shell: Shell) -> None:
    assert "no command 'trce'" in shell.fail("schema trce")
    assert "without its arguments: schema frame" in shell.fail("schema frame 3")

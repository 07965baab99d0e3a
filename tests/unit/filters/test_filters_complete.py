"""What is offered while an expression is being typed, and the reference made from the same tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from aether.events import DROPS
from aether.filters import all_fields, compile_filter, complete
from aether.filters.reference import reference
from aether.filters.tables import TABLES


def offered(before: str) -> list[str]:
    return [before[:len(before) - candidate.replaces] + candidate.text for candidate in complete(before)]


@pytest.mark.parametrize(("before", "some"), [
    ("", ["tcp", "ip", "event", "conn", "timer."]),
    ("tc", ["tcp"]),
    ("tcp", ["tcp", "tcp.port", "tcp.flags"]),
    ("tcp.po", ["tcp.port"]),
    ("tcp.flags.", ["tcp.flags.syn", "tcp.flags.reset"]),
    ("tcp.port ", ["tcp.port ==", "tcp.port in", "tcp.port and"]),
    ("tcp.port =", ["tcp.port =="]),
    ("tcp.payload ", ["tcp.payload contains", "tcp.payload matches"]),
    ("tcp.port == 80 ", ["tcp.port == 80 and", "tcp.port == 80 or", "tcp.port == 80 xor"]),
    ("tcp.port == 80 and ud", ["tcp.port == 80 and udp"]),
    ("not (ar", ["not (arp"]),
    ("!ar", ["!arp"]),
    ("tcp.state == ", ["tcp.state == ESTABLISHED", "tcp.state == TIME-WAIT"]),
    ("tcp.state in {FIN", ["tcp.state in {FIN-WAIT-1", "tcp.state in {FIN-WAIT-2"]),
    ("drop.reason == tcp.out", ["drop.reason == tcp.out_of_order", "drop.reason == tcp.outside_window"]),
    ("event == timer", []),
    ("event == tcp.t", ["event == tcp.timer"]),
    ("dir == ", ["dir == in", "dir == out"]),
    ("host == ", ["host == you", "host == host"]),
    ("timer.kind == rt", ["timer.kind == rto"]),
    ("tcp.flags.syn == ", ["tcp.flags.syn == 1", "tcp.flags.syn == 0"]),
    ("ip.proto == u", ["ip.proto == udp"]),
    ("icmp.type == ", ['icmp.type == "echo request"']),
    ("tcp.srcport == tcp.d", ["tcp.srcport == tcp.dstport"]),
    ("tcp.seq == $1.tcp.s", ["tcp.seq == $1.tcp.seq", "tcp.seq == $1.tcp.seq_raw"]),
    ("le", ["len("]),
    ('http.host == "exa', []),
])
def test_offers(before: str, some: list[str]) -> None:
    found = offered(before)
    assert set(some) <= set(found) and bool(some) == bool(found)
    assert all(candidate.help for candidate in complete(before))


def test_numbers_are_not_searched() -> None:
    assert not {"tcp.port contains", "tcp.port matches"} & set(offered("tcp.port "))
    assert not {"http.host <", "http.host >="} & set(offered("http.host "))


def test_every_field_can_be_reached_dot_by_dot() -> None:
    for name in all_fields():
        typed = ""
        for _ in range(name.count(".") + 2):
            found = offered(typed)
            if name in found:
                break
            typed = next(text for offer in found if name.startswith(text := f"{offer.removesuffix('.')}."))
        else:
            raise AssertionError(f"{name} is never offered")


def test_what_is_offered_compiles() -> None:
    for reason in DROPS:
        assert f"drop.reason == {reason}" in offered(f"drop.reason == {reason[:-1]}")
    for expression in offered("icmp.type == ") + offered("tcp.state == ") + offered("event == "):
        compile_filter(expression)


def test_every_field_is_explained() -> None:
    names = [field.name for table in TABLES.values() for field in table]
    assert len(names) == len(set(names)) == len(all_fields())
    assert all(field.help and not field.help.endswith(".") for field in all_fields().values())


def test_the_reference_is_current() -> None:
    assert Path("docs/filters.md").read_text(encoding="utf-8") == "".join(reference()), (
        "docs/filters.md is out of date: python -m aether.filters > docs/filters.md")


def test_the_examples_of_the_reference_compile() -> None:
    block = "".join(reference()).split("```")[1]
    for expression in block.strip().splitlines():
        assert compile_filter(expression).notices == ()

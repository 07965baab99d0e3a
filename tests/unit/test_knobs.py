"""Knobs: the declarations, what a person may write, and the two profiles."""

from __future__ import annotations

import ast
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aether import knobs
from aether.knobs import KNOBS, Knob, KnobError, Knobs


@pytest.mark.parametrize("knob", KNOBS.values(), ids=lambda knob: knob.name)
def test_declarations(knob: Knob) -> None:
    assert knobs.find(knob.name) is knob
    assert hasattr(Knobs(), knob.attribute)
    assert knob.help and not knob.help.endswith(".")
    assert knob.type in ("switch", "choice", "time", "bytes", "number")
    for value in (knob.default, knob.classic):
        assert knobs.parse(knob, knobs.show(knob, value)) == value, "a default is not one of its own values"
    if knob.type in ("time", "bytes", "number"):
        assert knob.low < knob.high
        for value in (knob.low, knob.high):
            assert knobs.parse(knob, knobs.show(knob, value)) == value
        for wrong in (knob.low - 1, knob.high + 1):
            with pytest.raises(KnobError):
                knobs.parse(knob, f"{wrong}us" if knob.type == "time" else str(wrong))


@pytest.mark.parametrize("knob", KNOBS.values(), ids=lambda knob: knob.name)
@given(data=st.data())
def test_what_is_shown_can_be_read(knob: Knob, data: st.DataObject) -> None:
    value = data.draw({
        "switch": st.booleans(), "choice": st.sampled_from(knob.choices or ("",)),
    }.get(knob.type, st.integers(knob.low, knob.high)))
    assert knobs.parse(knob, knobs.show(knob, value)) == value


@pytest.mark.parametrize("knob", KNOBS.values(), ids=lambda knob: knob.name)
@given(text=st.text(max_size=12))
def test_any_text_is_a_value_or_is_explained(knob: Knob, text: str) -> None:
    try:
        value = knobs.parse(knob, text)
    except KnobError as problem:
        assert str(problem).startswith(f"{knob.name} is ")
        assert f"knob show {knob.name}" in str(problem)
        return
    assert type(value) is type(knob.default)
    if knob.choices:
        assert value in knob.choices
    elif knob.type != "switch":
        assert knob.low <= value <= knob.high  # type: ignore[operator]


@pytest.mark.parametrize("name, text, value", [
    ("tcp.retransmit", "off", False), ("tcp.retransmit", " ON ", True), ("tcp.retransmit", "1", True),
    ("tcp.time_wait", "1s", 1_000_000), ("tcp.time_wait", "200ms", 200_000), ("tcp.time_wait", "1.5s", 1_500_000),
    ("tcp.time_wait", "2min", 120_000_000), ("tcp.time_wait", "0", 0), ("tcp.time_wait", "7us", 7),
    ("tcp.receive_window", "64k", 65_536), ("tcp.receive_window", "1 MB", 1 << 20), ("tcp.receive_window", "0", 0),
    ("ipv4.ttl", "255", 255), ("tcp.congestion", "Reno", "reno"),
])
def test_what_a_person_writes(name: str, text: str, value: knobs.Value) -> None:
    assert knobs.parse(knobs.find(name), text) == value


@pytest.mark.parametrize("name, text, said", [
    ("tcp.retransmit", "maybe", "tcp.retransmit is on or off, not 'maybe'"),
    ("tcp.congestion", "vegas", "tcp.congestion is none or reno or cubic, not 'vegas'"),
    ("ipv4.ttl", "0", "ipv4.ttl is from 1 to 255, not '0'"),
    ("ipv4.ttl", "64s", "not '64s'"),
    ("tcp.time_wait", "900", "such as 200ms or 60s"),
    ("tcp.time_wait", "-1s", "not '-1s'"),
    ("tcp.time_wait", "infs", "not 'infs'"),
    ("tcp.time_wait", "1e400s", "not '1e400s'"),
    ("tcp.mss", "", "not ''"),
])
def test_a_wrong_value_is_explained(name: str, text: str, said: str) -> None:
    with pytest.raises(KnobError) as caught:
        knobs.parse(knobs.find(name), text)
    assert said in str(caught.value)


def test_unknown_names() -> None:
    with pytest.raises(KnobError, match="no knob"):
        knobs.find("tcp.retransmitt")
    with pytest.raises(KnobError, match="There are modern and classic"):
        knobs.profile("ancient")


def test_profiles() -> None:
    modern, classic = knobs.profile("modern"), knobs.profile("classic")
    assert modern == Knobs()
    for knob in KNOBS.values():
        assert getattr(modern, knob.attribute) == knob.default
        assert getattr(classic, knob.attribute) == knob.classic
    assert modern.tcp_retransmit and not classic.tcp_retransmit
    assert classic.tcp_out_of_order == "drop" and classic.tcp_congestion == "none"
    modern.tcp_mss = 500
    assert knobs.profile("modern").tcp_mss == 1460
    assert pickle.loads(pickle.dumps(modern)) == modern


def test_a_host_turns_its_knobs_itself() -> None:
    """Nobody sets one past `turn`, which tells those who predict from them first."""
    past = []
    for file in sorted((*Path("aether").rglob("*.py"), *Path("shell").rglob("*.py"))):
        for node in ast.walk(ast.parse(file.read_text())):
            targets = node.targets if isinstance(node, ast.Assign) else ()
            set_one = any(isinstance(each, ast.Attribute) and ast.unparse(each.value).endswith("host.knobs")
                          for each in targets)
            by_name = (isinstance(node, ast.Call) and ast.unparse(node.func) == "setattr"
                       and ast.unparse(node.args[0]).endswith(".knobs"))
            if set_one or by_name:
                past.append(f"{file}:{node.lineno}")
    assert [one.partition(":")[0] for one in past] == ["aether/surroundings.py"], past

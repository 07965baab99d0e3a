"""`workers`: how many cores a simulated host has, and who of them does what."""

from __future__ import annotations

import json

import pytest

import shell.lab.cores
from shell.lab.cores import cores
from tests.shell.conftest import Shell


def rows(shell: Shell) -> list[dict[str, float]]:
    return json.loads(shell.run("workers show --json"))["rows"]  # type: ignore[no-any-return]


def test_many_flows_are_spread_and_one_is_not(engine_shell: Shell) -> None:
    engine_shell.run("knob set loop.cost 50us")
    assert "4 cores" in engine_shell.run("workers 4")
    engine_shell.run("bench http -n 200 -c 50 --runs 1")
    assert all(row["frames"] > 50 for row in rows(engine_shell))
    engine_shell.run("bench bulk up --size 1 --runs 1")
    found = rows(engine_shell)
    assert sum(row["frames"] > 20 for row in found) == 1, "others may have the ends of earlier connections"
    assert json.loads(engine_shell.run("workers show --json"))["skew"] > 3.8


def test_connections_are_counted_where_they_belong(engine_shell: Shell) -> None:
    engine_shell.run("workers 2")
    for _ in range(4):
        engine_shell.run("host connect 192.168.1.2:7")
    assert sum(row["connections"] for row in rows(engine_shell)) == 4


def test_a_measurement_says_how_the_core_waited(engine_shell: Shell) -> None:
    engine_shell.run("knob set loop.wake 50us")
    engine_shell.run("knob set loop.spin 10s")
    assert "waiting: spin" in engine_shell.run("bench ping -n 50 --runs 1")
    [measured] = json.loads(engine_shell.run("bench ping -n 50 --runs 1 --json"))["measured"]
    assert measured["cpu"] > 0.98
    engine_shell.run("knob set loop.spin 0us")
    engine_shell.run("knob set loop.yield 0us")
    [measured] = json.loads(engine_shell.run("bench ping -n 50 --runs 1 --json"))["measured"]
    assert measured["sleep"] > 0.9 and measured["cpu"] < 0.1


def test_status_tells_how_the_modelled_cores_have_waited(engine_shell: Shell) -> None:
    assert "engine  spin" in engine_shell.run("status")
    engine_shell.run("knob set loop.wake 50us")
    engine_shell.run("knob set loop.spin 60s")
    engine_shell.run("workers 2")
    engine_shell.run("run 10ms")
    assert "cores   spin 100%" in engine_shell.run("status")
    engine_shell.run("knob set loop.spin 0us")
    engine_shell.run("knob set loop.yield 0us")
    assert json.loads(engine_shell.run("status --json"))["sleep"] == 1


@pytest.mark.parametrize("wrong, said", [
    ("workers 65", "from 1 to 64"), ("workers 0", "the number of workers is from 1 to 64, or auto, not '0'"),
    ("workers many", "many"), ("workers", "COUNT"),
    ("workers show 3", "3"), ("workers 4 --host nobody", "nobody"),
])
def test_what_cannot_be(engine_shell: Shell, wrong: str, said: str) -> None:
    assert said in engine_shell.fail(wrong)


def test_auto_is_as_many_as_there_are_cores_here(engine_shell: Shell) -> None:
    engine_shell.run("workers auto")
    assert len(rows(engine_shell)) == cores()


@pytest.mark.parametrize("line, limit", [
    ("traceroute 10.0.2.2 --hops 0", 255), ("traceroute 10.0.2.2 --probes 11", 10), ("ladder --rungs 501", 500),
    ("fuzz --count 2001 IP()/TCP()", 2000),
])
def test_other_counts_name_their_true_limits(engine_shell: Shell, line: str, limit: int) -> None:
    assert f"from 1 to {limit}" in engine_shell.fail(line)


def test_more_processes_than_cores_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell.lab.cores, "cores", lambda: 2)
    assert [shell.lab.cores.crowded(count) for count in (1, 2)] == ["", ""]
    assert shell.lab.cores.crowded(40) == "40 workers take turns on 2 cores: more than that is not faster"


def test_without_a_cost_it_says_how_to_give_one(engine_shell: Shell) -> None:
    assert "loop.cost" in engine_shell.run("workers 2")
    assert "loop.cost" in engine_shell.run("workers show")

"""`attack` in the shell: it says what happened, why, and what would change it."""

from __future__ import annotations

import json
import re

import pytest

from aether.attacks.kinds import ATTACKS
from aether.knobs import KNOBS
from shell.commands.attack import OPTIONS
from tests.shell.conftest import Shell


def test_every_attack_is_listed_and_explained(shell: Shell) -> None:
    listed = [row["name"] for row in json.loads(shell.run("attack list --json"))["attacks"]]
    assert listed == list(ATTACKS) == list(OPTIONS)
    for name in listed:
        said = shell.run(f"attack show {name}")
        assert "What stops it" in said
        for setting in ATTACKS[name].KNOBS:
            assert setting.partition("=")[0] in KNOBS
        assert any(setting.partition("=")[0] in ATTACKS[name].DEFENCE for setting in ATTACKS[name].KNOBS)


def test_one_that_fails_and_then_works(shell: Shell) -> None:
    shell.run("tcp connect 192.168.1.1:7")
    assert "it fails" in shell.run("attack rst-window")
    shell.run("knob set tcp.challenge_ack off")
    found = json.loads(shell.run("attack rst-window --json"))
    assert (found["outcome"], found["success"], found["victim"]) == ("done", True, "you")
    assert json.loads(shell.run("tcp conns --json"))["connections"] == []


@pytest.mark.parametrize("there", ["", " --at host"])
def test_what_makes_it_work_can_be_typed_as_it_is_said(shell: Shell, there: str) -> None:
    said = " ".join(shell.run(f"attack land{there}").split())
    for line in re.findall("`([^`]+)`", said[said.index("To see it work"):]):
        after = shell.run(line)
    assert line == f"attack land{there}"
    assert "it works" in after


def test_the_attacker_is_seen_in_the_trace(shell: Shell) -> None:
    shell.run("attack land")
    frames = json.loads(shell.run("frames 5 --json"))["frames"]
    assert any(row.get("dropped") == "ipv4.bad_source" for row in frames)


def test_one_in_the_background_is_stopped(shell: Shell) -> None:
    assert "under way" in shell.run("attack syn-flood --background")
    assert "under way" in shell.fail("attack land")
    shell.run("attack stop")
    assert "no attack is under way" in shell.fail("attack stop")


@pytest.mark.parametrize(("line", "said"), [
    ("attack nuke", "nuke"), ("attack show nuke", "no attack 'nuke'"), ("attack smurf --at 8.8.8.8", "nobody else"),
    ("attack smurf --at remote", "nobody else"), ("attack rst-window", "no connection at you"),
    ("attack syn-flood --count 1000000", "moves"), ("attack syn-flood --every 1min", "10 minutes"),
    ("attack land --port 99999", "port"),
])
def test_what_cannot_be_done_is_said(shell: Shell, line: str, said: str) -> None:
    assert said in shell.fail(line)


@pytest.mark.parametrize("kind", ATTACKS)
def test_time_is_told_while_one_is_under_way(shell: Shell, kind: str) -> None:
    shell.run("tcp connect 192.168.1.1:7")
    shell.run(f"attack {kind} --background")
    assert "running at" in shell.run("run 1ms")

"""Scenarios: those that come with the program, and one's own with every mistake that one can make."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shell import scenarios
from shell.language.grammar import CommandError
from tests.shell.conftest import Shell


@pytest.mark.parametrize("name", scenarios.names())
def test_each_can_be_loaded_and_a_page_still_comes(shell: Shell, name: str) -> None:
    said = json.loads(shell.run(f"scenario load {name} --json"))
    assert said["link"] == "lan"
    rows = json.loads(shell.run("link show --json"))["links"]
    assert rows[0]["settings"]
    assert all(any(wanted.split()[0] in setting for setting in rows[0]["settings"]) for wanted in said["out"])
    page = json.loads(shell.run("http get http://192.168.1.1/ --wait 120s --json"))
    assert (page["outcome"], page["status"]) == ("done", 200)
    shell.run("scenario off")
    assert json.loads(shell.run("link show --json"))["links"][0]["settings"] == []


def test_the_five_are_there() -> None:
    assert {"lossy-wifi", "satellite", "dialup", "datacentre", "flaky"} == set(scenarios.names())


def test_loading_takes_away_what_was_set_before(shell: Shell) -> None:
    shell.run("link duplicate 50%")
    shell.run("scenario load satellite")
    settings = json.loads(shell.run("link show --json"))["links"][0]["settings"]
    assert not [setting for setting in settings if setting.startswith("duplicate")]


def test_one_that_was_saved_is_the_same_again(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    shell.run("scenario load datacentre")
    shell.run("link loss 3% in")
    before = shell.run("link show --json")
    shell.run(f'scenario save {file} --title "The rack"')
    shell.run("scenario off")
    assert json.loads(shell.run(f"scenario load {file} --json"))["title"] == "The rack"
    assert shell.run("link show --json") == before
    assert "--force" in shell.fail(f"scenario save {file}")
    shell.run(f"scenario save {file} --force")


@pytest.mark.parametrize(("text", "said"), [
    ("[both\nloss = '5%'", "line 1"), ("[both]\nlos = '5%'", ":2: a link has no 'los'. Did you mean: loss"),
    ("[both]\ndelay = '1ms'\nloss = '105%'", ":3: loss = '105%'"), ("[sideways]\nloss = '1%'", ":1: a scenario has no"),
    ("title = 'x'\n", "it sets nothing"), ("", "it sets nothing"), ("both = 3", ":1: both is a table"),
    ("[both]\nloss = ['5%']", ":2: loss is one value"),
    ("titel = 'x'\n[both]\nloss = '1%'", ":1: a scenario has no 'titel'"),
    ("title = 3\n[both]\nloss = '1%'", ":1: title is a text"), ("[both]\nred-min = '9kb'\nred-max = '2kb'", "red-m"),
    ("[out]\nloss='1%'\n[in]\nrate = 'fast'", ":4: rate = 'fast'"), ("[both]\ndrop-every = 3", "drop-every"),
])
def test_mistakes_are_pointed_at(shell: Shell, tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(text, encoding="utf-8")
    shell.run("link loss 7%")
    before = shell.run("link show --json")
    assert said in " ".join(shell.fail(f"scenario load {file}").split())
    assert shell.run("link show --json") == before


def test_files_that_are_none(shell: Shell, tmp_path: Path) -> None:
    assert "cannot read" in shell.fail(f"scenario load {tmp_path}/nothing.toml")
    assert "cannot read" in shell.fail(f"scenario load {tmp_path}.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    assert "UTF-8" in shell.fail(f"scenario load {tmp_path}/binary.toml")
    (tmp_path / "huge.toml").write_bytes(b"#" * 70_000)
    assert "larger than" in shell.fail(f"scenario load {tmp_path}/huge.toml")
    assert "Did you mean: satellite" in shell.fail("scenario load satelite")
    assert "no link 'nowhere'" in shell.fail("scenario load satellite --link nowhere")
    assert "nothing is set" in shell.fail(f"scenario save {tmp_path}/x.toml")
    assert "ends in .toml" in shell.fail(f"scenario save {tmp_path}/x")


def test_a_line_is_found_in_its_table() -> None:
    text = "[out]\nloss = '1%'\n[in]\nloss = '2%'\n"
    assert scenarios.line_of(text, "loss", "in") == ":4"
    with pytest.raises(CommandError, match="x:4"):
        scenarios.parse(text.replace("2%", "many"), "x", "x")

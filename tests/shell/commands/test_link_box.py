"""`link box`: a NAT in the middle of a link, from the shell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.shell.conftest import Shell


def table(shell: Shell) -> list[dict[str, str]]:
    sessions: list[dict[str, str]] = json.loads(shell.run("link box --link wan --json"))["sessions"]
    return sessions


def test_the_table_and_what_was_rewritten(shell: Shell) -> None:
    shell.run("link box nat --ports 64 --link wan")
    shell.run("tcp connect 10.0.2.2:7")
    [row] = table(shell)
    assert (row["protocol"], row["other"], row["state"]) == ("tcp", "10.0.2.2:7", "established")
    drawn = shell.run("link box --link wan")
    assert row["inside"] in drawn and row["outside"] in drawn and max(map(len, drawn.splitlines())) <= 80
    assert f"{row['inside']} inside is {row['outside']} outside" in shell.run("link box --link wan --plain")
    seen = shell.run("frames --host remote tcp.flags == 2")
    assert row["outside"] in seen and row["inside"] not in seen
    why = shell.run(f"why {seen.split()[0]}")
    assert "altered: nat: source" in why and row["outside"] in why
    assert "box nat to 10.0.2.1 ports 64" in shell.run("link show")
    assert "no box in the middle of wan" in shell.run("link box clear --link wan")


def test_what_is_lost_there_says_why(engine_shell: Shell) -> None:
    shell = engine_shell
    shell.run("link box nat --link wan")
    shell.fail("ping 10.0.2.1 --count 1 --host remote --wait 2s")
    said = shell.run("why drop")
    assert "nat.no_mapping: nobody inside has asked for it" in " ".join(said.split()) and "RFC 4787" in said
    assert "`link box --link wan`" in said
    assert "nat.no_mapping" in shell.run("drops")
    assert "echo request" in shell.run('frames --host remote frame.lost.cause contains "nat.no_mapping"')


def test_the_table_is_as_it_was_in_the_past(engine_shell: Shell) -> None:
    shell = engine_shell
    shell.run("link box nat --udp-timeout 5s --link wan")
    shell.run("udp send 10.0.2.2:7 x")
    [row] = table(shell)
    shell.run("run 6s")
    assert table(shell) == []
    shell.run("back")
    assert [each["outside"] for each in table(shell)] == [row["outside"]]
    shell.run("live")
    assert table(shell) == []


def test_a_scenario_keeps_it(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "home.toml"
    shell.run("link box nat --timeout 30s --ports 8 --link wan")
    before = json.loads(shell.run("link box --link wan --json"))
    shell.run(f"scenario save {file} --link wan")
    shell.run("scenario off --link wan")
    assert "no box" in shell.run("link box --link wan")
    assert "timeout 30s" in shell.run(f"scenario show {file}")
    shell.run(f"scenario load {file} --link wan")
    assert json.loads(shell.run("link box --link wan --json")) == before


@pytest.mark.parametrize(("text", "said"), [
    ("[nat]\ntimeout = '0s'", ":2: timeout = '0s'"),
    ("[nat]\nport = 3", ":2: a NAT has no 'port'. Did you mean: ports"),
])
def test_a_mistake_in_a_file_has_its_line(shell: Shell, tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "home.toml"
    file.write_text(text)
    assert said in shell.fail(f"scenario load {file}")


@pytest.mark.parametrize(("line", "said"), [
    ("link box nat --ports 0", "from 1 to 64512"), ("link box nat --timeout soon", "a time-out is from 1s"),
    ("link box nat --link moon", "no link 'moon'"), ("link box fire", "fire"),
])
def test_what_makes_no_sense(shell: Shell, line: str, said: str) -> None:
    assert said in " ".join(shell.fail(line).split())

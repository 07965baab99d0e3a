"""The configuration file: what counts, what is wrong with it, and that it never stops anybody."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shell import configuration
from shell.configuration import SETTINGS, load, page, template
from shell.program import start
from shell.views import theme
from tests.shell.conftest import Shell
from tests.shell.direct import session as direct_session

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config" / "aether" / "config.toml"


def written(path: Path, text: str) -> configuration.Configuration:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return load(path)


def test_the_page_is_current() -> None:
    assert (ROOT / "docs/configuration.md").read_text(encoding="utf-8") == page(), (
        "run: python -m shell.configuration > docs/configuration.md")


def test_without_a_file_the_defaults_count(home: Path) -> None:
    found = load(home)
    assert (found.exists, found.problems, found.values) == (False, [], {})
    assert found["theme"] == "auto"


def test_the_template_sets_nothing_and_its_examples_are_right(home: Path) -> None:
    assert written(home, template()).values == {"keys": {}, "macros": {}}
    text = "\n".join(
        line.removeprefix("# ") if " = " in line else line for line in template().splitlines())
    found = written(home, text)
    assert not found.problems
    assert found.values.keys() == SETTINGS.keys()


@pytest.mark.parametrize(("text", "said"), [
    ('theme = "drak"', "theme is one of auto, dark, light, mono, high-contrast, not 'drak'. Did you mean 'dark'?"),
    ("theme = 3", "theme is one of"),
    ('colors = "256"', "no setting 'colors'. Did you mean 'colours'?"),
    ("nonsense = 1", "no setting 'nonsense'. `config show` lists them"),
    ("trace = 1", "[trace] is a table"),
    ("[trace]\non = 1", "trace.on is true or false, not 1"),
    ('[trace]\nlayers = "arp"', "trace.layers is a list of layers"),
    ('[trace]\nlayers = ["tpc"]', "not 'tpc'. Did you mean 'tcp'?"),
    ("[trace]\nlayers = [[]]", "has layers of"),
    ('keys = "f1"', "keys is a table"),
    ('[keys]\nf99 = "x"', "no key 'f99'"),
    ('[keys]\n"c-c" = "x"', "no key 'c-c'"),
    ("[keys]\nf9 = 3", "is one line of text, not 3"),
    ('[keys]\nf9 = "a\\nb"', "is one line of text"),
    ("[startup]\ncommands = 1", "startup.commands is a list of lines"),
    ("theme = ", "is no TOML: Invalid value"),
    ("[[[", "is no TOML"),
    ("a = " + "[" * 5000, "config.toml"),
    ("# " + "x" * 70_000, "longer than 65,536 bytes"),
])
def test_what_is_wrong_is_said_and_the_default_counts(home: Path, text: str, said: str) -> None:
    found = written(home, text)
    assert said in "\n".join(found.problems)
    assert str(home) in found.problems[0]
    for name in found.values:
        assert name in SETTINGS


def test_what_is_right_counts_beside_what_is_wrong(home: Path) -> None:
    found = written(home, 'theme = "light"\noutput = "loud"\n[trace]\non = true\n')
    assert (found["theme"], found["output"], found["trace.on"]) == ("light", "rich", True)
    assert len(found.problems) == 1


def test_a_file_that_is_no_text(home: Path) -> None:
    home.parent.mkdir(parents=True)
    home.write_bytes(b"theme = \xff\xfe")
    assert "no UTF-8 text" in load(home).problems[0]


def test_a_directory_in_its_place(home: Path) -> None:
    home.mkdir(parents=True)
    assert "cannot be read" in load(home).problems[0]


@given(st.binary(max_size=200))
def test_any_bytes_are_survived(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(raw)
    load(path)


def test_it_decides_how_the_shell_begins(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(home, 'theme = "mono"\noutput = "plain"\n[trace]\non = true\nlayers = ["arp"]\n')
    session = direct_session()
    assert start.configure(session, argparse.Namespace(config=None))
    start.begin_as_configured(session)
    try:
        assert (session.output, session.tracing) == ("plain", True)
        assert session.tracer.selection is not None
        assert session.tracer.selection.text == "arp"
        monkeypatch.delenv("AETHER_THEME")
        assert theme.current() == ("mono", "the configuration")
    finally:
        theme.configure("auto", "auto")


def test_lines_at_the_start(home: Path, shell: Shell) -> None:
    shell.session.configuration = written(home, '[startup]\ncommands = ["knob set tcp.retransmit off", "trce"]')
    start.run_at_start(shell.app, shell.session)
    assert shell.app.failures == 1
    assert "off" in shell.run("knob show tcp.retransmit --plain")


def test_scripts_print_the_same_for_everybody(home: Path) -> None:
    written(home, 'output = "plain"\n[startup]\ncommands = ["ping 192.168.1.1"]\n[trace]\non = true\n')
    words = [sys.executable, "-m", "shell", "--sim", "--seed", "1", "-c", "arp table"]
    prints = [subprocess.run([*words, *more], capture_output=True, text=True, cwd=ROOT, stdin=subprocess.DEVNULL,
                             timeout=60, check=True).stdout for more in ([], ["--no-config"])]
    assert prints[0] == prints[1]


def test_a_file_that_was_named_has_to_be_there(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "shell", "--sim", "--config", str(tmp_path / "none"), "-c", "status"],
        capture_output=True, text=True, cwd=ROOT, stdin=subprocess.DEVNULL, timeout=60, check=False)
    assert done.returncode == 1
    assert "there is no configuration file" in done.stderr


def test_the_commands(shell: Shell, home: Path) -> None:
    assert json.loads(shell.run("config show --json"))["exists"] is False
    assert "config init" in shell.fail("config check")
    shell.run("config init")
    assert "already" in shell.fail("config init")
    shell.run("config check")
    written(home, 'theme = "drak"')
    assert "Did you mean 'dark'?" in shell.fail("config check")
    assert json.loads(shell.run("config show --json"))["problems"]

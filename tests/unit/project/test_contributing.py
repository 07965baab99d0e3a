"""docs/contributing.md carries out a change of each kind: so does this, on a copy of the tree."""

from __future__ import annotations

import json
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/contributing.md").read_text(encoding="utf-8")
STEP = re.compile(r"<!-- (new|in): (\S+?)(?: (before|instead of): (.*?))? -->\n(`{3,})\w+\n(.*?)\5\n", re.DOTALL)
SOFT, LOUD, EMPTY = ('inject Ether(type=0x88b5)' + rest for rest in (r'/Raw(load=b"\x05")', r'/Raw(load=b"\xff")', ""))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy with every step of the page carried out."""
    copy = tmp_path_factory.mktemp("tree")
    for part in ("aether", "shell", "lessons", "tools"):
        shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
    tests = ("tests/__init__.py", "tests/nobody.py", "tests/shell/__init__.py", "tests/shell/golden.py")
    for name in ("pyproject.toml", "README.md", *tests):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy / name)
    steps = STEP.findall(PAGE)
    assert len(steps) >= 10
    for kind, name, where, place, _, text in steps:
        file = copy / name
        if kind == "new":
            assert not file.exists(), name
            file.write_text(text, encoding="utf-8")
            continue
        source = file.read_text(encoding="utf-8")
        assert source.count(place) == 1, f"{name} has no {place!r} any more: docs/contributing.md shall name another"
        wanted = text + place if where == "before" else text.removesuffix("\n")
        file.write_text(source.replace(place, wanted), encoding="utf-8")
    return copy


def shell(tree: Path, *lines: str) -> str:
    """Run lines in the copy's shell."""
    command = [sys.executable, "-m", "shell", "--sim", "--no-config"]
    for line in lines:
        command += ["-c", line]
    told = subprocess.run(command, cwd=tree, capture_output=True, text=True, timeout=120)
    assert told.returncode == 0, told.stdout + told.stderr
    return told.stdout


def test_a_protocol_a_knob_a_reason_a_command_and_a_view(tree: Path) -> None:
    told = shell(
        tree, SOFT, LOUD, EMPTY, "knob set hello.loudest 255", LOUD, "run 10ms", "hello", "hello --json", "drops",
        "frames hello.loud == 5")
    assert "2 hellos at you" in told
    assert json.loads(re.search(r"\{[^{}]*\"received\"[^{}]*\}", told)[0]) == {"host": "you", "received": 2}  # type: ignore[index]
    assert "EtherType 0x88b5" in told.rpartition("hello.truncated")[2], "the filter field finds the soft one"
    assert "hello.too_loud" in told and "hello.truncated" in told


def test_a_protocol_that_is_read_is_shown_asked_for_completed_and_documented(tree: Path) -> None:
    told = shell(tree, SOFT, "frame 1", "frame 1 --json", "frames hello and hello.loud < 6", "help filters hello")
    assert "Hello" in told and "5 of 255" in told
    assert '"name": "hello.loud"' in told and '"value": "5"' in told
    assert "how loud a hello is" in told
    capture = tree / "own.pcap"
    capture.write_bytes(struct.pack("<IHHiIIIIIIIB", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 147, 1, 0, 1, 1, 5))
    assert "5 of 255" in shell(tree, f"capture load {capture}", "frames hello", "frame 1"), "it is a link type too"
    asked = "from aether.filters import complete; print(complete('hello.'))"
    for look, said in ((["-c", asked], "hello.loud"), (["-m", "aether.filters"], "| `hello.loud` | number (8 bits) |")):
        done = subprocess.run([sys.executable, *look], cwd=tree, capture_output=True, text=True, timeout=120)
        assert said in done.stdout, done.stderr


def test_the_lesson_is_proved(tree: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "shell", "lesson", "lint", "say-hello"], cwd=tree, capture_output=True, text=True,
        timeout=120)
    assert told.returncode == 0, told.stderr


def test_the_view_has_its_scene(tree: Path) -> None:
    look = "from tests.shell import golden; print(type(golden.result_of('hello', 80)).__name__)"
    told = subprocess.run([sys.executable, "-c", look], cwd=tree, capture_output=True, text=True, timeout=120)
    assert told.stdout == "HelloReport\n", told.stderr


def test_the_rules_of_the_house_are_kept(tree: Path) -> None:
    """Style, types, and the tables of knobs and counters: nothing else has to be touched for them."""
    files = [name for kind, name, *_ in STEP.findall(PAGE) if name.endswith(".py")]
    for command in (["ruff", "check", "--no-cache", *files], [str(tree / "tools/tables.py"), str(tree)]):
        words = [sys.executable, *(["-m"] if command[0] == "ruff" else []), *command]
        told = subprocess.run(words, cwd=tree, capture_output=True, text=True, timeout=120)
        assert told.returncode == 0, told.stdout + told.stderr
    assert "`hello.loudest`" in (tree / "knobs.md").read_text(encoding="utf-8")
    assert "`hello.received`" in (tree / "counters.md").read_text(encoding="utf-8")


def test_each_kind_touches_few_files() -> None:
    """As many as the table says: three at the most, generated pages aside."""
    for row in re.findall(r"^\| (?:a|an) [^|]+\| (.+) \|$", PAGE, re.MULTILINE):
        assert 1 <= len(re.findall(r"`(?:aether|shell|lessons|tests)/", row)) <= 3, row


def test_the_files_of_the_ten_changes_are_there() -> None:
    begin, end = PAGE.index("## Which file?"), PAGE.index("## One of each kind")
    rows = [row for row in PAGE[begin:end].splitlines() if row.startswith("| ")][1:]
    assert len(rows) == 10
    for row in rows:
        for name in re.findall(r"`((?:aether|shell)/[\w./]+)`", row):
            assert (ROOT / name).exists(), name

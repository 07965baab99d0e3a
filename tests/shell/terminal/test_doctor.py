"""`aether-shell doctor` on machines with something missing: it says what, and what it says to type mends it."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
CLEAN = ("NO_COLOR", "COLORTERM", "PYTHONIOENCODING", "PYTHONUTF8", "LC_ALL", "LANG")


class Setup:
    """A machine as far as a test can make one: an environment, and a working directory of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if name not in CLEAN}
        self.environment = {
            **kept, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT), "TMPDIR": str(folder), "LANG": "C.UTF-8",
            **{f"XDG_{name}_HOME": str(folder) for name in ("STATE", "DATA", "CONFIG")}}

    def run(self, *arguments: str, first: str = "true") -> subprocess.CompletedProcess[str]:
        """Run aether-shell, in a shell in which `first` was typed before."""
        return subprocess.run(
            ["bash", "-c", f'{first}; exec "$@"', "bash", sys.executable, "-m", "shell", *arguments], cwd=self.folder,
            env=self.environment, capture_output=True, text=True, encoding="utf-8", errors="replace", timeout=60,
            stdin=subprocess.DEVNULL)

    def findings(self, first: str = "true", status: int | None = None) -> dict[str, dict[str, Any]]:
        """Return what doctor finds, by what it is about."""
        done = self.run("doctor", "--json", first=first)
        assert "Traceback" not in done.stderr, done.stderr
        assert status is None or done.returncode == status, done.stdout
        return {each["what"]: each for each in json.loads(done.stdout)["findings"]}

    def on_path(self, name: str, content: str) -> None:
        """Put a file where Python looks before it looks where packages are."""
        path = self.folder / "first" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        self.environment["PYTHONPATH"] = f"{self.folder / 'first'}{os.pathsep}{ROOT}"


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    return Setup(tmp_path)


def test_a_machine_on_which_all_is_well(setup: Setup) -> None:
    found = setup.findings(status=0)
    for name in ("Python", "cmd2", "rich", "terminal", "encoding", "colours", "history", "progress"):
        assert found[name]["state"] == "works", found[name]
        assert not found[name]["mend"]


def test_each_requirement_of_the_project_is_looked_at(setup: Setup) -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {line.partition(">")[0] for line in [*project["dependencies"], *project["optional-dependencies"]["regex"]]}
    assert names <= setup.findings().keys()


@pytest.mark.parametrize("version", ["14.3.2", "99.0"])
def test_a_package_that_is_too_old_or_too_new(setup: Setup, version: str) -> None:
    setup.on_path(f"rich-{version}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: rich\nVersion: {version}\n")
    found = setup.findings(status=1)["rich"]
    assert found["state"] == "broken"
    assert version in found["said"]
    assert found["mend"].endswith(" -m pip install 'rich>=15,<16'")


@pytest.mark.parametrize(("module", "name", "state"), [
    ("httptools", "httptools", "broken"), ("plotext", "plotext", "limited"),
])
def test_a_package_that_is_not_whole(setup: Setup, module: str, name: str, state: str) -> None:
    setup.on_path(f"{module}/__init__.py", "raise ImportError('libwhatever.so.1: cannot open shared object file')\n")
    found = setup.findings(status=int(state == "broken"))[name]
    assert found["state"] == state
    assert "libwhatever.so.1" in found["said"]
    assert "pip install --force-reinstall" in found["mend"]


def test_the_program_itself_points_to_doctor(setup: Setup) -> None:
    setup.on_path("httptools/__init__.py", "raise ImportError('no httptools here', name='httptools')\n")
    done = setup.run("--sim", "-c", "status")
    assert done.returncode == 1
    assert done.stderr == "aether-shell: a package cannot be used: no httptools here. What to do: aether-shell doctor\n"


def test_a_python_that_is_too_old(setup: Setup) -> None:
    setup.on_path("sitecustomize.py", "import sys\nsys.version_info = (3, 9, 2, 'final', 0)\n")
    found = setup.findings(status=1)["Python"]
    assert found["state"] == "broken"
    assert "3.11 or newer" in found["said"]
    done = setup.run("--sim", "-c", "status")
    assert done.stderr == "aether-shell: Python 3.9 is too old. What to do: aether-shell doctor\n"


def test_it_is_written_in_the_python_of_long_ago() -> None:
    """Else it could not say that Python is too old. 3.8 reads it: no newer syntax, and what runs as it is imported."""
    modules = ["shell/__main__.py", "shell/program/main.py", "shell/endings.py", "shell/reading/stderr.py",
               "shell/reading/escape.py",
               *(str(path.relative_to(ROOT)) for path in (ROOT / "shell" / "program" / "doctor").glob("*.py"))]
    for module in modules:
        text = (ROOT / module).read_text(encoding="utf-8")
        tree = ast.parse(text, module, feature_version=(3, 8))
        assert "from __future__ import annotations" in text or len(tree.body) == 1
        assert "slots=True" not in text


@pytest.mark.parametrize("wrong", [
    {"terminal": ("export TERM=dumb", "TERM is dumb"),
     "encoding": ("export PYTHONIOENCODING=latin-1", "iso8859-1"),
     "history": ("export XDG_STATE_HOME=/dev/null", "no directory"),
     "progress": ("export XDG_DATA_HOME=/dev/null/deep/inside", "no directory")},
    {"terminal": ("unset TERM", "TERM is not set"),
     "colours": ("export NO_COLOR=1", "NO_COLOR is set"),
     "encoding": ("export LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0", "ascii"),
     "configuration": ("export XDG_CONFIG_HOME=/dev/null", "no directory")},
])
def test_what_it_says_to_type_mends_it(setup: Setup, wrong: dict[str, tuple[str, str]]) -> None:
    first = "; ".join(line for line, _ in wrong.values())
    found = setup.findings(first, status=0)
    for what, (_, said) in wrong.items():
        assert found[what]["state"] == "limited"
        assert said in found[what]["said"]
    mended = setup.findings("; ".join([first, *(found[what]["mend"] for what in wrong)]), status=0)
    assert {mended[what]["state"] for what in wrong} == {"works"}


def test_lang_c_is_no_trouble(setup: Setup) -> None:
    assert setup.findings("export LANG=C", status=0)["encoding"]["state"] == "works"


def test_it_can_be_read_in_every_encoding(setup: Setup) -> None:
    done = setup.run("doctor", first=f"export PYTHONIOENCODING=ascii XDG_STATE_HOME={setup.folder}/zürich")
    assert (done.returncode, done.stderr) == (0, "")
    assert r"z\xfcrich/aether" in done.stdout


def test_what_a_killed_shell_left(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its pipe, and a file that it was writing; but not what is somebody else's."""
    os.mkfifo(setup.folder / "lab two.pcap")
    os.mkfifo(setup.folder / "other")
    (setup.folder / ".run.aether.abcd.part").write_text("half")
    (setup.folder / "notes.part").write_text("mine")
    found = setup.findings()
    if "pipe lab two.pcap" not in found:  # another shell runs, to which they may belong
        from shell.program.doctor import leftovers

        monkeypatch.setattr(leftovers, "_running", lambda: False)
        monkeypatch.chdir(setup.folder)
        monkeypatch.setenv("XDG_STATE_HOME", str(setup.folder))
        found = {each.what: each._asdict() for each in leftovers.look()}
    left = {name: each for name, each in found.items() if name.startswith(("pipe lab", "file ."))}
    assert left.keys() == {"pipe lab two.pcap", "file .run.aether.abcd.part"}
    for each in left.values():
        subprocess.run(each["mend"], shell=True, check=True, cwd=setup.folder)
    assert sorted(path.name for path in setup.folder.iterdir() if path.is_fifo() or path.suffix == ".part") == [
        "notes.part", "other"]

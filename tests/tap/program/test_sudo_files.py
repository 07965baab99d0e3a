"""Under sudo: no file that is root's alone is read or written, whichever option, argument or command names it."""

from __future__ import annotations

import argparse
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from shell.language.registry import load_all
from shell.lessons import program
from shell.program.main import parser
from tests.tap.harness import ROOT, KernelLab

NOBODY = "65534"
SCRIPT = ROOT / "tests/drill/handshake/passive.pkt"
SECRET = "secret-4711"
OPTIONS = {
    "script": ("{file}",), "replay": ("--replay", "{file}", "-c", "status"),
    "config": ("--config", "{file}", "-c", "status"),
}
"""How a file is named on the command line, by the parser's own name for it."""
NO_FILES = {
    "help", "lines", "json", "plain", "seed", "mode", "tap", "lab", "sim", "address", "host_address", "subnet",
    "workers", "no_config", "no_shell", "version", "user", "language",
}
LESSON_OPTIONS = {
    "files": ("lesson", "lint", "{file}"), "reports": ("lesson", "grade", "{file}"),
    "course": ("lesson", "grade", "/dev/null", "--course", "{file}"),
    "roster": ("lesson", "grade", "--course", "first-week", "--moodle", "--roster", "{file}", "/dev/null"),
    "report": ("lesson", "autograde", "--course", "first-week", "{file}"),
    "html": ("lesson", "class", "/dev/null", "--html", "{file}", "--force"),
}
LESSON_NO_FILES = {
    "help", "verb", "json", "csv", "moodle", "canvas", "nbgrader", "jobs", "force", "lesson", "learner", "least"}
READS = {
    "capture load": "capture load {file}", "replay": "replay {file}", "scenario load": "scenario load {file}",
    "scenario show": "scenario show {file}", "config check": "config check {file}",
    "lesson lint": "lesson lint {file}", "lesson start": "lesson start {file}", "lesson grade": "lesson grade {file}",
    "lesson course": "lesson course {file}", "http serve": "http serve {directory}",
    "lesson path": "lesson path {directory}/below", "run_script": "run_script {file}",
    "exercise check": "exercise check {file}", "exercise use": "exercise use {file}",
    "drill run": "drill run {file}", "drill step": "drill step {file}", "drill compare": "drill compare {file}",
}
WRITES = {
    "capture save": "capture save {new} --force", "record": "record {new} --force",
    "export": "export text --force {new} status",
    "scenario save": "scenario save {new} --force", "lesson report": "lesson report {new} --force",
    "capture live": "capture live {new}", "drill run --junit": "drill run {script} --junit {new}",
    "drill draft --save": "drill draft --save {new} --force",
    "drill write --save": "drill write conn 1 --save {new} --force", "redirection": "status > {new}",
    "pipe": "status | tee {new}",
}
BY_NAME = {"lesson new", "lesson hand-in", "lesson record", "config init", "exercise start"}
"""These write to a place of their own: the present directory, the configuration."""
SUFFIXES = {"scenario": ".toml", "lesson lint": ".md", "lesson start": ".md", "lesson report": ".json"}


class Folder:
    """A directory that everybody may look at, with files of root alone."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.closed = top / "closed"
        self.closed.mkdir(mode=0o700)
        (self.closed / "below").mkdir()
        top.chmod(0o755)

    def file(self, name: str, content: str = f"{SECRET} = {SECRET}\n") -> Path:
        """Return a file that only root may read or write."""
        suffix = next((each for start, each in SUFFIXES.items() if name.startswith(start)), "")
        path = self.top / f"file{suffix}"
        path.write_text(content)
        path.chmod(0o600)
        return path

    def named(self, text: str, path: Path) -> str:
        return text.format(file=path, new=path, directory=self.closed, script=SCRIPT)


@pytest.fixture
def folder() -> Iterator[Folder]:
    """Return a folder outside of what pytest closes to all others."""
    top = Path(tempfile.mkdtemp(prefix="aether-"))
    yield Folder(top)
    shutil.rmtree(top)


def opened() -> str:
    """Return lines that show everybody, in a mount namespace, what of Python and of us lies where only root can look.

    An installation lies where everybody can read; that of whoever runs the tests perhaps in root's own home.
    """
    needed = [Path(sys.base_prefix), Path(sys.prefix), ROOT]
    closed = {
        each for path in needed for each in list(path.parents)[::-1]
        if not each.stat().st_mode & stat.S_IXOTH}
    outermost = [each for each in closed if not closed & set(each.parents)]
    lines = ["mount -t tmpfs none /mnt"]
    for number, path in enumerate(needed):
        lines += [f"mkdir /mnt/{number}", f"mount --bind {path} /mnt/{number}"]
    lines += [f"mount -t tmpfs -o mode=755 none {each}" for each in outermost]
    for number, path in enumerate(needed):
        if set(outermost) & set(path.parents):
            lines += [f"mkdir -p {path}", f"mount --bind /mnt/{number} {path}"]
    return "\n".join(lines) if outermost else ""


def run(*arguments: str, lab: KernelLab | None = None, sudo: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the program as sudo would; in a namespace with a TAP, or the simulation."""
    caller = {"SUDO_UID": NOBODY, "SUDO_GID": NOBODY, "SUDO_USER": "nobody"} if sudo else {}
    inside = ["unshare", "-n", "-m"] if lab is None else ["ip", "netns", "exec", lab.name]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}  # sudo has none
    return subprocess.run(
        [*inside, "sh", "-ec", f'{opened()}\nexec "$@"', "sh", sys.executable, "-P", "-m", "shell", *arguments],
        cwd="/", capture_output=True, text=True,
        env={**environment, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **caller}, timeout=60, check=False,
        stdin=subprocess.DEVNULL)


def said(done: subprocess.CompletedProcess[str]) -> str:
    assert "Traceback" not in done.stdout + done.stderr
    assert "internal error" not in done.stderr
    return " ".join((done.stdout + done.stderr).split())


def names(found: argparse.ArgumentParser) -> set[str]:
    """Return the names of all options and arguments of a parser, and of those beneath it."""
    known = set()
    for action in found._actions:
        known.add(action.dest)
        if isinstance(action, argparse._SubParsersAction):
            for each in action.choices.values():
                known |= names(each)
    return known


def test_every_option_and_every_command_that_names_a_file_is_tried_here() -> None:
    assert names(parser()) == OPTIONS.keys() | NO_FILES
    assert names(program.parser()) == LESSON_OPTIONS.keys() | LESSON_NO_FILES
    files = {"file", "files", "path", "paths", "directory"}
    found = {each.name for each in load_all() if files & {
        part for argument in each.arguments for part in (argument.name, argument.complete)}}
    assert found <= READS.keys() | WRITES.keys() | BY_NAME
    assert {f"{each.name} {option.name}" for each in load_all() for option in each.options
            if files & {option.parameter, option.complete}} <= WRITES.keys()


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("tap", [False, True], ids=["sim", "tap"])
def test_what_the_command_line_names_is_read_as_the_person(folder: Folder, name: str, tap: bool) -> None:
    path = folder.file(name)
    words = [folder.named(word, path) for word in OPTIONS[name]]
    with KernelLab() as lab:
        if tap and name != "replay":
            done = run("--tap", "aether0", *words, lab=lab)
            assert "aether0" not in lab.run("ip", "link").stdout
        else:
            done = run("--sim", *words)
    assert SECRET not in said(done)
    assert "Permission denied" in said(done)
    assert done.returncode == {"script": 2, "replay": 1, "config": 0}[name]


@pytest.mark.parametrize("name", LESSON_OPTIONS)
def test_what_teachers_name_is_read_as_the_person(folder: Folder, name: str) -> None:
    path = folder.file("lesson lint" if name == "files" else name)
    done = run(*(folder.named(word, path) for word in LESSON_OPTIONS[name]))
    assert SECRET not in said(done)
    assert "Permission denied" in said(done)
    assert done.returncode != 0


@pytest.mark.parametrize("name", LESSON_OPTIONS)
def test_a_directory_of_root_alone_is_no_directory_for_teachers(folder: Folder, name: str) -> None:
    path = folder.closed / "hidden.md"
    path.write_text(f"{SECRET}\n")
    done = run(*(folder.named(word, path) for word in LESSON_OPTIONS[name]))
    assert SECRET not in said(done)
    assert done.returncode != 0


@pytest.mark.parametrize("more", [(), ("--a", "aether")], ids=["plain", "shortened option"])
def test_packet_scripts_are_read_as_the_person(folder: Folder, more: tuple[str, ...]) -> None:
    done = run("drill", *more, str(folder.file("drill run")))
    assert SECRET not in said(done)
    assert "Permission denied" in said(done)
    assert done.returncode == 1


@pytest.mark.parametrize("against", ["kernel", "both"])
def test_packet_scripts_against_the_kernel_are_read_as_the_person(folder: Folder, against: str) -> None:
    """Only the process that makes the network has root, until it has made it."""
    done = run("drill", "--against", against, str(folder.file("drill run")))
    assert SECRET not in said(done)
    assert "Permission denied" in said(done)
    assert done.returncode in (1, 2)


def test_packet_scripts_are_played_against_the_kernel_and_reported_as_the_person(folder: Folder) -> None:
    new, old = folder.top / "new.xml", folder.file("junit")
    folder.top.chmod(0o777)
    done = run("drill", "--against", "kernel", str(SCRIPT), "--junit", str(new), "--json")
    assert '"verdict": "ok"' in done.stdout, done
    assert (new.stat().st_uid, new.stat().st_gid) == (int(NOBODY), int(NOBODY))
    folder.top.chmod(0o755)
    done = run("drill", "--against", "kernel", str(SCRIPT), "--junit", str(old))
    assert "Permission denied" in said(done)
    assert done.returncode == 2
    assert old.read_text().startswith(SECRET)
    assert " 0 lines differ from Linux " in said(run("drill", "--against", "both", str(SCRIPT), "--plain"))


@pytest.mark.parametrize("tap", [False, True], ids=["sim", "tap"])
def test_commands_read_as_the_person(folder: Folder, tap: bool) -> None:
    lines = [folder.named(line, folder.file(name)) for name, line in READS.items()]
    with KernelLab() as lab:
        where = ("--tap", "aether0") if tap else ("--sim",)
        done = run(*where, "--plain", *(word for line in lines for word in ("-c", line)), lab=lab)
    assert SECRET not in said(done)
    refused = [line for line in done.stdout.lower().splitlines() + done.stderr.lower().splitlines() if any(
        each in line for each in ("permission denied", "is no directory", "a recording is looked at without a device",
                                 "a script is stepped without a device"))]
    assert len(refused) == len(lines), done


@pytest.mark.parametrize("tap", [False, True], ids=["sim", "tap"])
def test_commands_write_as_the_person(folder: Folder, tap: bool) -> None:
    files = {name: folder.file(name) for name in WRITES}
    lines = [folder.named(line, place) for name, line in WRITES.items()
             for place in (files[name], folder.top / f"new{files[name].suffix}")]
    with KernelLab() as lab:
        where = ("--tap", "aether0") if tap else ("--sim",)
        done = run(*where, "--plain", "-c", "link delay 1ms", "-c", "ping 192.168.1.1 --count 1", "-c", "drill new",
                   "-c", "tcp connect 192.168.1.1:80 --background", "-c", "run 1s",
                   *(word for line in lines for word in ("-c", line)), lab=lab)
    refused = [line for line in said(done).lower().split(str(folder.top)) if any(each in line for each in (
        "permission denied", "failed to redirect output", "is there already, and is no named pipe"))]
    assert len(refused) > len(WRITES), done
    assert {each.name for each in folder.top.iterdir()} == {"closed", *(path.name for path in files.values())}
    assert all(path.read_text().startswith(SECRET) for path in files.values())


def test_root_itself_reads_what_it_names(folder: Folder) -> None:
    path = folder.file("script", f"explain {SECRET}\n")
    assert SECRET in said(run("--sim", str(path), sudo=False))


def test_a_script_of_the_person_is_run_behind_a_tap(folder: Folder) -> None:
    path = folder.file("script", "host -- id -u\n")
    path.chmod(0o644)
    with KernelLab() as lab:
        assert NOBODY in said(run("--tap", "aether0", str(path), lab=lab))


@pytest.mark.parametrize("where", [("--sim",), ("--tap", "aether0")], ids=["sim", "tap"])
def test_root_becomes_whom_it_names(folder: Folder, where: tuple[str, ...]) -> None:
    """In a container nobody calls sudo. What is named after that is read as that person, and not as root."""
    path = folder.file("script", f"explain {SECRET}\n")
    with KernelLab() as lab:
        told = said(run(*where, "--user", "nobody", str(path), lab=lab, sudo=False))
        assert SECRET not in told and "Permission denied" in told
        line = "host -- id -u" if "--tap" in where else "status"
        done = run(*where, "--user", "nobody", "--plain", "-c", line, lab=lab, sudo=False)
    assert done.returncode == 0 and (NOBODY in done.stdout or "--sim" in where), done


@pytest.mark.parametrize(("user", "wanted"), [("nosuch", "no such user here"), ("root", "is root again")])
def test_nobody_else_is_taken(user: str, wanted: str) -> None:
    done = run("--sim", "--user", user, "-c", "status", sudo=False)
    assert done.returncode == 2 and wanted in said(done)


def test_root_leaves_nothing_in_what_is_somebody_elses(folder: Folder) -> None:
    """No bytecode either, of the program or of the processes that it starts."""
    copy = folder.top / "checkout"
    for each in ("aether", "shell", "lessons"):
        shutil.copytree(ROOT / each, copy / each, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (copy, *copy.rglob("*")):
        os.chown(path, int(NOBODY), int(NOBODY))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for arguments in (("--sim", "--no-config", "-c", "ping 192.168.1.1 --count 1"), ("lesson", "lint", "arp"),
                      ("doctor",)):
        done = subprocess.run(
            ["unshare", "-n", sys.executable, "-P", "-m", "shell", *arguments], cwd=folder.top, capture_output=True,
            text=True, timeout=60, check=False, env={**environment, "PYTHONPATH": str(copy)})
        assert "Traceback" not in done.stderr, done.stderr
        assert [str(path) for path in copy.rglob("*") if path.stat().st_uid == 0] == []

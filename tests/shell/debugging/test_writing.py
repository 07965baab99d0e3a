"""Every command that writes a file writes it as a whole or not at all, and replaces one with --force alone."""

from __future__ import annotations

import fcntl
import json
import os
import re
import resource
import shutil
import signal
import stat
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from shell.files import writing
from shell.files.writing import WriteError, write
from shell.language.registry import load_all
from shell.lessons.progress import Progress, ProgressStore, take_warnings
from shell.prompt.app import AetherShell
from tests.shell.conftest import Shell

ROOT = Path(__file__).parents[3]
LINES = {
    "capture save": ("capture save {file}", "run.pcapng"),
    "record": ("record {file}", "run.aether"),
    "export": ("export svg {file} frames", "frames.svg"),
    "scenario save": ("scenario save {file}", "bad.toml"),
    "lesson report": ("lesson report {file} --name Ada", "ada.json"),
    "lesson hand-in": ("lesson hand-in", "networks-i-ada.json"),
    "lesson new": ("lesson new fresh", "fresh.md"),
    "lesson record": ("lesson record drafted", "drafted.md"),
    "exercise start": ("exercise start rto", "rto.py"),
    "config init": ("config init", "aether/config.toml"),
    "drill draft": ("drill draft --save {file}", "drafted.pkt"),
    "drill write": ("drill write conn 1 --save {file}", "fault.pkt"),
}
"""What is typed, and the file that it writes."""
OLD = b"what was there before\n"
is_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: another user's link, a file system of its own")


@pytest.fixture(params=sorted(LINES))
def written(
    request: pytest.FixtureRequest, engine_shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> tuple[Shell, str, Path]:
    """Return a shell with something to write, a line that writes it, and the file."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder))
    line, name = LINES[request.param]
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    engine_shell.run("link loss 1%")
    engine_shell.run("ping 192.168.1.1 --count 2")
    engine_shell.run("tcp connect 192.168.1.1:7")
    engine_shell.run("drill new")
    (folder / "course").write_text('title = "Networks I"\nlessons = ["arp"]\n')
    engine_shell.run("lesson course course --name Ada")
    return engine_shell, line.format(file=file), file


def forced(line: str) -> str:
    return line.replace("export svg", "export svg --force") if line.startswith("export") else f"{line} --force"


@contextmanager
def limited(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the kernel refuse what is beyond 20 bytes of a file; the output of the test is not meant."""
    before, as_usual = resource.getrlimit(resource.RLIMIT_FSIZE), writing._write_beside

    def narrow(target: Path, data: bytes, force: bool) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20, before[1]))
        try:
            as_usual(target, data, force)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    with monkeypatch.context() as changed:
        changed.setattr(writing, "_write_beside", narrow)
        yield


def alone(file: Path) -> bool:
    """Tell whether nothing was left beside a file."""
    return [each.name for each in file.parent.iterdir() if each.name.endswith(".part")] == []


def test_every_command_that_writes_a_file_is_tested_here() -> None:
    found = {" ".join(each.path) for each in load_all() if any(option.name == "--force" for option in each.options)}
    assert found == set(LINES)


def test_nothing_else_opens_files_to_write() -> None:
    pattern = re.compile(r"""(open\([^)\n]*["'][wax]b?\+?["']|write_text\(|write_bytes\(|NamedTemporaryFile|mkstemp)""")
    kernel = re.compile(r"/proc/|/sys/")
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for folder in ("aether", "shell") for path in sorted((ROOT / folder).rglob("*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if pattern.search(line) and not kernel.search(line) and path != Path(writing.__file__)
    ]
    assert found == []


def test_it_replaces_with_force_alone_and_keeps_permissions(written: tuple[Shell, str, Path]) -> None:
    shell, line, file = written
    shell.run(line)
    new = file.read_bytes()
    assert new
    file.write_bytes(OLD)
    file.chmod(0o640)
    said = " ".join(shell.fail(line).split())
    assert "is there already. `--force` replaces it" in said
    assert file.read_bytes() == OLD
    shell.run(forced(line))
    assert file.read_bytes() != OLD
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert alone(file)


def test_what_it_says_to_type_replaces(written: tuple[Shell, str, Path]) -> None:
    shell, line, file = written
    file.write_bytes(OLD)
    again = shell.fail(line).replace("\n", " ").partition("replaces it: ")[2].partition(";")[0].strip()
    shell.run(again)
    assert file.read_bytes() != OLD


@pytest.mark.parametrize("force", [False, True])
def test_a_file_that_cannot_grow_leaves_the_old_one(
    written: tuple[Shell, str, Path], monkeypatch: pytest.MonkeyPatch, force: bool
) -> None:
    shell, line, file = written
    if force:
        file.write_bytes(OLD)
    with limited(monkeypatch):
        said = shell.fail(forced(line) if force else line)
    assert "cannot write" in said
    assert "too large" in said
    assert (file.read_bytes() if force else file.exists()) == (OLD if force else False)
    assert alone(file)


def test_a_kill_leaves_the_old_one(written: tuple[Shell, str, Path]) -> None:
    """The program dies when all is written but the name; the next one that writes it removes what was left beside."""
    shell, line, file = written
    file.write_bytes(OLD)
    code = """
import os, signal, sys
from shell.__main__ import main
os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
main(sys.argv[1:])
"""
    done = subprocess.run(
        [sys.executable, "-c", code, "--sim", "--seed", "1", "-c", "link loss 1%", "-c", "ping 192.168.1.1 --count 2",
         "-c", "tcp connect 192.168.1.1:7", "-c", "drill new", "-c", forced(line)],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (-signal.SIGKILL, "")
    assert file.read_bytes() == OLD
    assert not alone(file)
    shell.run(forced(line))
    assert file.read_bytes() != OLD
    assert alone(file)


def beside(file: Path, number: int = 0) -> Path:
    """Return how a file beside another one may be called."""
    return file.parent / f".{file.name}.{number:016x}.part"


def test_only_what_nobody_writes_any_more_is_removed(tmp_path: Path) -> None:
    file = tmp_path / "run.aether"
    others = [tmp_path / name for name in (
        ".run.aether.part", ".run.aether.txt.0123456789abcdef.part", ".run.aether.0123456789abcdef.part.gz",
        ".run.0123456789abcdef.part", "run.aether.0123456789abcdef.part")]
    for each in (beside(file), beside(file, 1), *others):
        each.write_bytes(OLD)
    beside(file, 2).mkdir()
    beside(file, 3).symlink_to(others[0])
    os.mkfifo(beside(file, 4))
    with beside(file).open("rb") as in_use:
        fcntl.flock(in_use, fcntl.LOCK_EX)
        write(file, b"new", force=False)
        kept = {beside(file), *(beside(file, number) for number in (2, 3, 4)), *others}
        assert {*tmp_path.iterdir()} == {file, *kept}
    write(file, b"newer", force=True)
    assert {*tmp_path.iterdir()} == {file, *kept} - {beside(file)}
    assert [each.read_bytes() for each in others] == [OLD] * len(others)


@is_root
def test_what_somebody_else_left_is_left(tmp_path: Path) -> None:
    file = tmp_path / "run.aether"
    beside(file).write_bytes(OLD)
    os.chown(beside(file), 65534, 65534)
    write(file, b"new", force=False)
    assert beside(file).read_bytes() == OLD


def test_a_name_as_long_as_may_be_is_cleaned_up_after_too(tmp_path: Path) -> None:
    file = tmp_path / ("é" * 127)  # 254 bytes, of which the name beside repeats 200
    (tmp_path / f".{'é' * 100}.0123456789abcdef.part").write_bytes(OLD)
    write(file, b"new", force=False)
    assert [*tmp_path.iterdir()] == [file]


def test_what_is_removed_before_it_is_locked_is_begun_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another shell saw the file beside between its making and its lock, and took it for abandoned."""
    file, as_usual, locked = tmp_path / "run.aether", fcntl.flock, []

    def late(descriptor: int, operation: int) -> None:
        if not locked:
            (made,) = tmp_path.glob(".run.aether.*.part")
            made.unlink()
        locked.append(descriptor)
        as_usual(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    write(file, b"new", force=False)
    assert len(locked) == 2
    assert [*tmp_path.iterdir()] == [file]
    assert file.read_bytes() == b"new"


@is_root
def test_a_link_of_somebody_else_is_not_followed(written: tuple[Shell, str, Path]) -> None:
    shell, line, file = written
    victim = file.parent.parent / "victim"
    victim.write_bytes(OLD)
    file.parent.chmod(0o1777)
    file.symlink_to(victim)
    os.lchown(file, 65534, 65534)
    for each in (line, forced(line)):
        assert "link that somebody else has made" in " ".join(shell.fail(each).split())
    assert victim.read_bytes() == OLD
    assert file.is_symlink()
    file.unlink()
    file.symlink_to(victim)
    shell.run(forced(line))
    assert victim.read_bytes() != OLD
    assert file.is_symlink()


@is_root
@pytest.mark.needs("unshare", "mount")
def test_a_full_disk_is_named_with_what_was_free(tmp_path: Path) -> None:
    """On a file system of 64 KB, in a mount namespace of its own."""
    code = textwrap.dedent("""
        import os, sys
        from pathlib import Path
        from shell.files.writing import WriteError, write
        file = Path(sys.argv[1], "run.aether")
        write(file, "old", force=False)
        try:
            write(file, bytes(200_000), force=True)
        except WriteError as problem:
            print(problem)
        print(file.read_text(), os.listdir(sys.argv[1]))
    """)
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", 'mount -t tmpfs -o size=64k none "$1" && exec "$2" -c "$3" "$1"', "sh",
         str(tmp_path), sys.executable, code],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr == ""
    said, rest = done.stdout.splitlines()
    found = re.fullmatch(
        rf"cannot write {tmp_path}/run.aether: no space left on device: it takes 200,000 bytes, and ([\d,]+) were free "
        rf"in {tmp_path}", said)
    assert found
    assert 0 < int(found[1].replace(",", "")) < 65_536
    assert rest == "old ['run.aether']"


@is_root
def test_root_keeps_whose_file_it_is(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(OLD)
    os.chown(file, 1234, 1234)
    file.chmod(0o4600)
    write(file, "new", force=True)
    found = file.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (1234, 1234, 0o600)


def test_a_new_file_is_as_the_umask_says(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write(tmp_path / "file", "new", force=False)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640


@pytest.mark.parametrize(("make", "said"), [
    (lambda path: path.mkdir(), "is a directory"), (os.mkfifo, "is no ordinary file"),
    (lambda path: path.symlink_to(path), "Too many levels of symbolic links"),
])
def test_what_is_no_file_is_left_alone(tmp_path: Path, make: Callable[[Path], None], said: str) -> None:
    make(tmp_path / "there")
    for force in (False, True):
        with pytest.raises(WriteError, match=said):
            write(tmp_path / "there", "new", force=force)


def test_one_that_comes_meanwhile_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, fsync = tmp_path / "file", os.fsync

    def meanwhile(descriptor: int) -> None:
        file.write_bytes(OLD)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", meanwhile)
    with pytest.raises(WriteError, match="is there already"):
        write(file, "new", force=False)
    assert file.read_bytes() == OLD
    assert alone(file)


def test_a_file_system_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no)
    write(tmp_path / "file", "new", force=False)
    assert (tmp_path / "file").read_text() == "new"
    with pytest.raises(WriteError, match="is there already"):
        write(tmp_path / "file", "newer", force=False)


def test_links_of_ours_and_steps_up_lead_where_the_system_has_them(tmp_path: Path) -> None:
    (tmp_path / "far" / "deep").mkdir(parents=True)
    (tmp_path / "near").symlink_to("far/deep")
    write(tmp_path / "near" / ".." / "file", "new", force=False)
    assert (tmp_path / "far" / "file").read_text() == "new"
    (tmp_path / "dangling").symlink_to("far/made")
    write(tmp_path / "dangling", "new", force=False)
    assert (tmp_path / "far" / "made").read_text() == "new"


def test_the_longest_name(tmp_path: Path) -> None:
    write(tmp_path / ("é" * 127), "new", force=False)
    assert (tmp_path / ("é" * 127)).read_text() == "new"


def test_progress_and_history_survive_a_full_disk(
    tmp_path: Path, engine_shell: Shell, capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = ProgressStore(tmp_path)
    store.save(Progress(seen=["one"]))
    history = tmp_path / "history"
    history.write_bytes(b"old")
    engine_shell.app.persistent_history_file = str(history)
    with limited(monkeypatch):
        store.save(Progress(seen=["one", "two"]))
        engine_shell.app._persist_history()
    assert store.load().seen == ["one", "two"]
    assert json.loads((tmp_path / "lessons.json").read_text())["seen"] == ["one"]
    assert ["is kept as long as this shell runs" in each for each in take_warnings()] == [True]
    assert history.read_bytes() == b"old"
    assert "the history is not kept" in capfd.readouterr().err
    engine_shell.app._persist_history()
    assert history.read_bytes() != b"old"
    assert alone(history)
    engine_shell.app.persistent_history_file = ""


def test_a_live_capture_follows_no_link(shell: Shell, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    assert "is no named pipe" in shell.fail(f"capture live {tmp_path / 'link'}")
    shutil.rmtree(tmp_path)


def test_a_shell_begins_where_its_history_cannot_be_kept(
    engine_shell: Shell, tmp_path: Path, capfd: pytest.CaptureFixture[str],
) -> None:
    """A home that is full of something else, or may not be written: that is told, and the prompt is there."""
    blocked = tmp_path / "file"
    blocked.write_text("no directory")
    app = AetherShell(engine_shell.session, history_file=str(blocked / "aether" / "history"), interactive=False)
    assert "history" in capfd.readouterr().err
    app.onecmd_plus_hooks("status")
    assert app.last_result is not None

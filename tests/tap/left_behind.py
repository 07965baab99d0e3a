"""What a program that was killed has left behind: processes, interfaces, files, and whether its files can be read."""

from __future__ import annotations

import json
import lzma
import os
import stat
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from cmd2.history import History

from aether.engine import log
from shell.captures.loaded import load
from shell.lessons.progress import Progress, ProgressStore
from shell.lessons.report import grade

MARK = "AETHER_TEST_KILLS"
"""The variable of the environment by which the processes of a session are known, whoever their parent is."""


def processes(mark: str) -> list[str]:
    """Return what runs and has this mark in its environment: a number and a command line each."""
    wanted, found = f"{MARK}={mark}".encode(), []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if wanted in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                found.append(f"{pid} {words.strip()}")
        except OSError:  # it has ended meanwhile
            continue
    return found


def networks() -> set[str]:
    """Return what keeps a network namespace without any process in it, but for what the tests themselves make."""
    mounts = [line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return {words[4] for words in mounts if words[3].startswith("net:") and "/netns/aether-" not in words[4]}


def interfaces(namespace: str) -> set[str]:
    """Return the names of the interfaces in a named network namespace."""
    told = subprocess.run(["ip", "-n", namespace, "-j", "link"], capture_output=True, check=True, timeout=30).stdout
    return {each["ifname"] for each in json.loads(told)}


def beside(folder: Path) -> list[Path]:
    """Return the files that had not got their names yet."""
    return [path for path in folder.rglob(".*.part") if path.is_file()]


def target(path: Path) -> str:
    """Return the name that a file beside its place would have got: `.NAME.16 hexadecimal digits.part`."""
    return path.name[1:].rsplit(".", 2)[0]


def is_pipe(path: Path) -> bool:
    """Tell whether there is a named pipe of this name."""
    return path.exists() and stat.S_ISFIFO(path.lstat().st_mode)


def complaints(folder: Path) -> list[str]:
    """Return what cannot be read of what lies in a folder, and what ought not to lie there."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_dir() or path in beside(folder) or path.parent.name == "scapy":
            continue  # what scapy has cached, of which it makes a half anew
        judge = _judge_of(path)
        if judge is None:
            found.append(f"{path.name}: nothing of that name is written")
            continue
        try:
            judge(path)
        except Exception as problem:  # whatever it is, the file cannot be read
            found.append(f"{path.name}: {type(problem).__name__}: {problem}")
    return found


def _judge_of(path: Path) -> Callable[[Path], object] | None:
    """Return what reads a file, and raises if it cannot; None if no session writes such a file."""
    if path.parent.name == "aether":
        if path.name == "history":
            return _history
        if path.name == "lessons.json":
            return lambda path: _progress(path.parent)
        if path.name.startswith("lesson-"):
            return _lesson
        return _json if path.name.startswith("evidence-") else None
    judges: dict[str, Callable[[Path], object]] = {
        ".aether": _recording, ".pcapng": _capture, ".json": _report, ".pipe": _pipe}
    return judges.get(path.suffix)


def _recording(path: Path) -> None:
    log.load(path.read_text()).world()  # which raises if it ends in another state


def _capture(path: Path) -> None:
    """Have it read by us and by tshark, to the same number of frames."""
    ours = load(str(path))
    if ours.damage:
        raise ValueError(ours.damage)
    judge = subprocess.run(["tshark", "-n", "-r", str(path), "-T", "fields", "-e", "frame.number"],
                           capture_output=True, text=True, timeout=120, check=False)
    complaint = "\n".join(line for line in judge.stderr.splitlines() if "Running as user" not in line)
    if judge.returncode or complaint:
        raise ValueError(f"tshark: {complaint}")
    if len(judge.stdout.split()) != ours.frames:
        raise ValueError(f"tshark reads {len(judge.stdout.split())} frames, and we {ours.frames}")


def _progress(folder: Path) -> Progress:
    before = json.loads((folder / "lessons.json").read_text())
    progress = ProgressStore(folder).load()
    if not (folder / "lessons.json").exists() or len(progress.lessons) != len(before["lessons"]):
        raise ValueError("it was put aside")
    return progress


def _lesson(path: Path) -> None:
    saved = ProgressStore(path.parent).load_lab(path.stem.removeprefix("lesson-"))
    if saved is None:
        raise ValueError("the lesson cannot be gone on with")
    if saved.recording:
        log.load(saved.recording).world()


def _json(path: Path) -> Any:
    return json.loads(path.read_text())


def _report(path: Path) -> None:
    (row,) = grade([path]).rows
    if row.learner != "Ada" or row.remark == "edited by hand":  # how well she did is not asked
        raise ValueError(row.remark)


def _history(path: Path) -> None:
    History.from_json(lzma.decompress(path.read_bytes()).decode())


def _pipe(path: Path) -> None:
    if not stat.S_ISFIFO(path.lstat().st_mode):
        raise ValueError("this is no pipe")


def names(paths: Iterable[Path]) -> str:
    """Return the names of files as one text."""
    return ", ".join(sorted(path.name for path in paths))

"""A stranger's files, opened under sudo: nothing is read, written, sent, started or shown that should not be.

The judges are the kernel's: inotify says who opened the canaries, a packet socket what left by which device, the tree
of files what was written, programs that only note their names what was started, a pseudo-terminal what was shown.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pty
import re
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest

from tests.shell.debugging.test_strangers_words import steering
from tests.tap.harness import ROOT, KernelLab
from tests.tap.program import bundle
from tests.tap.program.test_sudo_files import opened

PERSON = 54_711
"""The user who called sudo."""
SECRETS = ("roots-own-4711", "mine-alone-4712")
STARTED = ("touch", "cat", "tee", "sh", "bash", "curl", "ping", "nc", "ncat", "wget", "python3", "less", "more", "vi",
           "nano", "editor", "xdg-open", "wireshark", "dumpcap", "tshark", "tcpdump", "ip", "sysctl", "ssh", "clear")
"""Programs that a file might have started."""
LAB = re.compile(r"(http://)?192\.168\.1\.2/?( 7)?")
"""What the host's programs may be told to reach."""
OWN = re.compile(r"\x1b\[[\d;]*m|\x1b\[K|\r")
"""What the program itself says to a terminal: colours, and a line of progress that is taken away."""
OWN_FILES = ("home/.local", "home/.cache", "home/.config/scapy")
"""Progress and history, and what scapy makes for itself."""
IN_OPEN = 0x20
"""From inotify(7)."""
ALL = 3
"""Frames of every protocol, from packet(7)."""


class Stage:
    """A person with a home, a bundle, a folder to stand in, and canaries."""

    def __init__(self, top: Path) -> None:
        self.top = top
        top.chmod(0o755)
        self.home, self.work, self.programs = top / "home", top / "work", top / "programs"
        self.canaries = [top / "root.toml", self.home / "mine.toml"]
        self.noted = top / "noted"
        for folder in (self.home, self.work, self.programs):
            folder.mkdir()
        self.files = bundle.unpack(top)
        for path, secret in zip(self.canaries, SECRETS, strict=True):
            path.write_text(f"title = \"{secret}\"\n{secret}\n")
        for path in (self.home, self.work, top / "bundle", *self.home.rglob("*"), *(top / "bundle").rglob("*")):
            os.chown(path, PERSON, PERSON, follow_symlinks=False)
        self.canaries[0].chmod(0o600)
        self.noted.touch()
        self.noted.chmod(0o666)
        for name in STARTED:
            program = self.programs / name
            program.write_text(f"#!/bin/sh\nprintf '%s\\n' \"{name} $*\" >> {self.noted}\n")
            program.chmod(0o755)
        self.passwd = top / "passwd"
        self.passwd.write_text(Path("/etc/passwd").read_text() + f"learner:x:{PERSON}:{PERSON}::{self.home}:/bin/sh\n")

    def tree(self) -> dict[str, str]:
        """Return every file but the program's own in the home: what kind it is, whose, and what is in it."""
        found = {}
        for path in sorted(self.top.rglob("*")):
            place = path.relative_to(self.top).as_posix()
            if path == self.noted or place == "home/.config" or place.startswith(OWN_FILES):
                continue
            status = path.lstat()
            content = sha256(path.read_bytes()).hexdigest() if stat.S_ISREG(status.st_mode) else ""
            found[str(path)] = f"{status.st_mode:o} {status.st_uid} {content}"
        return found

    def run(self, lab: KernelLab, *arguments: str) -> subprocess.Popen[bytes]:
        """Start the program as sudo would, at a terminal of its own that `shown` reads."""
        ours, theirs = pty.openpty()
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "AETHER_"))}
        caller = {"SUDO_UID": str(PERSON), "SUDO_GID": str(PERSON), "SUDO_USER": "learner"}
        begin = (f"mount --bind {self.passwd} /etc/passwd\n{opened()}\ncd {self.work}\n"
                 f'PATH={self.programs}:$PATH exec "$@"')
        process = subprocess.Popen(
            ["ip", "netns", "exec", lab.name, "/bin/sh", "-ec", begin, "sh", sys.executable, "-P", "-m", "shell",
             *arguments],
            stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, start_new_session=True,
            env={**environment, "HOME": "/root", "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1",
                 "TERM": "xterm-256color", "COLUMNS": "200", **caller})
        os.close(theirs)
        process.terminal = ours  # type: ignore[attr-defined]
        return process

    def lines(self) -> list[str]:
        """Return what the person types to open everything."""
        named = {kind: [f'"../bundle/{kind}/{name}"' for name in names] for kind, names in self.files.items()}
        found = [f"lesson {each}" for name in named["lesson"] for each in (f"start {name}", "play", "quit")]
        for name in named["toml"]:
            found += [f"{each} {name}" for each in ("scenario show", "scenario load", "config check", "lesson course")]
        found += ["scenario off", *(f"lesson grade {name}" for name in named["report"])]
        for name in named["capture"]:
            found += [f"capture load {name}", "frames 9", "frame 1", "ladder", "capture status", "capture close"]
        found += [f"drill run {name}" for name in named["drill"]]
        found += [f"replay {name}" for name in named["recording"]]
        return [*found, "status"]


def shown(process: subprocess.Popen[bytes], seconds: float = 120) -> str:
    """Return all that a terminal was told until the program ended."""
    terminal: int = process.terminal  # type: ignore[attr-defined]
    ending = threading.Timer(seconds, process.kill)
    ending.start()
    said = bytearray()
    with contextlib.suppress(OSError):  # Linux says EIO where the other end is closed
        while piece := os.read(terminal, 65_536):
            said += piece
    process.wait()
    ending.cancel()
    os.close(terminal)
    return said.decode("utf-8", "surrogateescape")


@pytest.fixture
def stage() -> Iterator[Stage]:
    top = Path(tempfile.mkdtemp(prefix="aether-"))
    yield Stage(top)
    shutil.rmtree(top)


@pytest.fixture
def lab() -> Iterator[KernelLab]:
    """A namespace that looks like a machine with a network: a cable to somewhere, an address and a default route."""
    with KernelLab() as made:
        made.run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1")
        made.run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "cable")
        made.run("ip", "link", "set", "cable", "up")
        made.run("ip", "address", "add", "10.99.0.1/24", "dev", "eth0")
        made.run("ip", "link", "set", "eth0", "up")
        made.run("ip", "route", "add", "default", "via", "10.99.0.254", "dev", "eth0", "onlink")
        yield made


@contextlib.contextmanager
def looking(files: list[Path]) -> Iterator[int]:
    """Have the kernel note who opens these files; yield what it notes it on."""
    libc = ctypes.CDLL(None, use_errno=True)
    notes = libc.inotify_init1(os.O_NONBLOCK)
    for file in files:
        assert libc.inotify_add_watch(notes, os.fsencode(file), IN_OPEN) >= 0, os.strerror(ctypes.get_errno())
    try:
        yield notes
    finally:
        os.close(notes)


def noticed(notes: int) -> int:
    """Return how many bytes the kernel has noted."""
    try:
        return len(os.read(notes, 65_536))
    except BlockingIOError:
        return 0


def listeners(lab: KernelLab) -> list[socket.socket]:
    """Return what hears every frame on any device but the TAP."""
    found = []
    with lab.inside():
        for device in ("eth0", "lo"):
            found.append(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
            found[-1].bind((device, ALL))
            found[-1].setblocking(False)
    return found


def heard(wires: list[socket.socket]) -> list[str]:
    """Return what they have heard since they were asked last."""
    found = []
    for wire in wires:
        with contextlib.suppress(BlockingIOError):
            while True:
                frame, (device, *_) = wire.recvfrom(65_536)
                found.append(f"{device} {frame.hex()}")
    return found


def test_nothing_comes_of_it(stage: Stage, lab: KernelLab) -> None:
    wires = listeners(lab)
    typed = [word for line in stage.lines() for word in ("-c", line)]
    path = {kind: [f"../bundle/{kind}/{name}" for name in names] for kind, names in stage.files.items()}
    runs: list[tuple[str, ...]] = [
        ("--tap", "aether0", *typed), ("--sim", *typed),
        ("lesson", "lint", "../bundle/lesson"),
        ("lesson", "grade", *path["report"]),
        ("drill", "--against", "both", *path["drill"]),
        ("--sim", "--config", "../bundle/toml/config.toml", "-c", "config show"),
        ("--sim", "--replay", path["recording"][0], "-c", "frames", "-c", "dns cache", "-c", "status"),
    ]
    before = stage.tree()
    with looking(stage.canaries) as notes:
        with ThreadPoolExecutor(2) as pool:
            said = list(pool.map(lambda arguments: shown(stage.run(lab, *arguments)), runs))
        assert noticed(notes) == 0, "a canary was opened"
        assert heard(wires) == [], "something was sent elsewhere"
        lab.run("/bin/sh", "-c", "ping -c 1 -W 1 10.99.0.254 || true")
        assert heard(wires), "whoever listens hears nothing, not even what is there"
        stage.canaries[0].read_bytes()
        assert noticed(notes), "whoever looks sees nothing, not even what is there"
    after = stage.tree()
    assert sorted(after.items() ^ before.items()) == []
    for wire in wires:
        wire.close()
    for each in said:
        assert "Traceback" not in each and "internal error" not in each and "mistake in Aether" not in each, each
        assert not any(secret in each for secret in SECRETS)
        assert not steering(OWN.sub("", each)), steering(OWN.sub("", each))
        assert "\x1b[8m" not in each
    assert all("\\x1b" in each for each in said[:3]), "no word of a stranger was shown, so nothing was tried"
    started = stage.noted.read_text().splitlines()
    assert started, "whoever notes what is started notes nothing, not even what is"
    assert all(LAB.fullmatch(each.partition(" -- ")[2]) for each in started), started

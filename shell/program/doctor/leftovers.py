"""What a program that was killed, or somebody who tried something, may have left behind."""

from __future__ import annotations

import fcntl
import os
import re
import socket
import stat
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path

from shell.program.doctor.finding import LIMITED, UNUSABLE, WORKS, Finding, as_root, quoted

SIOCGIFFLAGS, IFF_RUNNING = 0x8913, 0x40
NAMESPACES = Path("/run/netns")
CAPTURES = (".pcap", ".pcapng", ".pipe", ".fifo")


def look() -> Iterator[Finding]:
    """Look for devices, namespaces, pipes and halves of files that nobody uses any more."""
    found = [*_devices(), *_namespaces()]
    if not _running():  # else they may be in use
        found += [*_pipes(), *_halves()]
    yield from found or [Finding("leftovers", WORKS, "none")]


def _devices() -> Iterator[Finding]:
    """Yield the TAPs with a name of ours that no program has open: they have no carrier."""
    if not hasattr(socket, "if_nameindex"):
        return
    for _, name in socket.if_nameindex():
        if name.startswith("aether") and not _has_carrier(name):
            yield Finding(f"device {name}", LIMITED, "no program has it: made for somebody, or left behind",
                          as_root(f"ip link delete {quoted(name)}"))


def _has_carrier(name: str) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            answer = fcntl.ioctl(asking, SIOCGIFFLAGS, struct.pack("16sH14x", name.encode(), 0))
        except OSError:
            return True  # it has gone meanwhile
    flags: int = struct.unpack("16sH14x", answer)[1]
    return bool(flags & IFF_RUNNING)


def _namespaces() -> Iterator[Finding]:
    """Yield the namespaces of tests and benchmarks whose process has ended: its number is in the name."""
    for path in sorted(NAMESPACES.glob("aether-*")) if NAMESPACES.is_dir() else ():
        owner = re.match(r"aether-(\d+)-", path.name)
        if owner and not Path(f"/proc/{owner[1]}").exists():
            yield Finding(f"namespace {path.name}", LIMITED, f"process {owner[1]}, which made it, has ended",
                          as_root(f"ip netns delete {quoted(path.name)}"))


def _pipes() -> Iterator[Finding]:
    """Yield the pipes of `capture live`, here and where temporary files are."""
    for folder in {Path.cwd(), Path(tempfile.gettempdir())}:
        for path in _entries(folder):
            try:
                there = path.lstat()
            except OSError:
                continue
            ours = there.st_uid == os.geteuid() and (path.suffix in CAPTURES or path.name.startswith("aether"))
            if ours and stat.S_ISFIFO(there.st_mode):
                yield Finding(f"pipe {path.name}", LIMITED, f"no shell runs that would write to {path}",
                              f"rm {quoted(str(path))}")


def _halves() -> Iterator[Finding]:
    """Yield what was being written when a shell was killed."""
    try:
        import platformdirs
    except UNUSABLE:
        return
    places = {Path(each("aether")) for each in (
        platformdirs.user_state_dir, platformdirs.user_data_dir, platformdirs.user_config_dir)}
    for folder in {*places, Path.cwd()}:
        for path in _entries(folder):
            if path.name.startswith(".") and path.suffix == ".part":
                yield Finding(f"file {path.name}", LIMITED, "was being written when a shell was killed; what it was to "
                              "replace is as it was", f"rm {quoted(str(path))}")


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _running() -> bool:
    """Tell whether another shell of ours runs."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if path.parent.name == str(os.getpid()) or b"doctor" in words:
            continue
        if any(word.endswith(b"/aether-shell") for word in words[:2]) or words[1:3] == [b"-m", b"shell"]:
            return True
    return False

"""How every file is written: beside its place, and then put there as a whole.

Whatever happens meanwhile (a full disk, a kill, a machine that loses power), the name stands for the old content or for
the new one, never for a part of it. The new content is on the disk before the name is given to it, so it does not
depend on the order in which a file system writes (fsync(2), rename(2)). Links are followed only if whoever runs the
program, or root, has made them: in a directory of everybody's, somebody else's link would decide what is overwritten.
A kill leaves at most a file beside, whose name begins with a dot and ends in `.part`; it is locked for as long as its
writer lives (flock(2)), so the next one who writes a file of the same name knows that it is nobody's, and removes it.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from shell.language.grammar import CommandError

MOST_LINKS = 40
"""As Linux has it."""
LONGEST_NAME = 200
"""Bytes of a name that the name beside repeats: file systems take 255."""
ENDING = re.compile(r"\.[0-9a-f]{16}\.part")
"""What follows the repeated name in that of a file beside."""
FULL = (errno.ENOSPC, errno.EDQUOT)


class WriteError(CommandError):
    """A file cannot be written; whatever was there is as it was."""


def place(path: str | Path, force: bool, again: str) -> Path:
    """Return where a file will be, links followed; WriteError if it may not be there.

    `again` is the command that would replace a file that is there already. To be asked before anything is computed.
    """
    try:
        found = Path(_followed(os.path.join(os.getcwd(), os.path.expanduser(path)), path))
        mode = os.stat(found).st_mode if os.path.lexists(found) else 0
    except OSError as problem:
        raise WriteError(f"cannot write {path}: {_reason(problem)}") from None
    if mode and not stat.S_ISREG(mode):
        raise WriteError(f"{path} is {'a directory' if stat.S_ISDIR(mode) else 'no ordinary file'}. Name a file")
    if mode and not force:
        raise _there_already(path, again)
    return found


def write(path: str | Path, content: str | bytes, *, force: bool, again: str = "") -> int:
    """Write a whole file, and return how many bytes it has; WriteError if that fails, and nothing has changed then.

    A file that is there already is replaced with `force` only, and its permissions are kept.
    """
    data = content.encode() if isinstance(content, str) else content
    target = place(path, force, again)
    _remove_abandoned(target)
    free = _free(target.parent)
    try:
        _write_beside(target, data, force)
    except FileExistsError:
        raise _there_already(path, again) from None
    except OSError as problem:
        reason = _reason(problem)
        if problem.errno in FULL:
            reason += f": it takes {len(data):,} bytes, and {free:,} were free in {target.parent}"
        raise WriteError(f"cannot write {path}: {reason}") from None
    _settle(target.parent)
    return len(data)


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """Keep other shells that would change the files of a directory waiting, where there is one that may be opened."""
    opened = -1
    with suppress(OSError):
        directory.mkdir(parents=True, exist_ok=True)
        opened = os.open(directory, os.O_RDONLY)
        fcntl.flock(opened, fcntl.LOCK_EX)
    try:
        yield
    finally:
        if opened >= 0:
            os.close(opened)


def _write_beside(target: Path, data: bytes, force: bool) -> None:
    try:
        before = os.lstat(target)
    except FileNotFoundError:
        before = None
    beside, descriptor = _open_beside(target, 0o666 if before is None else 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            if before is not None:
                _keep_permissions(descriptor, before)
            os.fsync(descriptor)
        _put(beside, target, force)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise


def _beginning(target: Path) -> str:
    """Return how the names of the files beside a file begin."""
    return f".{os.fsdecode(os.fsencode(target.name)[:LONGEST_NAME])}"


def _open_beside(target: Path, mode: int) -> tuple[Path, int]:
    """Open a new file beside a file, and lock it; return its name and its descriptor."""
    while True:
        beside = target.parent / f"{_beginning(target)}.{secrets.token_hex(8)}.part"
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
        with suppress(OSError):  # some file systems have no locks, and nobody will take it for abandoned there
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return beside, descriptor
        os.close(descriptor)  # somebody has removed it before it was locked


def _remove_abandoned(target: Path) -> None:
    """Remove the files beside a file whose writers were killed: ours, and not locked any more."""
    beginning = _beginning(target)
    with suppress(OSError), os.scandir(target.parent) as entries:
        for entry in entries:
            if entry.name.startswith(beginning) and ENDING.fullmatch(entry.name, len(beginning)):
                with suppress(OSError):
                    _remove_unless_locked(entry.path)


def _remove_unless_locked(path: str) -> None:
    """Remove a file of ours that nobody has locked; OSError if it stays."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor)
        if stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid():
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(path)
    finally:
        os.close(descriptor)


def _keep_permissions(descriptor: int, before: os.stat_result) -> None:
    """Give a file the owner and the permissions of the one that it replaces; others' only as far as is allowed."""
    now = os.fstat(descriptor)
    if (now.st_uid, now.st_gid) != (before.st_uid, before.st_gid):
        with suppress(OSError):
            os.fchown(descriptor, before.st_uid, before.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(before.st_mode) & 0o777)


def _put(beside: Path, target: Path, force: bool) -> None:
    """Give a file its name; FileExistsError if somebody else has it meanwhile, and it may not be replaced."""
    if force:
        os.replace(beside, target)
        return
    try:
        os.link(beside, target, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from None
        os.rename(beside, target)
        return
    os.unlink(beside)


def _settle(folder: Path) -> None:
    """Let the new name reach the disk, where the file system can do that."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _free(folder: Path) -> int:
    """Return how many bytes are free for us; 0 where the system does not tell."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return 0
    return found.f_bavail * found.f_frsize


def _followed(path: str, said: str | Path) -> str:
    """Return a path without links; WriteError for a link that neither we nor root have made."""
    trusted = os.geteuid(), os.stat("/").st_uid  # in a user namespace, root has another number
    done, rest, links = "/", path.split("/")[::-1], 0
    while rest:
        part = rest.pop()
        if part == "..":
            done = os.path.dirname(done)
        if part in ("", ".", ".."):
            continue
        here = os.path.join(done, part)
        try:
            info = os.lstat(here)
        except FileNotFoundError:
            done = here
            continue
        if not stat.S_ISLNK(info.st_mode):
            done = here
            continue
        if info.st_uid not in trusted:
            raise WriteError(f"cannot write {said}: {here} is a link that somebody else has made. "
                             "Name the file that it leads to, or another one")
        links += 1
        if links > MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        leads = os.readlink(here)
        done = "/" if leads.startswith("/") else done
        rest += leads.split("/")[::-1]
    return done


def _there_already(path: str | Path, again: str) -> WriteError:
    return WriteError(f"{path} is there already. `--force` replaces it{f': {again}' if again else ''}")


def _reason(problem: OSError) -> str:
    return (problem.strerror or str(problem)).lower() if problem.errno in FULL else problem.strerror or str(problem)

"""Giving root back to whoever called sudo."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

from shell.language.grammar import CommandError

LARGEST_ID = 0xFFFFFFFE
"""User and group numbers have 32 bits, and the last of them is none."""


class PrivilegeError(CommandError):
    """Root could not be given back; nothing may go on then."""


def give_to(name: str) -> None:
    """Name the user to become, as if that one had called sudo; CommandError if there is none, or nothing to give."""
    if os.geteuid() != 0:
        raise CommandError("--user is for root, who becomes that user: leave it out")
    try:
        user = pwd.getpwnam(name)
    except KeyError:
        raise CommandError(f"--user {name}: there is no such user here. Try: --user nobody") from None
    if user.pw_uid == 0:
        raise CommandError(f"--user {name} is root again. Try: --user nobody")
    os.environ["SUDO_UID"], os.environ["SUDO_GID"] = str(user.pw_uid), str(user.pw_gid)


def drop() -> bool:
    """Become the user that called sudo, or that was named, for good; return False if none was, and nothing changed.

    PrivilegeError if it fails: going on as root would be worse than not at all.
    """
    uid = _number("SUDO_UID")
    if os.geteuid() != 0 or not uid:
        return False
    try:
        user = pwd.getpwuid(uid)
    except KeyError:
        raise PrivilegeError(f"SUDO_UID is {uid}, and there is no such user to give root back to") from None
    gid = _number("SUDO_GID")
    if gid is None:
        gid = user.pw_gid
    try:
        os.setgroups(os.getgrouplist(user.pw_name, gid))
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    except OSError as problem:
        raise PrivilegeError(f"cannot give root back to {user.pw_name}: {problem.strerror}") from None
    _verify(uid, gid)
    os.environ["HOME"] = user.pw_dir
    os.environ["USER"] = os.environ["LOGNAME"] = user.pw_name
    return True


def _number(name: str) -> int | None:
    """Return a user's or a group's number from the environment; None if it is not set."""
    text = os.environ.get(name)
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or int(text) > LARGEST_ID:
        raise PrivilegeError(f"{name} should be a number, and is {text!r}")
    return int(text)


def _verify(uid: int, gid: int) -> None:
    """Raise PrivilegeError unless nothing of root is left, and no way back to it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    status = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
    capabilities = [status.get(name, "0") for name in ("CapPrm", "CapEff", "CapAmb")]
    if os.getresuid() != (uid, uid, uid) or os.getresgid() != (gid, gid, gid) or _root_again():
        raise PrivilegeError("root was given back, and is still there")
    if any(int(value, 16) for value in capabilities):
        raise PrivilegeError("root was given back, and some of its capabilities are still there")


def _root_again() -> bool:
    try:
        os.setresuid(0, 0, 0)
    except PermissionError:
        return False
    return True

"""Giving root back to whoever called sudo."""

from __future__ import annotations

import os
import pwd


class PrivilegeError(RuntimeError):
    """Root could not be given back; nothing may go on then."""


def drop() -> bool:
    """Become the user that called sudo, for good; return False if nobody did.

    PrivilegeError if it fails: going on as root would be worse than not at all.
    """
    uid_text, gid_text = os.environ.get("SUDO_UID", ""), os.environ.get("SUDO_GID", "")
    if os.geteuid() != 0 or not uid_text.isdigit() or uid_text == "0":
        return False
    uid = int(uid_text)
    try:
        user = pwd.getpwuid(uid)
    except KeyError:
        raise PrivilegeError(f"SUDO_UID is {uid}, and there is no such user") from None
    gid = int(gid_text) if gid_text.isdigit() else user.pw_gid
    try:
        os.setgroups(os.getgrouplist(user.pw_name, gid))
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    except OSError as problem:
        raise PrivilegeError(f"cannot give root back to {user.pw_name}: {problem.strerror}") from None
    if os.getresuid() != (uid, uid, uid) or _is_root_again():
        raise PrivilegeError("root was given back, and is still there")
    os.environ["HOME"] = user.pw_dir
    os.environ["USER"] = os.environ["LOGNAME"] = user.pw_name
    return True


def _is_root_again() -> bool:
    try:
        os.setuid(0)
    except PermissionError:
        return False
    return True

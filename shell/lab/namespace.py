"""A private network namespace: a network of one's own, which ends with the program."""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000


class NamespaceError(RuntimeError):
    """No namespace to be had; the text says why and what else there is."""


def enter_private() -> None:
    """Move this process into a network namespace of its own; without root, into a user namespace too.

    It must happen before any thread is started. The loopback interface is brought up.
    """
    uid, gid = os.geteuid(), os.getegid()
    if uid == 0:
        _unshare(CLONE_NEWNET)
    else:
        _unshare(CLONE_NEWUSER | CLONE_NEWNET)
        try:
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
            Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
        except OSError as problem:
            raise NamespaceError(f"cannot map users into a namespace: {problem.strerror}. {ELSE}") from None
    from shell.lab.network import bring_up

    bring_up("lo")


ELSE = "Use sudo aether-shell --lab, or the simulated lab: aether-shell --sim"


def _unshare(flags: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(flags) == 0:
        return
    code = ctypes.get_errno()
    if code in (errno.EPERM, errno.ENOSPC, errno.EINVAL, errno.EUSERS):
        raise NamespaceError(f"this system allows no private network to users without root. {ELSE}")
    raise NamespaceError(f"cannot make a private network: {os.strerror(code)}. {ELSE}")

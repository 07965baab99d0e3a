"""A private network namespace: a network of one's own, which ends with the program."""

from __future__ import annotations

import ctypes
import errno
import os
from contextlib import suppress
from pathlib import Path

from shell.lab import network
from shell.language.grammar import CommandError

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
ELSE = "Use sudo aether-shell --lab, or the simulated lab: aether-shell --sim"


class NamespaceError(CommandError):
    """No namespace to be had; the text says why and what else there is."""


def enter_private() -> None:
    """Move this process into a network namespace of its own; without root, into a user namespace too.

    It must happen before any thread is started. The loopback interface is brought up.
    """
    uid, gid = os.geteuid(), os.getegid()
    if uid == 0:
        _unshare(CLONE_NEWNET)
        # Where ping has no privileges of its own it relies on this, and a new namespace forbids it to everybody.
        with suppress(OSError):
            Path("/proc/sys/net/ipv4/ping_group_range").write_text("0 2147483647")
    else:
        _unshare(CLONE_NEWUSER | CLONE_NEWNET)
        try:
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
            Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
        except OSError as problem:
            raise NamespaceError(f"cannot map users into a namespace: {problem.strerror}. {ELSE}") from None
    try:
        network.bring_up("lo")
    except network.NetworkError:
        # Some systems make the namespace, and then give its owner no rights in it.
        raise NamespaceError(f"this system gives users no rights in a private network. {ELSE}") from None


def _unshare(flags: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(flags) == 0:
        return
    code = ctypes.get_errno()
    if code in (errno.EPERM, errno.EACCES, errno.ENOSPC, errno.EINVAL, errno.EUSERS):
        raise NamespaceError(f"this system allows no private network here ({os.strerror(code)}). {ELSE}")
    raise NamespaceError(f"cannot make a private network: {os.strerror(code)}. {ELSE}")

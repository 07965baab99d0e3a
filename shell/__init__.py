"""Commands, views and lessons around an Aether world."""

from __future__ import annotations

import os
import sys
from contextlib import suppress


def _leave_nothing_of_root() -> None:
    """Write no bytecode as root into what is somebody else's, and take back what was written of this file just now."""
    folder = os.path.dirname(os.path.abspath(__file__))
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or os.stat(folder).st_uid == 0:
        return
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"  # for the processes that we start
    cached = globals().get("__cached__")
    with suppress(OSError):  # there is none, or it has what others wrote
        if cached and os.stat(cached).st_uid == 0:
            os.unlink(cached)
        if cached and os.stat(os.path.dirname(cached)).st_uid == 0:
            os.rmdir(os.path.dirname(cached))


_leave_nothing_of_root()

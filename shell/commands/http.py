"""`http`: fetch a page, and serve a directory."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path
from urllib.parse import urlsplit

from aether.apps.http_site import PathError, path_of
from aether.operations.services import HttpFile, HttpGet, HttpServe
from shell.commands.common import HOST, WAITS, run_job
from shell.lab.peer import refusal
from shell.language.grammar import CommandError, argument, command, option
from shell.language.values import port as parse_port
from shell.reading.escape import printable_bytes
from shell.results.http import HttpReport
from shell.results.message import Message
from shell.session import Session, hint

MOST_FILES = 10_000
MOST_BYTES = 512 << 20
"""What is served lies in memory, as part of the world."""
SHOWN = 2000
"""Characters of a page that are shown."""


@command(
    "http get", argument("url", str, "what to fetch, such as http://192.168.1.1/", complete="urls"),
    option("--early", "let the request go with the SYN, once there is a cookie for it (Fast Open)"), HOST, *WAITS,
    examples=("http get http://192.168.1.1/", "http get www.lab", "http get http://192.168.1.1/ --early"),
)
def get(session: Session, url: str, early: bool, host: str, wait: int, background: bool) -> HttpReport:
    """Fetch a page over a connection of its own; names are looked up, and redirections followed."""
    job, outcome, so_far, _ = run_job(session, HttpGet(host=host, url=url, early=early), host, wait, background)
    if so_far.error and not so_far.status:
        more = _refused(session, so_far.url, host) if so_far.error == "ECONNREFUSED" else ""
        raise CommandError(f"{so_far.url}: {_in_words(so_far.error)}{more}")
    return HttpReport(
        job, so_far.url, outcome, so_far.status, so_far.reason, [f"{name}: {value}" for name, value in so_far.headers],
        printable_bytes(so_far.body[:SHOWN], lines=True), so_far.length, so_far.elapsed,
        _in_words(so_far.error), hint(outcome), so_far.redirects)


@command(
    "http serve", argument("directory", str, "the directory whose files are served", complete="files"),
    option("--port", "on which port (80)", parse_port, default=80, metavar="P"), HOST, examples=("http serve docs",),
)
def serve(session: Session, directory: str, port: int, host: str) -> Message:
    """Serve the files of a directory, as they are now.

    They are read once and become part of the world, so nothing but them can be reached. Links that lead out of the
    directory, and files that cannot be read, are left out.
    """
    files, left_out = _files(Path(directory))
    epoch = time.time_ns() // 1000 if session.lab.kind == "TAP" else -1
    session.do(HttpServe(host=host, port=port, epoch=epoch))
    total = 0
    for path, file in files:
        try:
            data = file.read_bytes()
            session.do(HttpFile(host=host, port=port, path=path, data=data, modified=int(file.stat().st_mtime)))
        except OSError:
            left_out += 1
            continue
        total += len(data)
    count = len(files)
    address = session.lab.host_address if host == "host" else session.address or session.lab.address
    message = f"{count} {'file' if count == 1 else 'files'}, {total:,} bytes, on http://{address}:{port}/"
    return Message(message, f"{left_out} left out" if left_out else "")


def _files(root: Path) -> tuple[list[tuple[str, Path]], int]:
    """Return the files beneath a directory by the paths they are served at, and how many are left out."""
    try:
        top = root.resolve(strict=True)
        if not top.is_dir():
            raise CommandError(f"{root} is no directory")
        os.listdir(top)  # else one that cannot be read would look like an empty one
    except OSError as problem:
        raise CommandError(f"{root}: {(problem.strerror or 'cannot be read').lower()}") from None
    found: list[tuple[str, Path]] = []
    left_out = total = 0
    for folder, folders, names in os.walk(top):
        folders.sort()
        for name in sorted(names):
            file = Path(folder, name)
            path = "/" + file.relative_to(top).as_posix()
            if not _can_serve(file, top, path):
                left_out += 1
                continue
            total += file.stat().st_size
            found.append((path, file))
            if len(found) > MOST_FILES or total > MOST_BYTES:
                raise CommandError(f"{root} is too much: at most {MOST_FILES:,} files and {MOST_BYTES >> 20} MB, "
                                   "because they are kept in memory. Name a smaller directory")
    return found, left_out


def _can_serve(file: Path, top: Path, path: str) -> bool:
    try:
        inside = file.resolve(strict=True).is_relative_to(top) and file.is_file() and os.access(file, os.R_OK)
        return inside and path_of(path.replace("%", "%25").encode()) == path
    except (OSError, PathError, UnicodeEncodeError):
        return False


def _refused(session: Session, url: str, host: str) -> str:
    """Return what is to be known of a host that refused a request."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        return refusal(session, parts.hostname or "", parts.port or 80, host)
    except ValueError:
        return ""


def _in_words(error: str) -> str:
    """Turn the name of an errno into what it means."""
    number = getattr(errno, error, None) if error.isupper() else None
    return os.strerror(number).lower() if number is not None else error

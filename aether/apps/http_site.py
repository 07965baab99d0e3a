"""What an HTTP server serves: files by their paths, held as bytes. There is nothing else it could reach."""

from __future__ import annotations

import re
from typing import NamedTuple

TYPES = {
    "html": "text/html; charset=utf-8", "htm": "text/html; charset=utf-8", "css": "text/css; charset=utf-8",
    "txt": "text/plain; charset=utf-8", "md": "text/markdown; charset=utf-8", "csv": "text/csv; charset=utf-8",
    "js": "text/javascript; charset=utf-8", "mjs": "text/javascript; charset=utf-8", "json": "application/json",
    "xml": "application/xml", "pdf": "application/pdf", "zip": "application/zip", "gz": "application/gzip",
    "wasm": "application/wasm", "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif",
    "svg": "image/svg+xml", "webp": "image/webp", "ico": "image/vnd.microsoft.icon", "mp3": "audio/mpeg",
    "mp4": "video/mp4", "webm": "video/webm", "woff2": "font/woff2",
}
OTHER = "application/octet-stream"
HTML = TYPES["html"]
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})?")
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


class PathError(ValueError):
    """A request target that is no path, or wants out."""


class File(NamedTuple):
    """One file; `modified` is in seconds since 1970, -1 if that is unknown."""

    data: bytes
    type: str
    modified: int = -1


class Site:
    """Files by path, such as ``/a/b.txt``; directories follow from them."""

    __slots__ = ("files", "folders")

    def __init__(self) -> None:
        self.files: dict[str, File] = {}
        self.folders: dict[str, dict[str, int]] = {"/": {}}
        """The names in each folder with their sizes in bytes, -1 for a folder; a folder's path ends with a slash."""

    def add(self, path: str, file: File) -> None:
        """Add a file. PathError for a path that no request could name."""
        if path_of(path.replace("%", "%25").encode()) != path or path.endswith("/"):
            raise PathError(f"no path of a file: {path!r}")
        self.files[path] = file
        folder, _, name = path.rpartition("/")
        self.folders.setdefault(folder + "/", {})[name] = len(file.data)
        while folder:
            folder, _, name = folder.rpartition("/")
            self.folders.setdefault(folder + "/", {})[name + "/"] = -1

    def find(self, path: str) -> File | None:
        """Return the file at a path; for a folder its index, or a list of what is in it."""
        file = self.files.get(path)
        if file is None and path in self.folders:
            return self.files.get(f"{path}index.html") or File(_listing(path, self.folders[path]), HTML)
        return file

    def is_folder(self, path: str) -> bool:
        """Tell whether a path names a folder but lacks the slash at its end."""
        return path + "/" in self.folders


def path_of(target: bytes) -> str:
    """Return the path in a request target, decoded once (RFC 3986 §2.1, §2.4).

    PathError for anything doubtful, what leads out first of all (RFC 9110 §17.3).
    """
    if target[:1] != b"/":
        scheme, separator, rest = target.partition(b"://")
        if not separator or scheme.lower() != b"http":
            raise PathError("neither a path nor an http URL")
        target = b"/" + rest.partition(b"/")[2]
    raw = _ESCAPE.sub(_decoded, target.partition(b"#")[0].partition(b"?")[0])
    try:
        path = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise PathError("not UTF-8") from None
    if any(letter < " " or letter in "\x7f\\" for letter in path):
        raise PathError("a control character or a backslash in it")
    segments = path.split("/")
    if ".." in segments or "." in segments:
        raise PathError("it contains . or ..")
    return path


def _decoded(found: re.Match[bytes]) -> bytes:
    if found[1] is None:
        raise PathError("a percent sign without two digits")
    return bytes.fromhex(found[1].decode())


def type_of(path: str) -> str:
    """Return the media type for a path, by the end of its name."""
    return TYPES.get(path.rpartition("/")[2].rpartition(".")[2].lower(), OTHER)


def range_of(text: str, length: int) -> tuple[int, int] | None:
    """Return where a Range header begins and ends in `length` bytes (RFC 9110 §14.1.2).

    None if the header is to be ignored: malformed, or several ranges. An empty range if it cannot be satisfied.
    """
    found = _RANGE.fullmatch(text.strip())
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        return max(length - int(found[2]), 0), length
    begin, end = int(found[1]), int(found[2]) + 1 if found[2] else length
    if found[2] and end <= begin:
        return None
    return min(begin, length), min(end, length)


def _listing(path: str, names: dict[str, int]) -> bytes:
    rows = "".join(
        f'<li><a href="{_quoted(name)}">{escaped(name)}</a>{"" if size < 0 else f" {size:,} bytes"}</li>\n'
        for name, size in sorted(names.items()))
    title = f"Files in {escaped(path)}"
    return (f"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title></head>\n"
            f"<body><h1>{title}</h1>\n<ul>\n{rows}</ul>\n</body></html>\n").encode()


def escaped(text: str) -> str:
    """Return a text as it may stand in HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _quoted(name: str) -> str:
    safe = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/"
    return "./" + "".join(chr(octet) if octet in safe else f"%{octet:02X}" for octet in name.encode())

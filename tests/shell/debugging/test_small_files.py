"""Files that are small, or none at all, and would fill the memory or be waited for: each is bounded, or refused."""

from __future__ import annotations

import gzip
import os
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shell.captures import loaded, packets, pcapng
from shell.captures.loaded import load
from tests.shell.conftest import Shell

LIMIT = 1 << 30
"""Bytes of address space that the program may have: it takes some 100 MB before it opens anything."""
CHILD = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]), int(sys.argv[2])))
from shell.captures.loaded import load
found = load(sys.argv[1])
print(found.frames, sum(map(len, found.comments)), len(found.events), *found.left_out, found.damage, sep="|")
"""
HEAD = pcapng.section("test") + pcapng.interface("you", "a test")


def block(kind: int, body: bytes) -> bytes:
    length = struct.pack("<I", 12 + len(body))
    return struct.pack("<I", kind) + length + body + length


def packet(options: bytes, data: bytes = bytes(60)) -> bytes:
    return block(6, struct.pack("<IIIII", 0, 0, 0, len(data), len(data)) + data + options)


def comment(text: bytes) -> bytes:
    return struct.pack("<HH", 1, len(text)) + text + bytes(-len(text) % 4)


def long_comments() -> Iterator[bytes]:
    """A packet with comments of 64 kB, again and again."""
    yield HEAD
    each = packet(comment(bytes(65_532)) * 200)
    yield from (each for _ in range(30))


def many_comments() -> Iterator[bytes]:
    """Four million comments about a packet, each empty."""
    yield HEAD
    each = packet(comment(b"") * 4_000_000)
    yield from (each for _ in range(4))


def long_sections() -> Iterator[bytes]:
    """A section whose comments would fill a terminal, again and again."""
    body = struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + comment(b"A" * 65_532) * 200
    each = block(0x0A0D0D0A, body)
    yield from (each for _ in range(30))


def nothing() -> Iterator[bytes]:
    """Blocks in which nothing is, for as long as they are read."""
    yield HEAD
    each = block(77, b"") * 10_000
    yield from (each for _ in range(150))


def zeros() -> Iterator[bytes]:
    """Blocks of zeros without end."""
    yield HEAD
    each = block(77, bytes(16_000_000))
    yield from (each for _ in range(40))


BOMBS: list[tuple[Callable[[], Iterator[bytes]], int, str]] = [
    (long_comments, 30, "comments: 100 are kept"), (many_comments, 4, "comments: 100 are kept"),
    (long_sections, 0, "comments: 100 are kept"), (nothing, 0, "after the first 1,000,000 blocks"),
    (zeros, 0, "more than 512 MB are not read")]


@pytest.mark.parametrize("make, frames, why", BOMBS, ids=[make.__name__ for make, _, _ in BOMBS])
def test_a_small_file_takes_little_memory(
    tmp_path: Path, make: Callable[[], Iterator[bytes]], frames: int, why: str,
) -> None:
    file = tmp_path / "small.pcapng.gz"
    with gzip.open(file, "wb", compresslevel=1) as packed:
        for piece in make():
            packed.write(piece)
    assert file.stat().st_size < 8 << 20
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(file), str(LIMIT)], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    found = done.stdout.split("|")
    assert int(found[0]) == frames
    assert int(found[1]) <= packets.MAX_COMMENTS * (packets.MAX_COMMENT + 1)
    assert int(found[2]) <= 2 * frames * (packets.MAX_COMMENTS + 2)
    assert why in done.stdout


def test_comments_count_as_what_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loaded, "MAX_BYTES", 100_000)
    file = tmp_path / "comments.pcapng"
    file.write_bytes(HEAD + packet(comment(b"A" * 4000) * 4) * 20)
    found = load(str(file))
    assert found.frames == 5
    assert found.left_out == ["everything after the first 5 packets: the file is too large"]


def test_packets_that_nobody_understands_count_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loaded, "MAX_BLOCKS", 500)
    file = tmp_path / "foreign.pcap"
    record = struct.pack("<IIII", 0, 0, 0, 0)
    file.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 250) + record * 1000)
    found = load(str(file))
    assert found.left_out == [
        "everything after the first 500 blocks: the file is too large",
        "the headers of 500 packets of link type 250, which is not known here: there are only bytes"]


def test_a_long_comment_is_cut_between_characters(tmp_path: Path) -> None:
    file = tmp_path / "long.pcapng"
    file.write_bytes(HEAD + packet(comment("é".encode() * 3000)) + packet(comment("é".encode() * 2048)))
    texts = [event.values[2] for event in load(str(file)).events if event.kind == loaded.COMMENT]
    assert texts == ["é" * 2048 + "…", "é" * 2048]


def test_it_is_seen_how_far_the_reading_is(shell: Shell, tmp_path: Path) -> None:
    """Also where no packet is among what is read; and Ctrl-C ends it."""
    file = tmp_path / "nothing.pcapng"
    file.write_bytes(HEAD + block(77, b"") * 5000)
    seen: list[int] = []
    core = shell.session.core

    def look(work: object) -> None:
        seen.append(work.done)  # type: ignore[attr-defined]
        if work.done == 3000:  # type: ignore[attr-defined]
            raise KeyboardInterrupt

    core.look = look  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        shell.app.invoke("capture", f"load {file}")
    assert seen and seen[-1] == 3000
    assert shell.session.capture is None


OPENERS = ("capture load {}", "replay {}", "scenario load {}", "lesson start {}", "lesson grade {}", "drill run {}",
           "lesson course {}", "config check {}")


@pytest.mark.parametrize("line", OPENERS)
@pytest.mark.parametrize("kind", ["pipe", "device", "directory"])
def test_what_is_no_ordinary_file_is_refused_at_once(
    shell: Shell, tmp_path: Path, line: str, kind: str,
) -> None:
    """A pipe to which nobody writes would be waited for, and a device of zeros never ends."""
    suffix = {"scenario": ".toml", "lesson": ".md", "drill": ".pkt"}.get(line.split()[0], "")
    path = tmp_path / f"theirs{suffix}"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.mkdir()
    said = " ".join((shell.try_(line.format(path)) + shell.capfd.readouterr().err).split())
    words = {"pipe": ("named pipe", "no such file", "no ordinary"), "device": ("device", "no such file", "no ordinary"),
             "directory": ("directory", "no such file", "no script in")}[kind]
    assert any(word in said for word in words), said
    assert "internal error" not in said

"""Whatever word of whatever file a stranger has written: no result and no error that quotes it steers the terminal."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shell.__main__ import main
from tests.shell.conftest import Shell

HOSTILE = "\x1b[31mX\x9b2J\x07\u202e\x7f\u200b"
WORD = re.compile(r'"[^"\n]*"|[\w.:/-]+')
MOST = 40
"""Words of one file that are spoilt, one at a time, spread over it."""


def steering(printed: str) -> set[str]:
    """Return what would not only be shown."""
    return {char for char in printed if char != "\n" and unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")}


def spoilt(text: str) -> Iterator[str]:
    """Return the text with something hostile in one of its words: as it is, and as JSON and TOML would write it."""
    found = list(WORD.finditer(text))
    for word in found[:: max(1, len(found) // MOST)]:
        before, after = text[:word.start()], text[word.end():]
        if word[0].startswith('"'):
            yield f"{before}{word[0][:-1]}{json.dumps(HOSTILE)[1:-1]}\"{after}"
        yield f"{before}{word[0][:2]}{HOSTILE}{word[0][2:]}{after}"


LESSON = '''---
id = "theirs"
title = "A title"
summary = "What it is about"
minutes = 5
commands = ["ping", "frames"]
lab = { seed = 5 }
terms = ["ARP"]
---
Some words, and a `command`.

## A step [one]

Do this:

```
ping 192.168.1.1
```

- [ ] `sent icmp.type == 8` an echo request has left
- hint: A hint of `words`.
- play: ping 192.168.1.1
'''
SCENARIO = '''title = "A title"
about = "Words about it"
[both]
loss = "5%"
delay = "10ms"
'''
DRILL = '''// words
--tolerance_usecs=1000
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 1000 <mss 1460>
+0 > S. 0:0(0) ack 1 <mss 1460>
'''
COURSE = 'title = "Networks"\nlessons = ["arp", "first-frame"]\n[deadlines]\narp = 2020-01-31\n'
CONFIGURATION = '[shell]\ntheme = "dark"\n[knobs]\n"tcp.sack" = "off"\n[trace]\nfilter = "tcp.port == 80"\n'
FORMATS: dict[str, tuple[str, list[str]]] = {
    "theirs.md": (LESSON, ["lesson lint {}", "lesson start {}", "lesson show", "lesson hint", "lesson quit"]),
    "theirs.toml": (SCENARIO, ["scenario show {}", "scenario load {}", "link show", "scenario off"]),
    "theirs.pkt": (DRILL, ["drill show {}", "drill run {}", "drill step {}"]),
    "course.toml": (COURSE, ["lesson course {}"]),
    "config.toml": (CONFIGURATION, ["config check {}", "config show"]),
}


@pytest.fixture
def said(engine_shell: Shell, capfd: pytest.CaptureFixture[str]) -> Callable[[str], str]:
    """Return what runs a line, however it ends, and returns all that it printed."""

    def run(line: str) -> str:
        printed = engine_shell.try_(line)
        captured = capfd.readouterr()
        assert "Traceback" not in captured.err and "internal error" not in captured.err, captured.err
        return printed + captured.out + captured.err

    return run


@pytest.mark.parametrize("name", FORMATS)
def test_words_of_a_file(name: str, said: Callable[[str], str], tmp_path: Path) -> None:
    file = tmp_path / name
    text, lines = FORMATS[name]
    quoted = 0
    for bad in spoilt(text):
        file.write_text(bad)
        for line in lines:
            for form in ("", " --plain", " --json"):
                printed = said(line.format(file) + form)
                assert not steering(printed), (line, printed)
                quoted += "\\x1b" in printed or "\\u001b" in printed
    assert quoted, "nothing was quoted at all, so nothing was tried"


def test_words_of_a_recording(said: Callable[[str], str], tmp_path: Path) -> None:
    file = tmp_path / "theirs.jsonl"
    for line in ("ping 192.168.1.1", "link you loss=5%", "tcp connect 192.168.1.1:7", "run 1s", f"record {file}"):
        said(line)
    quoted = 0
    for bad in spoilt(file.read_text()):
        file.write_text(bad)
        printed = said(f"replay {file}")
        assert not steering(printed), printed
        quoted += "\\x1b" in printed
    assert quoted


def test_words_of_a_report(said: Callable[[str], str], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file, quoted = tmp_path / "ada.json", 0
    assert not steering(said(f'lesson report {file} --name "Ada{HOSTILE}"'))
    for bad in (file.read_text(), *spoilt(file.read_text())):
        file.write_text(bad)
        printed = said(f"lesson grade {file}")
        capfd.readouterr()
        main(["lesson", "grade", str(file)])
        captured = capfd.readouterr()
        assert not steering(printed + captured.out + captured.err), printed
        quoted += "\\x1b" in printed
    assert quoted


def test_words_of_a_capture(said: Callable[[str], str], tmp_path: Path) -> None:
    file = tmp_path / "theirs.pcapng"
    said("link you loss=30%")
    for line in ("ping 192.168.1.1", "tcp connect 192.168.1.1:7", "run 3s", f"capture save {file}"):
        said(line)
    raw = file.read_bytes()
    escape = b"\x1b[31m\x07"
    for words in re.findall(rb"[A-Za-z][A-Za-z0-9 ,.:=_-]{5,}", raw):
        kept = min(6, len(words) - len(escape))
        if kept >= 0:
            raw = raw.replace(words, words[:kept] + escape + words[kept + len(escape):])
    file.write_bytes(raw)
    printed = said(f"capture load {file}")
    for line in ("frames 50", "ladder", "frame 1", "drops", "capture status", "frames 50 --json", "ladder --plain"):
        printed += said(line)
    assert "\\x1b" in printed
    assert not steering(printed), steering(printed)


@pytest.mark.parametrize("line", [
    "capture load {}", "replay {}", "scenario load {}", "scenario show {}", "lesson start {}", "lesson lint {}",
    "lesson grade {}", "drill run {}", "drill step {}", "drill show {}", "config check {}",
    "lesson course {}", "run_script {}",
])
def test_names_of_files(line: str, said: Callable[[str], str], tmp_path: Path) -> None:
    for file in (tmp_path / f"a{HOSTILE}.toml", tmp_path / f"b{HOSTILE}.md"):
        for content in (None, "x = "):
            if content is not None:
                file.write_text(content)
            assert not steering(said(line.format(f'"{file}"')))
    assert main([str(tmp_path / HOSTILE)]) != 0
    assert not steering(said("status"))

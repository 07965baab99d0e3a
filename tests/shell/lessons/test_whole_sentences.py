"""Sentences are whole: who does something has the right verb, and one of a thing is not several."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aether.operations.base import with_verb
from shell.language.registry import load_all
from shell.lessons import library
from tests.shell.conftest import Shell

THINGS = ("bytes|frames|segments|packets|steps|lessons|hints|fragments|records|questions|answers|times|probes|events|"
          "connections|datagrams|occurrences")
ODD = re.compile(r"(?<!for )(?<!to )\b[Yy]ou (?:is|has|was|does|[a-z]+[^s]s)\b"
                 rf"|(?<![\d.,#=:/-])(?<!at last )\b1 (?:{THINGS})\b")
BEGINNING = (
    "trace on", "tcp connect 192.168.1.1:7", "tcp send 1 h", "ping 192.168.1.1 -c 1", "host ping 192.168.1.2 -c 1",
    "host http get http://192.168.1.2/", "link drop next tcp.len > 0", "tcp send 1 x", "why conn 1 stalled", "run 3s",
    "tcp diagram 1", "follow 1", "dhcp inform", "dhcp inform --host host", "ip remove 192.168.1.7",
    "igmp join 224.1.1.1", "igmp join 224.1.1.1", "ip add 192.168.1.2/24", "ip remove 10.9.9.9 --host host",
)
LEFT_OUT = ("lesson", "replay", "bench", "config", "attack", "speed", "capture live", "step until", "mode bench",
            "break")
"""First words of what takes its time, or waits for others; lessons are read below."""


def lines() -> list[str]:
    """Return every command by its examples, with what is asked of the other end where that is possible."""
    found = list(BEGINNING)
    for command in load_all():
        if command.name.startswith(LEFT_OUT):
            continue
        found += command.examples or (command.name,)
        if any(option.name == "--host" for option in command.options):
            found.append(f"{(command.examples or (command.name,))[0].partition(' --host')[0]} --host host")
    return list(dict.fromkeys(found))


def odd(text: str) -> list[str]:
    """Return what is odd in a text, with what stands around it."""
    whole = " ".join(text.split())
    return [whole[max(found.start() - 30, 0):found.end() + 30] for found in ODD.finditer(whole)]


@pytest.mark.parametrize("form", ["", " --plain"])
def test_whatever_is_typed_the_sentences_are_whole(
    engine_shell: Shell, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    found = []
    for line in lines():
        engine_shell.capfd.readouterr()
        said = engine_shell.try_(line + form) + engine_shell.capfd.readouterr().err
        engine_shell.app.show_rest_of_trace()
        found += [(line, each) for each in odd(said)]
        for reviving in ("live", "run"):
            if engine_shell.session.core.status().past or engine_shell.session.paused:
                engine_shell.try_(reviving)
    assert found == []


def test_what_is_odd_is_found() -> None:
    assert odd("you has no address, and 1 bytes are left")
    assert not odd("you have 21 bytes, 1 byte of them urgent; frame 1 was yours")


@pytest.mark.parametrize("name", library.files([library.BUILT_IN]))
def test_the_sentences_of_a_lesson_are_whole(name: str) -> None:
    assert odd((library.BUILT_IN / f"{name}.md").read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(("host", "verb", "said"), [
    ("you", "has", "you have"), ("you", "is", "you are"), ("you", "needs", "you need"), ("host", "has", "host has"),
])
def test_a_host_has_its_verb(host: str, verb: str, said: str) -> None:
    assert with_verb(host, verb) == said

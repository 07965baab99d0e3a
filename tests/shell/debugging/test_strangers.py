"""Recordings and scenarios from strangers: whatever they say, nothing happens outside of the simulation."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

import pytest

import aether.operations.attack
import aether.operations.link
import aether.operations.net
import aether.operations.reading
import aether.operations.services
import aether.operations.workers  # noqa: F401
from aether import lab
from aether.engine.log import FORMAT, VERSION, LogError, load
from aether.link.impairments import IMPAIRMENTS
from aether.operations.base import OPERATIONS
from shell.language.grammar import CommandError
from shell.scenarios import parse
from tests.shell.lessons.test_lesson_permissions import HOSTILE, WATCHED

ADDRESSES = ("127.0.0.1", "8.8.8.8", "192.168.1.1")
VALUES: dict[object, object] = {
    int: 7, bool: True, float: 0.5, bytes: {"base64": "aGVsbG8="}, dict[str, str]: {"loss": "5%"},
    list[Any]: [["connect", 3, ["127.0.0.1", 80], ""]], bytes | None: {"base64": "aGVsbG8="},
}
"""A value of each type, as a recording has it; of texts there are all of `HOSTILE`."""


def recording(operation: dict[str, object]) -> str:
    """Return a recording of one operation."""
    head = {"format": FORMAT, "version": VERSION, "lab": lab.describe(lab.simulated(1))}
    end = {"end": {"ev": 40, "us": 5_000_000, "hash": ""}}
    return "\n".join(map(json.dumps, (head, {"ev": 0, "us": 0, **operation}, end)))


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_no_operation_of_a_recording_reaches_out_of_the_lab(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    hints = get_type_hints(OPERATIONS[name])
    known = {each.name: VALUES.get(hints[each.name], "") for each in fields(OPERATIONS[name])}
    texts = [each for each in known if hints[each] is str and each != "host"]
    for hostile in (*HOSTILE, *ADDRESSES) if texts else ("",):
        text = dict.fromkeys(texts, hostile)
        if "host" in known:
            text["host"] = "you"
        read = load(recording({"operation": name, **known, **text}))
        assert type(read.inputs[0].data).__name__ == name
        WATCHED.looks = True
        try:
            read.world()
        except LogError:
            continue
        finally:
            WATCHED.looks = False
    assert WATCHED.seen == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [*IMPAIRMENTS, "file", "include", "command", "host"])
def test_no_setting_of_a_scenario_reaches_out_of_the_lab(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for hostile in (*HOSTILE, "5%", "10ms"):
        WATCHED.looks = True
        try:
            parse(f"[both]\n{name} = {json.dumps(hostile)}\n", "theirs", "theirs.toml")
        except CommandError:
            continue
        finally:
            WATCHED.looks = False
    assert WATCHED.seen == []
    assert list(tmp_path.iterdir()) == []

"""The list of lines that no test executes speaks of lines that are there; the tool that keeps it says what is new."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tools import unreached


def test_what_is_listed_is_there() -> None:
    for (path, text), count in unreached.listed().items():
        lines = [line.strip() for line in (unreached.ROOT / path).read_text(encoding="utf-8").splitlines()]
        assert lines.count(text) >= count, f"{path} has no such line any more, take it out of the list: {text}"


def test_the_list_is_as_it_is_written() -> None:
    assert unreached.LIST.read_text(encoding="utf-8") == unreached.text_of(unreached.listed())


def test_what_is_new_fails_and_what_is_reached_is_taken_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = "aether/net/igmp.py"
    source = (unreached.ROOT / path).read_text(encoding="utf-8").splitlines()
    monkeypatch.setattr(unreached, "LIST", tmp_path / "list")
    known = Counter({(path, source[9].strip()): 1, (path, source[10].strip()): 1})
    unreached.LIST.write_text(unreached.text_of(known), encoding="utf-8")
    monkeypatch.setattr(unreached, "listed", lambda: known)
    report = tmp_path / "report.json"

    def run(missing: list[int], *words: str) -> int:
        files = {path: {"missing_lines": missing}, "aether/tcp/network.py": {"missing_lines": [1]},
                 "aether/udp.py": {"missing_lines": [1]}}
        report.write_text(json.dumps({"files": files}), encoding="utf-8")
        monkeypatch.setattr("sys.argv", ["unreached", "--report", str(report), *words])
        return unreached.main()

    assert run([10, 11]) == 0
    assert run([10, 11, 12]) == 1
    assert f"no test executes {path}: {source[11].strip()}" in capsys.readouterr().out
    assert run([10]) == 1, "it may only shrink"
    assert run([10, 12], "--write") == 1, "what is new is not added"
    assert unreached.LIST.read_text(encoding="utf-8") == unreached.text_of(Counter({(path, source[9].strip()): 1}))

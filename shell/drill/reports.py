"""From what a person asks for to a report over scripts: for the shell and for the program alike."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable

from aether import knobs
from shell.drill import run
from shell.drill.draft import NAME, ScriptDraft
from shell.drill.run import Wishes
from shell.files.writing import write
from shell.language.grammar import CommandError
from shell.results.drill import DrillReport, DrillResult

CANNOT_PLAY = 2
"""The exit status where nothing could be played."""


def read_knobs(texts: Iterable[str]) -> dict[str, str]:
    """Return knobs from ``NAME=VALUE``, several of them divided by commas; CommandError."""
    found: dict[str, str] = {}
    for text in (part for each in texts for part in each.split(",") if part.strip()):
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals:
            raise CommandError(f"a knob is turned with NAME=VALUE, not {text!r}")
        try:
            knobs.parse(knobs.find(name), value)
        except knobs.KnobError as problem:
            raise CommandError(str(problem)) from None
        found[name] = value
    return found


def play_files(
    names: Iterable[str], wishes: Wishes, began: float, told: Callable[[int, str], None] | None = None,
) -> DrillReport:
    """Play files and directories, and report; CommandError for files that are not there, or no kernel."""
    _look_at(wishes)
    return reported(list(run.play_all(run.find(names), wishes, told)), wishes, began)


def play_draft(draft: ScriptDraft, wishes: Wishes, began: float) -> DrillReport:
    """Play a script that is written in the shell, and report; CommandError for no kernel."""
    _look_at(wishes)
    report = reported([run.play_script(NAME, draft.script, wishes)], wishes, began)
    if (wishes.knobs or wishes.profile) and wishes.against == "aether":
        usual = run.play_script(NAME, draft.script, Wishes(wishes.seed))
        report.as_usual = int(usual.verdict == "ok")
    return report


def _look_at(wishes: Wishes) -> None:
    if wishes.profile and wishes.profile not in knobs.PROFILES:
        raise CommandError(f"no profile {wishes.profile!r}. There are {' and '.join(knobs.PROFILES)}")


def reported(results: list[DrillResult], wishes: Wishes, began: float) -> DrillReport:
    """Return a report over scripts that were played."""
    failed = sum(each.verdict in ("failed", "error") for each in results)
    first = next((each for each in results if each.verdict in ("failed", "error")), None)
    hint = ""
    if first is not None and first.verdict == "failed" and wishes.against == "aether":
        hint = f"to look at it where it failed: drill step {first.file} --to end"
    said = f"{failed} of {len(results)} scripts did not go as written" if failed else ""
    return DrillReport(
        results, len(results) - failed, failed, round((time.perf_counter() - began) * 1_000_000), wishes.against,
        os.uname().release if wishes.against == "kernel" else "", hint, said)


def write_junit(report: DrillReport, file: str) -> None:
    """Write a report for a CI, in the place of the one before; CommandError if that is impossible."""
    from shell.drill.junit import to_junit

    write(file, to_junit(report), force=True)

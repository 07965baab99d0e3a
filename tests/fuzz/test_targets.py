"""A slice of `make fuzz`: every target, a few seconds, the same inputs each time; and what earlier runs have kept."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.fuzz import blind
from tests.fuzz.segments import segments
from tests.fuzz.targets import CORPUS, ROOT, TARGETS, Target


@pytest.mark.parametrize("name", TARGETS)
def test_a_slice(name: str) -> None:
    target = TARGETS[name]()
    assert target.seeds()
    assert blind.run(name, target, executions=target.executions) == target.executions


def test_what_is_kept_is_of_a_target_and_small() -> None:
    assert CORPUS.is_dir()
    for folder in (path for path in CORPUS.iterdir() if path.is_dir()):
        assert folder.name in TARGETS
        kept = list(folder.iterdir())
        assert len(kept) <= 40
        assert sum(path.stat().st_size for path in kept) < 100_000


def test_a_finding_says_the_input() -> None:
    def run(data: bytes) -> None:
        assert b"\x80" not in data

    with pytest.raises(AssertionError) as found:
        blind.run("none", Target(run, lambda: [b"hello"]), executions=10_000)
    assert any("the input: b'" in note for note in found.value.__notes__)


def test_the_program_ends_after_its_time_and_counts() -> None:
    done = subprocess.run([sys.executable, "-m", "tests.fuzz", "zone", "--seconds", "1", "--blind"], cwd=ROOT,
                          capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 targets with a finding" in done.stdout


def test_bytes_become_segments_of_every_kind() -> None:
    """Else nothing would be compared."""
    steps = list(segments(bytes(number * 37 % 251 for number in range(250))))
    assert len({step.flags for step in steps}) > 5
    assert {step.client for step in steps} == {0, 1}
    assert len({step.payload for step in steps}) > 3

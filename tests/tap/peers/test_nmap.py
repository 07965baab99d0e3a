"""nmap's judgement of our initial sequence numbers: as hard to guess as Linux's, and trivial in the classic profile."""

from __future__ import annotations

import re

import pytest

from aether.knobs import profile
from tests.tap.harness import OURS, KernelLab

pytestmark = pytest.mark.needs("nmap")


def prediction(name: str) -> tuple[int, str]:
    """Return nmap's difficulty and its words for it."""
    with KernelLab() as lab:
        core = lab.start("bench")
        core.ask(lambda world: setattr(world.hosts["you"].tcp.host, "knobs", profile(name)))
        said = lab.run(
            "nmap", "-O", "-v", "-n", "-Pn", "--max-retries", "1", "--host-timeout", "60s", "-p", "7,9,80,81-90", OURS,
            timeout=90,
        ).stdout
    found = re.search(r"TCP Sequence Prediction: Difficulty=(\d+) \((.*)\)", said)
    assert found is not None, said
    return int(found[1]), found[2]


def test_modern_is_as_hard_as_linux() -> None:
    """RFC 6528: a keyed hash of the connection."""
    difficulty, words = prediction("modern")
    assert words == "Good luck!", (difficulty, words)


def test_classic_is_trivial() -> None:
    """The clock of 1985."""
    difficulty, words = prediction("classic")
    assert difficulty < 12, (difficulty, words)
    assert words in ("Trivial joke", "Easy"), (difficulty, words)

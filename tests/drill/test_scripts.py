"""Every script here, against Aether in virtual time, and against the kernel in real time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from shell.drill.run import Wishes, load, play, player_for
from shell.drill.stage import VirtualStage
from shell.results.drill import DrillReport, DrillResult
from shell.views.drill import report_plain
from tests.drill.conftest import SCRIPTS, name_of

STATES = {
    "LISTEN", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING",
    "LAST-ACK", "TIME-WAIT", "CLOSED",
}
SUBJECTS = {
    "handshake", "closing", "acceptability", "recovery", "windows", "timers", "options", "ecn", "icmp", "udp",
    "sockets",
}


def told(result: DrillResult) -> str:
    return "\n".join(report_plain(DrillReport([result], 0, 1, 0, result.against)))


@pytest.mark.parametrize("path", SCRIPTS, ids=name_of)
def test_aether(path: Path) -> None:
    """A script goes as it is written; one that says why Aether differs fails, until that is mended."""
    result = play(path, Wishes())
    if result.known:
        assert result.verdict == "differs", f"{path} goes as it is written now: take `# aether: differs` out"
    else:
        assert result.verdict == "ok", told(result)


@pytest.mark.tap
@pytest.mark.xdist_group("drill against the kernel")
@pytest.mark.parametrize("path", SCRIPTS, ids=name_of)
def test_kernel(path: Path) -> None:
    """The kernel agrees, or the script says why not. (Which of both a kernel does may depend on its version.)"""
    result = play(path, Wishes(against="kernel"))
    assert result.verdict in ("ok", "differs"), told(result)


def test_there_are_enough() -> None:
    scripts = [load(path) for path in SCRIPTS]
    assert sum(not each.aether_differs for each in scripts) >= 60
    assert sum(not each.kernel_differs for each in scripts) >= 50
    assert {path.parent.name for path in SCRIPTS} >= SUBJECTS


def test_every_state_is_visited() -> None:
    visited: dict[str, str] = {}
    for path in SCRIPTS:
        player = player_for(load(path), Wishes())
        assert isinstance(player.stage, VirtualStage)

        def note(host: str, kind: str, *values: Any, name: str = name_of(path)) -> None:
            if kind == "tcp.state":
                visited.setdefault(values[1], name)
                visited.setdefault(values[2], name)

        player.stage.world.observe(note)
        player.play()
    assert set(visited) == STATES


@pytest.mark.parametrize("path", SCRIPTS, ids=name_of)
def test_each_says_what_it_is_about(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith("# ")


@pytest.mark.parametrize("path", SCRIPTS[::9], ids=name_of)
def test_a_play_repeats_exactly(path: Path) -> None:
    """The same script and seed give the same world; another seed another."""
    hashes = []
    for seed in (3, 3, 4):
        player = player_for(load(path), Wishes(seed=seed))
        player.play()
        assert isinstance(player.stage, VirtualStage)
        hashes.append(player.stage.world.state_hash())
    assert hashes[0] == hashes[1] != hashes[2]

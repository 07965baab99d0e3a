"""Packet scripts and the real kernel: both sides beside each other, and a script of what a TAP has seen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aether.engine.core import Core
from aether.lab import simulated
from aether.tcp import segment_arrives
from aether.tcp.connection import Connection
from shell.drill.run import Wishes, play
from shell.session import Lab, Session
from shell.views import render
from shell.views.exporting import results_of
from tests.tap.harness import KernelLab

pytestmark = [pytest.mark.tap]
SCRIPTS = Path(__file__).parents[2] / "drill"


def compared(session: Session, name: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(render.to_json(results_of(session, f"drill compare {SCRIPTS}/{name}.pkt")))
    return found


def test_both_sides(request: pytest.FixtureRequest) -> None:
    """A script on which both agree, and three on which they do not."""
    core = Core(simulated(1))
    core.start()
    request.addfinalizer(core.stop)
    session = Session(core, Lab("SIM", seed=1), scripted=True)
    same = compared(session, "handshake/passive")
    assert (same["differences"], same["known"]) == (0, "")
    for name, expected in (
        ("acceptability/reset-below", "> . 1:1(0) ack 101"), ("handshake/bad-ack", "> S 0:0(0)"),
        ("options/path-narrows", "<mss 1160>"),
    ):
        found = compared(session, name)
        lines = [line for line in found["lines"] if line["differs"]]  # type: ignore[attr-defined]
        assert lines and found["known"], name
        assert any(expected in line["kernel"] and expected not in line["aether"] for line in lines), lines


def ignored(conn: Connection, segment: object) -> None:
    """Pass over a FIN."""


@pytest.mark.needs("curl")
def test_a_script_of_what_a_tap_has_seen(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A page that curl has fetched, recorded, read back, and written as a script: it plays, until the stack changes."""
    capture, script = tmp_path / "page.pcapng", tmp_path / "page.pkt"
    with KernelLab() as lab:
        core = lab.start()
        session = Session(core, Lab("TAP", "aether0"), scripted=True)
        results_of(session, "capture start")
        assert "Aether" in lab.run("curl", "-s", "http://192.168.1.2/").stdout
        core.wait(lambda world: False, 200_000)
        results_of(session, f"capture save {capture}")
        results_of(session, "capture stop")
    here = Core(simulated(1))
    here.start()
    request.addfinalizer(here.stop)
    session = Session(here, Lab("SIM", seed=1), scripted=True)
    results_of(session, f"capture load {capture}")
    results_of(session, f"drill write conn 1 --save {script}")
    text = script.read_text(encoding="utf-8")
    assert "accept(3, ..., ...) = 4" in text and "write(4, ..., " in text and "< F. " in text, text
    assert play(script, Wishes()).verdict == "ok", text
    monkeypatch.setattr(segment_arrives, "_fin", ignored)
    assert play(script, Wishes()).verdict == "failed"

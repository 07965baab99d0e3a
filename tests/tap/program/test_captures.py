"""What is recorded is what tcpdump sees on the wire, and what tcpdump wrote can be looked at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shell.captures.loaded import load
from shell.session import Lab, Session
from shell.views import render
from shell.views.exporting import results_of
from tests.tap.harness import KernelLab

pytestmark = [pytest.mark.tap, pytest.mark.needs("tcpdump", "tshark")]


def frames(path: Path, mac: bytes) -> list[bytes]:
    """Return the frames in a capture that come from an address."""
    capture = load(str(path))
    assert not capture.damage
    found = [event.values[2] for event in capture.events if event.kind == "frame.sent"]
    return [data for data in found if data[6:12] == mac]


def test_we_record_what_tcpdump_sees(tmp_path: Path) -> None:
    ours = tmp_path / "ours.pcapng"
    with KernelLab() as lab:
        core = lab.start()
        lab.capture()
        session = Session(core, Lab("TAP", "aether0"), scripted=True)
        results_of(session, "capture start")
        results_of(session, "ping 192.168.1.1 --count 3")
        results_of(session, "send syn 192.168.1.1:9")
        lab.run("ping", "-c", "2", "-i", "0.2", "-w", "20", "192.168.1.2")
        lab.stop_capture()
        results_of(session, f"capture save {ours}")
        results_of(session, "capture stop")
        mac = core.ask(lambda world: world.hosts["you"].interfaces[0].mac)
        theirs = frames(lab.capture_file, mac)
        assert len(theirs) >= 6
        assert frames(ours, mac)[:len(theirs)] == theirs
        results_of(session, f"capture load {lab.capture_file}")
        shown = json.loads(render.to_json(results_of(session, "frames 100 icmp")))["frames"]
        assert len(shown) == 5
        judged = lab.run("tshark", "-r", str(ours), "-Y", "icmp", "-T", "fields", "-e", "icmp.seq")
        assert len(judged.stdout.split()) >= 10

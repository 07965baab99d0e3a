"""A blind fault is blind everywhere: no command, in no form, says what only an oracle knows."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from aether import queries
from aether.attacks.kinds import ATTACKS
from aether.engine.blinded import Blinded
from aether.engine.core import Core
from aether.lab import simulated
from aether.seen import Hidden
from aether.world import World
from shell.language.registry import load_all
from shell.lessons import library
from shell.lessons.load import load
from shell.reading import words
from tests.shell.conftest import Shell

LESSON = load(library.BUILT_IN / "capstone.md")
FAULTS = {fault.name: fault for fault in LESSON.faults}
FORMS = ("", "--plain", "--json", "export")
LEFT_OUT = ("lesson", "replay", "bench", "config", "attack", "help", "schema", "explain")
"""First words of what ends the lesson, or says the same in every lab; `lesson show` and its kind are asked for."""
LONG = ("speed", "step until", "capture live")
"""Beginnings of what makes everything after it take seconds, or waits for others."""
LESSON_LINES = ["lesson show", "lesson check", "lesson hint", "lesson list", "lesson progress", "lesson predict a"]
SAID = "while the fault is blind"


@cache
def lines() -> list[str]:
    """Return what a curious learner types: every command by its examples, and of other hosts where that is possible."""
    found: list[str] = []
    for command in load_all():
        if command.path[0] in LEFT_OUT or command.name.startswith(LONG):
            continue
        found += command.examples or (command.name,)
        if any(option.name == "--host" for option in command.options):
            found += [f"{(command.examples or (command.name,))[0].partition(' --host')[0]} --host {host}"
                      for host in ("host", "remote")]
    return [*dict.fromkeys(found), *LESSON_LINES]


def oracle(world: World, events: list) -> set[str]:
    """Return what only somebody knows who sees the whole world: said as the shell says it elsewhere."""
    found = set()
    for link in world.links.values():
        for port in (link.left, link.right):
            found |= set(port.pipe.describe())
    for host in world.hosts.values():
        for row in queries.turned(world, host.name):
            if (host.name, row.name) != ("host", "ipv4.forward"):
                found |= {f"{row.name}={row.value}", f"{row.name} = {row.value}", f'"{row.name}", "{row.value}"'}
        found |= {job.NAME for job in host.jobs.values() if type(job) in ATTACKS.values()}
    for event in events:
        if event.kind == "frame.lost":
            found |= {words.lost(event.values[2]), str(event.values[2])}
        elif event.kind in ("frame.altered", "frame.copied", "frame.delayed"):
            found.add(words.describe(event))
    return found - {"loss", "down"}


class Learner:
    """A shell in which somebody types everything that there is, with the trace on."""

    def __init__(self, shell: Shell, directory: Path) -> None:
        self.shell = shell
        self.file = directory / "export.txt"

    def types(self, line: str, form: str) -> str:
        """Type a line, and return all that is said: the view, the trace and the errors."""
        self.shell.capfd.readouterr()
        self.file.unlink(missing_ok=True)
        whole = f"export text --force {self.file} {line}" if form == "export" else f"{line} {form}".strip()
        said = self.shell.try_(whole)
        self.shell.app.show_rest_of_trace()
        self.shell.out.seek(0)
        said = self.shell.out.read() or said
        if self.file.exists():
            said += self.file.read_text()
        return said + self.shell.capfd.readouterr().err


def begin(shell: Shell, fault: str) -> None:
    """Begin the lesson with a fault that was chosen, and look around a little."""
    level = FAULTS[fault].level
    shell.session.faults_met["capstone"] = [
        name for name, each in FAULTS.items() if each.level == level and name != fault]
    shell.run(f"lesson start capstone --level {level}")
    assert shell.session.lesson is not None
    assert shell.session.lesson.broken.fault is not None
    assert shell.session.lesson.broken.fault.name == fault
    shell.run("trace on")
    for line in FAULTS[fault].probe:
        shell.try_(line)


def test_no_other_lesson_has_faults() -> None:
    """Or it would have to be played here, too."""
    assert [name for name, path in library.files([library.BUILT_IN]).items() if load(path).faults] == ["capstone"]


@pytest.mark.parametrize("fault", FAULTS)
def test_no_command_in_no_form_says_what_only_an_oracle_knows(
    engine_shell: Shell, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each fault meets every command, in a form of its own for each: over all faults every command meets every form."""
    monkeypatch.chdir(tmp_path)
    begin(engine_shell, fault)
    learner = Learner(engine_shell, tmp_path)
    whole = engine_shell.session.core.whole
    secrets = oracle(whole.loop.world, whole.events())
    assert secrets, "there is something to hide"
    turn = list(FAULTS).index(fault)
    told = []
    for number, line in enumerate(lines()):
        form = FORMS[(number + turn) % len(FORMS)]
        said = learner.types(line, form)
        secrets |= oracle(whole.loop.world, whole.events()[-400:])
        told += [(line, form, secret) for secret in secrets if secret in said and secret not in line]
        for reviving in ("live", "run"):
            if engine_shell.session.core.status().past or engine_shell.session.paused:
                engine_shell.try_(reviving)
    assert isinstance(engine_shell.session.core, Blinded), "it is blind still"
    assert told == []


@pytest.mark.parametrize("line", [
    "link show", "link clear", "link loss 0%", "knob list", "knob show tcp.nagle", "knob diff", "knob set ipv4.ttl 64",
    "profile modern", "counters --host host", "drops --host remote", "tcp conns --host host", "attack arp-poison",
    "arp table --host host", "attack stop", "record x.json", "compare knob tcp.nagle=off", "timeline log x", "goto 0",
    "host ping 192.168.1.2", "mode bench", "workers show", "scenario load satellite", "inject ping", "fork",
    "why conn 1 stalled",
])
def test_what_only_an_oracle_knows_is_refused_with_a_reason(engine_shell: Shell, line: str) -> None:
    begin(engine_shell, "black-hole")
    if line == "fork":
        engine_shell.run("back")
    said = engine_shell.fail(line)
    assert SAID in said or "no attack is under way" in said or "history starts" in said, said
    engine_shell.try_("live")


def test_the_bottom_line_has_one_end_alone(engine_shell: Shell) -> None:
    begin(engine_shell, "TTL")
    session = engine_shell.session
    assert session.ask(queries.overview).turned == []
    assert session.core.whole.ask(queries.overview).turned == ["ipv4.ttl=1"]
    begin(engine_shell, "squatter")
    status = session.status()
    assert status.drops == sum(row.count for row in session.ask(queries.drops)) < session.core.whole.status().drops + 1
    assert status.inputs == 0


def test_frames_are_numbered_without_gaps(engine_shell: Shell) -> None:
    """A gap would tell of a frame that was lost on its way to us."""
    begin(engine_shell, "loss")
    rows = json.loads(engine_shell.run("frames --json"))["frames"]
    numbers = sorted({row["number"] for row in rows})
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) < engine_shell.session.core.whole.status().frames
    assert "lost" not in {row["direction"] for row in rows}


def test_a_step_passes_over_what_happens_elsewhere(engine_shell: Shell) -> None:
    begin(engine_shell, "loss")
    engine_shell.run("pause")
    engine_shell.try_("ping 10.0.2.2 --count 3 --background")
    said = json.loads(engine_shell.run("step 6 --json"))
    for occurrence in said["occurrences"]:
        assert {event["host"] for event in occurrence["events"]} <= {"you", "user"}
        assert "arrives at host" not in occurrence["what"]
        assert occurrence["events"] or "arrives at you" in occurrence["what"]


def test_a_breakpoint_does_not_stop_at_what_cannot_be_seen(engine_shell: Shell) -> None:
    engine_shell.run("break frame.lost")
    begin(engine_shell, "loss")
    engine_shell.run("break frame.lost")
    engine_shell.try_("ping 10.0.2.2 --count 4")
    engine_shell.run("run 3s")
    assert not engine_shell.session.paused
    assert "did not happen" in " ".join(engine_shell.try_("step until frame.lost").split())


def test_a_capture_that_began_before_has_one_end_alone(engine_shell: Shell, tmp_path: Path) -> None:
    engine_shell.run("capture start")
    begin(engine_shell, "black-hole")
    engine_shell.run("capture stop")
    engine_shell.run(f"capture save {tmp_path}/x.pcapng")
    assert b"mtu" not in (tmp_path / "x.pcapng").read_bytes()
    assert b"LOST" not in (tmp_path / "x.pcapng").read_bytes().upper()


OF_A_CAPTURE = (
    "frames", "frames tcp.analysis.flags or icmp", "frame 1", "frame 3", "conversations", "endpoints", "protocols",
    "expert", "io", "io 100ms", "ladder", "follow 1", "why drop", "why", "drops", "counters", "tcp conns",
    "capture status", "print frame.lost", "frames frame.lost", "frames event", "plot io", "compare", "limits 1",
    "tcp limits 1",
)
"""What is asked of a capture that was loaded, as far as there is something to ask."""


@pytest.mark.parametrize("fault", FAULTS)
def test_a_capture_that_is_read_back_tells_no_more(
    engine_shell: Shell, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was saved while the fault is blind is looked at in every way, in every form."""
    monkeypatch.chdir(tmp_path)
    begin(engine_shell, fault)
    learner = Learner(engine_shell, tmp_path)
    engine_shell.run("capture start")
    for line in FAULTS[fault].probe:
        engine_shell.try_(line)
    engine_shell.run("capture stop")
    engine_shell.run("capture save mine.pcapng")
    secrets = oracle(engine_shell.session.core.whole.loop.world, engine_shell.session.core.whole.events())
    assert secrets, "there is something to hide"
    kept = (tmp_path / "mine.pcapng").read_bytes().decode("latin-1")
    assert [each for each in secrets if each in kept] == []
    assert "mine.pcapng" in engine_shell.run("capture load mine.pcapng"), "it is there to be looked at"
    turn = list(FAULTS).index(fault)
    told = []
    for number, line in enumerate(OF_A_CAPTURE):
        form = FORMS[(number + turn) % len(FORMS)]
        said = learner.types(line, form)
        told += [(line, form, secret) for secret in secrets if secret in said and secret not in line]
    assert isinstance(engine_shell.session.core, Blinded), "it is blind still"
    assert told == []


def test_a_program_that_ends_while_it_is_blind_ends(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "shell", "--sim", "-c", "lesson start capstone"], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=300, check=False, cwd=Path(__file__).parents[3],
        env={**os.environ, "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)})
    assert (ended.returncode, "A blind fault" in ended.stdout) == (0, True), ended.stderr


def test_no_query_reaches_another_host_or_a_switch() -> None:
    """By the core itself, whatever the shell asks: everything is hidden but what is on a list."""
    core = Core(simulated(1), speed=math.inf)
    core.start()
    try:
        blinded = Blinded(core, 0)
        assert blinded.ask(lambda world: list(world.hosts)) == ["you"]
        for query in (
            lambda world: world.hosts["host"], lambda world: world.links, lambda world: world.queue,
            lambda world: world.hosts["you"].knobs, lambda world: world.seed, lambda world: "remote" in world.hosts,
        ):
            with pytest.raises(Hidden, match=SAID):
                blinded.ask(query)
        assert blinded.ask(queries.overview).turned == []
        with pytest.raises(Hidden):
            blinded.with_loop(lambda loop: loop.world)
        assert not re.search("host|remote", str(blinded.ask(queries.next_occurrence)))
    finally:
        core.stop()




def test_a_frame_that_was_crafted_has_the_number_that_is_shown(engine_shell: Shell) -> None:
    begin(engine_shell, "loss")
    sent = json.loads(engine_shell.try_("send udp 192.168.1.1:7 data=x --json"))
    newest = json.loads(engine_shell.run("frames --json"))["frames"]
    assert sent["frame"] in {row["number"] for row in newest if row["layer"] == "udp" and row["direction"] == "out"}

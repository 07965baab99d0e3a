"""Lessons: every one that comes with Aether is proved, fits on a screen, and can be played from start to end."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from aether.engine.core import Core
from aether.lab import simulated
from shell.lessons import library
from shell.lessons.drafts import PLACEHOLDERS
from shell.lessons.load import HEIGHT, WIDTH, load
from shell.lessons.program import check_file, main
from shell.lessons.sandbox import prepare
from shell.session import Lab, Session
from tests.shell.conftest import Shell

DOCS = Path(__file__).resolve().parents[3] / "docs" / "writing-lessons.md"
LESSONS = library.files([library.BUILT_IN])


@pytest.mark.parametrize("name", LESSONS)
def test_every_step_is_proved(name: str) -> None:
    began = time.process_time()  # a loaded machine takes longer, and does not work longer
    assert check_file(LESSONS[name], [library.BUILT_IN]) == []
    assert time.process_time() - began < 60


def test_a_proof_in_ones_own_lab_leaves_drafts_alone(engine_shell: Shell) -> None:
    engine_shell.run("craft as mine IP()/TCP(dport=80)")
    engine_shell.run("lesson lint handshake --here")
    assert list(engine_shell.session.drafts) == ["mine"]


@pytest.mark.parametrize("name", LESSONS)
def test_the_prose_of_a_step_fits_on_a_screen(name: str) -> None:
    lesson = load(LESSONS[name])
    for prose in (lesson.prose, *(step.prose for step in lesson.steps)):
        assert len(prose) <= HEIGHT <= 20
        assert all(len(line) <= WIDTH < 80 for line in prose)


def test_the_file_that_the_page_shows_is_proved(tmp_path: Path) -> None:
    shown = DOCS.read_text().split("## The file\n\n````markdown\n")[1].split("````")[0]
    path = tmp_path / "no-retransmission.md"
    path.write_text(shown)
    assert check_file(path, [library.BUILT_IN]) == []


@pytest.mark.parametrize("name", [each.id for each in library.headings([library.BUILT_IN]) if each.setup])
def test_a_lab_is_set_up_while_time_passes_by_itself(name: str) -> None:
    """What goes on in the background may be over, or refused, before the next line: that must not end the lesson."""
    lesson = load(LESSONS[name])
    core = Core(simulated(lesson.seed), speed=1)
    core.start()
    try:
        prepare(Session(core, Lab("SIM", seed=lesson.seed), "plain", scripted=True), lesson, None)
    finally:
        core.stop()


@pytest.mark.parametrize("name", LESSONS)
def test_no_line_that_a_lesson_draws_is_wider_than_the_terminal(engine_shell: Shell, name: str) -> None:
    printed = engine_shell.run(f"lesson start {name}")
    for step in load(LESSONS[name]).steps:
        for _ in step.predictions:
            printed += engine_shell.run("lesson predict a")
        for _ in step.hints:
            printed += engine_shell.run("lesson hint")
        printed += engine_shell.run("lesson check") + engine_shell.run("lesson skip")
    assert max(map(len, printed.splitlines())) <= 80


@pytest.mark.parametrize("name", LESSONS)
def test_playing_every_solution_finishes_a_lesson(engine_shell: Shell, name: str) -> None:
    engine_shell.run(f"lesson start {name}")
    steps = load(LESSONS[name]).steps
    for number, step in enumerate(steps, 1):
        if step.checks:
            (engine_shell.try_ if name == "capstone" else engine_shell.run)("lesson play")  # its probes may fail
        if number < len(steps) or not step.checks:
            engine_shell.run("lesson next")
    player = engine_shell.session.lesson
    assert player is not None
    assert player.finished
    assert "done" in engine_shell.run("lesson list")


def test_a_directory_is_linted_as_a_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("first-frame", "arp"):
        (tmp_path / f"{name}.md").write_text(LESSONS[name].read_text())
    assert main(["lint", str(tmp_path)]) == 0
    assert sorted(capsys.readouterr().out.split()) == ["arp.md:", "first-frame.md:", "good", "good"]
    (tmp_path / "arp.md").write_text("no front matter")
    assert main(["lint", str(tmp_path)]) == 1
    assert "arp.md:1:" in capsys.readouterr().err


def test_the_shell_lints_too(engine_shell: Shell) -> None:
    assert "nothing is wrong" in engine_shell.run("lesson lint first-frame")
    assert "no lesson 'nowhere'" in engine_shell.fail("lesson lint nowhere")


def test_the_worked_example_of_the_docs_is_good(
    engine_shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for line in ("tcp connect 192.168.1.1:6 --background", "run 1s", "frames"):
        engine_shell.run(line)
    engine_shell.run("lesson record closed-port --last 3")
    path = tmp_path / "closed-port.md"
    drafted = path.read_text()
    blocks = DOCS.read_text().split("refer from the second line to the first:\n\n````markdown\n")[1].split("````")[0]
    for each in PLACEHOLDERS:
        drafted = drafted.replace(each, f"{each[:-1].upper()} of mine")
    path.write_text(drafted[:drafted.index("```check")] + "```hint\nTry port 6.\n```\n\n" + blocks)
    assert check_file(path, []) == []
    engine_shell.run("lesson start ./closed-port.md")
    assert "step 1 of 1 done" in " ".join(engine_shell.run("tcp connect 192.168.1.1:6 --background").split()
                                          + engine_shell.run("run 1s").split())

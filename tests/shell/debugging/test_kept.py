"""A mistake of ours: one message, the world as it was, and the run so far in a file that `replay` repeats."""

from __future__ import annotations

import re

import pytest

from tests.shell.conftest import Shell


@pytest.mark.parametrize("problem", [ZeroDivisionError("ours"), SystemExit(1), MemoryError()])
def test_the_run_is_kept(engine_shell: Shell, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
                         problem: BaseException) -> None:
    def fail(*_: object) -> None:
        raise problem

    engine_shell.run("ping 192.168.1.1")
    monkeypatch.setattr(engine_shell.session.core.loop, "step", fail)
    engine_shell.try_("step")
    said = capfd.readouterr().err
    assert "mistake in Aether" in said and type(problem).__name__ in said and "Traceback" not in said
    found = re.search(r"--replay (\S+stopped-1\.aether)", said.replace("\n", " "))
    assert found, said
    monkeypatch.undo()
    assert "FAULT" in engine_shell.run("status")
    engine_shell.run("step 2")
    assert "repeatedexactly" in "".join(engine_shell.run(f"replay {found[1]}").split()), "however long the name is"

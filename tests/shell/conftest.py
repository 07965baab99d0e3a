"""Shells for tests: no thread, no terminal, 80 columns."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from prompt_toolkit.application import application

from aether.engine.core import Core
from aether.lab import simulated
from shell.language import translation
from shell.prompt.app import AetherShell
from shell.session import Lab, Session
from shell.views import theme
from tests.shell.direct import session as direct_session

# Tables of functions, always the same, which take longer to make than the rest of a shell.
application.load_key_bindings = cache(application.load_key_bindings)
application.load_page_navigation_bindings = cache(application.load_page_navigation_bindings)


class Shell:
    """A shell whose output and errors can be read."""

    def __init__(self, session: Session, capfd: pytest.CaptureFixture[str]) -> None:
        self.session = session
        self.out = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
        self.app = AetherShell(session, interactive=False, stdout=self.out)
        self.capfd = capfd

    def run(self, line: str) -> str:
        """Run a line that must succeed, and return what it printed."""
        before = self.app.failures
        printed = self.try_(line)
        assert self.app.failures == before, self.capfd.readouterr().err
        return printed

    def fail(self, line: str) -> str:
        """Run a line that must fail, and return what it said on stderr."""
        before = self.app.failures
        self.capfd.readouterr()
        self.try_(line)
        assert self.app.failures > before, f"{line!r} did not fail"
        said = self.capfd.readouterr().err
        assert "Traceback" not in said
        assert "internal error" not in said
        return said

    def try_(self, line: str) -> str:
        """Run a line, and return what it printed."""
        self.out.seek(0)
        self.out.truncate()
        self.app.onecmd_plus_hooks(line)
        self.out.seek(0)
        return self.out.read()


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw for a terminal of 80 columns without colours."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    monkeypatch.setenv("AETHER_THEME", "dark")


@pytest.fixture
def make_shell(capfd: pytest.CaptureFixture[str]) -> Callable[..., Shell]:
    """Return a maker of shells over a lab of its own."""

    def make(seed: int = 1, *, paused: bool = False) -> Shell:
        return Shell(direct_session(seed, paused=paused), capfd)

    return make


@pytest.fixture
def shell(make_shell: Callable[..., Shell]) -> Shell:
    """Return a shell that runs."""
    return make_shell()


@pytest.fixture
def engine_shell(capfd: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    """Return a shell over the engine with its thread, its log and its history; time passes only while waited for."""
    core = Core(simulated(1), speed=math.inf)
    core.start()
    shell = Shell(Session(core, Lab("SIM", seed=1), "rich", scripted=True), capfd)
    yield shell
    core.stop()


@pytest.fixture(autouse=True)
def nobody_chose_a_language() -> Iterator[None]:
    """What one test has chosen is not what the next one speaks."""
    yield
    translation.choose(translation.ENGLISH)


@pytest.fixture(autouse=True)
def nobody_chose_a_theme() -> Iterator[None]:
    """What one test has typed (`theme mono`, say) is no choice of the next one's."""
    before = dict(theme._chosen)
    yield
    theme._chosen.update(before)

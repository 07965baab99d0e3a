"""Whoever asks a core that is about to end gets an answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import NoReturn

import pytest

from aether.engine.core import Core, CoreError
from aether.engine.loop import Loop
from aether.engine.work import Work
from aether.lab import simulated


def test_who_asks_while_it_ends_is_told() -> None:
    core = Core(simulated(1))
    core.start()
    alive = core._thread.is_alive

    def slowly() -> bool:
        found = alive()
        if threading.current_thread() is not stopping:
            stopping.start()
            core._thread.join(0.2)  # the core has all the time that it wants for its end
        return found

    stopping = threading.Thread(target=core.stop)
    core._thread.is_alive = slowly  # type: ignore[method-assign]
    answered = threading.Event()

    def ask() -> None:
        with pytest.raises(CoreError, match="the core has stopped"):
            core.ask(lambda world: world.now)
        answered.set()

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(10)
    stopping.join(10)
    assert answered.is_set()
    with pytest.raises(CoreError, match="does not run"):
        core.ask(lambda world: world.now)


@pytest.fixture
def core() -> Iterator[Core]:
    core = Core(simulated(1))
    core.start()
    yield core
    core.stop()


def asked(core: Core) -> str:
    """Return what somebody is told who asks another thread's core; "nothing" if there is no answer."""
    said: list[str] = []

    def ask() -> None:
        try:
            said.append(f"now {core.ask(lambda world: world.now)}")
        except CoreError as problem:
            said.append(str(problem))

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(10)
    return said[0] if said else "nothing"


def raised(problem: BaseException) -> NoReturn:
    raise problem


PROBLEMS = [ValueError("a mistake"), SystemExit(3), KeyboardInterrupt(), MemoryError(), GeneratorExit()]


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: type(problem).__name__)
@pytest.mark.parametrize("where", ["catch_up", "flush", "rest"])
def test_whatever_is_raised_who_asks_is_answered(core: Core, monkeypatch: pytest.MonkeyPatch, where: str,
                                                 problem: BaseException) -> None:
    core.pause()
    monkeypatch.setattr(core.loop, where, lambda *_: raised(problem))
    first = asked(core)
    assert first != "nothing"
    monkeypatch.undo()
    assert asked(core).startswith("now ")
    assert type(problem).__name__ in core.status().fault
    assert "test_core_end.py" in core.status().fault


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: type(problem).__name__)
def test_whatever_a_question_raises_its_asker_is_told(core: Core, problem: BaseException) -> None:
    with pytest.raises(CoreError, match=type(problem).__name__):
        core.ask(lambda world: raised(problem))
    assert asked(core).startswith("now ")


def test_what_is_long_ends_with_who_waited_for_it(core: Core) -> None:
    """SIGTERM ends the program while something is worked out that would take for ever: the core does not go on."""
    def for_ever(loop: Loop) -> None:
        while True:
            core.work.did()

    def look(work: Work) -> None:
        raise SystemExit(143)

    core.look = look
    with pytest.raises(SystemExit):
        core.with_loop(for_ever)
    core.look = None
    assert asked(core).startswith("now")

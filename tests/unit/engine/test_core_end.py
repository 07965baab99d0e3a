"""Whoever asks a core that is about to end gets an answer."""

from __future__ import annotations

import threading

import pytest

from aether.engine.core import Core, CoreError
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

"""Every packet script is played three times: in trace mode, in benchmark mode behind a device with offload, by one of
two workers.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import pytest

from .script import Script

EVENTS = (".saw(", ".events", "times(s)")
"""What asks for events: there is none then."""


@pytest.fixture(scope="module", autouse=True, params=["trace", "bench", "worker"])
def mode(request: pytest.FixtureRequest) -> Iterator[str]:
    """Let scripts be as they are in this mode."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Script, "mode", request.param)
        patch.setattr("aether.engine.loop.collect_seldom", lambda seldom: None)  # which takes longer than a script
        yield request.param
        while Script.devices:
            Script.devices.pop().close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what benchmark mode has nothing to say to: scripts about events, and what is no script."""
    gone = [item for item in items if isinstance(item, pytest.Function) and _nothing_new(item)]
    config.hook.pytest_deselected(items=gone)
    items[:] = [item for item in items if item not in gone]


def _nothing_new(item: pytest.Function) -> bool:
    if item.path.parent.name != "scripts" or item.callspec.params.get("mode") == "trace":
        return False
    source = inspect.getsource(item.function)
    return "Script(" not in inspect.getsource(item.module) or any(word in source for word in EVENTS)

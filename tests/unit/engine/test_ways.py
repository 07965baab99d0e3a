"""Which way a frame of a short connection takes, by mode, observer and link: the table in docs/architecture.md."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aether.link.tap import PLAIN
from aether.operations.link import LinkSet
from aether.stack import Stack
from aether.tcp.short import path as short_path
from aether.tcp.short.path import FastPath
from aether.timers import NEVER
from tests.scripts.device import DeviceLaboratory
from tests.scripts.test_short_trace import PREPARED, Clients, OneByOne

pytestmark = pytest.mark.skipif(
    not str(short_path.__file__).endswith(".py"), reason="a compiled class calls its methods without a look")
PAGE = Path(__file__).parents[3] / "docs/architecture.md"
ROWS = re.findall(r"^\| (trace|benchmark) \| (.+) \| (.+) \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


class Played(DeviceLaboratory):
    """A laboratory whose frames go through the whole of the loop."""

    def inject(self, frame: bytes) -> None:
        """Let a frame be there, and the loop handle it."""
        self.far.send(PLAIN + frame)
        self.loop.go(NEVER, lambda: False)
        while self.world.step(self.world.now):
            pass
        self.loop.flush()


class Ear:
    """Hears frames, and does nothing."""

    def hear(self, frame: bytes) -> None:
        """Let it pass."""


def impair(lab: Played) -> None:
    lab.world.do(LinkSet(what="mtu", value="1500"))


def hear(lab: Played) -> None:
    lab.world.links["lan"].right.ear = Ear()


LOOKS: dict[str, Callable[[Played], None]] = {
    "the recorder": lambda lab: None,
    "nobody": lambda lab: lab.world.observe(None),
    "nobody, as when the past is made again": lambda lab: lab.world.observe(None),
    "an observer of single events": lambda lab: lab.world.observe(OneByOne(lab.world, lab.loop.ring)),
    "a breakpoint": lambda lab: lab.loop.set_breakpoint(lambda events, world: False),
}
LINKS: dict[str, list[Callable[[Played], None]]] = {
    "nothing stands on it": [lambda lab: None],
    "an impairment, or somebody who hears it": [impair, hear],
}


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[Played]:
    monkeypatch.setattr("aether.engine.loop.collect_seldom", lambda seldom: None)
    found = Played(seed=3)
    yield found
    found.close()


def way(lab: Played, monkeypatch: pytest.MonkeyPatch) -> str:
    """Play a connection; return the way that its request took."""
    clients = Clients(lab)  # type: ignore[arg-type]
    for what, which in [*PREPARED, ("S", 1), ("A", 1)]:
        clients.play(what, which)
    seen = []
    stack, path, taken = Stack.receive, FastPath.receive, lab.host.tcp.fast.taken

    def layers(host: Stack, frame: bytes, index: int) -> None:
        seen.append("layers")
        stack(host, frame, index)

    def short(fast: FastPath, frame: bytes, length: int, checked: int = 0) -> bytes | None:
        answer = path(fast, frame, length, checked)
        seen.extend(["short"] * (answer is not None))
        return answer

    monkeypatch.setattr(Stack, "receive", layers)
    monkeypatch.setattr(FastPath, "receive", short)
    clients.play("get", 1)
    summed_up = lab.host.tcp.fast.taken - taken
    return {
        ("layers", 0): "the ordinary path", ("short", 1): "the short path, summed up in one entry",
        ("short", 0): "straight from the device to the short path",
        ("layers short", 0): "over the link to the short path",
    }[" ".join(seen), summed_up]


@pytest.mark.parametrize(("mode", "who", "link", "stands", "expected"), [
    pytest.param(mode, who, link, number, way, id=f"{mode}, {who}, {link} ({number})")
    for mode, who, link, way in ROWS for number in range(len(LINKS[link]))
])
def test_the_table_is_true(
    mode: str, who: str, link: str, stands: int, expected: str, lab: Played, monkeypatch: pytest.MonkeyPatch,
) -> None:
    lab.loop.set_mode(mode.replace("benchmark", "bench"))
    LINKS[link][stands](lab)
    LOOKS[who](lab)
    assert way(lab, monkeypatch) == expected


def test_the_table_is_there() -> None:
    assert len(ROWS) == 7

"""Random programs against Aether and against the kernel: what differs is known, and listed with its clause.

AETHER_DIFFER_SECONDS=1200 plays for so long, with seeds of its own (or from AETHER_DIFFER_SEED on), and says how many.
What is found that is not known is cut down and printed as a packet script; AETHER_DIFFER_SAVE=DIR keeps it there.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.drill.differ import examples
from tests.drill.differ.comparison import Difference
from tests.drill.differ.known import KNOWN, explain
from tests.drill.differ.minimise import as_script, minimise, unexplained
from tests.drill.differ.play import Kernel, Trace, play_aether
from tests.drill.differ.programs import SYSCTLS, Program, generate

PROGRAMS, ENOUGH = 600, 500
BATCH = 300
PATIENCE = 50.0
"""Seconds for all programs; after that, ENOUGH of them are enough."""
SLOW = 40.0
"""Seconds for 100 programs in which a machine is too slow for this."""
ROUNDS = 3
"""How often a difference has to come again."""
DOCUMENT = Path(__file__).parents[3] / "docs" / "drill.md"
SECONDS = float(os.environ.get("AETHER_DIFFER_SECONDS", "0"))


def seeds() -> Iterator[int]:
    """Yield seeds: always the same, or without end."""
    if not SECONDS:
        yield from range(PROGRAMS)
        return
    first = int(os.environ.get("AETHER_DIFFER_SEED") or random.SystemRandom().randrange(1 << 40))
    print(f"seeds from {first}")
    while True:
        yield first
        first += 1


class Session:
    """Plays batches in namespaces, one for each way in which a host may be set."""

    def __init__(self) -> None:
        self.kernels: dict[tuple[tuple[str, str], ...], Kernel] = {}
        self.names: Counter[str] = Counter()
        self.played = self.chance = 0
        self.found: list[Difference] = []

    def kernel(self, program: Program) -> Kernel:
        """Return the namespace for a program."""
        if program.sysctls not in self.kernels:
            self.kernels[program.sysctls] = Kernel(program.sysctls)
        return self.kernels[program.sysctls]

    def play(self, programs: list[Program]) -> None:
        """Play programs, and note what differs."""
        for sysctls in SYSCTLS:
            batch = [each for each in programs if each.sysctls == sysctls]
            if not batch:
                continue
            suspects = []
            for program, trace in zip(batch, self.kernel(batch[0]).play(batch), strict=True):
                names, difference = explain(program, play_aether(program), trace)
                self.names.update(names)
                self.played += 1
                if difference is not None:
                    suspects.append(difference)
            self._look_again(suspects)

    def _look_again(self, suspects: list[Difference]) -> None:
        """A busy machine makes differences of its own: those that come again each time are real.

        One round after the other: what holds the machine up for a moment holds up all that is played at once.
        """
        for _ in range(ROUNDS):
            if not suspects:
                return
            again = unexplained(self.kernel(suspects[0].program), [each.program for each in suspects])
            same = [found for found, each in zip(suspects, again, strict=True)
                    if each and each.signature == found.signature]
            self.chance += len(suspects) - len(same)
            suspects = same
        self.found += suspects

    def cut_down(self, found: Difference) -> str:
        """Return the shortest script that shows a difference, and what it is."""
        small = minimise(
            self.kernel(found.program), found, lambda each: each is not None and each.signature == found.signature)
        assert small.traces is not None
        script = as_script(small.program, small.traces[1], f"Aether differs from this kernel: {small.kind}.")
        if (directory := os.environ.get("AETHER_DIFFER_SAVE")):
            number = len(list(Path(directory).glob("differs-*.pkt")))
            Path(directory, f"differs-{number}.pkt").write_text(script, encoding="utf-8")
        return f"{small}\n\n{script}"

    def close(self) -> None:
        """Give the namespaces back."""
        for kernel in self.kernels.values():
            kernel.close()


@pytest.fixture
def session() -> Iterator[Session]:
    made = Session()
    yield made
    made.close()


@pytest.mark.flaky(reruns=0 if SECONDS else 1)  # what a long run has found is not to be forgotten for another
@pytest.mark.tap
@pytest.mark.xdist_group("drill against the kernel")
def test_what_differs_is_known(session: Session) -> None:
    began, batch, told = time.monotonic(), [], []
    for seed in seeds():
        batch.append(generate(seed))
        if len(batch) == BATCH:
            session.play(batch)
            batch = []
            took = time.monotonic() - began
            if took > (SECONDS or (PATIENCE if session.played >= ENOUGH else 100 * SLOW)):
                break
            if not SECONDS and took > SLOW * session.played / 100:
                break
    if batch:
        session.play(batch)
    took = time.monotonic() - began
    for found in session.found[:80 if SECONDS else 5]:
        told.append(session.cut_down(found))
    figures = (
        f"{session.played} programs in {took:.0f} s: {sum(session.names.values())} known differences "
        f"{dict(session.names.most_common())}, {session.chance} of chance, {len(session.found)} unknown")
    print(figures)
    assert not told, "\n\n".join([
        figures, *told, "Mend it, or list it in tests/drill/differ/known.py with its clause, and in docs/drill.md."])
    if session.played < ENOUGH:
        print(f"this machine is so slow that {session.played} programs took {took:.0f} s: {ENOUGH} are wanted")
        assert took > SLOW * session.played / 100, figures


@pytest.mark.tap
@pytest.mark.xdist_group("drill against the kernel")
def test_each_known_difference_is_there(session: Session) -> None:
    """What is mended leaves the list."""
    shown = examples.load()
    assert set(shown) == {known.name for known in KNOWN}
    missing = dict(shown)
    for _ in range(3):  # a busy machine may be late
        for sysctls in SYSCTLS:
            mine = {name: each for name, each in missing.items() if each.sysctls == sysctls}
            if not mine:
                continue
            programs = list(mine.values())
            for name, program, trace in zip(mine, programs, session.kernel(programs[0]).play(programs), strict=True):
                if name in explain(program, play_aether(program), trace)[0]:
                    del missing[name]
    assert not missing, (
        f"no difference any more: {', '.join(missing)}. What is mended leaves known.py, examples.txt and docs/drill.md")


def test_each_known_difference_is_documented() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    for known in KNOWN:
        assert known.row() in text, f"docs/drill.md should have this line:\n{known.row()}"
        assert known.right in ("Aether", "Linux", "both", "neither")


def _changed(trace: Trace, kind: str, rng: random.Random) -> Trace | None:
    """Return what came, with one fault in it; None if there is nothing to break."""
    places = [
        (step, number) for step, happened in enumerate(trace.steps) for number, out in enumerate(happened.out)
        if out.time <= happened.at]
    if not places:
        return None
    at, number = rng.choice(places)
    steps = [replace(step, out=list(step.out)) for step in trace.steps]
    outs = steps[at].out
    out = outs[number]
    if kind == "lost":
        del outs[number]
    elif kind == "twice":
        outs.insert(number, out)
    elif kind == "seq":
        outs[number] = replace(out, seq=out.seq + 1)
    elif kind == "ack":
        if out.ack is None:
            return None
        outs[number] = replace(out, ack=out.ack - 1)
    elif kind == "flags":
        outs[number] = replace(out, flags="R." if "R" not in out.flags else ".")
    elif kind == "options":
        if not out.options:
            return None
        outs[number] = replace(out, options=())
    elif kind == "window":
        if "R" in out.flags:
            return None
        outs[number] = replace(out, window=0)
    return Trace(steps, trace.state)


FAULTS = {"lost": 0.6, "twice": 0.7, "seq": 0.85, "ack": 0.85, "flags": 0.9, "options": 0.8, "window": 0.9}
"""Which share of each kind of fault has to be noticed: where a known difference looks the same, the rest cannot be."""


@pytest.mark.parametrize("kind", FAULTS)
def test_faults_are_noticed(kind: str) -> None:
    """What is known swallows no faults: a play in which one segment is wrong is not explained."""
    rng = random.Random(5)
    noticed, count, swallowed = 0, 0, Counter[str]()
    for seed in range(150):
        program = generate(10_000 + seed)
        trace = play_aether(program)
        broken = _changed(trace, kind, rng)
        if broken is None:
            continue
        count += 1
        names, difference = explain(program, broken, trace)
        noticed += difference is not None
        swallowed.update(names if difference is None else [])
    assert count > 50
    assert noticed >= FAULTS[kind] * count, f"{noticed} of {count}: {swallowed}"

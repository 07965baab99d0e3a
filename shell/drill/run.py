"""Scripts from files and directories, played in fresh worlds: one report each."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from aether.operations.base import OperationError
from shell.drill.errors import KernelError, ScriptError
from shell.drill.outcome import Outcome
from shell.drill.player import ScriptPlayer
from shell.drill.script import Script, SysctlsLine
from shell.drill.stage import Stage, VirtualStage
from shell.language.grammar import CommandError
from shell.results.drill import DrillField, DrillLine, DrillResult

SUFFIX = ".pkt"
KERNEL_TOLERANCE = 25_000
"""Microseconds by which a real kernel's times may differ where the script says nothing: its clock ticks every 4 ms, and
a busy machine runs us late."""
TRIES = 3
"""How often a script is played against the kernel at the most, where only the time is wrong."""
PARALLEL = 200
"""So many scripts for each process that is started: that takes as long as playing them."""


@dataclass(slots=True)
class Wishes:
    """How scripts are to be played, beyond what they say themselves."""

    seed: int | None = None
    profile: str = ""
    knobs: dict[str, str] = field(default_factory=dict)
    against: str = "aether"
    """``aether``, ``kernel``, or ``recorded``: what a kernel once answered."""


def find(names: Iterable[str]) -> list[Path]:
    """Return the scripts that files and directories are and hold; CommandError for what is not there."""
    found: list[Path] = []
    for name in names:
        path = Path(name).expanduser()
        if path.is_dir():
            inside = sorted(each for each in path.rglob(f"*{SUFFIX}") if each.is_file())
            if not inside:
                raise CommandError(f"there is no script in {name}: their names end in {SUFFIX}")
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise CommandError(f"there is no file {name}")
    return found


def load(path: Path) -> Script:
    """Read a script; CommandError, which ScriptError is, with what is wrong."""
    from shell.drill import parse

    try:
        if path.stat().st_size > 4 * parse.MAX_SIZE:
            raise CommandError(f"{path} is too large for a script")
        return parse.load(path)
    except OSError as problem:
        raise CommandError(f"cannot read {path}: {problem.strerror}") from None


def knobs_of(script: Script, wishes: Wishes) -> dict[str, str]:
    """Return the knobs that a script is played with: its sysctls, its comments, and what was asked for."""
    from shell.drill.sysctls import knobs

    settings = [each for line in script.lines if isinstance(line.event, SysctlsLine) for each in line.event.settings]
    return {**knobs(settings, script.file), **script.knobs, **wishes.knobs}


def virtual_stage(script: Script, wishes: Wishes) -> VirtualStage:
    """Return a fresh world for a script; CommandError for knobs that make no sense."""
    seed = wishes.seed if wishes.seed is not None else script.seed or 0
    try:
        return VirtualStage(script, seed, wishes.profile or script.profile, knobs_of(script, wishes))
    except OperationError as problem:
        raise CommandError(f"{script.file}: {problem}") from None


def player_for(script: Script, wishes: Wishes, *, forgiving: bool = False) -> ScriptPlayer:
    """Return a player on a fresh stage; CommandError where there is none to be had."""
    options = script.options
    if wishes.against == "aether":
        return ScriptPlayer(script, virtual_stage(script, wishes), options.tolerance or 0, forgiving=forgiving)
    from shell.drill.kernel import KernelStage
    from shell.drill.recorded import RecordedStage

    tolerance = max(script.kernel_tolerance or 0, options.tolerance or 0, KERNEL_TOLERANCE)
    stage: Stage = KernelStage(script) if wishes.against == "kernel" else RecordedStage(script)
    return ScriptPlayer(script, stage, tolerance, forgiving=forgiving)


def play(path: Path, wishes: Wishes) -> DrillResult:
    """Play one script from a file; one that cannot be read is a result as well. KernelError where no kernel is."""
    return play_script(str(path), partial(load, path), wishes)


def play_script(name: str, read: Callable[[], Script], wishes: Wishes) -> DrillResult:
    """Play what `read` returns; ScriptError of that is a result as well. KernelError where no kernel is."""
    began = time.perf_counter()
    try:
        player = player_for(read(), wishes)
    except KernelError:
        raise  # that is no fault of the script
    except CommandError as problem:
        place = f":{problem.place.line}:{problem.place.column}" if isinstance(problem, ScriptError) else ""
        line = problem.place.line if isinstance(problem, ScriptError) else 0
        text = problem.problem if isinstance(problem, ScriptError) else str(problem)
        return DrillResult(name, "error", _since(began), line=line, problem=text, place=place)
    for left in reversed(range(TRIES if wishes.against == "kernel" else 1)):
        try:
            player.play()
        finally:
            player.stage.close()
        if not left or not _late(player):
            break
        player = player_for(player.script, wishes)
    return result_of(player, _since(began), wishes.against)


def _late(player: ScriptPlayer) -> bool:
    """Tell whether nothing but the time was wrong: a busy machine does that, and it is worth another try."""
    failed = player.failed
    differ = [each.name for each in failed.fields if each.differs] if failed is not None else []
    return failed is not None and (differ in (["time"], ["returns at"]) or failed.got.startswith("nothing until"))


def _since(began: float) -> int:
    return round((time.perf_counter() - began) * 1_000_000)


def result_of(player: ScriptPlayer, took: int, against: str = "aether") -> DrillResult:
    """Return how a play went."""
    script, failed = player.script, player.failed
    verdict = "ok" if failed is None else "failed"
    known = script.kernel_differs if against == "kernel" else script.aether_differs
    if known:
        verdict = "differs" if failed is not None else "ok"
    found = DrillResult(
        script.file, verdict, took, player.stage.now, len(player.outcomes), against=against, known=known)
    if failed is not None:
        found.line = failed.line.place.line
        found.text, found.problem = failed.line.text, failed.problem
        found.time_us, found.frame, found.got = max(failed.time, player.stage.now), failed.frame, failed.got
        found.fields = [DrillField(each.name, each.expected, each.got, each.differs) for each in failed.fields]
    return found


def line_of(outcome: Outcome) -> DrillLine:
    """Return how a line went, as data."""
    return DrillLine(
        outcome.line.place.line, outcome.line.text, outcome.verdict, outcome.time, outcome.frame, outcome.got,
        outcome.problem, [DrillField(each.name, each.expected, each.got, each.differs) for each in outcome.fields])


def play_all(
    paths: list[Path], wishes: Wishes, told: Callable[[int, str], None] | None = None, workers: int = 0,
) -> Iterator[DrillResult]:
    """Play scripts, several at a time where there are many; results come in their order.

    A real kernel has its own time, which others would disturb: against it, one at a time.
    """
    workers = workers or min(os.cpu_count() or 1, len(paths) // PARALLEL)
    if workers < 2 or wishes.against == "kernel":
        for number, path in enumerate(paths):
            if told is not None:
                told(number, path.name)
            yield play(path, wishes)
        return
    from multiprocessing import get_context

    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(play, path, wishes) for path in paths]
        try:
            for number, (path, future) in enumerate(zip(paths, futures, strict=True)):
                if told is not None:
                    told(number, path.name)
                yield future.result()
        except BaseException:
            for future in futures:
                future.cancel()
            raise

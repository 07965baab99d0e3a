"""What several runs come to: medians, notes, and what a comparison shows."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable
from dataclasses import dataclass

from shell.bench import kernel, measure
from shell.bench.load import LoadWish
from shell.bench.series import Rounds
from shell.results.bench import BenchReport, Measured, Run
from shell.session import Session

UNITS = {
    "http": "connections", "keepalive": "requests", "ping": "pings", "down": "MB", "up": "MB", "hold": "connections",
}
MEGABYTE = 1_000_000
SAME = 0.005
"""Rates that differ by less than this share are the same to whoever reads two digits."""
FEW, ENOUGH = 3, 5
"""Runs of each: with fewer than the first there is no verdict, with the second it is enough that all pairs agree."""
SIMULATED = "the simulated host: this is the virtual network, in its own time"
AS_IT_IS = "as it is"


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for: a load, so many runs of it, under settings with these names."""

    load: LoadWish
    runs: int
    settings: list[str]
    notes: list[str]
    """What is known before anything is measured."""


def report(session: Session, asked: Asked, series: Rounds[Run], elapsed_us: int) -> BenchReport:
    """Put together what a series has found; there is at least one run of each setting."""
    load, simulated = asked.load, session.lab.run_program is None
    measured = [_summary(name, load.kind, runs) for name, runs in zip(asked.settings, series.found, strict=True)]
    result = BenchReport(
        _said(load), session.lab.kind, SIMULATED if simulated else kernel.CLIENTS[load.client],
        session.core.status().mode, measured, None, _notes(session, asked, series.found), load.kind,
        "host" if simulated else load.client, load.asked, load.together,
        load.size if load.kind in ("down", "up") else 0, asked.runs, elapsed_us)
    result.problems = _problems(session, series.found, measured)
    if series.interrupted:
        result.failure = interrupted(len(series.found[0]), asked.runs) + "; the figures are of those"
    if len(measured) > 1:
        _compare(result, series.found)
    return result


def interrupted(done: int, runs: int) -> str:
    """Say how far a series came that was cut off."""
    return f"interrupted: {done} of {runs} runs done"


def _said(load: LoadWish) -> str:
    if load.client == "wrk":
        what = "connections, one page each" if load.kind == "http" else "connections that are kept"
        return f"as many pages as can be had in {kernel.WRK_SECONDS} s, {load.together:,} at a time, on {what}"
    return {
        "http": f"{load.asked:,} connections, {load.together:,} at a time, one page each",
        "keepalive": f"{load.asked:,} requests on {load.together:,} connections that are kept",
        "ping": f"{load.asked:,} echo requests, one after the other",
        "down": f"{load.size // MEGABYTE:,} MB from you", "up": f"{load.size // MEGABYTE:,} MB to you",
        "hold": f"{load.asked:,} connections, opened {min(load.at_once, load.asked):,} at a time and held",
    }[load.kind]


def _notes(session: Session, asked: Asked, found: list[list[Run]]) -> list[str]:
    notes = asked.notes + sorted({run.note for runs in found for run in runs if run.note})
    if session.lab.run_program is None:
        return notes
    if len(found) == 1 and session.core.status().mode == "trace":
        notes.append("this is trace mode, which records everything; `mode bench` is the fast one")
    workers = [max(run.workers for run in runs) for runs in found]
    if max(workers) > 1:
        notes.append(
            "CPU, reads and writes and shares of waiting are worker 0's; `workers show` tells what each does")
    if max(workers) >= (cores := len(os.sched_getaffinity(0))):
        notes.append(f"the client shares a core with a worker: {_count(cores, 'core')} for "
                     f"{_count(max(workers), 'worker')} and the client")
    if asked.settings[-1] == "trace mode" and max(workers) > 1:
        notes.append(f"trace mode has one worker: this compares {workers[0]} with one. `workers 1` first compares like "
                     "with like")
    return notes


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' if number > 1 else ''}"


def _problems(session: Session, found: list[list[Run]], measured: list[Measured]) -> list[str]:
    longest = f"{measure.MAX_RUN} s of the network's time" if session.lab.run_program is None else f"{kernel.MAX_RUN} s"
    said = []
    for each, runs in zip(measured, found, strict=True):
        unfinished = sum(run.unfinished for run in runs)
        if failed := each.failed - unfinished:
            said.append(f"{each.setting}: {failed:,} failed")
        if unfinished:
            said.append(f"{each.setting}: {unfinished:,} were not finished; a run is cut off after {longest}")
    return said


def _rate(run: Run, kind: str) -> float:
    amount = run.bytes / MEGABYTE if kind in ("down", "up") else run.completed
    return amount / max(run.elapsed_us, 1) * 1e6


def _real(run: Run) -> float:
    """Return the occurrences a second of real time."""
    return run.occurrences / max(run.wall_us, 1) * 1e6


def _summary(setting: str, kind: str, runs: list[Run]) -> Measured:
    """Return the medians of several runs."""
    rates = [_rate(run, kind) for run in runs]

    def middle(of: Callable[[Run], float]) -> float:
        return statistics.median(of(run) for run in runs)

    held = [run.memory // run.connections for run in runs if run.connections]
    calls = [run.calls_per_frame for run in runs if run.calls_per_frame is not None]
    return Measured(
        setting, UNITS[kind], rates, statistics.median(rates), min(rates), max(rates),
        round(middle(lambda run: run.p50_us)), round(middle(lambda run: run.p99_us)), sum(run.failed for run in runs),
        middle(lambda run: run.cpu), statistics.median(calls) if calls else None, middle(lambda run: run.spin),
        middle(lambda run: run.yielding), middle(lambda run: run.sleep), middle(_real),
        max(held, default=0) if kind == "hold" else 0, [run.completed for run in runs],
        [run.elapsed_us for run in runs], max(_workers(run) for run in runs))


def _workers(run: Run) -> int:
    return run.workers if run.cores is None else len(run.cores.rows)


# Comparisons

def _compare(result: BenchReport, found: list[list[Run]]) -> None:
    """Judge two settings by the pairs of runs that followed each other."""
    first, second = result.measured
    if not first.median or not second.median:
        result.clear, result.verdict = False, "nothing was completed, so there is nothing to compare"
        return
    result.ratio = first.median / second.median
    names = first.setting, second.setting
    if result.lab != "SIM":
        result.clear, result.verdict = _judged(first.rates, second.rates, names, "it is")
        return
    result.real_ratio = first.occurrences_a_second / max(second.occurrences_a_second, 1e-9)
    if not _same(first.rates, second.rates):
        result.clear, said = _judged(first.rates, second.rates, names, "it is")
        result.verdict = f"in the network's own time: {said}"
        return
    real = [_real(run) for run in found[0]], [_real(run) for run in found[1]]
    result.clear, said = _judged(*real, names, "it is simulated")
    result.verdict = f"in the network's own time both are the same. In this machine's time: {said}"


def _same(ours: list[float], theirs: list[float]) -> bool:
    return all(abs(one - other) <= SAME * other for one, other in zip(ours, theirs, strict=True))


def _judged(ours: list[float], theirs: list[float], names: tuple[str, str], verb: str) -> tuple[bool, str]:
    """Return whether the runs say clearly which is faster, and what there is to say.

    Chance makes five pairs agree in one case of sixteen. Of fewer, every run of one must beat every run of the other.
    """
    if _same(ours, theirs):
        return True, "both are the same"
    ratio = statistics.median(ours) / max(statistics.median(theirs), 1e-9)
    (faster, slower), ratio = (names, ratio) if ratio >= 1 else (names[::-1], 1 / ratio)
    said = f"{_under(faster)} {verb} {ratio:.2f} times as fast as {_under(slower, than=True)}"
    if len(ours) < FEW:
        return False, f"{said}, by {_count(len(ours), 'run')} of each: that may be chance"
    agree = all(one > other for one, other in zip(ours, theirs, strict=True)) or all(
        one < other for one, other in zip(ours, theirs, strict=True))
    apart = min(ours) > max(theirs) or max(ours) < min(theirs)
    if apart or (agree and len(ours) >= ENOUGH):
        return True, said
    return False, "the ranges overlap: this shows no clear difference"


def _under(setting: str, *, than: bool = False) -> str:
    """Return how one says that something is so under a setting, first or after "as fast as"."""
    if setting == AS_IT_IS:
        return "it is as things are" if than else "as things are"
    return f"in {setting}" if setting.endswith(" mode") else f"with {setting}"

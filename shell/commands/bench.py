"""`bench`: put a load on the stack, and measure what it can do, or what something costs."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from functools import partial

from aether.operations import ProfileSet
from shell import results_bench as results
from shell.bench.measure import Load, client_of, interleaved, measure
from shell.commands.knob import knob_name, profile_name
from shell.grammar import CommandError, argument, command, option
from shell.session import Session
from shell.values import count

UNITS = {
    "http": "connections", "keepalive": "requests", "ping": "pings", "down": "MB", "up": "MB", "hold": "connections",
}
MEGABYTE = 1_000_000
DEFAULTS = {"http": 500, "keepalive": 2000, "ping": 500, "down": 4, "up": 4, "hold": 1000}
"""How many in the simulation; the kernel's side asks for `MORE` times as many."""
MORE = 5
MOST_RUNS = 50


def _megabytes(text: str) -> int:
    number = count(text)
    if number > 4000:
        raise CommandError(f"a transfer is from 1 to 4000 megabytes, not {text}")
    return number


def _runs(text: str) -> int:
    number = count(text)
    if number > MOST_RUNS:
        raise CommandError(f"at most {MOST_RUNS} runs at a time, not {text}")
    return number


NUMBER = option("-n", "how many in all, in each run", count, metavar="N", default=0)
AT_ONCE = option("-c", "how many at a time (100)", count, metavar="N", default=100)
RUNS = option("--runs", "how many runs; the median counts (5)", _runs, metavar="N", default=5)
KEEPALIVE = option("--keepalive", "ask again and again on the same connections")
SIZE = option("--size", "megabytes to transfer in each run", _megabytes, metavar="MB", default=0)
LOADS = tuple(DEFAULTS)


@command("bench http", NUMBER, AT_ONCE, KEEPALIVE, RUNS, examples=(
    "bench http", "bench http -n 2000 -c 10", "bench http --keepalive"))
def http(session: Session, n: int, c: int, keepalive: bool, runs: int) -> results.BenchReport:
    """Measure how many pages a second the HTTP server delivers, each on a connection of its own unless they are kept.

    The client is a process at the kernel's side, or in the simulation the other host: then it is the virtual network
    that is measured. What is measured is the mode that is on: `mode bench` is the fast one.
    """
    return _report(session, _load(session, "keepalive" if keepalive else "http", n, c), runs)


@command("bench ping", NUMBER, RUNS, examples=("bench ping", "bench ping -n 1000"))
def ping(session: Session, n: int, runs: int) -> results.BenchReport:
    """Measure round trips: one echo request at a time, the next when it was answered."""
    return _report(session, _load(session, "ping", n, 1), runs)


@command(
    "bench bulk", argument("direction", str, "down: from you; up: to you", complete="down up"), SIZE, RUNS,
    examples=("bench bulk down", "bench bulk up --size 50"),
)
def bulk(session: Session, direction: str, size: int, runs: int) -> results.BenchReport:
    """Measure one large transfer: `down` comes from your chargen service, `up` goes to your discard service."""
    if direction not in ("down", "up"):
        raise CommandError(f"a transfer goes down (from you) or up (to you), not {direction!r}")
    return _report(session, _load(session, direction, 0, 1, size), runs)


@command("bench conns", argument("number", count, "how many connections", default=0), AT_ONCE, RUNS,
         examples=("bench conns 1000",))
def conns(session: Session, number: int, c: int, runs: int) -> results.BenchReport:
    """Open connections and hold them: how fast they come, and how much memory each takes. Then they are let go."""
    return _report(session, _load(session, "hold", number, c), runs)


@command("bench stress", RUNS, examples=("bench stress",))
def stress(session: Session, runs: int) -> results.BenchReport:
    """Let 100 clients at a time fetch the page, without a pause."""
    return _report(session, _load(session, "http", 0, 100), runs)


@command(
    "bench compare", argument("what", str, "trace, knob or profile", complete="trace knob profile"),
    argument("setting", str, "for knob NAME=VALUE, for profile its name", default="", complete="compared"),
    option("--load", f"what to measure: {', '.join(LOADS)} (http)", str, metavar="LOAD", default="http",
           complete=" ".join(LOADS)),
    NUMBER, AT_ONCE, SIZE, RUNS,
    examples=(
        "bench compare trace", "bench compare knob tcp.fast_path=off", "bench compare profile classic --load down"),
)
def compare(
    session: Session, what: str, setting: str, load: str, n: int, c: int, size: int, runs: int,
) -> results.BenchReport:
    """Measure as it is and otherwise, turn about: in trace mode, with a knob turned, with another profile.

    `bench compare trace` changes the mode, and so ends the history; a new one begins afterwards.
    """
    if load not in LOADS:
        raise CommandError(f"no load {load!r}. There are: {', '.join(LOADS)}")
    return _compared(session, _load(session, load, n, 1 if load in ("ping", "down", "up") else c, size), runs,
                     _settings(session, what, setting))


Setting = tuple[str, Callable[[], None]]


def _settings(session: Session, what: str, setting: str) -> list[Setting]:
    """Return the two settings that are compared; the first is how things are, or benchmark mode."""
    if what == "trace":
        if setting:
            raise CommandError(f"`bench compare trace` takes no {setting!r}")
        return [("benchmark mode", lambda: _mode(session, "bench")), ("trace mode", lambda: _mode(session, "trace"))]
    if what == "knob":
        name, equals, value = setting.partition("=")
        if not equals:
            raise CommandError("a knob is given as NAME=VALUE, such as: bench compare knob tcp.nagle=off")
        old = session.knobs()[knob_name(name)]
        return [(f"{name}={old}", partial(session.turn, {name: old})),
                (f"{name}={value}", partial(session.turn, {name: value}))]
    if what == "profile":
        profile_name(setting)
        return [("as it is", partial(session.turn, session.knobs())),
                (f"profile {setting}", lambda: _profile(session, setting))]
    raise CommandError(f"what can be compared is trace, knob or profile, not {what!r}")


def _mode(session: Session, mode: str) -> None:
    session.set_mode(mode)


def _profile(session: Session, name: str) -> None:
    session.do(ProfileSet(name=name))


def _load(session: Session, kind: str, asked: int, at_once: int, size: int = 0) -> Load:
    simulated = session.lab.run_program is None
    more = 1 if simulated else MORE
    if kind in ("down", "up"):
        return Load(kind, 1, 1, (size or DEFAULTS[kind] * more * (1 if simulated else 10)) * MEGABYTE)
    return Load(kind, asked or DEFAULTS[kind] * more, at_once)


def _report(session: Session, load: Load, runs: int) -> results.BenchReport:
    return _compared(session, load, runs, [(f"{session.core.status().mode} mode", lambda: None)])


def _compared(session: Session, load: Load, runs: int, settings: list[Setting]) -> results.BenchReport:
    """Measure under each setting, and put things back as they were."""
    mode, knobs = session.core.status().mode, session.knobs()
    try:
        found = interleaved(
            [begin for _, begin in settings], lambda: measure(session, load), runs,
            lambda index: session.busy(f"run {index + 1} of {runs}"))
    finally:
        session.set_mode(mode)
        session.turn(knobs)
    measured = [_summary(name, load.kind, each) for (name, _), each in zip(settings, found, strict=True)]
    ratio = measured[0].median / measured[1].median if len(measured) > 1 and measured[1].median else 0.0
    return results.BenchReport(
        _said(load), session.lab.kind, client_of(session, load), mode, measured, ratio,
        _notes(session, found, measured))


def _said(load: Load) -> str:
    return {
        "http": f"{load.asked:,} connections, {load.at_once} at a time, one page each",
        "keepalive": f"{load.asked:,} requests on {load.at_once} connections that are kept",
        "ping": f"{load.asked:,} echo requests, one after the other",
        "down": f"{load.size // MEGABYTE:,} MB from you", "up": f"{load.size // MEGABYTE:,} MB to you",
        "hold": f"{load.asked:,} connections, opened {load.at_once} at a time and held",
    }[load.kind]


def _notes(session: Session, found: list[list[results.Run]], measured: list[results.Measured]) -> list[str]:
    notes = sorted({run.note for runs in found for run in runs if run.note})
    notes += [f"{each.setting}: {each.failed} failed" for each in measured if each.failed]
    if session.lab.run_program is not None and len(measured) == 1 and session.core.status().mode == "trace":
        notes.append("this is trace mode, which records everything; `mode bench` is the fast one")
    if any(run.workers > 1 for runs in found for run in runs):
        notes.append("CPU, system calls and shares of waiting are worker 0's; `workers show` tells what each does")
    return notes


def _rate(run: results.Run, kind: str) -> float:
    amount = run.bytes / MEGABYTE if kind in ("down", "up") else run.completed
    return amount / max(run.elapsed_us, 1) * 1e6


def _summary(setting: str, kind: str, runs: list[results.Run]) -> results.Measured:
    """Return the medians of several runs."""
    rates = [_rate(run, kind) for run in runs]

    def middle(of: Callable[[results.Run], float]) -> float:
        return statistics.median(of(run) for run in runs)

    held = [run.memory // run.connections for run in runs if run.connections]
    return results.Measured(
        setting, UNITS[kind], rates, statistics.median(rates), min(rates), max(rates),
        round(middle(lambda run: run.p50_us)), round(middle(lambda run: run.p99_us)), sum(run.failed for run in runs),
        middle(lambda run: run.cpu), middle(lambda run: run.calls_per_frame), middle(lambda run: run.spin),
        middle(lambda run: run.yielding), middle(lambda run: run.sleep),
        middle(lambda run: run.occurrences / max(run.wall_us, 1) * 1e6), max(held, default=0) if kind == "hold" else 0)

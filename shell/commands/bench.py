"""`bench`: put a load on the stack, and measure what it can do, or what something costs."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from aether import knobs
from aether.operations.knobs import ProfileSet
from shell.bench import kernel
from shell.bench.load import LoadWish
from shell.bench.measure import check, measure
from shell.bench.report import AS_IT_IS, MEGABYTE, Asked, interrupted, report
from shell.bench.series import series, steps
from shell.commands.knob import knob_name, model, profile_name
from shell.commands.workers import FREE
from shell.language.grammar import CommandError, argument, command, option
from shell.language.values import count
from shell.results.bench import BenchReport
from shell.session import Session

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
CLIENT = option("--client", "who asks, behind a TAP: ours (a Python process), ab or wrk (ab if there is one)", str,
                metavar="CLIENT", default="", complete=" ".join(kernel.CLIENTS))
LOADS = tuple(DEFAULTS)
BENCH = "benchmark"
FAST_PATH = (
    "tcp.fast_path", "tcp.sack", "tcp.timestamps", "tcp.window_scaling", "tcp.retransmit", "tcp.isn",
    "tcp.syn_cookies", "tcp.initial_window",
)
"""Knobs that a profile may turn so that no connection takes the fast path."""
Setting = tuple[str, Callable[[], None]]


@command("bench http", NUMBER, AT_ONCE, KEEPALIVE, RUNS, CLIENT, examples=(
    "bench http", "bench http -n 2000 -c 10", "bench http --keepalive", "bench http --client ours"))
def http(session: Session, n: int, c: int, keepalive: bool, runs: int, client: str) -> BenchReport:
    """Measure how many pages a second the HTTP server delivers, each on a connection of its own unless they are kept.

    The client is a process at the kernel's side, or in the simulation the other host: then it is the virtual network
    that is measured. What is measured is the mode that is on: `mode bench` is the fast one.

    Behind a TAP the client may be chosen: ApacheBench and wrk, where they are installed, or our own, which is slower
    than they are. wrk asks for two seconds each run, however many that makes.
    """
    return _report(session, _load(session, "keepalive" if keepalive else "http", n, c, client=client), runs)


@command("bench ping", NUMBER, RUNS, examples=("bench ping", "bench ping -n 1000"))
def ping(session: Session, n: int, runs: int) -> BenchReport:
    """Measure round trips: one echo request at a time, the next when it was answered."""
    return _report(session, _load(session, "ping", n, 1), runs)


@command(
    "bench bulk", argument("direction", str, "down: from you; up: to you", complete="down up"), SIZE, RUNS,
    examples=("bench bulk down", "bench bulk up --size 50"),
)
def bulk(session: Session, direction: str, size: int, runs: int) -> BenchReport:
    """Measure one large transfer: `down` comes from your chargen service, `up` goes to your discard service."""
    if direction not in ("down", "up"):
        raise CommandError(f"a transfer goes down (from you) or up (to you), not {direction!r}")
    return _report(session, _load(session, direction, 0, 1, size), runs)


@command("bench conns", argument("number", count, "how many connections", default=0), AT_ONCE, RUNS,
         examples=("bench conns 1000",))
def conns(session: Session, number: int, c: int, runs: int) -> BenchReport:
    """Open connections and hold them: how fast they come, and how much memory each takes. Then they are let go."""
    return _report(session, _load(session, "hold", number, c), runs)


@command("bench stress", RUNS, examples=("bench stress",))
def stress(session: Session, runs: int) -> BenchReport:
    """Let 100 clients at a time connect, ask for the page, read it and close, without a pause.

    Behind a TAP they are 100 sockets of one Python process, whatever else is installed: the test that the first Aether
    was measured by.
    """
    client = "" if session.lab.run_program is None else "ours"
    return _report(session, _load(session, "http", 0, 100, client=client), runs)


@command(
    "bench compare", argument("what", str, "trace, knob, profile or workers", complete="trace knob profile workers"),
    argument("setting", str, "for knob NAME=VALUE, for profile its name, for workers how many", default="",
             complete="compared"),
    option("--load", f"what to measure: {', '.join(LOADS)} (http)", str, metavar="LOAD", default="http",
           complete=" ".join(LOADS)),
    NUMBER, AT_ONCE, SIZE, RUNS, CLIENT,
    examples=(
        "bench compare trace", "bench compare knob tcp.fast_path=off", "bench compare profile classic --load down",
        "bench compare workers 2"),
)
def compare(
    session: Session, what: str, setting: str, load: str, n: int, c: int, size: int, runs: int, client: str,
) -> BenchReport:
    """Measure as it is and otherwise, turn about: in trace mode, with a knob turned, another profile, more workers.

    One run of each is thrown away, and neither is always the first. Where the runs do not agree on which is faster, the
    result says so. In the simulation, where both may be the same in the network's own time, it also says what each
    costs this machine.

    `bench compare trace` changes the mode, and so ends the history; a new one begins afterwards. So does
    `bench compare workers N`, which compares one worker with N in benchmark mode; in the simulation they are cores of
    the host (`loop.workers`).
    """
    if load not in LOADS:
        raise CommandError(f"no load {load!r}. There are: {', '.join(LOADS)}")
    wanted = _load(session, load, n, 1 if load in ("ping", "down", "up") else c, size, client)
    return _compared(session, wanted, runs, *_settings(session, what, setting))


def _settings(session: Session, what: str, setting: str) -> tuple[list[Setting], list[str]]:
    """Return the two settings that are compared, and notes; the first is how things are, or the usual one."""
    if what == "trace":
        if setting:
            raise CommandError(f"`bench compare trace` takes no {setting!r}")
        modes = (f"{BENCH} mode", "bench"), ("trace mode", "trace")
        return [(name, partial(_mode, session, mode)) for name, mode in modes], []
    if what == "knob":
        return _knob_turned(session, setting), []
    if what == "profile":
        profile_name(setting)
        return [(AS_IT_IS, partial(session.turn, session.knobs())),
                (f"profile {setting}", partial(_profile, session, setting))], _slower(session, setting)
    if what == "workers":
        return _more_workers(session, setting)
    raise CommandError(f"what can be compared is trace, knob, profile or workers, not {what!r}")


def _knob_turned(session: Session, setting: str) -> list[Setting]:
    name, equals, value = setting.partition("=")
    if not equals:
        raise CommandError("a knob is given as NAME=VALUE, such as: bench compare knob tcp.nagle=off")
    knob = knobs.find(knob_name(name))
    knobs.parse(knob, value)
    if session.lab.run_program is not None and (said := model(name)):
        more = f", and `bench compare workers {value}` compares them" if name == "loop.workers" else ""
        raise CommandError(f"{said}{more}")
    old = session.knobs()[name]
    return [(f"{name}={old}", partial(session.turn, {name: old})),
            (f"{name}={value}", partial(session.turn, {name: value}))]


def _more_workers(session: Session, setting: str) -> tuple[list[Setting], list[str]]:
    number = count(setting) if setting else 0
    if number < 2:
        raise CommandError("one worker is compared with more of them, such as: bench compare workers 2")
    names = "1 worker", f"{number} workers"
    if session.lab.run_program is None:
        knobs.parse(knobs.find("loop.workers"), setting)
        values = session.knobs()
        notes = [] if values["loop.cost"] != "0us" or values["loop.wake"] != "0us" else [FREE]
        return [(name, partial(session.turn, {"loop.workers": str(each)}))
                for name, each in zip(names, (1, number), strict=True)], notes
    capacity = 1 if session.shards is None else session.shards.capacity
    if number > capacity:
        queues = "one queue" if capacity == 1 else f"{capacity} queues"
        raise CommandError(f"this TAP has {queues}, one for each worker, and they are made before root is "
                           f"given back. Start with: aether-shell --workers {number}")
    return [(name, partial(_workers, session, each)) for name, each in zip(names, (1, number), strict=True)], []


def _workers(session: Session, number: int) -> None:
    """Go on in benchmark mode with so many processes."""
    assert session.shards is not None
    session.shards.wanted = number
    session.set_mode("bench")
    if session.shards.count != number:
        session.shards.start(number)


def _slower(session: Session, profile: str) -> list[str]:
    """Return what of a profile costs speed behind a TAP, where it turns that otherwise than it stands."""
    if session.lab.run_program is None:
        return []
    stand, other = session.knobs(), knobs.profile(profile)
    wanted = {name: knobs.show(knob, getattr(other, knob.attribute)) for name, knob in knobs.KNOBS.items()}
    turned = {name for name, value in wanted.items() if value != stand[name]}
    said = []
    if "loop.offload" in turned:
        said.append(f"loop.offload={wanted['loop.offload']} for bulk transfers")
    if needed := [f"{name}={wanted[name]}" for name in FAST_PATH if name in turned]:
        takes = "which then take" if profile == "modern" else "which then do not take"
        said.append(f"{', '.join(needed)} for short connections, {takes} the fast path (tcp.fast_path)")
    what = "brings" if profile == "modern" else "costs"
    return [f"what {what} speed in profile {profile}: {'; '.join(said)}"] if said else []


def _mode(session: Session, mode: str) -> None:
    session.set_mode(mode)


def _profile(session: Session, name: str) -> None:
    session.do(ProfileSet(name=name))


def _load(session: Session, kind: str, asked: int, at_once: int, size: int = 0, client: str = "") -> LoadWish:
    simulated = session.lab.run_program is None
    if simulated and client:
        raise CommandError("in the simulation the other host is the client; a TAP has others (aether-shell --lab)")
    who = "" if simulated else kernel.chosen(kind, client)
    more = 1 if simulated else MORE
    if kind in ("down", "up"):
        return LoadWish(kind, 1, 1, (size or DEFAULTS[kind] * more * (1 if simulated else 10)) * MEGABYTE, who)
    if who == "wrk":
        if asked:
            raise CommandError(f"wrk counts time, {kernel.WRK_SECONDS} s each run, and not requests: leave -n out")
        return LoadWish(kind, 0, at_once, client=who)
    return LoadWish(kind, asked or DEFAULTS[kind] * more, at_once, client=who)


def _report(session: Session, load: LoadWish, runs: int) -> BenchReport:
    mode = BENCH if session.core.status().mode == "bench" else "trace"
    return _compared(session, load, runs, [(f"{mode} mode", _nothing)], [])


def _nothing() -> None:
    """Leave everything as it is."""


def _compared(
    session: Session, load: LoadWish, runs: int, settings: list[Setting], notes: list[str],
) -> BenchReport:
    """Measure under each setting, and put things back as they were."""
    check(session, load)
    mode, stood, began = session.core.status().mode, session.knobs(), time.monotonic()
    workers = 0 if session.shards is None else session.shards.wanted
    whole = False
    try:
        with session.terminal.progress(steps(len(settings), runs)) as tell:
            found = series(settings, lambda: measure(session, load), runs, tell)
        whole = not found.interrupted
    finally:
        if session.shards is not None:
            if not whole and len(settings) > 1:  # some may have been about to start
                session.shards.stop()
            session.shards.wanted = workers
        session.set_mode(mode)
        session.turn(stood)
    if not found.found[0]:
        raise CommandError(interrupted(0, runs))
    asked = Asked(load, runs, [name for name, _ in settings], notes)
    return report(session, asked, found, round((time.monotonic() - began) * 1e6))

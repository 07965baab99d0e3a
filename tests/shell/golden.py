"""Golden renders: every view, as it is drawn at three widths, in colour and plain.

    python -m tests.shell.golden

writes the files in `tests/shell/golden/` again; look at the difference before you keep it.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aether.engine.core import Core
from aether.lab import simulated
from shell.prompt.app import AetherShell
from shell.prompt.panes import rendered
from shell.results.bench import BenchReport, Measured
from shell.results.exercise import ExerciseCheck, ExerciseComparison, ExerciseReport
from shell.results.lesson import GradeRow, GradeTable, LessonPaths
from shell.results.ping import PingAnswers, PingLine
from shell.results.traceroute import TraceHop, TraceHops, TraceProbe
from shell.session import Lab, Session
from shell.views import render
from tests import nobody

FOLDER = Path(__file__).parent / "golden"
WIDTHS = (60, 80, 120)
SEED = 7
WIDE = "漢字 e\u0301 ａｂ"
"""Wide letters, and one that is made of two."""

ECHO = ["tcp connect 192.168.1.1:7", "link drop next tcp.len > 0", "tcp send 1 hello", "tcp close 1"]
TRANSFER = ["link delay 20ms", "link loss 2% in", "tcp connect 192.168.1.1:19", "run 700ms"]
SCENES: dict[str, list[str]] = {
    "message": ["trace on"],
    "status": ["ping 192.168.1.1", "status"],
    "time": ["ping 192.168.1.1", "pause"],
    "steps": ["pause", "tcp connect 192.168.1.1:7", "step 3"],
    "connected": ["tcp connect 192.168.1.1:7"],
    "sent": ["tcp connect 192.168.1.1:7", "tcp send 1 hello"],
    "connection": [*ECHO, "tcp show 1"],
    "transfer": [*TRANSFER, "tcp show 1 --host host"],
    "connections": [*ECHO, "tcp conns"],
    "ping": ["link loss 30%", "ping 192.168.1.1 --count 5"],
    "traceroute": ["traceroute 10.0.2.2"],
    "http": ["http get http://192.168.1.1/"],
    "lease": ["dhcp start", "dhcp lease"],
    "dns": ["dns ask www.lab"],
    "dns-cache": ["dns ask www.lab", "dns cache"],
    "frames": [*ECHO, "frames"],
    "frames-arp-icmp": ["ping 10.0.2.2 --count 2", "frames"],
    "frame-tcp": [*ECHO, "frame 3"],
    "frame-field": [*ECHO, "frame 3 tcp.options.mss_val"],
    "frame-dropped": ["send syn 192.168.1.1:80", "frame 4"],
    "frame-dns": ["dns ask www.lab", "frame 4"],
    "frame-dhcp": ["dhcp start", "frame 1"],
    "sockets": ["udp socks"],
    "neighbours": ["ping 192.168.1.1 --count 1", "arp table"],
    "routes": ["ip routes"],
    "fragments": ["link drop next ip.flags.mf == 0 in", "ping 192.168.1.1 --size 4000 --count 1", "ip fragments"],
    "links": ["scenario load flaky", "link show"],
    "nat": ["link box nat --timeout 10s --ports 64 --link wan", "tcp connect 10.0.2.2:7", "udp send 10.0.2.2:7 x",
            "link box --link wan"],
    "knobs": ["knob set tcp.sack off", "knob list tcp"],
    "knob": ["knob show tcp.nagle"],
    "counters": [*ECHO, "counters"],
    "drops": ["send syn 192.168.1.1:80", "inject fin from 192.168.1.1:4000 to :80", "drops"],
    "addresses": ["ip addresses"],
    "groups": ["igmp join 239.1.2.3", "igmp groups"],
    "reading": ["tcp connect 192.168.1.1:7", "tcp reading 1 off", "tcp send 1 hello", "tcp read 1"],
    "icmp": ["ping 192.168.1.1 --count 1", "icmp stats"],
    "position": [*ECHO, "back 3"],
    "breakpoints": ["break state ESTABLISHED", "break drop", "break list"],
    "explanation": ["send syn 192.168.1.1:80", "why drop"],
    "stalled": ["tcp connect 192.168.1.1:7", "why conn 1 stalled"],
    "slow": [*TRANSFER, "why conn 1 slow"],
    "stopped": ["tcp connect 192.168.1.1:19 --background", "step until state ESTABLISHED"],
    "fields": ["help filters arp"],
    "timelines": [*ECHO, "timeline list"],
    "inputs": [*ECHO, "timeline log"],
    "comparison": ["link drop next tcp.len > 0", "tcp connect 192.168.1.1:7", "tcp send 1 hello",
                   "compare knob tcp.retransmit=off"],
    "crafted": ["send syn 192.168.1.1:80 sport=4000 seq=1000 options=mss:536,sack"],
    "draft": ['craft as probe IP(dst="192.168.1.1")/TCP(dport=80, flags="S")/"x"'],
    "drafts": ['craft as probe IP(dst="192.168.1.1")/ICMP()', "craft list"],
    "edited": [*ECHO, "edit 3 ip.ttl=1 tcp.seq=1000"],
    "fuzzed": ['fuzz IP(dst="192.168.1.1")/UDP(dport=7) count=20'],
    "plot-cwnd": [*TRANSFER, "plot cwnd 1 --host host"],
    "plot-csv": [*ECHO, "plot seq 1 --csv"],
    "plot-seq": [*TRANSFER, "plot seq 1 --host host"],
    "follow": ["http get http://192.168.1.1/", "follow 1"],
    "follow-wide": ["tcp connect 192.168.1.1:7", f'tcp send 1 "{WIDE}"', "follow 1"],
    "follow-hex": ["tcp connect 192.168.1.1:7", "tcp send 1 hello", "follow 1 --hex"],
    "diagram": ["tcp diagram"],
    "diagram-path": [*ECHO, "tcp diagram 1"],
    "ladder": [*ECHO, "ladder"],
    "conversations": [*ECHO, "conversations"],
    "endpoints": [*ECHO, "endpoints ip"],
    "protocols": [*ECHO, "protocols"],
    "expert": [*ECHO, "expert"],
    "io": [*ECHO, "io --interval 50ms"],
    "ladder-router": ["ping 10.0.2.2 --count 1", "ladder icmp"],
    "attacks": ["attack list"],
    "attack": ["attack show syn-flood"],
    "attack-fails": ["attack land"],
    "scenarios": ["scenario list"],
    "scenario": ["scenario show dialup"],
    "themes": ["theme"],
    "help": ["help"],
    "help-page": ["help link loss"],
    "terms": ["explain"],
    "workers": ["knob set loop.cost 50us", "workers 3", "bench http -n 60 -c 20 --runs 1", "workers show"],
    "workers-idle": ["workers show"],
    "exercises": ["exercise list"],
    "exercise": ["exercise show rto"],
    "capture": ["capture start", "ping 192.168.1.1 --count 1", "capture status"],
}
"""The lines that lead to each view; the result of the last one is drawn."""
MEASURED = Measured(
    "tcp.sack=on", "connections", [34_000.0, 35_500.0, 36_100.0], 35_500.0, 34_000.0, 36_100.0, 2_700, 5_100, 0, 0.94,
    1.02, 0.01, 0.0, 0.05, 0.0, 0)
MADE: dict[str, Any] = {
    "ping-answers": PingAnswers("192.168.1.1", [PingLine(2, 400, 64, 64), PingLine(2, 900, 64, 64, True)], [
        "seq 3: 192.168.1.1 says: fragmentation needed, and not allowed (the path takes packets of 1400 bytes)"]),
    "trace-hops": TraceHops([TraceHop(1, [TraceProbe("192.168.1.1", 800, ""), TraceProbe("", -1, "")]),
                             TraceHop(2, [TraceProbe("10.0.2.2", 20_400, "!H")])]),
    "bench": BenchReport(
        "10,000 connections, 100 at a time, one page each", "TAP", "the kernel, driven by ApacheBench (ab)", "bench",
        [MEASURED, MEASURED], 1.0, ["a note that is long enough to be broken into two lines where there is no room "
                                    "for it in one"],
        "http", "ab", 10_000, 100, 0, 5, 2_500_000, None, False, "the ranges overlap: this shows no clear difference",
        ["tcp.sack=on: 3 failed"], "interrupted: 3 of 5 runs done; the figures are of those"),
    "bench-bulk": BenchReport(
        "4 MB to you", "SIM", "the simulated host: this is the virtual network, in its own time", "trace",
        [Measured("trace mode", "MB", [769.0], 769.0, 769.0, 769.0, 5_200, 5_200, 0, 1.0, None, 0.0, 0.0, 0.0, 22_724.0,
                  0, [1], [5_200])],
        None, [], "up", "host", 1, 1, 4_000_000, 1, 180_000),
    "grades": GradeTable([
        GradeRow("ada.json", "Ada", 12, 25, 60, 2, 1, 63, 4, 3, 95, 95),
        GradeRow(f"{'long' * 10}.json", f"{WIDE} {'x' * 40}", 0, 25, 0, 0, 0, 63, 0, 0, 0, 0, "it was changed by hand",
                 ["frames", "tcp-handshake"]),
    ]),
    "exercise-report": ExerciseReport("rto", "the retransmission time-out", f"/home/{WIDE}/rto.py", [
        ExerciseCheck("the first measurement says all", "ok", "RFC 6298 §2.2"),
        ExerciseCheck("the second is taken in", "wrong", "RFC 6298 §2.3", "after 100 ms and 200 ms: 300 ms, and 362 ms "
                      "is right", "RTTVAR follows from the new SRTT, and not from the one before"),
        ExerciseCheck("Karn's rule", "failed", "RFC 6298 §3", "ZeroDivisionError: division by zero", "", 12,
                      "return self.srtt / self.count"),
        ExerciseCheck("the ceiling", "untried", "RFC 6298 §2.5")], 1, ["srtt is 100000"], "`exercise check FILE`"),
    "exercise-comparison": ExerciseComparison(
        "checksums of frames", 120, 118, "frame 7: 0x51f7, and the stack's is 0xf751", ["the transfer was whole"]),
    "lesson-paths": LessonPaths(["/srv/class/lessons", f"/srv/{'deep/' * 20}lessons"]),
}
"""Results that depend on the wall's clock or on files, made by hand."""


@contextmanager
def sitting(width: int) -> Iterator[AetherShell]:
    """Open a shell whose results repeat exactly."""
    os.environ.update({"COLUMNS": str(width), "LINES": "40"})
    core = Core(simulated(SEED), speed=float("inf"))
    core.start()
    try:
        session = Session(core, Lab("SIM", seed=SEED), "rich", scripted=True)
        yield AetherShell(session, interactive=False, stdout=io.StringIO())
    finally:
        core.stop()


def result_of(name: str, width: int) -> Any:
    """Return the result that a view draws."""
    if name in MADE:
        return MADE[name]
    with sitting(width) as shell:
        for line in SCENES[name]:
            shell.onecmd_plus_hooks(line)
        assert shell.last_result is not None, f"{name}: {SCENES[name][-1]!r} has no result"
        return shell.last_result


def drawn(name: str) -> str:
    """Return a view as its golden file has it."""
    parts = []
    for width in WIDTHS:
        result = result_of(name, width)
        lines = rendered(result, width, 40, crop=False)
        parts.append(f"=== {width} columns, in colour\n" + "\n".join(line.replace("\x1b", "␛") for line in lines))
        parts.append(f"=== {width} columns, without\n" + "\n".join(_plain(line) for line in lines))
    parts.append("=== plain\n" + render.to_plain(result_of(name, 80)))
    return "\n".join(parts) + "\n"


def _plain(line: str) -> str:
    from rich.text import Text

    return Text.from_ansi(line).plain.rstrip()


def names() -> list[str]:
    """Return the names of all golden files."""
    return [*SCENES, *MADE]


def main() -> int:
    """Write every file again."""
    nobody.begin()
    prepare()
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.txt"):
        if old.stem not in names():
            old.unlink()
    for name in names():
        (FOLDER / f"{name}.txt").write_text(drawn(name), encoding="utf-8")
        print(name)
    return 0


def prepare() -> None:
    """Choose the terminal for which everything is drawn."""
    os.environ.pop("NO_COLOR", None)
    os.environ.update({"TERM": "xterm-256color", "COLORTERM": "truecolor", "AETHER_THEME": "dark"})


if __name__ == "__main__":
    sys.exit(main())

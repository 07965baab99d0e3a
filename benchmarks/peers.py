"""Aether beside others, bulk transfers beside their bound, several workers beside one: turn about in one sitting.

    python -m benchmarks.peers [ROUNDS] > docs/benchmarks.md

The client is the kernel, pinned to one core, and the server to another. Those with a TCP of their own have a TAP; those
on the kernel's have a namespace of their own behind veth. Machines change their speed from minute to minute, so
what counts is the ratio of medians of one sitting.
"""

from __future__ import annotations

import datetime
import os
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from aether.apps.http import PAGE
from aether.lab import YOUR_ADDRESS
from benchmarks import bulk, busy, pings, tracing, workers
from benchmarks.connections import SERVERS
from benchmarks.tap_lab import ROOT, TapLab, labs, missing

LOADS = ((100, 10_000), (1, 2_000))
"""How many connections at a time, and how many in all."""
PYTHON = {
    "Linux + epoll in Python": [sys.executable, "-m", "benchmarks.kernel_servers", "epoll"],
    "Linux + asyncio": [sys.executable, "-m", "benchmarks.kernel_servers", "asyncio"],
}
COMPILED, TRACING = "aether-shell, compiled", "aether-shell, trace mode"
WRK_SECONDS = 3
NGINX = """
worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/errors crit; user root;
events {{ worker_connections 4096; }}
http {{
    access_log off; default_type text/html; keepalive_requests 1000000;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{ listen 80 backlog=4096; root {folder}/site; }}
}}
"""
HEAD = """# Benchmarks

Made by `make peers`; `make bench` runs a short form of it. {rounds} rounds, each server in turn in every round, server
and client pinned to different cores; medians, with the lowest and the highest in brackets. Figures of two sittings, or
of two machines, cannot be compared: the shares can.

The servers:

- **The bound** is a responder without TCP: it answers each segment from what is in the segment itself, keeps no
  connections, validates and retransmits nothing (`benchmarks/bound.py`). What it reaches is what Python and the
  kernel's TAP allow.
- **aether-shell** is benchmark mode with one worker and all of TCP switched on (`profile modern`). Compiled, it is the
  same source with three modules made into C by mypyc (`make compiled`); in trace mode, every event is recorded, and all
  that is needed to go back.
- The others are servers on the kernel's own stack, behind veth: nginx with one process and no log, and two in Python.
  The kernel's own threads are where the kernel puts them: the one that takes what Aether sends, too.

The client is the kernel, driven by `benchmarks/load.c` from one core: it opens a connection, asks by HTTP/1.0 for the
page of {page} bytes, reads to the end and closes; {loads} in a round. `bench http` in the shell has the same
request made by ApacheBench, which has more to do for each, so its figures are lower, most of all where the client
is what limits.

Measured by themselves, each beside a limit that it prints: 10,000 connections held (`python -m benchmarks.idle`), ten
runs in a row and a minute without a pause (`benchmarks.sustained`).

{where}

"""


def compiled() -> dict[str, list[str]]:
    """Return the command line of Aether with its hottest modules compiled, if that can be had here."""
    done = subprocess.run([sys.executable, ROOT / "tools/compiled.py"], check=False)
    if done.returncode:
        return {}
    paths = ["env", "PYTHONSAFEPATH=1", f"PYTHONPATH={ROOT / 'build/compiled'}"]
    return {COMPILED: [*paths, *SERVERS["aether-shell"]]}


def where() -> str:
    """Return what all of it was measured on, as a sentence."""
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    said = [
        f"{platform.python_implementation()} {platform.python_version()}", f"Linux {platform.release()}",
        f"{len(os.sched_getaffinity(0))} cores of {found[1].strip() if found else platform.machine()}"]
    for program in ("nginx", "wrk"):
        if shutil.which(program):
            done = subprocess.run([program, "-v"], capture_output=True, text=True, check=False)
            version = re.search(r"(nginx/|wrk )(?:debian/)?([\d.]+\d)", done.stdout + done.stderr)
            said += [f"{program} {version[2]}"] if version else []
    return f"{', '.join(said)}; {datetime.date.today().isoformat()}."


def nginx(folder: Path) -> list[str]:
    """Write a configuration with the same page; return the command line."""
    (folder / "site").mkdir()
    (folder / "site/index.html").write_bytes(PAGE)
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder), encoding="ascii")
    return ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]


def on_the_kernels_stack(folder: Path) -> dict[str, list[str]]:
    """Return the command lines of those servers on the kernel's stack that can be had here."""
    if shutil.which("nginx") is None:
        print("nginx is not installed, and is left out", file=sys.stderr)
        return PYTHON
    return {"Linux + nginx": nginx(folder), **PYTHON}


def connections(servers: dict[str, TapLab], rounds: int) -> dict[int, dict[str, list[float]]]:
    """Return connections a second at each concurrency, round by round; RuntimeError if one failed."""
    rates: dict[int, dict[str, list[float]]] = {}
    for round_ in range(rounds + 1):
        for concurrency, total in LOADS:
            for name, lab in servers.items():
                load = lab.load(concurrency, total)
                if load.failed or load.unfinished:
                    raise RuntimeError(f"{name}: {load.failed} failed, {load.unfinished} unfinished of {total}")
                if round_:
                    rates.setdefault(concurrency, {}).setdefault(name, []).append(load.rate)
    return rates


def requests(servers: dict[str, TapLab], rounds: int) -> dict[str, list[float]]:
    """Return requests a second over 100 connections that are kept (`wrk`), round by round."""
    rates: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name, lab in servers.items():
            said = lab.run("wrk", "-t1", "-c100", f"-d{WRK_SECONDS}s", f"http://{YOUR_ADDRESS}/")
            match = re.search(r"Requests/sec:\s+([\d.]+)", said)
            if match is None or "Socket errors" in said:
                raise RuntimeError(f"{name}: {said}")
            rates.setdefault(name, []).append(float(match[1]))
    return rates


def cell(rates: list[float]) -> str:
    """Return a median with its spread."""
    return f"{statistics.median(rates):,.0f} ({min(rates):,.0f} to {max(rates):,.0f})"


def table(title: str, rates: dict[str, list[float]], measure: str, *, most_first: bool = True) -> str:
    """Return a table in Markdown, sorted, with shares of the first server that was given."""
    names = sorted(rates, key=lambda name: statistics.median(rates[name]), reverse=most_first)
    reference = next(iter(rates))
    whole = statistics.median(rates[reference])
    lines = [f"## {title}", "", f"| server | {measure} | of {reference} |", "|---|---:|---:|"]
    lines += [f"| {name} | {cell(rates[name])} | {statistics.median(rates[name]) / whole:.2f} |" for name in names]
    return "\n".join(lines) + "\n"


def transfers(rates: dict[tuple[str, str, str], list[float]]) -> str:
    """Return the table of bulk transfers (`benchmarks/bulk.py`) in Markdown."""
    lines = [
        "## Bulk transfers (`benchmarks/bulk.py`)", "",
        "One connection at a time; the bound is a sender and taker without TCP (`benchmarks/bulk_bound.py`). Where a",
        "frame holds one segment, the kernel has nearly all of the work, and the two may be hard to tell apart.", "",
        "| transfer | the bound, MB a second | aether, MB a second | of the bound |", "|---|---:|---:|---:|"]
    for how in ("offload", "one by one"):
        for direction, name in (("down", "download"), ("up", "upload")):
            bound, ours = rates["the bound", how, direction], rates["aether", how, direction]
            frames = "up to 64 KB a frame" if how == "offload" else "one segment a frame"
            lines.append(f"| {name}, {frames} | {cell(bound)} | {cell(ours)} | "
                         f"{statistics.median(ours) / statistics.median(bound):.2f} |")
    return "\n".join(lines) + "\n"


def main(rounds: int = 7) -> int:
    """Measure, and print the page; return 1 if something failed."""
    if why := missing():
        print(f"peers: not measured, it {why}", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the namespaces are removed
    ours = {**SERVERS, **compiled(), TRACING: [*tracing.SHELL, "trace"]}
    with tempfile.TemporaryDirectory() as folder, labs(ours, on_the_kernels_stack(Path(folder))) as servers:
        rates = connections(servers, rounds)
        kept = {name: lab for name, lab in servers.items() if name in ("aether-shell", COMPILED, "Linux + nginx")}
        wrk = requests(kept, rounds) if shutil.which("wrk") else {}
    flood = pings.measure(rounds) if shutil.which("ping") else {}
    moved = bulk.measure(rounds, 200)
    shared, bounds = workers.measure(rounds)
    loads = " and ".join(f"{total:,} such connections, {concurrency} at a time" for concurrency, total in LOADS)
    print(HEAD.format(rounds=rounds, page=len(PAGE), loads=loads, where=where()), end="")
    for concurrency, found in rates.items():
        print(table(f"{concurrency} connection{'s' * (concurrency > 1)} at a time", found, "connections a second"))
    if wrk:
        print(table(f"100 connections that are kept (`wrk -c 100`, {WRK_SECONDS} seconds)", wrk, "requests a second"))
    if flood:
        print(table("A flood of pings (`ping -f`)", flood, "round trip, µs", most_first=False))
    print(transfers(moved))
    counts = {f"{count} worker{'s' * (count > 1)}": found for count, found in shared.items()}
    print(table(f"A handler that adds up {busy.WORK:,} numbers for each request (`benchmarks/busy.py`)", counts,
                "requests a second"))
    print(f"Two processes that only compute, each on a core of its own, are {workers.ratio(bounds):.2f} times as fast "
          "as one.")
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))

"""Several workers behind a TAP: one host to its peers, and to the person at the shell."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import socket
import struct
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from aether import queries
from aether.engine.child import ANSWERS_WITHIN, ShardError
from aether.engine.figures import side_by_side
from aether.engine.merge import merged
from aether.link import queues
from aether.link.processor import worker_of_flow
from aether.operations.knobs import KnobSet
from aether.operations.net import AddressAdd, ArpClear, Ping
from aether.operations.services import HttpFile
from aether.operations.tcp import TcpConnect, TcpListen, TcpSend
from aether.wire.address import parse_ip
from aether.world import World
from shell.commands.status import status
from shell.lab.cores import cores
from shell.prompt.app import AetherShell
from shell.prompt.screen import Screen
from shell.session import Lab, Session
from tests.tap.harness import KERNEL, OURS, KernelLab, answered, command, wait_until

WORKERS = 3
PORT = 4000


class Workers:
    """A core with workers, and what they told the person."""

    def __init__(self, lab: KernelLab, count: int = WORKERS) -> None:
        self.lab = lab
        self.told: list[str] = []
        self.core = lab.start(workers=count, tell=self.told.append)
        assert lab.shards is not None and lab.queues is not None
        self.shards, self.queues = lab.shards, lab.queues

    def connect(self, count: int) -> list[socket.socket]:
        """Return so many connections from the kernel."""
        made = []
        with self.lab.inside():
            for _ in range(count):
                made.append(socket.create_connection((OURS, PORT), 5))
        return made

    def numbers(self) -> list[list[int]]:
        """Return the numbers of each worker's connections."""
        return [[row.number for row in rows] for rows in self.shards.ask(queries.connections)]

    def fetch(self, count: int) -> str:
        """Fetch the page so many times, each on a connection of its own; return the codes."""
        urls = " ".join([f"http://{OURS}/"] * count)
        return self.lab.run(
            "sh", "-c", f"for url in {urls}; do curl -s -m 5 -o /dev/null -w '%{{http_code}} ' $url; done").stdout


@contextmanager
def running(count: int = WORKERS) -> Iterator[Workers]:
    with KernelLab() as lab:
        workers = Workers(lab, count)
        processes = [child.process for child in workers.shards.children]
        yield workers
        processes += [child.process for child in workers.shards.children]
    assert all(process.poll() is not None for process in processes)


def worker_of(client: socket.socket, count: int = WORKERS) -> int:
    address, port = client.getsockname()
    return worker_of_flow(parse_ip(address), port, count)


def test_each_connection_is_where_its_flow_belongs() -> None:
    with running() as workers:
        workers.shards.do(TcpListen(port=PORT, app="echo"))
        clients = workers.connect(30)
        wanted = [sum(worker_of(client) == number for client in clients) for number in range(WORKERS)]
        assert min(wanted) > 0
        assert list(map(len, workers.numbers())) == wanted
        rows = merged(workers.shards.ask(queries.connections))
        assert len({row.number for row in rows}) == 30
        some = ", ".join(str(row.number) for row in sorted(rows, key=lambda row: row.number)[:12])
        with pytest.raises(queries.QueryError, match=f"no connection 999 at 'you'. There are: {some}. `tcp conns`"):
            workers.shards.owner(999)
        assert all(number % WORKERS == worker for worker, owned in enumerate(workers.numbers()) for number in owned)
        for client in clients:
            client.sendall(b"from %d" % client.fileno())
        assert [client.recv(100) for client in clients] == [b"from %d" % client.fileno() for client in clients]
        assert [each.connections for each in workers.shards.figures()] == wanted
        for client in clients:
            client.close()
        assert workers.fetch(20).split() == ["200"] * 20


def test_what_has_no_ports_works_and_connections_that_we_open() -> None:
    with running() as workers:
        assert answered(workers.lab.run("ping", "-c", "3", "-i", "0.1", "-w", "20", OURS).stdout) >= 3
        listeners = []
        for port in range(9000, 9006):  # their answers come to every worker's queue
            with workers.lab.inside():
                listeners.append(socket.create_server((KERNEL, port)))
            number = workers.shards.do(TcpConnect(address=KERNEL, port=port))
            state = partial(queries.connection_state, number=number)
            wait_until(lambda state=state: workers.core.ask(state) == "ESTABLISHED", 5)
            workers.shards.do(TcpSend(conn=number, data=b"hello"))
            accepted, _ = listeners[-1].accept()
            assert accepted.recv(10) == b"hello"
            accepted.close()
        for listener in listeners:
            listener.close()


def test_a_ping_leaves_nothing_among_the_drops_of_any_worker() -> None:
    with running() as workers:
        job = workers.shards.do(Ping(address=KERNEL, count=3, interval_us=100_000))
        wait_until(lambda: workers.core.ask(partial(queries.job_done, number=job)), 5)
        report = workers.core.ask(partial(queries.job_report, number=job))
        assert (report.sent, report.received) == (3, 3)
        neighbours = workers.shards.ask(queries.neighbours)
        assert [[row.address for row in rows if row.mac] for rows in neighbours] == [[KERNEL]] * WORKERS, "all learn"
        assert [row.reason for row in merged(workers.shards.ask(queries.drops)) if row.reason.startswith("arp")] == []
        workers.shards.do(ArpClear())
        job = workers.shards.do(Ping(address=KERNEL, count=1))  # asks, and all hear the answer
        wait_until(lambda: workers.core.ask(partial(queries.job_done, number=job)), 5)
        assert workers.fetch(9).split() == ["200"] * 9
        assert [row.reason for row in merged(workers.shards.ask(queries.drops)) if row.reason.startswith("arp")] == []


def test_a_neighbour_is_forgotten_and_found_again_by_all() -> None:
    with running() as workers:
        workers.shards.do(TcpListen(port=PORT, app="echo"))
        clients = workers.connect(9)
        for worker in range(WORKERS):
            workers.shards.at(worker, forget_neighbours)
        for client in clients:
            client.sendall(b"still there?")
            client.settimeout(5)
            assert client.recv(100) == b"still there?"
            client.close()


def forget_neighbours(world: object) -> None:
    for host in world.hosts.values():  # type: ignore[attr-defined]
        host.interfaces[0].neighbours.clear()


def test_what_is_set_is_set_at_all() -> None:
    with running() as workers:
        workers.shards.do(KnobSet(name="tcp.delayed_ack", value="0ms"))
        assert workers.shards.ask(partial(knob, name="tcp_delayed_ack")) == [0] * WORKERS


def knob(world: object, name: str) -> object:
    return getattr(world.hosts["you"].knobs, name)  # type: ignore[attr-defined]


def test_a_worker_that_is_killed_is_replaced_and_its_connections_are_reset() -> None:
    with running() as workers:
        workers.shards.do(TcpListen(port=PORT, app="echo"))
        clients = workers.connect(12)
        victim = workers.shards.children[0]
        wait_until(lambda: victim.figures.connections > 0, 5)
        os.kill(victim.process.pid, 9)
        wait_until(lambda: bool(workers.told), 10)
        assert re.fullmatch(r"worker 1 ended \(killed by signal 9\), and another has taken its place; "
                            r"its (1 connection is|\d+ connections are) reset", workers.told[0])
        for client in clients:
            client.settimeout(5)
            client.sendall(b"still there?")
            if worker_of(client) == 1:
                with pytest.raises(ConnectionResetError):
                    client.recv(100)
            else:
                assert client.recv(100) == b"still there?"
            client.close()
        assert workers.fetch(12).split() == ["200"] * 12
        assert workers.shards.count == WORKERS


def test_packets_with_options_stay_with_their_connection() -> None:
    """RFC 791 §3.1: padding is an option, too; the kernel's part of the steering looks beyond them."""
    with running(2) as workers, workers.lab.inside():
        for _ in range(8):
            with socket.create_connection((OURS, 7), 5) as client:
                for option in (b"", bytes((1, 1, 1, 1))):
                    client.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, option)
                    client.sendall(b"word")
                    assert client.recv(99) == b"word"


def now(world: World) -> tuple[int, int]:
    """Return the time that it is in a world, and by the machine's clock, both in microseconds."""
    return world.now, time.monotonic_ns() // 1000


def test_it_is_the_same_time_at_all() -> None:
    with running() as workers:
        for _ in range(5):
            lags = [clock - here for here, clock in workers.shards.ask(now)]
        assert max(lags) - min(lags) < 300_000  # what a busy machine does between two looks


def test_a_worker_that_takes_nothing_any_more_is_replaced() -> None:
    """Nobody waits for it longer than for an answer; worker 0 goes on meanwhile."""
    with running(2) as workers:
        [child] = workers.shards.children
        os.kill(child.process.pid, signal.SIGSTOP)
        began = time.monotonic()
        with pytest.raises(ShardError, match="takes nothing any more"), ThreadPoolExecutor(1) as pool:
            large = pool.submit(workers.shards.do, HttpFile(path="/x", data=bytes(1 << 20)))
            time.sleep(0.2)
            assert answered(workers.lab.run("ping", "-c", "5", "-i", "0.1", "-w", "20", OURS).stdout) >= 5
            large.result()
        assert time.monotonic() - began < ANSWERS_WITHIN + 3
        wait_until(lambda: bool(workers.told), 10)
        assert "worker 1 ended (killed by signal 9), and another has taken its place" in workers.told[0]
        assert workers.fetch(6).split() == ["200"] * 6


def test_the_device_is_removed() -> None:
    """Worker 0 says so; the others end."""
    with running(2) as workers:
        processes = [child.process for child in workers.shards.children]
        command("ip", "-n", workers.lab.name, "link", "del", "aether0")
        wait_until(lambda: "aether0 is gone: somebody removed it" in workers.core.status().fault, 5)
        wait_until(lambda: processes[0].poll() is not None, 10)
        workers.shards.stop()
        with pytest.raises(ShardError):
            workers.shards.start(2)
        assert workers.shards.count == 1


def test_a_new_period_begins_for_all_at_once() -> None:
    """So that frames and shares of several workers can be compared: also with one that is new."""
    with running(2) as workers:
        assert workers.fetch(30).split() == ["200"] * 30
        rows, _ = side_by_side(workers.shards.figures())
        assert min(row.frames for row in rows) > 20
        workers.shards.count_anew()
        rows, passed = side_by_side(workers.shards.figures())
        assert max(row.frames for row in rows) == 0
        assert passed < 1_000_000
        assert workers.fetch(30).split() == ["200"] * 30
        rows, passed = side_by_side(workers.shards.figures())
        assert min(row.frames for row in rows) > 20
        assert all(0 < row.busy < 1 for row in rows)

        os.kill(workers.shards.children[0].process.pid, 9)
        wait_until(lambda: bool(workers.told), 10)
        wait_until(lambda: workers.shards.children[0].started, 10)
        assert max(row.frames for row in side_by_side(workers.shards.figures())[0]) < 10
        assert workers.fetch(1).split() == ["200"]
        assert side_by_side(workers.shards.figures())[1] < 5_000_000


def test_the_bottom_line_and_status_are_about_all_workers() -> None:
    with running(2) as workers:
        session = Session(workers.core, Lab("TAP", "aether0"), shards=workers.shards)
        workers.shards.do(KnobSet(name="loop.spin", value="0ms"))
        workers.shards.do(KnobSet(name="loop.yield", value="0ms"))
        workers.shards.children[0].call("do", KnobSet(name="loop.spin", value="10s"))  # worker 1 spins, worker 0 sleeps
        workers.shards.count_anew()
        assert workers.fetch(20).split() == ["200"] * 20
        before = sum(each.frames for each in workers.shards.figures())
        time.sleep(1)  # the others have said so
        with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
            screen = Screen(AetherShell(session))
            screen._show_toolbar()
        _, count, frames, shares = screen.app.toolbar
        said = status(session)
        assert (count, said.waits, said.workers) == ("2 workers", "workers", 2)
        assert abs(said.frames - before) < 10
        assert abs(int(frames.removesuffix(" frames").replace(",", "")) - before) < 10
        spin, _, sleep = (int(number) / 100 for number in re.findall(r"(\d+)%", shares))
        assert 0.3 < spin < 0.52 and 0.3 < sleep < 0.52, "half of each: of the two, one spins and one sleeps"
        assert 0.3 < said.spin < 0.52 and 0.3 < said.sleep < 0.52, "and so over the whole period"


def test_workers_that_end_again_and_again_are_not_replaced_for_ever() -> None:
    with running(2) as workers:
        for ended in range(1, 5):
            child = workers.shards.children[0]
            os.kill(child.process.pid, 9)
            wait_until(lambda ended=ended: len(workers.told) == ended, 10)
        assert "worker 0 goes on alone" in workers.told[-1]
        assert workers.shards.count == 1
        assert workers.fetch(6).split() == ["200"] * 6
        workers.shards.start(2)
        assert workers.fetch(6).split() == ["200"] * 6


def test_fewer_and_more_workers_while_connections_are_open() -> None:
    with running() as workers:
        workers.shards.do(TcpListen(port=PORT, app="echo"))
        clients = workers.connect(9)
        kept = [client for client in clients if worker_of(client) == 0]
        workers.shards.start(2)
        clients += workers.connect(4)
        workers.shards.stop()
        for client in kept:
            client.settimeout(5)
            client.sendall(b"still there?")
            assert client.recv(100) == b"still there?"
        workers.shards.start(3)
        for client in kept:  # of another shape now, but worker 0 has them
            client.sendall(b"and now?")
            assert client.recv(100) == b"and now?"
        for client in clients:
            client.close()
        assert workers.fetch(9).split() == ["200"] * 9


def test_a_new_address_is_known_to_all() -> None:
    with running(2) as workers:
        before = [child.process.pid for child in workers.shards.children]
        workers.shards.do(AddressAdd(address="192.168.1.9/24"))
        wait_until(lambda: bool(workers.told), 20)
        assert workers.told == ["addresses or routes have changed: all workers but the first begin anew"]
        wait_until(lambda: [child.process.pid for child in workers.shards.children] not in ([], before), 10)
        wait_until(lambda: workers.shards.children[0].started, 10)
        codes = workers.lab.run("sh", "-c", (
            "for n in 1 2 3 4 5 6; do curl -s -m 5 -o /dev/null -w '%{http_code} ' http://192.168.1.9/; done")).stdout
        assert codes.split() == ["200"] * 6


def test_the_kernels_own_hash_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "SYSTEM_CALL", {})
    with running() as workers:
        assert "kernel's own hash" in workers.queues.note
        assert workers.fetch(20).split() == ["200"] * 20
        assert answered(workers.lab.run("ping", "-c", "3", "-i", "0.1", "-w", "20", OURS).stdout) >= 3


def through(client: socket.socket, data: bytes) -> bytes:
    """Send data to the echo port while reading what comes back; return that."""
    client.settimeout(30)
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(client.sendall, data)
        found = b""
        while len(found) < len(data):
            piece = client.recv(1 << 16)
            if not piece:
                break
            found += piece
        sent.result()
    return found


@pytest.mark.parametrize("offload", ["on", "off"])
def test_many_transfers_at_once_on_two_workers(offload: str) -> None:
    """Both ways at the same time, with frames of several segments and without; and some are reset in the middle."""
    with running(2) as workers:
        workers.shards.do(KnobSet(name="loop.offload", value=offload))
        workers.shards.do(TcpListen(port=PORT, app="echo"))
        clients = workers.connect(10)
        assert len({worker_of(client, 2) for client in clients}) == 2
        streams = [random.Random(number).randbytes(3_000_000) for number in range(10)]
        for client in clients[8:]:
            client.sendall(bytes(100_000))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(through, clients[:8], streams))
        assert [data == stream for data, stream in zip(found, streams[:8], strict=True)] == [True] * 8
        for client in clients[:8]:
            client.close()
        wait_until(lambda: sum(map(len, workers.numbers())) == 0, 10)


@pytest.mark.needs("ab", "wrk")
def test_ab_and_wrk_on_two_workers() -> None:
    with running(2) as workers:
        for more in ([], ["-k"]):
            said = workers.lab.run("ab", "-q", "-n", "4000", "-c", "50", *more, f"http://{OURS}/", timeout=60).stdout
            assert "Complete requests:      4000" in said
            assert "Failed requests:        0" in said
        said = workers.lab.run("wrk", "-t1", "-c50", "-d1s", f"http://{OURS}/", timeout=30).stdout
        assert "Socket errors" not in said and "Non-2xx" not in said
        assert all(each.frames > 1000 for each in workers.shards.figures())


SCRIPT = """\
workers show
mode bench
tcp listen 4000 --app hold
workers show
host -- {client}
tcp conns
status
counters
workers 1
workers show
workers 2
workers show
mode trace
workers show
bench compare trace --load ping -n 20 --runs 1
mode bench
bench http -n 400 -c 20 --runs 1
workers show
bench http -n 40 -c 20 --runs 1
workers show
host -- sleep 1.5
workers show
"""
CLIENT = f"""\
import socket, sys, time
clients = [socket.create_connection(("{OURS}", {PORT}), 5, ("{KERNEL}", port)) for port in range(5000, 5016, 2)]
for client in clients:
    client.send(b"hello")
time.sleep(0.3)
"""


def test_from_the_shell(tmp_path: Path) -> None:
    with KernelLab() as lab:
        (tmp_path / "client.py").write_text(CLIENT)
        script = tmp_path / "script.aes"
        script.write_text(SCRIPT.format(client=f"python3 {tmp_path / 'client.py'}"))
        done = lab.shell("--workers", "2", "--json", str(script), timeout=90)
        assert done.returncode == 0, done.stderr
        said = [json.loads(line) for line in done.stdout.splitlines()]
        first, bench, _, two, client, conns, status, counters, one, alone, again, more, trace, last = said[:14]
        compared, _, _, many, _, few, _, rested = said[14:]
        assert (len(first["rows"]), first["processes"]) == (1, True)
        assert "`mode bench` has 2" in first["hint"]
        assert bench["message"].endswith("2 workers")
        assert client["status"] == 0, client
        assert len(two["rows"]) == 2
        assert {row["number"] % 2 for row in conns["connections"]} <= {0, 1}
        assert status["workers"] == 2
        assert 2 * 15e6 < status["memory"] < 2 * 300e6, "that of both processes"
        received = next(row["count"] for row in counters["counters"] if row["name"] == "tcp.received")
        assert received >= 8 * 3  # a SYN, an ACK and data each, whoever took them
        assert one["message"].startswith("one worker now")
        assert len(alone["rows"]) == 1
        assert again["message"] == "2 workers now"
        assert len(more["rows"]) == 2
        assert "It has one worker" in trace["message"]
        assert len(last["rows"]) == 1
        assert "shares of waiting are worker 0's" in " ".join(compared["notes"])
        assert all(row["frames"] > 200 for row in many["rows"])
        assert sum(row["frames"] for row in few["rows"]) < 40 * 20, "each `bench` begins a new period, at all workers"
        assert few["passed_us"] == rested["passed_us"] < 10_000_000, "which ends with the latest frame"
        assert few["rows"] == rested["rows"]


def test_it_is_said_how_many_of_the_connections_that_are_reset_were_alive(tmp_path: Path) -> None:
    with KernelLab() as lab:
        (tmp_path / "client.py").write_text(LINGERING)
        fetch = f"host -- sh -c 'for n in $(seq 20); do curl -s0 -o /dev/null http://{OURS}/; done'"
        script = tmp_path / "script.aes"
        script.write_text("\n".join([
            f"tcp listen {PORT} --app hold", fetch, "workers 2", f"host -- python3 {tmp_path / 'client.py'}",
            "mode trace", ""]))
        done = lab.shell("--workers", "2", "--mode", "bench", "--json", str(script), timeout=90)
        assert done.returncode == 0, done.stderr + done.stdout
        said = [json.loads(line) for line in done.stdout.splitlines()]
        assert re.fullmatch(
            r"2 workers now; the others had no living connection, and \d+ in TIME-WAIT", said[2]["message"])
        assert said[4]["message"].endswith("; connections of the others are reset: 4 that lived")


def test_counts_that_cannot_be_say_how_many_there_may_be() -> None:
    with KernelLab() as lab:
        lines = ("workers 0", "workers 65", "workers 3", "workers auto", "mode bench")
        done = lab.shell("--workers", "2", "--json", *(word for line in lines for word in ("-c", line)))
        none, many, three = done.stderr.splitlines()
        assert "the number of workers is from 1 to 2, one for each queue of this TAP, or auto, not '0'" in none
        assert "from 1 to 2, " in many
        assert "this TAP has 2 queues" in three and "--workers 3" in three
        auto, bench = [json.loads(line) for line in done.stdout.splitlines()]
        count = min(cores(), 2)
        assert auto["message"].startswith(f"{count} workers in benchmark" if count > 1 else "one worker in benchmark")
        assert "take turns" not in auto["hint"] + bench["hint"]
        crowd = cores() + 1
        said = lab.shell("--workers", str(crowd), "--mode", "bench", "-c", "workers show", timeout=120).stdout
        assert f"{crowd} workers take turns on {cores()} core" in said


LINGERING = CLIENT + """\
import os
if os.fork():
    os._exit(0)
for stream in 0, 1, 2:
    os.close(stream)
time.sleep(5)
"""


def test_connections_of_any_worker_are_at_hand(tmp_path: Path) -> None:
    with KernelLab() as lab:
        (tmp_path / "client.py").write_text(LINGERING)
        one, other = 2, 3  # the first connections of the two workers
        each = "tcp show {0}\ntcp send {0} --wait 50ms hi\ntcp close {0} --wait 200ms\ntcp abort {0}\n"
        script = tmp_path / "script.aes"
        script.write_text(f"tcp listen {PORT} --app hold\nhost -- python3 {tmp_path / 'client.py'}\ntcp conns\n"
                          + each.format(one) + each.format(other) + "tcp conns\n")
        done = lab.shell("--workers", "2", "--mode", "bench", "--json", str(script), timeout=90)
        assert done.returncode == 0, done.stderr + done.stdout
        said = [json.loads(line) for line in done.stdout.splitlines()]
        assert sorted(row["number"] for row in said[2]["connections"]) == [2, 3, 4, 5, 6, 7, 8, 9]
        for number, (show, sent, closed, aborted) in zip((one, other), (said[3:7], said[7:11]), strict=True):
            assert (show["connection"]["number"], show["connection"]["received"]) == (number, 5)
            assert (sent["connection"], sent["length"]) == (number, 2)
            assert closed["state"] == "FIN-WAIT-2"
            assert f"#{number} is aborted" in aborted["message"]
        assert sorted(row["number"] for row in said[11]["connections"]) == [4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize(("arguments", "said"), [
    (("--workers", "0", "-c", "status"), "the number of workers is from 1 to 64, or auto, not '0'"),
    (("--workers", "many", "-c", "status"), "not 'many'"),
    (("-c", "workers 2"), "Start with: sudo aether-shell --workers 2"),
    (("--workers", "2", "-c", "workers 3"), "this TAP has 2 queues"),
])
def test_what_cannot_be(arguments: tuple[str, ...], said: str) -> None:
    with KernelLab() as lab:
        done = lab.shell(*arguments)
        assert done.returncode != 0
        assert said in done.stderr + done.stdout
        assert "Traceback" not in done.stderr


def test_no_process_outlives_the_shell() -> None:
    with KernelLab() as lab:
        shell = lab.spawn("python3", "-c", "pass")
        shell.wait()
        done = lab.shell("--workers", "2", "--mode", "bench", "-c", "workers show --json")
        assert done.returncode == 0, done.stderr
        assert len(json.loads(done.stdout)["rows"]) == 2
        left = [
            pid for pid in map(int, filter(str.isdigit, os.listdir("/proc")))
            if _command(pid)[1:4] == ["-P", "-m", "aether.engine.worker"] and _parent(pid) == 1
        ]
        assert left == []


def _command(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return []


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0

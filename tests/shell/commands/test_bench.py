"""`bench` in the simulation: what it says is what the virtual network did, and everything is put back afterwards."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shell.bench.kernel import ab, read_ab, read_wrk
from shell.bench.load import LoadWish
from shell.language.grammar import CommandError
from tests.shell.conftest import Shell

AB = """
Server Software:
Document Path:          /
Concurrency Level:      100
Time taken for tests:   0.068 seconds
Complete requests:      2500
Failed requests:        3
Non-2xx responses:      2
Total transferred:      1752500 bytes
Requests per second:    36764.71 [#/sec] (mean)

Percentage of the requests served within a certain time (ms)
  50%      3
  66%      3
  99%      5
 100%      6 (longest request)
"""


WRK = """
Running 2s test @ http://192.168.1.2/
  1 threads and 100 connections
  Latency Distribution
     50%    2.72ms
     75%    3.01ms
     99%    1.05s
  24894 requests in 2.01s, 17.05MB read
  Socket errors: connect 0, read 3, write 0, timeout 1
  Non-2xx or 3xx responses: 7
Requests/sec:  12385.07
"""


def measured(shell: Shell, line: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shell.run(f"{line} --json"))
    return found


@pytest.mark.parametrize(("line", "unit", "said"), [
    ("bench http -n 60 -c 5 --runs 3", "connections", "60 connections, 5 at a time, one page each"),
    ("bench http --keepalive -n 90 -c 3 --runs 3", "requests", "90 requests on 3 connections that are kept"),
    ("bench ping -n 20 --runs 3", "pings", "20 echo requests, one after the other"),
    ("bench bulk down --size 1 --runs 3", "MB", "1 MB from you"),
    ("bench bulk up --size 1 --runs 3", "MB", "1 MB to you"),
    ("bench conns 40 --runs 3", "connections", "40 connections, opened 40 at a time and held"),
])
def test_every_load_is_completed_and_counted(shell: Shell, line: str, unit: str, said: str) -> None:
    found = measured(shell, line)
    assert (found["what"], found["lab"]) == (said, "SIM")
    assert "virtual network" in found["client"]
    [one] = found["measured"]
    assert (one["unit"], one["failed"], len(one["rates"])) == (unit, 0, 3)
    assert one["low"] <= one["median"] <= one["high"]
    assert one["low"] > 0
    assert one["occurrences_a_second"] > 0


def test_the_rate_is_that_of_the_virtual_network(shell: Shell) -> None:
    """A page takes two round trips, of 400 µs each, on one connection after the other."""
    shell.run("link delay 10ms")
    slow = measured(shell, "bench http -n 20 -c 1 --runs 1")["measured"][0]
    assert 80_000 > slow["p50_us"] > 40_000
    assert slow["median"] == pytest.approx(1e6 / slow["p50_us"], rel=0.2)


def test_held_connections_are_weighed_and_let_go(shell: Shell) -> None:
    [one] = measured(shell, "bench conns 200 --runs 1")["measured"]
    assert 500 < one["bytes_per_connection"] < 50_000
    shell.run("run 2s")
    assert json.loads(shell.run("tcp conns --json"))["connections"] == []


def test_compare_turns_a_knob_and_turns_it_back(shell: Shell) -> None:
    shell.run("link loss 3%")
    found = measured(shell, "bench compare knob tcp.sack=off --load down --runs 1")
    assert [each["setting"] for each in found["measured"]] == ["tcp.sack=on", "tcp.sack=off"]
    assert found["ratio"] == pytest.approx(found["measured"][0]["median"] / found["measured"][1]["median"])
    assert json.loads(shell.run("knob show tcp.sack --json"))["knob"]["value"] == "on"


def test_compare_a_profile_puts_every_knob_back(shell: Shell) -> None:
    shell.run("knob set tcp.nagle off")
    before = shell.run("knob list --json")
    found = measured(shell, "bench compare profile classic -n 40 --runs 1")
    assert [each["setting"] for each in found["measured"]] == ["as it is", "profile classic"]
    assert shell.run("knob list --json") == before


def test_compare_trace_changes_the_mode_and_back(shell: Shell) -> None:
    found = measured(shell, "bench compare trace -n 40 --runs 2")
    assert [each["setting"] for each in found["measured"]] == ["benchmark mode", "trace mode"]
    assert [len(each["rates"]) for each in found["measured"]] == [2, 2]
    assert json.loads(shell.run("status --json"))["mode"] == "trace"


def test_a_lost_network_has_no_costs_a_frame(shell: Shell) -> None:
    """Nothing was completed, all of it is said to be unfinished, and nothing is divided by no frames."""
    shell.run("link loss 100%")
    found = measured(shell, "bench http -n 10 --runs 1")
    [one] = found["measured"]
    assert (one["completed"], one["failed"], found["ratio"]) == ([0], 10, None)
    assert "trace mode: 10 " in found["problems"][0]
    assert one["calls_per_frame"] is None


def test_what_was_asked_is_told(shell: Shell) -> None:
    found = measured(shell, "bench http -n 60 -c 100 --runs 2")
    told = {name: found[name] for name in ("load", "asked", "concurrency", "size", "runs", "client_key")}
    assert told == {"load": "http", "asked": 60, "concurrency": 60, "size": 0, "runs": 2, "client_key": "host"}
    [one] = found["measured"]
    assert (one["completed"], one["workers"], len(one["elapsed_us"])) == ([60, 60], 1, 2)
    assert found["elapsed_us"] > 0
    assert measured(shell, "bench bulk up --size 1 --runs 1")["size"] == 1_000_000


def test_one_transfer_has_no_percentiles(shell: Shell) -> None:
    shown = shell.run("bench bulk up --size 1 --runs 1")
    assert "1 MB in 0.0" in shown
    assert "99%" not in shown.replace("99% of a core", "")


def test_cores_of_the_host_are_compared(shell: Shell) -> None:
    shell.run("knob set loop.cost 50us")
    found = measured(shell, "bench compare workers 4 -n 200 --runs 3")
    assert [each["workers"] for each in found["measured"]] == [1, 4]
    assert found["clear"] is True
    assert "with 4 workers it is" in found["verdict"]
    assert json.loads(shell.run("knob show loop.workers --json"))["knob"]["value"] == "1"
    shell.run("knob set loop.cost 0us")
    assert "take no time here" in measured(shell, "bench compare workers 4 -n 20 --runs 1")["notes"][0]


def test_progress_is_a_bar_that_grows(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(shell.app.stdout, "isatty", lambda: True)
    shell.session.terminal.progress = shell.app._progress
    shown = shell.try_("bench compare trace -n 10 --runs 2")
    assert [f"{done}/6" in shown for done in range(1, 6)] == [True] * 5
    assert "benchmark mode: run 2 of 2" in shown


def test_one_run_has_no_spread(shell: Shell) -> None:
    assert "median" not in shell.run("bench ping -n 3 --runs 1")
    assert "median of 2" in shell.run("bench ping -n 3 --runs 2")


@pytest.mark.parametrize(("line", "said"), [
    ("bench bulk sideways", "a transfer goes down"), ("bench http -n 0", "a count"),
    ("bench http -n", "-n needs a value"),
    ("bench http --runs 51", "at most 50 runs"), ("bench compare", "trace, knob, profile or workers"),
    ("bench compare spin", "what can be compared is"), ("bench compare knob tcp.nagle", "NAME=VALUE"),
    ("bench compare knob tcp.nagel=off", "no knob 'tcp.nagel'"), ("bench compare knob tcp.nagle=perhaps", "perhaps"),
    ("bench compare profile antique", "no profile 'antique'"), ("bench compare trace now", "takes no 'now'"),
    ("bench compare trace --load storm", "no load 'storm'"),
    ("bench http -n 200000", "in the simulation -n: at most 100,000, not 200,000"),
    ("bench http -n 50000 -c 30000", "in the simulation -c: at most 10,000"),
    ("bench conns 20000", "in the simulation connections: at most 16,384"),
    ("bench http --client ab", "in the simulation the other host is the client"),
    ("bench compare workers", "one worker is compared with more"), ("bench compare workers 1", "with more of them"),
    ("bench compare workers 65", "loop.workers is from 1 to 64"), ("bench bulk up --size 5000", "megabytes"),
])
def test_what_cannot_be_measured_is_said(shell: Shell, line: str, said: str) -> None:
    assert said in shell.fail(line)


def test_nothing_is_measured_while_time_stands_still(shell: Shell) -> None:
    shell.run("pause")
    assert "time stands still" in shell.fail("bench http")


def test_what_apachebench_says_is_read() -> None:
    run = read_ab(AB, 2500)
    assert (run.completed, run.failed, run.elapsed_us, run.p50_us, run.p99_us) == (2495, 5, 68_000, 3000, 5000)
    with pytest.raises(CommandError, match="ApacheBench failed: apr_socket_recv"):
        read_ab("apr_socket_recv: Connection refused (111)\nTotal of 1 requests completed\n", 2500)


def test_what_apachebench_did_not_finish_has_failed() -> None:
    """It prints its results as if they were whole when it is cut off."""
    run = read_ab(AB, 4000)
    assert (run.completed, run.failed, run.unfinished) == (2495, 1505, 1500)


def test_what_wrk_says_is_read() -> None:
    run = read_wrk(WRK)
    assert (run.completed, run.failed, run.bytes) == (24_894 - 7, 7 + 4, round(17.05 * (1 << 20)))
    assert (run.elapsed_us, run.p50_us, run.p99_us) == (2_010_000, 2720, 1_050_000)
    with pytest.raises(CommandError, match="wrk failed: unable to connect"):
        read_wrk("unable to connect to 192.168.1.2:http Connection refused\n")


def test_apachebench_is_asked_for_what_was_asked() -> None:
    words = ab("192.168.1.2", LoadWish("keepalive", 50, 100))
    assert words[-1] == "http://192.168.1.2/"
    assert "-k" in words
    assert "-n 50 -c 50" in " ".join(words)

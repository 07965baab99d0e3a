"""The commands, on a simulated lab, through the shell."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.shell.conftest import Shell


def as_json(shell: Shell, line: str) -> Any:
    return json.loads(shell.run(f"{line} --json"))


def test_ping(shell: Shell) -> None:
    found = as_json(shell, "ping 192.168.1.1 --count 2")
    assert (found["sent"], found["received"], found["outcome"]) == (2, 2, "done")
    assert [reply["sequence"] for reply in found["replies"]] == [1, 2]
    assert found["min_us"] <= found["average_us"] <= found["max_us"]


def test_ping_of_nobody_fails(shell: Shell) -> None:
    assert "192.168.1.77 does not answer" in shell.fail("ping 192.168.1.77 --count 1 --wait 10s")


def test_a_connection_from_the_handshake_to_the_end(shell: Shell) -> None:
    opened = as_json(shell, "tcp connect 192.168.1.1:7")
    assert (opened["connection"], opened["state"], opened["outcome"]) == (1, "ESTABLISHED", "done")
    rows = as_json(shell, "tcp conns")["connections"]
    assert [(row["number"], row["state"], row["remote"]) for row in rows] == [(1, "ESTABLISHED", "192.168.1.1:7")]
    sent = as_json(shell, 'tcp send 1 "hello\\r\\n"')
    assert (sent["length"], sent["answered"], sent["answer"]) == (7, 7, "hello\n")
    detail = as_json(shell, "tcp show 1")
    assert detail["states"] == ["CLOSED", "SYN-SENT", "ESTABLISHED"]
    assert (detail["connection"]["snd_nxt"], detail["connection"]["rcv_nxt"]) == (8, 8)
    far = as_json(shell, "tcp show 1 --host host")
    assert far["connection"]["local"] == "192.168.1.1:7"
    closed = as_json(shell, "tcp close 1")
    assert closed["state"] in ("FIN-WAIT-2", "TIME-WAIT")
    shell.run("run 5min")
    assert as_json(shell, "tcp conns")["connections"] == []
    assert as_json(shell, "tcp conns --host host")["connections"] == []


def test_a_refused_connection(shell: Shell) -> None:
    assert "#1 to 192.168.1.1:81 failed: connection refused" in shell.fail("tcp connect 192.168.1.1:81")


def test_abort(shell: Shell) -> None:
    shell.run("tcp connect 192.168.1.1:80")
    shell.run("tcp abort 1")
    assert as_json(shell, "tcp conns")["connections"] == []


def test_listen_and_let_the_host_connect(shell: Shell) -> None:
    shell.run("tcp listen 4000 --app hold")
    assert "192.168.1.2:4000" in shell.run("host connect 192.168.1.2:4000")
    sent = as_json(shell, "host send 1 'to you'")
    assert sent["length"] == 6
    assert as_json(shell, "tcp conns")["connections"][0]["received"] == 6
    assert "an application is echo" in shell.fail("tcp listen 4001 --app nothing")
    assert "4000" in shell.fail("tcp listen 4000")


def test_udp_send(shell: Shell) -> None:
    assert as_json(shell, "udp send 192.168.1.1:7 'hi'")["answer"] == "hi"
    assert "ICMP port unreachable from 192.168.1.1" in shell.fail("udp send 192.168.1.1:5 x")
    silent = as_json(shell, "udp send --wait 1s 192.168.1.1:9 'hi'")
    assert (silent["outcome"], silent["answered"], silent["hint"]) == ("waiting", 0, "nothing came back")
    assert json.loads(shell.run("udp send --hex --json 192.168.1.1:7 00 ff"))["answer"] == "\\x00\\xff"


def test_arp(shell: Shell) -> None:
    assert as_json(shell, "arp table")["neighbours"] == []
    assert as_json(shell, "arp who 192.168.1.1")["neighbours"][0]["mac"] == "02:00:00:00:00:01"
    assert as_json(shell, "arp clear")["message"] == "1 neighbour forgotten"
    assert "nobody answers for 192.168.1.9" in shell.fail("arp who 192.168.1.9 --wait 10s")


def test_http_get(shell: Shell) -> None:
    found = as_json(shell, "http get http://192.168.1.1/")
    assert found["status"] == 200
    assert "Project Aether" in found["body"]
    assert "http://192.168.1.1:81/" in shell.fail("http get http://192.168.1.1:81/")
    assert as_json(shell, "host http get http://192.168.1.2/")["status"] == 200


def test_a_crafted_syn_is_answered_and_reset_and_explained(shell: Shell) -> None:
    found = as_json(shell, "send syn 192.168.1.1:80")
    assert [(row["direction"], row["flags"]) for row in found["answers"]] == [("out", "S"), ("in", "SA"), ("out", "R")]
    assert "makes no connection" in found["explanation"][0]
    assert "tcp connect 192.168.1.1:80" in found["explanation"][1]
    assert "--no-rst" in found["explanation"][1]


def test_a_crafted_syn_with_no_rst(shell: Shell) -> None:
    found = as_json(shell, "send syn 192.168.1.1:80 --no-rst")
    assert [row["flags"] for row in found["answers"]] == ["S", "SA"]


def test_settings_of_a_crafted_segment(shell: Shell) -> None:
    found = as_json(shell, "send ack 192.168.1.1:80 seq=7 ack=9 window=1 ttl=3 sport=1234 data='x y'")
    detail = as_json(shell, f"frame {found['frame']}")
    fields = {field["name"]: field["text"] for layer in detail["layers"] for field in layer["fields"]}
    assert (fields["tcp.seq"], fields["tcp.seq_raw"]) == ("1 (on the wire 7)", "7"), "counted from the first, as every"
    assert fields["tcp.srcport"] == "1234"
    assert fields["ip.ttl"] == "3"
    assert fields["tcp.payload"] == "x y"


def test_frames_and_one_in_full(shell: Shell) -> None:
    shell.run("ping 192.168.1.1 --count 1")
    rows = as_json(shell, "frames")["frames"]
    assert [(row["number"], row["direction"], row["layer"]) for row in rows] == [
        (1, "out", "arp"), (2, "in", "arp"), (3, "out", "icmp"), (4, "in", "icmp")]
    assert as_json(shell, "frames 1")["earlier"] == 3
    detail = as_json(shell, "frame 4 ip.ttl")
    assert [layer["name"] for layer in detail["layers"]] == ["eth", "ip", "icmp", "data"]
    assert len(detail["data"]) == 2 * detail["row"]["length"]
    seen_by_host = as_json(shell, "frames --host host")["frames"]
    assert [row["direction"] for row in seen_by_host] == ["in", "out", "in", "out"]


def test_every_option_of_a_segment_is_a_field(shell: Shell) -> None:
    shell.run("tcp connect 192.168.1.1:80")
    detail = as_json(shell, "frame 3")
    fields = {field["name"]: field for layer in detail["layers"] for field in layer["fields"]}
    assert fields["tcp.options.mss_val"]["text"] == "1460 bytes"
    assert fields["tcp.options.wscale.shift"]["text"] == "8 (times 256)"
    assert (fields["tcp.options.timestamp"]["offset"], fields["tcp.options.timestamp"]["length"]) == (60, 10)


def test_a_script_inside_the_shell_stops_at_its_first_failure(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("arp table\ntrce\nstatus\n")
    before = shell.app.failures
    printed = shell.try_(f"run_script {tmp_path}/demo")
    assert "no neighbours" in printed
    assert "SIM" not in printed
    assert shell.app.failures > before
    assert "line 2: stopped here" in shell.capfd.readouterr().err


def test_pause_starts_and_step_shows(make_shell: Callable[..., Shell]) -> None:
    shell = make_shell(paused=True)
    started = as_json(shell, "ping 192.168.1.1 --count 1")
    assert (started["outcome"], started["received"]) == ("paused", 0)
    assert "`step` to see it" in started["hint"]
    steps = as_json(shell, "step 4")
    assert [one["number"] for one in steps["occurrences"]] == [2, 3, 4, 5]
    assert "echo reply 1 from 192.168.1.1" in steps["occurrences"][-1]["events"][0]["text"]
    assert as_json(shell, "step")["occurrences"]


def test_a_script_may_pause_too(shell: Shell) -> None:
    shell.run("pause")
    assert as_json(shell, "ping 192.168.1.1")["outcome"] == "paused"
    assert as_json(shell, "run 5s")["running"] is False
    shell.run("run")
    assert as_json(shell, "ping 192.168.1.1")["outcome"] == "done"


def test_step_tells_what_changed(make_shell: Callable[..., Shell]) -> None:
    shell = make_shell(paused=True)
    shell.run("tcp connect 192.168.1.1:81 --background")
    changes = [change for _ in range(4) for change in as_json(shell, "step")["changed"]]
    assert "connections 1 → 0" in changes


def test_run_for_a_time(shell: Shell) -> None:
    found = as_json(shell, "run 5s")
    assert (found["time_us"], found["passed_us"]) == (5_000_000, 5_000_000)


def test_knobs(shell: Shell) -> None:
    assert as_json(shell, "knob show tcp.retransmit")["knob"]["value"] == "on"
    assert as_json(shell, "knob set tcp.retransmit off")["message"] == "tcp.retransmit: on → off"
    assert [row["name"] for row in as_json(shell, "knob diff")["knobs"]] == ["tcp.retransmit"]
    assert as_json(shell, "knob show tcp.retransmit --host host")["knob"]["value"] == "on"
    assert shell.run("knob set icmp.echo off --host all").splitlines()[1] == "icmp.echo at host: on → off"
    shell.run("profile classic")
    assert len(as_json(shell, "knob diff")["knobs"]) > 3
    shell.run("profile modern")
    assert as_json(shell, "knob diff")["knobs"] == []


def test_counters_and_drops(shell: Shell) -> None:
    shell.run("ping 192.168.1.1 --count 1")
    assert {row["name"] for row in as_json(shell, "counters")["counters"]} >= {"ipv4.received"}
    assert as_json(shell, "drops")["drops"] == []
    shell.run("send syn 192.168.1.1:80")
    assert as_json(shell, "drops")["drops"][0]["reason"] == "tcp.no_connection"


def test_benchmark_mode_has_no_events(shell: Shell) -> None:
    shell.run("mode bench")
    assert "mode trace" in shell.fail("frames")
    assert "mode trace" in shell.fail("trace on")
    assert as_json(shell, "ping 192.168.1.1 --count 1")["received"] == 1
    shell.run("mode trace")
    shell.run("ping 192.168.1.1 --count 1")
    assert as_json(shell, "frames")["frames"]


def test_in_the_simulation_status_repeats_exactly(make_shell: Callable[..., Shell]) -> None:
    said = [as_json(make_shell(7), "status") for _ in range(2)]
    assert said[0] == said[1]
    assert (said[0]["memory"], said[0]["offload"]) == (None, "")


def test_status_and_help(shell: Shell) -> None:
    status = as_json(shell, "status")
    assert (status["lab"], status["mode"]) == ("SIM", "trace")
    assert [row["name"] for row in status["hosts"]] == ["you", "host", "remote"]
    groups = as_json(shell, "help")["groups"]
    assert {line["name"] for group in groups for line in group["lines"]} >= {"tcp", "trace", "knob", "quit"}
    assert as_json(shell, "help tcp connect")["usage"][0].startswith("tcp connect ADDRESS")
    assert "tcp connect ADDRESS" in shell.run("tcp connect -h")
    assert "tcp connect ADDRESS" in shell.run("help tcp")


def test_cmd2_noise_is_gone(shell: Shell) -> None:
    for name in ("py", "run_pyscript", "ipy", "set", "shell", "shortcuts"):
        assert f"no command {name!r}" in shell.fail(name)
        assert name not in shell.app.get_visible_commands()


def test_plain_is_linear(shell: Shell) -> None:
    shell.run("tcp connect 192.168.1.1:80")
    lines = shell.run("tcp conns --plain").splitlines()
    assert lines[0].startswith("connection #1 from 192.168.1.2:")
    assert "to 192.168.1.1:80 is ESTABLISHED: 0 bytes sent" in lines[0]
    assert any(line.startswith("http server listens on 0.0.0.0:80: 0 of 1024 places") for line in lines)

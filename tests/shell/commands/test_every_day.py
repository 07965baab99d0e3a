"""What one types every day: names, several commands in a line, short words, moments, and what Ctrl-C ends."""

from __future__ import annotations

import pytest

from aether.engine.backoff import SLEEP, SPIN, Backoff
from shell.commands import tcp
from tests.shell.conftest import Shell
from tests.shell.debugging.test_debugger import Program, program

__all__ = ["program"]


def test_names_where_addresses_are_taken(shell: Shell) -> None:
    assert "1 answered" in shell.run("ping www.lab --count 1")
    assert "#1 ESTABLISHED" in shell.run("tcp connect www.lab:7")
    assert "192.168.1.1" in shell.run("traceroute host.lab --probes 1")
    assert "hello" in shell.run('udp send www.lab:7 "hello"')


def test_a_name_that_there_is_not(shell: Shell) -> None:
    said = shell.fail("ping nosuch.lab")
    assert "nosuch.lab: there is no address of this name. `dns ask nosuch.lab` shows more" in said
    assert "from 0 to 255" in shell.fail("ping 192.168.1.300")


def test_names_are_looked_up_as_time_passes(make_shell) -> None:  # type: ignore[no-untyped-def]
    assert "time stands still" in make_shell(paused=True).fail("ping www.lab")


def test_our_own_address_is_said_to_be_that(shell: Shell) -> None:
    for line in ("ping 192.168.1.2", "tcp connect 192.168.1.2:80", "traceroute 192.168.1.2",
                 "udp send 192.168.1.2:7 x"):
        assert "192.168.1.2 is your own address" in shell.fail(line)
    assert "own address" in shell.fail("ping 192.168.1.1 --host host")


def test_ping_as_everybody_knows_it(shell: Shell) -> None:
    assert "5 sent, 5 answered" in shell.run("ping 192.168.1.1 -c 5 -i 1s -s 100"), "it waits for all of them"


@pytest.mark.parametrize("line", ["ping 192.168.1.77 -c 100", "traceroute 192.168.1.77"])
def test_ctrl_c_ends_what_it_began(program: Program, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    def interrupted(*_: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(program.core, "wait", interrupted)
    assert "Ctrl-C has ended it" in program.run(line)
    monkeypatch.undo()
    assert program.core.ask(lambda world: all(job.done for job in world.hosts["you"].jobs.values()))
    sent = program.core.ask(lambda world: world.frames)
    program.run("run 20s")
    later = program.core.ask(lambda world: world.frames)
    assert later - sent < 5, "at most the questions of ARP that were under way"


def test_several_commands_in_a_line(shell: Shell) -> None:
    said = shell.run("ping 192.168.1.1 -c 1; tcp connect 192.168.1.1:7 ; tcp conns")
    assert said.index("1 answered") < said.index("#1 ESTABLISHED") < said.index("ESTABLISHED  192.168.1.2")
    shell.run('tcp send 1 "a;b"')
    assert "a;b" in shell.run("follow 1")


def test_the_first_that_fails_ends_the_line(shell: Shell) -> None:
    shell.fail("tcp show 9; tcp connect 192.168.1.1:7")
    assert "no connections" in shell.run("tcp conns")


def test_a_semicolon_in_quotes_or_in_data_is_no_end(shell: Shell) -> None:
    shell.run("tcp connect 192.168.1.1:7")
    assert "hello; tcp close 1" in shell.run("tcp send 1 hello; tcp close 1")


@pytest.mark.parametrize(("short", "whole"), [
    ("s", "step"), ("p conn 1 cwnd", "print conn 1 cwnd"), ("n 1", "next 1"), ("stat", "status"),
    ("kn di", "knob diff"),
    ("b state CLOSED", "break state CLOSED"), ("coun", "counters"), ("tcp sho 1", "tcp show 1"),
])
def test_short_words(short: str, whole: str) -> None:
    said = []
    for line in (short, whole):
        program = Program()
        program.run("tcp connect 192.168.1.1:7", "pause")
        said.append(program.run(line))
        assert program.app.failures == 0
        program.core.stop()
    assert said[0] == said[1]


def test_what_may_be_two_words_is_asked_about(shell: Shell) -> None:
    assert "tcp conns, tcp connect" in shell.fail("tcp con")
    assert "no command 'st'" in shell.fail("st")


def test_a_short_word_keeps_the_operators(program: Program, tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """The line is the command's: no file called 0 is written."""
    monkeypatch.chdir(tmp_path)
    assert "breakpoint 1 at tcp.len > 0" in program.run("b tcp.len > 0")
    assert not list(tmp_path.iterdir())


def test_moments_by_time_and_by_frame(program: Program) -> None:
    program.run("ping 192.168.1.1 --count 2")
    there = program.json("goto frame 3")
    assert any("frame 3 sent" in row["text"] for row in there["events"])
    assert program.json("goto 0.5s")["time_us"] <= 500_000
    assert program.json("goto 0.5s")["occurrence"] == program.json("goto 600ms")["occurrence"]
    program.run("live")
    present = program.core.status()
    at = program.json("back 1s")
    assert at["time_us"] <= present.time - 1_000_000 < present.time
    program.run("step")
    assert program.core.status().occurrence == at["occurrence"] + 1
    program.run("live")
    program.err.truncate(0)
    program.run("goto frame 99")


def test_a_condition_on_the_hosts_end(program: Program) -> None:
    program.run("tcp connect 192.168.1.1:9", "break when conn 1 state == LAST-ACK --host host", "tcp close 1")
    host = program.core.ask(lambda world: next(iter(world.hosts["host"].tcp.connections.values())).state)
    assert host == "LAST-ACK" and program.core.status().paused


@pytest.mark.parametrize("word", ["FIN-WAIT-1", '"FIN-WAIT-1"', "'FIN-WAIT-1'"])
def test_words_need_no_quotes(program: Program, word: str) -> None:
    program.run("tcp connect 192.168.1.1:9", f"break when conn 1 state == {word}", "tcp close 1")
    assert program.core.ask(lambda world: next(iter(world.hosts["you"].tcp.connections.values())).state) == "FIN-WAIT-1"


def test_stop_when_something_changes(program: Program) -> None:
    program.run("tcp connect 192.168.1.1:9", "watch conn 1 snd_una", 'tcp send 1 "hello"')
    assert program.core.status().paused
    assert "snd_una = 6" in program.run("print conn 1 snd_una")
    assert program.json("print conn 1 cwnd - in_flight")["message"].endswith("= 14480")


def test_what_cannot_be_watched_is_said(program: Program, capsys: pytest.CaptureFixture[str]) -> None:
    program.run("watch conn 1 nonsense", "print conn 1 nonsense", "watch conn 1 cwnd <", "print cwnd")
    said = capsys.readouterr().err
    assert program.app.failures == 4 and "internal error" not in said
    assert said.count("has no field 'nonsense'") == 2 and "a connection comes first" in said


@pytest.mark.parametrize(("text", "why"), [
    ("state + 1", "is a word"), ("phase * 1000000000", "is a word"), ('"a" * 3 == state', "is a word"),
    ("+".join("1" * 200), "inside each other")])
def test_what_cannot_be_reckoned_stops_nothing(
    program: Program, capsys: pytest.CaptureFixture[str], text: str, why: str,
) -> None:
    program.run("tcp connect 192.168.1.1:9", f"print conn 1 {text}", f"watch conn 1 {text}",
                f"break when conn 1 {text} == 1")
    said = capsys.readouterr().err
    assert program.app.failures == 3 and "internal error" not in said
    assert said.count(why) == 3
    assert "snd_una = 1" in program.run("print conn 1 snd_una")


def test_plain_numbers_are_seconds_everywhere(shell: Shell) -> None:
    assert "→ 2s" in shell.run("knob set tcp.time_wait 2")
    assert "delay 1s" in shell.run("link delay 1")
    shell.run("run 1")


def test_who_is_asked_has_to_be_there(shell: Shell) -> None:
    for line in ("frames", "plot cwnd 1", "tcp conns", "counters", "knob set tcp.nagle off", "drops"):
        assert "no host 'hots' here. Did you mean: host" in shell.fail(f"{line} --host hots")


def test_help_for_what_a_line_is_made_of(shell: Shell) -> None:
    assert "alias create lossy link loss 5%" in shell.run("help alias")
    assert "{1}" in shell.run("help macro")
    assert "#" in shell.run("help run_script")
    shell.run("clear")


def test_an_abort_over_a_dead_link_does_not_claim_to_be_heard(shell: Shell) -> None:
    shell.run("tcp connect 192.168.1.1:7")
    shell.run("run 1s; link down")
    assert "the reset was lost" in shell.run("tcp abort 1")
    assert "ESTABLISHED" in shell.run("tcp conns --host host")


def test_an_abort_that_leaves(shell: Shell) -> None:
    shell.run("tcp connect 192.168.1.1:7")
    assert "a reset was sent" in shell.run("tcp abort 1")


def test_how_much_came_back_is_all_of_it(shell: Shell) -> None:
    shell.run("tcp connect 192.168.1.1:7")
    shell.run(f'tcp send 1 "{"x" * 14_480}" --background')
    shell.run("run 1s")
    before = shell.session.core.world.hosts["you"].tcp
    assert next(iter(before.connections.values())).bytes_received == 14_480
    result = tcp.send(shell.session, 1, "y" * 9000, False, "you", 3_000_000, False)
    assert result.answered == next(iter(before.connections.values())).bytes_received - 14_480


def test_the_trace_comes_back_with_trace_mode(shell: Shell) -> None:
    shell.run("trace on")
    shell.run("mode bench")
    shell.run("mode trace")
    assert shell.session.tracing
    shell.run("trace off")
    shell.run("mode bench")
    shell.run("mode trace")
    assert not shell.session.tracing


def test_the_bottom_line_is_about_the_last_second() -> None:
    """An hour of sleep, then a second of spinning."""
    now = [0]
    waiting = Backoff(lambda: now[0])
    for _ in range(20):
        waiting.spent[SLEEP] += 180_000_000_000
        now[0] += 180_000_000_000
        waiting.lately()
    for _ in range(12):
        waiting.spent[SPIN] += 100_000_000
        now[0] += 100_000_000
        shares = waiting.lately()
    assert shares.spin > 0.99 and waiting.shares().spin < 0.01


@pytest.mark.parametrize("digits", ["\N{SUPERSCRIPT TWO}", "9" * 5000])
@pytest.mark.parametrize("line", [
    "ladder {}", "frames {}", "print conn {} cwnd", "break when conn {} cwnd > 1", "watch conn {} cwnd",
    "drill write conn {}", "lesson start {}", "back {}", "goto {}", "tcp show {}"])
def test_digits_that_are_no_number(shell: Shell, line: str, digits: str) -> None:
    """Some that a person takes for one, and more than any number has: `Shell.fail` refuses an internal error."""
    shell.fail(line.format(digits))


@pytest.mark.parametrize(("line", "wanted"), [
    ("frames tcp --last 5", "frames has no option '--last'"), ("break tcp.flags.syn == 1 --once", "no option '--once'"),
    ("knob show tcp", "`knob list tcp.` shows those that begin so"), ("break delete all", "there are no breakpoints"),
])
def test_what_is_nearly_right_is_answered_with_what_is(shell: Shell, line: str, wanted: str) -> None:
    assert wanted in shell.fail(line)


def test_what_looks_like_an_option_may_stand_in_quotes(shell: Shell) -> None:
    shell.run("ping 192.168.1.1 -c 1")
    assert "none of the" in shell.run('frames frame contains "a --last 5"')


def test_all_breakpoints_at_once(program: Program) -> None:
    program.run("break drop", "break conn 1", "break disable all")
    assert [row["enabled"] for row in program.json("break list")["breakpoints"]] == [False, False]
    assert program.json("break enable all")["message"] == "breakpoints 1, 2 are on"
    assert program.json("break delete all")["message"] == "breakpoints 1, 2 are gone"
    assert program.json("break list")["breakpoints"] == []


def test_several_pings_that_are_crafted_are_counted(shell: Shell) -> None:
    shell.run("send ping 192.168.1.1 count=3")
    assert "seq=3" in shell.run("frames icmp.type == 0 and icmp.seq == 3")
    shell.run("send ping 192.168.1.1 count=3 seq=9")
    assert shell.run("frames icmp.type == 8 and icmp.seq == 9").count("seq=9") == 3

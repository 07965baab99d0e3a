"""What somebody meets who types what comes to mind: answers that are true, at once, and say what to do next."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from shell.language.registry import ELSEWHERE, find
from shell.language.shortened import SHORT
from shell.results.ping import PingAnswers, PingReport
from shell.results.traceroute import TraceHops, TraceReport
from tests.shell.conftest import Shell
from tests.shell.terminal.test_prompt import typing


@pytest.fixture
def watched(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, int, str]]:
    """Let the shell believe in a terminal; return what it shows, when in world time, and how."""
    shown: list[tuple[Any, int, str]] = []
    show = shell.app.show

    def noted(result: Any, mode: str) -> None:
        shown.append((result, shell.session.core.world.now, mode))  # type: ignore[attr-defined]
        show(result, mode)

    monkeypatch.setattr(shell.app, "_is_screen", lambda: True)
    monkeypatch.setattr(shell.app, "show", noted)
    return shown


def test_replies_to_a_ping_are_shown_as_they_come(shell: Shell, watched: list[tuple[Any, int, str]]) -> None:
    printed = shell.run("ping 192.168.1.1 -c 3")
    pieces = [(result, now) for result, now, _ in watched if isinstance(result, PingAnswers)]
    assert [now // 1_000_000 for _, now in pieces] == [0, 1, 2]
    assert all(len(result.replies) == 1 for result, _ in pieces)
    assert [printed.count(f"seq {number}") for number in (1, 2, 3)] == [1, 1, 1], "and once"
    assert "3 sent, 3 answered" in printed


def test_a_ping_that_nobody_watches_is_one_document(shell: Shell, watched: list[tuple[Any, int, str]]) -> None:
    found = json.loads(shell.run("ping 192.168.1.1 -c 3 --json"))
    assert len(found["replies"]) == 3
    assert [type(result) for result, _, _ in watched] == [PingReport]


def test_a_ping_in_a_file_is_whole(shell: Shell, watched: list[tuple[Any, int, str]], tmp_path: Path) -> None:
    shell.run(f"ping 192.168.1.1 -c 3 > {tmp_path / 'out.txt'}")
    assert (tmp_path / "out.txt").read_text().count("seq ") == 3
    assert not any(isinstance(result, PingAnswers) for result, _, _ in watched)


def test_errors_of_a_ping_are_shown_as_they_come_and_named_at_the_end(
    shell: Shell, watched: list[tuple[Any, int, str]]
) -> None:
    said = shell.fail("ping 10.0.2.2 --size 1472 --df -c 2")
    assert [now // 1_000_000 for result, now, _ in watched if isinstance(result, PingAnswers)] == [0, 1]
    assert "no answer from 10.0.2.2: 192.168.1.1 says: fragmentation needed" in said and "1400 bytes" in said
    assert "does not answer" not in said


def test_who_is_silent_does_not_answer(shell: Shell) -> None:
    shell.run("link down")
    assert "192.168.1.1 does not answer" in shell.fail("ping 192.168.1.1 -c 1")


def test_hops_are_shown_as_they_are_known(shell: Shell, watched: list[tuple[Any, int, str]]) -> None:
    printed = shell.run("traceroute 10.0.2.2 --probes 1")
    hops = [hop.ttl for result, _, _ in watched if isinstance(result, TraceHops) for hop in result.hops]
    assert hops == [1, 2]
    assert isinstance(watched[-1][0], TraceReport)
    assert printed.count("192.168.1.1") == 1 and printed.count("10.0.2.2") == 1


def test_slow_blames_the_application_where_all_it_gave_is_on_its_way(shell: Shell) -> None:
    shell.run("tcp connect 192.168.1.1:7")
    shell.run("link delay 100ms")
    shell.run('tcp send 1 "a" --wait 10ms')
    shell.run("run 90ms")
    said = shell.run("why conn 1 slow")
    assert "is limited by the application: all it has given is on its way" in said
    assert "the path" not in said


def test_slow_names_what_was_sent_again(shell: Shell) -> None:
    shell.run("tcp connect 192.168.1.1:7")
    shell.run("link drop next tcp.len > 0 --count 2")
    shell.run('tcp send 1 "a" --wait 2s')
    said = shell.run("why conn 1 slow")
    assert "is limited by retransmissions: no acknowledgement came in time" in said
    assert "`why retransmit` tells whether it was lost" in said


@pytest.mark.parametrize(("lose", "line", "named"), [
    ("tcp.flags.fin == 1", "tcp close 1", "sends its FIN again"),
    ("tcp.len > 0", 'tcp send 1 "x"', "sends 1 byte again"),
])
def test_the_ladder_names_what_is_sent_again(shell: Shell, lose: str, line: str, named: str) -> None:
    shell.run("tcp connect 192.168.1.1:7")
    shell.run(f"link drop next {lose}")
    shell.run(line)
    shell.run("run 1s")
    assert [text for text in ("sends its FIN again", "sends 1 byte again") if text in shell.run("ladder 1")] == [named]


def test_the_ladder_names_a_syn_that_is_sent_again(shell: Shell) -> None:
    shell.run("link drop next tcp.flags.syn == 1")
    shell.run("tcp connect 192.168.1.1:7")
    printed = shell.run("ladder 1")
    assert "sends its SYN again" in printed and "1 byte" not in printed


def test_commands_after_an_expression(shell: Shell) -> None:
    shell.run("ping 192.168.1.1 -c 1")
    both = shell.run("frames 1; frames icmp")
    assert both == shell.run("frames 1") + shell.run("frames icmp")
    assert "who has" in shell.run('frames frame contains ";" or arp')


def test_breakpoints_in_one_line(engine_shell: Shell) -> None:
    engine_shell.run("break state ESTABLISHED; tbreak drop; break when conn 1 cwnd < 2*mss; tcp connect 192.168.1.1:7")
    assert len(json.loads(engine_shell.run("break list --json"))["breakpoints"]) == 3
    assert "ESTABLISHED" in engine_shell.run("tcp show 1")


@pytest.mark.parametrize("line", ["frames > {}", "status > {}", "frames icmp > {}", "status >> {}"])
def test_a_file_that_cannot_be_written_is_named(shell: Shell, line: str) -> None:
    assert "cannot write to /nonexistent/x: No such file or directory" in shell.fail(line.format("/nonexistent/x"))


def test_a_file_whose_name_has_a_space(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shell.run("ping 192.168.1.1 -c 1")
    shell.run('frames > "a b"')
    assert len(Path("a b").read_text().splitlines()) == 4


def test_after_a_command_its_help(monkeypatch: pytest.MonkeyPatch) -> None:
    with typing() as shell:
        shell.app.at_keys = False  # nobody turns pages
        text = [""]
        monkeypatch.setattr(type(shell.app.main_session.app), "current_buffer", property(
            lambda app: type("Buffer", (), {"text": text[0]})))
        for text[0], line in (
            ("tcp show ", "help tcp show"), ("tcp", "help tcp"), ("", "help"), ("tcp sho 1", "help tcp show"),
            ("nonsense ", "help"), ("frames tcp.len > 0", "help frames"), ("s ", "help step"),
        ):
            assert shell.screen._help() == line
            shell.app.onecmd_plus_hooks(line)
        assert shell.app.failures == 0


@pytest.mark.parametrize("word", SHORT)
def test_help_knows_gdbs_short_names(shell: Shell, word: str) -> None:
    assert f"`{word}` is short for `{SHORT[word]}`" in shell.run(f"help {word}")


def test_help_and_the_prompt_offer_what_begins_so(shell: Shell) -> None:
    assert "timeline switch" in shell.run("help ti")
    for line in ("help t", "t"):
        assert "Did you mean: tcp, traceroute, trace" in shell.fail(line)


def test_words_from_elsewhere_are_answered_with_what_does_it_here(shell: Shell) -> None:
    assert "`status` shows the world's time" in shell.fail("time")
    for word, said in ELSEWHERE.items():
        assert said in shell.fail(word)
        for line in re.findall("`([^`]+)`", said):
            assert find(line.split()), line


CRAFTED = re.findall(r"^    (craft .*)$", Path("docs/craft.md").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("line", CRAFTED)
def test_no_example_of_crafting_is_malformed(shell: Shell, line: str) -> None:
    assert "malformed" not in shell.run(line)


def test_there_are_examples_of_crafting() -> None:
    assert len(CRAFTED) >= 2


def test_what_led_to_an_error_is_shown_before_it() -> None:
    with typing() as shell:
        order: list[str] = []
        show, fail = shell.app.show_trace, shell.app.fail

        def traced(portion: Any) -> None:
            order.append("frames")
            show(portion)

        def failed(message: str) -> None:
            order.append("error")
            fail(message)

        shell.app.show_trace, shell.app.fail = traced, failed  # type: ignore[method-assign]
        shell.app.onecmd_plus_hooks("trace on")
        shell.app.onecmd_plus_hooks("tcp connect 192.168.1.1:9999")
        assert "error" in order
        assert "frames" not in order[order.index("error"):]


def test_how_a_recording_ends(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = shell.fail("record stop")
    assert "there is nothing to stop" in said and "`capture stop`" in said
    assert list(tmp_path.iterdir()) == []


def test_a_script_gives_the_lab_back(engine_shell: Shell) -> None:
    engine_shell.run("tcp connect 192.168.1.1:7")
    engine_shell.run("link delay 20ms")
    before = engine_shell.session.ask(lambda world: world.state_hash())
    assert "`drill quit` gives your own lab back" in engine_shell.run("drill step tests/drill/closing/passive.pkt")
    engine_shell.run("drill step 3")
    engine_shell.run("drill step tests/drill/closing/passive.pkt")
    engine_shell.run("drill step --to end")
    assert "your own lab is back" in engine_shell.run("drill quit")
    assert engine_shell.session.ask(lambda world: world.state_hash()) == before
    assert "192.168.1.1:7" in engine_shell.run("tcp conns")
    assert "the host is 192.168.1.1" in engine_shell.run("status")
    engine_shell.run("run 1s")
    engine_shell.run("back 3")
    assert "no script has taken the place" in engine_shell.fail("drill quit")
    assert "Begin with: drill step FILE" in engine_shell.fail("drill step")


def test_a_plot_of_one_value_is_a_line_of_text(shell: Shell) -> None:
    shell.run("tcp connect 192.168.1.1:7")
    printed = shell.run("plot cwnd 1")
    assert "cwnd: 14,480 bytes" in printed and "has not changed yet" in printed and "┤" not in printed
    assert "1 points" not in printed


@pytest.mark.parametrize("rows", [24, 30, 50])
def test_a_plot_leaves_room_for_what_was_typed_and_the_prompt(
    shell: Shell, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINES", str(rows))
    for line in ("tcp connect 192.168.1.1:7", "link delay 20ms", "link drop next tcp.len > 0", "tcp send 1 x",
                 "run 100ms"):
        shell.run(line)
    assert len(shell.run("plot limits 1").splitlines()) + 3 <= rows


def test_a_link_that_is_down_says_what_that_means(shell: Shell) -> None:
    printed = shell.run("link down")
    assert "down: lets nothing through" in printed and "down on" not in printed
    assert "down: lets nothing through" in shell.run("link show --plain")


@pytest.mark.parametrize(("condition", "why"), [
    ("state < 3", "never equal"), ("state == 3", "never equal"), ("state < LISTEN", "have no order"),
    ("3 < state", "never equal"), ("phase >= open and cwnd < 1", "have no order"), ("cwnd == state", "never equal"),
])
def test_words_have_no_order(engine_shell: Shell, condition: str, why: str) -> None:
    for command in ("break when", "print", "watch"):
        said = engine_shell.fail(f"{command} conn 1 {condition}")
        assert why in said, command


def test_a_time_before_the_beginning_is_not_the_present(engine_shell: Shell) -> None:
    engine_shell.run("tcp connect 192.168.1.1:7")
    assert "the world began 800 µs ago" in engine_shell.fail("back 1s")
    engine_shell.run("run 5s")
    assert "nothing has happened in the last 1 s: ev 7 is still the latest" in engine_shell.fail("back 1s")
    assert "PAST" in engine_shell.run("back 5s")

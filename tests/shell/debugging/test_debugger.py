"""The debugger through the shell: break, step until, back, fork, compare, why, record and replay."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aether.engine.core import Core
from aether.filters import all_fields
from aether.lab import simulated
from shell.prompt.app import AetherShell
from shell.session import Lab, Session


class Program:
    """A shell over a real core, in which time passes only while a command waits."""

    def __init__(self, seed: int = 1) -> None:
        self.out, self.err = io.StringIO(), io.StringIO()
        self.core = Core(simulated(seed), speed=math.inf)
        self.core.start()
        self.session = Session(self.core, Lab("SIM", seed=seed), "plain", scripted=True)
        self.app = AetherShell(self.session, interactive=False, stdout=self.out)

    def run(self, *lines: str) -> str:
        """Run lines, and return what they printed."""
        self.out.truncate(0)
        self.out.seek(0)
        for line in lines:
            self.app.onecmd_plus_hooks(line)
        return self.out.getvalue()

    def json(self, line: str) -> Any:
        """Run one line, and return its result."""
        return json.loads(self.run(f"{line} --json").splitlines()[0])

    def hash(self) -> str:
        """Return the hash of the state that is shown."""
        return self.core.ask(lambda world: world.state_hash())


@pytest.fixture
def program(capsys: pytest.CaptureFixture[str]) -> Iterator[Program]:
    one = Program()
    yield one
    one.core.stop()


def test_a_breakpoint_stops_before_the_next_occurrence(program: Program) -> None:
    """It stops at the end of the occurrence that hits it."""
    said = program.run("break state ESTABLISHED", "tcp connect 192.168.1.1:7")
    assert "stopped at breakpoint 1: state ESTABLISHED" in said
    conn = program.json("tcp show 1")["connection"]
    assert conn["state"] == "ESTABLISHED"
    peer = program.core.ask(lambda world: [c.state for c in world.hosts["host"].tcp.connections.values()])
    assert peer == ["SYN-RECEIVED"], "our ACK is on its way: the other host's reaction is the next occurrence"


@pytest.mark.parametrize(("line", "what"), [
    ("break drop", "drop"), ("break timer rto", "timer rto"), ("break conn 1", "conn 1"),
    ("break tcp.flags.syn == 1 and tcp.flags.ack == 1", "tcp.flags.syn == 1 and tcp.flags.ack == 1"),
    ("tbreak event == \"frame.lost\"", 'event == "frame.lost"'),
    ("break when conn 1 rcv_nxt > 0", "when conn 1 rcv_nxt > 0"),
])
def test_every_kind_of_breakpoint(program: Program, line: str, what: str) -> None:
    """Each stops time, once it happens."""
    said = program.run(
        "ping 192.168.1.1 --count 1", "link drop next 1 out", line, "tcp connect 192.168.1.1:7 --wait 5s",
        "link duplicate 100% out", 'tcp send 1 "twice"', "run 1s")
    assert f"stopped at breakpoint 1: {what}" in said


def test_what_stays_true_stops_once(program: Program) -> None:
    """A condition is waited for: it stops time when it becomes true, and again only after it was false."""
    said = program.run("break when conn 1 rcv_nxt > 0", "tcp connect 192.168.1.1:7 --wait 5s", "run 1s",
                       'tcp send 1 "x"', "run 1s")
    assert said.count("stopped at breakpoint 1") == 1


def test_breakpoints_are_managed(program: Program) -> None:
    """List, ignore, disable, enable, commands, delete."""
    program.run("break conn 1", "break ignore 1 2", "break commands 1 status; drops", "tcp connect 192.168.1.1:7")
    [row] = program.json("break list")["breakpoints"]
    assert (row["hits"], row["ignore"], row["commands"]) == (3, 0, ["status", "drops"])
    program.run("break disable 1")
    assert "stopped" not in program.run("run 1s")
    program.run("break enable 1", "break delete 1")
    assert program.json("break list")["breakpoints"] == []
    assert program.app.failures == 0


@pytest.mark.parametrize(("line", "message"), [
    ("break tcp.prot == 80", "tcp.port"), ("break when conn 1 wnd < 2", "a connection has no field 'wnd'"),
    ("break when cwnd < 2", "a connection comes first"), ("break when conn 1 cwnd", "compares nothing"),
    ("break when conn 1 __import__('os') == 1", "only fields, numbers"),
    ("break when conn 1 cwnd.real < 1", "only fields"), ("break when conn 1 cwnd < 9**9**9", "only fields"),
    ("break delete 7", "no breakpoint 7"), ("goto 99", "from 0 to"),
    ("back", "history starts at ev 0"), ("why", "nothing interesting"), ("why 5", "no frame 5"),
    ("why conn 9 stalled", "no connection #9"), ("step until nonsense.field", "nonsense.field"),
    ("fork", "Go there first"), ("next 9", "no connection #9"), ("finish 9", "no connection #9"),
    ("compare main other", "no timeline 'other'"), ("timeline switch other", "no timeline 'other'"),
    ("compare knob tcp.retransmit", "say which knob"), ("replay /nowhere", "cannot read"), ("speed 0", "speed is from"),
])
def test_what_makes_no_sense(program: Program, line: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A clear message, and nothing is executed."""
    program.run(line)
    assert program.app.failures == 1
    assert message in capsys.readouterr().err


def test_step_until_next_and_finish(program: Program) -> None:
    """Each stops at the end of the occurrence that it looks for, and says what changed."""
    program.run("pause", "tcp connect 192.168.1.1:7")
    found = program.json("step until state ESTABLISHED")
    assert found["reason"] == "found"
    assert any("SYN-SENT → ESTABLISHED" in change for change in found["changes"]), found
    assert "#1" in program.run("next 1")
    program.run("tcp close 1")
    program.run("finish 1")
    assert [row["state"] for row in program.json("tcp conns")["connections"]] == ["TIME-WAIT"]
    program.run("finish 1")
    assert program.json("tcp conns")["connections"] == []
    nothing = program.json("step until tcp.port == 9999")
    assert nothing["reason"] == "nothing"


def test_back_and_forward_again(program: Program) -> None:
    """The hash at a position does not depend on how one got there."""
    program.run("http get http://192.168.1.1/")
    hashes = {}
    last = program.core.status().occurrence
    for position in range(last, 0, -1):
        program.run(f"goto {position}")
        hashes[position] = program.hash()
    program.run("goto 1")
    for position in range(2, last):
        program.run("step")
        assert program.hash() == hashes[position]
    program.run("live")
    assert program.hash() == hashes[last]
    assert "can be changed" not in program.run("goto 3")
    program.run("tcp connect 192.168.1.1:7")
    assert program.app.failures == 1, "nothing can be changed in the past"


def test_back_until(program: Program) -> None:
    """Reverse-continue."""
    program.run("http get http://192.168.1.1/")
    program.run("back until state SYN-SENT")
    assert program.json("tcp conns")["connections"][0]["state"] == "SYN-SENT"


def test_back_until_goes_beyond_what_is_kept(program: Program) -> None:
    """The whole run is looked through once more when the events that are kept do not have it."""
    program.core.ring.__init__(256)  # type: ignore[misc]
    program.run("tcp connect 192.168.1.1:7", "link loss 20%", 'tcp send 1 "' + "x" * 40_000 + '"', "run 60s")
    assert program.core.ring.lost > 0
    program.run("back until state ESTABLISHED")
    assert program.core.status().occurrence == 8, "the other end is established when our ACK arrives"
    program.run("live", "back until tcp.seq == 1 and tcp.len > 0")
    assert program.app.failures == 0
    program.run("live", "back until tcp.port == 9999")
    assert program.app.failures == 1


def test_forward_again_in_the_past(program: Program) -> None:
    """What steps in the present steps in the past too, up to the present and no farther."""
    program.run("http get http://192.168.1.1/")
    last = program.core.status().occurrence
    program.run("goto 1")
    found = program.json("step until state ESTABLISHED")
    assert (found["reason"], found["occurrence"]) == ("found", 5)
    assert program.json("next 1")["occurrence"] == 6
    nothing = program.json("step until tcp.port == 9999")
    assert (nothing["reason"], nothing["occurrence"]) == ("present", last)
    assert not program.core.status().past


def test_a_breakpoint_ends_step_until(program: Program) -> None:
    """And that is what it says."""
    program.run("pause", "tcp connect 192.168.1.1:7", "break state ESTABLISHED")
    found = program.json("step until tcp.port == 9999")
    assert (found["reason"], found["breakpoints"]) == ("breakpoint", [1])


def test_json_stays_json_at_a_breakpoint(program: Program) -> None:
    """One document a line: the answer, and then where time stopped."""
    program.run("break state ESTABLISHED")
    answer, stop = map(json.loads, program.run("tcp connect 192.168.1.1:7 --json").splitlines())
    assert answer["state"] == "ESTABLISHED"
    assert stop == {"breakpoint": 1, "at": "state ESTABLISHED"}


def test_a_step_tells_what_changed(program: Program) -> None:
    """Fields of connections, and counts."""
    program.run("pause", "tcp connect 192.168.1.1:7")
    changed = program.json("step 4")["changed"]
    assert "#1 state SYN-SENT → ESTABLISHED" in changed
    assert any(change.startswith("#1 snd_una 0 → 1") for change in changed)


def test_a_fork_goes_its_own_way(program: Program) -> None:
    """Both timelines are kept, and can be compared."""
    program.run("link drop next 1 out", "http get http://192.168.1.1/ --wait 1500ms")
    program.run("goto 2", "fork patient", "knob set tcp.rto_initial 5s", "run 4s")
    rows = {row["name"]: row for row in program.json("timeline list")["timelines"]}
    assert rows["patient"]["current"]
    assert rows["patient"]["parent"] == "main"
    program.run("timeline switch main", "run 4s")
    compared = program.json("compare main patient")
    assert compared["left"]["name"] == "main"
    assert len(program.json("timeline log")["inputs"]) == 2


def test_compare_a_knob(program: Program) -> None:
    """Same seed, one knob changed, two outcomes, in one line."""
    program.run("ping 192.168.1.1 --count 1", "tcp connect 192.168.1.1:7", "link drop next 1 out",
                'tcp send 1 "hello"', "run 5s")
    compared = program.json("compare knob tcp.retransmit=off")
    assert compared["left"]["delivered"] == 10
    assert compared["right"]["delivered"] == 0
    assert compared["left"]["retransmitted"] > compared["right"]["retransmitted"] == 0
    assert "then they part" in compared["verdict"]


def test_record_and_replay(program: Program, tmp_path: Path) -> None:
    """Exact to the state hash, in another program."""
    file = tmp_path / "run.aether"
    program.run("link loss 5%", "http get http://192.168.1.1/", f"record {file}")
    wanted, at = program.hash(), program.core.status().occurrence
    other = Program(seed=99)
    try:
        assert "repeated exactly" in other.run(f"replay {file}")
        assert (other.hash(), other.core.status().occurrence) == (wanted, at)
        assert "past, ev 1 of" in other.run("goto 1")
        other.run("live", "frames", "why")
        assert other.app.failures == 0
        assert (other.session.lab.seed, other.session.lab.replayed) == (1, True)
        file.write_text(file.read_text().replace("loss", "lost"))
        other.run(f"replay {file}")
        assert other.app.failures == 1
    finally:
        other.core.stop()


@pytest.mark.parametrize(("old", "new", "message"), [
    ('"loss"', '"lost"', "another state"), ('"seed": 1', '"seed": "x"', "line 1: no lab"),
    ('"lab": "sim', '"lab": "dim', "line 1: no lab"), ("aether-log", "pcap", "not a recording"),
    ('"end"', '"and"', "line 4"), ('"us": 0', '"us": "soon"', "line 2"),
    ('"hash": "', '"hash": "0', "another state than the recording"), ("http get", "http got", ""),
])
def test_a_damaged_recording_changes_nothing(
    program: Program, tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, message: str,
) -> None:
    """What is wrong is said, and the run that was under way is still there."""
    file = tmp_path / "run.aether"
    program.run("link loss 5%", "http get http://192.168.1.1/", f"record {file}")
    before = program.hash(), len(program.core.events())
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(old, new), encoding="utf-8")
    program.run(f"replay {file}")
    assert program.app.failures == (old in text)
    assert message in capsys.readouterr().err
    if program.app.failures:
        assert (program.hash(), len(program.core.events())) == before
        assert program.core.status().fault == ""


@pytest.mark.parametrize(("old", "new", "by"), [
    ('"build": "', '"build": "0.0.', "since 0.0."), ('"build": "', '"built": "', "since an earlier version"),
])
def test_a_recording_of_another_build_is_carried_out(
    program: Program, tmp_path: Path, old: str, new: str, by: str,
) -> None:
    """Its end may differ: that is said, and the run can be looked at. From this very build it is a changed file."""
    file = tmp_path / "run.aether"
    program.run("link loss 5%", "http get http://192.168.1.1/", f"record {file}")
    frames = program.run("frames")
    text = file.read_text(encoding="utf-8").replace('"hash": "', '"hash": "0')
    file.write_text(text, encoding="utf-8")
    program.run(f"replay {file}")
    assert program.app.failures == 1
    file.write_text(text.replace(old, new), encoding="utf-8")
    other = Program(seed=99)
    try:
        said = " ".join(other.run(f"replay {file}").split())
        assert "repeated exactly" not in said and "ends in another state" in said and by in said
        assert other.run("frames") == frames
    finally:
        other.core.stop()


def test_every_field_is_listed(program: Program) -> None:
    """`help filters` knows what the language knows; the beginning of a name chooses."""
    listed = [field["name"] for group in program.json("help filters")["groups"] for field in group["fields"]]
    assert set(listed) == set(all_fields())
    [flags] = program.json("help filters tcp.flags")["groups"]
    assert all(field["name"].startswith("tcp.flags") for field in flags["fields"])
    assert "tcp.flags.syn" in program.run("help filters tcp.flags")
    program.run("help filters tpc")
    assert program.app.failures == 1


def test_hits_are_passed_over(program: Program) -> None:
    """By number, and 0 takes that back."""
    program.run("break conn 1", "ignore 1 100")
    assert "stopped" not in program.run("tcp connect 192.168.1.1:7")
    program.run("ignore 1 0")
    assert "stopped at breakpoint 1" in program.run('tcp send 1 "x"')


def test_inputs_are_listed_in_short(program: Program) -> None:
    """Data that is long is not written out."""
    program.run("tcp connect 192.168.1.1:7", f'tcp send 1 "{"x" * 1000}"')
    rows = program.json("timeline log")["inputs"]
    assert [row["what"].partition("(")[0] for row in rows] == ["TcpConnect", "TcpSend"]
    assert "<1,000 bytes>" in rows[1]["what"]


def test_breakpoints_rest_in_benchmark_mode(program: Program) -> None:
    """They stop nothing there, and everything again afterwards."""
    program.run("break state ESTABLISHED", "mode bench")
    assert "stopped" not in program.run("tcp connect 192.168.1.1:7")
    program.run("mode trace")
    assert "stopped at breakpoint 1" in program.run("tcp connect 192.168.1.1:7")
    program.run("mode bench", "back")
    assert program.app.failures == 1
    program.run("mode trace", "back")
    assert program.app.failures == 2, "a new history has begun"


def test_breakpoints_follow_a_fork(program: Program) -> None:
    """Frames of a fork have numbers that other frames had before: conversations are those of the fork."""
    program.run("tcp connect 192.168.1.1:7", 'tcp send 1 "hello"', "break tcp.len == 3 and tcp.seq == 1 and conn == 1")
    assert program.core.status().occurrence > 6
    program.run("back until state SYN-SENT", "fork again")
    assert "stopped" not in program.run("run 1s")
    assert "stopped at breakpoint 1" in program.run('tcp send 1 "bye"')


def test_a_breakpoint_that_is_set_in_the_past_follows_the_present(program: Program) -> None:
    """Sequence numbers count from the beginning of the connection, whatever is looked at meanwhile."""
    program.run("tcp connect 192.168.1.1:7", 'tcp send 1 "hello"', "goto 1", "break tcp.len == 3 and tcp.seq == 6",
                "live")
    assert "stopped at breakpoint 1" in program.run('tcp send 1 "bye"')


def test_the_speed_of_a_script_is_the_highest_unless_it_says_otherwise(program: Program) -> None:
    """`speed max` leaves it repeatable."""
    program.run("speed 10")
    assert program.core.status().speed == 10
    program.run("speed max")
    assert program.core.status().speed == math.inf

"""`drill` through the shell: scripts are run, stepped where they fail, and written from what was seen."""

from __future__ import annotations

import errno
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from aether.apps.process import Reply
from aether.lab import tapped
from aether.operations.base import Operation, OperationError
from aether.operations.calls import BareHost, PrepareCalls, SystemCall
from aether.tcp import recovery, segment_arrives
from aether.tcp.connection import Connection
from shell.__main__ import main
from shell.drill.run import Wishes, play
from tests.shell.conftest import Shell

SCRIPTS = Path(__file__).parents[2] / "drill"
PAWS = SCRIPTS / "acceptability/paws.pkt"
PASSIVE = SCRIPTS / "closing/passive.pkt"


def test_run(shell: Shell) -> None:
    said = shell.run(f"drill run {SCRIPTS}/closing {SCRIPTS}/udp/exchange.pkt")
    assert re.search(r"ok +\S*passive\.pkt +\d+ lines", " ".join(said.split()))
    assert "all as written" in said
    assert shell.session.core.ask(lambda world: world.hosts.keys()) == {"you", "host", "remote"}, "our lab is as it was"


def test_a_script_that_fails(shell: Shell, tmp_path: Path) -> None:
    """The line, when, and each field with the differing one marked; the status says so too."""
    script = tmp_path / "wrong.pkt"
    script.write_text(PASSIVE.read_text(encoding="utf-8").replace("> F. 1:1(0) ack 2", "> F. 1:1(0) ack 3"))
    shell.app.failures = 0
    said = " ".join(shell.try_(f"drill run {script}").split())
    assert shell.app.failures == 1
    assert f"{script}:15" in said.replace(" ", ""), "however long the name is"
    assert "another packet came: ack differs (at +0.300000 s, frame 6)" in said
    assert "* ack 3 2" in said and "flags F. F." in said
    assert "drill step" in said
    found = json.loads(shell.try_(f"drill run {script} --json"))["scripts"][0]
    assert (found["verdict"], found["line"], found["frame"]) == ("failed", 15, 6)
    assert [each["name"] for each in found["fields"] if each["differs"]] == ["ack"]
    plain = shell.try_(f"drill run {script} --plain")
    assert "ack differs: expected 3, got 2" in plain and "seq as expected" in plain


def test_what_comes_too_much_and_what_does_not_come(shell: Shell, tmp_path: Path) -> None:
    text = (SCRIPTS / "recovery/timeout.pkt").read_text(encoding="utf-8")
    script = tmp_path / "x.pkt"
    script.write_text(text.replace("+.3 > P. 1:1001(1000) ack 1\n+.1", "+.4"))
    said = " ".join(shell.try_(f"drill run {script}").split())
    assert "a packet came that no line expects" in said and "> P. 1:1001(1000) ack 1" in said
    script.write_text(text.replace("+.3 >", "+.2 >"))
    said = " ".join(shell.try_(f"drill run {script}").split())
    assert "nothing came; timers that run: rto of #1 at +0.500000 s" in said
    script.write_text(text.replace("+.3 >", "+.5 >"))
    said = " ".join(shell.try_(f"drill run {script}").split())
    assert "time differs" in said and "+0.700000 s +0.500000 s" in said


def test_knobs_profile_and_seed(shell: Shell) -> None:
    paws = PAWS
    shell.run(f"drill run {paws} --seed 99")
    assert "options" in shell.try_(f"drill run {paws} --knob tcp.timestamps=off")
    assert "failed" in shell.try_(f"drill run {paws} --profile classic --json")
    assert "tcp.paws is on or off" in shell.fail(f"drill run {paws} --knob tcp.paws=x")
    assert "no knob 'a.b'" in shell.fail(f"drill run {paws} --knob a.b=1")
    assert "no profile 'x'" in shell.fail(f"drill run {paws} --profile x")
    assert "--seed takes a whole number" in shell.fail(f"drill run {paws} --seed x")


def test_bad_input(shell: Shell, tmp_path: Path) -> None:
    assert "there is no file" in shell.fail("drill run nowhere.pkt")
    assert "there is no script in" in shell.fail(f"drill run {tmp_path}")
    (tmp_path / "bad.pkt").write_text("0 socket(\n")
    assert "bad.pkt:1:10" in shell.try_(f"drill run {tmp_path}/bad.pkt --plain")
    assert "bad.pkt:1:10: expected" in " ".join(shell.fail(f"drill step {tmp_path}/bad.pkt").split())
    (tmp_path / "binary.pkt").write_bytes(b"\xff\xfe\x00")
    assert "not UTF-8" in shell.try_(f"drill run {tmp_path}/binary.pkt")
    assert "Begin with: drill step FILE" in shell.fail("drill step")
    assert "Begin with: drill step FILE" in shell.fail("drill show")
    assert "--to takes the number of a line" in shell.fail(f"drill step {PASSIVE} --to x")
    assert "drill write takes conn and a number" in shell.fail("drill write 1")
    assert "is not kept" in shell.fail("drill write conn 9")


def test_no_kernel(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a helper process, or the right to a device: what is missing, and no word of the script."""
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    monkeypatch.setattr("shell.drill.kernel._server", None)
    for line in (f"drill run {PASSIVE} --against kernel", f"drill compare {PASSIVE}"):
        assert "no kernel to play against" in " ".join(shell.fail(line).split())
    assert main(["drill", "--against", "kernel", str(PASSIVE)]) == 2
    assert "no kernel to play against" in shell.capfd.readouterr().err


def test_it_ends_after_ten_minutes(shell: Shell, tmp_path: Path) -> None:
    script = tmp_path / "long.pkt"
    script.write_text("0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+400 close(3) = 0\n+300 < R 1:1(0)\n")
    said = " ".join(shell.try_(f"drill run {script}").split())
    assert "10 minutes of virtual time at the most" in said
    assert "long.pkt:3" in said.replace(" ", ""), "a long path is broken where the line ends"


def test_junit_and_the_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad.pkt"
    bad.write_text(PASSIVE.read_text(encoding="utf-8").replace("ack 2", "ack 7"))
    junit = tmp_path / "x.xml"
    assert main(["drill", str(PASSIVE), str(bad), "--junit", str(junit)]) == 1
    assert "FAILED" in capsys.readouterr().out
    suite = ElementTree.fromstring(junit.read_text(encoding="utf-8"))
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert "ack differs" in str(suite[1][0].text)
    assert main(["drill", str(PASSIVE), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["passed"] == 1
    assert main(["drill", "nowhere.pkt"]) == 2
    assert main(["drill", str(PASSIVE), "--knob", "nonsense"]) == 2
    assert "Traceback" not in capsys.readouterr().err


def turned_round(conn: Connection, segment: object) -> bool:
    """Take every segment, wherever it lies."""
    return True


def test_a_mistake_in_the_stack_is_found_and_looked_at(engine_shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """One decision of the stack is turned round; a script finds it, and the shell shows all that there is to see."""
    shell = engine_shell
    shell.run(f"drill run {PAWS}")
    monkeypatch.setattr(segment_arrives, "_acceptable", turned_round)
    assert "FAILED" in shell.try_(f"drill run {PAWS}")
    said = " ".join(shell.run(f"drill step {PAWS} --to end").split())
    assert re.search(r"✗ 11 \+0\.200000 \+0 > \. 1:1\(0\) ack 1 .*frame 5", said)  # the line, and the frame
    assert "* ack 1 101" in said  # the field
    assert "`why 4` explains how it came about" in said
    why = shell.run("why 4")
    assert re.search(r"aether/tcp/segment_arrives\.py:\d+", why)  # the decision, with its line of source
    assert "frame 5" in why
    assert "ESTABLISHED" in shell.run("tcp conns")
    assert "ack=101" in shell.run("frames")
    assert "PAST" in shell.run("back")
    assert "live` returns" in shell.fail("drill step")
    shell.run("live")
    assert "ack=101" in shell.run("ladder 1")


def test_step_by_step(engine_shell: Shell) -> None:
    shell = engine_shell
    said = shell.run(f"drill step {PASSIVE}")
    assert "▶ 2 " in said and "✓" not in said
    assert shell.run("drill step").count("✓") == 1
    assert shell.run("drill step 3").count("✓") == 4
    said = shell.run("drill step --to 11")
    assert "▶ 11" in said
    assert "SYN-RECEIVED → ESTABLISHED" in shell.run("frames")
    shell.run("back")
    shell.run("live")
    assert "done" in shell.run("drill step --to end")
    assert shell.run("drill show").count("✓") == 17
    assert json.loads(shell.run("drill show --json"))["verdict"] == "done"


def test_a_play_can_be_recorded(engine_shell: Shell, tmp_path: Path) -> None:
    """The world of a script is a world as any: everything that came from outside is in its log."""
    shell = engine_shell
    shell.run(f"drill step {SCRIPTS}/recovery/sack.pkt --to end")
    shell.run(f"record {tmp_path}/x.aether")
    assert "repeated exactly" in " ".join(shell.run(f"replay {tmp_path}/x.aether").split())


@pytest.mark.parametrize("operation", [
    SystemCall(name="socket", arguments=[]), SystemCall(name="bind", fd=3, arguments=["x", "y"]),
    SystemCall(name="setsockopt", fd=3, arguments=[1, 13, []]), SystemCall(name="poll", arguments=[[[1]], 0]),
    SystemCall(process=7, name="close"), BareHost(neighbour="x"), BareHost(neighbour="1.2.3.4", mac=b"1"),
    BareHost(neighbour="1.2.3.4", mac=bytes(6), knobs={"a": "b"}), PrepareCalls(calls=[[1]]),
])
def test_operations_that_make_no_sense_say_so(operation: Operation) -> None:
    """A recording from a stranger may hold anything."""
    world = tapped()
    world.do(BareHost(neighbour="192.168.1.1", mac=bytes(6)))
    assert world.do(SystemCall(name="socket", arguments=["tcp", False])) == Reply(3)
    assert world.do(SystemCall(name="nonsense")).errno == errno.ENOSYS
    with pytest.raises(OperationError):
        world.do(operation)


def test_a_breakpoint_stops_in_the_middle_of_a_line(engine_shell: Shell) -> None:
    shell = engine_shell
    shell.run(f"drill step {SCRIPTS}/recovery/timeout.pkt")
    shell.run("break tcp.retransmit")
    said = shell.run("drill step --to end")
    assert "a breakpoint stopped it" in said
    assert "done" in shell.run("drill step --to end")


def no_second_thoughts(conn: Connection, sacked: int, same: bool) -> None:
    """Take no notice of duplicate acknowledgements."""


def test_write_of_a_lossy_transfer(engine_shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It plays, from both ends; and it fails where the stack is changed."""
    shell = engine_shell
    shell.run("link loss 6%")
    shell.run("tcp connect 192.168.1.1:9")
    shell.run(f"tcp send 1 {'x' * 30000}")
    shell.run("run 5s")
    shell.run("tcp close 1")
    shell.run("run 3s")
    ours, theirs = tmp_path / "ours.pkt", tmp_path / "theirs.pkt"
    shell.run(f"drill write conn 1 --save {ours}")
    shell.run(f"drill write conn 1 --host host --save {theirs}")
    text = ours.read_text(encoding="utf-8")
    assert "write(3, ..., 30000) = 30000" in text and "sack" in text and "close(3) = 0" in text
    shell.run(f"drill run {ours} {theirs}")
    assert shell.run("drill write conn 1").split() == text.split()
    monkeypatch.setattr(recovery, "duplicate", no_second_thoughts)
    assert play(ours, Wishes()).verdict == "failed"


def test_write_of_a_simultaneous_close(engine_shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shell = engine_shell
    shell.run("tcp connect 192.168.1.1:9")
    shell.run("run 1s")
    shell.run("pause")
    shell.run("tcp close 1")
    shell.run("tcp close 1 --host host")
    shell.run("run 1s")
    script = tmp_path / "closing.pkt"
    shell.run(f"drill write conn 1 --save {script}")
    text = script.read_text(encoding="utf-8")
    assert text.index("> F. 1:1(0) ack 1") < text.index("< F. 1:1(0) ack 1"), text
    shell.run(f"drill run {script}")

    def never(conn: Connection, segment: object) -> None:
        return None

    monkeypatch.setattr(segment_arrives, "_fin", never)
    assert play(script, Wishes()).verdict == "failed"


def test_write_holds_to_a_part(engine_shell: Shell, tmp_path: Path) -> None:
    shell = engine_shell
    shell.run("tcp connect 192.168.1.1:7")
    shell.run('tcp send 1 "one"')
    shell.run("run 2s")
    shell.run('tcp send 1 "two"')
    shell.run("run 1s")
    part = shell.run("drill write conn 1 --to 1s")
    assert "write(3, ..., 3)" in part and part.count("write(") == 1
    assert "*         > P. 1:4(3)" in shell.run("drill write conn 1 --from 1s")


def test_write_of_a_chatty_connection_is_bounded(engine_shell: Shell, tmp_path: Path) -> None:
    """Somebody who sends without an end: what is said can be typed, and then gives a script that plays."""
    shell = engine_shell
    shell.run("tcp connect 192.168.1.1:19")
    shell.run("run 100ms")
    said = " ".join(shell.fail("drill write conn 1").split())
    found = re.search(r"there are [\d,]+ packets, and a script has 1,000 at most\. .*(--to \d+us)", said)
    assert found, said
    script = tmp_path / "chargen.pkt"
    shell.run(f"drill write conn 1 --save {script} {found[1]}")
    assert 500 < len(script.read_text(encoding="utf-8").splitlines()) < 2_200
    assert play(script, Wishes()).verdict == "ok"
    said = " ".join(shell.fail(f"drill write conn 1 --host host --save {script} --force {found[1]}").split())
    found = re.search(r"does not go as it was seen .* let it end before: (--to \d+us)", said)
    assert found, "how much the application had written is not in the packets"
    shell.run(f"drill write conn 1 --host host --save {script} --force {found[1]}")
    assert play(script, Wishes()).verdict == "ok"
    shell.run("run 2s")
    said = " ".join(shell.fail("drill write conn 1 --to 1ms").split())
    assert "is not kept" in said and "begin with `capture start`" in said

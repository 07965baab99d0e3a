"""Bad input is answered with what is wrong, where, and what to do next; never with a traceback."""

import pytest

from tests.shell.conftest import Shell


@pytest.mark.parametrize(("line", "message"), [
    ("trce on", "no command 'trce'. Did you mean: trace on"),
    ("send syn 192.168.1.1:8O", "port must be a number from 0 to 65535, not '8O'"),
    ("tcp connect 192.168.1.1:8O", "port must be a number from 0 to 65535, not '8O'"),
    ("knob set tcp.retransmit maybe", "tcp.retransmit is on or off, not 'maybe'. (knob show tcp.retransmit)"),
    ("knob set tcp.retrnsmit on", "no knob 'tcp.retrnsmit'. Did you mean: tcp.retransmit"),
    ("knob set tcp.time_wait 5days", "not '5days'"),
    ("profile ancient", "no profile 'ancient'. There are: modern, classic"),
    ("tcp show 9", "no connection 9 at 'you'"),
    ("tcp show nine", "a connection is named by its number, not 'nine'"),
    ("tcp send 9 hello", "9"),
    ("tcp close 9", "no connection 9"),
    ("tcp abort 9", "no connection 9"),
    ("frame 9", "no frame 9: there are none yet"),
    ("tcp conns --host nobody", "no host 'nobody' here. There are: you, host"),
    ("host -- ls", "the simulated host runs no programs"),
    ("send syn 192.168.1.1:80 sequence=1", "no setting 'sequence'"),
    ("send syn 192.168.1.1:80 seq=x", "seq must be a number from 0 to 4294967295, not 'x'"),
    ("send syn 192.168.1.1:80 hello", "settings are written like seq=1000"),
    ("send syn 192.168.1.1:80 data='open", "is not closed"),
    ("send syn 192.168.1.1:80 flags=XY", "flags are letters of"),
    ("send syn 192.168.1.99:80", "nobody answers for 192.168.1.99"),
    ("step 0", "a count must be a number from 1 to 1000000, not '0'"),
    ("ping", "ping needs ADDRESS"),
    ("ping 192.168.1.1 --count x", "a count must be a number"),
    ("traceroute 192.168.1.1 -p 1", "traceroute does not take '-p'. Did you mean: --probes"),
    ("ping 300.1.1.1", "300.1.1.1"),
    ("http get ftp://192.168.1.1/", "only http:// is spoken here"),
    ("udp send 192.168.1.1:7 --hex xyz", "hex"),
    ("udp send 192.168.1.1:7 \\q", "no escape \\q"),
    ("tcp conns 'unclosed", "No closing quotation"),
    ("run_script /nonexistent/file", "/nonexistent/file"),
    ("status > /nonexistent/file", "cannot write to /nonexistent/file: No such file"),
])
def test_message(shell: Shell, line: str, message: str) -> None:
    assert message in shell.fail(line)


def test_a_mistake_of_ours_is_reported_in_one_line(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell.session.core, "status", lambda: 1 / 0)
    before = shell.app.failures
    shell.try_("status")
    said = shell.capfd.readouterr().err
    assert "internal error" in said
    assert "ZeroDivisionError" in said
    assert "Traceback" not in said
    assert shell.app.failures == before + 1

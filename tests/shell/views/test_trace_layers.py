"""What the trace shows: some layers, and every decision."""

from __future__ import annotations

from shell.views.trace import as_text
from tests.shell.conftest import Shell


def traced(shell: Shell, line: str) -> str:
    """Run a line, and return the trace of what it caused."""
    shell.session.tracer.skip(shell.session.core.ring)
    shell.run(line)
    portion = shell.session.tracer.take(shell.session.core.ring, None, settled=True)
    return "\n".join(as_text(each) for each in portion.lines)


def test_some_layers(shell: Shell) -> None:
    shell.run("trace on")
    shell.run("trace layers arp,udp")
    said = traced(shell, "udp send 192.168.1.1:7 hello")
    assert "ARP who has" in said
    assert "UDP len=5" in said
    shell.run("trace layers arp")
    assert "UDP" not in traced(shell, "udp send 192.168.1.1:7 hello")
    shell.run("trace layers all")
    assert "UDP" in traced(shell, "udp send 192.168.1.1:7 hello")


def test_every_decision(shell: Shell) -> None:
    shell.run("trace on")
    without = traced(shell, "tcp connect 192.168.1.1:80")
    assert "timer rto" not in without
    shell.run("trace events on")
    said = traced(shell, "tcp connect 192.168.1.1:80")
    assert "timer rto started, due at" in said
    assert "acknowledges (completes the handshake)" in said
    assert "SYN-SENT → ESTABLISHED" in said
    shell.run("trace events off")
    assert "timer rto" not in traced(shell, "tcp connect 192.168.1.1:80")


def test_headers_below_each_frame(shell: Shell) -> None:
    shell.run("trace on")
    shell.run("trace verbose on")
    said = traced(shell, "dns ask www.lab")
    assert "ip: 192.168.1.2 > 192.168.1.1  UDP  ttl 64  checksum ok" in said
    assert "dns: answer: no error, 2 records  A www.lab" in said
    shell.run("trace verbose off")
    assert "dns:" not in traced(shell, "dns ask mail.lab")


def test_what_makes_no_sense(shell: Shell) -> None:
    assert "Did you mean: tcp" in shell.fail("trace layers tpc")
    assert "on or off, not 'maybe'" in shell.fail("trace events maybe")
    assert "divided by commas" in shell.fail("trace layers ,")

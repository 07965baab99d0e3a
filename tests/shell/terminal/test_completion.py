"""What is offered at the cursor, through cmd2's own completion."""

from pathlib import Path

import pytest

from tests.shell.conftest import Shell


def offered(shell: Shell, line: str) -> list[str]:
    begin = len(line) - len(line.rsplit(" ", 1)[-1]) if " " in line else 0
    found = shell.app.complete(line[begin:], line, begin, len(line))
    return list(found.to_strings())


@pytest.mark.parametrize(("line", "expected"), [
    ("tc", ["tcp"]),
    ("tcp co", ["conns", "connect"]),
    ("tcp connect ", ["192.168.1.1:80", "192.168.1.1:7", "192.168.1.1:9", "192.168.1.1:19"]),
    ("tcp connect 192.168.1.1:8", ["192.168.1.1:80"]),
    ("tcp conns --j", ["--json"]),
    ("tcp conns --host ", ["you", "host", "remote"]),
    ("tcp show ", ["1"]),
    ("tcp send ", ["1"]),
    ("knob set tcp.retr", ["tcp.retransmit"]),
    ("knob set tcp.retransmit ", ["on", "off"]),
    ("knob set tcp.congestion n", ["none"]),
    ("profile ", ["classic", "modern"]),
    ("mode ", ["trace", "bench"]),
    ("trace o", ["on", "off"]),
    ("ping ", ["192.168.1.1", "192.168.1.2"]),
    ("host h", ["http"]),
    ("host http ", ["get"]),
    ("host http get ", ["http://192.168.1.2/"]),
    ("help tcp sh", ["show", "shutdown"]),
    ("send s", ["syn", "synack"]),
    ("send syn 192.168.1.1:8", ["192.168.1.1:80"]),
    ("send syn 192.168.1.1:80 se", ["seq="]),
    ("send syn 192.168.1.1:80 --no", ["--no-rst"]),
    ("link loss 5% o", ["out"]),
    ("link drop n", ["next"]),
    ("frame ", ["1", "2", "3", "4", "5"]),
    ("frame 3 tcp.s", ["tcp.srcport", "tcp.seq", "tcp.seq_raw"]),
    ("break state SYN", ["SYN-SENT", "SYN-RECEIVED"]),
    ("break timer p", ["persist"]),
    ("step until state LA", ["LAST-ACK"]),
    ("break drop tcp.no_l", ["tcp.no_listener"]),
    ("break conn ", ["1"]),
    ("break when co", ["conn"]),
    ("break when conn ", ["1"]),
    ("break when conn 1 snd_w", ["snd_wnd"]),
    ("break when conn 1 state == FIN", ["FIN-WAIT-1", "FIN-WAIT-2"]),
    ("print conn 1 ssth", ["ssthresh"]),
    ("watch conn 1 cw", ["cwnd"]),
    ("craft IP(ds", ["IP(dst="]),
    ("craft IP()/TC", ["IP()/TCP(", "IP()/TCPerror("]),
    ("craft IP(dst=1)/TCP(dport=80,fla", ["IP(dst=1)/TCP(dport=80,flags="]),
    ("craft IP(dst=1)/TCP(dport=80, fla", ["flags="]),
    ("nonsense ", []),
    ("tcp connect 192.168.1.1:80 ", []),
])
def test_offers(shell: Shell, line: str, expected: list[str]) -> None:
    shell.run("tcp connect 192.168.1.1:80")
    assert offered(shell, line) == expected


def test_every_noun_is_offered(shell: Shell) -> None:
    names = offered(shell, "")
    assert {"tcp", "knob", "quit", "history"} <= set(names)
    assert not {"py", "set", "_eof"} & set(names)


def test_redirections_complete_paths_where_lines_may_be_redirected(shell: Shell, tmp_path: object) -> None:
    with open(f"{tmp_path}/unique-name", "w"):
        pass
    assert offered(shell, f"status > {tmp_path}/uniq") == [f"{tmp_path}/unique-name"]
    assert offered(shell, f"udp send 192.168.1.1:7 > {tmp_path}/uniq") == []


def test_the_address_of_now(shell: Shell) -> None:
    """After a lease it is the leased one that is offered and shown; after its release there is none."""
    shell.run("dhcp start")
    assert offered(shell, "ping ") == ["192.168.1.1", "192.168.1.100"]
    assert offered(shell, "host http get ") == ["http://192.168.1.100/"]
    assert "you are 192.168.1.100," in shell.run("status")
    assert "> .100:" in shell.run("send syn 192.168.1.1:80"), "crafted segments come from it"
    shell.run("dhcp release")
    assert offered(shell, "ping ") == ["192.168.1.1"]
    assert "you have no address," in shell.run("status")


@pytest.mark.parametrize(("line", "expected"), [
    ("drill run ", ["draft", "x.pkt", "y.pkt", "sub/"]), ("drill run x.pkt s", ["sub/"]), ("drill step su", ["sub/"]),
    ("drill compare sub/", ["sub/z.pkt"]), ("drill run --knob tcp.sack=off y", ["y.pkt"]), ("drill run n", []),
    ("drill run --against k", ["kernel"]), ("drill write conn 1 --save n", ["notes.txt"]),
    ("capture load n", ["notes.txt"]), ("replay n", ["notes.txt"]), ("record x", ["x.pkt"]),
    ("lesson path s", ["sub/"]),
    ("lesson start sub", []), ("lesson start ./su", ["./sub/"]), ("scenario load ./n", []), ("status n", []),
])
def test_files_are_offered_where_files_are_taken(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, expected: list[str],
) -> None:
    """Of scripts those that are there, and the directories that may hold some."""
    for name in ("x.pkt", "y.pkt", "notes.txt", "sub/z.pkt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    shell.run("drill new")
    assert sorted(offered(shell, line)) == sorted(expected)


def test_files_after_a_redirection_of_an_expression(shell: Shell, tmp_path: object) -> None:
    with open(f"{tmp_path}/unique-name", "w"):
        pass
    for line in ("frames > ", "frames tcp.len > 0 >> ", "ladder > "):
        assert offered(shell, f"{line}{tmp_path}/uniq") == [f"{tmp_path}/unique-name"], line

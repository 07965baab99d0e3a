"""Every operator reaches a command that owns its line, through cmd2's own reading of lines."""

from dataclasses import replace

import pytest

from aether.operations.frames import SendFrame
from aether.operations.net import UdpSend
from aether.operations.tcp import TcpSend
from shell.language.grammar import COMMANDS
from shell.language.registry import find
from tests.shell.conftest import Shell

OPERATORS = [
    ">", ">=", "<", "|", "||", ";", '"', "'", ">>", "&&", "#", "!", "a > b | c ; d \" e ' f", "> /tmp/x", "| cat",
]


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("shape", ["{}", "x {} y", "x{}y", "{} y", "x {}"])
def test_payload_of_udp_send(shell: Shell, operator: str, shape: str, tmp_path: object) -> None:
    text = shape.format(operator)
    printed = shell.run(f"udp send 192.168.1.1:7 {text}")
    sent = [op for op in shell.session.core.done if isinstance(op, UdpSend)]  # type: ignore[attr-defined]
    assert sent[-1].data == text.encode()
    assert f"{len(text)} byte{'s' * (len(text) > 1)} came back" in printed


@pytest.mark.parametrize("operator", OPERATORS)
def test_payload_of_tcp_send(shell: Shell, operator: str) -> None:
    shell.run("tcp connect 192.168.1.1:7")
    shell.run(f"tcp send 1 {operator}")
    sent = [op for op in shell.session.core.done if isinstance(op, TcpSend)]  # type: ignore[attr-defined]
    assert sent[-1].data == operator.encode()


@pytest.mark.parametrize("operator", OPERATORS)
def test_data_of_a_crafted_segment(shell: Shell, operator: str) -> None:
    quote = "'" if '"' in operator else '"'
    escaped = operator.replace("'", r"\'") if quote == "'" else operator
    shell.run(f"send psh 192.168.1.1:80 seq=1 data={quote}{escaped}{quote} --wait 0")
    sent = [op for op in shell.session.core.done if isinstance(op, SendFrame)]  # type: ignore[attr-defined]
    assert sent[-1].data.endswith(operator.encode())


@pytest.mark.parametrize("operator", OPERATORS)
def test_expression_of_link_drop(shell: Shell, operator: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    found = find(["link", "drop"])
    noted = replace(found, run=lambda session, **values: seen.append(values["what"]))
    monkeypatch.setitem(COMMANDS, found.path, noted)
    shell.run(f"link drop next tcp.len {operator} 0")
    assert seen == [f"next tcp.len {operator} 0"]


def test_an_alias_of_a_command_that_owns_its_line(shell: Shell) -> None:
    shell.run("alias create say udp send 192.168.1.1:7")
    assert "a > b | c" in shell.run("say a > b | c")


def test_other_commands_are_redirected_and_piped(shell: Shell, tmp_path: object) -> None:
    shell.run(f"tcp conns > {tmp_path}/conns")
    shell.run(f"tcp conns >> {tmp_path}/conns")
    with open(f"{tmp_path}/conns") as file:
        assert file.read().count("no connections") == 2
    shell.run(f"status | grep -c running > {tmp_path}/count")
    with open(f"{tmp_path}/count") as file:
        assert file.read() == "1\n"

"""`follow`: the stream as the applications saw it, whatever the network did to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.shell.conftest import Shell

TEXT = "".join(f"line {number}\\n" for number in range(400))


def stream(shell: Shell, line: str) -> tuple[bytes, bytes, dict[str, Any]]:
    found = json.loads(shell.run(f"{line} --json"))
    ways = {
        way: b"".join(bytes.fromhex(piece["data"]) for piece in found["pieces"] if piece["direction"] == way)
        for way in ("out", "in")}
    return ways["out"], ways["in"], found


@pytest.mark.parametrize("link", ["", "link loss 10%", "link reorder 30%", "link duplicate 30%", "scenario load flaky"])
def test_every_byte_once_and_in_order(shell: Shell, link: str) -> None:
    shell.run("tcp connect 192.168.1.1:7")
    if link:
        shell.run(link)
    shell.run(f'tcp send 1 "{TEXT}" --wait 100s')
    shell.run("run 60s")
    said = TEXT.replace("\\n", "\n").encode()
    out, back, found = stream(shell, "follow 1 --all")
    assert out == said
    assert back == said
    assert (found["out"], found["inward"], found["missing"], found["left_out"]) == (len(said), len(said), 0, 0)


def test_the_beginning_is_shown_and_the_rest_counted(shell: Shell) -> None:
    shell.run("tcp connect 192.168.1.1:19")
    shell.run("run 50ms")
    out, back, found = stream(shell, "follow 1")
    assert (len(out), len(back)) == (0, 4096)
    assert found["left_out"] == found["inward"] - 4096 > 0
    assert "--all shows them" in " ".join(shell.run("follow 1").split())


def test_what_does_not_arrive_is_missing(shell: Shell) -> None:
    shell.run("knob set tcp.retransmit off --host host")
    shell.run("tcp connect 192.168.1.1:19")
    shell.run("link drop next tcp.len > 0 in")
    shell.run("run 20ms")
    assert stream(shell, "follow 1")[2]["missing"] > 0
    assert "bytes are missing" in shell.run("follow 1")


def test_hexadecimal(shell: Shell) -> None:
    shell.run("tcp connect 192.168.1.1:7")
    shell.run("tcp send 1 --hex 1b5b324a00ff")
    assert "1b 5b 32 4a 00 ff" in shell.run("follow 1 --hex")
    assert "\x1b[2J" not in shell.run("follow 1")


def test_a_capture_can_be_followed(shell: Shell, tmp_path: Path) -> None:
    shell.run("http get http://192.168.1.1/")
    shell.run(f"capture save {tmp_path}/page.pcapng")
    shell.run(f"capture load {tmp_path}/page.pcapng")
    for line in ("follow tcp.port == 80", "follow 1"):
        out, back, _ = stream(shell, line)
        assert out.startswith(b"GET / HTTP/1.1\r\n")
        assert back.endswith(b"</html>\n")


def test_what_cannot_be_followed_is_said(shell: Shell) -> None:
    shell.run("ping 192.168.1.1 --count 1")
    assert "no TCP frame of connection #1" in shell.fail("follow 1")
    assert "no TCP frame matches icmp" in shell.fail("follow icmp")
    assert "follow needs" in shell.fail("follow")

"""The program in a real pseudo-terminal, as a person sees it: a few smokes."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pyte
import pytest

pytestmark = pytest.mark.terminal
ROOT = Path(__file__).resolve().parents[3]


class Terminal:
    """The program on a screen of 24 lines by 80."""

    def __init__(self, home: Path, *arguments: str, **environment: str) -> None:
        self.screen = pyte.Screen(80, 24)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.child = pexpect.spawn(
            sys.executable, ["-m", "shell", "--sim", "--seed", "1", *arguments], cwd=str(ROOT), dimensions=(24, 80),
            env={**os.environ, "HOME": str(home), "TERM": "xterm-256color", **environment}, timeout=20)
        self.wait_for("aether>")

    def wait_for(self, text: str, seconds: float = 20) -> None:
        """Wait until a text is on the screen."""
        self.until(lambda lines: any(text in line for line in lines), seconds, text)

    def until(self, there: Callable[[list[str]], bool], seconds: float = 20, what: str = "") -> None:
        """Read until the screen is as wanted."""
        end = time.monotonic() + seconds
        while not there(list(self.screen.display)):
            assert time.monotonic() < end, f"no {what!r} on:\n" + "\n".join(self.screen.display)
            try:
                data = self.child.read_nonblocking(65536, timeout=0.2)
            except pexpect.TIMEOUT:
                continue
            self.raw += data
            self.stream.feed(data)
            if b"\x1b[6n" in data:
                self.child.send(f"\x1b[{self.screen.cursor.y + 1};{self.screen.cursor.x + 1}R")

    def line(self, text: str) -> None:
        """Type a line."""
        self.child.send(text + "\r")


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """Return an opener of terminals; closes them."""
    opened: list[Terminal] = []

    def open_one(*arguments: str, **environment: str) -> Terminal:
        opened.append(Terminal(tmp_path, *arguments, **environment))
        return opened[-1]

    yield open_one
    for each in opened:
        each.child.close(force=True)


def test_trace_ping_and_quit(terminal: Callable[..., Terminal]) -> None:
    screen = terminal()
    screen.line("trace on")
    screen.wait_for("trace is on")
    screen.line("ping 192.168.1.1 --count 2")
    screen.wait_for("ICMP echo reply id=1 seq=2")
    screen.wait_for("2 sent, 2 answered")
    screen.wait_for("TRACE")
    screen.child.send("\x04")
    screen.child.expect(pexpect.EOF)
    screen.child.close()
    assert screen.child.exitstatus == 0


def test_a_trace_line_appears_while_one_types(terminal: Callable[..., Terminal]) -> None:
    screen = terminal()
    screen.line("trace on")
    screen.line("ping 192.168.1.1 --count 5 --interval 300ms --background")
    screen.wait_for("started in the background")
    screen.child.send("half typed")
    screen.wait_for("seq=5")
    screen.until(lambda lines: any(line.startswith("aether> half typed") for line in lines))


def test_pause_step_and_enter(terminal: Callable[..., Terminal]) -> None:
    screen = terminal()
    screen.line("pause")
    screen.wait_for("(paused ev 0) aether>")
    screen.line("send syn 192.168.1.1:80")
    screen.wait_for("is not known yet")
    screen.line("tcp connect 192.168.1.1:80")
    screen.wait_for("`step` to see it")
    screen.line("step 2")
    screen.wait_for("frame 2 arrives at you: ARP")
    screen.line("")
    screen.wait_for("LISTEN → SYN-RECEIVED")
    screen.wait_for("(paused ev 5) aether>")


def test_ctrl_c_leaves_a_waiting_command_alone(terminal: Callable[..., Terminal]) -> None:
    screen = terminal()
    screen.line("ping 192.168.1.1 --count 1")  # from now on its address is known
    screen.wait_for("1 sent, 1 answered")
    screen.line("link loss 100%")
    screen.wait_for("mends the link")
    screen.until(lambda lines: any(line.rstrip() == "aether>" for line in lines))
    screen.line("tcp connect 192.168.1.1:7 --wait 100s")
    screen.until(lambda lines: "--wait 100s" in "".join(lines) and "SIM ▶" not in "".join(lines))  # it has begun
    time.sleep(1)
    screen.child.send("\x03")
    screen.wait_for("left alone; it goes on in the background")
    screen.line("status")
    screen.wait_for("running")


def test_completion_with_tab(terminal: Callable[..., Terminal]) -> None:
    screen = terminal()
    screen.child.send("knob set tcp.retr\t")
    screen.wait_for("knob set tcp.retransmit")
    screen.child.send("o\t\t")
    screen.wait_for("off")
    screen.child.send("\x03")
    screen.until(lambda lines: any(line.rstrip() == "aether>" for line in lines))


def test_crafted_syn_is_explained(terminal: Callable[..., Terminal]) -> None:
    screen = terminal()
    screen.line("send syn 192.168.1.1:80")
    screen.wait_for("DROP tcp.no_connection")
    screen.wait_for("makes no connection")


def test_no_color(terminal: Callable[..., Terminal]) -> None:
    screen = terminal(NO_COLOR="1")
    screen.line("trace on")
    screen.line("ping 192.168.1.1 --count 1")
    screen.wait_for("1 sent, 1 answered")
    assert b"\x1b[38;" not in screen.raw
    assert b"\x1b[31m" not in screen.raw


def test_history_survives(terminal: Callable[..., Terminal]) -> None:
    screen = terminal()
    screen.line("arp table")
    screen.wait_for("no neighbours known")
    screen.line("quit")
    screen.child.expect(pexpect.EOF)
    again = terminal()
    again.child.send("\x1b[A\x1b[A")
    again.wait_for("aether> arp table")


def test_a_breakpoint_is_hit_while_nobody_waits(terminal: Callable[..., Terminal]) -> None:
    """It is said above the prompt, its commands run, and what is being typed stays."""
    screen = terminal()
    screen.line("tcp connect 192.168.1.1:7")
    screen.wait_for("#1 ESTABLISHED")
    screen.line("knob set tcp.rack off")
    screen.line("break timer rto")
    screen.line("break commands 1 why retransmit")
    screen.line("link drop next 1 out")
    screen.line('tcp send 1 "lost" --wait 1ms')
    screen.wait_for("nothing came back yet")
    screen.child.send("half typed")
    screen.wait_for("stopped at breakpoint 1: timer rto")
    screen.wait_for("retransmits 4 bytes (time-out)")
    screen.until(lambda lines: any("(paused ev " in line and "aether> half typed" in line for line in lines))
    screen.child.send("\x15")
    screen.line("back until frame.lost")
    screen.wait_for("LOST on the link: `link drop next`")
    screen.wait_for("PAST ev ")

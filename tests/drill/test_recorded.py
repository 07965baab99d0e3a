"""What was recorded of a kernel: each record is a script, which a kernel plays as it is written, and its memory too."""

from __future__ import annotations

from pathlib import Path

import pytest

from shell.drill.draft import SERVER
from shell.drill.errors import KernelError
from shell.drill.parse import parse
from shell.drill.recorded import FOLDER
from shell.drill.run import Wishes, load, play, player_for
from shell.drill.sides import compare
from tests.drill.test_scripts import told

RECORDS = sorted(FOLDER.glob("*.pkt"))
OPENING = "\n".join(SERVER)
ASKED_ABOUT = f"""{OPENING}
+.05 < R 101:101(0) win 77
+0 > . 1:1(0) ack 1
"""


@pytest.mark.tap
@pytest.mark.xdist_group("drill against the kernel")
@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_the_kernel_still_does_so(path: Path) -> None:
    result = play(path, Wishes(against="kernel"))
    assert result.verdict == "ok", told(result)


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_it_is_given_back_as_it_was_recorded(path: Path) -> None:
    script = load(path)
    player = player_for(script, Wishes(against="recorded"))
    player.play()
    assert player.failed is None, player.failed
    assert all(line.event.options is not None for line in script.lines if hasattr(line.event, "options")), "no <...>"


def test_aether_differs_from_some_of_them() -> None:
    differ = {path.stem for path in RECORDS if compare(load(path), Wishes(), asks_kernel=False).aether_failed}
    assert {"reset-below", "reset-further-below"} <= differ


def test_another_time_and_the_window_of_a_reset_are_the_same_question() -> None:
    found = compare(parse(ASKED_ABOUT, "x"), Wishes(), asks_kernel=False)
    assert (found.kernel, found.differences, found.kernel_failed) == ("6.18", 0, 0)
    assert found.recorded
    wrong = compare(parse(ASKED_ABOUT.replace("> . 1:1(0) ack 1\n", "> . 1:1(0) ack 2\n"), "x"), Wishes(), False)
    assert (wrong.differences, wrong.kernel_failed, wrong.aether_failed) == (0, 1, 1)


@pytest.mark.parametrize("line, said", [
    ("+.1 < R 7:7(0)", r"no record has line 10, \+\.1 < R 7:7\(0\)"),
    ("+.1 write(4, ..., 7) = 7", "no record has line 10"),
    ("+.1 < udp (10)", "no record has line 10"),
    ("+.1 %{ assert tcpi_unacked == 0 }%", "no record has line 10"),
])
def test_what_nobody_recorded(line: str, said: str) -> None:
    with pytest.raises(KernelError, match=said) as told_us:
        compare(parse(f"{ASKED_ABOUT}{line}\n", "x"), Wishes(), asks_kernel=False)
    assert "< R 1:1(0)" in str(told_us.value), "what would do is named"


def test_another_opening_is_not_recorded() -> None:
    script = parse("0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 3\n", "x")
    with pytest.raises(KernelError, match=r"Nor is an answer recorded: .*line 1,"):
        compare(script, Wishes(), asks_kernel=False)

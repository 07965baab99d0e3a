"""A list that says "nothing" while something of the kind stands elsewhere says where."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from aether import queries
from aether.engine.merge import merged
from aether.lab import simulated
from tests.shell.conftest import Shell


def as_json(shell: Shell, line: str) -> Any:
    return json.loads(shell.run(f"{line} --json"))


def first_session(shell: Shell) -> None:
    """Type the session at the head of the README."""
    for line in ("trace on", "link loss 20%", "http get http://192.168.1.1/ --wait 1min"):
        shell.run(line)


def test_drops_counts_what_the_links_lost(shell: Shell) -> None:
    first_session(shell)
    lost = [row for row in as_json(shell, "frames 1000 frame.lost")["frames"] if row["notes"]]
    found = as_json(shell, "drops")
    assert len(lost) > 1
    assert sum(row["count"] for row in found["lost"]) == len(lost) == as_json(shell, "status")["lost_frames"]
    assert {(row["link"], row["cause"]) for row in found["lost"]} == {("lan", "loss")}
    said = shell.run("drops")
    assert f"the link lost {len(lost)} frames" in said
    assert "nothing was discarded" not in said
    plain = shell.run("drops --plain")
    assert "lost by link lan, in: loss" in plain
    assert "nothing that arrived was discarded" in plain
    assert f"the links lost {len(lost)} frames: `drops`" in shell.run("status")
    assert "`drops`" in shell.run("counters")
    assert "`drops`" in shell.run("counters --plain")


def test_what_it_says_to_type_can_be_typed(engine_shell: Shell) -> None:
    shell = engine_shell
    first_session(shell)
    lines = re.findall("`([^`]+)`", shell.run("drops --plain"))
    assert lines[0] == "frames frame.lost"
    for line in lines:
        assert shell.run(line)


@pytest.mark.parametrize(("lines", "cause"), [
    (["link loss 100%"], "loss"),
    (["link burst-loss 100%", "link burst-end 0"], "burst"),
    (["link mtu 40"], "mtu"),
    (["link down"], "down"),
    (["link drop next 9"], "drop next"),
    (["link drop every 1"], "drop every"),
    (["link drop next icmp --count 9"], "your rule"),
    (["link rate 8kbit", "link queue 60"], "queue"),
])
def test_every_cause_has_its_own_count(shell: Shell, lines: list[str], cause: str) -> None:
    shell.run("ping 192.168.1.1 --count 1")
    assert as_json(shell, "drops")["lost"] == []
    assert "the links lost nothing" in shell.run("drops")
    for line in lines:
        shell.run(line)
    shell.try_("send udp 192.168.1.1:9 12345678901234567890")
    shell.try_("ping 192.168.1.1 --count 5 --interval 1ms --wait 1s")
    found = as_json(shell, "drops")["lost"]
    events = [event for event in shell.session.events() if event.kind == "frame.lost"]
    assert {row["cause"] for row in found} == {cause}
    assert sum(row["count"] for row in found) == len(events) > 0
    assert shell.run("frames frame.lost").count("LOST") == len(events)


def test_why_of_every_frame_is_about_that_frame(engine_shell: Shell) -> None:
    shell = engine_shell
    shell.run("tcp connect 192.168.1.1:80")
    shell.run("link drop next in")
    shell.run("tcp send 1 'GET / HTTP/1.0\\r\\n\\r\\n'")
    lost = {event.values[0] for event in shell.session.events() if event.kind == "frame.lost"}
    assert len(lost) == 1
    for row in as_json(shell, "frames")["frames"]:
        answer = as_json(shell, f"why {row['number']}")["answer"]
        assert (f"the link lost frame {row['number']} " in answer) == (row["number"] in lost)
        assert ("the link lost" in answer) == (row["number"] in lost)


def test_both_links_are_named(shell: Shell) -> None:
    shell.run("link drop next")
    shell.run("link drop next --link wan")
    shell.try_("ping 10.0.2.2 --count 3")
    found = {(row["link"], row["direction"]): row["count"] for row in as_json(shell, "drops")["lost"]}
    assert found == {("lan", "out"): 1, ("wan", "out"): 1}
    assert "the links lost 2 frames" in shell.run("drops")
    assert shell.run("frames frame.lost").count("LOST") == 2


def test_in_benchmark_mode_it_says_where_frames_are_to_be_had(shell: Shell) -> None:
    shell.run("mode bench")
    shell.run("link drop next")
    shell.try_("ping 192.168.1.1 --count 1")
    said = shell.run("drops --plain")
    assert "1 lost by link lan, out: drop next" in said
    assert "mode trace" in said
    shell.run("mode trace")
    assert "no events of that are kept" in shell.fail("why drop")
    assert "no frames are kept, of " in shell.run("frames")


def test_what_another_host_discarded(shell: Shell) -> None:
    shell.try_("udp send 192.168.1.1:9999 hello")
    found = as_json(shell, "drops")
    assert found["elsewhere"] == [{"host": "host", "count": 1}]
    said = shell.run("drops")
    assert "`drops --host host`" in said
    assert "udp.no_port" in shell.run("drops --host host")


@pytest.mark.parametrize("output", ["", " --plain"])
def test_a_filter_that_matches_nothing_tells_what_there_is(shell: Shell, output: str) -> None:
    assert "no frames yet" in shell.run(f"frames{output}")
    shell.run("ping 192.168.1.1 --count 1")
    count = len(as_json(shell, "frames")["frames"])
    assert f"none of the {count} frames that are kept match tcp" in shell.run(f"frames tcp{output}")
    assert "no frames are kept at remote" in shell.run(f"frames --host remote{output}")


def test_a_frame_of_another_link_says_where(shell: Shell) -> None:
    shell.run("ping 10.0.2.2 --count 1")
    far = {row["number"] for row in as_json(shell, "frames --host remote")["frames"]}
    number = min(far - {row["number"] for row in as_json(shell, "frames")["frames"]})
    said = shell.fail(f"frame {number}")
    command = re.findall("`([^`]+)`", said)[0]
    assert f"frame {number}" in shell.run(command)


@pytest.mark.parametrize("output", ["", " --plain"])
def test_connections_that_ended(shell: Shell, output: str) -> None:
    assert "no connections now" not in shell.run(f"tcp conns{output}")
    shell.run("tcp connect 192.168.1.1:80")
    shell.run("tcp abort 1")
    said = shell.run(f"tcp conns{output}")
    assert "no connections now: one has ended" in said
    assert shell.run(re.findall("`([^`]+)`", said)[0])


def test_steps_and_the_bottom_line_count_losses(make_shell: Callable[..., Shell]) -> None:
    shell = make_shell(paused=True)
    shell.run("link drop next")
    shell.run("ping 192.168.1.1 --background")
    world = shell.session.core.world  # type: ignore[attr-defined]
    assert queries.overview(world).lost == 1
    assert "lost 1" in _toolbar(shell)


def _toolbar(shell: Shell) -> str:
    from shell.prompt.screen import toolbar

    return "  ".join(toolbar("SIM", shell.session.status(), shell.session.ask(queries.overview), False))


def test_workers_add_up_what_they_lost() -> None:
    worlds = [simulated(1), simulated(2)]
    for world in worlds:
        world.links["lan"].left.pipe.drop(1)
        world.links["lan"].left.transmit(bytes(60))
    assert [row.count for row in merged([queries.losses(world) for world in worlds])] == [2]

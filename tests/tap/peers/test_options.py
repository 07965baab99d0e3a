"""IPv4 options against the real kernel: its ping asks, and reads what we filled in."""

from __future__ import annotations

import pytest

from tests.tap.harness import KERNEL, OURS, KernelLab, answered

pytestmark = [pytest.mark.needs("ping", "tcpdump", "tshark", "capinfos"), pytest.mark.usefixtures("every_way")]


def test_a_route_is_recorded_for_the_kernel() -> None:
    """RFC 1122 §3.2.2.6: `ping -R` prints the way there and back, with us in it."""
    with KernelLab() as lab:
        lab.start()
        lab.capture()
        done = lab.run("ping", "-n", "-R", "-c", "2", "-i", "0.2", "-w", "20", OURS)
        assert answered(done.stdout) >= 2, done.stdout
        way = [line.split()[-1] for line in done.stdout.partition("RR:")[2].splitlines()[:3]]
        assert way == [KERNEL, OURS, KERNEL], done.stdout
        lab.judge()


@pytest.mark.parametrize(("kind", "lines"), [("tsonly", 3), ("tsandaddr", 3)])
def test_times_are_recorded_for_the_kernel(kind: str, lines: int) -> None:
    """RFC 791 §3.1: `ping -T` prints three times; ours is marked as not counted from midnight."""
    with KernelLab() as lab:
        lab.start()
        lab.capture()
        done = lab.run("ping", "-n", "-T", kind, "-c", "2", "-i", "0.2", "-w", "20", OURS)
        assert answered(done.stdout) >= 2, done.stdout
        stamps = done.stdout.partition("TS:")[2].splitlines()[:lines]
        assert len(stamps) == lines and "not-standard" in stamps[1], done.stdout
        if kind == "tsandaddr":
            assert [line.split()[0] for line in stamps] == [KERNEL, OURS, KERNEL], done.stdout
        lab.judge()

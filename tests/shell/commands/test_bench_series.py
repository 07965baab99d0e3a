"""Several runs: what is said of those that were cut off, and what a comparison may conclude from its pairs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from shell.bench.series import series
from shell.commands import bench
from shell.results.bench import Run
from tests.shell.conftest import Shell


def run_of(rate: int, occurrences: int = 1000) -> Run:
    """Return a run of so many connections a second."""
    return Run(rate, 0, 0, 1_000_000, 10, 20, wall_us=1_000_000, occurrences=occurrences)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return what lets `bench` find these, one run after the other; an exception is raised."""

    def find(*found: Any) -> None:
        left: Iterator[Any] = iter(found)

        def measure(*_: object) -> Run:
            one = next(left)
            if isinstance(one, BaseException):
                raise one
            return one if isinstance(one, Run) else run_of(one)

        monkeypatch.setattr(bench, "measure", measure)

    return find


def measured(shell: Shell, line: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shell.run(f"{line} --json"))
    return found


def test_an_interrupt_before_the_first_run_is_done(shell: Shell, runs: Callable[..., None]) -> None:
    runs(KeyboardInterrupt())
    assert "interrupted: 0 of 3 runs done" in shell.fail("bench http --runs 3")
    runs(KeyboardInterrupt())
    assert shell.try_("bench http --runs 3") == ""


def test_an_interrupt_later_leaves_whole_runs(shell: Shell, runs: Callable[..., None]) -> None:
    """The median is that of the runs that were done, and nobody can take it for one of all."""
    runs(100, 300, KeyboardInterrupt(), 500)
    shown = shell.try_("bench http --runs 5")
    assert "200 connections a second, median of 2 of 5" in shown
    assert "run 3" not in shown
    runs(100, KeyboardInterrupt())
    assert "interrupted: 1 of 5 runs done; the figures are of those" in shell.fail("bench http --runs 5")
    runs(100, KeyboardInterrupt())
    found = json.loads(shell.try_("bench http --runs 5 --json"))
    assert (found["runs"], found["measured"][0]["rates"], found["failure"][:11]) == (5, [100], "interrupted")


def test_an_interrupted_comparison_has_whole_pairs_and_puts_the_knob_back(
    shell: Shell, runs: Callable[..., None]
) -> None:
    warm = 1, 1
    runs(*warm, 100, 200, 300, KeyboardInterrupt())
    found = json.loads(shell.try_("bench compare knob tcp.nagle=off --json"))
    assert [each["rates"] for each in found["measured"]] == [[100], [200]]
    assert json.loads(shell.run("knob show tcp.nagle --json"))["knob"]["value"] == "on"


def test_neither_is_always_the_first_and_one_run_of_each_is_thrown_away() -> None:
    began: list[str] = []
    settings = [(name, lambda name=name: began.append(name)) for name in "ab"]  # type: ignore[misc]
    numbers = iter(range(99))
    told: list[tuple[int, str]] = []
    found = series(settings, lambda: next(numbers), 3, lambda done, what: told.append((done, what)))
    assert "".join(began) == "ab" "ab" "ba" "ab"
    assert found.found == [[2, 5, 6], [3, 4, 7]]
    assert told[0] == (0, "a: warming up")
    assert told[-1] == (7, "b: run 3 of 3")


PAIRS = {
    "agree": ((110, 100), (112, 105), (108, 104), (120, 101), (111, 109)),
    "disagree": ((110, 100), (112, 105), (108, 104), (100, 101), (111, 109)),
}


def in_turn(pairs: tuple[tuple[int, int], ...]) -> list[int]:
    """Return rates in the order in which they are measured, with those that are thrown away."""
    return [1, 1, *(rate for index, pair in enumerate(pairs) for rate in (pair[::-1] if index % 2 else pair))]


def test_what_the_pairs_agree_on_is_said(shell: Shell, runs: Callable[..., None]) -> None:
    runs(*in_turn(PAIRS["agree"]))
    found = measured(shell, "bench compare knob tcp.nagle=off --runs 5")
    assert [tuple(each["rates"]) for each in found["measured"]] == list(zip(*PAIRS["agree"], strict=True))
    assert found["clear"] is True
    assert found["verdict"].endswith("with tcp.nagle=on it is 1.07 times as fast as with tcp.nagle=off")


def test_no_verdict_is_drawn_from_noise(shell: Shell, runs: Callable[..., None]) -> None:
    runs(*in_turn(PAIRS["disagree"]))
    found = measured(shell, "bench compare knob tcp.nagle=off --runs 5")
    assert found["clear"] is False
    assert "the ranges overlap: this shows no clear difference" in found["verdict"]
    runs(*in_turn(PAIRS["agree"][:2]))
    found = measured(shell, "bench compare knob tcp.nagle=off --runs 2")
    assert found["clear"] is False
    assert "that may be chance" in found["verdict"]


def test_what_is_faster_is_said_first(shell: Shell, runs: Callable[..., None]) -> None:
    runs(*in_turn(((100, 300), (101, 300), (102, 300))))
    found = measured(shell, "bench compare profile classic --runs 3")
    assert found["verdict"].endswith("with profile classic it is 2.97 times as fast as it is as things are")
    assert found["ratio"] == pytest.approx(101 / 300)


def test_what_costs_only_this_machine_is_not_called_free(shell: Shell, runs: Callable[..., None]) -> None:
    """Rates are in the network's own time, which does not know how long this machine took."""
    pairs = [run_of(100, 1270), run_of(100, 1000)]
    runs(*pairs, *pairs, *pairs[::-1], *pairs)
    found = measured(shell, "bench compare trace --runs 3")
    assert found["verdict"] == ("in the network's own time both are the same. In this machine's time: in benchmark "
                                "mode it is simulated 1.27 times as fast as in trace mode")
    assert (found["ratio"], found["real_ratio"]) == (1.0, pytest.approx(1.27))


def test_nothing_completed_is_no_ratio(shell: Shell, runs: Callable[..., None]) -> None:
    runs(*in_turn(((0, 0), (0, 0))))
    found = measured(shell, "bench compare trace --runs 2")
    assert found["ratio"] is None
    assert "nothing was completed" in found["verdict"]

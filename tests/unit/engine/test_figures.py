"""What several workers have done, side by side: over one period, which ends with the latest frame of them all."""

from __future__ import annotations

from aether.engine.backoff import Spent
from aether.engine.figures import Figures, side_by_side

MS = 1_000_000
BEGAN = 5_000 * MS


def told(worker: int, frames: int, worked: int, *spent: int, before: int = 0, now: int = 9000) -> Figures:
    """Return what a worker tells that worked up to `worked`, and looks at itself `now`; in milliseconds from BEGAN."""
    spin, yielding, sleep = (each * MS for each in spent)
    latest = Spent(BEGAN + worked * MS, spin, yielding, sleep, 7)
    return Figures(
        worker, 3, frames + before, before, BEGAN, latest,
        latest._replace(until=BEGAN + now * MS, sleep=sleep + (now - worked) * MS), 2 * MS, 1 * MS)


def test_the_period_ends_with_the_latest_frame_of_them_all() -> None:
    rows, passed = side_by_side([told(0, 100, 1000, 100, 0, 400), told(1, 50, 400, 100, 0, 100, before=900)])
    assert passed == 1_000_000
    assert [row.frames for row in rows] == [100, 50]
    assert (rows[0].busy, rows[0].spin, rows[0].sleep, rows[0].wakes) == (0.5, 0.1, 0.4, 7)
    assert (rows[1].busy, rows[1].spin, rows[1].yielding, rows[1].sleep) == (0.2, 0.102, 0.001, 0.697), (
        "it waited on to the end of the period: first it spun, then it gave way")


def test_work_that_was_no_frame_does_not_make_the_period_longer() -> None:
    _, passed = side_by_side([told(0, 100, 1000, 0, 0, 0), told(1, 0, 3000, 0, 0, 0)])
    assert passed == 1_000_000


def test_one_that_has_said_nothing_yet_does_not_count() -> None:
    rows, passed = side_by_side([told(0, 100, 1000, 0, 0, 0), Figures(1)])
    assert passed == 1_000_000
    assert (rows[1].frames, rows[1].busy) == (0, 0)


def test_without_a_frame_it_is_the_time_up_to_now() -> None:
    [row], passed = side_by_side([told(0, 0, 0, 0, 0, 0, now=2000)])
    assert passed == 2_000_000
    assert (row.frames, row.busy) == (0, 0)

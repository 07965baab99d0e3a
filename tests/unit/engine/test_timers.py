"""The queue of what happens next, against a list that is sorted every time."""

from __future__ import annotations

import pickle

from hypothesis import given
from hypothesis import strategies as st

from aether.statehash import state_hash
from aether.timers import NEVER, Queue, Sleeper


class Alarm(Sleeper):
    """Has a name, and nothing to do."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def wake(self, now: int) -> None:
        raise AssertionError("the queue itself wakes nobody")


class Box:
    """Something that data is delivered to."""


def drain(queue: Queue) -> list[tuple[int, object]]:
    out = []
    while (entry := queue.next()) is not None:
        out.append((entry[0], entry[3] if entry[3] is not None else entry[2].name))
        queue.pop()
    return out


def test_in_order_of_deadlines() -> None:
    queue = Queue()
    for name, deadline in (("late", 30), ("early", 10), ("middle", 20)):
        queue.wake(Alarm(name), deadline)
    assert drain(queue) == [(10, "early"), (20, "middle"), (30, "late")]
    assert queue.next() is None


def test_equal_deadlines_in_the_order_in_which_they_were_set() -> None:
    queue, first, second = Queue(), Alarm("first"), Alarm("second")
    queue.wake(second, 5)
    queue.wake(first, 10)
    queue.wake(second, 10)
    queue.deliver(Box(), 10, ("data",))
    assert drain(queue) == [(10, "first"), (10, "second"), (10, ("data",))]


def test_setting_the_same_deadline_again_changes_nothing() -> None:
    queue, first, second = Queue(), Alarm("first"), Alarm("second")
    queue.wake(first, 10)
    queue.wake(second, 10)
    queue.wake(first, 10)
    assert drain(queue) == [(10, "first"), (10, "second")]


def test_moved_back_and_forth() -> None:
    queue, alarm = Queue(), Alarm("a")
    for deadline in (50, 10, 70, 20, 90):
        queue.wake(alarm, deadline)
    assert drain(queue) == [(90, "a")]
    queue.wake(alarm, 100)
    queue.wake(alarm, NEVER)
    assert drain(queue) == []
    queue.wake(alarm, 110)
    assert drain(queue) == [(110, "a")]


def test_moving_a_deadline_back_does_not_grow_the_queue() -> None:
    queue, alarm = Queue(), Alarm("a")
    for deadline in range(10, 10_000):
        queue.wake(alarm, deadline)
    assert len(queue.heap) == 1
    for _ in range(1000):
        assert queue.next() is not None
    assert len(queue.heap) == 1


actions = st.lists(st.one_of(
    st.tuples(st.just("wake"), st.integers(0, 4), st.one_of(st.integers(0, 20), st.just(NEVER))),
    st.tuples(st.just("deliver"), st.integers(0, 4), st.integers(0, 20)),
    st.tuples(st.just("look"), st.just(0), st.just(0)),
    st.tuples(st.just("pop"), st.just(0), st.just(0)),
    st.tuples(st.just("pickle"), st.just(0), st.just(0)),
    st.tuples(st.just("tidy"), st.just(0), st.just(0)),
    st.tuples(st.just("succeed"), st.integers(0, 4), st.just(0)),
), max_size=60)


@given(actions)
def test_as_a_sorted_list(steps: list[tuple[str, int, int]]) -> None:
    queue = Queue()
    alarms = [Alarm(str(index)) for index in range(5)]
    model: dict[object, tuple[int, int]] = {}
    order = 0
    for action, index, deadline in steps:
        if action == "wake":
            if model.get(str(index), (NEVER,))[0] != deadline:
                order += 1
                model[str(index)] = (deadline, order)
                if deadline == NEVER:
                    del model[str(index)]
            queue.wake(alarms[index], deadline)
        elif action == "deliver":
            order += 1
            model[(order,)] = (deadline, order)
            queue.deliver(alarms[index], deadline, (order,))
        elif action == "pickle":
            queue, alarms = pickle.loads(pickle.dumps((queue, alarms)))
        elif action == "tidy":
            queue.tidy()
            assert len(queue.heap) == len(model)
        elif action == "succeed":
            old, alarms[index] = alarms[index], Alarm(str(index))
            queue.succeed(old, alarms[index])
        else:
            entry = queue.next()
            expected = min(model, key=model.__getitem__, default=None)
            if expected is None:
                assert entry is None
                continue
            assert entry is not None
            assert (entry[0], entry[3] or entry[2].name) == (model[expected][0], expected)
            if action == "pop":
                queue.pop()
                del model[expected]
    expected_order = sorted((deadline, order, name) for name, (deadline, order) in model.items())
    assert drain(queue) == [(deadline, name) for deadline, _, name in expected_order]


def test_looking_leaves_the_hash_alone() -> None:
    """Entries that are out of date are removed by whoever looks first; the state must not show it."""
    queue, alarm, other = Queue(), Alarm("a"), Alarm("b")
    queue.wake(alarm, 10)
    queue.wake(other, 40)
    queue.wake(alarm, 30)
    before = state_hash([queue, alarm, other])
    assert queue.next() is not None
    assert state_hash([queue, alarm, other]) == before
    queue.wake(alarm, 31)
    assert state_hash([queue, alarm, other]) != before

"""Following the checks of one step through what happens.

Lines that refer to each other form a group. A group is followed along several *threads*: each remembers which
record it took for which line. When a record matches a line, the thread that takes it goes on beside the one that
waits for a better one, so that a learner can always try again. A group holds when one of its threads has all lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from aether.events import Event
from aether.filters import Filter, Record, Records
from shell.lessons.conditions import Check, Count, Match, Never

MOST_THREADS = 64
NOTHING = Record()
"""Stands for the lines that have no record."""


@dataclass(slots=True)
class Thread:
    """One way to take what happened."""

    held: dict[int, Record] = field(default_factory=dict)
    """The record of each line that holds; a line that never matches anything holds with an empty one."""
    parts: dict[int, tuple[Record, ...]] = field(default_factory=dict)
    """The records of a sequence that is not complete."""
    counted: dict[int, frozenset[int]] = field(default_factory=dict)
    """What was counted: numbers of frames, or of events (below zero)."""
    last: dict[int, int] = field(default_factory=dict)
    """The number of the frame that a line took last, so that it is taken once: it is sent, and then arrives."""

    def copy(self) -> Thread:
        """Return a thread that goes its own way from here."""
        return Thread(dict(self.held), dict(self.parts), dict(self.counted), dict(self.last))


class Group:
    """Lines that depend on each other."""

    def __init__(self, checks: Sequence[Check], captures: int, since: int) -> None:
        self.checks = checks
        self.captures = captures
        self.since = since
        """World time from which a `never` without a line before it counts."""
        self.referred = {number for check in checks for number in check.follows}
        self.threads = [Thread()]
        self.broken: dict[int, tuple[int, int]] = {}
        """Lines that something spoiled: after how many microseconds, and in which frame."""
        self.seen: dict[int, Record] = {}
        """Lines that matched some time, whatever became of it."""

    @property
    def best(self) -> Thread:
        """The thread that is furthest."""
        return max(self.threads, key=lambda thread: (len(thread.held), sum(map(len, thread.parts.values()))))

    @property
    def holds(self) -> bool:
        """Whether all lines do."""
        return len(self.best.held) == len(self.checks)

    def take(self, record: Record) -> None:
        """Take note of one record."""
        self.pass_time(record.time)
        asked: dict[Filter, bool] = {}
        for thread in list(self.threads):
            for check in self.checks:
                if check.number in thread.held or any(number not in thread.held for number in check.follows):
                    continue
                if isinstance(check.condition, Never):
                    if self._matches(check.condition.filter, record, thread, asked) and self._is_new(
                            thread, check, record):
                        self._break(thread, check, record)
                        break
                elif isinstance(check.condition, Count):
                    thread = self._count(thread, check, check.condition, record, asked)
                elif isinstance(check.condition, Match):
                    thread = self._advance(thread, check, check.condition, record, asked)
        self._limit()

    def pass_time(self, now: int) -> None:
        """Let lines hold for which time alone had to pass."""
        for thread in self.threads:
            for check in self.checks:
                if (isinstance(check.condition, Never) and check.number not in thread.held
                        and all(number in thread.held for number in check.follows)
                        and now >= self.anchor(thread, check) + check.condition.within):
                    thread.held[check.number] = NOTHING

    def anchor(self, thread: Thread, check: Check) -> int:
        """Return the world time from which a line counts."""
        return max((thread.held[number].time for number in check.follows), default=self.since)

    def _is_new(self, thread: Thread, check: Check, record: Record) -> bool:
        """Tell whether a record is none of those that the line refers to, nor about the same frame."""
        return all(thread.held[number] is not record and (not record.number or not record.is_frame
                   or thread.held[number].number != record.number) for number in check.follows)

    def _break(self, thread: Thread, check: Check, record: Record) -> None:
        """Note that what must never happen has happened."""
        self.broken[check.number] = (record.time - self.anchor(thread, check), record.number)
        if check.follows:
            self.threads.remove(thread)
            if not self.threads:
                self.threads.append(Thread())
        else:
            self.since = record.time

    def _matches(self, filter: Filter, record: Record, thread: Thread, asked: dict[Filter, bool],
                 more: tuple[int, Record] | None = None) -> bool:
        if not filter.captures or "$" not in filter.text:
            if filter not in asked:
                asked[filter] = bool(filter.test(record))
            return asked[filter]
        captures = [thread.held.get(number, NOTHING) for number in range(1, self.captures + 1)]
        if more is not None:
            captures[more[0] - 1] = more[1]
        return filter.matches(record, captures)

    def _count(self, thread: Thread, check: Check, count: Count, record: Record, asked: dict[Filter, bool]) -> Thread:
        if not self._is_new(thread, check, record) or not self._matches(count.filter, record, thread, asked):
            return thread
        once = record.number if count.filter.only_frames else -record.serial
        thread.counted[check.number] = thread.counted.get(check.number, frozenset()) | {once}
        if len(thread.counted[check.number]) >= count.number:
            return self._hold(thread, check, record)
        return thread

    def _advance(self, thread: Thread, check: Check, match: Match, record: Record, asked: dict[Filter, bool]) -> Thread:
        done = thread.parts.get(check.number, ())
        filter = match.parts[len(done)]
        before = done[-1] if done else None
        if before is not None and record.number == before.number and filter.only_frames:
            return thread
        if not self._is_new(thread, check, record) or not self._matches(
                filter, record, thread, asked, (check.number, before) if before is not None else None):
            return thread
        if match.within and (done or len(match.parts) == 1) and (
                record.time - self._start(thread, check, done) > match.within):
            return thread
        if filter.only_frames:
            if thread.last.get(check.number) == record.number and not done:
                return thread
            thread.last[check.number] = record.number
        if len(done) + 1 == len(match.parts):
            return self._hold(thread, check, record)
        ahead = thread.copy()
        ahead.parts[check.number] = (*done, record)
        self.threads.append(ahead)
        return thread

    def _start(self, thread: Thread, check: Check, done: tuple[Record, ...]) -> int:
        return done[0].time if done else self.anchor(thread, check)

    def _hold(self, thread: Thread, check: Check, record: Record) -> Thread:
        """Let a line hold; if others refer to it, beside the thread in which it waits for another record."""
        self.seen.setdefault(check.number, record)
        if check.number in self.referred:
            waiting, thread = thread, thread.copy()
            waiting.counted.pop(check.number, None)
            self.threads.append(thread)
        thread.held[check.number] = record
        thread.parts.pop(check.number, None)
        return thread

    def _limit(self) -> None:
        """Forget the oldest of the threads that are least far; the first one stays, it can begin anew."""
        while len(self.threads) > MOST_THREADS:
            least = min(self.threads[1:], key=lambda thread: (len(thread.held), len(thread.parts)))
            self.threads.remove(least)


class CheckWatcher:
    """Follows the checks of one step that are about what happens."""

    def __init__(self, checks: Sequence[Check], past: Iterable[Event] = (), now: int = 0) -> None:
        """`past` are the events before the step, so that conversations are known from their beginning."""
        self.records = Records(measuring=any(filter.measuring for check in checks for filter in filters_of(check)))
        for event in past:
            self.records.of(event)
        self.now = now
        self.groups = [Group(each, len(checks), now) for each in _groups(checks)]
        self.everything: list[Callable[[Record], None]] = []

    def collect(self, filter: Filter) -> list[Record]:
        """Return a list that will have the frames which match, each once."""
        if filter.measuring:
            self.records.measure()
        found: list[Record] = []
        self.collect_for(lambda record: _collect(filter, record, found))
        return found

    def collect_for(self, take: Callable[[Record], None], earlier: Iterable[Event] = ()) -> None:
        """Hand everything that happens to `take`, and before that what has happened."""
        records = Records()
        for event in earlier:
            take(records.of(event))
        self.everything.append(take)

    def follow(self, events: Iterable[Event]) -> None:
        """Take note of events, in their order."""
        for event in events:
            record = self.records.of(event)
            self.now = max(self.now, record.time)
            for take in self.everything:
                take(record)
            for group in self.groups:
                if not group.holds:
                    group.take(record)

    def pass_time(self, now: int) -> None:
        """Take note of world time."""
        self.now = max(self.now, now)
        for group in self.groups:
            if not group.holds:
                group.pass_time(now)

    def held(self, check: Check) -> bool:
        """Tell whether a line holds."""
        group = self.group(check)
        return check.number in group.best.held

    def group(self, check: Check) -> Group:
        """Return the group that a line belongs to."""
        return next(group for group in self.groups if check in group.checks)


def filters_of(check: Check) -> Sequence[Filter]:
    """Return what a line asks of records."""
    condition = check.condition
    if isinstance(condition, Match):
        return condition.parts
    return (condition.filter,) if isinstance(condition, (Count, Never)) else ()


def _collect(filter: Filter, record: Record, found: list[Record]) -> None:
    if record.number and (not found or found[-1].number != record.number) and filter.test(record):
        found.append(record)


def _groups(checks: Sequence[Check]) -> list[list[Check]]:
    """Divide those checks that watch records into groups that know nothing of each other."""
    groups: list[list[Check]] = []
    for check in checks:
        if not isinstance(check.condition, (Match, Count, Never)):
            continue
        joined = [group for group in groups if any(each.number in check.follows for each in group)]
        groups = [group for group in groups if group not in joined]
        groups.append([*(each for group in joined for each in group), check])
    return groups

"""`workers`: the cores of a simulated host, or the processes behind a TAP, and who of them does what."""

from __future__ import annotations

from functools import partial

from aether.engine.figures import figures, side_by_side
from aether.operations import workers as operations_workers
from aether.operations.workers import WorkersSet
from shell.commands.common import HOST
from shell.commands.mode import reset
from shell.lab.cores import MOST_WORKERS, crowded, how_many
from shell.language.grammar import CommandError, argument, command
from shell.results.message import Message
from shell.results.workers import Workers
from shell.session import Session

FREE = "frames take no time here, and all cores are alike idle. `knob set loop.cost 50us` makes each frame work"


@command("workers show", HOST, examples=("workers show",))
def show(session: Session, host: str) -> Workers:
    """Show what each core has done since `workers N`, or since the latest `bench`, up to the latest frame.

    A frame belongs to the core (source address + source port // 2) mod the number of cores, so that a connection
    stays with one of them. The skew is what the busiest has to do, as a multiple of an even share. Behind a TAP each is
    a process with a whole stack, in benchmark mode only; connections that we open, ARP, ICMP and UDP are worker 0's.
    All of them begin to count anew when one is replaced, too, and when the mode changes.
    """
    if session.lab.kind != "SIM":
        return _processes(session)
    found = session.ask(partial(operations_workers.processor, host=host))
    hint = "" if found.cost_us or found.wake_us else FREE
    return Workers(found.host, found.rows, found.skew, found.passed_us, found.cost_us, found.wake_us, hint)


@command("workers", argument("count", str, "how many cores, 1 to 64, or auto", complete="auto 1 2 4"), HOST,
         examples=("workers 4", "workers auto"))
def set_(session: Session, count: str, host: str) -> Message:
    """Give a host so many cores, each with the frames of its own flows; they begin to count anew.

    `workers auto` is as many as this machine has.
    Behind a TAP, have so many processes in benchmark mode, up to what `aether-shell --workers N` has made queues for.
    """
    if session.lab.kind != "SIM":
        return _start(session, count)
    wanted = how_many(count)
    session.do(WorkersSet(host=host, count=wanted))
    cost = session.ask(lambda world: world.hosts[host].knobs.loop_cost)
    said = f"{host}: {wanted} core{'s' if wanted > 1 else ''} now"
    return Message(said, "`workers show` shows what they do" if cost else FREE)


def _start(session: Session, text: str) -> Message:
    """Have so many processes behind the TAP, now or when benchmark mode comes."""
    shards = session.shards
    if shards is None:
        count = how_many(text)
        if count == 1:
            return Message("one worker has all frames")
        raise CommandError("this TAP has one queue, and queues are made before root is given back. "
                           f"Start with: sudo aether-shell --workers {count}")
    if text.isdecimal() and shards.capacity < int(text) <= MOST_WORKERS:
        raise CommandError(f"this TAP has {shards.capacity} queues, one for each worker, and no more can be made. "
                           f"Start with: sudo aether-shell --workers {int(text)}")
    count = how_many(text, shards.capacity, ", one for each queue of this TAP")
    if session.core.status().mode == "bench":
        lost = reset(shards)
        shards.start(count)
        return _said(f"{_workers(count)} now{lost}", "`workers show` shows what they do", crowded(count))
    shards.wanted = count
    return _said(f"{_workers(count)} in benchmark mode; trace mode has one", "`mode bench` starts them", crowded(count))


def _said(message: str, *hints: str) -> Message:
    return Message(message, "\n".join(hint for hint in hints if hint))


def _workers(count: int) -> str:
    return f"{count} workers" if count > 1 else "one worker"


def _processes(session: Session) -> Workers:
    shards = session.shards
    if shards is None:
        told = [figures(session.core, 0)]
        hint = "one worker has all frames. More: sudo aether-shell --workers auto"
    else:
        told = shards.figures()
        trace = session.core.status().mode == "trace"
        hint = shards.queues.note or (
            f"trace mode has one worker; `mode bench` has {shards.wanted}" if trace and shards.wanted > 1 else
            crowded(shards.count))
    rows, passed = side_by_side(told)
    frames = sum(row.frames for row in rows)
    skew = max(row.frames for row in rows) * len(rows) / frames if frames else 0.0
    return Workers("you", rows, round(skew, 2), passed, 0, 0, hint, processes=True)

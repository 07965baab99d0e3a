"""`workers`: the cores that a simulated host is thought to have, and who of them does what."""

from __future__ import annotations

from functools import partial

from aether import operations_workers
from aether.operations_workers import WorkersSet
from shell import results
from shell.commands.common import HOST
from shell.grammar import CommandError, argument, command
from shell.results_bench import Workers
from shell.session import Session
from shell.values import count

FREE = "frames take no time here, and all cores are alike idle. `knob set loop.cost 50us` makes each frame work"


@command("workers show", HOST, examples=("workers show",))
def show(session: Session, host: str) -> Workers:
    """Show what each core has done since `workers N`, or since the latest `bench`, up to the latest frame.

    A frame belongs to the core (source address + source port // 2) mod the number of cores, so that a connection
    stays with one of them. The skew is what the busiest has to do, as a multiple of an even share.
    """
    found = session.ask(partial(operations_workers.processor, host=host))
    hint = "" if found.cost_us or found.wake_us else FREE
    return Workers(found.host, found.rows, found.skew, found.passed_us, found.cost_us, found.wake_us, hint)


@command("workers", argument("count", count, "how many cores, 1 to 64"), HOST, examples=("workers 4",))
def set_(session: Session, count: int, host: str) -> results.Message:
    """Give a host so many cores, each with the frames of its own flows; they begin to count anew."""
    if session.lab.kind != "SIM":
        raise CommandError("behind a TAP one process has all frames. `workers` is for the simulation: "
                           "aether-shell --sim")
    session.do(WorkersSet(host=host, count=count))
    cost = session.ask(lambda world: world.hosts[host].knobs.loop_cost)
    said = f"{host}: {count} core{'s' if count > 1 else ''} now"
    return results.Message(said, "`workers show` shows what they do" if cost else FREE)

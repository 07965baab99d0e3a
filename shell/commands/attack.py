"""`attack`: attacks in the lab, against your own stack or against the host at the other end, and nobody else."""

from __future__ import annotations

from aether.attacks.attack import Attack
from aether.attacks.kinds import ATTACKS
from aether.lab import YOU
from aether.operations.attack import LONGEST_ATTACK, AttackStart
from aether.operations.services import JobCancel
from aether.world import World
from shell.commands.common import run_job
from shell.language.grammar import CommandError, argument, command, did_you_mean, option
from shell.language.values import count, duration, port
from shell.results.attack import AttackList, AttackReport, AttackRow
from shell.results.message import Message
from shell.session import Session, hint

AT = option("--at", "who is attacked: you, or host, which is the other end of the lab's link", str, metavar="WHO",
            default="you", complete="you host")
COUNT = option("--count", "how many moves", count, metavar="N", default=-1)
EVERY = option("--every", "the time from one move to the next", duration, metavar="T", default=-1)
FOR = option("--for", "how long it listens after its last move", duration, metavar="T", default=-1)
BACKGROUND = option("--background", "do not wait for its end")
PORT = option("--port", "the port that is attacked", port, metavar="P", default=-1)
CONN = option(
    "--conn", "the connection that is attacked; needed when there are several", count, metavar="N", default=-1)
OFFSET = option("--offset", "how far the number is from the one that would be right", count, metavar="N", default=-1)
OPTIONS = {
    "syn-flood": (PORT,), "fast-open-flood": (PORT,), "rst-blind": (CONN,), "rst-window": (CONN, OFFSET),
    "isn-guess": (PORT, OFFSET), "arp-poison": (), "slow-reader": (PORT,),
    "tiny-window": (PORT,), "sack-storm": (PORT,), "fragment-bomb": (),
    "land": (PORT,), "smurf": (),
}


@command("attack list", examples=("attack list",))
def list_(session: Session) -> AttackList:
    """List the attacks. Each is bounded in number and time, and stays on the lab's own link."""
    return AttackList([_row(each) for each in ATTACKS.values()])


@command("attack show", argument("name", str, "an attack's name", complete=" ".join(ATTACKS)),
         examples=("attack show syn-flood",))
def show(session: Session, name: str) -> AttackRow:
    """Explain an attack: what it lives on, what stops it, and the knob that lets one see both."""
    if name not in ATTACKS:
        near = did_you_mean(name, ATTACKS) or f". There are: {', '.join(ATTACKS)}"
        raise CommandError(f"no attack {name!r}{near}")
    return _row(ATTACKS[name])


@command("attack stop", examples=("attack stop",))
def stop(session: Session) -> Message:
    """End the attack that is under way."""
    running = session.ask(_running)
    if not running:
        raise CommandError("no attack is under way")
    for number in running:
        session.do(JobCancel(job=number))
    return Message("the attack is over")


def _running(world: World) -> list[int]:
    return [number for number, job in world.hosts["you"].jobs.items() if isinstance(job, Attack) and not job.done]


def _declare(kind: type[Attack]) -> None:
    """Declare the command that begins one attack."""

    def run(session: Session, **said: object) -> AttackReport:
        return _attack(session, kind, **said)  # type: ignore[arg-type]

    run.__doc__ = f"{kind.ABOUT} What stops it: {kind.DEFENCE}."
    usual = f"attack {kind.NAME}"
    command(usual, AT, COUNT, EVERY, FOR, BACKGROUND, *OPTIONS[kind.NAME],
            examples=(usual, f"attack {kind.NAME} --at host"))(run)


def _attack(
    session: Session, kind: type[Attack], at: str, count: int, every: int, background: bool, port: int = -1,
    conn: int = -1, offset: int = -1, **rest: int,
) -> AttackReport:
    _, outcome, report, _ = run_job(session, AttackStart(
        kind=kind.NAME, victim=at, count=count, every=every, lasting=rest["for"], port=port, conn=conn, offset=offset,
        kernel=session.lab.host_address), YOU, LONGEST_ATTACK, background)
    return AttackReport(
        _row(kind), at, outcome, report.moves, report.sent, report.elapsed, report.success, report.findings,
        hint(outcome))


def _row(kind: type[Attack]) -> AttackRow:
    return AttackRow(kind.NAME, kind.ABOUT, kind.DEFENCE, list(kind.KNOBS), kind.RFC)


for _kind in ATTACKS.values():
    _declare(_kind)

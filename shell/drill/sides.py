"""One script at Aether and at a kernel, line by line."""

from __future__ import annotations

from dataclasses import replace

from shell.drill.errors import KernelError
from shell.drill.outcome import Outcome
from shell.drill.player import ScriptPlayer
from shell.drill.run import TRIES, Wishes, player_for
from shell.drill.script import Script, ScriptCall, ScriptPacket, TcpPacket
from shell.results.drill import DrillComparison, DrillPair
from shell.views.drill import clock

NOT_ASKED = "a lesson asks no kernel by itself"


def compare(script: Script, wishes: Wishes, asks_kernel: bool = True) -> DrillComparison:
    """Play a script on both, each to its end whatever goes wrong.

    Where there is no kernel, or none is to be asked, the answers are those that were recorded of one; CommandError if
    none were, of this script.
    """
    ours = _played(script, wishes, "aether")
    best: DrillComparison | None = None
    for _ in range(TRIES if asks_kernel else 0):
        try:
            theirs = _played(script, wishes, "kernel")
        except KernelError as problem:
            return _remembered(script, ours, wishes, str(problem))
        found = _paired(script, ours, theirs)
        if best is None or found.differences < best.differences:
            best = found
        if not any(pair.differs == ["time"] for pair in found.lines):
            break
    return best if best is not None else _remembered(script, ours, wishes, NOT_ASKED)


def _remembered(script: Script, ours: ScriptPlayer, wishes: Wishes, reason: str) -> DrillComparison:
    """Hold a play against what was recorded of a kernel; `reason` is why none is asked."""
    try:
        theirs = _played(script, wishes, "recorded")
    except KernelError as problem:
        raise KernelError(f"{reason}\nNor is an answer recorded: {problem}") from None
    found = _paired(script, ours, theirs)
    found.recorded = reason
    return found


def _played(script: Script, wishes: Wishes, against: str) -> ScriptPlayer:
    player = player_for(script, replace(wishes, against=against), forgiving=True)
    try:
        player.play()
    finally:
        player.stage.close()
    return player


def _paired(script: Script, ours: ScriptPlayer, theirs: ScriptPlayer) -> DrillComparison:
    pairs = []
    for one, other in zip(ours.outcomes, theirs.outcomes, strict=True):
        differs = _differences(one, other, theirs.tolerance)
        pairs.append(DrillPair(one.line.place.line, one.line.text, _shown(one), _shown(other), differs))
    kernel = str(getattr(theirs.stage, "kernel", ""))
    return DrillComparison(
        script.file, kernel, pairs, sum(bool(pair.differs) for pair in pairs), script.kernel_differs,
        aether_failed=_failures(ours), kernel_failed=_failures(theirs))


def _failures(player: ScriptPlayer) -> int:
    return sum(outcome.verdict == "failed" for outcome in player.outcomes)


def arrivals(script: Script, after: int) -> dict[str, int]:
    """Return how many segments of each kind arrive in the lines after the first `after`."""
    found = dict.fromkeys(("rst", "syn", "fin", "data", "ack"), 0)
    for line in script.lines[after:]:
        event = line.event
        if isinstance(event, TcpPacket) and event.inbound:
            kinds = [name for name, letter in (("rst", "R"), ("syn", "S"), ("fin", "F")) if letter in event.flags]
            kinds += ["data"] if event.span.length else []
            for kind in kinds or ["ack"]:
                found[kind] += 1
    return found


def _differences(one: Outcome, other: Outcome, tolerance: int) -> list[str]:
    """Return in what two plays of a line differ."""
    event, found = one.line.event, []
    if isinstance(event, ScriptPacket) and not event.inbound:
        if _comparable(one) != _comparable(other):
            found.append("packet")
    elif isinstance(event, ScriptCall):
        mine, its = (each.got.partition(" = ")[2] for each in (one, other))
        both_open = mine.isdigit() and its.isdigit() and event.result.value not in (None, 0)
        if mine != its and not (both_open and "failed" not in (one.verdict, other.verdict)):
            found.append("result")
    if (one.verdict == "failed") != (other.verdict == "failed") and not found:
        found.append("time" if _only_time(one) or _only_time(other) else "result")
    elif not found and min(one.time, other.time) >= 0 and abs(one.time - other.time) > tolerance:
        found.append("time")
    return found


def _comparable(outcome: Outcome) -> str:
    """Return a packet without what may be anything: what is not named in the line is not compared."""
    differ = [f"{each.name} {each.got}" for each in outcome.fields if each.differs and each.name != "time"]
    return ", ".join(differ)


def _only_time(outcome: Outcome) -> bool:
    return [each.name for each in outcome.fields if each.differs] in (["time"], ["returns at"])


def _shown(outcome: Outcome) -> str:
    when = f"{clock(outcome.time).removesuffix(' s')} " if outcome.time >= 0 else ""
    if outcome.got:
        return f"{when}{outcome.got}"
    return f"{when}{outcome.problem or outcome.line.text.partition(' ')[2]}"

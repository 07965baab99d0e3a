"""Programs that differ, cut down to what it takes; and packet scripts of them, that can be kept."""

from __future__ import annotations

from collections.abc import Callable

from tests.drill.differ.comparison import Difference
from tests.drill.differ.known import explain
from tests.drill.differ.play import Kernel, Out, Trace, play_aether
from tests.drill.differ.programs import Program

ROUNDS = 12
"""How often everything that could be left out is tried, at the most."""


def unexplained(kernel: Kernel, programs: list[Program]) -> list[Difference | None]:
    """Return of each the first difference that no class explains."""
    return [
        explain(program, play_aether(program), trace)[1]
        for program, trace in zip(programs, kernel.play(programs), strict=True)]


def minimise(kernel: Kernel, found: Difference, holds: Callable[[Difference | None], bool]) -> Difference:
    """Leave out steps as long as it holds; all candidates of a round are played at the same time."""
    for _ in range(ROUNDS):
        program = found.program
        count = len(program.steps)
        size = max(count // 3, 1)
        candidates = []
        while size:
            candidates += [program.without(at, min(at + size, count)) for at in range(0, count, size)]
            size //= 2
        candidates = [each for each in candidates if each.steps]
        better = [each for each in unexplained(kernel, candidates) if each is not None and holds(each)]
        if not better:
            return found
        found = min(better, key=lambda each: len(each.program.steps))
    return found


def as_script(program: Program, trace: Trace | None, about: str) -> str:
    """Return a program as a packet script; with a trace, what came is expected, in the order in which it came."""
    lines = [f"# {about}"]
    lines += [f"`sysctl -q {name}={value}`" for name, value in program.sysctls]
    for number, step in enumerate(program.steps):
        text = step.text
        happened = trace.steps[number] if trace is not None else None
        if happened is not None and text.endswith("= ?") and happened.result[:1] in "-0123456789":
            value, _, code = happened.result.partition(" ")
            text = f"{text[:-1]}{value}{' ' + code if value == '-1' else ''}"
        if happened is None or happened.result != "no descriptor":
            lines.append(f"+{step.wait / 1e6:g} {text}")
        for out in happened.out if happened is not None else ():
            lines.append(_expected(out, happened.at if happened is not None else 0))
    return "\n".join(lines) + "\n"


def _expected(out: Out, at: int) -> str:
    shown = str(out).partition(" win ")[0]
    options = "<...>" if out.options else ""
    return f"{'+0~+.02' if out.time <= at + 3_000 else '*'} {shown} {options}".rstrip()

"""One short program for each known difference; `examples.txt` has them, as lines of packet scripts."""

from __future__ import annotations

from pathlib import Path

from tests.drill.differ.programs import Program, Step

FILE = Path(__file__).with_name("examples.txt")


def load() -> dict[str, Program]:
    """Return the programs by the name of what they show."""
    found: dict[str, Program] = {}
    for section in FILE.read_text(encoding="utf-8").split("\n== ")[1:]:
        name, *lines = section.strip().split("\n")
        sysctls, steps = [], []
        for line in lines:
            if line.startswith("`sysctl -q "):
                key, _, value = line.strip("`").removeprefix("sysctl -q ").partition("=")
                sysctls.append((key, value))
            else:
                wait, _, text = line.partition(" ")
                steps.append(Step(round(float(wait) * 1e6), text))
        found[name] = Program(tuple(steps), tuple(sysctls))
    return found


def save(programs: dict[str, Program]) -> None:
    """Write them."""
    text = "Programs that show the known differences, as short as can be. Times: seconds since the step before.\n"
    for name, program in sorted(programs.items()):
        text += f"\n== {name}\n" + "".join(f"`sysctl -q {key}={value}`\n" for key, value in program.sysctls)
        text += "".join(f"+{step.wait / 1e6:g} {step.text}\n" for step in program.steps)
    FILE.write_text(text, encoding="utf-8")

"""docs/session.svg: a picture of a real, seeded session, for the README.

    python tools/picture.py > docs/session.svg
"""

from __future__ import annotations

import io
import math
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from rich.console import Console
from rich.text import Text

from aether.engine.core import Core
from aether.lab import simulated
from shell.language import grammar
from shell.language.registry import find
from shell.session import Lab, Session
from shell.views import render

LINES = (
    "tcp connect 192.168.1.1:9",
    "link drop next 1 out",
    "break timer rto",
    'tcp send 1 "hello, is anybody there?"',
    "why conn 1 stalled",
    "run 1s",
    "frames 6",
    "back until event == \"frame.lost\"",
    "live",
    "compare knob tcp.retransmit=off",
)
"""A segment is lost: who notices, when, and what if nobody did."""


def main() -> None:
    """Print the picture."""
    core = Core(simulated(1), speed=math.inf)
    core.start()
    try:
        console = Console(record=True, width=108, file=io.StringIO(), force_terminal=True, color_system="truecolor")
        session = Session(core, Lab("SIM", seed=1), scripted=True)
        for line in LINES:
            words = line.split()
            command = find(words)
            rest = line.split(None, len(command.path))[len(command.path):]
            read = grammar.read_raw(command, rest[0] if rest else "") if command.raw else grammar.read(
                command, words[len(command.path):])
            values = {name: value for name, value in read.items() if name not in ("json", "plain")}
            shown = line if len(line) < 60 else line[:40] + '… "'
            console.print(Text.assemble(("aether> ", "bold"), shown))
            console.print(render.to_rich(command.run(session, **values)))
        picture = console.export_svg(title="aether-shell --sim --seed 1")
    finally:
        core.stop()
    picture = re.sub(r"@font-face \{.*?\}", "", picture, flags=re.DOTALL)  # the reader's own monospaced font will do
    sys.stdout.write("\n".join(line.rstrip() for line in picture.splitlines()) + "\n")


if __name__ == "__main__":
    main()

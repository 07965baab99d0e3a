"""Scripts that are no scripts: whatever is written, the answer is a script or a place and a reason."""

from __future__ import annotations

import os
import random
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shell.drill.errors import ScriptError
from shell.drill.parse import parse

SCRIPTS = [path.read_text(encoding="utf-8") for path in sorted((Path(__file__).parents[1] / "drill").rglob("*.pkt"))]
WORDS = [
    *sorted({word for text in SCRIPTS for word in text.split()}),
    "%{", "}%", "`", '"', "<", ">", "...", "[", "]", "{", "}", "(", ")", "=", "|", "~", "*", "-1", "0x", "\x00", "é",
    "mp_capable", "icmp", "udp", "frag 0:8", "99999999999999999999999", "/*", "*/", "//", "#", "--mtu=", "# aether: x",
]


def read(text: str) -> None:
    """Read a text that may be no script."""
    parse.cache_clear()
    try:
        parse(text, "fuzzed.pkt")
    except ScriptError as problem:
        assert problem.place.line >= 1 and problem.place.column >= 1
        assert str(problem).startswith(f"fuzzed.pkt:{problem.place.line}:{problem.place.column}: ")
        assert problem.problem


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, len(SCRIPTS) - 1), st.randoms(use_true_random=False))
def test_damaged_scripts(index: int, chance: random.Random) -> None:
    """Words of a script are taken away, put in, moved and changed."""
    text = SCRIPTS[index]
    for _ in range(chance.randrange(1, 5)):
        at = chance.randrange(len(text) + 1)
        kind = chance.randrange(4)
        if kind == 0:
            text = text[:at] + text[at + chance.randrange(1, 12):]
        elif kind == 1:
            text = f"{text[:at]} {chance.choice(WORDS)} {text[at:]}"
        elif kind == 2:
            text = text[:at] + chance.choice("<>[](){}=.,:|~*+-`\"%#/\\\n\0 aE0") + text[at + 1:]
        else:
            other = chance.choice(SCRIPTS)
            text = text[:at] + other[chance.randrange(len(other)):][:chance.randrange(80)] + text[at:]
    read(text)


@settings(max_examples=150)
@given(st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join))
def test_words_in_any_order(text: str) -> None:
    read(text)


@settings(max_examples=100)
@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    read(text)


if __name__ == "__main__":  # for as long as one likes: python -m tests.fuzz.test_drill_fuzz SECONDS
    import sys
    import time

    end, count = time.monotonic() + float(sys.argv[1]), 0
    chance = random.Random(os.getpid())
    while time.monotonic() < end:
        test_damaged_scripts.hypothesis.inner_test(chance.randrange(len(SCRIPTS)), chance)  # type: ignore[attr-defined]
        read(" ".join(chance.choices(WORDS, k=chance.randrange(30))))
        count += 2
    print(f"{count} texts, and no traceback")

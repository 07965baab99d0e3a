"""Lines of text on their way to a file: as they are, and nothing in them steers a terminal that shows the file."""

from __future__ import annotations

import io
import random

import pytest

from shell.prompt import unbroken
from shell.reading.escape import printable


def written(text: str) -> str:
    """Return what is in the file."""
    file = io.StringIO()
    unbroken.write(file, text)
    return file.getvalue()


@pytest.mark.parametrize("text, shown", [
    ("one\ttwo\nthree  ", "one\ttwo\nthree  \n"),
    ("a\x1b[31mb\r\n", "a\\x1b[31mb\\r\n\n"),
    ("é [bold]x[/] :smile:", "é [bold]x[/] :smile:\n"),
    ("\u202eleft", "\\u202eleft\n"),
    ("x" * 2000, "x" * 2000 + "\n"),
])
def test_text_is_written_as_it_stands_without_what_steers(text: str, shown: str) -> None:
    assert written(text) == shown


def test_what_is_quick_for_text_without_odd_characters_says_the_same_as_looking_at_each() -> None:
    draw = random.Random(1)
    for _ in range(300):
        text = "".join(chr(draw.choice((9, 10, 13, 27, 32, 65, 126, 127, 128, 160, 233))) for _ in range(6))
        each = "".join(char if char in "\n\t" else printable(char) for char in text)
        assert printable(text, lines=True) == each


def test_a_pipe_that_nobody_reads_is_no_mistake() -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    unbroken.write(Closed(), "text")

"""JSON of strangers: whatever is wrong with it is said, with its line, and nothing else is raised."""

from __future__ import annotations

import pytest

from aether.plain import DataError, parse


@pytest.mark.parametrize("text", [
    '{"x": {"\\u0061": 1, "a": 2}, "\x01": 3}',
    '{"x": {"\\u0061": 1, "a": 2},\n "\\q": 3}',
    '{"x": {"\\u0061": 1, "a": 2},\n "\\ud8": 3}',
])
def test_a_mistake_before_another_one(text: str) -> None:
    """A name is there twice, written in two ways: its place is looked for to the end, where the other mistake is."""
    with pytest.raises(DataError, match="twice"):
        parse(text)

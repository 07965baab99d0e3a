"""docs/reliability.md was made by its commands: every load has its row, and the figures hold what they have to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.tap.overload import LOADS
from tools.section import replace

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/reliability.md").read_text(encoding="utf-8")


def part(name: str) -> list[list[str]]:
    """Return the cells of the table that a command has made."""
    found = re.search(rf"<!-- {name}:.*?-->\n(.*?)<!-- end of {name} -->", PAGE, re.DOTALL)
    assert found
    return [[cell.strip() for cell in line.strip("|").split("|")]
            for line in found[1].splitlines() if line.startswith("| ")][1:]


def test_every_load_has_its_row_and_nothing_is_left_of_any() -> None:
    rows = part("overload")
    assert [row[0] for row in rows] == [load.title for load in LOADS]
    assert all(row[6] == "0" for row in rows)
    assert all(int(row[4].partition(",")[0]) > 0 for row in rows)


def test_what_an_hour_of_use_holds_is_flat() -> None:
    rows = part("soak")
    assert len(rows) > 5
    later = rows[len(rows) // 4:]
    for column in (2, 3):  # descriptors, threads
        assert len({row[column] for row in later}) == 1


def test_a_part_of_a_page_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- one: by x -->\nold\n<!-- end of one -->\nb\n<!-- two: by y -->\n<!-- end of two -->\n")
    replace(page, "one", "new")
    replace(page, "two", "more")
    assert page.read_text() == (
        "a\n<!-- one: by x -->\n\nnew\n\n<!-- end of one -->\nb\n<!-- two: by y -->\n\nmore\n\n<!-- end of two -->\n")
    with pytest.raises(SystemExit):
        replace(page, "three", "")

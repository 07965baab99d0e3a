"""The docs are true of the tree: paths exist, links lead somewhere, examples run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_paths_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for path in re.findall(r"`((?:aether|shell|tests|docs|benchmarks|lessons)/[\w./]*)`", text):
        assert (ROOT / path).exists(), path
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (page.parent / link).exists(), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_examples_run(page: Path) -> None:
    for example in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        exec(compile(example, page.name, "exec"), {})


def test_the_architecture_has_an_example() -> None:
    assert "```python" in (ROOT / "docs/architecture.md").read_text(encoding="utf-8")


def test_the_house_is_complete() -> None:
    """Every package has its line in the table."""
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    for top in ("aether", "shell"):
        for init in (ROOT / top).glob("*/__init__.py"):
            room = f"{top}/{init.parent.name}/"
            assert f"`{room}`" in text, f"say in docs/architecture.md what {room} is"


def test_every_target_that_is_named_is_in_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for page in PAGES:
        for target in re.findall(r"(?:`|^ *)(?:sudo )?make ([a-z]+)", page.read_text(encoding="utf-8"), re.MULTILINE):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target

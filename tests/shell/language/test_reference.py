"""docs/commands.md is what the declarations say."""

from pathlib import Path

from shell.language.reference import page, results_of
from shell.language.registry import load_all
from shell.views import registry

DOCS = Path(__file__).resolve().parents[3] / "docs" / "commands.md"


def test_the_page_is_current() -> None:
    assert DOCS.read_text(encoding="utf-8") == page(), "run: python -m shell.language.reference > docs/commands.md"


def test_every_command_is_on_the_page() -> None:
    text = page()
    for command in load_all():
        assert f"### {command.name}\n" in text


def test_every_result_has_a_view_and_a_schema() -> None:
    """A result is what some command says that it returns; the other dataclasses are parts of one."""
    returned = {result for command in load_all() for result in results_of(command)}
    assert len(returned) > 50
    registry.load_all()
    for found in returned:
        assert found in registry.DRAW, found

"""docs/commands.md is what the declarations say."""

from dataclasses import is_dataclass
from pathlib import Path

from shell import results
from shell.commands import load_all
from shell.reference import page
from shell.views import draw

DOCS = Path(__file__).resolve().parent.parent.parent / "docs" / "commands.md"


def test_the_page_is_current() -> None:
    assert DOCS.read_text(encoding="utf-8") == page(), "run: python -m shell.reference > docs/commands.md"


def test_every_command_is_on_the_page() -> None:
    text = page()
    for command in load_all():
        assert f"### {command.name}\n" in text


def test_every_result_has_a_view_and_a_schema() -> None:
    rows = {
        "EventRow", "Occurrence", "FrameRow", "Field", "Layer", "PingLine", "DnsLine", "HelpLine",
        "HelpGroup", "TraceLine", "TraceHop", "TraceProbe",
    }
    for name, found in vars(results).items():
        if is_dataclass(found) and found.__module__ == results.__name__ and name not in rows:
            assert found in draw.DRAW, name

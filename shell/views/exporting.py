"""Results drawn into files: SVG for slides, HTML for pages, text for mail."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from html import escape
from typing import Any

from shell.language import grammar
from shell.language.registry import find
from shell.results.plot import PlotReport
from shell.session import Session
from shell.views import render

FORMATS = ("svg", "html", "text")
PAPER = {"light": "#ffffff", "dark": "#101418", "high-contrast": "#000000", "mono": "#ffffff"}
INK = {"light": "#1a1a1a", "dark": "#d8dee4", "high-contrast": "#ffffff", "mono": "#000000"}
"""Backgrounds and colours of plain text."""


def results_of(session: Session, line: str) -> Any:
    """Run a line, and return its result; CommandError and the like if it makes no sense."""
    words = line.split()
    command = find(words)
    rest = line.split(None, len(command.path))[len(command.path):]
    if command.raw:
        values = grammar.read_raw(command, rest[0] if rest else "")
    else:
        values = grammar.read(command, words[len(command.path):])
    return command.run(session, **{name: value for name, value in values.items() if name not in ("json", "plain")})


def real_lines(result: PlotReport, theme: str) -> str:
    """Return a plot as SVG with lines, and not as the picture of a terminal."""
    from shell.views.plot_svg import to_svg

    return to_svg(result, PAPER[theme], INK[theme])


def draw(
    shown: Iterable[tuple[str, Any]], format: str, width: int, theme: str, *, prompt: bool, title: str = "",
) -> str:
    """Draw results, or texts as they are, each below its line if `prompt`, in one of `FORMATS`."""
    from rich.console import Console
    from rich.text import Text

    from shell.views.theme import exactly

    console = Console(
        record=True, width=width, file=io.StringIO(), force_terminal=True, color_system="truecolor", no_color=False,
        legacy_windows=False, _environ={})  # the terminal of the person who exports has no part in it
    with exactly(theme):
        for line, result in shown:
            if prompt:
                console.print(Text.assemble(("aether> ", "bold"), line))
            if result is not None:
                console.print(result if isinstance(result, Text) else render.to_rich(result))
        if format == "text":
            return "\n".join(each.rstrip() for each in console.export_text(styles=False).splitlines()) + "\n"
        if format == "html":
            return console.export_html(theme=_terminal(theme), inline_styles=True, code_format=_page(title or "aether"))
        picture = console.export_svg(title=title or "aether", theme=_terminal(theme), unique_id="aether")
    # The reader's own monospaced font will do, and nothing is fetched from anywhere.
    picture = re.sub(r"@font-face \{.*?\}", "", picture, flags=re.DOTALL)
    return "\n".join(each.rstrip() for each in picture.splitlines()) + "\n"


def _page(title: str) -> str:
    """Return what rich fills in: a page that says what it is, for a reader's list of windows, too."""
    shown = escape(title).replace("{", "{{").replace("}", "}}")
    return (f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{shown}</title>\n</head>\n'
            '<body style="color: {foreground}; background-color: {background}">\n'
            '<pre style="font-family: Menlo, Consolas, \'DejaVu Sans Mono\', monospace; line-height: 1.25">'
            "<code style=\"font-family: inherit\">{code}</code></pre>\n</body>\n</html>\n")


def _terminal(theme: str) -> Any:
    """Return rich's theme of a terminal: background, foreground, and the sixteen colours."""
    from rich.terminal_theme import TerminalTheme

    def parts(colour: str) -> tuple[int, int, int]:
        red, green, blue = bytes.fromhex(colour[1:])
        return red, green, blue

    plain = [parts(INK[theme])] * 8
    return TerminalTheme(parts(PAPER[theme]), parts(INK[theme]), plain, plain)

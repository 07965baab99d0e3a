"""`export`: any view as a file, for slides and pages."""

from __future__ import annotations

from shell.commands.common import FORCE
from shell.files.writing import place, write
from shell.language.grammar import CommandError, argument, command, did_you_mean, option
from shell.language.values import count
from shell.results.export import Exported
from shell.results.plot import PlotReport
from shell.session import Session
from shell.views.exporting import FORMATS, draw, real_lines, results_of


def _format(text: str) -> str:
    if text not in FORMATS:
        raise CommandError(f"a picture is {', '.join(FORMATS)}, not {text!r}{did_you_mean(text, FORMATS)}")
    return text


def _width(text: str) -> int:
    width = count(text)
    if not 40 <= width <= 400:
        raise CommandError(f"a width is from 40 to 400 columns, not {width}")
    return width


@command(
    "export", argument("format", _format, "svg, html or text", complete="svg html text"),
    argument("file", str, "the file to write", complete="files"),
    argument("line", str, "the command whose result is drawn", raw="program"),
    option("--width", "how many columns it has (100)", _width, default=100, metavar="N"),
    option("--theme", "the colours: dark, light, mono, high-contrast", str, default="", metavar="NAME",
           complete="dark light mono high-contrast"),
    FORCE,
    examples=("export svg frames.svg frames", "export html --theme light show.html tcp show 1",
              "export text --force --width 80 ladder.txt ladder 1"),
)
def export(
    session: Session, format: str, file: str, line: str, width: int, theme: str, force: bool
) -> Exported:
    """Draw the result of a command into a file: as a picture, as a page, or as text without colours.

    Options of `export` come first; everything after the file belongs to the command. A plot as SVG has real lines.
    """
    from shell.views.theme import THEMES

    if theme and theme not in THEMES:
        raise CommandError(f"no theme {theme!r}. There are {', '.join(THEMES)}")
    again = f"export {format} --force {file} {line}"
    place(file, force, again)
    words = line.split()
    if words and words[0] == "export":
        raise CommandError("what is exported is a view, and no export. For example: export svg a.svg frames")
    result = results_of(session, line)
    if format == "svg" and isinstance(result, PlotReport):
        content = real_lines(result, theme or "light")
    else:
        content = draw([(line, result)], format, width, theme or "dark", prompt=False,
                       title=line if format == "html" else "")
    return Exported(file, format, line, write(file, content, force=force, again=again))



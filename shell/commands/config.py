"""`theme` and `config`: how things look, and the file that says so."""

from __future__ import annotations

from pathlib import Path

from shell.commands.common import FORCE
from shell.configuration import SETTINGS, Configuration, default_file, template
from shell.configuration import load as load_file
from shell.files.writing import write
from shell.language.grammar import CommandError, argument, command, did_you_mean
from shell.results.config import ConfigReport, ConfigRow, ThemeReport, ThemeRow
from shell.results.message import Message
from shell.session import Session

_OTHER_NAMES = {"monochrome": "mono", "contrast": "high-contrast", "white": "light", "black": "dark"}


def _theme(text: str) -> str:
    from shell.views.theme import THEMES

    name = _OTHER_NAMES.get(text.lower(), text.lower())
    if name not in (*THEMES, "auto"):
        known = f"There are {', '.join(THEMES)}, and auto"
        raise CommandError(f"no theme {text!r}{did_you_mean(name, THEMES) or f'. {known}'}")
    return name


@command(
    "theme", argument("name", _theme, "dark, light, mono, high-contrast, or auto", default="",
                      complete="dark light mono high-contrast auto"),
    examples=("theme", "theme high-contrast", "theme mono"),
)
def theme(session: Session, name: str) -> ThemeReport:
    """Choose the colours, for this sitting, or show what there is to choose. `config init` helps to keep a choice."""
    from shell.views import theme as looks

    if name:
        looks.choose(name)
    chosen, who = looks.current()
    rows = [ThemeRow(each, found.help, each == chosen) for each, found in looks.THEMES.items()]
    return ThemeReport(chosen, who, looks.depth(), rows)


@command("config show", examples=("config show",))
def show(session: Session) -> ConfigReport:
    """Show every setting, and which of them the configuration file sets."""
    return _report(session.configuration or load_file(default_file()))


@command("config check", argument("file", str, "a configuration file; yours without it", default="", complete="files"),
         examples=("config check", "config check other.toml"))
def check(session: Session, file: str) -> ConfigReport:
    """Say what is wrong with a configuration file."""
    path = Path(file).expanduser() if file else default_file()
    found = load_file(path)
    if not found.exists and not found.problems:
        raise CommandError(f"there is no {path}. `config init` writes one")
    if found.problems:
        raise CommandError("\n".join(found.problems))
    return _report(found)


@command("config init", FORCE, examples=("config init",))
def init(session: Session, force: bool) -> Message:
    """Write a configuration file with every setting as a comment, where there is none yet."""
    path = default_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise CommandError(f"cannot write {path}: {problem.strerror}") from None
    write(path, template(), force=force, again="config init --force; `config show` says what it sets")
    return Message(f"{path} is written; none of its settings counts yet", "take away the # of what you want")


def _report(found: Configuration) -> ConfigReport:
    rows = [
        ConfigRow(name, _words(found[name]), name in found.values, setting.help) for name, setting in SETTINGS.items()]
    hint = "" if found.exists else "`config init` writes the file"
    return ConfigReport(found.file, found.exists, rows, found.problems, hint)


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {line or 'nothing'}" for key, line in value.items()) or "none"
    return str(value)

"""Scenarios: links that are bad in a way that has a name, as TOML files.

A file has a `title`, an `about`, and tables `both`, `out` and `in` with settings as `link` takes them. With a table
`nat` a NAT stands in the middle, and has the settings in it, as `link box nat` takes them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from aether.link.impairments import IMPAIRMENTS, Pipe
from aether.link.nat_table import NAMES, read_settings, shown
from aether.link.quantities import QuantityError
from shell.files import toml
from shell.files.opening import read_whole
from shell.language.grammar import CommandError, did_you_mean

SUFFIX = ".toml"
MAX_FILE = 65_536
"""Bytes of a scenario's file, at the most."""
TABLES = ("both", "out", "in", "nat")
TEXTS = ("title", "about")
MAX_TEXT = 300
"""Characters of a title or an about."""


@dataclass(frozen=True)
class Scenario:
    """A name for settings of a link; `settings` are name and value as a person writes them, by direction."""

    name: str
    title: str
    about: str
    settings: dict[str, dict[str, str]]

    @property
    def nat(self) -> dict[str, str]:
        """All settings of a NAT in the middle; empty if there is none."""
        given = self.settings.get("nat")
        return {} if given is None else shown(read_settings(given))

    def of(self, direction: str) -> dict[str, str]:
        """Return what holds in one direction."""
        return {**self.settings.get("both", {}), **self.settings.get(direction, {})}


def names() -> list[str]:
    """Return the names of those that come with the program."""
    return sorted(each.name.removesuffix(SUFFIX) for each in resources.files(__name__).iterdir()
                  if each.name.endswith(SUFFIX))


def find(what: str) -> Scenario:
    """Return a scenario by its name, or from a file of one's own; CommandError if it cannot be had."""
    known = names()
    if what in known:
        text = (resources.files(__name__) / f"{what}{SUFFIX}").read_text(encoding="utf-8")
        return parse(text, what, what)
    if not what.endswith(SUFFIX):
        near = did_you_mean(what, known) or f". There are: {', '.join(known)}"
        raise CommandError(f"no scenario {what!r}{near}. One of your own is a file: scenario load NAME{SUFFIX}")
    return parse(read(what), Path(what).name.removesuffix(SUFFIX), what)


def read(file: str) -> str:
    """Return the text of a file; CommandError if it cannot be read, or is none."""
    path = Path(file).expanduser()
    try:
        data = read_whole(path, MAX_FILE)
        if len(data) > MAX_FILE:
            raise CommandError(f"{file} is larger than {MAX_FILE:,} bytes, and so no scenario")
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise CommandError(f"{file} is not UTF-8 text, and so no scenario") from None
    except OSError as problem:
        raise CommandError(f"cannot read {file}: {problem.strerror}") from None


def parse(text: str, name: str, where: str) -> Scenario:
    """Return the scenario that a text describes; CommandError with place and remedy if it does not."""
    try:
        data = toml.parse(text)
    except toml.TomlError as problem:
        raise CommandError(f"{where}: {problem}") from None
    settings: dict[str, dict[str, str]] = {}
    for key, value in data.items():
        if key in TEXTS:
            if not isinstance(value, str) or len(value) > MAX_TEXT:
                raise CommandError(f"{where}{line_of(text, key)}: {key} is a text of at most {MAX_TEXT} characters")
        elif key not in TABLES:
            near = did_you_mean(key, (*TABLES, *TEXTS)) or f". There are: {', '.join((*TEXTS, *TABLES))}"
            raise CommandError(f"{where}{line_of(text, key)}: a scenario has no {key!r}{near}")
        elif not isinstance(value, dict):
            raise CommandError(f"{where}{line_of(text, key)}: {key} is a table: [{key}], and settings below it")
        else:
            settings[key] = _table(text, key, value, where)
    found = Scenario(name, data.get("title", name), data.get("about", ""), settings)
    if "nat" not in settings and not any(settings.values()):
        raise CommandError(f"{where}: it sets nothing. Such as: [both], and below it loss = \"5%\"")
    for direction in ("out", "in"):
        _try(found, direction, text, where)
    return found


def _table(text: str, table: str, values: dict[str, object], where: str) -> dict[str, str]:
    found = {}
    for name, value in values.items():
        place = f"{where}{line_of(text, name, table)}"
        names = NAMES if table == "nat" else IMPAIRMENTS
        if name not in names or name == "drop-every":
            near = did_you_mean(name, names) or f". There are: {', '.join(names)}"
            raise CommandError(f"{place}: a {'NAT' if table == 'nat' else 'link'} has no {name!r}{near}")
        if isinstance(value, bool):
            value = "on" if value else "off"
        if not isinstance(value, str | int | float):
            raise CommandError(f"{place}: {name} is one value in quotes, such as \"5%\"")
        found[name] = str(value)
        if table == "nat":
            try:
                read_settings({name: found[name]})
            except QuantityError as problem:
                raise CommandError(f"{place}: {name} = {value!r}: {problem}") from None
    return found


def _try(found: Scenario, direction: str, text: str, where: str) -> None:
    """Set everything once on a pipe that leads nowhere."""
    pipe = Pipe(0, "trial", "out")
    for name, value in ordered(found.of(direction)):
        try:
            pipe.set(name, value)
        except QuantityError as problem:
            table = direction if name in found.settings.get(direction, {}) else "both"
            raise CommandError(f"{where}{line_of(text, name, table)}: {name} = {value!r}: {problem}") from None


def ordered(settings: dict[str, str]) -> list[tuple[str, str]]:
    """Return settings in an order in which they can be set: the upper limit of RED before the lower one."""
    return sorted(settings.items(), key=lambda pair: pair[0] == "red-min")


def line_of(text: str, key: str, table: str = "") -> str:
    """Return ``:LINE`` of a key, empty if it cannot be found."""
    inside = not table
    for number, line in enumerate(text.splitlines(), 1):
        if heading := re.match(r"\s*\[\s*([\w-]+)\s*\]", line):
            if heading[1] == key and not table:
                return f":{number}"
            inside = not table or heading[1] == table
        elif inside and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
            return f":{number}"
    return ""


def to_toml(title: str, settings: dict[str, dict[str, str]]) -> str:
    """Return the text of a scenario."""
    lines = [f'title = "{title}"']
    for table in TABLES:
        if settings.get(table):
            lines += ["", f"[{table}]", *(f'{name} = "{value}"' for name, value in settings[table].items())]
    return "\n".join(lines) + "\n"

"""`help`: all commands, or one in detail, from their declarations."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from shell.language import grammar
from shell.language.grammar import Command, argument, command
from shell.language.registry import NOUNS, find, load
from shell.language.shortened import SHORT, whole_words
from shell.results.help import FieldGroup, FieldLine, FieldList, HelpGroup, HelpIndex, HelpLine, HelpPage
from shell.session import Session

if TYPE_CHECKING:
    from aether.filters.field import FilterField

KEYS = (
    ("F1", "help"), ("F2", "trace on or off"), ("F5", "run or pause"), ("F8", "step"), ("Ctrl-C", "cancel, or pause"),
    ("Ctrl-D", "quit"),
)
BUILT_IN = (
    ("history", "lines typed before"), ("alias", "a short name for a line"), ("macro", "an alias with arguments"),
    ("run_script", "run the lines of a file"), ("clear", "clear the screen"), ("quit", "leave"),
)
"""Commands of cmd2 that are ours too, and what the terminal alone needs."""
EXAMPLES = {
    "alias": ("alias create lossy link loss 5%", "alias list", "alias delete lossy"),
    "macro": ("macro create echo tcp connect 192.168.1.1:{1}", "echo 7", "macro list", "macro delete echo"),
    "run_script": ("run_script lines.aes", "@lines.aes"),
    "history": ("history", "history 3", "history tcp"),
}
ABOUT = {
    "alias": "A short name for the beginning of a line: what follows it is added. Lines of the configuration file make "
             "it there each time.",
    "macro": "An alias with arguments: {1} is the first word after its name, {2} the second.",
    "run_script": "Run the lines of a file, as if they were typed; the first that fails ends it, and lines that begin "
                  "with # are left out. `aether-shell FILE` does the same and leaves.",
}


@command("help filters", argument("beginning", str, "only fields that begin so, such as tcp.flags", default=""),
         examples=("help filters", "help filters tcp.flags", "help filters timer"))
def filters(session: Session, beginning: str) -> FieldList:
    """List every field that expressions may ask about: those of `break`, `frames`, `trace filter` and `step until`."""
    from aether.filters.tables import TABLES

    groups = [
        FieldGroup(title, [
            FieldLine(field.name, field.type.name, field.help, not field.ours, _choices(field))
            for field in fields if field.name.startswith(beginning)])
        for title, fields in TABLES.items()
    ]
    found = [group for group in groups if group.fields]
    if not found:
        names = [field.name for fields in TABLES.values() for field in fields]
        raise grammar.CommandError(f"no field begins with {beginning!r}{grammar.did_you_mean(beginning, names)}")
    return FieldList(found)


def _choices(field: FilterField) -> list[str]:
    """Return the words that a field may be compared with."""
    return [*(field.names or ()), *(field.choices() if field.choices else ())]


@command("help", argument("words", str, "a command", default="", raw="many", complete="nouns"),
         examples=("help", "help tcp", "help tcp connect"))
def help_(session: Session, words: str) -> HelpIndex | HelpPage:
    """List all commands, or explain one."""
    path = words.split()
    if not path:
        return index()
    if path[0] in dict(BUILT_IN):
        return HelpPage([path[0]], ABOUT.get(path[0], dict(BUILT_IN)[path[0]]), [], [],
                        list(EXAMPLES.get(path[0], (path[0],))), [])
    typed, path = path[0], whole_words(words.strip()).split()
    load(path[0])
    if typed in SHORT and typed not in NOUNS:
        found = page(find(path))
        return replace(found, description=f"`{typed}` is short for `{SHORT[typed]}`. {found.description}")
    below = grammar.beneath(path)
    if len(below) > 1 and below[0].path != tuple(path):
        return noun_page(path, below)
    return page(find(path))


def index() -> HelpIndex:
    """Return the list of all commands."""
    groups: dict[str, list[HelpLine]] = {}
    for name, noun in NOUNS.items():
        groups.setdefault(noun.group, []).append(HelpLine(name, noun.verbs, noun.help))
    groups["Session"] += [HelpLine(name, "", about) for name, about in BUILT_IN]
    return HelpIndex(
        [HelpGroup(title, lines) for title, lines in groups.items()],
        [HelpLine(key, "", about) for key, about in KEYS])


def noun_page(path: list[str], below: list[Command]) -> HelpPage:
    """Return help for a noun, with its verbs."""
    about = NOUNS[path[0]].help if len(path) == 1 else ""
    return HelpPage(
        [], f"{' '.join(path)}: {about}" if about else "", [], [], [],
        [HelpLine(each.short_usage, "", each.help) for each in below])


def page(found: Command) -> HelpPage:
    """Return help for one command."""
    return HelpPage(
        [found.usage], found.description, [HelpLine(each.usage, "", each.help) for each in found.arguments],
        [HelpLine(f"{each.name} {each.metavar}".strip(), "", each.help) for each in found.all_options],
        list(found.examples),
        [HelpLine(each.short_usage, "", each.help) for each in grammar.beneath(found.path)[1:]])



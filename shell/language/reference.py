"""docs/commands.md, generated from the declarations: ``python -m shell.language.reference > docs/commands.md``.

Every command with what it takes, and the schema of what it prints with ``--json``: the fields
of the result's dataclass, with the text that stands below each field in the source.
"""

from __future__ import annotations

import ast
import inspect
import sys
import types
import typing
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

from shell.language.grammar import Command
from shell.language.registry import NOUNS, load_all

HEAD = """\
# Commands

This page is generated from the declarations in `shell/commands` by `python -m shell.language.reference`.

Every command takes `--json` and `--plain`. With `--json` a command prints one JSON document: an object
with the fields of its result, listed below. Fields may be added later; none is renamed or removed. Names that
end in `_us` are microseconds of world time; addresses are text. Without a terminal the document takes one line.

A command that makes traffic waits for its end, for 3 s of world time at the most; `--wait T` changes that, and
`--background` does not wait. Its `outcome` is `done`, `waiting` (not finished in that time), `paused` (time stands
still), `detached` (Ctrl-C) or `background`.

A command marked *owns its line* takes every character to the end of the line, `>`, `|`, `;` and quotes included.
The output of the others can be redirected: `drops > file`, `drops | grep tcp`. Where the line is a filter
expression, so can it as far as no expression is meant: ` | ` and ` >> ` always (`frames tcp.len > 0 | grep SYN`);
` > ` where no expression stands before it (`frames > file`, `ladder 1 > file`), or a path or a name with an ending
such as `.txt` after it (`frames tcp.len > 0 > ./file`). Where there is no terminal and no `COLUMNS`, no row is broken
into lines.

`;` stands between commands of a line; the first that fails ends it. A word may be cut short where only one begins so
(`coun`, `tcp sho 1`), and gdb's `s`, `n`, `c`, `b`, `p` and `u` mean step, next, run, break, print and step until. A
time without a unit is in seconds.

While one types, F1 shows help, F2 switches the trace, F5 lets time run or stand still, F7 goes back one step, and F8
makes one. Enter on an empty line repeats the step while time stands still. Ctrl-C cancels the line, or pauses; Ctrl-D
quits. `NO_COLOR` switches colours off, `AETHER_THEME=light` suits a light terminal, and `AETHER_DEBUG=1` shows where a
mistake of the program happened. [configuration.md](configuration.md) says how to keep such choices.

Errors go to standard error. The program's status is 0, or 1 if a command failed, or 2 if it could not begin. With
`-c`, every line is run; a script, or standard input, stops at its first failure.
"""


def page() -> str:
    """Return the whole page."""
    parts = [HEAD]
    shown: dict[str, type] = {}
    groups: dict[str, list[Command]] = {}
    for found in load_all():
        groups.setdefault(NOUNS[found.path[0]].group, []).append(found)
    for title, commands in groups.items():
        parts.append(f"## {title}\n")
        for found in dict.fromkeys(commands):
            parts.append(_command(found))
            for result in results_of(found):
                shown.setdefault(result.__name__, result)
    parts.append("## Results\n")
    for result in _with_rows(list(shown.values())):
        parts.append(_schema(result))
    return "\n".join(parts)


def _command(found: Command) -> str:
    lines = [f"### {found.name}\n", f"    {found.usage}\n", found.description + "\n"]
    if found.raw:
        lines.append("It owns its line.\n")
    lines += [f"- `{each.usage}`: {each.help}" for each in found.arguments]
    lines += [f"- `{f'{each.name} {each.metavar}'.strip()}`: {each.help}" for each in found.options]
    if found.arguments or found.options:
        lines.append("")
    names = " or ".join(f"[{result.__name__}](#{result.__name__.lower()})" for result in results_of(found))
    lines.append(f"Result: {names}.\n")
    if found.examples:
        lines += [*(f"    {example}" for example in found.examples), ""]
    return "\n".join(lines)


def results_of(found: Command) -> list[type]:
    """Return the dataclasses that a command may return."""
    hint = typing.get_type_hints(found.run)["return"]
    found_hints = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    return [each for each in found_hints if each is not type(None)]


def _with_rows(found: list[type]) -> list[type]:
    """Return results and the dataclasses inside them, each once."""
    known: list[type] = []
    waiting = list(found)
    while waiting:
        each = waiting.pop(0)
        if each in known:
            continue
        known.append(each)
        for hint in typing.get_type_hints(each).values():
            inner = (hint, *typing.get_args(hint))
            waiting += [part for part in inner if isinstance(part, type) and is_dataclass(part)]
    return known


def _schema(result: type) -> str:
    lines = [f"### {result.__name__}\n", (inspect.getdoc(result) or "") + "\n"]
    hints = typing.get_type_hints(result)
    for each in fields(result):
        about = field_docs(result).get(each.name, "")
        lines.append(f"- `{each.name}` ({_type_name(hints[each.name])}){': ' + about if about else ''}")
    return "\n".join(lines) + "\n"


_JSON_NAMES: dict[Any, str] = {
    str: "text", int: "integer", float: "number", bool: "true or false", type(None): "null", Any: "anything"}


def _type_name(hint: Any) -> str:
    if hint in _JSON_NAMES:
        return _JSON_NAMES[hint]
    inner = typing.get_args(hint)
    if typing.get_origin(hint) is list:
        return f"list of {_type_name(inner[0])}"
    if inner:
        return " or ".join(_type_name(each) for each in inner)
    return f"[{hint.__name__}](#{hint.__name__.lower()})"


@cache
def field_docs(result: type) -> dict[str, str]:
    """Return the texts below the fields of a dataclass and of those that it extends, by name."""
    found: dict[str, str] = {}
    for each in filter(is_dataclass, reversed(result.__mro__)):
        for node in ast.parse(inspect.getsource(sys.modules[each.__module__])).body:
            if isinstance(node, ast.ClassDef) and node.name == each.__name__:
                found |= _texts(node)
    return found


def _texts(node: ast.ClassDef) -> dict[str, str]:
    found = {}
    for statement, following in zip(node.body, node.body[1:], strict=False):
        if (
            isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
            and isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
        ):
            found[statement.target.id] = " ".join(str(following.value.value).replace("``", "`").split()).rstrip(".")
    return found


if __name__ == "__main__":
    sys.stdout.write(page())

"""The configuration file: what it may say, and what is wrong with it in words.

`~/.config/aether/config.toml`, which need not exist. A setting that makes no sense is reported, with the
file and the name, and its default is used; the others count. docs/configuration.md is made from `SETTINGS`.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aether.filters.macros import NAME as MACRO
from shell.files import toml
from shell.files.opening import read_whole
from shell.language import translation

THEMES = ("auto", "dark", "light", "mono", "high-contrast")
COLOURS = ("auto", "truecolor", "256", "16", "none")
LAYERS = ("eth", "arp", "ip", "icmp", "igmp", "udp", "tcp", "dns", "dhcp", "http")
KEYS = (*(f"f{number}" for number in range(1, 13)), *(f"c-{letter}" for letter in "bfgkoqtvwxy"),
        *(f"escape {letter}" for letter in "abcdefghijklmnopqrstuvwxyz"))
"""Keys that a line can be put on. The others belong to editing, or end things."""
TABLES = {"keys": 'f9 = "tcp conns"', "macros": 'from = "ip.src == $1 and not arp"'}
"""Settings that are tables, and a line of each."""
MAX_FILE = 65_536
"""Bytes of the longest file that is read."""


class _Wrong(ValueError):
    """A value makes no sense; the text says what would."""


@dataclass(frozen=True, slots=True)
class FileKey:
    """One thing that the file may say."""

    name: str
    """With its table: ``trace.layers``."""
    help: str
    default: Any
    read: Callable[[Any], Any]
    example: str
    """As it is written in the file."""


def _one_of(*words: str) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if not isinstance(value, str) or value not in words:
            raise _Wrong(f"is one of {', '.join(words)}, not {value!r}{_guess(str(value), words)}")
        return value
    return read


def _language(value: Any) -> Any:
    try:
        return value if value == "auto" else translation.read_code(str(value))
    except translation.LanguageError as problem:
        raise _Wrong(f"is wrong: {problem}") from None


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Wrong(f"is true or false, not {value!r}")
    return value


def _layers(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise _Wrong(f'is a list of layers such as ["arp", "tcp"], not {value!r}')
    for each in value:
        if each not in LAYERS:
            raise _Wrong(f"has layers of {', '.join(LAYERS)}, not {each!r}{_guess(str(each), LAYERS)}")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or "\n" in value:
        raise _Wrong(f"is one line of text, not {value!r}")
    return value


def _lines(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise _Wrong(f'is a list of lines such as ["trace on"], not {value!r}')
    return [_text(each) for each in value]


def _keys(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise _Wrong(f"is a table: a key and the line that it runs, not {value!r}")
    for key, line in value.items():
        if key not in KEYS:
            raise _Wrong(f"has no key {key!r}: f1 to f12, c-x for Ctrl and a letter, `escape x` for Alt and a letter"
                         f"{_guess(key, KEYS)}")
        _text(line)
    return value


def _macros(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise _Wrong(f"is a table: a name and the expression that it stands for, not {value!r}")
    for name, text in value.items():
        if not MACRO.fullmatch(name):
            raise _Wrong(f"has no name {name!r}: letters, digits and _, and no digit at the beginning")
        _text(text)
    return value


def _guess(word: str, words: tuple[str, ...]) -> str:
    found = difflib.get_close_matches(word, words, 1, 0.6)
    return f". Did you mean {found[0]!r}?" if found else ""


SETTINGS: dict[str, FileKey] = {each.name: each for each in (
    FileKey("theme", "the colours: dark, light, mono, high-contrast; auto asks the terminal", "auto",
            _one_of(*THEMES), '"high-contrast"'),
    FileKey("colours", "how many the terminal shows: truecolor, 256, 16, none; auto asks it", "auto",
            _one_of(*COLOURS), '"256"'),
    FileKey("output", "results drawn (rich), or as plain lines for a screen reader (plain)", "rich",
            _one_of("rich", "plain"), '"plain"'),
    FileKey("language", "the language of lessons, such as de; auto reads LC_ALL and LANG", "auto", _language, '"de"'),
    FileKey("trace.on", "whether the trace runs from the start", False, _switch, "true"),
    FileKey("trace.layers", "the layers that the trace shows; all if there is none", [], _layers, '["arp", "tcp"]'),
    FileKey("keys", "lines that keys run; an empty line takes a key its meaning", {}, _keys, '{ f9 = "tcp conns" }'),
    FileKey("macros", "expressions with names: `${from:192.168.1.1}` is the text of `from`, with the address for `$1`",
            {}, _macros, '{ from = "ip.src == $1 and not arp" }'),
    FileKey("startup.commands", "lines that are run at the start, before you type", [], _lines,
            '["link delay 20ms", "knob set tcp.congestion cubic"]'),
)}


@dataclass(slots=True)
class Configuration:
    """What was configured."""

    file: str = ""
    exists: bool = False
    values: dict[str, Any] = field(default_factory=dict)
    """Only what the file sets, by the names of `SETTINGS`."""
    problems: list[str] = field(default_factory=list)

    def __getitem__(self, name: str) -> Any:
        return self.values.get(name, SETTINGS[name].default)


def default_file() -> Path:
    """Return where the file is looked for."""
    import platformdirs

    return Path(platformdirs.user_config_dir("aether")) / "config.toml"


def load(file: Path) -> Configuration:
    """Read the file; what is wrong with it is in the result, and never raised."""
    found = Configuration(str(file))
    try:
        if not file.exists():
            return found
        found.exists = True
        raw = read_whole(file, MAX_FILE)
        if len(raw) > MAX_FILE:
            raise _Wrong(f"is longer than {MAX_FILE:,} bytes")
        tables = toml.parse(raw.decode("utf-8"))
    except OSError as problem:
        found.problems.append(f"{file} cannot be read: {problem.strerror}")
    except UnicodeDecodeError as problem:
        found.problems.append(f"{file} is no UTF-8 text: byte {problem.start}")
    except toml.TomlError as problem:
        found.problems.append(f"{file} is no TOML: {problem}")
    except _Wrong as problem:
        found.problems.append(f"{file} {problem}")
    else:
        _take(found, tables)
    return found


def _take(found: Configuration, tables: dict[str, Any]) -> None:
    given: dict[str, Any] = {}
    for name, value in tables.items():
        inside = any(each.startswith(f"{name}.") for each in SETTINGS)
        if inside and isinstance(value, dict):
            given.update({f"{name}.{part}": each for part, each in value.items()})
        elif inside:
            found.problems.append(f"{found.file}: [{name}] is a table, not {value!r}")
        else:
            given[name] = value
    for name, value in given.items():
        setting = SETTINGS.get(name)
        if setting is None:
            found.problems.append(
                f"{found.file}: no setting {name!r}{_guess(name, tuple(SETTINGS)) or '. `config show` lists them'}")
            continue
        try:
            found.values[name] = setting.read(value)
        except _Wrong as problem:
            found.problems.append(f"{found.file}: {name} {problem}")


TEMPLATE_HEAD = """\
# Aether's configuration. A line that begins with # says nothing: take the # away, and it counts.
"""


def template() -> str:
    """Return a file with every setting, none of which counts yet."""
    parts = [TEMPLATE_HEAD]
    table = ""
    for setting in SETTINGS.values():
        head, _, tail = setting.name.partition(".")
        if tail and head != table:
            table = head
            parts.append(f"[{head}]")
        if setting.name in TABLES:
            parts.append(f"# {setting.help}\n[{setting.name}]\n# {TABLES[setting.name]}\n")
            table = setting.name
            continue
        parts.append(f"# {setting.help}\n# {tail or head} = {setting.example}\n")
    return "\n".join(parts)


def page() -> str:
    """Return docs/configuration.md."""
    rows = "\n".join(
        f"| `{each.name}` | {each.help} | `{_toml(each.default)}` | `{each.example}` |" for each in SETTINGS.values())
    return PAGE.format(rows=rows, template=template().rstrip())


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else "{}" if isinstance(value, dict) else str(value)


PAGE = """\
# Configuration

This page is generated by `python -m shell.configuration`.

`~/.config/aether/config.toml` says how the shell looks and how it starts (`XDG_CONFIG_HOME` moves it). It need not
exist. `config init` writes one with every setting as a comment, `config show` says what counts, and `config check FILE`
says what is wrong with a file. `aether-shell --config FILE` reads another one, `--no-config` none.

A setting that makes no sense is reported when the shell starts, with its name and what it may be, and its default is
used; the others count. `theme`, `colours` and `macros` count always; the rest only when a person types: scripts, `-c`
and pipes print the same for everybody.

| setting | meaning | default | for example |
|---|---|---|---|
{rows}

## Colours

A theme is taken from the first that names one: the command `theme NAME`; the variable `AETHER_THEME`; the setting; the
terminal (`COLORFGBG`, which some terminals set to their colours). `high-contrast` has one palette for dark and one for
light backgrounds. How many colours the terminal shows is read from `COLORTERM` and `TERM`; with 16 colours, the
terminal's own palette is used. `NO_COLOR` takes all colours away and leaves bold and underlined text; `--plain` says
everything in sentences, one a line, for a screen reader. A terminal that calls itself `dumb` (`TERM`) gets text alone:
no colours, no bottom line, no pages, no escape sequence.

## Keys

A key runs a line, as if it had been typed; what is being typed stays. There are `f1` to `f12`, `c-x` for Ctrl and one
of the letters b f g k o q t v w x y, and `escape x` for Alt and any letter. An empty line takes a key its meaning. F1
is `help`, F2 switches the trace, F5 lets time run or stand still, F7 steps back, F8 steps.

## Macros

A macro is an expression with a name, as in Wireshark: `${{from:192.168.1.1}}` and `$from(192.168.1.1)` stand for its
text, with the first argument in place of `$1`, the second in that of `$2`. Several are separated by semicolons, between
parentheses by commas, too. Macros may use others. `config show` lists them, and Tab completes `${{`.

## All of it

```toml
{template}
```
"""


if __name__ == "__main__":
    sys.stdout.write(page())

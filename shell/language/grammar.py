"""How commands are declared, found and read from a line.

A command is a function with a declaration: its words, its arguments and its options. Help,
completion, the documentation and the messages for what was mistyped all come from that one
declaration. A command whose last argument is *raw* owns the rest of its line: operators
such as ``>`` and ``|``, and quotes, belong to the command and not to the shell.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

REQUIRED = object()
"""The default of an argument that must be given."""

Parse = Callable[[str], Any]
_QUOTED = re.compile(r"""(["'`]).*?\1""")
_OPTION = re.compile(r"--[a-z][a-z-]*(=.*)?")
"""What is meant as an option, where the words of an expression are read."""
Run = TypeVar("Run", bound=Callable[..., Any])


class CommandError(ValueError):
    """A command that cannot be carried out; the text says what is wrong, where, and what to do next."""


@dataclass(frozen=True, slots=True)
class Argument:
    """A word that a command takes, in its place."""

    name: str
    parse: Parse
    help: str
    complete: str = ""
    """The name of the source in `shell.prompt.completion` that offers values."""
    default: Any = REQUIRED
    raw: str = ""
    """Empty for one word, ``many`` for all words that are left. ``text`` owns the rest of the line as
    payload, ``line`` as an expression after which options may follow, ``program`` to the very end."""

    @property
    def usage(self) -> str:
        """How the argument is written in a usage line."""
        name = self.name.upper().replace("_", "-")
        name += "..." if self.raw in ("many", "line", "program") else ""
        return name if self.default is REQUIRED else f"[{name}]"


@dataclass(frozen=True, slots=True)
class Option:
    """A word that starts with two dashes, or with one where every tool like it has it so (`-n`)."""

    name: str
    help: str
    parse: Parse | None = None
    """Reads its value; None for an option without one."""
    complete: str = ""
    default: Any = None
    metavar: str = ""
    short: str = ""
    """The same with one dash, as the tool that everybody knows has it."""

    @property
    def parameter(self) -> str:
        """The name of the function's parameter."""
        return self.name.lstrip("-").replace("-", "_")

    @property
    def usage(self) -> str:
        """How the option is written in a usage line."""
        name = f"{self.short}|{self.name}" if self.short else self.name
        return f"[{name} {self.metavar or 'X'}]" if self.parse else f"[{name}]"


OUTPUT_OPTIONS = (
    Option("--json", "print the result as JSON", default=False),
    Option("--plain", "print the result as plain lines, one after the other", default=False),
)


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its words, what it takes, and the function that carries it out."""

    path: tuple[str, ...]
    run: Callable[..., Any]
    arguments: tuple[Argument, ...] = ()
    options: tuple[Option, ...] = ()
    examples: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The words of the command."""
        return " ".join(self.path)

    @property
    def help(self) -> str:
        """One line that explains it."""
        return self.description.partition("\n")[0]

    @property
    def description(self) -> str:
        """All that its docstring says, one line for each paragraph."""
        paragraphs = (inspect.getdoc(self.run) or "").split("\n\n")
        return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)

    @property
    def usage(self) -> str:
        """The command with its arguments and its own options."""
        parts = [self.name, *(option.usage for option in self.options), *(each.usage for each in self.arguments)]
        if not self.raw:
            parts = [self.name, *(each.usage for each in self.arguments), *(option.usage for option in self.options)]
        return " ".join(parts)

    @property
    def short_usage(self) -> str:
        """The command with its arguments."""
        return " ".join([self.name, *(each.usage for each in self.arguments)])

    @property
    def raw(self) -> str:
        """How the last argument owns the rest of the line; empty if it does not."""
        raw = self.arguments[-1].raw if self.arguments else ""
        return "" if raw == "many" else raw

    @property
    def all_options(self) -> tuple[Option, ...]:
        """Its own options and those that every command has."""
        return self.options + OUTPUT_OPTIONS


COMMANDS: dict[tuple[str, ...], Command] = {}
"""Every command that was declared so far, by its words."""


def argument(
    name: str, parse: Parse, help: str, *, complete: str = "", default: Any = REQUIRED, raw: str = ""
) -> Argument:
    """Declare an argument; ``name`` is the parameter that receives it."""
    return Argument(name, parse, help, complete, default, raw)


def option(
    name: str, help: str, parse: Parse | None = None, *, complete: str = "", default: Any = None, metavar: str = "",
    short: str = "",
) -> Option:
    """Declare an option; its parameter is its name without the dashes."""
    if parse is None and default is None:
        default = False
    return Option(name, help, parse, complete, default, metavar, short)


def command(
    name: str, *parts: Argument | Option, examples: Sequence[str] = ()
) -> Callable[[Run], Run]:
    """Declare the function below as the command `name`; its docstring is the help."""

    def declare(run: Run) -> Run:
        path = tuple(name.split())
        arguments = tuple(part for part in parts if isinstance(part, Argument))
        options = tuple(part for part in parts if isinstance(part, Option))
        COMMANDS[path] = Command(path, run, arguments, options, tuple(examples))
        return run

    return declare


def longest(words: Sequence[str]) -> Command | None:
    """Return the declared command with the most words that `words` begins with."""
    for length in range(len(words), 0, -1):
        found = COMMANDS.get(tuple(words[:length]))
        if found is not None:
            return found
    return None


def beneath(path: Sequence[str]) -> list[Command]:
    """Return the declared commands whose words begin with `path`, in the order of declaration."""
    return [each for each in COMMANDS.values() if each.path[:len(path)] == tuple(path)]


def similar(word: str, words: Iterable[str]) -> list[str]:
    """Return up to three of `words` that resemble `word`, the closest first."""
    import difflib

    return difflib.get_close_matches(word, list(words), n=3, cutoff=0.6)


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """Return " Did you mean: …" for what resembles `word`, or an empty text."""
    found = similar(word, words)
    return f". Did you mean: {', '.join(found)}" if found else ""


def split_words(text: str) -> list[tuple[int, int]]:
    """Return where the words of `text` begin and end; white space alone divides them."""
    found, start = [], -1
    for index, char in enumerate(text):
        if char.isspace():
            if start >= 0:
                found.append((start, index))
            start = -1
        elif start < 0:
            start = index
    if start >= 0:
        found.append((start, len(text)))
    return found


def closing_quote(text: str) -> int:
    """Return the index of the quote that closes the one at the start of `text`; -1 if none does."""
    index = 1
    while index < len(text):
        if text[index] == "\\":
            index += 1
        elif text[index] == text[0]:
            return index
        index += 1
    return -1


def read(found: Command, words: Sequence[str]) -> dict[str, Any]:
    """Turn the words after a command's own into the values of its parameters; CommandError says what is wrong."""
    reader = _Reader(found)
    reader.take(words)
    return reader.finish()


def read_raw(found: Command, text: str) -> dict[str, Any]:
    """Do what `read` does, for a command that owns the rest of its line: `text` is all after its words."""
    reader = _Reader(found)
    bounds = split_words(text)
    index = 0
    while index < len(bounds):
        start, end = bounds[index]
        word = text[start:end]
        each = reader.known(word)
        if each is not None:
            count = 2 if each.parse else 1
            reader.take([text[a:b] for a, b in bounds[index:index + count]])
            index += count
        elif len(reader.positional) < len(found.arguments) - 1:
            reader.take([word])
            index += 1
        else:
            reader.positional.append(_trailing_options(reader, text[start:].rstrip(), found.raw))
            break
    return reader.finish()


def _trailing_options(reader: _Reader, rest: str, raw: str) -> str:
    """Take the options that follow a raw argument, and return the argument itself."""
    if raw == "text" and rest[:1] in ("'", '"'):
        end = closing_quote(rest) + 1
        words = rest[end:].split()
        if end and words and reader.are_options(words):
            reader.take(words)
            return rest[:end]
    if raw == "line":
        bounds = split_words(rest)
        words = [rest[a:b] for a, b in bounds]
        cut = len(words)
        while cut:
            if (each := reader.known(words[cut - 1])) is not None and each.parse is None:
                cut -= 1
            elif cut > 1 and (each := reader.known(words[cut - 2])) is not None and each.parse is not None:
                cut -= 2
            else:
                break
        reader.take(words[cut:])
        said = rest[:bounds[cut - 1][1]] if cut else ""
        reader.refuse(_QUOTED.sub(" ", said).split())
        return said
    return rest


class _Reader:
    """Reads words into the parameters of one command."""

    def __init__(self, found: Command) -> None:
        self.command = found
        self.options = {each.name: each for each in found.all_options}
        self.options.update({each.short: each for each in found.all_options if each.short})
        self.positional: list[str] = []
        self.values: dict[str, Any] = {each.parameter: each.default for each in found.all_options}

    def known(self, word: str) -> Option | None:
        """Return the option of that name."""
        return self.options.get(word)

    def are_options(self, words: Sequence[str]) -> bool:
        """Tell whether words are options and their values, and nothing else."""
        index = 0
        while index < len(words):
            each = self.known(words[index])
            if each is None:
                return False
            index += 2 if each.parse else 1
        return True

    def refuse(self, words: Sequence[str]) -> None:
        """Raise CommandError for what looks like an option, where no expression has anything of the kind."""
        for word in words:
            if _OPTION.fullmatch(word) and word not in self.options:
                self._option(word)

    def take(self, words: Sequence[str]) -> None:
        """Take some words: options with their values, and the rest as arguments."""
        waiting: Option | None = None
        for word in words:
            if waiting is not None:
                assert waiting.parse is not None
                self.values[waiting.parameter] = _value(waiting.parse, word)
                waiting = None
            elif (word.startswith("--") and len(word) > 2) or word in self.options:
                waiting = self._option(word)
            else:
                self.positional.append(word)
        if waiting is not None:
            raise CommandError(f"{waiting.name} needs a value: {waiting.help}. (help {self.command.name})")

    def _option(self, word: str) -> Option | None:
        name, equals, value = word.partition("=")
        each = self.options.get(name)
        if each is None:
            hint = did_you_mean(name, self.options)
            raise CommandError(f"{self.command.name} has no option {name!r}{hint}. (help {self.command.name})")
        if each.parse is None:
            self.values[each.parameter] = True
            return None
        if equals:
            self.values[each.parameter] = _value(each.parse, value)
            return None
        return each

    def finish(self) -> dict[str, Any]:
        """Return the values of all parameters."""
        arguments = self.command.arguments
        if arguments and arguments[-1].raw == "many" and len(self.positional) > len(arguments):
            last = len(arguments) - 1
            self.positional[last:] = [" ".join(self.positional[last:])]
        for each, word in zip(arguments, self.positional, strict=False):
            self.values[each.name] = _value(each.parse, word)
        for each in arguments[len(self.positional):]:
            if each.default is REQUIRED:
                raise CommandError(f"{self.command.name} needs {each.usage}: {each.help}. (help {self.command.name})")
            self.values[each.name] = each.default
        if len(self.positional) > len(arguments):
            extra = self.positional[len(arguments)]
            options = [name for name in self.options if extra[0] == "-" and name.startswith(f"-{extra}")]
            hint = f". Did you mean: {', '.join(options)}" if options else ""
            raise CommandError(f"{self.command.name} does not take {extra!r}{hint}. (help {self.command.name})")
        return self.values


def _value(parse: Parse, word: str) -> Any:
    try:
        return parse(word)
    except CommandError:
        raise
    except ValueError as problem:
        raise CommandError(str(problem)) from None

"""Lessons to begin with: an empty one, and one made of what was just typed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from shell.files.writing import write
from shell.language.grammar import CommandError
from shell.language.registry import find
from shell.lessons.allowed import refusal
from shell.lessons.front import ID

EXAMPLE = ["ping 192.168.1.1 --count 1"]
EXAMPLE_CHECK = "# You sent an echo request.\nicmp.type == 8 and dir == out"
ABOUT = "What this lesson is about, and why it matters: one screen of prose."
LOOK = "What to do, and what to look at."
RIGHT, WRONG = "the right answer", "a wrong answer"
PLACEHOLDERS = (ABOUT, LOOK, RIGHT, WRONG)
"""What an author replaces."""
BETTER = "(Better: an expression for what it brings about.)"
"""How the text of a check ends that an author replaces."""


def write_new(
    name: str, typed: Sequence[str] | None = None, *, force: bool = False, again: str = "",
) -> tuple[Path, int]:
    """Write a lesson called `name` into the working directory; return its path and how many commands it has.

    Without `typed` it is an example. CommandError if the name is no id, nothing can be kept, or the file exists and
    there is no `force`; `again` is then the command to type.
    """
    name = name.removesuffix(".md")
    if not ID.fullmatch(name):
        raise CommandError(f"{name!r} is no name for a lesson: small letters, digits and hyphens, such as my-lesson")
    lines = EXAMPLE if typed is None else [line for line in typed if refusal(line) is None]
    if not lines:
        raise CommandError("nothing was typed yet that a lesson could have. Type what it is about, then record it")
    path = Path(f"{name}.md")
    write(path, _text(name, lines, EXAMPLE_CHECK if typed is None else _checks(lines)), force=force, again=again)
    return path, len(lines)


def _checks(lines: Sequence[str]) -> str:
    """Return checks that hold after some commands: what is to be replaced by what they bring about."""
    seen = dict.fromkeys(" ".join(find(line.split()).path) for line in lines)
    return "\n".join(f"# You used {words}. {BETTER}\nran {words}"
                     for words in list(seen)[:12])


def _text(name: str, lines: Sequence[str], checks: str) -> str:
    commands = "\n".join(lines)
    title = name.replace("-", " ").capitalize()
    return f"""\
+++
id = "{name}"
title = "{title}"
minutes = 5
seed = 1
+++

{ABOUT}

## The first step

{LOOK}

```predict
Q: What happens?
- [x] {RIGHT}
  Why it is right.
- [ ] {WRONG}
  What one would have to believe to choose it.
```

```check
{checks}
```

```hint
A nudge first; a second hint block may name the command.
```

```solution
{commands}
```

```wrong
arp table
```
"""

"""cmd2's reading of a line, except where the line belongs to the command.

cmd2 takes redirections, pipes, terminators and quotes out of every line. A command that
takes an expression or crafted text needs those characters itself, so its line is handed
on untouched.
"""

from __future__ import annotations

from cmd2.parsing import Statement, StatementParser

from shell.language.registry import owns_line


class LineParser(StatementParser):
    """A statement parser that leaves raw lines alone."""

    def parse(self, line: str) -> Statement:
        """Read a line; one that belongs to its command keeps every character."""
        expanded = self._expand(line).strip()
        if owns_line(expanded) is None:
            return super().parse(line)
        noun, rest = [*expanded.split(None, 1), ""][:2]
        return Statement(rest, raw=line, command=noun)

"""`schema`: what a command prints with --json, for programs."""

from __future__ import annotations

from shell.language.grammar import CommandError, argument, command
from shell.language.registry import find
from shell.results.schema import SchemaReport
from shell.session import Session


@command("schema", argument("words", str, "a command, such as tcp conns", raw="many", complete="nouns"),
         examples=("schema frame", "schema tcp conns"))
def schema(session: Session, words: str) -> SchemaReport:
    """Print the JSON Schema of what a command prints with `--json`."""
    from shell.language.reference import results_of
    from shell.language.schema import schema as schema_of

    found = find(words.split())
    if tuple(words.split()) != found.path:
        raise CommandError(f"schema takes a command without its arguments: schema {found.name}")
    return SchemaReport(found.name, [result.__name__ for result in results_of(found)], schema_of(found))

"""`lesson hand-in`: one file for the teacher, with a name that says whose it is."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from shell.commands.common import FORCE
from shell.commands.lesson import handed_in
from shell.files.writing import place, write
from shell.language.grammar import CommandError, command
from shell.lessons import report
from shell.lessons.ahead import chosen_course
from shell.lessons.progress import DONE, ProgressStore
from shell.results.message import Message
from shell.session import Session


@command("lesson hand-in", FORCE, examples=("lesson hand-in",))
def hand_in(session: Session, force: bool) -> Message:
    """Write what you have done in your course into one file, which you send to your teacher.

    It is the report that `lesson report` writes, with a name made of the course and of yours, in the present directory.
    """
    store = ProgressStore.usual()
    progress = store.load()
    chosen = chosen_course(progress)
    if chosen is None or not progress.learner:
        raise CommandError("one hands in for a course, under a name: lesson course FILE --name NAME. `lesson report "
                           "FILE.json` writes a report without either")
    file = f"{in_a_name(chosen.title)}-{in_a_name(progress.learner)}.json"
    again = "lesson hand-in --force"
    place(file, force, again)
    content = handed_in(store, None)
    size = write(file, report.as_text(content), force=force, again=again)
    open_ones = [f"{name} ({len(record['done'])} of {record['steps']} steps)"
                 for name, record in content["lessons"].items() if len(record["done"]) < record["steps"]]
    whole = sum(_by_oneself(record) >= record["steps"] for record in content["lessons"].values())
    missing = f". Not finished: {', '.join(open_ones)}" if open_ones else ""
    return Message(f"{file} written, {size:,} bytes: {whole} of {len(content['lessons'])} lessons done by yourself, "
                   f"{content['score']} % of their steps{missing}",
                   "send this file to your teacher: the mark is reckoned there, by the weights of the course. "
                   f"`aether-shell lesson grade {file} --course FILE` shows it")


def _by_oneself(record: dict[str, Any]) -> int:
    """Return how many steps were neither skipped nor shown."""
    return sum(step["how"] == DONE for step in record["done"].values())


def in_a_name(text: str) -> str:
    """Return a text as a part of a file's name: letters, digits and hyphens; accents are left out."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "".join(f"{ord(each):x}" for each in text)[:40]

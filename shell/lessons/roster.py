"""The list of a class, as a grade book exports it: who is who, by the names under which reports are handed in."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from shell.files.opening import read_whole
from shell.language.grammar import CommandError

LARGEST_ROSTER = 4 << 20
"""Bytes of a list."""
FIELDS = {
    "name": ("name", "learner", "student", "full name"),
    "first_name": ("first_name", "first name", "firstname"),
    "last_name": ("last_name", "last name", "lastname", "surname"),
    "email": ("email", "email address", "e-mail"),
    "username": ("username", "login", "sis login id", "login_id"),
    "id": ("id", "student_id"),
    "number": ("id number", "idnumber", "sis user id", "sis_user_id", "user_id"),
    "section": ("section",),
}
"""What a column is called, in capital letters or small ones, by what it is to us."""


@dataclass(frozen=True, slots=True)
class Learner:
    """Somebody in a class; what is not known is empty."""

    name: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    username: str = ""
    id: str = ""
    """The grade book's own number, as Canvas has it."""
    number: str = ""
    """The school's, Moodle's `ID number`."""
    section: str = ""

    @property
    def names(self) -> tuple[str, str]:
        """First and last names; of a whole name the last word is the last name."""
        if self.first_name or self.last_name:
            return self.first_name, self.last_name
        if ", " in self.name:
            last, _, first = self.name.partition(", ")
            return first, last
        first, _, last = self.name.rpartition(" ")
        return (first, last) if first else (last, "")


def key(name: str) -> str:
    """Return what two spellings of a name have in common, as for the seeds of a learner."""
    return " ".join(name.casefold().split())


def load(path: Path) -> dict[str, Learner]:
    """Read a list of a class, by the keys of its names; CommandError says what is wrong with it."""
    try:
        data = read_whole(path, LARGEST_ROSTER)
    except OSError as problem:
        raise CommandError(f"cannot read {path}: {problem.strerror}") from None
    if len(data) > LARGEST_ROSTER:
        raise CommandError(f"{path}: more than {LARGEST_ROSTER >> 20} MB are no list of a class")
    try:
        text = data.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True))
    except (UnicodeDecodeError, csv.Error) as problem:
        raise CommandError(f"{path} is no CSV in UTF-8: {problem}") from None
    if not rows:
        raise CommandError(f"{path} is empty: its first line names the columns, such as: name,email")
    columns = {index: field for index, title in enumerate(rows[0]) for field, titles in FIELDS.items()
               if title.strip().casefold() in titles}
    known = set(columns.values())
    if "name" not in known and not {"first_name", "last_name"} <= known:
        raise CommandError(f"{path}: no column is called name (or first_name and last_name). There are: "
                           f"{', '.join(rows[0])}")
    found: dict[str, Learner] = {}
    for line, row in enumerate(rows[1:], 2):
        values: dict[str, str] = {}
        for index, value in enumerate(row):
            if index in columns and value.strip():
                values.setdefault(columns[index], value.strip())
        name = values.pop("name", "") or f"{values.get('first_name', '')} {values.get('last_name', '')}".strip()
        if not name or name == "Points Possible":  # an empty line, or what Canvas says of its assignments
            continue
        if key(name) in found:
            raise CommandError(f"{path}:{line}: {name} is there twice. Reports are told apart by their names: "
                               "give one of the two another")
        found[key(name)] = Learner(name, **values)
    return found


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)

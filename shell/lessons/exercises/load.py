"""A learner's file: which exercise it is for, and the part that it defines."""

from __future__ import annotations

import ast
from functools import partial
from types import ModuleType
from typing import Any

from shell.lessons.exercises.catalogue import EXERCISES, Exercise
from shell.lessons.exercises.proxy import Proxy, WrongKind, called
from shell.lessons.exercises.stories import Make, Model

OURS = ("aether", "shell", "lessons")
NAME = "exercise"
"""The module that a learner's file is, as it sees itself."""


class Unusable(Exception):
    """A file is for no exercise; the text says why, `line` where."""

    def __init__(self, text: str, line: int = 0) -> None:
        super().__init__(text)
        self.line = line


def recognised(source: str, path: str) -> Exercise:
    """Return the exercise that a file is for; Unusable if it is for none, SyntaxError if it is not Python."""
    tree = ast.parse(source, path)
    for node in ast.walk(tree):
        if not isinstance(node, (ast.Import, ast.ImportFrom)):
            continue
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names]
        for name in names:
            if name.partition(".")[0] in OURS:
                raise Unusable(f"takes {name} from Aether: the part is to be your own", node.lineno)
    defined = {node.name for node in tree.body if isinstance(node, (ast.ClassDef, ast.FunctionDef))}
    found = [each for each in EXERCISES.values() if each.entry in defined]
    if len(found) == 1:
        return found[0]
    entries = ", ".join(f"{each.entry} ({each.name})" for each in EXERCISES.values())
    if found:
        raise Unusable(f"defines the parts of several exercises: {', '.join(each.entry for each in found)}. "
                       "Give each a file of its own")
    raise Unusable(f"defines none of the parts that exercises ask for: {entries}. `exercise start NAME` writes a file "
                   "to begin with")


def executed(source: str, path: str) -> ModuleType:
    """Run a learner's file, and return what it defines; it raises whatever the file does."""
    module = ModuleType(NAME)
    module.__file__ = path
    exec(compile(source, path, "exec"), module.__dict__)
    return module


def maker(module: ModuleType, exercise: Exercise, model: Model) -> Make:
    """Return what makes the learner's part, which is looked at as it gives something."""
    entry = getattr(module, exercise.entry, None)
    if not callable(entry):
        raise WrongKind(f"{exercise.entry} is no {'class' if exercise.is_class else 'function'}")
    return partial(_made, entry, model, exercise)


def _made(entry: Any, model: Model, exercise: Exercise, *given: Any) -> Proxy:
    if exercise.is_class:
        return Proxy(called(entry, *given), model.returns)
    holder = ModuleType(exercise.name)
    setattr(holder, exercise.entry, entry)
    return Proxy(holder, model.returns)

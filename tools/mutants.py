"""Small changes to the code, each of which a test ought to notice: `python -m tools.mutants [--minutes N] [--seed N]`.

A comparison is turned round, a constant is one off, a statement is left out, `and` becomes `or`: one at a time, in a
copy of this directory (`build/mutants`), for which the tests that execute the place are run until one fails, the
quickest first. Which ones do is written down once, when the copy is made (`reached.py`); that takes as long as the
tests do. After that ten minutes are enough for a hundred or two (`trials.py`). The same seed goes on where the last run
ended; `--anew` copies what there is now. What nobody noticed is listed, and the share of the others is the score; some
changes change nothing that can be seen, which a person has to tell.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TypedDict

from tools.trials import Trial

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "mutants"
PARTS = ("aether/tcp/", "aether/net/", "aether/engine/", "aether/filters/", "shell/reading/", "shell/lessons/")
TESTS = ("tests/unit", "tests/scripts", "tests/debugger", "tests/sim", "tests/shell", "tests/drill",
         "tests/fuzz/test_host_fuzz.py", "--ignore=tests/unit/project", "--ignore=tests/drill/differ")
"""Those that need neither a network namespace nor a terminal, and say nothing about the project's own files."""
LONGEST, ENOUGH = 15.0, 40.0
"""Seconds that a test may take to be asked, and all those that are asked for one change."""
COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift, ast.RShift: ast.LShift, ast.FloorDiv: ast.Mult,
}


class Mutant(NamedTuple):
    """One change: which lines of which file, and what stands there instead."""

    path: str
    line: int
    begin: int
    end: int
    """Bytes within the line."""
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.begin}: {self.before}  ->  {self.after}"


class Map(TypedDict):
    """Which tests there are, with the seconds that each took, and which of them execute which statements."""

    tests: list[tuple[str, float]]
    reached: dict[str, list[int]]
    """By file, line and column; -1 stands for modules that are imported."""


def changed(node: ast.AST) -> str | None:
    """Return what may stand in the place of a node; None if it is left as it is."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARISONS:
        return ast.unparse(ast.Compare(node.left, [COMPARISONS[type(node.ops[0])]()], node.comparators))
    if isinstance(node, ast.BoolOp):
        return ast.unparse(ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values))
    if isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC and not isinstance(node.left, ast.JoinedStr):
        return ast.unparse(ast.BinOp(node.left, ARITHMETIC[type(node.op)](), node.right))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return ast.unparse(node.operand)
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return str(node.value + 1)
    if isinstance(node, (ast.Assign, ast.AugAssign)):
        return "pass"
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return "pass"
    return None


def within_functions(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield every node in the body of a function: what is declared outside is mostly data, which tests read as well."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            for statement in function.body:
                if not isinstance(statement, ast.Raise):
                    yield from ast.walk(statement)


def mutants(path: Path, tree: Path = ROOT) -> list[Mutant]:
    """Return every change that could be made to a file of a project."""
    text = path.read_text(encoding="utf-8")
    found = {}
    for node in within_functions(ast.parse(text)):
        after = changed(node)
        before = ast.get_source_segment(text, node) if after is not None else None
        if after is not None and before is not None and "\n" not in before:
            place = (node.lineno, node.col_offset, node.end_col_offset)  # type: ignore[attr-defined]
            found[place] = Mutant(path.relative_to(tree).as_posix(), *place, before, after)
    return list(found.values())


def written(whole: str, mutant: Mutant) -> str:
    """Return what a file says with a change."""
    lines = whole.encode().split(b"\n")
    line = lines[mutant.line - 1]
    after = mutant.after if mutant.after == "pass" or mutant.after.isdigit() else f"({mutant.after})"
    lines[mutant.line - 1] = line[:mutant.begin] + after.encode() + line[mutant.end:]
    return b"\n".join(lines).decode()


def statement(tree: ast.Module, mutant: Mutant) -> str:
    """Return where the statement begins that a change is in, as the map names it."""
    within = [node for node in ast.walk(tree) if isinstance(node, ast.stmt) and node.end_lineno is not None
              and (node.lineno, node.col_offset) <= (mutant.line, mutant.begin) <= (
                  node.end_lineno, node.end_col_offset or 0)]
    innermost = max(within, key=lambda node: (node.lineno, node.col_offset))
    return f"{mutant.path}:{innermost.lineno}:{innermost.col_offset}"


def chosen(known: Map, place: str) -> tuple[list[str], float, bool]:
    """Return the tests that execute a statement, how long they take, and whether it is executed on import as well.

    The quickest test of each file comes first, then the second one of each: those of one file look at one thing. What
    is executed on import leaves traces everywhere: every test that executes anything of the file is asked.
    """
    numbers = set(known["reached"].get(place, []))
    if -1 in numbers:
        file = place.partition(":")[0] + ":"
        numbers.update(number for each, all_ in known["reached"].items() if each.startswith(file) for number in all_)
    rank: Counter[str] = Counter()
    order = []
    tests = [known["tests"][number] for number in numbers if number >= 0]
    for name, seconds in sorted(tests, key=lambda test: test[1]):
        if seconds <= LONGEST:
            file = name.partition("::")[0]
            order.append((rank[file], seconds, name))
            rank[file] += 1
    names, total = [], 0.0
    for _, seconds, name in sorted(order):
        if total + seconds <= ENOUGH:
            names.append(name)
            total += seconds
    return names, total, -1 in numbers


def copied(tree: Path) -> None:
    """Make a copy of what the tests need."""
    for name in ("aether", "shell", "lessons", "tests", "tools", "benchmarks", "docs"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "Makefile", "README.md", "CHANGELOG.md", "LICENSE", "constraints.txt"):
        shutil.copy(ROOT / name, tree / name)


def pytest(tree: Path, *arguments: str, **environment: str) -> None:
    """Run pytest in a copy."""
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--tb=no", "-p", "no:cacheprovider", "-m", "not tap and not terminal",
         *arguments], cwd=tree, env={**os.environ, "PYTHONPATH": str(tree), **environment}, check=False)


def mapped(tree: Path, parts: tuple[str, ...] = PARTS, tests: tuple[str, ...] = TESTS, workers: int = 2) -> Map:
    """Run all tests of a copy, and return which of them execute what."""
    file = tree.parent / "map"
    pytest(tree, "-p", "tools.reached", "-n", str(workers), *tests, REACHED_TREE=str(tree),
           REACHED_PARTS=" ".join(parts), REACHED_FILE=str(file))
    return joined(sorted(file.parent.glob("mapgw*")))


def joined(files: list[Path]) -> Map:
    """Return what several workers have written down."""
    whole = Map(tests=[], reached={})
    for file in files:
        part: Map = json.loads(file.read_text(encoding="utf-8"))
        first = len(whole["tests"])
        whole["tests"] += part["tests"]
        for place, numbers in part["reached"].items():
            mine = whole["reached"].setdefault(place, [])
            mine += [number if number < 0 else number + first for number in numbers]
    return whole


def tried(tree: Path, known: Map, wanted: list[Mutant], results: Path, seconds: float) -> dict[str, str]:
    """Try those changes that the file of results does not have yet; return which test noticed each, or nothing."""
    done = _read(results)
    trials = []
    for mutant in wanted:
        if str(mutant) not in done:
            whole = (tree / mutant.path).read_text(encoding="utf-8")
            names, total, alone = chosen(known, statement(ast.parse(whole), mutant))
            trials.append(Trial(name=str(mutant), path=str(tree / mutant.path), text=written(whole, mutant),
                                tests=names, seconds=total, alone=alone))
    todo = results.with_suffix(".todo")
    todo.write_text(json.dumps(trials), encoding="utf-8")
    files = sorted({name.partition("::")[0] for trial in trials for name in trial["tests"]})
    if trials:
        pytest(tree, "-p", "tools.trials", *files, TRIALS_TODO=str(todo), TRIALS_DONE=str(results),
               TRIALS_SECONDS=str(seconds))
    todo.unlink()
    return _read(results)


def _read(results: Path) -> dict[str, str]:
    lines = results.read_text(encoding="utf-8").splitlines() if results.exists() else []
    return {each["name"]: each["by"] for each in map(json.loads, lines)}


def main() -> int:
    """Try changes until the time is over; print the score, and what nobody noticed."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutants")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000)
    parser.add_argument("--most", type=int, default=300, help="changes")
    parser.add_argument("--workers", type=int, default=2, help="processes that look which tests execute what")
    parser.add_argument("--anew", action="store_true", help="copy the project again, and look which tests execute what")
    parser.add_argument("parts", nargs="*", default=list(PARTS), metavar="PART", help=", ".join(PARTS))
    options = parser.parse_args()
    tree, kept = BUILD / "tree", BUILD / "map.json"
    if options.anew or not kept.exists():
        shutil.rmtree(BUILD, ignore_errors=True)
        copied(tree)
        kept.write_text(json.dumps(mapped(tree, workers=options.workers)), encoding="utf-8")
    known: Map = json.loads(kept.read_text(encoding="utf-8"))
    paths = [path for part in options.parts for path in sorted((tree / part).rglob("*.py"))]
    every = [mutant for path in paths for mutant in mutants(path, tree)]
    wanted = random.Random(options.seed).sample(every, min(options.most, len(every)))
    print(f"{len(every):,} changes are possible; seed {options.seed}", flush=True)
    done = tried(tree, known, wanted, BUILD / f"{options.seed}.jsonl", options.minutes * 60)
    mine = [mutant for mutant in wanted if str(mutant) in done]
    for mutant in mine:
        if not done[str(mutant)]:
            print(f"lives: {mutant}")
    noticed = sum(bool(done[str(mutant)]) for mutant in mine)
    print(f"{noticed} of {len(mine)} changes were noticed: {noticed / max(1, len(mine)):.0%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

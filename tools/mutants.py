"""Small changes to the code, each of which a test ought to notice: `python -m tools.mutants [--minutes N] [--seed N]`.

A comparison is turned round, a constant is one off, a statement is left out, `and` becomes `or`: one at a time, in a
copy of this directory, for which the tests that are about that part are run until one fails. Ten minutes are enough for
a few dozen. What nobody noticed is listed, and the share of the others is the score; some changes change nothing that
can be seen, which a person has to tell.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
TESTS = {
    "aether/tcp/": ["tests/unit/test_transitions.py", "tests/unit/test_scoreboard.py", "tests/scripts", "tests/drill",
                    "tests/sim"],
    "aether/net/": ["tests/scripts", "tests/sim", "tests/unit/test_any_network.py", "tests/fuzz/test_host_fuzz.py"],
    "aether/engine/": ["tests/unit/engine", "tests/debugger", "tests/shell/debugging",
                       "tests/scripts/test_fast_path.py"],
    "aether/filters/": ["tests/unit/filters", "tests/shell/language"],
    "shell/reading/": ["tests/shell/views", "tests/shell/commands", "tests/unit/filters/test_filters_wireshark.py"],
    "shell/lessons/": ["tests/shell/lessons"],
}
"""Which tests are about which part."""
LONGEST = 240
"""Seconds that the tests of one change may take; what takes longer hangs, and so was noticed."""
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
    node: ast.AST
    before: str
    after: str


class Outcome(NamedTuple):
    """What became of one."""

    mutant: Mutant
    noticed: bool
    by: str
    """The first test that failed."""


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


def mutants(path: Path) -> list[Mutant]:
    """Return every change that could be made to a file."""
    text = path.read_text(encoding="utf-8")
    found = {}
    for node in within_functions(ast.parse(text)):
        after = changed(node)
        before = ast.get_source_segment(text, node) if after is not None else None
        if after is not None and before is not None and "\n" not in before:
            place = (node.lineno, node.col_offset, node.end_col_offset)  # type: ignore[attr-defined]
            found[place] = Mutant(path.relative_to(ROOT).as_posix(), node, before, after)
    return list(found.values())


def written(tree: Path, mutant: Mutant) -> None:
    """Make a change in a copy of the project."""
    path = tree / mutant.path
    lines = path.read_bytes().split(b"\n")
    node: ast.expr = mutant.node  # type: ignore[assignment]
    line = lines[node.lineno - 1]
    assert node.end_col_offset is not None
    after = mutant.after if mutant.after == "pass" or mutant.after.isdigit() else f"({mutant.after})"
    lines[node.lineno - 1] = line[:node.col_offset] + after.encode() + line[node.end_col_offset:]
    path.write_bytes(b"\n".join(lines))


def tried(tree: Path, mutant: Mutant) -> Outcome:
    """Run the tests that are about the place of a change, in the order in which they stand in the table."""
    tests = next(tests for part, tests in TESTS.items() if mutant.path.startswith(part))
    whole = (ROOT / mutant.path).read_bytes()
    written(tree, mutant)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-rfE", "--tb=no", *tests], cwd=tree,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}, capture_output=True, text=True, timeout=LONGEST,
            check=False)
    except subprocess.TimeoutExpired:
        return Outcome(mutant, True, f"more than {LONGEST} s")
    finally:
        (tree / mutant.path).write_bytes(whole)
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return Outcome(mutant, done.returncode != 0, failed[0][:100] if failed else f"status {done.returncode}")


def copied(folder: Path) -> Path:
    """Return a copy of what the tests need."""
    tree = folder / "tree"
    for name in ("aether", "shell", "lessons", "tests", "tools", "benchmarks", "docs"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "Makefile", "README.md", "CHANGELOG.md", "LICENSE", "constraints.txt"):
        shutil.copy(ROOT / name, tree / name)
    return tree


def main() -> int:
    """Try changes until the time is over; print the score, and what nobody noticed."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutants")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000)
    parser.add_argument("--most", type=int, default=300, help="changes")
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("parts", nargs="*", default=list(TESTS), metavar="PART", help=", ".join(TESTS))
    options = parser.parse_args()
    chance = random.Random(options.seed)
    paths = [path for part in options.parts for path in sorted((ROOT / part).rglob("*.py"))]
    every = [mutant for path in paths for mutant in mutants(path)]
    chosen = chance.sample(every, min(options.most, len(every)))
    print(f"{len(every):,} changes are possible; seed {options.seed}", flush=True)
    until = time.monotonic() + options.minutes * 60
    outcomes: list[Outcome] = []

    def work(mine: list[Mutant]) -> None:
        with tempfile.TemporaryDirectory(prefix="aether-mutants-") as folder:
            tree = copied(Path(folder))
            for mutant in mine:
                if time.monotonic() > until:
                    return
                outcomes.append(tried(tree, mutant))
                print("." if outcomes[-1].noticed else "L", end="", flush=True)

    with ThreadPoolExecutor(options.at_once) as pool:
        for future in [pool.submit(work, chosen[number::options.at_once]) for number in range(options.at_once)]:
            future.result()
    noticed = sum(each.noticed for each in outcomes)
    print()
    for each in outcomes:
        if not each.noticed:
            line = each.mutant.node.lineno  # type: ignore[attr-defined]
            print(f"lives: {each.mutant.path}:{line}: {each.mutant.before}  ->  {each.mutant.after}")
    print(f"{noticed} of {len(outcomes)} changes were noticed: {noticed / max(1, len(outcomes)):.0%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Who may know whom: read from the source, so that a forbidden import is found without running it."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import aether

ROOT = Path(__file__).parents[3]

PACKAGES = ("aether", "shell")
LEVELS = {
    "aether": (
        ("wire", "events", "knobs", "counters", "streams", "timers", "statehash", "socket_options", "answers", "plain"),
        ("surroundings",),
        ("reading",),
        ("filters",),
        ("link",),
        ("net",),
        ("udp", "tcp"),
        ("stack",),
        ("sockets",),
        ("apps",),
        ("host",),
        ("world",),
        ("lab", "attacks"),
        ("operations", "laboratory"),
        ("seen",),
        ("queries",),
        ("engine",),
    ),
    "shell": (
        ("language", "endings"),
        ("results",),
        ("files",),
        ("reading",),
        ("captures",),
        ("configuration",),
        ("session",),
        ("views",),
        ("lab", "scenarios", "craft"),
        ("bench", "drill", "lessons"),
        ("commands",),
        ("prompt",),
        ("program",),
        ("__main__",),
    ),
}
"""The parts of a package, its folders and the modules beside them, from the ground up. Each may know those of the
levels before its own, and nobody else."""
PAIRS = {
    ("aether.engine.bench", "aether.engine.loop"): "benchmark mode is a turn of the loop, and works on all of it",
    ("aether.link.port", "aether.link.tape"): "a tape stands in the place of the world outside, at a port",
    ("aether.net.interface", "aether.net.neighbours"): "each interface has its neighbours, who are found through it",
    ("aether.tcp.short.path", "aether.tcp.layer"): "short connections are kept beside the others, in the same tables",
}
"""Two files of one part that know each other, and why they are two. Nothing larger than a pair has a place here."""
MOST_PAIRS = 10
MOST_AT_THE_ROOT = 20
"""Entries of `shell/`: who opens it sees all of them at once."""
UNNAMED = {
    "aether/tcp/": {"Host", "World", "Interface"},
    "aether/udp.py": {"Host", "World", "Interface"},
    "aether/net/": {"Host", "World"},
}
"""What a layer is not to name, whoever it comes from: it says itself what it needs."""
THIRD_PARTY = {"httptools": "aether/apps/http.py", "lark": "aether/filters/", "mypy_extensions": "aether/tcp/",
               "re2": "aether/filters/pattern.py"}
"""What aether uses besides the standard library, and where alone it may."""
SLOW = ("scapy", "plotext", "pyroute2", "lark", "re2")
"""What the shell imports on first use only."""
OUTSIDE_WORLD = {
    "asyncio", "ctypes", "fcntl", "io", "multiprocessing", "os", "pathlib", "queue", "select", "selectors", "shutil",
    "signal", "socket", "ssl", "subprocess", "sys", "tempfile", "threading", "time", "random", "secrets", "concurrent",
    "datetime", "mmap", "logging",
}
"""Modules through which the outside world, its clock or its chance would come in."""
MAY_TOUCH_IT = ("aether/engine/", "aether/link/tap.py", "aether/link/queues.py")
HARMLESS = {
    ("aether/reading/types.py", "datetime"): "moments that messages name become dates; no clock is asked",
    ("aether/filters/values.py", "datetime"): "dates that a person writes become numbers; no clock is asked",
    ("aether/queries.py", "os"): "the words for an errno",
    ("aether/filters/parse.py", "pathlib"): "the grammar, a file of the package",
    ("aether/filters/__main__.py", "sys"): "prints the reference of the fields, and is no part of a world",
}


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def module_of(path: Path) -> str:
    """Return the name of a module; of a package, if the file is its `__init__`."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_of(path): path for package in PACKAGES for path in sources(package)}


def imports(path: Path, types: bool = True) -> Iterator[tuple[str, int]]:
    """Yield each module that a file imports, with the line; without `types` only those that it imports when it runs."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    hidden = set() if types else {
        inner
        for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in hidden:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            for name in {f"{node.module}.{alias.name}" for alias in node.names}:
                yield name if name in MODULES or node.module in PACKAGES else node.module or "", node.lineno


def part(module: str) -> str:
    """Return the part of its package that a module belongs to."""
    return (*module.split("."), "")[1]


Graph = dict[str, set[str]]


@cache
def known_files(package: str) -> Graph:
    """Return for each module of a package those of the same package that it imports, for types too."""
    return {
        name: {target for target, _ in imports(path) if target in MODULES and target != name
               and target.split(".")[0] == package}
        for name, path in MODULES.items() if name.split(".")[0] == package
    }


def known_parts(package: str) -> Graph:
    """Return for each part of a package those that it knows."""
    found: Graph = {}
    for name, targets in known_files(package).items():
        found.setdefault(part(name), set()).update(part(target) for target in targets if part(target) != part(name))
    return {own: others - {""} for own, others in found.items() if own}


def circles(graph: Graph) -> list[set[str]]:
    """Return the largest groups of nodes that reach each other, any way round; nodes alone are none."""
    reached: Graph = {}
    for start in graph:
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            new = graph.get(waiting.pop(), set()) - seen
            seen |= new
            waiting += new
        reached[start] = seen
    found = {frozenset(b for b in reached[a] if a in reached.get(b, ())) for a in graph if a in reached[a]}
    return sorted(map(set, found), key=sorted)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


AETHER = sources("aether")


@pytest.mark.parametrize("package", PACKAGES)
def test_every_part_has_its_place(package: str) -> None:
    placed = {name for level in LEVELS[package] for name in level}
    missing = set(known_parts(package)) - placed
    assert not missing, f"say in LEVELS where these belong: {sorted(missing)}"
    assert placed <= set(known_parts(package)), f"LEVELS has what is gone: {sorted(placed - set(known_parts(package)))}"


@pytest.mark.parametrize("package", PACKAGES)
def test_arrows_point_down(package: str) -> None:
    rank = {name: level for level, names in enumerate(LEVELS[package]) for name in names}
    for name, path in MODULES.items():
        own = part(name)
        if name.split(".")[0] != package or own not in rank:
            continue
        for module, line in imports(path):
            target = part(module)
            if module.split(".")[0] == package and target in rank and target != own:
                assert rank[target] < rank[own], f"{name_of(path)}:{line}: {own} may not know {target} ({module})"


@pytest.mark.parametrize("path", AETHER, ids=name_of)
def test_the_stack_knows_nobody_above_it(path: Path) -> None:
    for module, line in imports(path):
        where = f"{name_of(path)}:{line}"
        assert module.split(".")[0] not in ("shell", "lessons", "tests", "benchmarks"), f"{where} imports {module}"
    assert name_of(path) != "aether/__init__.py" or not list(imports(path))


@pytest.mark.parametrize("package", PACKAGES)
def test_no_circles(package: str) -> None:
    """None of parts at all, and of files only the pairs that are named; imports for types count like any other."""
    pairs = [set(pair) for pair in PAIRS if pair[0].split(".")[0] == package]
    found = circles(known_parts(package)) + [one for one in circles(known_files(package)) if one not in pairs]
    assert not found, "these know each other: " + "; ".join(", ".join(sorted(circle)) for circle in found)


def test_pairs_are_few_and_there() -> None:
    assert len(PAIRS) <= MOST_PAIRS
    for pair, why in PAIRS.items():
        assert why
        assert {part(name) for name in pair} == {part(pair[0])}, f"{pair}: a pair is of one part"
        assert set(pair) in circles(known_files(pair[0].split(".")[0])), f"{pair} do not know each other any more"


@pytest.mark.parametrize("path", AETHER, ids=name_of)
def test_layers_say_what_they_need(path: Path) -> None:
    forbidden = {word for where, words in UNNAMED.items() if name_of(path).startswith(where) for word in words}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = {getattr(node, field, None) for field in ("id", "attr", "name", "asname", "value")}
        words = {name for name in names if isinstance(name, str) and name.isidentifier()}
        assert not words & forbidden, f"{name_of(path)}:{getattr(node, 'lineno', 0)} names {words & forbidden}"


@pytest.mark.parametrize("path", AETHER, ids=name_of)
def test_standard_library_only(path: Path) -> None:
    for module, line in imports(path, types=False):
        top = module.split(".")[0]
        where = f"{name_of(path)}:{line} imports {module}"
        if top in THIRD_PARTY:
            assert name_of(path).startswith(THIRD_PARTY[top]), where
        else:
            assert top in sys.stdlib_module_names or top == "aether", where


@pytest.mark.parametrize("path", AETHER, ids=name_of)
def test_the_outside_world_stays_outside(path: Path) -> None:
    if name_of(path).startswith(MAY_TOUCH_IT):
        return
    for module, line in imports(path, types=False):
        if (name_of(path), module) not in HARMLESS:
            assert module.split(".")[0] not in OUTSIDE_WORLD, f"{name_of(path)}:{line} imports {module}"


EARLY = ("aether.lab", "aether.engine.core", "shell.prompt.app", "shell.program.start", "shell.commands")


@pytest.mark.parametrize("module", EARLY)
def test_slow_libraries_wait_until_they_are_needed(module: str) -> None:
    """Each costs from 70 ms to a second, which nobody should wait for before the first prompt."""
    question = f"import sys, {module}; print(*(set(sys.modules) & {set(SLOW)}))"
    told = subprocess.run([sys.executable, "-c", question], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == ""


def test_these_tests_look_at_something() -> None:
    assert len(AETHER) > 50
    assert any(module == "aether.wire.error" for module, _ in imports(ROOT / "aether/wire/tcp.py"))
    assert "aether.tcp.connection" in known_files("aether")["aether.tcp.output"], "an import for types"
    assert not any(module == "aether.tcp.connection" for module, _ in imports(ROOT / "aether/tcp/output.py", False))
    assert "wire" in known_parts("aether")["tcp"]


def test_a_circle_is_found_any_way_round() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": {"e"}, "e": {"d"}, "f": {"a"}, "g": set()}
    assert circles(graph) == [{"a", "b", "c"}, {"d", "e"}]


def test_what_users_of_the_library_rely_on_is_there() -> None:
    lines = [line.strip() for line in (aether.__doc__ or "").splitlines() if line.startswith("    from aether.")]
    assert len(lines) > 10
    for line in lines:
        exec(line.partition("   ")[0], {})


def test_the_root_of_the_shell_is_a_page() -> None:
    files = [path.relative_to(ROOT / "shell") for path in (ROOT / "shell").rglob("*")
             if path.is_file() and "__pycache__" not in path.parts]
    entries = {path.parts[0] for path in files}  # a folder that has moved leaves one of bytecode, which is nobody's
    assert len(entries) <= MOST_AT_THE_ROOT, sorted(entries)

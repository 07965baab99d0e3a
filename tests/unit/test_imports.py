"""Who may know whom: read from the source, so that a forbidden import is found without running it."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

LEVELS = (
    ("wire", "events", "knobs", "streams", "timers", "statehash", "socket_options", "answers"),
    ("filters",),
    ("link", "net"),
    ("udp",),
    ("tcp",),
    ("sockets",),
    ("apps",),
    ("host",),
    ("world",),
    ("lab",),
    ("attacks",),
    ("operations", "laboratory"),
    ("seen",),
    ("queries",),
    ("engine",),
)
"""Packages and modules of aether, from the ground up: each may import from its own level's name and those before."""
RANK = {name: level for level, names in enumerate(LEVELS) for name in names}
ALONE = ("wire", "events", "knobs")
"""They know nobody else in aether."""
THIRD_PARTY = {"httptools": "aether/apps/http.py", "lark": "aether/filters/", "mypy_extensions": "aether/tcp/"}
"""What aether uses besides the standard library, and where alone it may."""
SLOW = ("scapy", "plotext", "pyroute2", "lark")
"""What the shell imports on first use only."""
OUTSIDE_WORLD = {
    "asyncio", "ctypes", "fcntl", "io", "multiprocessing", "os", "pathlib", "queue", "select", "selectors", "shutil",
    "signal", "socket", "ssl", "subprocess", "sys", "tempfile", "threading", "time", "random", "secrets", "concurrent",
    "datetime", "mmap", "logging",
}
"""Modules through which the outside world, its clock or its chance would come in."""
MAY_TOUCH_IT = ("aether/engine/", "aether/link/tap.py", "aether/link/queues.py")
HARMLESS = {
    ("aether/queries.py", "os"): "the words for an errno",
    ("aether/filters/parse.py", "pathlib"): "the grammar, a file of the package",
    ("aether/filters/__main__.py", "sys"): "prints the reference of the fields, and is no part of a world",
}


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Yield each module that a file imports when it runs, with the line; those for types only are left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    hidden = {
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
            if node.module in ("aether", "shell"):
                yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)
            else:
                yield node.module or "", node.lineno


def part(module: str) -> str:
    """Return the part of aether that a module belongs to; `operations_link` is part of `operations`."""
    name = (*module.split("."), "")[1]
    return "operations" if name.startswith("operations_") else name


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


AETHER = sources("aether")


def test_every_part_has_its_place() -> None:
    parts = {part(".".join(path.relative_to(ROOT).with_suffix("").parts)) for path in AETHER} - {"__init__"}
    assert parts <= set(RANK), f"say in LEVELS where these belong: {sorted(parts - set(RANK))}"


@pytest.mark.parametrize("path", AETHER, ids=name_of)
def test_arrows_point_down(path: Path) -> None:
    own = part(".".join(path.relative_to(ROOT).with_suffix("").parts))
    if own == "__init__":
        assert not list(imports(path))
        return
    for module, line in imports(path):
        where = f"{name_of(path)}:{line}"
        assert module.split(".")[0] not in ("shell", "lessons", "tests", "benchmarks"), f"{where} imports {module}"
        if module.split(".")[0] != "aether":
            continue
        target = part(module)
        if target in ("", "__version__") or target == own:
            continue
        assert own not in ALONE, f"{where}: {own} knows nobody, and imports {module}"
        assert RANK[target] <= RANK[own], f"{where}: {own} may not know {target} ({module})"


@pytest.mark.parametrize("path", AETHER, ids=name_of)
def test_standard_library_only(path: Path) -> None:
    for module, line in imports(path):
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
    for module, line in imports(path):
        if (name_of(path), module) not in HARMLESS:
            assert module.split(".")[0] not in OUTSIDE_WORLD, f"{name_of(path)}:{line} imports {module}"


@pytest.mark.parametrize("module", ["aether.lab", "aether.engine.core", "shell.app", "shell.start", "shell.commands"])
def test_slow_libraries_wait_until_they_are_needed(module: str) -> None:
    """Each costs from 70 ms to a second, which nobody should wait for before the first prompt."""
    question = f"import sys, {module}; print(*(set(sys.modules) & {set(SLOW)}))"
    told = subprocess.run([sys.executable, "-c", question], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == ""


def test_these_tests_look_at_something() -> None:
    assert len(AETHER) > 50
    assert any(module == "aether.wire.error" for module, _ in imports(ROOT / "aether/wire/tcp.py"))
    assert not any(module == "aether.host" for module, _ in imports(ROOT / "aether/net/icmp.py"))

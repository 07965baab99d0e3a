"""The rules that make a world repeatable and every decision visible, read from the source."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import pytest

from aether.counters import COUNTERS
from aether.events import DROPS, KINDS
from aether.knobs import KNOBS

ROOT = Path(__file__).parents[3]
AETHER = sorted((ROOT / "aether").rglob("*.py"))
SOURCES = [*AETHER, *sorted((ROOT / "shell").rglob("*.py"))]
LONG, TOO_LONG = 400, 600
"""Lines of a file."""
NO_STATE = ("aether/engine/", "aether/filters/", "aether/reading/", "aether/link/tap.py", "aether/statehash.py",
            "aether/queries.py")
"""Who drives, asks or digests a world, and is no part of it."""
STATE = [path for path in AETHER if not str(path.relative_to(ROOT)).startswith(NO_STATE)]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def nodes(path: Path) -> Iterator[ast.AST]:
    yield from ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def found(path: Path, wrong: Callable[[ast.AST], bool]) -> list[str]:
    return [f"{name_of(path)}:{getattr(node, 'lineno', 0)}: {ast.unparse(node)}" for node in nodes(path) if wrong(node)]


def calls(node: ast.AST, *names: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names


@pytest.mark.parametrize("path", STATE, ids=name_of)
def test_nothing_that_differs_from_run_to_run(path: Path) -> None:
    """`hash` of text is salted, and `id` is where something lies in memory."""
    assert not found(path, lambda node: calls(node, "hash", "id"))


@pytest.mark.parametrize("path", STATE, ids=name_of)
def test_nothing_that_cannot_be_pickled(path: Path) -> None:
    assert not found(path, lambda node: isinstance(node, ast.Lambda))


def is_set(node: ast.AST) -> bool:
    return isinstance(node, (ast.Set, ast.SetComp)) or calls(node, "set", "frozenset")


@pytest.mark.parametrize("path", STATE, ids=name_of)
def test_no_order_out_of_sets(path: Path) -> None:
    """A set may answer `in`, and be counted; what is iterated over has an order."""
    sets = {
        ast.unparse(target)
        for node in nodes(path) if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value and is_set(node.value)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    }

    def unordered(node: ast.AST) -> bool:
        return is_set(node) or (isinstance(node, (ast.Name, ast.Attribute)) and ast.unparse(node) in sets)

    def wrong(node: ast.AST) -> bool:
        if isinstance(node, (ast.For, ast.comprehension)):
            return unordered(node.iter)
        if calls(node, "list", "tuple", "iter", "next", "enumerate", "zip", "map", "sum"):
            return any(unordered(argument) for argument in node.args)  # type: ignore[attr-defined]
        return isinstance(node, ast.Starred) and unordered(node.value)

    assert not found(path, wrong)


def literals(call: ast.Call, position: int) -> list[str]:
    """Return the texts that an argument may be: a literal, or a choice between literals."""
    if len(call.args) <= position:
        return []
    return [
        node.value for node in ast.walk(call.args[position])
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "." in node.value
    ]


def named(call: ast.AST, *names: str) -> bool:
    if not isinstance(call, ast.Call):
        return False
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr in names
    return isinstance(function, ast.Name) and function.id in names


@pytest.mark.parametrize("path", AETHER, ids=name_of)
def test_every_reason_is_declared(path: Path) -> None:
    for node in nodes(path):
        if named(node, "drop", "WireError", "_give_up"):
            for reason in literals(node, 1 if named(node, "_give_up") else 0):  # type: ignore[arg-type]
                assert reason in DROPS, f"{name_of(path)}:{node.lineno}: {reason}"  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", AETHER, ids=name_of)
def test_every_event_is_declared_with_its_values(path: Path) -> None:
    for node in nodes(path):
        if not named(node, "observer", "observe") or not isinstance(node, ast.Call) or len(node.args) < 2:
            continue
        kind = node.args[1]
        where = f"{name_of(path)}:{node.lineno}"
        if isinstance(kind, ast.Constant):
            assert kind.value in KINDS, f"{where}: {kind.value}"
            if not any(isinstance(argument, ast.Starred) for argument in node.args):
                assert len(node.args) - 2 == len(KINDS[kind.value].fields), f"{where}: {kind.value}"
            assert not node.keywords, f"{where}: values are passed by position"


def test_every_declaration_explains_itself() -> None:
    for name, kind in KINDS.items():
        assert kind.help, name
    for name, reason in DROPS.items():
        assert reason.help, name
        assert not reason.knob or reason.knob in KNOBS, f"{name}: no knob {reason.knob}"


def test_every_declaration_is_used() -> None:
    """A kind or a reason that nothing reports any more should go."""
    said = {
        node.value for path in AETHER if name_of(path) != "aether/events.py"
        for node in nodes(path) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert not (set(KINDS) | set(DROPS)) - said


def counters(path: Path) -> tuple[set[str], set[str]]:
    """Return the counters that a file adds to, and those that it reads."""
    counted, read = set(), set()
    for node in nodes(path):
        if named(node, "count") and isinstance(node, ast.Call):
            counted.update(name for name in literals(node, 0) if all(name.split(".")))
        elif isinstance(node, ast.Subscript) and is_counters(node.value):
            names = [part.value for part in ast.walk(node.slice) if isinstance(part, ast.Constant)]
            (counted if isinstance(node.ctx, ast.Store) else read).update(
                name for name in names if isinstance(name, str) and "." in name)
        elif (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get"
            and is_counters(node.func.value)
        ):
            read.update(literals(node, 0))
    return counted, read


def is_counters(node: ast.AST) -> bool:
    return ast.unparse(node).rpartition(".")[2] == "counters"


def test_every_counter_is_declared_and_counted() -> None:
    """One that is read and never counted says that nothing happened, whatever did."""
    counted, read = set[str](), set[str]()
    for path in (*SOURCES, *sorted((ROOT / "tests").rglob("*.py"))):
        adds, reads = counters(path)
        counted |= adds if path in AETHER else set()
        read |= reads
    assert counted == set(COUNTERS)
    assert not read - set(COUNTERS)
    assert all(counter.help for counter in COUNTERS.values())


def test_every_knob_is_asked_for() -> None:
    """A switch that nothing obeys is a lie."""
    asked = {node.attr for path in AETHER for node in nodes(path) if isinstance(node, ast.Attribute)}
    assert not {knob.attribute for knob in KNOBS.values()} - asked


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_one_concern_a_file(path: Path) -> None:
    """A file of more than 400 lines is usually two rooms: a warning. One of more than 600 certainly is."""
    length = len(path.read_text(encoding="utf-8").splitlines())
    assert length <= TOO_LONG, f"{name_of(path)} has {length} lines: which concerns are these?"
    if length > LONG:
        warnings.warn(f"{name_of(path)} has {length} lines: is it still one concern?", stacklevel=1)


def top_level(tree: ast.Module) -> Iterator[str]:
    """Yield the names that a module gives to something, without those that a decorator has registered."""
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            if not node.decorator_list or ast.unparse(node.decorator_list[0]).startswith("dataclass"):
                yield node.name
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                yield from (part.id for part in ast.walk(target) if isinstance(part, ast.Name))


UNUSED_HERE = {"aether.laboratory.Laboratory": "what users of the library make their first world with"}


def test_no_name_is_dead() -> None:
    """What nothing but a test asks for, the program does not need."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in (
        *SOURCES, *sorted((ROOT / "benchmarks").rglob("*.py")), *sorted((ROOT / "tools").rglob("*.py")))}
    imported, attributes = set[str](), set[str]()
    for node in (node for tree in trees.values() for node in ast.walk(tree)):
        if isinstance(node, ast.ImportFrom):
            imported.update(f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Attribute):
            attributes.add(node.attr)
    dead = set()
    for path in SOURCES:
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        names = (node for node in ast.walk(trees[path]) if isinstance(node, ast.Name))
        used = {name.id for name in names if isinstance(name.ctx, ast.Load)}
        dead |= {f"{module}.{name}" for name in top_level(trees[path]) if not name.startswith("__")
                 and name not in used and name not in attributes and f"{module}.{name}" not in imported}
    assert dead == set(UNUSED_HERE)


SAME_NAME = {
    "Field": "how a field is declared; and a line of a header as the shell's results name it, in JSON too",
    "HttpGet": "what a user asks for, registered by its name; and the job that it begins, in the state hash",
    "Lease": "what a DHCP client has, in the state hash; and what is told of it, in JSON too",
    "Options": "of a TCP segment, and of DNS's OPT record: each is named with the module of its protocol",
    "Ping": "as HttpGet",
    "Record": "one thing that happened, as filters see it; and DNS's own word for its data, in the state hash",
    "Sent": "a segment in flight, in the state hash; and what `tcp send` returns, in JSON too",
    "Settings": "of a DHCP client and of a link's impairments, both in the state hash",
    "Station": "an attacker on the link, in the state hash; and a column of the ladder, in JSON too",
    "TraceProbe": "a probe under way, in the state hash; and what is told of it, in JSON too",
    "Traceroute": "as HttpGet",
}
"""Names that two classes have, and why neither can have another. One that starts with _ is its own module's alone."""


def test_a_name_is_one_thing() -> None:
    """Whoever reads of a class does not have to ask which."""
    homes: dict[str, list[str]] = {}
    for path in SOURCES:
        for node in nodes(path):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes.setdefault(node.name, []).append(name_of(path))
    twice = {name: where for name, where in homes.items() if len(where) > 1}
    assert twice.keys() <= SAME_NAME.keys(), {name: twice[name] for name in twice.keys() - SAME_NAME.keys()}
    assert twice.keys() == SAME_NAME.keys(), f"one thing now: {sorted(SAME_NAME.keys() - twice.keys())}"
    assert all(len(where) == 2 for where in twice.values()), twice


def test_a_limit_says_of_what() -> None:
    """A bare LARGEST is another thing in each module that has one."""
    for path in SOURCES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign):
                names = {name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)}
                bare = names & {"LARGEST", "LONGEST", "MOST", "PATIENCE"}
                assert not bare, f"{name_of(path)}:{node.lineno}: {bare} of what?"


STACK = ("aether/wire/", "aether/reading/", "aether/net/", "aether/tcp/", "aether/apps/", "aether/udp.py",
         "aether/stack.py")
"""Who reads packets by trade: the parsers, the reader, and the layers."""
RECKONS = {
    "aether/engine/relay.py": "finds a flow's worker before anything is read",
    "aether/link/damage.py": "damages a header",
    "aether/link/translate.py": "writes into headers, and into those that errors quote",
    "aether/link/processor.py": "finds a flow's worker as the device does", "aether/link/tap.py": "cuts large segments",
    "aether/operations/frames.py": "keeps a flow silent, whatever else is wrong with its frame",
    "shell/craft/edit.py": "writes into headers, and the reader only reads",
}
"""Who else reckons where a header ends, and why."""
PARSES = {
    "aether/attacks/": "a station has its own small stack",
    "shell/drill/": "compares what the stack sent with a script",
    "shell/lessons/exercises/trial.py": "gives a learner's part what a layer would be given",
    "shell/reading/summary.py": "says in a row what the stack would refuse",
    "shell/reading/summary_services.py": "the same, of DNS and DHCP",
    "shell/reading/words.py": "names a SYN or FIN that is sent again alone",
}
"""Who else asks the strict parsers, and why."""
HEADER_LENGTH = re.compile(r"& ?(?:15|0x0f)\)? ?\)?(?:\* ?4|<< ?2)|4 \* ?\(?\w+\[[^]]*\] ?& ?(?:15|0x0f)"
                           r"|>> 4\)? ?(?:\* ?4|<< ?2)|4 \* \(\w+\[[^]]*\] >> 4", re.IGNORECASE)
PARSER = re.compile(r"\b(?:tcp|ipv4|udp|icmp|arp|igmp|dns|dhcp|ethernet)\.parse\w*\(")


def elsewhere(pattern: re.Pattern[str], allowed: Collection[str]) -> set[str]:
    """Return the files outside the stack that a pattern is found in, without those that are allowed."""
    return {
        name for path in SOURCES if pattern.search(path.read_text(encoding="utf-8"))
        and not (name := name_of(path)).startswith((*STACK, *allowed))}


def test_where_a_header_ends_is_reckoned_by_the_reader() -> None:
    """Else options, fragments and frames that were cut off are forgotten in one place or the other."""
    assert not elsewhere(HEADER_LENGTH, RECKONS)


def test_frames_are_parsed_by_the_reader() -> None:
    assert not elsewhere(PARSER, PARSES)


def test_every_exception_is_still_needed() -> None:
    for pattern, allowed in ((HEADER_LENGTH, RECKONS), (PARSER, PARSES)):
        found = elsewhere(pattern, ())
        assert all(any(name.startswith(each) for name in found) for each in allowed), found


@pytest.mark.parametrize("line", [
    "at = 14 + 4 * (frame[14] & 0x0F)", "start = 14 + (frame[14] & 15) * 4", "header = (frame[at + 12] >> 4) * 4",
    "34 + (frame[46] >> 4 << 2)", "length = {6: 4 * (frame[at + 12] >> 4)}",
])
def test_such_reckoning_is_recognised(line: str) -> None:
    assert HEADER_LENGTH.search(line)

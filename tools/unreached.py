"""Lines that no test executes: `python -m tools.unreached`, or `make coverage`. The list of them may only shrink.

The tests that need neither a network namespace nor a terminal run under coverage.py; what they never reach of the
stack's core is compared with `tests/unreached.txt`. A line that is not there fails the run: write a test, and look at
the line well, since nobody has so far. A line that is there and reached by now is to be taken out (`--write` does that,
and adds nothing). It takes several times as long as the tests alone, so CI does not do it each time; that what is
listed still exists, `tests/unit/project/test_unreached.py` tells each time.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIST = ROOT / "tests" / "unreached.txt"
CORE = ("aether/tcp/", "aether/net/", "aether/sockets.py")
TYPES_ALONE = ("aether/tcp/network.py", "aether/tcp/congestion/flow.py")
"""Protocols, which are imported for their types and never at run time."""
TESTS = ("tests/unit", "tests/scripts", "tests/drill", "tests/sim", "tests/fuzz", "tests/debugger")
HEAD = """\
# Lines of the stack's core that no test executes: file, and what stands there. It may only shrink: `make coverage`.
"""

Line = tuple[str, str]
"""A file, and what stands in a line of it: numbers would change with every line above."""


def listed(file: Path = LIST) -> Counter[Line]:
    """Return the lines of the list, and how often each is there."""
    lines = (line for line in file.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#"))
    return Counter((path, text.strip()) for path, _, text in (line.partition(": ") for line in lines))


def text_of(lines: Counter[Line]) -> str:
    """Return a list as it is written."""
    return HEAD + "".join(f"{path}: {text}\n" for path, text in sorted(lines.elements()))


def unreached(report: Path) -> Counter[Line]:
    """Return the lines of the core that a report of coverage.py, in JSON, says were never executed."""
    found: Counter[Line] = Counter()
    for path, each in json.loads(report.read_text(encoding="utf-8"))["files"].items():
        if path.startswith(CORE) and path not in TYPES_ALONE:
            source = (ROOT / path).read_text(encoding="utf-8").splitlines()
            found.update((path, source[number - 1].strip()) for number in each["missing_lines"])
    return found


def measured(tests: list[str], folder: Path) -> Path:
    """Run tests under coverage.py, and return its report; exit if one of them fails."""
    report = folder / "report.json"
    settings = folder / "settings"
    settings.write_text(
        f"[run]\nsource = aether\nrelative_files = true\ndata_file = {folder / 'data'}\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "4", "--dist", "loadgroup", "--cov", f"--cov-config={settings}",
         f"--cov-report=json:{report}", *tests], cwd=ROOT, check=False)
    if done.returncode:
        raise SystemExit(done.returncode)
    return report


def main() -> int:
    """Measure, compare, and say what is new."""
    parser = argparse.ArgumentParser(prog="python -m tools.unreached")
    parser.add_argument("--write", action="store_true", help="take what is reached by now out of the list")
    parser.add_argument("--report", type=Path, help="a report of `coverage json` that is there already")
    parser.add_argument("tests", nargs="*", default=list(TESTS))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aether-coverage-") as folder:
        found = unreached(options.report or measured(options.tests, Path(folder)))
    known = listed()
    for path, text in sorted((found - known).elements()):
        print(f"no test executes {path}: {text}")
    for path, text in sorted((known - found).elements()):
        print(f"reached by now, and still listed: {path}: {text}")
    if options.write:
        LIST.write_text(text_of(known & found), encoding="utf-8")
    print(f"{found.total()} lines of the core are not reached; {known.total()} are listed")
    return int(bool(found - known or (known - found and not options.write)))


if __name__ == "__main__":
    sys.exit(main())

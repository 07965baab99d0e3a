"""build/compiled: a copy of this directory in which the hottest modules are compiled, from the same source, by mypyc.

    python tools/compiled.py [--into SITE-PACKAGES]

Nothing needs it: everywhere else the modules are plain Python. It wants a C compiler and the headers of this Python,
takes a quarter of a minute, and compiles again only when something in aether/ has changed. With `--into`, compiled
modules are put beside the plain ones of an installation of this same source.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TREE = ROOT / "build" / "compiled"
KEPT = ROOT / "build" / "extensions"
"""What was compiled, by what it was made of."""
MODULES = (
    "aether/tcp/decisions.py", "aether/tcp/short/path.py", "aether/tcp/short/record.py", "aether/tcp/short/trace.py",
)
"""What was measured to pay. The loop around them does not: it waits for the kernel."""
COPIED = (
    "aether", "shell", "lessons", "benchmarks", "tests", "tools", "docs", "Makefile", "README.md", "CHANGELOG.md",
    "LICENSE", "pyproject.toml", "constraints.txt",
)
SETUP = """
from mypyc.build import mypycify
from setuptools import setup

setup(name="aether-compiled", ext_modules=mypycify({modules!r}, group_name="aether"))
"""


def missing() -> str:
    """Return what is missing, and how to get it; empty if all is there."""
    for module in ("mypyc", "setuptools"):
        if importlib.util.find_spec(module) is None:
            return f"{sys.executable} has no {module}. `make compiled` takes the Python that has it"
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")[0]
    if shutil.which(compiler) is None:
        return f"there is no C compiler ({compiler}). On Debian and Ubuntu: apt-get install gcc"
    header = Path(sysconfig.get_path("include")) / "Python.h"
    if not header.exists():
        return f"{header} is missing. On Debian and Ubuntu: apt-get install python3-dev"
    return ""


def fingerprint() -> str:
    """Return what the compiled modules depend on, as a name: all of aether, since types come from everywhere."""
    digest = hashlib.sha256(f"{sys.version} {MODULES}".encode())
    for path in sorted((ROOT / "aether").rglob("*.py")):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def extensions() -> Path:
    """Return the folder with the compiled modules, compiling them unless they are there; OSError if that fails."""
    folder = KEPT / fingerprint()
    if folder.exists():
        return folder
    shutil.rmtree(KEPT, ignore_errors=True)
    work = KEPT / "work"
    work.mkdir(parents=True)
    shutil.copytree(ROOT / "aether", work / "aether", ignore=shutil.ignore_patterns("__pycache__"))
    (work / "setup.py").write_text(SETUP.format(modules=list(MODULES)), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "setup.py", "build_ext", "--build-lib", "made"], cwd=work, capture_output=True, text=True,
        check=False)
    if done.returncode:
        raise OSError("mypyc or the compiler failed:\n" + "\n".join((done.stdout + done.stderr).splitlines()[-20:]))
    (work / "made").rename(folder)
    shutil.rmtree(work)
    return folder


def copy(made: Path) -> None:
    """Make the copy of this directory anew."""
    shutil.rmtree(TREE, ignore_errors=True)
    TREE.mkdir(parents=True)
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, TREE / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / name, TREE / name)
    shutil.copytree(made, TREE, dirs_exist_ok=True)


def main(arguments: list[str]) -> int:
    """Build; return 1 with a message if something is missing."""
    parser = argparse.ArgumentParser(prog="compiled.py", description="Compile the hottest modules.")
    parser.add_argument("--into", metavar="SITE-PACKAGES", type=Path, help="put them into an installation instead")
    chosen = parser.parse_args(arguments)
    if chosen.into is not None and not (chosen.into / MODULES[0]).exists():
        print(f"compiled.py: {chosen.into} has no {MODULES[0]}: Aether is not installed there", file=sys.stderr)
        return 1
    if why := missing():
        print(f"compiled.py: nothing is compiled, and everything works without: {why}", file=sys.stderr)
        return 1
    try:
        made = extensions()
        if chosen.into is not None:
            shutil.copytree(made, chosen.into, dirs_exist_ok=True)
        else:
            copy(made)
    except OSError as problem:
        print(f"compiled.py: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

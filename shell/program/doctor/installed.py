"""Python itself, and the packages that Aether is built with."""

from __future__ import annotations

import os
import re
import sys
import sysconfig
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from shell.program.doctor.finding import BROKEN, LAB, LIMITED, OLDEST, SIM, TAP, WORKS, Finding, quoted

MODULES = {"google-re2": "re2"}
"""Names of modules that are not the package's own."""
WITHOUT = {
    "plotext": "`plot` draws nothing", "scapy": "`craft`, `sr`, `fuzz` and `edit` do not work",
    "google-re2": "expressions after `matches` that cannot be bounded are refused",
}
"""What else there is without a package; without any other, the shell does not start."""
ONLY_FOR = {"pyroute2": (LAB, TAP)}
DISTRIBUTION = "aether-shell"
_SPECIFIER = re.compile(r"(>=|<)\s*([\d.]+)")


class Requirement(NamedTuple):
    """A package, and the versions that will do."""

    name: str
    bounds: tuple[tuple[str, str], ...]
    """``>=`` or ``<``, and a version."""
    optional: bool

    def __str__(self) -> str:
        """Return it as pip reads it."""
        return self.name + ",".join(f"{sign}{version}" for sign, version in self.bounds)

    def fits(self, version: str) -> bool:
        """Tell whether a version is one of those."""
        return all((_numbers(version) >= _numbers(bound)) == (sign == ">=") for sign, bound in self.bounds)


def look() -> Iterator[Finding]:
    """Look at Python and at every package."""
    yield _python()
    found = list(_requirements())
    if not found:
        yield Finding("packages", BROKEN, "nothing says which ones Aether needs: it is not installed as a whole",
                      quoted(sys.executable, "-m", "pip", "install", str(_root())), (SIM, LAB, TAP))
    for each in found:
        yield _package(each)


def _python() -> Finding:
    version = tuple(sys.version_info[:2])
    said = f"{'.'.join(str(part) for part in sys.version_info[:3])}, {sys.executable}"
    if version >= OLDEST:
        return Finding("Python", WORKS, said)
    needed = ".".join(str(part) for part in OLDEST)
    return Finding("Python", BROKEN, f"{said}, and Aether needs {needed} or newer",
                   f"make -C {quoted(str(_root()))} shell PYTHON=python3.12", (SIM, LAB, TAP))


def _root() -> Path:
    return Path(__file__).parents[3]


def _requirements() -> Iterator[Requirement]:
    """Yield what Aether needs: as it was installed, or as the checkout says."""
    for line in _lines():
        specifier, _, marker = line.partition(";")
        if "extra" in marker and "regex" not in marker:
            continue
        name = re.split(r"[^\w.-]", specifier.strip(), maxsplit=1)[0]
        yield Requirement(name, tuple(sorted(_SPECIFIER.findall(specifier), reverse=True)), "extra" in marker)


def _lines() -> list[str]:
    project = _root() / "pyproject.toml"
    try:
        import tomllib

        declared = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
    except (ImportError, OSError):
        from importlib import metadata

        try:
            return metadata.requires(DISTRIBUTION) or []
        except metadata.PackageNotFoundError:
            return []
    regex = declared["optional-dependencies"]["regex"]
    return [*declared["dependencies"], *(f"{each}; extra == 'regex'" for each in regex)]


def _package(wanted: Requirement) -> Finding:
    from importlib import metadata

    try:
        version = metadata.version(wanted.name)
        import_module(MODULES.get(wanted.name, wanted.name.replace("-", "_")))
    except metadata.PackageNotFoundError:
        return _lacking(wanted, "not installed")
    except Exception as problem:  # whatever a package that is installed by halves, or the wrong one of two, raises
        if wanted.fits(version):
            return _lacking(wanted, f"cannot be imported ({type(problem).__name__}: {problem})", again=True)
    if wanted.fits(version):
        return Finding(wanted.name, WORKS, version)
    return _lacking(wanted, f"{version}, and Aether needs {str(wanted)[len(wanted.name):]}")


def _lacking(wanted: Requirement, said: str, again: bool = False) -> Finding:
    again_too = ["--force-reinstall"] if again else []
    mend = f"{quoted(sys.executable)} -m pip install {quoted(*again_too, str(wanted))}"
    if not os.access(sysconfig.get_path("purelib"), os.W_OK):
        mend = f"sudo {mend}"
    if wanted.name in WITHOUT:
        return Finding(wanted.name, LIMITED, f"{said}: {WITHOUT[wanted.name]}", mend)
    return Finding(wanted.name, BROKEN, said, mend, ONLY_FOR.get(wanted.name, (SIM, LAB, TAP)))


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers that a version begins with, without zeros at the end: 4.0 is 4."""
    found = re.match(r"[\d.]*", version)
    numbers = [int(part) for part in (found[0] if found else "").split(".") if part]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)

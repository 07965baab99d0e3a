"""One target with atheris, in a process of its own: `python -m tests.fuzz.guided NAME [libFuzzer's options] [corpora]`.

atheris counts which branches of our modules an input reaches, and keeps those that reach new ones.
"""

from __future__ import annotations

import sys

import atheris


def main(name: str, options: list[str]) -> None:
    """Fuzz; does not return."""
    with atheris.instrument_imports(include=["aether", "shell"], enable_loader_override=False):
        from tests.fuzz.targets import TARGETS

        target = TARGETS[name]()
    run = target.run
    target.seeds()
    # libFuzzer starts itself again to merge, by the first of these and through a shell.
    atheris.Setup([f"{sys.executable} -m tests.fuzz.guided {name}", *options], run)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])

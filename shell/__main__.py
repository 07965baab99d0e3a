"""`aether-shell`, and `python -m shell`: little is imported before it is settled what Ctrl-C does."""

from __future__ import annotations

import sys

from shell import endings


def main(argv: list[str] | None = None) -> int:
    """Run the program; return its exit status."""
    endings.at_start()
    try:
        from shell.program.main import main as program

        return program(sys.argv[1:] if argv is None else argv)
    finally:
        endings.give_back()


if __name__ == "__main__":
    sys.exit(main())

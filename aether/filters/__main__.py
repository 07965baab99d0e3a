"""Print the reference of the language: `python -m aether.filters > docs/filters.md`."""

import sys

from aether.filters.reference import reference

sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
sys.stdout.writelines(reference())

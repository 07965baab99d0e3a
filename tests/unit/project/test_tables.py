"""docs/knobs.md, docs/counters.md and docs/states.md are what the code says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", ["knobs.md", "counters.md", "states.md"])
def test_the_page_is_current(tmp_path: Path, name: str) -> None:
    subprocess.run([sys.executable, "tools/tables.py", str(tmp_path)], cwd=ROOT, check=True)
    kept, made = ((folder / name).read_text(encoding="utf-8") for folder in (ROOT / "docs", tmp_path))
    assert kept == made, "run: python tools/tables.py"

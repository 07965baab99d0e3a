"""docs/rfc.md is what the tests say."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_page_is_current() -> None:
    """Made by `python tools/rfc.py > docs/rfc.md`."""
    made = subprocess.run(
        [sys.executable, "tools/rfc.py"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout
    assert (ROOT / "docs" / "rfc.md").read_text(encoding="utf-8") == made, "run: python tools/rfc.py > docs/rfc.md"

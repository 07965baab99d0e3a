"""The pictures of the docs can be made again, and are those that the page shows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[3]


def test_the_pictures_can_be_made_again(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "tools/pictures.py", str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=120,
        check=False)
    assert done.returncode == 0, done.stderr
    kept = {path.name for path in (ROOT / "docs/pictures").glob("*.svg")}
    made = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "pictures").glob("*.svg")}
    assert kept == made.keys(), "run: make pictures"
    for text in made.values():
        assert ElementTree.fromstring(text).tag.endswith("svg")
    pages = [(place / "views.md").read_text(encoding="utf-8") for place in (ROOT / "docs", tmp_path)]
    assert pages[0] == pages[1], "run: make pictures"


def test_every_picture_is_on_the_page() -> None:
    page = (ROOT / "docs/views.md").read_text(encoding="utf-8")
    for path in (ROOT / "docs/pictures").glob("*.svg"):
        assert f"](pictures/{path.name})" in page
    assert "docs/views.md" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_same_seed_makes_the_same_picture(tmp_path: Path) -> None:
    made = []
    for name, terminal in (("one", "dumb"), ("two", "xterm-256color")):
        subprocess.run(
            [sys.executable, "tools/pictures.py", str(tmp_path / name)], cwd=ROOT, check=True, timeout=120,
            env={"PATH": "/usr/bin:/bin", "TERM": terminal, "COLUMNS": "60"})
        made.append({path.name: path.read_text() for path in (tmp_path / name / "pictures").glob("*.svg")})
    assert made[0] == made[1]

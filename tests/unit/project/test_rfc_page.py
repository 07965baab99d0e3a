"""docs/rfc.md is what the code and the tests say, and every clause that a test shows has a place in the code."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[3]


def test_the_page_is_current() -> None:
    """Made by `python tools/rfc.py > docs/rfc.md`."""
    made = subprocess.run(
        [sys.executable, "tools/rfc.py"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout
    assert (ROOT / "docs" / "rfc.md").read_text(encoding="utf-8") == made, "run: python tools/rfc.py > docs/rfc.md"


def test_every_clause_that_a_test_shows_has_a_function() -> None:
    """From a clause to its code in one hop: a file alone is no place."""
    rfc = _tool()
    code = rfc.coded()
    without = {
        _said(key): sorted(tests) for key, tests in rfc.tested().items()
        if not any(":" in place for place in code.get(key, ()))
    }
    assert not without, "name the clause in the docstring or a comment of the function that does what it asks"


@pytest.mark.parametrize(("text", "about", "found"), [
    ("RFC 9293 §3.5, §3.6.1: so", 0, [(9293, "3.5"), (9293, "3.6.1")]),
    ("as a whole: RFC 6675", 0, [(6675, "")]),
    ("RFC 6675, RFC 5681 §4.3", 0, [(6675, ""), (5681, "4.3")]),
    ("§6.2, step 5", 8985, [(8985, "6.2")]),
    ("§6.2, step 5", 0, []),
    ("of no clause", 8985, []),
    ("RFC 9438, and §4.6", 8985, [(9438, "4.6")]),
])
def test_what_a_text_names(text: str, about: int, found: list[tuple[int, str]]) -> None:
    """A § belongs to the RFC before it, else to the one that its module is about."""
    assert _tool().named(text, about) == found


def _said(key: tuple[int, str]) -> str:
    return f"RFC {key[0]} §{key[1]}" if key[1] else f"RFC {key[0]}"


def _tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("rfc_tool", ROOT / "tools" / "rfc.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

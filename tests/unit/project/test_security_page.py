"""docs/security.md claims what is tested: each claim names tests, and they exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/security.md").read_text(encoding="utf-8")
CLAIMS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| what holds")]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


@pytest.mark.parametrize("claim", CLAIMS)
def test_each_claim_names_tests_that_exist(claim: str) -> None:
    _, what, shown, _ = claim.split(" | ") if claim.count(" | ") == 3 else ("", *claim.strip("| ").split(" | "), "")
    assert what
    named = NAMED.findall(shown)
    assert named, f"no test shows that {what}"
    assert NAMED.sub("", shown).strip(", |") == "", "tests, and nothing else"
    for file, name in named:
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}, f"{file}::{name}"


def test_there_are_claims_about_everybody_and_each_part_says_what_is_not_defended() -> None:
    parts = re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
    assert len(parts) == 4
    for part in parts:
        assert "| what holds | shown by |" in part
        assert "\nNot defended: " in part

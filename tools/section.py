"""A page of which several commands make a part each: what stands between the marks of one."""

from __future__ import annotations

import re
from pathlib import Path


def replace(page: Path, name: str, content: str) -> None:
    """Put `content` between the marks of a part: ``<!-- name: ... -->`` and ``<!-- end of name -->``."""
    text = page.read_text(encoding="utf-8")
    pattern = re.compile(rf"(<!-- {name}:[^\n]*-->\n).*?(<!-- end of {name} -->)", re.DOTALL)
    if not pattern.search(text):
        raise SystemExit(f"{page} has no part {name!r}")
    changed = pattern.sub(lambda found: f"{found[1]}\n{content}\n\n{found[2]}", text)
    page.write_text(changed, encoding="utf-8")

"""Every knob of TCP has scripts for what it does and for what happens without it."""

import re
from pathlib import Path

import pytest

from aether.knobs import KNOBS

HERE = Path(__file__).parent
SCRIPTS = "\n".join(file.read_text() for file in sorted(HERE.glob("test_*.py")) if file.name != Path(__file__).name)


@pytest.mark.parametrize("name", [name for name in KNOBS if name.startswith("tcp.")])
def test_there_are_scripts_for_it(name: str) -> None:
    """A knob that no script turns is a knob that nobody knows."""
    attribute = name.replace(".", "_", 1)
    values = re.findall(rf'{attribute}"?[=,] ?"([^"]+)"', SCRIPTS)
    turned = values or f"{attribute}=knob" in SCRIPTS or re.search(rf"{attribute}=(\w+)", SCRIPTS)
    assert turned, f"no script turns {name}"

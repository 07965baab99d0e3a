"""Which build of Aether this is: two with the same name repeat each other's runs to the last bit."""

from functools import cache
from hashlib import blake2b
from pathlib import Path

import aether


@cache
def build_name() -> str:
    """Return the version and 12 hexadecimal digits of the source of `aether/`."""
    root = Path(aether.__file__).parent
    digest = blake2b(digest_size=6)
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        digest.update(path.read_bytes())
    return f"{aether.__version__}+{digest.hexdigest()}"

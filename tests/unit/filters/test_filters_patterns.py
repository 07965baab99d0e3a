"""`matches`: whatever bytes a peer sends and whatever a file asks for, the search ends soon, with RE2 and without."""

from __future__ import annotations

import subprocess
import sys

import pytest

from aether.filters import FilterError, compile_filter
from aether.filters.pattern import PatternProblem, searcher

ENDLESS = [b"(a+)+$", b"(a|aa)+$", b"(.*)*x", b"a*a*a*a*a*a*a*a*b", b"(?:a?){30}a{30}$"]
"""Expressions that an engine which goes back takes centuries for, over the bytes below."""
LOAD = b"a" * 60_000 + b"!"


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let RE2 be missing, as where it was not built."""
    monkeypatch.setitem(sys.modules, "re2", None)


@pytest.mark.parametrize("pattern", ENDLESS)
def test_ends_whatever_is_searched(pattern: bytes) -> None:
    # A process of its own, for a search that does not end could not be ended.
    code = (f"from aether.filters.pattern import searcher\n"
            f"assert not searcher({pattern!r}, False)({LOAD!r})\n"
            f"assert not searcher({pattern!r}, True)({LOAD.decode()!r})")
    pytest.importorskip("re2", reason="without RE2 these are refused")
    subprocess.run([sys.executable, "-c", code], timeout=60, check=True)


@pytest.mark.usefixtures("without")
@pytest.mark.parametrize("pattern", [*ENDLESS, b"x+", b"a{2,}", b"(?=a)", rb"(a)\1", b"(a?){0,9}", b"(a|b){9}",
                                     b"(?i)a", b"a{0,99}b{0,99}", b"(a|b|c|d|e|f|g|h|i|j|k|l)"])
def test_without_it_what_has_no_bound_is_refused(pattern: bytes) -> None:
    with pytest.raises(PatternProblem, match="install google-re2"):
        searcher(pattern, False)


@pytest.mark.parametrize("pattern, found, missed", [
    (b"get|post", b"xx POST /", b"PUT"),
    (rb"^HTTP/1\.[01] \d{3}", b"http/1.1 200", b"HTTP/2 200"),
    (rb"[\x80-\xff]{3}", b"a\x80\xfe\xff", b"a\x80\xfea"),
    (rb"\xff.\x00", b"\xff\xfe\x00", b"\xff\x00"),
    (rb"a[*+]b", b"a+b", b"aab"),
    (rb"a\*", b"A*", b"aa"),
    (rb"(?:ab)?c{2}", b"xcc", b"abc"),
    (rb"[]x{]{2}", b"]{", b"]a"),
])
@pytest.mark.parametrize("engine", ["with", "without"])
def test_both_engines_find_the_same(pattern: bytes, found: bytes, missed: bytes, engine: str,
                                    monkeypatch: pytest.MonkeyPatch) -> None:
    if engine == "without":
        monkeypatch.setitem(sys.modules, "re2", None)
    search = searcher(pattern, False)
    assert search(found) and not search(missed)


@pytest.mark.parametrize("engine", ["with", "without"])
def test_text_may_be_anything(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if engine == "without":
        monkeypatch.setitem(sys.modules, "re2", None)
    search = searcher("größe".encode(), True)
    assert search("die größe") and not search("\udcff\x00")


@pytest.mark.parametrize("pattern, said", [("(", "missing"), ("a(?=b)", "without a bound"), (r"(a)\1", "without a"),
                                           ("a" * 301, "at most 300 characters")])
def test_what_is_refused_says_why(pattern: str, said: str) -> None:
    with pytest.raises(FilterError, match=said):
        compile_filter(f'tcp.payload matches r"{pattern}"')

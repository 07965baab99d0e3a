"""The parts of HTTP that stand alone: dates, bodies, paths and ranges."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aether.apps.http_body import Body, BodyError
from aether.apps.http_date import parse_date, show_date
from aether.apps.http_get import UrlError, parse_url
from aether.apps.http_site import HTML, File, PathError, Site, path_of, range_of, type_of


@given(st.integers(0, 250_000_000_000))
def test_dates_as_the_standard_library_writes_them(seconds: int) -> None:
    """RFC 9110 §5.6.7."""
    assert show_date(seconds) == formatdate(seconds, usegmt=True)
    assert parse_date(show_date(seconds)) == seconds


@given(st.text(max_size=40))
def test_any_text_as_a_date(text: str) -> None:
    assert parse_date(text) is None
    assert parse_date(f"Sun, 06 Nov 1994 08:49:{text} GMT") in (None, *range(784_111_740, 784_111_800))


def test_dates_that_do_not_exist() -> None:
    for text in ("Sun, 31 Feb 2020 00:00:00 GMT", "Mon, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT"):
        assert parse_date(text) is None


CHUNKED = b"4;x=y\r\nWiki\r\n5\r\npedia\r\n0\r\nA: b\r\n\r\n"


@given(st.lists(st.integers(1, 5), max_size=40))
def test_chunks_in_any_pieces(sizes: list[int]) -> None:
    """RFC 9112 §7.1."""
    body, found, rest, data = Body(chunked=True), b"", b"", CHUNKED + b"GET"
    for size in [*sizes, len(data)]:
        piece, after = body.take(data[:size])
        data = data[size:]
        found += piece
        rest += after
    assert (found, rest, body.done) == (b"Wikipedia", b"GET", True)


@given(st.binary(max_size=100), st.integers(0, len(CHUNKED)))
def test_any_bytes_as_chunks(data: bytes, cut: int) -> None:
    body = Body(chunked=True)
    try:
        piece, rest = body.take(CHUNKED[:cut] + data)
    except BodyError:
        return
    assert len(piece) + len(rest) <= cut + len(data)


@pytest.mark.parametrize("data", [
    b"x\r\n", b"-1\r\n", b"\r\n", b"4\nWiki", b"4\r\nWikiX\r\n", b"1" * 13 + b"\r\n", b"1;" + b"x" * 5000,
    b"0\r\n" + b"A: b\r\n" * 1000,
])
def test_chunks_that_make_no_sense(data: bytes) -> None:
    """RFC 9112 §7.1."""
    with pytest.raises(BodyError):
        Body(chunked=True).take(data)


def test_lengths() -> None:
    body = Body(3)
    assert body.take(b"ab") == (b"ab", b"")
    assert (body.take(b"cde"), body.done) == ((b"c", b"de"), True)
    assert Body(0).done
    assert Body(None).take(b"x" * 9) == (b"x" * 9, b"")


@pytest.mark.parametrize("target, path", [
    (b"/", "/"), (b"/a/b.txt?x=/../", "/a/b.txt"), (b"/%41%2Fb", "/A/b"), (b"/a%20b", "/a b"), (b"/%252e", "/%2e"),
    (b"http://host/x", "/x"), (b"http://host", "/"), (b"/%C3%A9", "/\u00e9"), (b"/..x/...", "/..x/..."),
])
def test_paths(target: bytes, path: str) -> None:
    """RFC 9112 §3.2, RFC 3986 §2.1."""
    assert path_of(target) == path


OUT = (
    b"/..", b"/../etc/passwd", b"/a/../../b", b"/%2e%2e/x", b"/.%2E/x", b"/%2e./x", b"/..%2fx", b"/a/%2e%2e%2f%2e%2e/x",
    b"/..%5cx", b"/..\\x", b"/%c0%ae%c0%ae/x", b"/%00", b"/a%0d%0aX: y", b"/./x", b"/%", b"/%4", b"/%zz", b"*", b"x",
    b"", b"ftp://h/", b"/%ff", b"//../x", b"/%u002e", b"/..;/x"[:3] + b"/",
)


@pytest.mark.parametrize("target", OUT)
def test_no_way_out(target: bytes) -> None:
    """RFC 9110 §17.3: no file outside, however it is written."""
    with pytest.raises(PathError):
        path_of(target)


@given(st.text("./%2eE5cC\\a", max_size=20))
def test_whatever_is_asked_for_is_a_file_that_was_added(text: str) -> None:
    site = Site()
    site.add("/a/b.txt", File(b"x", "text/plain"))
    try:
        path = path_of(b"/" + text.encode())
    except PathError:
        return
    assert not {".", ".."} & {*path.split("/")}
    found = site.find(path)
    assert found is None or path == "/a/b.txt" or path in site.folders


def test_a_site() -> None:
    site = Site()
    site.add("/a/<b>&.txt", File(b"12", "text/plain"))
    site.add("/a/c/index.html", File(b"index", HTML))
    listing = site.find("/a/")
    assert listing is not None
    assert b"&lt;b&gt;&amp;.txt</a> 2 bytes" in listing.data
    assert b'href="./%3Cb%3E%26.txt"' in listing.data
    assert site.is_folder("/a/c")
    found = site.find("/a/c/")
    assert found is not None and found.data == b"index"
    for wrong in ("", "x", "/a/../b", "/a/"):
        with pytest.raises(PathError):
            site.add(wrong, File(b"", HTML))
    assert (type_of("/a.HTML"), type_of("/a.tar.gz"), type_of("/a.b/c")) == (
        HTML, "application/gzip", "application/octet-stream")


@pytest.mark.parametrize("text, wanted", [
    ("bytes=0-0", (0, 1)), ("bytes=5-", (5, 10)), ("bytes=-3", (7, 10)), ("bytes=-99", (0, 10)),
    ("bytes=8-99", (8, 10)),
    ("bytes=10-", (10, 10)), ("bytes=99-100", (10, 10)), ("bytes=-0", (10, 10)), ("bytes=-", None), ("bytes=5-4", None),
    ("bytes=0-1,3-4", None), ("lines=0-1", None), ("bytes=a-b", None), ("", None),
])
def test_ranges(text: str, wanted: tuple[int, int] | None) -> None:
    """RFC 9110 §14.1.2."""
    assert range_of(text, 10) == wanted


def test_urls() -> None:
    assert parse_url("www.lab") == ("www.lab", 80, "/")
    assert parse_url("HTTP://1.2.3.4:8080?x#y") == ("1.2.3.4", 8080, "/?x")
    for wrong in ("https://x/", "http:///x", "x:0", "x:65536", "x:y", "a b", "u@h/", "\u00e9.lab"):
        with pytest.raises(UrlError):
            parse_url(wrong)

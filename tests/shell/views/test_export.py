"""Views in files: pictures, pages and text."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.shell.conftest import Shell


@pytest.fixture
def busy(shell: Shell) -> Shell:
    shell.run("http get http://192.168.1.1/")
    return shell


@pytest.mark.parametrize("line", ["frames", "frame 3", "tcp conns", "counters", "drops", "knob list", "help tcp"])
def test_any_view_as_a_picture(busy: Shell, tmp_path: Path, line: str) -> None:
    path = tmp_path / "view.svg"
    busy.run(f"export svg {path} {line}")
    text = path.read_text(encoding="utf-8")
    assert ElementTree.fromstring(text).tag.endswith("svg")
    assert "http://" not in text.replace("http://www.w3.org", "").replace("http://192.168", "")
    assert "@font-face" not in text


def test_a_page_and_text(busy: Shell, tmp_path: Path) -> None:
    busy.run(f"export html {tmp_path / 'a.html'} --theme light frames")
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert '<html lang="en">' in page and "<title>--theme light frames</title>" not in page and "<title>frames" in page
    assert "<pre" in page
    assert "#ffffff" in page
    busy.run(f"export text {tmp_path / 'a.txt'} --width 60 frames")
    lines = (tmp_path / "a.txt").read_text(encoding="utf-8").splitlines()
    assert "\x1b" not in "".join(lines)
    assert max(map(len, lines)) <= 60
    assert any("SYN-SENT → ESTABLISHED" in line for line in lines)


def test_options_after_the_file_belong_to_the_command(busy: Shell, tmp_path: Path) -> None:
    busy.run(f"export text {tmp_path / 'a.txt'} frames --host host")
    assert "LISTEN" in (tmp_path / "a.txt").read_text(encoding="utf-8")


def test_what_a_peer_sent_does_not_leave_its_place(shell: Shell, tmp_path: Path) -> None:
    shell.run("tcp connect 192.168.1.1:7")
    shell.run('tcp send 1 "<script>alert(1)</script>&\\x1b[31m"')
    for form in ("svg", "html"):
        path = tmp_path / f"a.{form}"
        shell.run(f"export {form} {path} frame 5")
        text = path.read_text(encoding="utf-8")
        assert "<script>" not in text
        assert "\x1b" not in text


@pytest.mark.parametrize(("line", "said"), [
    ("export png a.png frames", "svg, html, text"),
    ("export svg", "needs FILE"),
    ("export svg README.md frames", "--force"),
    ("export svg /nowhere/a.svg status", "cannot write"),
    ("export svg a.svg trce", "no command 'trce'"),
    ("export svg a.svg frame 999", "no frame 999"),
    ("export svg a.svg export svg b.svg frames", "no export"),
    ("export svg --theme pink a.svg frames", "no theme 'pink'"),
    ("export svg --width 3 a.svg frames", "from 40 to 400"),
])
def test_what_makes_no_sense(shell: Shell, tmp_path: Path, line: str, said: str) -> None:
    assert said in shell.fail(line)
    assert not Path("a.svg").exists()

"""Lesson files with mistakes: each gets a message with a line and a remedy, and none reaches beyond the lab."""

from __future__ import annotations

from pathlib import Path

import pytest

from shell.language.grammar import CommandError
from shell.language.registry import load_all
from shell.lessons.allowed import carry_out, refusal
from shell.lessons.program import check_file, main
from tests.shell.conftest import Shell

GOOD = """\
+++
id = "wrong"
title = "A lesson"
minutes = 5
+++

Prose.

## A step

More prose.

```predict
Q: What?
- [x] this
- [ ] that
```

```check
# You pinged.
icmp.type == 8 and dir == out
```

```hint
Ping.
```

```solution
ping 192.168.1.1 --count 1
```

```wrong
arp table
```
"""
CHECK = "icmp.type == 8 and dir == out"
MISTAKES: dict[str, tuple[str, str, str]] = {
    "no front matter": ("+++\n", "", "does not begin with its front matter"),
    "front matter not closed": ("minutes = 5\n+++", "minutes = 5", "never closed"),
    "bad TOML": ("minutes = 5", "minutes = = 5", "no TOML"),
    "no id": ('id = "wrong"\n', "", "has no id"),
    "no title": ('title = "A lesson"\n', "", "has no title"),
    "id is not the file's name": ('id = "wrong"', 'id = "right"', "the file is wrong.md"),
    "id with a path": ('id = "wrong"', 'id = "../wrong"', "small letters"),
    "unknown field": ("minutes = 5", "minutes = 5\nmintues = 5", "did you mean minutes?"),
    "wrong type": ("minutes = 5", 'minutes = "five"', "whole number"),
    "out of range": ("minutes = 5", "minutes = 500", "1 to 60"),
    "unknown mode": ("minutes = 5", 'minutes = 5\nmode = "tap"', "no mode"),
    "needs that are no ports": ("minutes = 5", 'minutes = 5\nneeds = ["echo"]', "names no port"),
    "unknown knob": ("minutes = 5", 'minutes = 5\nknobs = { "tcp.retransmitt" = "off" }', "no knob 'tcp.retransmitt'"),
    "wrong value of a knob": ("minutes = 5", 'minutes = 5\nknobs = { "tcp.retransmit" = "perhaps" }',
                              "is on or off, not 'perhaps'"),
    "requires itself": ("minutes = 5", 'minutes = 5\nrequires = ["wrong"]', "requires itself"),
    "requires what is not there": ("minutes = 5", 'minutes = 5\nrequires = ["nowhere"]', "not there"),
    "a title that moves the cursor": ('"A lesson"', '"A \\u001b[2J lesson"', "invisible character"),
    "an escape in prose": ("More prose.", "More \x1b]0;prose\x07.", "invisible character"),
    "text that runs backwards": ("More prose.", "More \u202eprose.", "invisible character"),
    "no solution": ("```solution\nping 192.168.1.1 --count 1\n```\n", "", "no solution"),
    "no wrong block": ("```wrong\narp table\n```\n", "", "no wrong block"),
    "no hint": ("```hint\nPing.\n```\n", "", "no hint"),
    "no step": (GOOD.split("+++\n\n")[1], "Prose.\n", "without a step"),
    "no prose": ("More prose.\n", "", "no prose"),
    "block not closed": ("arp table\n```\n", "arp table\n", "never closed"),
    "unknown block": ("```hint", "```hnit", "did you mean hint?"),
    "no right answer": ("- [x] this", "- [ ] this", "right answer"),
    "one answer": ("- [ ] that\n", "", "fewer than two"),
    "check without a comment": ("# You pinged.\n", "", "a check without a comment"),
    "comment without a condition": (f"{CHECK}\n", "", "a check block without a check"),
    "unknown field in a check": ("icmp.type == 8", "icmp.tpye == 8", "Did you mean icmp.type?"),
    "expression that does not end": (CHECK, "icmp.type == (8", "parentheses group conditions"),
    "reference to nothing": (CHECK, f"{CHECK} and icmp.seq == $1.icmp.seq", "$1 needs an earlier line to refer to"),
    "never without a time": (CHECK, "never icmp.type == 3", "needs a time"),
    "count that can stop holding": (CHECK, "count(icmp) == 3", "stop holding"),
    "a number that is none": (CHECK, "ran ping where sent > many", "cannot read 'sent > many'"),
    "a second number without a name": (CHECK, "ran ping where sent > 1 and > 2", "cannot read '> 2'"),
    "a second number that is not so": (
        CHECK, "ran ping where sent > 0 and sent > 1", "does not hold after the solution"),
    "fault that is not declared": (CHECK, "answer fault", "no faults"),
    "check that can never hold": (CHECK, "icmp.type == 8 and icmp.type == 0", "does not hold after the solution"),
    "check that holds already": (CHECK, "knob tcp.retransmit == on", "hold before anything was done"),
    "wrong way that is right": ("arp table", "ping 192.168.1.1", "hold after this wrong way"),
    "solution that fails": ("ping 192.168.1.1 --count 1", "tcp send 7 hello", "'tcp send 7 hello' failed"),
    "no such command": ("arp table", "arp tabel", "no command 'arp tabel'"),
    "setup that fails": ("minutes = 5", 'minutes = 5\nsetup = ["tcp close 9"]', "set-up 'tcp close 9' failed"),
    "line too long": ("More prose.", "More prose. " * 10, "the line has 119 characters"),
    "prose too high": ("More prose.", "More prose.\n" * 30, "lines of prose"),
    "the same step twice": (
        "## A step\n\nMore prose.\n", "## A step\n\nMore.\n\n## A step\n\nMore prose.\n", "two steps"),
    "heading of another level": ("More prose.", "### More", "is neither a step nor prose"),
    "a word that nobody explains": ("minutes = 5", 'minutes = 5\nterms = ["checksumm"]', "did you mean checksum?"),
    "a reply below no question": (CHECK, f"{CHECK}\nwrong 5: that is not it", "no question for a value"),
    "a reply that says nothing": (CHECK, "answer is 4\nwrong 5", "cannot read"),
    "a reply to the right answer": (
        "icmp.type == 8 and dir == out\n```", "icmp.type == 8\n# How many? (lesson answer N)\nanswer is 4\n"
        "wrong 4: that is not it\n```", "nobody sees what is said to `wrong 4`"),
    "a reply that another one hides": (
        "icmp.type == 8 and dir == out\n```", "icmp.type == 8\n# How many? (lesson answer N)\nanswer is 4\n"
        "wrong 5 to 9: too many\nwrong 7: far too many\n```", "nobody sees what is said to `wrong 7`"),
    "slack where nothing is measured": (CHECK, f"answer ip.src of {CHECK} +- 5", "is no number"),
    "what is shown is no expression": ("Q: What?", "Q: What?\nShown: icmp and", "`Shown:` takes an expression"),
    "tab in prose": ("More prose.", "More\tprose.", "the line has a tab"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_line_and_a_remedy(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new, complaint = MISTAKES[name]
    assert old in GOOD
    path = tmp_path / "wrong.md"
    text = GOOD.replace(old, new, 1)
    path.write_text(text.replace("--count 1\n", "--count 1\nlesson answer {answer}\n") if "answer is" in new else text)
    problems = check_file(path, [])
    assert any(complaint in problem.message + "\n" + problem.remedy for problem in problems), problems
    assert [problem for problem in problems if not problem.remedy or (problem.line > 0) == (name == "no step")] == []
    assert main(["lint", str(path)]) == 1
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert all(each.isprintable() for each in said.splitlines())


def test_the_good_one_is_good(tmp_path: Path) -> None:
    (tmp_path / "wrong.md").write_text(GOOD)
    assert check_file(tmp_path / "wrong.md", []) == []


@pytest.mark.parametrize("data, complaint", [
    (b"x" * 100_000, "more than 64 kB"), (b"+++\n\0\n+++", "zero byte"), (b"+++\n\xff\xfe\n", "UTF-8"),
    (b"", "front matter"),
])
def test_a_file_that_is_no_lesson_at_all(tmp_path: Path, data: bytes, complaint: str) -> None:
    (tmp_path / "wrong.md").write_bytes(data)
    [problem] = check_file(tmp_path / "wrong.md", [])
    assert complaint in problem.message
    assert problem.remedy


@pytest.mark.parametrize("path", ["/dev/zero", "/nowhere/x.md", "/etc"])
def test_what_is_no_file_is_not_read(path: str) -> None:
    [problem] = check_file(Path(path), [])
    assert "no such file" in problem.message


def test_lessons_that_require_each_other(tmp_path: Path) -> None:
    for name, other in (("one", "two"), ("two", "three"), ("three", "one")):
        text = GOOD.replace('"wrong"', f'"{name}"').replace("minutes = 5", f'minutes = 5\nrequires = ["{other}"]')
        (tmp_path / f"{name}.md").write_text(text)
    [problem] = check_file(tmp_path / "one.md", [])
    assert "circle: one → two → three → one" in problem.message
    assert problem.line == 5


OUTSIDE = (
    "capture save x.pcap", "capture load /etc/passwd", "capture live /tmp/p", "record run.aether", "replay run.aether",
    "export svg x.svg status", "http serve /", "host -- id", "shell id", "!id", "run_script x", "edit_script",
    "run_pyscript x.py", "py print(1)", "ipy", "macro create x y", "alias create x y", "set debug true",
    "frames > x", "frames >> x", "frames | sh", "frames ; quit", "config init", "theme light", "scenario save x.toml",
    "scenario load ./x.toml", "scenario load x.toml", "lesson new x", "lesson report x.json", "lesson path /tmp",
    "bench compare trace", "quit", "craft open('/etc/passwd')", "craft __import__('os').system('id')",
    "@x", "http get http://192.168.1.1/ --save x", 'scenario load x.tom"l"', "scenario show x.tom\\l",
    "scenario load 'x.toml' --link lan", "scenario load --link satellite x.toml", 'host "--" id',
    "break commands 1 frames | sh", "bench http --client x > y",
)


@pytest.mark.parametrize("line", OUTSIDE)
@pytest.mark.parametrize("block", ["solution", "wrong", "setup"])
def test_no_command_of_a_lesson_touches_files_or_programs(
    engine_shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: str, line: str
) -> None:
    monkeypatch.chdir(tmp_path)
    setup = line.replace('"', '\\"')
    text = {"solution": GOOD.replace("ping 192.168.1.1 --count 1", line), "wrong": GOOD.replace("arp table", line),
            "setup": GOOD.replace("minutes = 5", f'minutes = 5\nsetup = ["{setup}"]')}[block]
    (tmp_path / "wrong.md").write_text(text)
    problems = check_file(tmp_path / "wrong.md", [])
    assert problems or block == "wrong"
    with pytest.raises(CommandError):
        carry_out(engine_shell.session, line)
    assert [path.name for path in tmp_path.iterdir()] == ["wrong.md"]


def test_every_command_that_has_to_do_with_files_is_refused() -> None:
    for each in load_all():
        names = [argument.name for argument in each.arguments] + [option.name for option in each.options]
        sources = [argument.complete for argument in each.arguments] + [option.complete for option in each.options]
        if not ({"files", "file"} & {*names, *sources, *(name.lstrip("-") for name in names)}):
            continue
        words = " ".join(each.path)
        touching = [option.name for option in each.options if option.complete in ("files", "file")]
        lines = [f"{words} x {option} x" for option in touching] or [f"{words} x"]
        assert all(refusal(line) for line in lines), words

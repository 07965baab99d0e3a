"""Lessons in another language: chosen by whoever learns, the same in all that is done, and compared by lint."""

from __future__ import annotations

import argparse
import ast
import json
import re
import shutil
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

import shell
from shell.configuration import Configuration
from shell.language import glossary, translation
from shell.language.translation import choose, languages, of_environment, read_code
from shell.lessons import library
from shell.lessons.course import load as load_course
from shell.lessons.load import load
from shell.lessons.program import check_file
from shell.lessons.progress import ProgressStore
from shell.lessons.quantities import EXAMPLES
from shell.lessons.translated import compare, load_chosen, translations
from shell.program.start import choose_language
from tests.shell.conftest import Shell

KNOWN = library.files([library.BUILT_IN])
FIRST = load_course(library.BUILT_IN / "courses" / "first-week.toml", list(KNOWN)).lessons[:5]
OTHERS = [code for code in languages() if code != "en"]
PARTS = re.compile(r"\{(\w+)")


@pytest.fixture
def german() -> Iterator[None]:
    choose("de")
    yield
    choose("en")


def sentences() -> set[str]:
    """Return every sentence that the code says in the learner's language."""
    found = set(EXAMPLES)  # the kinds of quantities, which are named
    for path in Path(shell.__file__).parent.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "language.translation import" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("say", "count"):
                found |= {each.value for argument in node.args for each in ast.walk(argument)
                          if isinstance(each, ast.Constant) and isinstance(each.value, str)}
    return found


# The sentences around a lesson


@pytest.mark.parametrize("code", OTHERS)
def test_a_catalogue_has_every_sentence_and_no_other(code: str) -> None:
    known = translation.catalogue(code)
    by_table = {"step {number} of {steps} done", "step {number} of {steps} skipped",
                "step {number} of {steps} done, after its solution was shown", "{n} skipped", "{n} shown", "{n} hint",
                "{n} hints", "{n} wrong answer", "{n} wrong answers"}  # which stand in a table beside the call
    assert set(known) == sentences() | by_table


@pytest.mark.parametrize("code", OTHERS)
def test_a_translated_sentence_has_the_same_places_and_commands(code: str) -> None:
    def spots(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    for english, other in translation.catalogue(code).items():
        assert spots(english) == spots(other), english
        commands = [sorted(re.findall(r"`lesson \w+|`frame", text)) for text in (english, other)]
        assert commands[0] == commands[1], english


def test_what_is_not_in_a_catalogue_is_said_in_english(german: None) -> None:
    assert translation.say("nobody has said {this} yet", this="so") == "nobody has said so yet"


# Which language


@pytest.mark.parametrize(("environment", "code"), [
    ({}, "en"), ({"LANG": "de_DE.UTF-8"}, "de"), ({"LANG": "de"}, "de"), ({"LANG": "C.UTF-8"}, "en"),
    ({"LANG": "de_DE.UTF-8", "LC_ALL": "en_GB.UTF-8"}, "en"), ({"LANG": "en_US", "LC_MESSAGES": "de_AT@euro"}, "de"),
    ({"LANG": "xx_XX"}, "en"), ({"LANG": "POSIX"}, "en"), ({"LC_ALL": "", "LANG": "de_CH"}, "de"),
    ({"LANG": "../../etc"}, "en"),
])
def test_the_environment_says_which_language(environment: dict[str, str], code: str) -> None:
    assert of_environment(environment) == code


@pytest.mark.parametrize("text", ["", "german", "../x", "d e"])
def test_what_is_no_language_is_refused(text: str) -> None:
    with pytest.raises(translation.LanguageError, match="de"):
        read_code(text)


@pytest.mark.parametrize(("option", "configured", "environment", "scripted", "code"), [
    ("de", "en", "en_GB", True, "de"), ("en", "de", "de_DE", False, "en"), (None, "de", "en_GB", False, "de"),
    (None, "auto", "de_DE", False, "de"), (None, "de", "de_DE", True, "en"),
])
def test_the_option_comes_before_the_configuration_and_that_before_the_environment(
    engine_shell: Shell, monkeypatch: pytest.MonkeyPatch, option: str | None, configured: str, environment: str,
    scripted: bool, code: str,
) -> None:
    """Where nobody types, neither counts: a script says the same everywhere."""
    for name in translation.VARIABLES:
        monkeypatch.setenv(name, environment)
    engine_shell.session.scripted = scripted
    engine_shell.session.configuration = Configuration(values={"language": configured})
    choose_language(engine_shell.session, argparse.Namespace(language=option))
    assert translation.chosen() == code


# The lessons


@pytest.mark.parametrize("name", FIRST)
def test_the_first_five_lessons_are_there_in_german(name: str, german: None) -> None:
    lesson, note = load_chosen(KNOWN[name])
    assert note == ""
    english = load(KNOWN[name])
    assert lesson.heading != english.title
    for mine, other in zip(english.steps, lesson.steps, strict=True):
        assert other.title == mine.title, "by which it is remembered"
        said = [mine.title, *mine.hints, *(each.text for each in mine.checks),
                *(each.question for each in mine.predictions),
                *(choice.feedback for each in mine.predictions for choice in each.choices if choice.feedback),
                *(reply.said for each in mine.checks for reply in each.replies)]
        again = [other.heading, *other.hints, *(each.text for each in other.checks),
                 *(each.question for each in other.predictions),
                 *(choice.feedback for each in other.predictions for choice in each.choices if choice.feedback),
                 *(reply.said for each in other.checks for reply in each.replies)]
        same = {one for one, two in zip(said, again, strict=True) if one == two}
        assert all(re.fullmatch(r"`[^`]+`", each) for each in same), same
        assert [each.condition for each in mine.checks] == [each.condition for each in other.checks]


@pytest.mark.parametrize("name", FIRST)
def test_its_words_are_explained_in_german(name: str, german: None) -> None:
    for term in load(KNOWN[name]).terms:
        entry = glossary.index()[term.casefold()]
        assert glossary.shown(entry).text != entry.text
        assert glossary.index()[glossary.called(term).casefold()] == entry


@pytest.mark.parametrize("name", FIRST)
def test_a_lesson_is_played_in_german_and_kept_as_in_english(engine_shell: Shell, name: str, german: None) -> None:
    lesson = load(KNOWN[name])
    said = engine_shell.run(f"lesson start {name}")
    while "beginnt den ersten Schritt" in said:
        said = engine_shell.run("lesson next")
    for index, step in enumerate(lesson.steps):
        for _ in step.predictions:
            said += engine_shell.run("lesson predict a")
        said += engine_shell.run("lesson check")
        said += "".join(engine_shell.run("lesson hint") for _ in step.hints)
        said += engine_shell.run("lesson play") if step.solution else ""
        if index + 1 < len(lesson.steps) or not step.checks:
            said += engine_shell.run("lesson next")
    for english in ("stuck?", "hint 1", "not yet", "goes on", "steps done", "What do you think", "You said", "minutes"):
        assert english not in said
    assert "Schritten geschafft" in said and "Hinweis 1 von" in said
    record = ProgressStore.usual().load().lessons[name]
    assert (record.title, list(record.done)) == (lesson.title, [each.title for each in lesson.steps])


def test_a_wrong_answer_is_answered_in_german(engine_shell: Shell, german: None) -> None:
    engine_shell.run("lesson start first-frame")
    engine_shell.run("lesson skip")
    engine_shell.run("lesson skip")
    engine_shell.run("lesson predict c")
    engine_shell.run("ping 192.168.1.1 --count 1")
    assert "nein: das ist der ganze Frame" in engine_shell.fail("lesson answer 98")
    assert "nein, ip.len von Frame" in engine_shell.fail("lesson answer 3")
    assert "richtig: 84" in engine_shell.run("lesson answer 84")


def test_a_lesson_without_a_translation_is_shown_in_english_and_says_so_in_a_line(
    engine_shell: Shell, german: None,
) -> None:
    said = engine_shell.run("lesson start handshake").splitlines()
    assert [line for line in said if "nicht übersetzt" in line] == [said[0]]
    assert "begin counting" in " ".join(said)
    assert "nicht übersetzt" in json.loads(engine_shell.run("lesson start dns --json"))["note"]
    choose("en")
    assert "translat" not in engine_shell.run("lesson start fragments")


def test_the_list_has_the_titles_of_the_language(engine_shell: Shell, german: None) -> None:
    said = engine_shell.run("lesson list")
    assert "Ein falsches Bit" in said and "One bit wrong" not in said and "The handshake" in said


# Lint


@pytest.fixture
def lessons(tmp_path: Path) -> Path:
    """Return a directory with a lesson and its translation."""
    for name in ("first-frame", "arp", "reading-bytes"):
        shutil.copy(KNOWN[name], tmp_path)
        for path in translations(KNOWN[name]):
            shutil.copy(path, tmp_path)
    return tmp_path


@pytest.mark.parametrize("path", [each for name in KNOWN for each in translations(KNOWN[name])],
                         ids=lambda path: path.name)
def test_every_translation_that_comes_with_the_lessons_is_good(path: Path) -> None:
    assert compare(path) == []


@pytest.mark.parametrize(("old", "new", "said"), [
    ("seed = 3", "seed = 4", "seed is not that of reading-bytes.md"),
    ('terms = ["byte order", "checksum", "TTL"]', 'terms = ["TTL"]', "terms is not that"),
    ("icmp.type == 8 and dir == out and ip.ttl != 64", "icmp.type == 8 and dir == out", "check 1 is"),
    ("- [ ] nur die TTL", "- [x] nur die TTL", "not the same right ones"),
    ("- [ ] alle\n  Adressen, Länge und Protokoll sind, wie sie waren.\n", "", "not the same answers"),
    ("wrong ip.proto: das", "wrong 17: das", "the replies to wrong answers"),
    ("```hint\nBenutze `ping` zweimal, jedes Mal mit einem anderen `--ttl`.\n```\n", "", "has 3 hints, and this 2"),
    ("```solution\nping 192.168.1.1 --count 1 --ttl 33", "```solution\nping 192.168.1.1 --count 1 --ttl 34",
     "the solution is not that"),
    ("lesson answer 0x4500", "lesson answer 0x4501", "the wrong block is not that"),
    ("von Frame {frame}, als", "jenes Frames, als", "says {frame} in one of both alone"),
    ("Again: Zwei Pings, die sich, wie du meinst, nur in der TTL unterscheiden.\nWelche Bytes des IP-Headers sind "
     "verschieden?\n", "", "`Again:`"),
    ("## Zwei Bytes, eine Zahl", "## Das Byte, das rückwärts zählt", "two steps are called"),
    ("  Dann stimmte die Summe nicht mehr.\n", "", "something is said to other answers"),
])
def test_what_is_missing_or_changed_is_named(lessons: Path, engine_shell: Shell, old: str, new: str, said: str) -> None:
    path = lessons / "reading-bytes.de.md"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    problems = check_file(lessons / "reading-bytes.md", [lessons])
    assert any(said in each.message and each.file.endswith("reading-bytes.de.md") for each in problems), problems
    printed = json.loads(engine_shell.try_(f"lesson lint {path} --json"))
    assert any(said in each["message"] for each in printed["problems"])
    choose("de")
    assert "passt nicht" in engine_shell.run(f"lesson start {lessons}/reading-bytes.md")


def test_a_step_too_few_or_too_many_is_named(lessons: Path) -> None:
    path = lessons / "arp.de.md"
    text = path.read_text(encoding="utf-8")
    path.write_text(text[:text.index("## Was man mitnimmt")], encoding="utf-8")
    assert [each.message for each in compare(path)] == ["step 4 is missing: 'What to take along'"]
    path.write_text(f"{text}\n## Und noch etwas\n\nMehr.\n", encoding="utf-8")
    assert [each.message for each in compare(path)] == ["the step 'Und noch etwas' is not in arp.md"]


def test_a_translation_of_nothing_is_named(lessons: Path) -> None:
    (lessons / "first-frame.md").unlink()
    assert "there is no first-frame.md" in compare(lessons / "first-frame.de.md")[0].message


def test_the_pages_of_a_translation_fit_a_small_screen(german: None) -> None:
    from shell.lessons.pages import ROWS
    from tests.shell.lessons.test_lesson_pages import pages, rows

    for name in FIRST:
        lesson, _ = load_chosen(KNOWN[name])
        assert {what: rows(page) for what, page in pages(lesson, None) if rows(page) > ROWS} == {}

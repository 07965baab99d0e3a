"""Questions that come back in later lessons, and predictions that are resolved by the frames that decide them."""

from __future__ import annotations

import pytest

from shell.lessons import course, library
from shell.lessons.load import load
from shell.lessons.player import under_way
from shell.lessons.progress import ProgressStore
from shell.lessons.resolving import resolved
from tests.shell.conftest import Shell


def plays(shell: Shell, name: str) -> str:
    """Play a lesson by its solutions, and return what is printed at its end."""
    shell.run(f"lesson start {name} --anew")
    steps = load(library.files([library.BUILT_IN])[name]).steps
    printed = ""
    for number, step in enumerate(steps, 1):
        if step.checks:
            printed = shell.run("lesson play")
        if number < len(steps) or not step.checks:
            printed = shell.run("lesson next")
    return printed


def test_two_questions_of_earlier_lessons_come_back_but_not_of_the_latest(engine_shell: Shell) -> None:
    assert "Do you still know?" not in plays(engine_shell, "first-frame")
    assert "Do you still know?" in plays(engine_shell, "arp"), "there is no other yet"
    plays(engine_shell, "fragments")
    printed = plays(engine_shell, "one-bit-wrong").replace("\n", " ")
    player = under_way(engine_shell.session)
    assert player is not None
    assert {each.lesson for each in player.again} == {"First frame, four layers", "ARP: who has this address?"}
    assert "Do you still know?" in printed
    first, second = player.again
    right = "abcdef"[next(n for n, each in enumerate(first.prediction.choices) if each.right)]
    said = engine_shell.run(right)
    assert "Yes." in said
    assert second.prediction.again.split()[0] in said, "the next one is put at once"
    wrong = "abcdef"[next(n for n, each in enumerate(second.prediction.choices) if not each.right)]
    assert "Not quite." in engine_shell.run(wrong)
    assert player.again == []
    asked = ProgressStore.usual().load().asked
    assert len(asked) == 5


def test_what_was_put_comes_after_what_was_not(engine_shell: Shell) -> None:
    for name in ("first-frame", "arp", "fragments"):
        plays(engine_shell, name)
    for _ in range(3):
        plays(engine_shell, "one-bit-wrong")
    asked = ProgressStore.usual().load().asked
    assert max(asked.count(each) for each in asked) - min(asked.count(each) for each in asked) <= 3


def test_a_prediction_is_resolved_by_the_frames_that_decide_it(engine_shell: Shell) -> None:
    engine_shell.run("lesson start fragments")
    engine_shell.run("a")
    said = engine_shell.run("lesson play").replace("\n", " ")
    assert "You said a; frame" in said
    assert "b: three" in said


def test_a_prediction_may_say_itself_which_frames_decide_it(engine_shell: Shell) -> None:
    """Four frames were asked for, and those of the checks are two."""
    engine_shell.run("lesson start first-frame")
    engine_shell.run("b")
    assert "You said b; frames 1 to 4 show c: four." in engine_shell.run("lesson play").replace("\n", " ")


@pytest.mark.parametrize(("said", "frames", "line"), [
    (1, [1, 2, 3, 4], "You said b, and frames 1 to 4 show it."),
    (0, [7], "You said a; frame 7 shows b: three."),
    (0, [1, 5, 9, 12, 20, 30], "You said a; frames 1, 5, 9, 12 and 2 more show b: three."),
    (0, [3, 8], "You said a; frames 3 and 8 show b: three."),
    (0, [], "You said a; what happened shows b: three."),
])
def test_frames_are_named(said: int, frames: list[int], line: str) -> None:
    prediction = load(library.files([library.BUILT_IN])["fragments"]).steps[0].predictions[0]
    assert resolved([prediction], {0: said}, frames) == [line]
    assert resolved([prediction], {}, frames) == []


@pytest.mark.parametrize("name", course.names())
def test_a_course_that_comes_with_aether_has_what_its_lessons_require_before_them(
    engine_shell: Shell, name: str
) -> None:
    known = library.files([library.BUILT_IN])
    found = course.load(course.place(name), list(known))
    assert 10 <= len(found.lessons) <= 20
    order = {each.id: each.order for each in library.headings([library.BUILT_IN])}
    assert set(found.lessons) <= set(order)
    place = {each: number for number, each in enumerate(found.lessons)}
    for each in found.lessons:
        for needed in load(known[each]).requires:
            assert place.get(needed, -1) < place[each], f"{each} comes before {needed}"
    printed = engine_shell.run(f"lesson course {name}")
    assert found.title in printed


def test_every_lesson_is_in_a_course() -> None:
    known = library.files([library.BUILT_IN])
    taken = {each for name in course.names() for each in course.load(course.place(name), list(known)).lessons}
    assert len(course.names()) == 4
    assert set(known) - taken == set()

"""What is said about a connection that is not there: those that live are named before those that only rest."""

from __future__ import annotations

from aether.queries import no_connection

RESTING = [(number, "TIME-WAIT") for number in range(1, 10_001)]


def test_the_living_are_named() -> None:
    said = str(no_connection(7, "you", [*RESTING, (20_000, "ESTABLISHED"), (15_000, "SYN-RECEIVED")]))
    assert said == ("no connection 7 at 'you'. There are: 15000, 20000, and 10,000 in TIME-WAIT. "
                    "`tcp conns` lists them")


def test_of_those_that_rest_the_latest_are_named() -> None:
    said = str(no_connection(7, "you", RESTING))
    assert "There are only some in TIME-WAIT: 10000, 9999, 9998" in said
    assert " 9988" not in said


def test_nobody_is_there() -> None:
    assert str(no_connection(7, "you", [])) == "no connection 7 at 'you'. There are none now. `tcp conns` lists them"

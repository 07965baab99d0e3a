"""Declarations, and how lines are read by them."""

import pytest

from shell.language import grammar
from shell.language.grammar import CommandError, read, read_raw
from shell.language.registry import NOUNS, find, load_all, owns_line


def test_every_noun_has_commands_and_help() -> None:
    for command in load_all():
        assert command.path[0] in NOUNS
        assert command.help.endswith("."), f"{command.name}: {command.help!r}"
        assert all(part.help for part in (*command.arguments, *command.options))


def test_the_list_of_verbs_agrees_with_the_declarations() -> None:
    load_all()
    for name, noun in NOUNS.items():
        declared = list(dict.fromkeys(each.path[1] for each in grammar.beneath((name,)) if len(each.path) > 1))
        assert sorted(noun.verbs.split()) == sorted(declared), name


def test_examples_are_read_by_their_own_declarations() -> None:
    for command in load_all():
        for example in command.examples:
            words = example.replace('"', "").split()
            found = find(words)
            assert found is command or command.path[0] == "help", example
            if found.raw:
                rest = example.split(None, len(found.path))[len(found.path):]
                read_raw(found, rest[0] if rest else "")
            else:
                read(found, words[len(found.path):])


def test_options_may_stand_anywhere_among_the_arguments() -> None:
    connect = find(["tcp", "connect"])
    for line in ("--wait 5s 192.168.1.1:80", "192.168.1.1:80 --wait 5s", "--wait=5s 192.168.1.1:80"):
        values = read(connect, line.split())
        assert values["wait"] == 5_000_000
        assert str(values["address"]) == "192.168.1.1:80"


@pytest.mark.parametrize(("rest", "number", "data", "json"), [
    ("3 hello", 3, "hello", False),
    ("3 two  words ", 3, "two  words", False),
    ('3 "quoted" --json', 3, '"quoted"', True),
    ("--json 3 a --json", 3, "a --json", True),
    ("3 --json", 3, None, True),
    ('3 "a" b', 3, '"a" b', False),
    ("3 it's", 3, "it's", False),
])
def test_text_owns_the_rest_of_its_line(rest: str, number: int, data: str | None, json: bool) -> None:
    send = find(["tcp", "send"])
    if data is None:
        with pytest.raises(CommandError, match="needs DATA"):
            read_raw(send, rest)
        return
    values = read_raw(send, rest)
    assert (values["number"], values["data"], values["json"]) == (number, data, json)


def test_options_may_follow_an_expression() -> None:
    send = find(["send", "syn"])
    values = read_raw(send, "192.168.1.1:80 seq=5 --no-rst --wait 1s --json")
    assert values["settings"] == "seq=5"
    assert values["no_rst"] and values["json"]
    assert values["wait"] == 1_000_000


def test_a_program_keeps_its_own_options() -> None:
    program = find(["host", "--"])
    values = read_raw(program, "curl --json x | wc > y")
    assert values["program"] == "curl --json x | wc > y"
    assert not values["json"]


@pytest.mark.parametrize("line", [
    "tcp send 1 x", "send syn 1.2.3.4:80", "host -- ls", "udp send 1.2.3.4:5 x", "host send 1 x", "link drop next",
])
def test_lines_that_belong_to_their_command(line: str) -> None:
    assert owns_line(line) is not None


@pytest.mark.parametrize("line", ["tcp conns", "tcp", "", "nothing", "status", "help send"])
def test_lines_that_do_not(line: str) -> None:
    assert owns_line(line) is None


@pytest.mark.parametrize(("line", "message"), [
    ("trce on", "no command 'trce'. Did you mean: trace on"),
    ("xyzzy", "no command 'xyzzy'. `help` lists all commands"),
    ("connect", "no command 'connect'. Did you mean: tcp connect, host connect"),
    ("tcp cons", "no command 'tcp cons'. Did you mean: tcp conns, tcp close, tcp connect"),
    ("tcp xyzzy", "no command 'tcp xyzzy'. There are: tcp conns"),
    ("mode fast", "no command 'mode fast'. There are: mode trace, mode bench"),
    ("mode trac", "no command 'mode trac'. Did you mean: mode trace"),
    ("tcp", "tcp what? There are: tcp conns, tcp show"),
    ("host http", "host http what? There are: host http get"),
])
def test_what_was_mistyped_is_answered_with_what_may_be_meant(line: str, message: str) -> None:
    with pytest.raises(CommandError) as problem:
        find(line.split())
    assert str(problem.value).startswith(message)


@pytest.mark.parametrize(("line", "message"), [
    ("tcp connect", "tcp connect needs ADDRESS: whom to connect to"),
    ("tcp connect 192.168.1.1:80 more", "tcp connect does not take 'more'. (help tcp connect)"),
    ("tcp conns --jsn", "tcp conns has no option '--jsn'. Did you mean: --json"),
    ("ping 192.168.1.1 --wait", "--wait needs a value"),
    ("ping 192.168.1.1 --wait soon", "a time is written like 20ms, 1.5s or 2min, not 'soon'"),
])
def test_what_a_command_cannot_take_is_named(line: str, message: str) -> None:
    words = line.split()
    found = find(words)
    with pytest.raises(CommandError) as problem:
        read(found, words[len(found.path):])
    assert message in str(problem.value)

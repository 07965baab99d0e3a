"""What may stand at the cursor: words of commands, options, and values from the world."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from shell.language import grammar
from shell.language.registry import NOUNS, load
from shell.session import Session


class Candidate(NamedTuple):
    """Something that may stand at the cursor, and a word about it."""

    text: str
    help: str = ""


def candidates(session: Session, before: Sequence[str], text: str) -> list[Candidate]:
    """Return what may follow the words `before`; `text` is what was typed of the next word."""
    if not before:
        return [Candidate(name, noun.help) for name, noun in NOUNS.items()]
    load(before[0])
    found = grammar.longest(before)
    if found is None or (len(found.path) == len(before) and _verbs(before)):
        verbs = _verbs(before)
        if found is None or not found.arguments:
            return verbs
        return verbs + _values(session, found, [], text)
    return _values(session, found, before[len(found.path):], text)


def _verbs(before: Sequence[str]) -> list[Candidate]:
    known = len(before)
    verbs: dict[str, str] = {}
    for each in grammar.beneath(before):
        if len(each.path) > known:
            whole = len(each.path) == known + 1
            verbs.setdefault(each.path[known], each.help if whole else "")
    return [Candidate(verb, help) for verb, help in verbs.items()]


def paths(before: Sequence[str], text: str) -> Callable[[str], bool] | None:
    """Return which paths may follow the words `before`, as a test of one; None if no path may."""
    found = grammar.longest(before) if before else None
    if found is None:
        return None
    source = _source(found, before[len(found.path):], text)[0]
    if source in NAMED and not (text.startswith(("~", ".")) or "/" in text):
        return None
    return PATHS.get(source)


def _values(session: Session, found: grammar.Command, words: Sequence[str], text: str) -> list[Candidate]:
    source, given = _source(found, words, text)
    if source == "craft" and (inside := _in_layers(f"{''.join(given)}{text}")):
        cut = len("".join(given))
        return [Candidate(each.text[cut:], each.help) for each in inside if len(each.text) > cut]
    if source == "options":
        return [Candidate(each.name, each.help) for each in found.all_options if each.name not in words]
    return _from_source(session, source, given)


def _source(found: grammar.Command, words: Sequence[str], text: str) -> tuple[str, list[str]]:
    """Return where the word after `words` comes from, and the arguments among them; ``options`` for an option."""
    options = {each.name: each for each in found.all_options}
    given: list[str] = []
    waiting: grammar.Option | None = None
    for word in words:
        if waiting is not None:
            waiting = None
        elif word in options:
            waiting = options[word] if options[word].parse else None
        else:
            given.append(word)
    if waiting is not None:
        return waiting.complete, given
    if text.startswith("-"):
        return "options", given
    if len(given) < len(found.arguments):
        return found.arguments[len(given)].complete, given
    if found.arguments and found.arguments[-1].raw:
        return found.arguments[-1].complete, given
    return "", given


def _from_source(session: Session, name: str, given: Sequence[str]) -> list[Candidate]:
    if not name:
        return []
    if " " in name:
        return [Candidate(word) for word in name.split()]
    return list(SOURCES[name](session, given))


Source = Callable[[Session, Sequence[str]], Iterable[Candidate]]


def _nouns(session: Session, given: Sequence[str]) -> Iterable[Candidate]:
    if not given:
        return [Candidate(name, noun.help) for name, noun in NOUNS.items()]
    load(given[0])
    return _verbs(given)


def _connections(session: Session, given: Sequence[str]) -> Iterable[Candidate]:
    from aether import queries

    rows = session.ask(queries.connections)
    return [Candidate(str(row.number), f"{row.state} {row.remote}") for row in rows]


def _frames(session: Session, given: Sequence[str]) -> Iterable[Candidate]:
    from shell.commands.frames import latest

    return [Candidate(str(row.number), f"{row.source} > {row.destination} {row.flags} {row.info}"[:50])
            for row in latest(session, 20).frames]


def _fields(session: Session, given: Sequence[str]) -> Iterable[Candidate]:
    from shell.commands.frames import field_names

    return [Candidate(name, text) for name, text in field_names(session, given[0])] if given else []


def _addresses(session: Session, given: Sequence[str]) -> Iterable[Candidate]:
    ours = [Candidate(session.address, "you")] if session.address else []
    return [Candidate(session.lab.host_address, "the host"), *ours]


def _tcp_endpoints(session: Session, given: Sequence[str]) -> Iterable[Candidate]:
    return _endpoints(session.lab.host_address, (("80", "HTTP"), ("7", "echo"), ("9", "discard"), ("19", "chargen")))


def _udp_endpoints(session: Session, given: Sequence[str]) -> Iterable[Candidate]:
    return _endpoints(session.lab.host_address, (("7", "echo"), ("9", "discard"), ("53", "DNS")))


def _our_endpoints(session: Session, given: Sequence[str]) -> Iterable[Candidate]:
    from aether import queries

    rows = session.ask(queries.listeners)
    return _endpoints(
        session.address or session.lab.address, [(row.local.rpartition(":")[2], row.application) for row in rows])


def _endpoints(address: str, ports: Iterable[tuple[str, str]]) -> list[Candidate]:
    return [Candidate(f"{address}:{port}", what) for port, what in ports]


def _urls(session: Session, given: Sequence[str]) -> Iterable[Candidate]:
    return [Candidate(f"http://{session.lab.host_address}/", "the host's page")]


def _our_urls(session: Session, given: Sequence[str]) -> Iterable[Candidate]:
    return [Candidate(f"http://{session.address or session.lab.address}/", "our own page")]


def _knobs(session: Session, given: Sequence[str]) -> Iterable[Candidate]:
    from aether.knobs import KNOBS

    return [Candidate(knob.name, knob.help) for knob in KNOBS.values()]


def _link_settings(session: Session, given: Sequence[str]) -> Iterable[Candidate]:
    from aether.link.impairments import IMPAIRMENTS

    return [Candidate(f"{name}=") for name in IMPAIRMENTS if name != "down"]


def _knob_values(session: Session, given: Sequence[str]) -> Iterable[Candidate]:
    from aether import queries

    if not given:
        return []
    for row in session.ask(queries.knob_rows):
        if row.name == given[0]:
            words = row.choices if row.type in ("switch", "choice") else []
            words = list(dict.fromkeys([*words, row.default, row.classic]))
            marks = {row.value: "as it is now", row.default: "the default", row.classic: "profile classic"}
            return [Candidate(word, marks.get(word, "")) for word in words]
    return []


def _scenarios(session: Session, given: Sequence[str]) -> Iterable[Candidate]:
    from shell.scenarios import find, names

    return [Candidate(name, find(name).title) for name in names()]


def _compared(session: Session, given: Sequence[str]) -> Iterable[Candidate]:
    """What `bench compare` may be told after its first word."""
    from aether.knobs import KNOBS, PROFILES

    if given[:1] == ["profile"]:
        return [Candidate(name, "") for name in PROFILES]
    if given[:1] == ["workers"]:
        return [Candidate("2", "one worker, and two")]
    return [Candidate(f"{knob.name}=", knob.help) for knob in KNOBS.values()] if given[:1] == ["knob"] else []


def _hosts(session: Session, given: Sequence[str]) -> Iterable[Candidate]:
    from aether import queries

    return [Candidate(row.name, ", ".join(row.addresses)) for row in session.ask(queries.hosts)]


def _hosts_or_all(session: Session, given: Sequence[str]) -> Iterable[Candidate]:
    return [*_hosts(session, given), Candidate("all", "every host")]


def _filters(session: Session, given: Sequence[str]) -> Iterable[Candidate]:
    """Offer what may come next in an expression: fields, operators that suit them, and values."""
    from aether.filters import all_fields, complete

    before = " ".join(given)
    offered = complete(f"{before} " if before else "")
    found = [Candidate(one.text, one.help) for one in offered]
    if any(one.kind == "field" for one in offered):
        found += [Candidate(one.name, one.help) for one in all_fields().values()]
    return found


def _breaks(session: Session, given: Sequence[str]) -> Iterable[Candidate]:
    """Offer what a breakpoint may stop at: shorthands with their words, or an expression."""
    from aether.events import DROPS, KINDS
    from aether.filters.tables.events import STATES, TIMERS

    if not given:
        return [*(Candidate(word, about) for word, about in SHORTHANDS.items()), *_filters(session, given)]
    if len(given) > 1 or given[0] not in SHORTHANDS:
        return _filters(session, given)
    if given[0] == "conn":
        return _connections(session, ())
    words = {"state": STATES, "timer": TIMERS}.get(given[0], ())
    told: dict[str, str] = dict.fromkeys(words, "")
    told.update({name: reason.help for name, reason in DROPS.items()} if given[0] == "drop" else {})
    told.update({name: kind.help for name, kind in KINDS.items()} if given[0] == "event" else {})
    return [Candidate(name, about) for name, about in told.items()]


SHORTHANDS = {
    "state": "a connection reaches a state", "drop": "something is discarded", "timer": "a timer fires",
    "conn": "anything happens to a connection", "event": "an event of some kind",
}
"""Words that begin a breakpoint, and are no expression."""


def _conditions(session: Session, given: Sequence[str]) -> Iterable[Candidate]:
    """Offer the parts of a condition on a connection: `conn`, its number, fields and operators, words."""
    from aether.engine.breakpoints import FIELDS
    from aether.filters.tables.events import STATES

    if not given:
        return [Candidate("conn", "a connection")]
    if len(given) == 1:
        return _connections(session, ())
    if given[-1] in FIELDS:
        return [Candidate(each) for each in ("<", "<=", ">", ">=", "==", "!=", "+", "-", "*", "//")]
    words = STATES if given[-2:-1] == ["state"] else ("open", "recovery", "loss") if given[-2:-1] == ["phase"] else ()
    return [*(Candidate(word) for word in words), *(Candidate(name) for name in FIELDS)]


def _connection_conditions(session: Session, given: Sequence[str]) -> Iterable[Candidate]:
    return _conditions(session, ["conn", *given])


def _drops(session: Session, given: Sequence[str]) -> Iterable[Candidate]:
    """Offer what `link drop` takes: which frames, an expression, a direction."""
    if not given:
        return [Candidate("next", "the next frames, or the next that match"), Candidate("every", "every N-th frame"),
                Candidate("off", "lose none on purpose any more")]
    ways = [Candidate("in", "what is sent to you"), Candidate("out", "what you send")]
    return [*_filters(session, given[1:]), *ways] if given[0] == "next" else ways


def _lessons(session: Session, given: Sequence[str]) -> Iterable[Candidate]:
    from shell.lessons import library

    return [Candidate(each.id, each.title) for each in library.headings([library.BUILT_IN])]


def _terms(session: Session, given: Sequence[str]) -> Iterable[Candidate]:
    """Offer the words of the glossary, under every name they have."""
    from shell.language.glossary import terms

    return [Candidate(name, term.text.partition(".")[0]) for term in terms() for name in (term.name, *term.also)]


def _targets(session: Session, given: Sequence[str]) -> Iterable[Candidate]:
    """Offer where a segment may go: a port of the host, or a connection."""
    return [*_tcp_endpoints(session, given), Candidate("conn", "the other end of a connection of yours")]


def _names(session: Session, given: Sequence[str]) -> Iterable[Candidate]:
    return [Candidate("www.lab"), Candidate("host.lab")]


def _edits(session: Session, given: Sequence[str]) -> Iterable[Candidate]:
    from shell.craft.edit import PLACES

    return [Candidate(f"{name}=") for name in PLACES]


def _in_layers(text: str) -> list[Candidate]:
    """Offer the fields of the layer whose parenthesis is open at the end of what was typed, or a layer after a /."""
    from shell.craft import layers

    opened = text.rfind("(")
    if opened <= text.rfind(")"):
        begun = text[:text.rfind("/") + 1]
        return [Candidate(f"{begun}{name}(") for name in layers.NAMES] if begun else []
    name = re.split(r"[^A-Za-z0-9_]", text[:opened])[-1]
    layer = layers.load().get(name)
    begun = text[:max(opened, text.rfind(",")) + 1]
    return [Candidate(f"{begun}{field.name}=", f"of {name}") for field in layer.fields_desc] if layer else []


def _craft(session: Session, given: Sequence[str]) -> Iterable[Candidate]:
    """Offer crafted frames by name, and layers; within a layer, its fields."""
    from shell.craft.layers import NAMES

    drafts = [Candidate(name, stored.text[:50]) for name, stored in session.drafts.items()]
    return [*drafts, *(Candidate(f"{name}(") for name in NAMES)]


def _scripts(session: Session, given: Sequence[str]) -> Iterable[Candidate]:
    """Offer the script that is written here; files are looked up by `paths`."""
    return [] if session.script is None else [Candidate("draft", "the script that is written here")]


def _files(session: Session, given: Sequence[str]) -> Iterable[Candidate]:
    """Offer nothing but files: see `paths`."""
    return []


def _any_path(path: str) -> bool:
    return True


def _ending(suffix: str) -> Callable[[str], bool]:
    return lambda path: path.endswith(suffix) or os.path.isdir(path)


PATHS: dict[str, Callable[[str], bool]] = {
    "files": _any_path, "scripts": _ending(".pkt"), "scenarios": _ending(".toml"), "lessons": _ending(".md"),
    "programs": _ending(".py"),
}
"""Sources that are paths, and which ones."""
NAMED = ("scenarios", "lessons")
"""Those which are names in the first place: a path is looked up where it begins as one."""
SOURCES: dict[str, Source] = {
    "files": _files, "programs": _files,
    "scripts": _scripts,
    "lessons": _lessons, "terms": _terms, "targets": _targets, "names": _names, "edits": _edits, "craft": _craft,
    "filters": _filters, "drops": _drops, "breaks": _breaks, "conditions": _conditions,
    "connection_conditions": _connection_conditions,
    "nouns": _nouns, "connections": _connections, "frames": _frames, "fields": _fields, "addresses": _addresses,
    "tcp_endpoints": _tcp_endpoints, "udp_endpoints": _udp_endpoints, "our_endpoints": _our_endpoints, "urls": _urls,
    "our_urls": _our_urls, "knobs": _knobs, "link_settings": _link_settings, "knob_values": _knob_values,
    "hosts": _hosts,
    "hosts_or_all": _hosts_or_all, "compared": _compared, "scenarios": _scenarios,
}
"""Where values come from, by the name that declarations use; a name with blanks is itself the list."""


"""What a lesson may do, as data: every command of the shell is in one of two tables, and what is in neither is refused.

A lesson comes from anybody. It may do to the lab what it likes, and touches nothing else: no file, no program but
those that the lab's own commands run, no address outside of the lab, no setting of the shell, nothing of the learner's
course.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from shell import scenarios
from shell.captures import samples

ALONE = "."
"""The verb of a noun that is a command by itself."""


def _names(table: dict[str, str]) -> frozenset[str]:
    return frozenset(
        noun if verb == ALONE else f"{noun} {verb}" for noun, verbs in table.items() for verb in verbs.split(", "))


MAY = _names({
    "tcp": "conns, show, connect, listen, send, close, abort, diagram, reading, read, shutdown",
    "udp": "sockets, socks, send",
    "arp": "table, clear, who",
    "ip": "addresses, add, remove, routes, fragments",
    "icmp": "stats",
    "igmp": "join, leave, groups, query",
    "ping": ALONE,
    "dhcp": "start, lease, renew, release, inform",
    "traceroute": ALONE,
    "dns": "ask, cache, flush",
    "http": "get",
    "trace": "on, off, layers, events, verbose, filter",
    "frames": ALONE,
    "frame": ALONE,
    "watch": "tcp, conns, trace, ladder, loop, conn",
    "print": ALONE,
    "plot": ALONE,
    "follow": ALONE,
    "ladder": ALONE,
    "conversations": ALONE,
    "endpoints": ALONE,
    "protocols": ALONE,
    "expert": ALONE,
    "io": ALONE,
    "status": ALONE,
    "counters": ALONE,
    "drops": ALONE,
    "run": ALONE,
    "pause": ALONE,
    "step": "., until",
    "next": ALONE,
    "finish": ALONE,
    "speed": ALONE,
    "back": "., until",
    "goto": "., frame",
    "live": ALONE,
    "break": "., when, list, delete, enable, disable, ignore",
    "tbreak": ALONE,
    "ignore": ALONE,
    "why": "., drop, retransmit, state, conn",
    "fork": ALONE,
    "timeline": "list, switch, log",
    "compare": "., knob, link, seed",
    "link": "loss, delay, jitter, distribution, reorder, duplicate, corrupt, corrupt-what, rate, queue, queue-frames, "
            "red, red-min, red-max, ecn, mtu, burst-loss, burst-end, burst-share, down, up, drop, box, box nat, "
            "box clear, clear, show",
    "scenario": "list, show, load, off",
    "attack": "list, show, stop, syn-flood, rst-blind, rst-window, isn-guess, arp-poison, slow-reader, tiny-window, "
              "sack-storm, fragment-bomb, fast-open-flood, land, smurf",
    "workers": "., show",
    "knob": "list, show, set, diff",
    "profile": ALONE,
    "send": "., syn, synack, ack, fin, rst, psh, data, ping, udp, arp, dns, ip",
    "inject": "., syn, synack, ack, fin, rst, psh, data, ping, udp, arp, dns, ip",
    "craft": "., list",
    "sr": ALONE,
    "fuzz": ALONE,
    "edit": ALONE,
    "resend": ALONE,
    "mode": "trace, bench",
    "bench": "http, ping, bulk, conns, stress",
    "host": "ping, http get, connect, send",
    "capture": "load, close",
    "drill": "new, line, undo, run, compare",
    "explain": ALONE,
    "help": "., filters",
})
"""What a lesson may have done."""

_FILES = "reads or writes files"
_LEARNER = "is the learner's own affair"
MAY_NOT = {
    "host --": "runs programs",
    "http serve": "reads files",
    "break commands": "has lines run later, as if the learner had typed them",
    "bench compare": "takes minutes, and ends the history",
    "scenario save": "writes a file",
    **dict.fromkeys(_names({
        "capture": "start, stop, status, save, live", "record": ALONE, "replay": ALONE, "export": ALONE,
        "config": "show, check, init", "exercise": "start, check, use", "drill": "step, quit, show, write, draft",
    }), _FILES),
    **dict.fromkeys(_names({
        "lesson": "list, progress, start, resume, show, check, hint, predict, answer, next, skip, play, reset, quit, "
                  "stop, lint, path, course, report, hand-in, grade, new, record",
        "theme": ALONE, "schema": ALONE, "exercise": "list, show",
    }), _LEARNER),
}
"""What it may not, and why. Of `lesson answer` a solution has its own form, which is read before."""

TEXTS = frozenset((
    "address", "at", "beginning", "changes", "client", "condition", "count", "data", "direction", "expression", "field",
    "filtering", "host", "icmp_timeout", "left", "link", "name", "ports", "prefix", "right", "settings", "term",
    "timeout", "times", "transitory_timeout", "udp_timeout", "url", "value", "what", "where", "words",
))
"""Names of arguments and options that take any text, which is looked up, or sent in the lab, or an address of it. One
that is not here is refused, as a new one that names a file would have to be."""

BY_NAME = {
    "capture load": "file", "scenario show": "what", "scenario load": "what", "drill run": "files",
    "drill compare": "file",
}
"""Arguments that may be a file when a person types them: from a lesson, only what comes with the program, by name."""

NAMES: dict[str, Callable[[], Sequence[str]]] = {
    "capture": samples.names, "scenario": scenarios.names, "drill": lambda: ("draft",),
}
"""Those names, by the noun of the command: captures, scenarios, and the packet script that is written in the shell."""

AT_THE_HOST = {"host ping": "address", "host connect": "address", "host http get": "url"}
"""Arguments that a program of the machine is given behind a TAP: an address of the lab, and no name, about which the
machine's own resolver would be asked."""

AT_US = frozenset(("bench http", "bench ping", "bench bulk", "bench conns", "bench stress"))
"""What has a program of the machine put a load on our own address, which a lesson can change."""

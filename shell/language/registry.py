"""Which words may begin a line, and which modules of `shell.commands` declare what follows them.

`NOUNS` says so without importing anything: a module is imported, by its name, when its noun is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple

from shell.language import grammar


class Noun(NamedTuple):
    """A word that may begin a line."""

    modules: str
    """The modules under `shell.commands` that declare its commands."""
    group: str
    """The heading under which `help` lists it."""
    help: str
    verbs: str = ""
    """The words that may follow it, as `help` shows them."""


NOUNS: dict[str, Noun] = {
    "tcp": Noun("tcp tcp_diagram tcp_reading", "Things", "connections",
                "conns show connect listen send close abort reading read shutdown diagram"),
    "udp": Noun("udp", "Things", "datagrams", "sockets socks send"),
    "arp": Noun("arp", "Things", "neighbours and their hardware addresses", "table clear who"),
    "ip": Noun("ip", "Things", "addresses, routes, and packets in pieces",
               "addresses add remove routes fragments"),
    "icmp": Noun("icmp", "Things", "messages about errors, and echoes", "stats"),
    "igmp": Noun("igmp", "Things", "multicast groups", "join leave groups query"),
    "ping": Noun("ping", "Things", "ask a host for a sign of life"),
    "dhcp": Noun("dhcp", "Things", "an address from a server", "start lease renew release inform"),
    "traceroute": Noun("traceroute", "Things", "the routers on the way to a host"),
    "dns": Noun("dns", "Things", "names and their addresses", "ask cache flush"),
    "http": Noun("http", "Things", "fetch a page, serve a directory", "get serve"),
    "trace": Noun("trace", "Seeing", "frames and events, as they happen", "on off layers events verbose filter"),
    "frames": Noun("frames", "Seeing", "the latest frames, one line each"),
    "watch": Noun("watch", "Seeing", "one view on the whole terminal, live; or stop when an expression changes",
                  "tcp conns trace ladder loop conn"),
    "print": Noun("printing", "Seeing", "the value of an expression over a connection's fields"),
    "plot": Noun("plot", "Seeing", "how a connection went: its windows, round trips, sequence numbers"),
    "follow": Noun("follow", "Seeing", "what was said on a connection, both ways"),
    "ladder": Noun("ladder", "Seeing", "frames as arrows between hosts, time running down"),
    "conversations": Noun("statistics", "Seeing", "who talked to whom, and how much"),
    "endpoints": Noun("statistics", "Seeing", "who talked, and how much"),
    "protocols": Noun("statistics", "Seeing", "which protocols are in which"),
    "expert": Noun("statistics", "Seeing", "what is odd in the frames, the worst first"),
    "io": Noun("statistics", "Seeing", "frames and bytes over time, as a picture"),
    "frame": Noun("frames", "Seeing", "one frame in full: its layers and its bytes"),
    "status": Noun("status", "Seeing", "what runs, where, and how busily"),
    "counters": Noun("counters", "Seeing", "what the stack has counted"),
    "drops": Noun("counters", "Seeing", "what was discarded, and why"),
    "run": Noun("time", "Time", "let time go on"),
    "pause": Noun("time", "Time", "stop time"),
    "step": Noun("time", "Time", "let one thing happen, or several", "until"),
    "next": Noun("time", "Time", "go to the next thing that happens to a connection"),
    "finish": Noun("time", "Time", "go on until a connection is closed"),
    "speed": Noun("time", "Time", "how fast world time passes"),
    "back": Noun("past", "Time", "look at how it was before", "until"),
    "goto": Noun("past", "Time", "look at any occurrence, time or frame", "frame"),
    "live": Noun("past", "Time", "return to the present"),
    "break": Noun("breakpoints", "Time", "stop when something happens",
                  "when list delete enable disable ignore commands"),
    "tbreak": Noun("breakpoints", "Time", "stop once when something happens"),
    "ignore": Noun("breakpoints", "Time", "pass over the next hits of a breakpoint"),
    "why": Noun("why", "Time", "the chain of decisions behind a frame, a drop, a stalled connection",
                "drop retransmit state conn"),
    "fork": Noun("timelines", "Time", "make a new present of the past"),
    "timeline": Noun("timelines", "Time", "presents that were left for another", "list switch log"),
    "compare": Noun("timelines", "Time", "two timelines side by side, or the same run with another knob, link or seed",
                    "knob link seed"),
    "capture": Noun("capture", "Session", "files and pipes for Wireshark, and files from elsewhere",
                    "start stop status save load close live"),
    "record": Noun("recordings", "Session", "write the run to a file"),
    "replay": Noun("recordings", "Session", "read a run back, to look at it"),
    "link": Noun("link link_box", "Breaking it", "lose, delay and damage frames on their way",
                 "loss delay jitter distribution reorder duplicate corrupt corrupt-what rate queue queue-frames "
                 "red red-min red-max ecn mtu burst-loss burst-end burst-share down up drop box clear show"),
    "scenario": Noun("scenario", "Breaking it", "links that are bad in a way that has a name",
                     "list show load off save"),
    "attack": Noun("attack", "Breaking it", "attacks in the lab, and what stops them",
                   "list show stop syn-flood rst-blind rst-window isn-guess arp-poison slow-reader tiny-window "
                   "sack-storm fragment-bomb fast-open-flood land smurf"),
    "workers": Noun("workers", "Breaking it", "how many cores a simulated host has, and what each does", "show"),
    "knob": Noun("knob", "Breaking it", "switches inside the protocols", "list show set diff"),
    "profile": Noun("knob", "Breaking it", "all knobs at once: classic or modern"),
    "send": Noun("send", "Crafting", "put a crafted frame on the wire",
                 "syn synack ack fin rst psh data ping udp arp dns ip"),
    "inject": Noun("send", "Crafting", "let a crafted frame arrive, as if from the wire",
                   "syn synack ack fin rst psh data ping udp arp dns ip"),
    "craft": Noun("craft", "Crafting", "a frame in scapy's notation", "list"),
    "sr": Noun("craft", "Crafting", "send a crafted frame and receive the answers"),
    "fuzz": Noun("craft", "Crafting", "random variations of a crafted frame"),
    "edit": Noun("edit", "Crafting", "change fields of a frame"),
    "resend": Noun("edit", "Crafting", "frames once more, onto the wire or onto your stack"),
    "mode": Noun("mode", "Modes", "see everything, or go as fast as possible", "trace bench"),
    "bench": Noun("bench", "Modes", "measure what the stack can do", "http ping bulk conns stress compare"),
    "host": Noun("host", "The host", "make the host at the other end act", "ping http connect send --"),
    "lesson": Noun("lesson lesson_hand_in", "Learning", "guided lessons: a course in the shell",
                   "list start next hint check answer predict skip play reset show quit stop resume progress lint path "
                   "course report hand-in grade new record"),
    "drill": Noun("drill", "Learning", "packet scripts, in the language of packetdrill",
                  "run step quit show compare write new line undo draft"),
    "exercise": Noun("exercise", "Learning", "write a part of the stack yourself", "list show start check use"),
    "explain": Noun("explain", "Learning", "what a word means"),
    "export": Noun("export", "Session", "a view as a picture, a page or text"),
    "theme": Noun("config", "Session", "the colours"),
    "config": Noun("config", "Session", "the configuration file", "show check init"),
    "schema": Noun("schema", "Session", "what a command prints with --json"),
    "help": Noun("help", "Session", "this list, one command in detail, or every field that expressions may ask about",
                 "filters"),
}


MOST_BEGINNINGS = 8
"""Of more nouns that begin alike only the first are offered."""
ELSEWHERE = {
    "time": "`status` shows the world's time; `run`, `step` and `pause` move it",
    "date": "`status` shows the world's time", "clock": "`status` shows the world's time",
    "ss": "`tcp conns` lists connections, `udp sockets` sockets",
    "netstat": "`tcp conns` lists connections, `udp sockets` sockets, `counters` what was counted",
    "ifconfig": "`ip addresses` lists them", "route": "`ip routes` lists them",
    "tcpdump": "`trace on` shows frames as they happen, `capture start FILE` keeps them",
    "tshark": "`frames EXPRESSION` lists frames, in Wireshark's language; `conversations` and `io` sum them up",
    "wireshark": "`capture live` feeds it, `capture start FILE` writes what it reads",
    "curl": "`http get URL` fetches a page", "wget": "`http get URL` fetches a page",
    "nc": "`tcp connect HOST:PORT` opens a connection, `tcp send N TEXT` uses it",
    "telnet": "`tcp connect HOST:PORT` opens a connection, `tcp send N TEXT` uses it",
    "dig": "`dns ask NAME` asks", "nslookup": "`dns ask NAME` asks", "nmap": "`send syn HOST:PORT` asks one port",
    "netem": "`link delay 20ms`, `link loss 5%` and their kin do what it does",
    "sysctl": "`knob list` shows the switches, `knob set NAME VALUE` turns one",
    "continue": "`run` lets time go on", "info": "`status`, `tcp show N` and `break list` tell how things stand",
}
"""Words that people bring with them from elsewhere, and what does that here."""


def load(noun: str) -> list[grammar.Command]:
    """Import the modules of `noun`, and return its commands; empty if there is no such noun."""
    if noun not in NOUNS:
        return []
    for module in NOUNS[noun].modules.split():
        import_module(f"shell.commands.{module}")
    return grammar.beneath((noun,))


def load_all() -> list[grammar.Command]:
    """Import all modules, and return all commands in the order of `NOUNS`."""
    return [each for noun in NOUNS for each in load(noun)]


def owns_line(line: str) -> grammar.Command | None:
    """Return the command that `line` begins with, if it owns the rest of its line."""
    words = line.split()
    if not words or not load(words[0]):
        return None
    found = grammar.longest(words)
    return found if found is not None and found.raw else None


def find(words: list[str]) -> grammar.Command:
    """Return the command that `words` begins with; CommandError says what it might have been."""
    if not load(words[0]):
        raise grammar.CommandError(f"no command {words[0]!r}{_suggestion(words)}")
    found = grammar.longest(words)
    if found is None:
        raise grammar.CommandError(_unfinished(words))
    return found


def _suggestion(words: list[str]) -> str:
    """Return what a person may have meant whose first word is no noun."""
    if words[0] in ELSEWHERE:
        return f". {ELSEWHERE[words[0]]}"
    beginning = [noun for noun in NOUNS if noun.startswith(words[0])]
    if beginning:
        return f". Did you mean: {', '.join(beginning[:MOST_BEGINNINGS])}"
    nouns = grammar.similar(words[0], NOUNS)
    verbs = [each.name for each in load_all() if words[0] in each.path[1:]]
    if not nouns or verbs:
        return f". Did you mean: {', '.join(verbs[:3])}" if verbs else ". `help` lists all commands"
    load(nouns[0])
    whole = grammar.longest([nouns[0], *words[1:]])
    if whole is not None:
        return f". Did you mean: {' '.join([nouns[0], *words[1:]])}"
    return f". Did you mean: {', '.join(nouns)}"


def _unfinished(words: list[str]) -> str:
    """Return the message for a noun without a verb that it knows."""
    known = 1
    while known < len(words) and grammar.beneath(words[:known + 1]):
        known += 1
    path = words[:known]
    verbs = list(dict.fromkeys(each.path[known] for each in grammar.beneath(path) if len(each.path) > known))
    names = [" ".join([*path, verb]) for verb in verbs]
    if known == len(words):
        return f"{' '.join(path)} what? There are: {', '.join(names)}"
    wrong = " ".join(words[:known + 1])
    # By the verb alone it is told whether one resembles it: beside a long noun everything would.
    near = grammar.similar(wrong, names) if grammar.similar(words[known], verbs) else []
    hint = f"Did you mean: {', '.join(near)}" if near else f"There are: {', '.join(names)}"
    return f"no command {wrong!r}. {hint}"

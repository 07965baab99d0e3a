"""What is fuzzed: each target takes bytes, whatever they are, and says nothing unless there is a fault.

Only errors that name what is wrong may be raised on the way; anything else is the finding. `seeds` are where it begins,
beside what `tests/fuzz/corpus/NAME` holds; `words` help with languages.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CORPUS = Path(__file__).resolve().parent / "corpus"
LONGEST = 4096
"""Bytes of an input; what is longer is cut."""


SLOW = 0.05
"""Seconds of processor time that reading one frame may take."""


@dataclass(frozen=True)
class Target:
    """One parser, or a group of them."""

    run: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    words: Callable[[], list[str]] = field(default=list)
    executions: int = 400
    """How many in CI: a few seconds."""


TARGETS: dict[str, Callable[[], Target]] = {}
"""By name: what makes a target, and imports what it needs."""


def target(make: Callable[[], Target]) -> Callable[[], Target]:
    """Enter a target, by the name of the function that makes it."""
    made = cache(make)
    TARGETS[make.__name__] = made
    return made


def text_of(data: bytes) -> str:
    """Return bytes as text: any byte is some character."""
    return data.decode("utf-8", "replace")


def files(*patterns: str) -> list[bytes]:
    """Return the content of some files of this project."""
    return [path.read_bytes()[:LONGEST] for pattern in patterns for path in sorted(ROOT.glob(pattern))]


@cache
def scratch() -> Path:
    """Return a file to write an input to, for those who read files only; memory, where there is such a place."""
    shared = Path("/dev/shm")
    folder = tempfile.mkdtemp(prefix="aether-fuzz-", dir=shared if shared.is_dir() else None)
    import atexit
    import shutil

    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder) / "input"


def written(data: bytes) -> Path:
    """Return a file with these bytes."""
    path = scratch()
    path.write_bytes(data)
    return path


@target
def wire() -> Target:
    """Every header, strictly, and built again."""
    from tests.fuzz.test_wire_fuzz import GOOD, walk

    return Target(lambda data: list(walk(data)) and None, lambda: list(GOOD), executions=3000)


@target
def host() -> Target:
    """Frames, one after the other, to a host that serves everything: two bytes of length before each."""
    from tests.fuzz.test_host_fuzz import GOOD, Watch, busy_lab, fixed_checksums

    def run(data: bytes) -> None:
        lab = busy_lab("classic" if data[:1] == b"c" else "modern")
        at = 1
        while at + 2 <= len(data):
            length = int.from_bytes(data[at:at + 2], "big") & 0x7FF
            watch = Watch()
            lab.world.observe(watch)
            lab.inject(fixed_checksums(data[at + 2:at + 2 + length]))
            lab.world.observe(None)
            assert len(watch.dropped) <= 1, watch.dropped
            at += 2 + length
        lab.advance(5_000_000)

    def framed(*frames: bytes) -> bytes:
        return b"m" + b"".join(len(frame).to_bytes(2, "big") + frame for frame in frames)

    return Target(run, lambda: [framed(*GOOD[at:at + 3]) for at in range(0, len(GOOD), 3)], executions=150)


@target
def segments() -> Target:
    """TCP segments to the slow path, the fast path, trace mode and benchmark mode's device: all do the same."""
    from tests.fuzz.segments import compared

    def seeds() -> list[bytes]:
        request = bytes((0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 2, 1, 0, 0, 1, 1, 0, 0, 0, 1, 3, 0, 0, 0, 1))
        return [request, request * 3, request[:15] + bytes((1, 0, 1, 4, 1)) * 4, bytes(range(80))]

    return Target(compared, seeds, executions=10)


@target
def filters() -> Target:
    """Expressions: compiled, completed, and asked about frames."""
    from aether.filters import Record, complete
    from tests.unit.filters.test_filters_anything import EXPRESSIONS, PIECES, outcome, probes

    def run(data: bytes) -> None:
        text = text_of(data[:300])
        complete(text)
        found = outcome(text)
        if found is not None:
            for record in asked():
                found.matches(record)

    @cache
    def asked() -> list[Record]:
        return list(probes())[:6]

    return Target(run, lambda: [each.encode() for each in EXPRESSIONS], lambda: PIECES, executions=120)


@target
def reading() -> Target:
    """Frames as people see them, one after the other: trees, values, rows, connections.

    Two bytes come before each: the upper four bits choose its link type, the others are its length.
    """
    from time import process_time

    from aether.reading.flow import Follower
    from aether.reading.link import on_link
    from aether.reading.packet import Dissected, layers
    from shell.reading.marks import Marks
    from shell.reading.summary import summarise
    from tests.dissection_corpus import corpus
    from tests.link_captures import captures

    links = (1, 1, 1, 0, 9, 12, 50, 101, 105, 108, 113, 127, 147, 228, 276, 1)

    def look(frame: bytes, number: int, follower: Follower, marks: Marks) -> None:
        context = follower.see(number, frame)
        packet = Dissected(frame)
        for protocol in ("eth", "ip", "tcp", "dns"):
            packet.read(protocol, context)
        for layer in layers(frame, context):
            assert all(isinstance(each.words, str) and isinstance(each.text, str) for each in layer.fields)
        assert summarise(frame, context).text
        marks.read("lan", packet, context, number, number * 1000)

    def run(data: bytes) -> None:
        follower, marks, number = Follower(), Marks(), 0
        while len(data) > 2 and number < 20:
            length, number = int.from_bytes(data[:2], "big"), number + 1
            kind, length = length >> 12, length & 0x0FFF
            frame, data = on_link(links[kind], data[2:2 + length]), data[2 + length:]
            before = process_time()
            look(frame, number, follower, marks)
            if process_time() - before > SLOW:  # once more, for a machine that had something else to do
                before = process_time()
                look(frame, number, Follower(), Marks())
                assert process_time() - before < SLOW, "slow to read"

    def together(frames: list[tuple[int, bytes]]) -> bytes:
        return b"".join((links.index(kind) << 12 | len(frame)).to_bytes(2, "big") + frame for kind, frame in frames)

    frames = [(1, frame) for _, frame in corpus()]
    frames += [(kind, frame) for made in captures() for kind, frame in made.frames if kind in links]
    return Target(run, lambda: [together(frames[at:at + 4]) for at in range(0, len(frames), 4)], executions=150)


@target
def capture() -> Target:
    """Captures of other programs: pcap and pcapng, packed and not."""
    from shell.captures.loaded import load
    from shell.captures.packets import NotACapture

    def run(data: bytes) -> None:
        try:
            load(str(written(data)))
        except NotACapture as problem:
            assert str(problem)

    return Target(run, lambda: [*files("docs/example.pcapng"), *small_captures()], executions=500)


def small_captures() -> list[bytes]:
    """Return a capture of each kind, with a frame or two."""
    import gzip
    import struct

    frame = bytes(range(60))
    found = []
    for order, magic in (("<", 0xA1B2C3D4), (">", 0xA1B23C4D)):
        record = struct.pack(f"{order}IIII", 1, 2, len(frame), len(frame)) + frame
        found.append(struct.pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, 65535, 1) + record * 2)
    return [*found, gzip.compress(found[0])]


@target
def recording() -> Target:
    """What `record` writes, and its replay."""
    from aether.engine.log import Input, InputLog, LogError, dump, feed, load
    from aether.lab import build
    from aether.operations.net import Ping

    def run(data: bytes) -> None:
        try:
            found = load(text_of(data))
            latest = max([found.occurrence, *(one.occurrence for one in found.inputs)])
            if len(found.inputs) <= 20 and latest <= 500:
                found.world()
        except LogError as problem:
            assert str(problem)

    def seeds() -> list[bytes]:
        description: dict[str, object] = {"lab": "simulated", "seed": 1}
        world, log = build(description), InputLog(description)
        for what in (Ping(address="192.168.1.1", count=1), bytes(60)):
            entry = Input(world.occurrence, world.now, what)
            log.inputs.append(entry)
            if not isinstance(what, bytes):
                feed(world, entry)
                while world.occurrence < 40 and world.step():
                    pass
        log.inputs.pop()
        return [dump(log, world).encode()]

    return Target(run, seeds, executions=300)


@target
def scenario() -> Target:
    """Bad links as TOML."""
    from shell.language.grammar import CommandError
    from shell.scenarios import parse

    def run(data: bytes) -> None:
        try:
            parse(text_of(data), "fuzzed", "fuzzed.toml")
        except CommandError as problem:
            assert str(problem).startswith("fuzzed.toml")

    return Target(run, lambda: files("shell/scenarios/*.toml"), executions=800)


@target
def lesson() -> Target:
    """Lesson files."""
    from shell.lessons.load import load
    from shell.lessons.model import LessonError

    def run(data: bytes) -> None:
        try:
            load(written(data), "fuzzed.md")
        except LessonError as problem:
            assert str(problem)

    return Target(run, lambda: files("lessons/*.md")[::6], executions=80)


@target
def check() -> Target:
    """The language of a lesson's checks."""
    from shell.lessons.conditions import CheckError, read_check

    def run(data: bytes) -> None:
        try:
            read_check(text_of(data[:300]), "something happens", 1, [])
        except CheckError as problem:
            assert str(problem)

    return Target(run, lambda: [
        b"tcp.flags.syn == 1 and dir == out", b"count(icmp) >= 3 within 5s", b"knob tcp.sack == off", b"ran ping",
        b"connection established", b"$1 then tcp.flags.fin == 1", b"where cwnd > 3"], executions=400)


@target
def config() -> Target:
    """The configuration file: problems are told, and never raised."""
    from shell.configuration import load, template

    def run(data: bytes) -> None:
        for problem in load(written(data)).problems:
            assert problem

    return Target(run, lambda: [template().encode(), template().replace("# ", "").encode()], executions=800)


@target
def reports() -> Target:
    """What learners hand in, and course files."""
    import json

    from shell.language.grammar import CommandError
    from shell.lessons import course, report
    from shell.lessons.progress import Progress

    def run(data: bytes) -> None:
        report.grade([written(data)])
        try:
            course.load(written(data), ["first-frame", "arp"])
        except CommandError as problem:
            assert str(problem)

    return Target(run, lambda: [
        json.dumps(report.build(Progress(), "me", {}, "", {})).encode(),
        b'title = "x"\nlessons = ["arp"]\n[deadlines]\narp = 2030-01-01\n'], executions=800)


@target
def drill() -> Target:
    """Packet scripts."""
    from tests.fuzz.test_drill_fuzz import SCRIPTS, WORDS, read

    return Target(lambda data: read(text_of(data)), lambda: [text.encode()[:LONGEST] for text in SCRIPTS[::12]],
                  lambda: WORDS, executions=80)


@target
def craft() -> Target:
    """Packets in scapy's notation, short forms, and edits of a frame."""
    from aether.wire.address import AddressError
    from shell.craft.edit import edit
    from shell.craft.expressions import evaluate
    from shell.craft.notation import parse
    from shell.craft.settings import READERS, read
    from shell.language.grammar import CommandError
    from tests.fuzz.test_wire_fuzz import GOOD

    names = {"rcv_nxt": 7, "snd_una": 9}

    def run(data: bytes) -> None:
        kind, text = data[:1], text_of(data[1:600])
        try:
            if kind == b"p":
                parse(text)
            elif kind == b"s":
                read(text, tuple(READERS), names)
            elif kind == b"n":
                evaluate(text, names)
            else:
                edit(GOOD[len(data) % len(GOOD)], text)
        except (CommandError, AddressError) as problem:
            assert str(problem)

    return Target(run, lambda: [
        b'pIP(dst="192.168.1.1")/TCP(dport=80, flags="S", options=[("MSS", 536)])/"hello"',
        b'pEther()/ARP(op="who-has", pdst="192.168.1.7")', b'pIP()/UDP(dport=53)/DNS(rd=1, qd=DNSQR(qname="www.lab"))',
        b"sseq=rcv_nxt+10 flags=SA options=mss:536,ws:7 data=\"x y\" ttl=3", b"n(rcv_nxt+10)*2-snd_una",
        b"eip.ttl=1 tcp.seq=1000 tcp.flags=SA data=\"x\"", b"eudp.dstport=53 ip.src=10.0.0.1"], executions=300)


@target
def zone() -> Target:
    """DNS zones as text."""
    from aether.apps.dns_zone import ZoneError, parse_zones
    from aether.lab import ZONE

    def run(data: bytes) -> None:
        try:
            parse_zones(text_of(data))
        except ZoneError as problem:
            assert str(problem)

    return Target(run, lambda: [ZONE.encode() if isinstance(ZONE, str) else b"$ORIGIN lab.\n@ SOA ns root 1 2 3 4 5\n"],
                  executions=200)


@target
def line() -> Target:
    """A line that somebody types: read, and not carried out."""
    from shell.language import registry
    from shell.language.grammar import CommandError, read, read_raw

    def run(data: bytes) -> None:
        text = text_of(data[:300])
        words = text.split()
        try:
            if (found := registry.owns_line(text)) is not None:
                rest = text.split(maxsplit=len(found.path))[len(found.path):]
                read_raw(found, rest[0] if rest else "")
            elif words:
                found = registry.find(words)
                read(found, words[len(found.path):])
        except CommandError as problem:
            assert str(problem)

    def examples() -> list[bytes]:
        return [example.encode() for command in registry.load_all() for example in command.examples]

    return Target(run, examples, lambda: ["--json", "--count", "--force", *registry.NOUNS], executions=150)

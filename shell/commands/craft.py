"""`craft`, `sr` and `fuzz`: frames in scapy's notation."""

from __future__ import annotations

import random
import re
from collections import Counter

from aether.operations.frames import InjectFrame, SendFrame
from shell.commands.common import WAITS
from shell.commands.send import NO_RST
from shell.craft.delivery import Correspondence, deliver, drafted
from shell.craft.drafts import MAX_DRAFTS, build, bytes_of, crafting
from shell.craft.layers import load
from shell.craft.notation import parse
from shell.language.grammar import CommandError, argument, command, option
from shell.language.values import count, count_to
from shell.reading.frames import FrameWatcher, SeenFrame
from shell.results.craft import Crafted, Draft, DraftList, DraftRow, Fuzzed
from shell.session import Session, Stored

MOST_VARIATIONS = 2000
"""At a time."""


@command(
    "craft", argument("what", str, "a frame in scapy's notation", raw="line", complete="craft"),
    examples=('craft IP(dst="192.168.1.1")/TCP(dport=80, flags="S")',
              'craft as probe IP()/UDP(sport=4000, dport=9)/"hello"',
              'craft as lie ARP(op=2, psrc="192.168.1.1")'),
)
def craft(session: Session, what: str) -> Draft:
    """Craft a frame, and show it taken apart; nothing is sent.

    Addresses that are left out are ours and the host's. Give it a name with `as`, then `send NAME` puts it on the wire
    and `inject NAME` lets it arrive.
    """
    name, text = "draft", what.strip()
    if text.startswith("as "):
        _, _, rest = text.partition(" ")
        name, _, text = rest.strip().partition(" ")
        if not name.isidentifier():
            raise CommandError(f"a name is one word of letters and digits, such as probe, not {name!r}")
        if not text.strip():
            raise CommandError(f"craft as {name} what? Such as: craft as {name} IP()/ICMP()")
    frame = build(session, text)
    keep(session, name, Stored(text))
    return drafted(name, text, frame)


def keep(session: Session, name: str, stored: Stored) -> None:
    """Remember a crafted frame; the oldest goes when there are too many."""
    session.drafts.pop(name, None)
    while len(session.drafts) >= MAX_DRAFTS:
        del session.drafts[next(iter(session.drafts))]
    session.drafts[name] = stored


@command("craft list", examples=("craft list",))
def craft_list(session: Session) -> DraftList:
    """List the crafted frames that have a name."""
    return DraftList([
        DraftRow(name, stored.text, len(stored.frame)) for name, stored in session.drafts.items()])


@command(
    "sr", argument("what", str, "a crafted frame by its name, or in scapy's notation", raw="line", complete="craft"),
    NO_RST, *WAITS, examples=("sr probe", 'sr IP(dst="192.168.1.1")/ICMP()'),
)
def sr(session: Session, what: str, no_rst: bool, wait: int, background: bool) -> Crafted:
    """Send a frame and receive the answers, as scapy's sr() does."""
    frame = bytes_of(session, what, inward=False)
    return deliver(session, [(frame, False)], said=what, no_rst=no_rst, wait=wait, background=background)


@command(
    "fuzz", argument("what", str, "a crafted frame by its name, or in scapy's notation", raw="line", complete="craft"),
    option("--count", "how many, 100 unless said otherwise", count_to(MOST_VARIATIONS), default=100, metavar="N"),
    option("--seed", "which random variations", count, default=1, metavar="N"),
    option("--inject", "let them arrive at our own stack instead of sending them"),
    examples=("fuzz probe count=100", 'fuzz --inject IP(src="192.168.1.1")/TCP()'),
)
def fuzz(session: Session, what: str, count: int, seed: int, inject: bool) -> Fuzzed:
    """Send random variations of a frame: every field that it does not give is drawn, again the same for a seed."""
    session.need_trace("fuzz")
    text, settings = _settings(what.strip())
    count, seed = settings.get("count", count), settings.get("seed", seed)
    stored = session.drafts.get(text)
    if count > MOST_VARIATIONS:
        raise CommandError(f"--count: at most {MOST_VARIATIONS:,} variations at a time")
    frames = _variations(session, stored.text if stored else text, count, seed, inject)
    after = session.core.ring.last_serial
    numbers = [session.do(InjectFrame(data=frame) if inject else SendFrame(data=frame)) for frame in frames]
    session.wait(lambda world: False, 200_000)
    answers: Counter[str] = Counter()
    drops: Counter[str] = Counter()
    known = set(numbers)
    conversations = [Correspondence(frame) for frame in frames]
    watcher = FrameWatcher(follower=session.lab_follower())
    for seen in watcher.read(event for event in session.events(after)):
        if not isinstance(seen, SeenFrame):
            continue
        row = watcher.row(seen)
        if seen.number in known:
            if row.dropped:
                drops[row.dropped] += 1
        elif seen.direction == ("out" if inject else "in") and any(one.answers(seen.data) for one in conversations):
            answers[f"{row.layer} {row.flags}".strip()] += 1
    return Fuzzed(text, count, seed, dict(answers.most_common()), dict(drops.most_common()), numbers[0],
                          numbers[-1])


def _settings(text: str) -> tuple[str, dict[str, int]]:
    """Take `count=N` and `seed=N` off the end, where those used to the short forms put them."""
    found: dict[str, int] = {}
    while match := re.search(r"\s(count|seed)=(\S+)$", text):
        try:
            found[match[1]] = count(match[2])
        except ValueError as problem:
            raise CommandError(f"{match[1]}={match[2]}: {problem}") from None
        text = text[:match.start()].rstrip()
    return text, found


def _variations(session: Session, text: str, count: int, seed: int, inward: bool) -> list[bytes]:
    """Return random variations of a frame, between the ends that it has."""
    from scapy.packet import fuzz as scapy_fuzz

    with crafting(session):
        whole = load()["Ether"](build(session, text, inward))
        packet = parse(text)
        state = random.getstate()
        frames = []
        try:
            for index in range(count):
                random.seed(f"{seed}.{index}")
                varied = scapy_fuzz(packet.copy())
                _keep_ends(varied, whole)
                if index % 8 and varied.haslayer(load()["IP"]):
                    varied[load()["IP"]].version = 4  # else nearly all would fall at the first hurdle
                try:
                    frames.append(bytes(load()["Ether"](src=whole.src, dst=whole.dst, type=whole.type) / varied)[:1514])
                except Exception:  # a random value that scapy itself cannot build: the next one may do
                    continue
        finally:
            random.setstate(state)
    if not frames:
        raise CommandError("scapy cannot vary this frame. Try another layer")
    return frames


def _keep_ends(varied: object, whole: object) -> None:
    """Leave the addresses as they were: random ones would go nowhere."""
    layers = load()
    for name, fields in (("IP", ("src", "dst")), ("ARP", ("psrc", "pdst", "hwsrc", "hwdst"))):
        theirs = varied.getlayer(layers[name])  # type: ignore[attr-defined]
        ours = whole.getlayer(layers[name])  # type: ignore[attr-defined]
        if theirs is not None and ours is not None:
            for one in fields:
                setattr(theirs, one, getattr(ours, one))

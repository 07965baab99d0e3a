"""`link`: lose, delay and damage frames on their way."""

from __future__ import annotations

from contextlib import suppress

from aether import queries
from aether.filters import FilterError, compile_filter
from aether.operations.link import DIRECTIONS, LinkClear, LinkDrop, LinkDropOff, LinkSet
from shell.language.grammar import CommandError, argument, command, option
from shell.results.link import LinkReport
from shell.results.message import Message
from shell.session import Session

DIRECTION = "out is what you send, in is what is sent to you"
LINK = option("--link", "which link: lan, or another one (wan in the simulation)", str, default="lan", metavar="L")
SETTINGS = {
    "loss": ("5%", "Lose a share of the frames, each for itself."),
    "delay": ("20ms", "Let every frame take so much longer."),
    "jitter": ("5ms", "Let the delay vary by so much to either side; frames keep their order."),
    "distribution": ("normal", "Spread jitter evenly (uniform), or with jitter as the standard deviation (normal)."),
    "reorder": ("10%", "Hold a share of the frames back, so that later ones overtake them."),
    "duplicate": ("1%", "Deliver a share of the frames twice."),
    "corrupt": ("1%", "Damage a share of the frames: one bit turned over, unless corrupt-what says otherwise."),
    "corrupt-what": ("field", "Damage a bit, a field (checksums then fit, and nobody notices), or a checksum."),
    "rate": ("1mbit", "Let so many bits through in a second; frames wait in a queue, and what does not fit is lost."),
    "queue": ("16kb", "Let so many bytes wait before a limited rate."),
    "queue-frames": ("20", "Let so many frames wait before a limited rate."),
    "red": ("10%", "Lose frames before the queue is full: the average queue decides, up to this share (RED)."),
    "red-min": ("5kb", "Lose nothing early while the average queue is below so many bytes."),
    "red-max": ("15kb", "Lose everything once the average queue is so many bytes."),
    "ecn": ("on", "Mark a packet that can carry a mark of congestion, where RED would lose it (RFC 3168)."),
    "mtu": ("1000", "Lose packets that are larger, and tell nobody: a black hole."),
    "burst-loss": ("2%", "Begin a burst, in which frames are lost, before a share of the frames."),
    "burst-end": ("25%", "End a burst before a share of the frames in it."),
    "burst-share": ("80%", "Lose a share of the frames in a burst."),
}
ALWAYS = ("distribution", "queue", "burst-end", "burst-share", "corrupt-what", "red-min", "red-max")
"""What qualifies others, and cannot be taken away."""


def _count(text: str) -> int:
    """Read how many frames."""
    return _number(text, f"--count {text}")


def direction(text: str) -> str:
    """Read a direction."""
    if text not in ("in", "out", "both"):
        raise CommandError(f"the direction is in, out or both, not {text!r}: {DIRECTION}")
    return text


def _declare(name: str, example: str, about: str) -> None:
    """Declare the command that sets one impairment."""

    def run(session: Session, value: str, direction: str, link: str) -> LinkReport:
        session.do(LinkSet(link=link, direction=direction, what=name, value=value))
        return show(session)

    run.__doc__ = about
    usual = "off" if name in ("ecn", "rate") else "0"
    off = "" if name in ALWAYS else f"; {usual} takes it away"
    command(
        f"link {name}", argument("value", str, f"such as {example}{off}"),
        argument("direction", direction, f"in, out or both: {DIRECTION}", default="both", complete="in out both"),
        LINK, examples=(f"link {name} {example}", f"link {name} {example} out"),
    )(run)


for _name, (_example, _about) in SETTINGS.items():
    _declare(_name, _example, _about)


def _declare_switch(verb: str, value: str, about: str) -> None:
    """Declare `link down` and `link up`."""

    def run(session: Session, direction: str, link: str) -> LinkReport:
        session.do(LinkSet(link=link, direction=direction, what="down", value=value))
        return show(session)

    run.__doc__ = about
    command(
        f"link {verb}",
        argument("direction", direction, f"in, out or both: {DIRECTION}", default="both", complete="in out both"),
        LINK, examples=(f"link {verb}", f"link {verb} in", f"link {verb} --link wan"),
    )(run)


_declare_switch("down", "on", "Let nothing through at all: the cable is cut, and no end is told.")
_declare_switch("up", "off", "Let everything through again, as the other settings have it.")


@command(
    "link drop",
    argument("what", str, "next [N] [EXPRESSION] [in|out], every N [in|out], or off [in|out]", raw="line",
             complete="drops"),
    option("--count", "how many frames, with next", _count, metavar="N"), LINK,
    examples=("link drop next", "link drop next 3 in", "link drop next tcp.len > 0",
              "link drop next tcp.flags.syn == 1 and tcp.flags.ack == 1 --count 2", "link drop next arp in --link wan",
              "link drop every 10 out", "link drop off"),
)
def drop(session: Session, what: str, count: int | None, link: str) -> Message | LinkReport:
    """Lose frames on purpose: the next, the next few, the next that match an expression, or every N-th.

    Without an expression, those that you send are meant, unless you say `in` or `both`; with one, those in both
    directions, unless you say `in` or `out`. `off` ends all of it. Expressions are those of `help filters`.
    """
    verb, *words = what.split()
    rest = what.strip()[len(verb):].strip()
    if verb == "off":
        session.do(LinkDropOff(link=link, direction=_way(words, what, "both")))
        return show(session)
    if verb == "every":
        number = words.pop(0) if words else ""
        value = str(_number(number, what))
        session.do(LinkSet(link=link, direction=_way(words, what, "out"), what="drop_every", value=value))
        return show(session)
    if verb != "next":
        raise CommandError(f"link drop is followed by next, every or off; not by {what!r}")
    if words and words[0].isdigit():
        count, rest = _number(words[0], what), rest[len(words[0]):].strip()
    expression, way = _expression(rest)
    count = 1 if count is None else count
    session.do(LinkDrop(link=link, direction=way or ("both" if expression else "out"), count=count,
                        expression=expression))
    return Message(_will_be_lost(count, expression, way))


def _way(words: list[str], what: str, default: str) -> str:
    """Return the direction that is left of a line, and nothing else."""
    if words and words not in (["in"], ["out"], ["both"]):
        raise CommandError(f"link drop {what}: {words[0]!r} is one too many. After off, or every and a number, "
                           f"comes in or out: {DIRECTION}")
    return words[0] if words else default


def _expression(text: str) -> tuple[str, str]:
    """Divide an expression from the direction after it; a direction may be the end of the expression, too."""
    head, _, last = text.rpartition(" ")
    if last not in DIRECTIONS:
        return text, ""
    if head.strip():
        with suppress(FilterError):
            compile_filter(text)
            return text, ""
    return head.strip(), last


def _will_be_lost(count: int, expression: str, way: str) -> str:
    if not count:
        return "none will be lost"
    one = count == 1
    frames = "the next frame" if one else f"the next {count} frames"
    if expression:
        where = {"": "in either direction", "both": "in either direction", "out": "of what you send",
                 "in": "of what is sent to you"}[way]
        return f"{frames} {where} that match{'es' if one else ''} {expression} will be lost"
    who = {"out": "that you send", "in": f"that {'is' if one else 'are'} sent to you", "both": "in each direction"}
    return f"{frames} {who[way or 'out']} will be lost"


def _number(text: str, what: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 7:
        raise CommandError(f"how many frames is a number, not {text!r} (in {what!r})")
    return int(text)


@command(
    "link clear",
    argument("direction", direction, f"in, out or both: {DIRECTION}", default="both", complete="in out both"),
    LINK, examples=("link clear",),
)
def clear(session: Session, direction: str, link: str) -> LinkReport:
    """Let frames pass as on a good day."""
    session.do(LinkClear(link=link, direction=direction))
    return show(session)


@command("link show", examples=("link show",))
def show(session: Session) -> LinkReport:
    """Show what the link does to frames, in each direction."""
    return LinkReport(session.ask(queries.links))

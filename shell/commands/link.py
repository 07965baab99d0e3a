"""`link`: lose, delay and damage frames on their way."""

from __future__ import annotations

from aether import queries
from aether.operations_link import LinkClear, LinkDrop, LinkSet
from shell import results
from shell.grammar import CommandError, argument, command, option
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
    "corrupt": ("1%", "Turn one bit over in a share of the frames."),
    "rate": ("1mbit", "Let so many bits through in a second; frames wait in a queue, and what does not fit is lost."),
    "queue": ("16kb", "Let so many bytes wait before a limited rate."),
    "queue-frames": ("20", "Let so many frames wait before a limited rate."),
    "burst-loss": ("2%", "Begin a burst, in which frames are lost, before a share of the frames."),
    "burst-end": ("25%", "End a burst before a share of the frames in it."),
    "burst-share": ("80%", "Lose a share of the frames in a burst."),
    "down": ("on", "Let nothing through at all, or everything again."),
}
ALWAYS = ("distribution", "queue", "burst-end", "burst-share")
"""What qualifies others, and cannot be taken away."""


def direction(text: str) -> str:
    """Read a direction."""
    if text not in ("in", "out", "both"):
        raise CommandError(f"the direction is in, out or both, not {text!r}: {DIRECTION}")
    return text


def _declare(name: str, example: str, about: str) -> None:
    """Declare the command that sets one impairment."""

    def run(session: Session, value: str, direction: str, link: str) -> results.LinkReport:
        session.do(LinkSet(link=link, direction=direction, what=name, value=value))
        return show(session)

    run.__doc__ = about
    usual = "off" if name in ("down", "rate") else "0"
    off = "" if name in ALWAYS else f"; {usual} takes it away"
    command(
        f"link {name}", argument("value", str, f"such as {example}{off}"),
        argument("direction", direction, f"in, out or both: {DIRECTION}", default="both", complete="in out both"),
        LINK, examples=(f"link {name} {example}", f"link {name} {example} out"),
    )(run)


for _name, (_example, _about) in SETTINGS.items():
    _declare(_name, _example, _about)


@command(
    "link drop",
    argument("what", str, "next [N] [in|out], or every N [in|out]", raw="line", complete="next every in out"),
    examples=("link drop next", "link drop next 3 in", "link drop every 10 out"),
)
def drop(session: Session, what: str) -> results.Message | results.LinkReport:
    """Lose the next frame, or the next few; those that you send, unless you say `in`.

    `every N` loses every N-th frame instead; `every 0` stops that.
    """
    verb, *words = what.split()
    way = words.pop() if words and words[-1] in ("in", "out", "both") else "out"
    if verb not in ("next", "every") or len(words) > 1:
        raise CommandError(f"link drop is followed by next or every, a number, and in or out; not by {what!r}")
    number = _number(words[0], what) if words else 1
    if verb == "every":
        session.do(LinkSet(direction=way, what="drop_every", value=str(number)))
        return show(session)
    session.do(LinkDrop(direction=way, count=number))
    who = {"out": "that you send", "in": "that is sent to you", "both": "in each direction"}[way]
    frames = f"the next frame {who}" if number == 1 else f"the next {number} frames {who.replace(' is ', ' are ')}"
    return results.Message(f"{frames} will be lost")


def _number(text: str, what: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 7:
        raise CommandError(f"how many frames is a number, not {text!r} (in {what!r}); "
                           "expressions are not understood here yet")
    return int(text)


@command(
    "link clear",
    argument("direction", direction, f"in, out or both: {DIRECTION}", default="both", complete="in out both"),
    LINK, examples=("link clear",),
)
def clear(session: Session, direction: str, link: str) -> results.LinkReport:
    """Let frames pass as on a good day."""
    session.do(LinkClear(link=link, direction=direction))
    return show(session)


@command("link show", examples=("link show",))
def show(session: Session) -> results.LinkReport:
    """Show what the link does to frames, in each direction."""
    return results.LinkReport(session.ask(queries.links))

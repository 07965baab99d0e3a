"""`conversations`, `endpoints`, `protocols`, `expert` and `io`: what all frames together come to."""

from __future__ import annotations

from shell.commands.common import HOST
from shell.language.grammar import CommandError, argument, command, option
from shell.language.values import duration, show_duration
from shell.reading import statistics, words
from shell.reading.frames import SeenFrame
from shell.results.statistics import ConversationTable, EndpointTable, ExpertReport, IoReport, ProtocolTree
from shell.session import Session

MOST_INTERVALS = 10_000
"""Rows of `io`."""
SECOND = 1_000_000
WHICH = argument("what", str, "an expression; every frame otherwise", default="", raw="line", complete="filters")
KIND = argument("what", str, "eth, ip, tcp or udp (tcp unless said otherwise), an expression, or both", default="",
                raw="line", complete="filters")


@command("conversations", KIND, HOST,
         examples=("conversations", "conversations ip", "conversations tcp tcp.port == 80", "conversations udp dns"))
def conversations(session: Session, what: str, host: str) -> ConversationTable:
    """List who talked to whom: frames and bytes each way, when it began and how long it took.

    One line for each pair of Ethernet addresses (`eth`), of IPv4 addresses (`ip`), or for each connection (`tcp`) or
    pair of ports (`udp`), the most frames first. Of a capture they are the figures of `tshark -z conv,tcp` and its kin.
    """
    kind, expression = _kind(what)
    frames = _frames(session, host, expression)
    rows = statistics.conversations(frames, kind)
    return ConversationTable(kind, rows, "" if rows else _nothing(frames, expression, f"no conversation over {kind}"))


@command("endpoints", KIND, HOST, examples=("endpoints ip", "endpoints tcp", "endpoints eth arp"))
def endpoints(session: Session, what: str, host: str) -> EndpointTable:
    """List who talked: frames and bytes that each end sent and received, the most frames first.

    The ends are Ethernet addresses (`eth`), IPv4 addresses (`ip`), or addresses with ports (`tcp`, `udp`). Of a capture
    they are the figures of `tshark -z endpoints,ip` and its kin.
    """
    kind, expression = _kind(what)
    frames = _frames(session, host, expression)
    rows = statistics.endpoints(frames, kind)
    return EndpointTable(kind, rows, "" if rows else _nothing(frames, expression, f"nobody talked over {kind}"))


@command("protocols", WHICH, HOST, examples=("protocols", "protocols tcp.port == 80"))
def protocols(session: Session, what: str, host: str) -> ProtocolTree:
    """Show which protocols are in which, with frames and bytes of each.

    Of a capture these are the figures of `tshark -z io,phs`, for the protocols that are read here.
    """
    frames = _frames(session, host, what.strip())
    rows = statistics.protocols(frames)
    return ProtocolTree(rows, len(frames), sum(len(seen.data) for seen in frames),
                        "" if rows else _nothing(frames, what.strip(), "no frames"))


@command("expert", WHICH, HOST, examples=("expert", "expert tcp.stream == 0"))
def expert(session: Session, what: str, host: str) -> ExpertReport:
    """Say what is odd in these frames, the worst first: errors, warnings, notes, and what is only worth knowing.

    Each line has the expression that selects its frames. Of a capture it says what `tshark -z expert` says, in the same
    words, and `_ws.expert` is the same as a field. In the lab, frames that were lost or discarded count among the
    warnings.
    """
    frames = _frames(session, host, what.strip())
    looking = statistics.Expert()
    for seen in frames:
        looking.look(seen)
    numbers = {seen.number for seen in frames}
    for event in session.visible_events("frames"):
        if event.kind == "frame.lost" and event.values[0] in numbers:
            looking.remark("warning", "lab", words.lost(event.values[2]), "frame.lost", event.values[0])
    rows = looking.report()
    nothing = "" if rows else _nothing(frames, what.strip(), f"nothing is odd in {len(frames):,} frames")
    return ExpertReport(rows, len(frames), nothing)


@command("io", WHICH, HOST,
         option("--interval", "how long each interval is (1s unless said otherwise)", duration, metavar="T",
                default=SECOND),
         examples=("io", "io tcp.len > 0 --interval 100ms", "io dns"))
def io(session: Session, what: str, host: str, interval: int) -> IoReport:
    """Draw how many frames and bytes went over the wire, over time.

    Intervals are counted from time 0. Of a capture they are the figures of `tshark -z io,stat,1`.
    """
    if not interval:
        raise CommandError("an interval of 0s holds nothing; `io --interval 100ms` has ten in a second")
    frames = _frames(session, host, what.strip())
    if (spread := statistics.spread(frames, interval)) > MOST_INTERVALS:
        raise CommandError(f"{spread:,} intervals of {show_duration(interval)} are more than {MOST_INTERVALS:,}; "
                           "a longer --interval has fewer")
    rows = statistics.io(frames, interval)
    return IoReport(interval, rows, len(frames), sum(len(seen.data) for seen in frames), what.strip(),
                    "" if rows else _nothing(frames, what.strip(), "no frames"))


def _kind(what: str) -> tuple[str, str]:
    """Return which ends are meant, and the expression."""
    first, _, rest = what.strip().partition(" ")
    if first not in statistics.KINDS:
        return "tcp", what.strip()
    # `tcp.port == 80` begins with no kind, and `tcp and ip.ttl < 5` is an expression as a whole.
    return (first, what.strip()) if rest.split(" ")[0] in ("and", "or", "xor", "&&", "||") else (first, rest.strip())


def _frames(session: Session, host: str, expression: str) -> list[SeenFrame]:
    """Return the frames that a host saw, those that an expression selects; CommandError if it makes no sense."""
    watcher = session.watcher(host)
    events = session.visible_events("frames")
    frames = [each for each in watcher.read(events) if isinstance(each, SeenFrame)]
    if expression:
        from shell.reading.selection import Selection

        selection = Selection(expression, follower=session.follower(), around=session.around())
        selection.follow(events)
        frames = [each for each in frames if selection.has(each)]
    return frames


def _nothing(frames: list[SeenFrame], expression: str, otherwise: str) -> str:
    if frames or not expression:
        return f"{otherwise}. `frames` lists what there is" if not frames else otherwise
    return f"no frame matches {expression}. `frames` lists what there is"

"""docs/pictures: one picture of each view, of real sessions from a seed, and docs/views.md that shows them.

    python tools/pictures.py [DIRECTORY]
"""

from __future__ import annotations

import math
import os
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from rich.text import Text  # noqa: E402

from aether.engine.core import Core  # noqa: E402
from aether.lab import simulated  # noqa: E402
from shell.prompt.panes import Pane  # noqa: E402
from shell.session import Lab, Session, View  # noqa: E402
from shell.views import oneline, theme  # noqa: E402
from shell.views.exporting import draw, results_of  # noqa: E402


@dataclass(frozen=True)
class Picture:
    """One picture: what happens before, and the lines that are seen with what they show."""

    name: str
    says: str
    shown: tuple[str, ...]
    before: tuple[str, ...] = ()
    theme: str = "dark"
    width: int = 96
    rows: int = 0
    """Of a terminal that a pane fills; 0 for what is printed."""


LOSSY = ("link loss 12%", "http get http://192.168.1.1/", "run 5s")
SENDING = ("tcp connect 192.168.1.1:9", 'tcp send 1 "hello"', "link drop next 1 out", 'tcp send 1 "lost"', "run 1s")
WRITTEN = ("drill new", *(f"drill line {line}" for line in (
    "+.1 write(4, ..., 4000) = 4000", "+0 > . 1:1001(1000) ack 1", "+0 > . 1001:2001(1000) ack 1",
    "+0 > . 2001:3001(1000) ack 1", "+0 > P. 3001:4001(1000) ack 1",
    "+.1 < . 1:1(0) ack 1 win 65535 <nop,nop,sack 1001:2001>", "+0 < . 1:1(0) ack 1 win 65535 <nop,nop,sack 1001:3001>",
    "+0 < . 1:1(0) ack 1 win 65535 <nop,nop,sack 1001:4001>", "+0 > . 1001:2001(1000) ack 1")))
EARLY = ("drill new", *(f"drill line {line}" for line in (
    "+.1 < F. 101:101(0) ack 1 win 65535", "+0 > . 1:1(0) ack 1", "+.1 < P. 1:101(100) ack 1 win 65535")))
FLOOD = ("link loss 1%", "link delay 10ms", "link rate 2mbit", "tcp connect 192.168.1.1:19", "run 3s", "tcp abort 1")
PICTURES = (
    Picture("frames", "Frames, one line each, with what they changed and why they were discarded.",
            ("frames 16",), LOSSY),
    Picture("frame", "One frame in full: each header and field, the bytes coloured by header, the chosen field marked.",
            ("frame 3 tcp.options.mss",), ("tcp connect 192.168.1.1:80",)),
    Picture("dns", "Applications are taken apart too: a DNS answer.", ("frame 4 dns.a",), ("dns ask www.lab",)),
    Picture("ladder", "The ladder: each frame an arrow, with its losses, and what it changed.", ("ladder 1",), LOSSY),
    Picture("capture", "A capture of somebody else's, with the same views.",
            ("capture load docs/example.pcapng", "frames 6 dns", "ladder tcp.flags.syn == 1")),
    Picture("diagram", "The states of TCP, from the stack's own table, with the way of a connection.",
            ("tcp diagram 1",), LOSSY),
    Picture("follow", "What was said, each byte once.", ("follow 1",), LOSSY),
    Picture("plot", "How a connection went, from what the stack reported: its congestion window.",
            ("plot cwnd 1 --host host",), FLOOD),
    Picture("plot-seq", "Sequence numbers, acknowledgements and the window.", ("plot seq 1 --host host",), FLOOD),
    Picture("connection", "A connection: its state, its numbers, its timers.", ("tcp show 1",), SENDING),
    Picture("connections", "Connections and listeners.", ("tcp conns",),
            ("tcp connect 192.168.1.1:9", "tcp connect 192.168.1.1:7", 'tcp send 1 "hello"', "run 1s")),
    Picture("why", "Why: the chain of decisions behind what happened to a frame.", ("why conn 1 stalled",),
            ("tcp connect 192.168.1.1:9", "link drop next 1 out", "break timer rto", 'tcp send 1 "is anybody there?"')),
    Picture("drops", "What was discarded, why, and which knob decides.", ("drops",),
            ("inject syn from 192.168.1.1:4000 to :81", "tcp connect 192.168.1.1:9",
             "inject ack conn 1 seq=rcv_nxt+5000", "inject rst conn 1 seq=rcv_nxt+10")),
    Picture("step", "One step at a time, forwards and back.", ("step", "step", "back"),
            ("pause", "ping 192.168.1.1 --background")),
    Picture("ping", "A sign of life over a bad link.", ("ping 192.168.1.1 --count 5 --wait 20s",),
            ("link loss 20%", "link delay 10ms")),
    Picture("traceroute", "The routers on the way.", ("traceroute 10.0.2.2",)),
    Picture("tables", "Neighbours, routes, sockets.", ("arp table", "ip routes", "udp socks"), ("dns ask www.lab",)),
    Picture("watch-tcp", "A pane, live: one connection (`watch tcp 1`).", ("watch tcp 1",), FLOOD[:-1], rows=26),
    Picture("watch-conns", "The connections (`watch conns`).", ("watch conns",),
            ("tcp connect 192.168.1.1:9", "tcp connect 192.168.1.1:7", 'tcp send 1 "hello"', "run 1s"), rows=14),
    Picture("watch-ladder", "Frames as they go to and fro (`watch ladder`).", ("watch ladder",), LOSSY, rows=24),
    Picture("watch-trace", "The latest frames (`watch trace`).", ("watch trace",), LOSSY, rows=20),
    Picture("watch-loop", "What runs, and how busily (`watch loop`).", ("watch loop",), LOSSY, rows=10),
    Picture("links", "What a link does to frames.", ("link show",),
            ("link loss 5%", "link delay 20ms", "link reorder 2%", "link rate 1mbit")),
    Picture("knobs", "Every switch inside the protocols (a part of them).", ("knob diff",), ("profile classic",)),
    Picture("craft", "A segment by hand, and what came back.", ("send syn 192.168.1.1:80 options=mss:536",)),
    Picture("compare", "The same run once more, with one knob turned.", ("compare knob tcp.retransmit=off",), SENDING),
    Picture("drill", "A packet script, stopped at the line that fails.", ("drill step draft --to end", "why 10"),
            WRITTEN),
    Picture("drill-compare", "The same script at Aether and at Linux.", ("drill compare draft",), EARLY),
    Picture("light", "The light theme.", ("frames 8",), LOSSY, theme="light"),
    Picture("high-contrast", "The theme for projectors.", ("frames 8",), LOSSY, theme="high-contrast"),
    Picture("mono", "Without colours.", ("frames 8",), LOSSY, theme="mono"),
    Picture("themes", "The themes.", ("theme",)),
)


def picture(one: Picture) -> str:
    """Return a picture as SVG."""
    core = Core(simulated(1), speed=math.inf)
    core.start()
    try:
        session = Session(core, Lab("SIM", seed=1), scripted=True, asks_kernel=False)
        oneline.use_network(session.lab.address)
        with theme.exactly(one.theme):
            for line in one.before:
                results_of(session, line)
            shown = [(line, pane(session, line, one) if one.rows else results_of(session, line)) for line in one.shown]
        return draw(shown, "svg", one.width, one.theme, prompt=not one.rows, title="aether-shell --sim --seed 1")
    finally:
        core.stop()


def pane(session: Session, line: str, one: Picture) -> Text:
    """Return what a `watch` shows on a terminal of the picture's size."""
    stills: list[Text] = []

    def still(view: View) -> None:
        stills.append(Pane(session, view, lambda: (one.width, one.rows)).still())

    session.terminal.pane = still
    results_of(session, line)
    return stills[0]


def page() -> str:
    """Return docs/views.md."""
    parts = [
        "# What there is to see\n",
        "These pictures are made by `make pictures`, each from a session that is repeated from a seed. Any other view",
        "becomes a picture by `export svg FILE COMMAND`.\n",
    ]
    for one in PICTURES:
        before = "; ".join(f"`{line}`" for line in one.before)
        parts += [f"## {one.name}\n", one.says + (f" Before: {before}." if before else "") + "\n",
                  f"![{one.says}](pictures/{one.name}.svg)\n"]
    return "\n".join(parts)


def main() -> None:
    """Write the pictures, and the page."""
    os.chdir(ROOT)
    docs = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs"
    (docs / "pictures").mkdir(parents=True, exist_ok=True)
    for one in PICTURES:
        (docs / "pictures" / f"{one.name}.svg").write_text(picture(one), encoding="utf-8")
    (docs / "views.md").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()

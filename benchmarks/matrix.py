"""The goodput matrix: loss x reordering x round trip x buffer, both directions, as a table for docs/goodput.md.

    python -m benchmarks.matrix > docs/goodput.md
"""

from __future__ import annotations

import itertools
import math
import sys

from benchmarks.transfer import make_world, start, transfer

LOSSES = ("0%", "0.1%", "1%", "5%", "10%", "20%")
REORDERS = ("0%", "5%")
ROUND_TRIPS = (1, 20, 200)
BUFFERS = (16_384, 262_144, 4_194_304)
MSS = 1448
HEAD = """# Goodput in the simulated lab

What reaches the application, in megabits a second, with `profile modern` at both ends (CUBIC, SACK, RACK-TLP, PRR).
Every transfer is compared byte for byte; each cell is *up / down*, from you to the host and back. All of it is virtual
time and seeded, so the table is the same on every machine, and a change of it shows in review. Made by `make matrix`.

"""


def length_for(loss: str, buffer: int, round_trip: int) -> int:
    """Return how much to transfer: less where it would take for ever."""
    share = float(loss.rstrip("%"))
    return 262_144 if share >= 10 else 524_288 if share >= 5 else 2_097_152


def cell(loss: str, reorder: str, round_trip: int, buffer: int) -> str:
    """Return one cell; `fail` in it would be a transfer that was not completed."""
    said = []
    for direction in ("up", "down"):
        result = transfer(
            length_for(loss, buffer, round_trip), direction, buffer=buffer, loss=loss, reorder=reorder,
            round_trip_ms=round_trip, seed=7,
        )
        said.append(f"{result.goodput * 8 / 1e6:.3g}" if result.complete else "fail")
    return " / ".join(said)


def jain(rates: list[float]) -> float:
    """Return Jain's index of fairness: 1.0 when all are equal."""
    return sum(rates) ** 2 / (len(rates) * sum(rate * rate for rate in rates))


def fairness(congestion: str = "cubic", seconds: float = 60) -> tuple[float, list[float]]:
    """Let two flows share a bottleneck of 10 Mbit/s; return Jain's index and their rates in bytes a second."""
    world = make_world(round_trip_ms=20, link={"rate": "10mbit", "queue": "64kb"}, tcp_congestion=congestion)
    flows = [start(world, 1 << 30, port=5001 + index) for index in range(2)]
    end = int(seconds * 1e6)
    while world.step(end):
        pass
    rates = [sink.lengths.get(number, 0) / seconds for sink, number in flows]
    return jain(rates), rates


def mathis(loss: float, round_trip_s: float) -> float:
    """Return the bound of Mathis et al. in bytes a second: MSS / RTT x 1.22 / sqrt(p)."""
    return MSS / round_trip_s * 1.22 / math.sqrt(loss)


def main() -> None:
    """Print the document."""
    out = [HEAD]
    for reorder, buffer in itertools.product(REORDERS, BUFFERS):
        out.append(f"## Buffer {buffer // 1024} KB, reordering {reorder}\n\n")
        times = " | ".join(f"{rtt} ms" for rtt in ROUND_TRIPS)
        out.append(f"| loss | {times} |\n|---|" + "---|" * len(ROUND_TRIPS))
        for loss in LOSSES:
            out.append(f"\n| {loss} | " + " | ".join(cell(loss, reorder, rtt, buffer) for rtt in ROUND_TRIPS) + " |")
        out.append("\n\n")
    big = transfer(10_000_000, loss="1%", round_trip_ms=20, seed=7)
    bound = mathis(0.01, 0.0204)
    index, rates = fairness()
    out.append(
        "## Against the bound\n\n"
        f"10 MB at 1% loss and a round trip of 20 ms: {big.goodput * 8 / 1e6:.1f} Mbit/s, "
        f"{big.goodput / bound:.2f} of the Mathis bound (MSS/RTT · 1.22/√p = {bound * 8 / 1e6:.1f} Mbit/s).\n\n"
        f"Two flows over one bottleneck of 10 Mbit/s for a minute: {rates[0] * 8 / 1e6:.2f} and "
        f"{rates[1] * 8 / 1e6:.2f} Mbit/s, Jain's index {index:.3f}.\n")
    sys.stdout.write("".join(out))


if __name__ == "__main__":
    main()

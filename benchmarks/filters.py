"""What it costs to ask: microseconds an expression takes for one record.

    python -m benchmarks.filters

Once of a frame that nobody has asked about yet, dissection included, and once of a frame that was asked before. The
aim is 3 microseconds for a typical expression on a new frame.
"""

from __future__ import annotations

import timeit
from collections.abc import Callable

from aether.events import Event
from aether.filters import Record, Records, compile_filter
from aether.wire import ethernet, ipv4, tcp

EXPRESSIONS = (
    "tcp.port == 80", "tcp.port == 80 and tcp.flags.syn == 1", "ip.src == 192.168.1.0/24",
    "ip.addr == 192.168.1.1 and tcp.port in {80, 443, 8000..8100}", "tcp.len > 0", 'tcp.payload contains "GET"',
    'http.request.method == "GET"', "udp.port == 53", "dir == out",
    "event == tcp.state and tcp.state == ESTABLISHED", "drop.reason == tcp.out_of_order",
)


def frame() -> bytes:
    """Return a request of HTTP."""
    you, host = b"\xc0\xa8\1\2", b"\xc0\xa8\1\1"
    request = b"GET / HTTP/1.1\r\nHost: host\r\n\r\n"
    segment = tcp.build(you, host, 50000, 80, 1, 1, tcp.PSH | tcp.ACK, 65535, b"", request)
    return ethernet.build(b"\2\0\0\0\0\1", b"\2\0\0\0\0\2", 0x0800, ipv4.build(you, host, 6, segment))


def cost(work: Callable[[], object], count: int = 20_000) -> float:
    """Return the microseconds that `work` takes, the best of five runs."""
    return min(timeit.repeat(work, number=count, repeat=5)) / count * 1e6


def main() -> None:
    """Print the table."""
    data = frame()
    asked = Records().frame(data, sender="you")
    print(f"{'expression':60} new frame  asked before")
    for expression in EXPRESSIONS:
        test = compile_filter(expression).test
        new = cost(lambda test=test: test(Record(data)))  # type: ignore[misc]
        again = cost(lambda test=test: test(asked))  # type: ignore[misc]
        print(f"{expression:60} {new:6.2f} µs  {again:6.2f} µs")
    records, event = Records(), Event(1, 1, 0, "you", 0, "frame.sent", (1, "lan", data), ("", 0))

    def follow() -> Record:
        records._kept.clear()
        return records.of(event)
    print(f"{'to make a record of a frame that is sent, and follow it':60} {cost(follow):6.2f} µs")


if __name__ == "__main__":
    main()

"""How long the first crafted frame takes, with scapy's import in it, and the following ones.

    python -m benchmarks.craft
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

TEXT = 'IP(dst="192.168.1.1")/TCP(dport=80, flags="S", options=[("MSS", 1460)])/"hello"'
FIRST = 1.5
"""Seconds that the first may take at the most, in a fresh process."""
NEXT = 0.010


def once() -> float:
    """Return how long the first takes in a process of its own."""
    code = (
        "import time; began = time.perf_counter()\n"
        "from shell.craft.layers import Ends, complete\nfrom shell.craft.notation import parse\n"
        f"complete(parse({TEXT!r}), Ends('02:00:00:00:00:02', '192.168.1.2', '02:00:00:00:00:01', '192.168.1.1'))\n"
        "print(time.perf_counter() - began)")
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return float(done.stdout)


def main() -> int:
    """Measure and print; return 1 if it is too slow."""
    first = statistics.median(once() for _ in range(5))
    from shell.craft.layers import Endpoints, complete
    from shell.craft.notation import parse

    ends = Endpoints("02:00:00:00:00:02", "192.168.1.2", "02:00:00:00:00:01", "192.168.1.1")
    complete(parse(TEXT), ends)
    times = []
    for _ in range(200):
        began = time.perf_counter()
        complete(parse(TEXT), ends)
        times.append(time.perf_counter() - began)
    later = statistics.median(times)
    print(f"the first crafted frame takes {first:.2f} s (at most {FIRST} s), the next {later * 1000:.2f} ms "
          f"(at most {NEXT * 1000:.0f} ms)")
    return int(first > FIRST or later > NEXT)


if __name__ == "__main__":
    sys.exit(main())

"""What happens in simulated runs: transfers over a bad link."""

from aether.operations.base import Operation, from_data
from aether.operations.net import Ping
from aether.operations.services import HttpGet
from aether.operations.tcp import TcpConnect, TcpSend


def link(what: str, value: str) -> Operation:
    """Return the operation that impairs both directions of the wire."""
    return from_data({"operation": "LinkSet", "link": "lan", "direction": "both", "what": what, "value": value})


def lossy_transfers() -> list[tuple[int, Operation]]:
    """Return operations, each with the microseconds to wait before it: eight echoed megabytes with losses."""
    steps: list[tuple[int, Operation]] = [
        (0, link("loss", "1%")), (0, link("delay", "5ms")), (0, link("reorder", "2%")), (0, link("duplicate", "1%")),
    ]
    for number in range(1, 9):
        steps += [
            (10_000, TcpConnect(address="192.168.1.1", port=7)),
            (0, Ping(address="192.168.1.1", count=20, interval_us=50_000)),
            (50_000, TcpSend(conn=2 * number - 1, data=bytes(range(256)) * 4000)),
            (0, HttpGet(url="http://192.168.1.1/")),
        ]
    return steps

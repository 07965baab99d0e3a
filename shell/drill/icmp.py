"""The names of ICMP types and codes, as scripts write them."""

from __future__ import annotations

from collections.abc import Callable

TYPES = {
    "echo_reply": 0, "unreachable": 3, "source_quench": 4, "redirect": 5, "echo_request": 8, "time_exceeded": 11,
    "parameter_problem": 12,
}
CODES: dict[int, dict[str, int]] = {
    3: {
        "net_unreachable": 0, "host_unreachable": 1, "protocol_unreachable": 2, "port_unreachable": 3,
        "frag_needed": 4, "source_route_failed": 5, "net_unknown": 6, "host_unknown": 7, "net_prohibited": 9,
        "host_prohibited": 10, "comm_prohibited": 13,
    },
    5: {"net": 0, "host": 1},
    11: {"ttl": 0, "reassembly": 1},
}


def find_icmp(words: list[str], wrong: Callable[[str, int], Exception]) -> tuple[int, int]:
    """Return type and code; raises what `wrong` makes of a message and the number of the word it is about."""
    if words[0] not in TYPES:
        raise wrong(f"expected one of {', '.join(TYPES)}, not {words[0]!r}", 0)
    kind = TYPES[words[0]]
    if len(words) == 1:
        return kind, 0
    codes = CODES.get(kind, {})
    if words[1] not in codes:
        said = f"one of {', '.join(codes)}" if codes else f"nothing after {words[0]}"
        raise wrong(f"expected {said}, not {words[1]!r}", 1)
    return kind, codes[words[1]]


def show_icmp(kind: int, code: int) -> str:
    """Return type and code as scripts write them."""
    names = {number: name for name, number in TYPES.items()}
    codes = {number: name for name, number in CODES.get(kind, {}).items()}
    return f"icmp {names.get(kind, f'type {kind}')} {codes.get(code, f'code {code}' if code else '')}".rstrip()

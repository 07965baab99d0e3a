"""What an event says, in words for a person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aether.events import BOXES, DROPS, Event
from aether.wire import dns, ethernet, ipv4, tcp
from aether.wire.address import show_endpoint, show_ip, show_mac
from aether.wire.error import WireError
from shell.language.values import amount, amount_is, show_duration

Values = tuple[Any, ...]


def _ip(address: Any) -> str:
    return show_ip(address) if isinstance(address, bytes) else str(address)


def _group(address: Any) -> str:
    return "any group" if address == b"\0\0\0\0" else f"group {_ip(address)}"


def _mac(address: Any) -> str:
    return show_mac(address) if isinstance(address, bytes) else str(address)


def _endpoint(address: Any, port: int) -> str:
    return show_endpoint(address, port) if isinstance(address, bytes) else f"{address}:{port}"


def _drop(values: Values) -> str:
    reason, conn, detail = values
    where = f" #{conn}" if conn else ""
    why = DROPS[reason].help if reason in DROPS else ""
    return f"DROP {reason}{where}: {detail or why}"


def _mapping(values: Values) -> str:
    """Say who inside is whom outside, and talks with whom."""
    protocol, inside, inside_port, outside, outside_port, other, other_port = values[:7]
    name = {ipv4.PROTO_TCP: "tcp", ipv4.PROTO_UDP: "udp", ipv4.PROTO_ICMP: "icmp"}.get(protocol, str(protocol))
    with_whom = _endpoint(other, other_port) if protocol != ipv4.PROTO_ICMP else _ip(other)
    return f"{name} {_endpoint(inside, inside_port)} is {_endpoint(outside, outside_port)} to {with_whom}"


def _state(values: Values) -> str:
    conn, old, new, cause = values
    return f"#{conn} {old} → {new} ({cause})"


def _timer(values: Values) -> str:
    conn, timer, action, deadline = values
    when = f", due at {_at(deadline)}" if action == "started" else ""
    return f"#{conn} timer {timer} {action}{when}"


def _rtt(values: Values) -> str:
    conn, sample, srtt, rttvar, rto = values
    return (f"#{conn} round trip {show_duration(sample)}: srtt {show_duration(srtt)} "
            f"± {show_duration(rttvar)}, rto {show_duration(rto)}")


def _cwnd(values: Values) -> str:
    conn, cwnd, ssthresh, why = values
    threshold = "" if ssthresh >= 1 << 40 else f", ssthresh {ssthresh}"
    return f"#{conn} cwnd {cwnd}{threshold} ({why})"


def _record(values: Values) -> str:
    return f"{dns.TYPES.get(values[1], values[1])} of {values[0]}"


def _answer(values: Values) -> str:
    return f"{dns.CODES.get(values[2], values[2])}, {amount(values[3], 'record')}"


def _fast_open(values: Values) -> str:
    conn, what, cookie, length = values
    more = [amount(length, 'byte')] if length else []
    if cookie:
        more.append(f"cookie {cookie.hex()}")
    return (f"#{conn} " if conn else "") + f"Fast Open: {what}" + (f" ({', '.join(more)})" if more else "")


def _user(values: Values) -> str:
    operation = values[0]
    name = "".join(f" {c.lower()}" if c.isupper() else c for c in type(operation).__name__).strip()
    return f"you: {name}"


def _at(microseconds: int) -> str:
    return f"+{microseconds / 1_000_000:.4f}"


_LOST = {
    "loss": "LOST on the link: by chance (`link loss`)",
    "burst": "LOST on the link: in a burst (`link burst-loss`)",
    "down": "LOST on the link: it is down (`link down`)",
    "drop next": "LOST on the link: `link drop next`",
    "drop every": "LOST on the link: `link drop every`",
    "queue": "LOST on the link: its queue is full",
    "queue (early)": "LOST on the link: by its queue, early",
    "queue (average too long)": "LOST on the link: its queue was long for a while",
}


_PHASES = {"recovery": "recovery begins", "loss": "recovery by timer begins", "open": "recovery is over"}


def phase(phase: str) -> str:
    """Return what a change of the loss recovery's phase means."""
    return _PHASES.get(phase, phase)


def lost(cause: str) -> str:
    """Return the verdict on a frame that a link has lost, with what lost it."""
    reason, _, detail = cause.partition(": ")
    if reason in BOXES:
        return f"LOST on the link: {reason}: {detail or BOXES[reason].help}"
    return _LOST.get(cause) or f"LOST on the link: {cause}"


DESCRIBE: dict[str, Callable[[Values], str]] = {
    "frame.sent": lambda v: f"frame {v[0]} sent, {amount(len(v[2]), 'byte')}",
    "frame.arrived": lambda v: f"frame {v[0]} arrives, {amount(len(v[2]), 'byte')}",
    "frame.lost": lambda v: f"frame {v[0]} {lost(v[2])}",
    "frame.copied": lambda v: f"frame {v[0]} is a copy of {v[2]}",
    "frame.altered": lambda v: f"altered: {v[2]}",
    "frame.delayed": lambda v: f"delayed {show_duration(v[2])} by the link",
    "frame.waits": lambda v: f"frame {v[0]} waits {show_duration(v[3])} for core {v[2]}",
    "frame.comment": lambda v: str(v[2]),
    "drop": _drop,
    "nat.mapping": lambda v: f"a new mapping: {_mapping(v)}",
    "nat.state": lambda v: f"{_mapping(v)}: {v[7]}{' → ' if v[7] else ''}{v[8]}",
    "nat.expired": lambda v: f"forgotten: {_mapping(v)}, {v[7]}, idle for {show_duration(v[8])}",
    "arp.asked": lambda v: f"who has {_ip(v[0])}? (attempt {v[1]})",
    "arp.learned": lambda v: f"{_ip(v[0])} is at {_mac(v[1])} (from a {v[2]})",
    "arp.state": lambda v: f"neighbour {_ip(v[0])}: {v[1]} → {v[2]} ({v[3]})",
    "arp.failed": lambda v: f"nobody answers for {_ip(v[0])}; {amount(v[1], 'waiting packet')} discarded",
    "arp.queued": lambda v: f"waits until {_ip(v[0])} is found ({v[1]} waiting)",
    "arp.claim": lambda v: f"our address {_ip(v[0])}: {v[1]} → {v[2]} ({v[3]})",
    "arp.conflict": lambda v: f"{_mac(v[1])} claims our address {_ip(v[0])}",
    "ipv4.forwarded": lambda v: f"passed on from {_ip(v[0])} to {_ip(v[1])}, ttl {v[2]}",
    "ipv4.fragmented": lambda v: f"packet {v[0]} cut into {amount(v[1], 'fragment')}",
    "ipv4.reassembled": lambda v: f"packet {v[0]} put together from {amount(v[1], 'fragment')}, {amount(v[2], 'byte')}",
    "ipv4.pmtu": lambda v: f"path MTU to {_ip(v[0])} is {v[1]} ({v[2]})",
    "icmp.echo": lambda v: f"echo request {v[2]} from {_ip(v[0])} answered",
    "icmp.reply": lambda v: f"echo reply {v[2]} from {_ip(v[0])} after {show_duration(v[3])}",
    "icmp.error_sent": lambda v: f"ICMP error type {v[0]} code {v[1]} sent to {_ip(v[2])}",
    "icmp.error_received": lambda v: f"ICMP error type {v[0]} code {v[1]} from {_ip(v[2])}",
    "igmp.joined": lambda v: f"in group {_ip(v[0])} now",
    "igmp.left": lambda v: f"in group {_ip(v[0])} no more",
    "igmp.asked": lambda v: f"who is in {_group(v[0])}? Within {show_duration(v[1])}",
    "igmp.reported": lambda v: f"says: I am in group {_ip(v[0])} ({v[1]})",
    "igmp.suppressed": lambda v: f"{_ip(v[1])} has reported group {_ip(v[0])}: one report is enough",
    "udp.delivered": lambda v: (
        f"datagram from {_endpoint(v[0], v[1])} delivered to port {v[2]}, {amount(v[3], 'byte')}"),
    "dns.asked": lambda v: f"asks {_ip(v[2])} for {_record(v)} over {v[3]}",
    "dns.answered": lambda v: f"{_record(v)}: {_answer(v)}",
    "dns.cached": lambda v: f"{_record(v)} is in the cache, {amount(v[2], 'record')}",
    "dns.failed": lambda v: f"{_record(v)} could not be looked up: {v[2]}",
    "dns.served": lambda v: f"answers the question for {_record(v)}: {_answer(v)}",
    "dhcp.state": lambda v: f"DHCP {v[0]} → {v[1]} ({v[2]})",
    "dhcp.sent": lambda v: f"sends DHCP {v[0]} to {_ip(v[2])}",
    "dhcp.received": lambda v: f"takes DHCP {v[0]} from {_ip(v[2])}, address {_ip(v[3])}",
    "dhcp.fell_back": lambda v: f"no DHCP server answered: uses {_ip(v[0])}",
    "dhcp.served": lambda v: f"serves DHCP {v[0]} of {_mac(v[2])}",
    "tcp.state": _state,
    "tcp.urgent": lambda v: f"#{v[0]} {amount_is(v[1], 'byte')} ahead, and urgent",
    "tcp.cookie": lambda v: f"SYN cookie {v[0]}, mss {v[1]}: {v[2]}",
    "tcp.fast_open": _fast_open,
    "tcp.opened": lambda v: f"#{v[0]} is {_endpoint(v[1], v[2])} ↔ {_endpoint(v[3], v[4])}",
    "tcp.accepted": lambda v: f"#{v[0]} segment is acceptable, {amount(v[2], 'byte')}",
    "tcp.ack_sent": lambda v: f"#{v[0]} acknowledges ({v[2]})",
    "tcp.ack_held": lambda v: f"#{v[0]} holds back an ACK ({v[1]}): another has just left",
    "tcp.reset": lambda v: (f"#{v[0]} " if v[0] else "") + f"RST: {v[2]}",
    "tcp.timer": _timer,
    "tcp.rtt": _rtt,
    "tcp.retransmit": lambda v: f"#{v[0]} retransmits {amount(v[2], 'byte')} ({v[3]})",
    "tcp.cwnd": _cwnd,
    "tcp.recovery": lambda v: f"#{v[0]} {phase(v[1])} ({v[2]})",
    "tcp.window": lambda v: f"#{v[0]} peer's window is {v[1]} ({v[2]})",
    "tcp.buffered": lambda v: f"#{v[0]} keeps {amount(v[2], 'byte')} beyond a hole",
    "tcp.delivered": lambda v: f"#{v[0]} {amount(v[1], 'byte')} ready for the application",
    "tcp.blocked": lambda v: f"#{v[0]} waits: {v[1]}",
    "tcp.limited": lambda v: f"#{v[0]} is limited by {v[1]}",
    "tcp.error": lambda v: f"#{v[0]} ends: {_errno(v[1])}",
    "app": lambda v: f"{v[0]}: {v[1]}",
    "user": _user,
    "knob": lambda v: f"knob {v[0]}: {_knob(v[1])} → {_knob(v[2])}",
    "link": lambda v: f"link {v[0]}: {v[1]}",
}


def _knob(value: Any) -> str:
    return {True: "on", False: "off"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _errno(error: Any) -> str:
    from aether.queries import error_text

    return error_text(error) if isinstance(error, int) else str(error)


def describe(event: Event) -> str:
    """Return a sentence for any event, bytes from the network made printable."""
    from shell.reading.escape import printable

    known = DESCRIBE.get(event.kind)
    text = known(event.values) if known is not None else f"{event.kind} {event.values}"
    return printable(text)


_NOTED = {
    "tcp.state": lambda v: f"{v[1]} → {v[2]} #{v[0]}",
    "tcp.reset": lambda v: f"RST: {v[2]}",
    "tcp.retransmit": lambda v: f"resent #{v[0]} ({v[3]})",
    "tcp.buffered": lambda v: f"kept beyond a hole #{v[0]}",
    "tcp.recovery": lambda v: f"{phase(v[1])} #{v[0]}",
    "tcp.error": lambda v: f"{_errno(v[1])} #{v[0]}",
    "arp.failed": lambda v: f"nobody answers for {_ip(v[0])}",
    "arp.conflict": lambda v: f"{_mac(v[1])} claims our address",
}
"""What is worth a word at the end of a frame's line."""


def note(event: Event) -> str:
    """Return the few words that an event adds to its frame's line; empty for most."""
    noted = _NOTED.get(event.kind)
    if noted is None:
        return ""
    from shell.reading.escape import printable

    return printable(noted(event.values))


def of_a_bare_segment(frame: bytes) -> str:
    """Return ``SYN`` or ``FIN`` for a segment that has nothing else to send again; empty for any other frame."""
    try:
        packet = frame[ethernet.HEADER_LENGTH:]
        header = ipv4.parse(packet, verify=False)
        segment = packet[header.header_length:header.total_length]
        found = tcp.parse(segment)
    except WireError:
        return ""
    if len(segment) > found.header_length:
        return ""
    return "SYN" if found.flags & tcp.SYN else "FIN" if found.flags & tcp.FIN else ""

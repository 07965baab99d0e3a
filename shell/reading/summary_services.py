"""DHCP and DNS messages in a few words, for the line of the frame that carries them."""

from __future__ import annotations

from aether.reading.dhcp import is_bootp
from aether.wire import dhcp, dns
from aether.wire.address import ANY_IP, show_ip
from aether.wire.checksum import Buffer
from aether.wire.error import WireError

DHCP_PORTS = (dhcp.SERVER_PORT, dhcp.CLIENT_PORT)
MULTICAST_PORT = 5353
"""The port of mDNS (RFC 6762 §3)."""
LONGEST_NAME = 40
"""Characters of a name that are shown."""


def service(source_port: int, destination_port: int, payload: Buffer) -> tuple[str, str] | None:
    """Return the layer and the words of a message that can be read; None for all others."""
    try:
        if source_port in DHCP_PORTS and destination_port in DHCP_PORTS:
            if is_bootp(bytes(payload)):
                return "dhcp", "BOOTP request" if payload[0] == dhcp.BOOT_REQUEST else "BOOTP reply"
            return "dhcp", _dhcp(dhcp.parse(payload))
        if MULTICAST_PORT in (source_port, destination_port):
            return "dns", f"m{_dns(dns.parse(payload))}"
        if dns.PORT in (source_port, destination_port):
            return "dns", _dns(dns.parse(payload))
    except WireError as problem:
        if source_port in DHCP_PORTS and destination_port in DHCP_PORTS:
            return "dhcp", f"DHCP malformed: {problem.detail or problem.reason}"
        return None
    return None


def _dhcp(message: dhcp.DhcpMessage) -> str:
    kind = dhcp.NAMES.get(message.message_type, "BOOTP")
    candidates = message.yiaddr, message.requested_address, message.ciaddr
    address = next((each for each in candidates if each and each != ANY_IP), None)
    return f"DHCP {kind}" + (f" {show_ip(address)}" if address else "")


def _dns(message: dns.DnsMessage) -> str:
    asked = message.questions[0] if message.questions else None
    what = f"{dns.TYPES.get(asked.type, asked.type)} {_short(asked.name)}" if asked is not None else "no question"
    head = f"DNS 0x{message.id:04x} {what}"
    if not message.response:
        return f"{head}?"
    if message.code != dns.NO_ERROR:
        return f"{head}: {dns.CODES.get(message.code, f'code {message.code}')}"
    wanted = [each for each in message.answers if asked is not None and each.type == asked.type]
    found = (wanted or message.answers)[:1]
    if not found and message.referral and not message.truncated:
        return f"{head}: ask {_short(message.referral)}"
    if not found:
        return f"{head}: {'truncated' if message.truncated else 'no such record'}"
    more = f" and {len(message.answers) - 1} more" if len(message.answers) > 1 else ""
    return f"{head} = {_value(found[0])}{more}"


def _value(record: dns.Record) -> str:
    data = record.data
    if isinstance(data, bytes) and record.type == dns.TYPE_A and len(data) == 4:
        return show_ip(data)
    return _short(data) if isinstance(data, str) else f"{dns.TYPES.get(record.type, record.type)}"


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…"

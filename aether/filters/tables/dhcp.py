"""DHCP (RFC 2131, RFC 2132)."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from aether.filters.field import Field, layer_field, spread_field
from aether.filters.payloads import DhcpView
from aether.filters.record import Record
from aether.filters.values import BOOLEAN, BYTES, ETHER, IPV4, PROTOCOL, TEXT, UINT8, UINT16, UINT32, Type

END = 255
MESSAGES = {"discover": 1, "offer": 2, "request": 3, "decline": 4, "ack": 5, "nak": 6, "release": 7, "inform": 8}


def _header(name: str, kind: Type, help: str, index: int, **more: Any) -> Field:
    return layer_field("dhcp", name, kind, help, lambda dhcp, record: dhcp.header[index], **more)


def _text(name: str, help: str, index: int) -> Field:
    def read(dhcp: DhcpView, record: Record) -> str:
        text: bytes = dhcp.header[index].partition(b"\0")[0]
        return text.decode("utf-8", "replace")
    return layer_field("dhcp", name, TEXT, help, read)


def _option(name: str, type: Type, help: str, kind: int, read: Callable[[bytes], Iterable[Any]], **more: Any) -> Field:
    def values(dhcp: DhcpView, record: Record) -> Iterable[Any]:
        return [value for data in dhcp.option(kind) for value in read(data)]
    return spread_field("dhcp", name, type, help, values, **more)


def _addresses(data: bytes) -> Iterable[bytes]:
    return [data[at:at + 4] for at in range(0, len(data) - 3, 4)]


def _number(size: int) -> Callable[[bytes], Iterable[int]]:
    return lambda data: [int.from_bytes(data, "big")] if len(data) == size else []


def _string(data: bytes) -> Iterable[str]:
    return [data.rstrip(b"\0").decode("utf-8", "replace")]


def _macs(dhcp: DhcpView, record: Record) -> Iterable[bytes]:
    own = [dhcp.header[11][:6]] if dhcp.header[1:3] == (1, 6) else []
    return own + [data[1:] for data in dhcp.option(61) if len(data) == 7 and data[0] == 1]


def _bytes(record: Record) -> Sequence[bytes]:
    packet = record.packet or record.dissect()
    return [packet.data[udp.payload:udp.end] for udp in packet.udp][:1] if packet.dhcp else ()


FIELDS = (
    Field("dhcp", PROTOCOL, "the Dynamic Host Configuration Protocol", _bytes, whole=_bytes),
    _option("dhcp.option.dhcp", UINT8, "1 discover, 2 offer, 3 request, 4 decline, 5 ack, 6 nak, 7 release, 8 inform",
            53, _number(1), names=MESSAGES),
    _header("dhcp.type", UINT8, "1 from a client, 2 from a server", 0),
    _header("dhcp.id", UINT32, "number of the transaction", 4),
    _header("dhcp.secs", UINT16, "seconds since the client began", 5),
    _header("dhcp.flags", UINT16, "the flags as a number", 6),
    layer_field("dhcp", "dhcp.flags.bc", BOOLEAN, "answer by broadcast, please",
                lambda dhcp, record: dhcp.header[6] & 0x8000 != 0),
    _header("dhcp.ip.client", IPV4, "the address that the client has", 7),
    _header("dhcp.ip.your", IPV4, "the address that the client is given", 8),
    _header("dhcp.ip.server", IPV4, "the next server", 9),
    _header("dhcp.ip.relay", IPV4, "the relay that passed it on", 10),
    spread_field("dhcp", "dhcp.hw.mac_addr", ETHER, "the client's Ethernet address, also as its identifier", _macs),
    spread_field("dhcp", "dhcp.hw.type", UINT8, "kind of hardware address; 1 is Ethernet",
                 lambda dhcp, record: [dhcp.header[1], *(data[0] for data in dhcp.option(61) if len(data) == 7)]),
    _header("dhcp.hw.len", UINT8, "length of the hardware address in bytes", 2),
    _header("dhcp.hops", UINT8, "how many relays passed it on", 3),
    _text("dhcp.server", "the server's name", 12),
    _text("dhcp.file", "the file to boot", 13),
    _header("dhcp.cookie", IPV4, "99.130.83.99, which tells DHCP from BOOTP", 14),
    spread_field("dhcp", "dhcp.option.type", UINT8, "the number of each option",
                 lambda dhcp, record: [kind for kind, _ in dhcp.options if kind != END]),
    _option("dhcp.option.end", UINT8, "255, the end of the options", END, lambda data: [END]),
    spread_field("dhcp", "dhcp.option.length", UINT8, "the length of each option in bytes",
                 lambda dhcp, record: [len(data) for kind, data in dhcp.options if kind != END]),
    _option("dhcp.option.subnet_mask", IPV4, "the network's mask", 1, _addresses),
    _option("dhcp.option.router", IPV4, "routers", 3, _addresses),
    _option("dhcp.option.domain_name_server", IPV4, "DNS servers", 6, _addresses),
    _option("dhcp.option.hostname", TEXT, "the client's name", 12, _string),
    _option("dhcp.option.domain_name", TEXT, "the domain's name", 15, _string),
    _option("dhcp.option.interface_mtu", UINT16, "the MTU", 26, _number(2)),
    _option("dhcp.option.broadcast_address", IPV4, "the broadcast address", 28, _addresses),
    _option("dhcp.option.requested_ip_address", IPV4, "the address that the client asks for", 50, _addresses),
    _option("dhcp.option.ip_address_lease_time", UINT32, "for how many seconds", 51, _number(4)),
    _option("dhcp.option.dhcp_server_id", IPV4, "which server", 54, _addresses),
    _option("dhcp.option.request_list_item", UINT8, "the options that the client asks for", 55, list),
    _option("dhcp.option.message", TEXT, "why not", 56, _string),
    _option("dhcp.option.dhcp_max_message_size", UINT16, "the longest message that the client takes", 57, _number(2)),
    _option("dhcp.option.renewal_time_value", UINT32, "seconds until the lease is renewed (T1)", 58, _number(4)),
    _option("dhcp.option.rebinding_time_value", UINT32, "seconds until any server is asked (T2)", 59, _number(4)),
    _option("dhcp.option.client_id", BYTES, "what the client calls itself", 61, lambda data: [data], ours=True),
)

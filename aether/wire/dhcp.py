"""DHCP messages (RFC 2131 §2, RFC 2132): the BOOTP fields and the options behind the magic cookie."""

from struct import Struct

from aether.wire.checksum import Buffer
from aether.wire.error import WireError

SERVER_PORT = 67
CLIENT_PORT = 68
BOOT_REQUEST = 1
BOOT_REPLY = 2

DISCOVER = 1
OFFER = 2
REQUEST = 3
DECLINE = 4
ACK = 5
NAK = 6
RELEASE = 7
INFORM = 8
NAMES = {
    DISCOVER: "DISCOVER", OFFER: "OFFER", REQUEST: "REQUEST", DECLINE: "DECLINE", ACK: "ACK", NAK: "NAK",
    RELEASE: "RELEASE", INFORM: "INFORM",
}
"""What message types are called (RFC 2132 §9.6)."""

OPTION_PAD = 0
OPTION_SUBNET_MASK = 1
OPTION_ROUTERS = 3
OPTION_DNS_SERVERS = 6
OPTION_DOMAIN_NAME = 15
OPTION_MTU = 26
OPTION_BROADCAST = 28
OPTION_REQUESTED_ADDRESS = 50
OPTION_LEASE_TIME = 51
OPTION_OVERLOAD = 52
OPTION_MESSAGE_TYPE = 53
OPTION_SERVER_IDENTIFIER = 54
OPTION_PARAMETER_LIST = 55
OPTION_MESSAGE = 56
OPTION_MAX_MESSAGE_SIZE = 57
OPTION_RENEWAL_TIME = 58
OPTION_REBINDING_TIME = 59
OPTION_CLIENT_IDENTIFIER = 61
OPTION_END = 255

MIN_LENGTH = 300
"""What is built is padded to this many bytes, the size of a BOOTP message (RFC 1542 §2.1)."""
ANY = b"\0\0\0\0"
_FIXED = Struct(">BBBBIHH4s4s4s4s16s64s128s")
COOKIE = b"\x63\x82\x53\x63"
"""What options follow (RFC 2131 §3)."""
_BROADCAST = 0x8000
_ETHERNET, _MAC_LENGTH = 1, 6
_IN_FILE, _IN_SNAME = 1, 2


class DhcpMessage:
    """A message; addresses are 4 bytes, `chaddr` is the client's MAC, options are raw data by code."""

    __slots__ = (
        "broadcast", "chaddr", "ciaddr", "file", "giaddr", "op", "options", "secs", "siaddr", "sname", "xid", "yiaddr",
    )

    def __init__(
        self, op: int, xid: int, chaddr: bytes, options: dict[int, bytes] | None = None, *, secs: int = 0,
        broadcast: bool = False, ciaddr: bytes = ANY, yiaddr: bytes = ANY, siaddr: bytes = ANY, giaddr: bytes = ANY,
        sname: bytes = b"", file: bytes = b"",
    ) -> None:
        self.op = op
        self.xid = xid
        self.chaddr = chaddr
        self.options = {} if options is None else options
        self.secs = secs
        """Seconds since the client began."""
        self.broadcast = broadcast
        """The client cannot receive unicast yet (RFC 2131 §4.1)."""
        self.ciaddr = ciaddr
        self.yiaddr = yiaddr
        self.siaddr = siaddr
        self.giaddr = giaddr
        self.sname = sname
        self.file = file

    @property
    def message_type(self) -> int:
        """DISCOVER and so on; 0 when it is absent: then it is BOOTP."""
        return self._number(OPTION_MESSAGE_TYPE, 1) or 0

    @property
    def subnet_mask(self) -> bytes | None:
        """The network's mask."""
        return self._address(OPTION_SUBNET_MASK)

    @property
    def routers(self) -> list[bytes]:
        """Gateways, the preferred one first."""
        return self._addresses(OPTION_ROUTERS)

    @property
    def dns_servers(self) -> list[bytes]:
        """Name servers, the preferred one first."""
        return self._addresses(OPTION_DNS_SERVERS)

    @property
    def server_identifier(self) -> bytes | None:
        """The address of the server that speaks, or is chosen."""
        return self._address(OPTION_SERVER_IDENTIFIER)

    @property
    def requested_address(self) -> bytes | None:
        """The address that the client would like."""
        return self._address(OPTION_REQUESTED_ADDRESS)

    @property
    def lease_time(self) -> int | None:
        """Seconds; 0xffffffff is for ever."""
        return self._number(OPTION_LEASE_TIME, 4)

    @property
    def renewal_time(self) -> int | None:
        """T1 in seconds (RFC 2131 §4.4.5)."""
        return self._number(OPTION_RENEWAL_TIME, 4)

    @property
    def rebinding_time(self) -> int | None:
        """T2 in seconds (RFC 2131 §4.4.5)."""
        return self._number(OPTION_REBINDING_TIME, 4)

    @property
    def mtu(self) -> int | None:
        """The link's MTU in bytes."""
        return self._number(OPTION_MTU, 2)

    @property
    def domain_name(self) -> str:
        """The domain that names without a dot are in."""
        return self._text(OPTION_DOMAIN_NAME)

    @property
    def message(self) -> str:
        """Why a server refuses or a client declines."""
        return self._text(OPTION_MESSAGE)

    def _number(self, code: int, length: int) -> int | None:
        data = self.options.get(code)
        return int.from_bytes(data, "big") if data is not None and len(data) == length else None

    def _address(self, code: int) -> bytes | None:
        data = self.options.get(code)
        return data if data is not None and len(data) == 4 else None

    def _addresses(self, code: int) -> list[bytes]:
        data = self.options.get(code, b"")
        return [data[at:at + 4] for at in range(0, len(data) - 3, 4)]

    def _text(self, code: int) -> str:
        return self.options.get(code, b"").rstrip(b"\0").decode("ascii", "replace")


def of_kind(
    kind: int, op: int, xid: int, chaddr: bytes, options: dict[int, bytes], **more: int | bool | bytes,
) -> DhcpMessage:
    """Return a message of a kind, such as DISCOVER; `more` are other fields of `DhcpMessage`."""
    return DhcpMessage(op, xid, chaddr, {OPTION_MESSAGE_TYPE: bytes((kind,)), **options}, **more)  # type: ignore[arg-type]


def parse(data: Buffer) -> DhcpMessage:
    """Read a message; WireError `dhcp.truncated`, `dhcp.unsupported` or `dhcp.options`.

    An option that appears more than once is put together (RFC 3396), those in `file` and `sname` follow
    when option 52 says so. An option's value of the wrong length reads as absent through the properties.
    """
    if len(data) < _FIXED.size + len(COOKIE):
        raise WireError("dhcp.truncated", f"{len(data)} bytes")
    op, hardware, length, _, xid, secs, flags, ciaddr, yiaddr, siaddr, giaddr, chaddr, sname, file = (
        _FIXED.unpack_from(data))
    if op not in (BOOT_REQUEST, BOOT_REPLY):
        raise WireError("dhcp.unsupported", f"operation {op}")
    if (hardware, length) != (_ETHERNET, _MAC_LENGTH):
        raise WireError("dhcp.unsupported", f"hardware {hardware} with {length} bytes")
    if data[_FIXED.size:_FIXED.size + 4] != COOKIE:
        raise WireError("dhcp.unsupported", "no DHCP: the magic cookie is missing")
    options: dict[int, bytes] = {}
    _take_options(bytes(data[_FIXED.size + 4:]), options)
    overload = options.pop(OPTION_OVERLOAD, b"\0")
    if len(overload) != 1 or overload[0] > _IN_FILE | _IN_SNAME:
        raise WireError("dhcp.options", "a wrong option overload")
    if overload[0] & _IN_FILE:
        _take_options(file, options)
        file = b""
    if overload[0] & _IN_SNAME:
        _take_options(sname, options)
        sname = b""
    if OPTION_OVERLOAD in options:
        raise WireError("dhcp.options", "an option overload inside an overloaded field")
    return DhcpMessage(
        op, xid, chaddr[:_MAC_LENGTH], options, secs=secs, broadcast=bool(flags & _BROADCAST), ciaddr=ciaddr,
        yiaddr=yiaddr, siaddr=siaddr, giaddr=giaddr, sname=sname.split(b"\0", 1)[0], file=file.split(b"\0", 1)[0],
    )


def _take_options(raw: bytes, options: dict[int, bytes]) -> None:
    at, end = 0, len(raw)
    while at < end and raw[at] != OPTION_END:
        code = raw[at]
        if code == OPTION_PAD:
            at += 1
            continue
        length = raw[at + 1] if at + 1 < end else end
        if at + 2 + length > end:
            raise WireError("dhcp.options", f"option {code} at byte {at} of {end} is cut")
        options[code] = options.get(code, b"") + raw[at + 2:at + 2 + length]
        at += 2 + length


def build(message: DhcpMessage) -> bytes:
    """Return the message's bytes, the message type first among the options, padded to 300 bytes.

    Options above 255 bytes are split (RFC 3396). ValueError for a field that is too long.
    """
    if len(message.chaddr) != _MAC_LENGTH or len(message.sname) > 63 or len(message.file) > 127:
        raise ValueError("chaddr is 6 bytes, sname at most 63 and file at most 127")
    fixed = _FIXED.pack(
        message.op, _ETHERNET, _MAC_LENGTH, 0, message.xid, message.secs, _BROADCAST if message.broadcast else 0,
        message.ciaddr, message.yiaddr, message.siaddr, message.giaddr, message.chaddr, message.sname, message.file,
    )
    parts = [fixed, COOKIE]
    for code, value in sorted(message.options.items(), key=_message_type_first):
        if not OPTION_PAD < code < OPTION_END or code == OPTION_OVERLOAD:
            raise ValueError(f"no option to build: {code}")
        for at in range(0, max(len(value), 1), 255):
            piece = value[at:at + 255]
            parts.append(bytes((code, len(piece))) + piece)
    parts.append(b"\xff")
    return b"".join(parts).ljust(MIN_LENGTH, b"\0")


def _message_type_first(option: tuple[int, bytes]) -> bool:
    return option[0] != OPTION_MESSAGE_TYPE

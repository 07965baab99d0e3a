"""TCP (RFC 9293) and its options (RFC 7323, RFC 2018, RFC 7413)."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from aether.filters.conversations import NONE, UNKNOWN, Context, Conversation
from aether.filters.field import Field, Getter, layer_field, protocol_field, spread_field
from aether.filters.packet import Transport, options
from aether.filters.record import Record
from aether.filters.tables.ip import BAD, GOOD, STATUS, UNVERIFIED
from aether.filters.values import BOOLEAN, BYTES, NUMBER, UINT8, UINT16, UINT32, Type
from aether.wire.checksum import transport_checksum_ok

MASK = 0xFFFFFFFF
FIN, SYN = 1, 2
EOL, NOP, MSS, WINDOW_SCALE, SACK_PERMITTED, SACK, TIMESTAMP, USER_TIMEOUT, FAST_OPEN = 0, 1, 2, 3, 4, 5, 8, 28, 34


def _tcp(name: str, kind: Type, help: str, read: Callable[[Transport], Any], **more: Any) -> Field:
    return layer_field("tcp", name, kind, help, lambda tcp, record: read(tcp), **more)


def _header(index: int) -> Getter:
    """Return a getter for a number of the header, as short as can be: these are asked most."""
    def get(record: Record) -> Sequence[int]:
        layers = (record.packet or record.dissect()).tcp
        if len(layers) == 1:
            return (layers[0].header[index],)
        return [tcp.header[index] for tcp in layers]
    return get


def _port(*indexes: int) -> Getter:
    first, last = indexes[0], indexes[-1] + 1

    def get(record: Record) -> Sequence[int]:
        packet = record.packet or record.dissect()
        layers = packet.tcp
        if len(layers) == 1 and not packet.stubs:
            return layers[0].header[first:last]
        return [port for tcp in (*layers, *packet.stubs) for port in tcp.header[first:last]]
    return get


def _flag(bit: int) -> Getter:
    def get(record: Record) -> Sequence[bool]:
        layers = (record.packet or record.dissect()).tcp
        if len(layers) == 1:
            return (layers[0].header[4] & bit != 0,)
        return [tcp.header[4] & bit != 0 for tcp in layers]
    return get


def _length(record: Record) -> Sequence[int]:
    return [tcp.end - tcp.payload for tcp in (record.packet or record.dissect()).tcp if not tcp.ip.quoted]


def _raw_sequence(record: Record) -> Sequence[int]:
    return [tcp.header[2] for tcp in (record.packet or record.dissect()).tcp if not tcp.ip.quoted]


def _relative(read: Callable[[Transport, Context], int | None]) -> Getter:
    """Return a getter for a number that counts from the beginning of the connection.

    What an ICMP error quotes is shown as on the wire, as Wireshark does: it was followed when it was sent.
    """
    def get(record: Record) -> Sequence[int]:
        packet = record.packet or record.dissect()
        values = []
        for tcp in packet.tcp:
            context = _NO_CONTEXT if tcp.ip.quoted else record.context or record.conversation() or _NO_CONTEXT
            value = read(tcp, context)
            if value is not None:
                values.append(value)
        return values
    return get


_NO_CONTEXT = Context(Conversation(0), 0, 0, UNKNOWN)


def _sequence(record: Record) -> Sequence[int]:
    values = list(_relative_sequence(record))
    values.extend(stub.header[2] for stub in (record.packet or record.dissect()).stubs)
    return values


_relative_sequence = _relative(lambda tcp, context: (tcp.header[2] - context.seq_base) & MASK)


def _next_sequence(tcp: Transport, context: Context) -> int | None:
    if tcp.ip.quoted:
        return None
    used = tcp.end - tcp.payload + (tcp.header[4] & (SYN | FIN) != 0)
    return (tcp.header[2] - context.seq_base + used) & MASK


def _acknowledgement(tcp: Transport, context: Context) -> int:
    return (tcp.header[3] - context.ack_base) & MASK if tcp.header[4] & 16 else tcp.header[3]


def _window(tcp: Transport, context: Context) -> int:
    return tcp.header[5] << context.scale if context.scale > 0 else tcp.header[5]


def _scale(tcp: Transport, context: Context) -> int | None:
    if tcp.ip.quoted or tcp.header[4] & SYN:
        return None
    return 1 << context.scale if context.scale >= 0 else {NONE: -2, UNKNOWN: -1}[context.scale]


def _stream(record: Record) -> Sequence[int]:
    packet = record.packet or record.dissect()
    context = record.conversation() if packet.tcp else None
    return () if context is None else (context.conversation.index,)


def _status(tcp: Transport, record: Record) -> int:
    if not tcp.ip.complete:
        return UNVERIFIED
    ip = tcp.ip.header
    return GOOD if transport_checksum_ok(ip[8], ip[9], 6, record.dissect().data[tcp.start:tcp.end]) else BAD


def _payload(tcp: Transport, record: Record) -> bytes | None:
    return record.dissect().data[tcp.payload:tcp.end] if tcp.end > tcp.payload else None


def _all_options(tcp: Transport, record: Record) -> bytes | None:
    return record.dissect().data[tcp.start + 20:tcp.payload] if tcp.payload > tcp.start + 20 else None


def _options(tcp: Transport, record: Record) -> Iterator[tuple[int, bytes]]:
    return options(record.dissect().data, tcp.start + 20, tcp.payload)


def _option(name: str, type: Type, help: str, kind: int, read: Callable[[bytes], Sequence[Any]], length: int = 0,
            **more: Any) -> Field:
    """Declare a field of one kind of option; `length` is the only length that it may have."""
    def values(tcp: Transport, record: Record) -> Sequence[Any]:
        return [value for found, data in _options(tcp, record) if found == kind and length in (0, len(data))
                for value in read(data)]
    return spread_field("tcp", name, type, help, values, **more)


def _number(start: int, end: int) -> Callable[[bytes], Sequence[int]]:
    return lambda data: (int.from_bytes(data[start:end], "big"),)


def _edges(first: int) -> Callable[[Transport, Record], Sequence[int]]:
    """Return a reader of the left (2) or right (6) edges of SACK blocks, counted like acknowledgement numbers."""
    def read(tcp: Transport, record: Record) -> Sequence[int]:
        context = None if tcp.ip.quoted else record.conversation()
        base = context.ack_base if context else 0
        return [(int.from_bytes(data[at:at + 4], "big") - base) & MASK
                for kind, data in _options(tcp, record) if kind == SACK for at in range(first, len(data) - 3, 8)]
    return read


def _itself(data: bytes) -> Sequence[bytes]:
    return (data,)


FIELDS = (
    protocol_field("segments", "tcp", "the Transmission Control Protocol",
                   lambda tcp, record: (tcp.start, tcp.payload, tcp.end)),
    Field("tcp.srcport", UINT16, "the sender's port", _port(0)),
    Field("tcp.dstport", UINT16, "the receiver's port", _port(1)),
    Field("tcp.port", UINT16, "either port", _port(0, 1)),
    Field("tcp.stream", UINT32, "number of the connection as Wireshark counts them, from 0; see conn", _stream),
    Field("tcp.len", UINT32, "bytes of data", _length),
    Field("tcp.seq", UINT32, "sequence number, counted from the SYN's, which is 0", _sequence),
    Field("tcp.seq_raw", UINT32, "sequence number as on the wire", _raw_sequence),
    Field("tcp.nxtseq", UINT32, "the sequence number after this segment, counted from the SYN's",
          _relative(_next_sequence)),
    Field("tcp.ack", UINT32, "acknowledgement number, counted from the other side's SYN", _relative(_acknowledgement)),
    Field("tcp.ack_raw", UINT32, "acknowledgement number as on the wire", _header(3)),
    _tcp("tcp.hdr_len", UINT8, "length of the header in bytes", lambda tcp: tcp.payload - tcp.start),
    _tcp("tcp.flags", UINT16, "all flags as a number: 1 FIN, 2 SYN, 4 RST, 8 PSH, 16 ACK, 32 URG",
         lambda tcp: tcp.header[4] & 0xFFF),
    Field("tcp.flags.syn", BOOLEAN, "SYN: opens the connection", _flag(SYN)),
    Field("tcp.flags.ack", BOOLEAN, "ACK: the acknowledgement number counts", _flag(16)),
    Field("tcp.flags.fin", BOOLEAN, "FIN: no more data from this side", _flag(FIN)),
    Field("tcp.flags.reset", BOOLEAN, "RST: there is no such connection (any more)", _flag(4)),
    Field("tcp.flags.push", BOOLEAN, "PSH: hand the data on now", _flag(8)),
    Field("tcp.flags.urg", BOOLEAN, "URG: the urgent pointer counts", _flag(32)),
    Field("tcp.flags.ece", BOOLEAN, "ECE: congestion was experienced (RFC 3168)", _flag(64)),
    Field("tcp.flags.cwr", BOOLEAN, "CWR: the congestion window was reduced (RFC 3168)", _flag(128)),
    Field("tcp.flags.ae", BOOLEAN, "AE: accurate ECN, once the nonce (RFC 9768)", _flag(256)),
    Field("tcp.flags.res", BOOLEAN, "the reserved bits", _flag(0xE00)),
    Field("tcp.window_size_value", UINT16, "the window as on the wire", _header(5)),
    Field("tcp.window_size", UINT32, "the window in bytes, scaled if the handshake was seen", _relative(_window)),
    Field("tcp.window_size_scalefactor", NUMBER, "what the window is multiplied by; -1 not known, -2 not scaled",
          _relative(_scale)),
    Field("tcp.checksum", UINT16, "the checksum", _header(6)),
    layer_field("tcp", "tcp.checksum.status", UINT8, "0 bad, 1 good, 2 not verified", _status, names=STATUS),
    Field("tcp.urgent_pointer", UINT16, "where urgent data ends", _header(7)),
    layer_field("tcp", "tcp.payload", BYTES, "the data", _payload),
    layer_field("tcp", "tcp.options", BYTES, "all options", _all_options),
    spread_field("tcp", "tcp.option_kind", UINT8, "the kind of each option",
                 lambda tcp, record: [kind for kind, _ in _options(tcp, record)]),
    spread_field("tcp", "tcp.option_len", UINT8, "the length of each option that has one",
                 lambda tcp, record: [len(data) for kind, data in _options(tcp, record) if kind > NOP]),
    _option("tcp.options.mss", BYTES, "the option 'maximum segment size'", MSS, _itself),
    _option("tcp.options.mss_val", UINT16, "the largest segment that the sender takes", MSS, _number(2, 4), 4),
    _option("tcp.options.wscale", BYTES, "the option 'window scale'", WINDOW_SCALE, _itself),
    _option("tcp.options.wscale.shift", UINT8, "by how many bits windows are shifted", WINDOW_SCALE, _number(2, 3), 3),
    _option("tcp.options.wscale.multiplier", UINT16, "what windows are multiplied by", WINDOW_SCALE,
            lambda data: (1 << min(data[2], 15),), 3),
    _option("tcp.options.sack_perm", BYTES, "the option 'selective acknowledgement permitted'", SACK_PERMITTED,
            _itself),
    _option("tcp.options.sack", BYTES, "the option 'selective acknowledgement'", SACK, _itself),
    spread_field("tcp", "tcp.options.sack_le", UINT32, "left edges of SACK blocks, counted like tcp.ack", _edges(2)),
    spread_field("tcp", "tcp.options.sack_re", UINT32, "right edges of SACK blocks, counted like tcp.ack", _edges(6)),
    _option("tcp.options.sack.count", UINT8, "how many SACK blocks there are", SACK,
            lambda data: ((len(data) - 2) // 8,)),
    _option("tcp.options.timestamp", BYTES, "the option 'timestamps'", TIMESTAMP, _itself),
    _option("tcp.options.timestamp.tsval", UINT32, "the sender's clock", TIMESTAMP, _number(2, 6), 10),
    _option("tcp.options.timestamp.tsecr", UINT32, "the clock value that is echoed", TIMESTAMP, _number(6, 10), 10),
    _option("tcp.options.nop", BYTES, "a byte of padding", NOP, _itself),
    _option("tcp.options.eol", BYTES, "the end of the options", EOL, _itself),
    _option("tcp.options.user_to", BYTES, "the option 'user timeout' (RFC 5482)", USER_TIMEOUT, _itself),
    _option("tcp.options.tfo", BYTES, "the option 'fast open' (RFC 7413)", FAST_OPEN, _itself),
    _option("tcp.options.tfo.cookie", BYTES, "the cookie that lets data go with the SYN", FAST_OPEN,
            lambda data: (data[2:],) if len(data) > 2 else ()),
    _option("tcp.options.tfo.request", BOOLEAN, "the question for such a cookie", FAST_OPEN, lambda data: (True,), 2),
)


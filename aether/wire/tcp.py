import struct

from aether.wire.checksum import transport_checksum, transport_checksum_ok
from aether.wire.error import WireError

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = 1, 2, 4, 8, 16, 32, 64, 128


class TcpHeader:
    pass


class Options:
    def __init__(s):
        s.mss = s.window_scale = s.timestamp = None
        s.sack_permitted = False
        s.sack = ()


def parse(d):
    if len(d) < 20:
        raise WireError("tcp.truncated")
    h = TcpHeader()
    h.source_port, h.destination_port, h.sequence, h.acknowledgement, off, h.window, h.checksum, h.urgent = (
        struct.unpack_from(">HHIIHHHH", d)
    )
    h.flags = off & 0x1FF
    h.header_length = (off >> 12) * 4
    if not 20 <= h.header_length <= len(d):
        raise WireError("tcp.data_offset")
    h.options = bytes(d[20 : h.header_length])
    return h


def verify(d, s, t):
    return transport_checksum_ok(s, t, 6, d)


def parse_options(raw):
    o = Options()
    i = 0
    while i < len(raw):
        k = raw[i]
        if k == 0:
            break
        if k == 1:
            i += 1
            continue
        if i + 1 >= len(raw) or raw[i + 1] < 2 or i + raw[i + 1] > len(raw):
            raise WireError("tcp.options")
        n = raw[i + 1]
        b = raw[i + 2 : i + n]
        i += n
        if k == 2:
            o.mss = int.from_bytes(b, "big")
        elif k == 3:
            o.window_scale = b[0]
        elif k == 4:
            o.sack_permitted = True
        elif k == 5:
            e = struct.unpack(f">{len(b) // 4}I", b)
            o.sack = tuple(zip(e[::2], e[1::2], strict=False))
        elif k == 8:
            o.timestamp = struct.unpack(">II", b)
    return o


def build_options(*, mss=None, window_scale=None, sack_permitted=False, sack=(), timestamp=None):
    r = b""
    if mss is not None:
        r += struct.pack(">BBH", 2, 4, mss)
    if sack_permitted:
        r += b"\x04\x02" if timestamp else b"\1\1\4\2"
    if timestamp:
        r += (b"" if sack_permitted else b"\1\1") + struct.pack(">BBII", 8, 10, *timestamp)
    if window_scale is not None:
        r += struct.pack(">BBBB", 1, 3, 3, window_scale)
    if sack:
        r += b"\1\1" + bytes((5, 2 + 8 * len(sack))) + b"".join(struct.pack(">II", *b) for b in sack)
    return r


def build(s, t, sp, dp, seq, ack, flags, window, options=b"", payload=b"", urgent=0):
    h = struct.pack(">HHIIHHHH", sp, dp, seq, ack, (5 + len(options) // 4) << 12 | flags, window, 0, urgent) + options
    c = transport_checksum(s, t, 6, h + payload)
    return h[:16] + c.to_bytes(2, "big") + h[18:] + payload


def show_flags(f):
    return "".join(
        n for b, n in ((2, "S"), (1, "F"), (4, "R"), (8, "P"), (16, "A"), (32, "U"), (64, "E"), (128, "C")) if f & b
    )

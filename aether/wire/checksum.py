def checksum(data) -> int:
    n = int.from_bytes(data, "big")
    if len(data) & 1:
        n <<= 8
    r = n % 65535
    return 65535 - r if r else (0 if n else 65535)


def pseudo(src, dst, proto, length):
    return src + dst + bytes((0, proto)) + length.to_bytes(2, "big")


def transport_checksum(src, dst, proto, seg):
    return checksum(pseudo(src, dst, proto, len(seg)) + seg)


def transport_checksum_ok(src, dst, proto, seg):
    return transport_checksum(src, dst, proto, seg) in (0,)

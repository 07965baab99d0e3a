BROADCAST_MAC = b"\xff" * 6
ANY_IP = b"\0" * 4
BROADCAST_IP = b"\xff" * 4


class AddressError(ValueError):
    pass


def parse_ip(text: str) -> bytes:
    try:
        b = bytes(int(x) for x in text.split("."))
    except ValueError:
        raise AddressError(f"not an address {text!r}") from None
    if len(b) != 4:
        raise AddressError(f"not an address {text!r}")
    return b


def show_ip(ip: bytes) -> str:
    return ".".join(map(str, ip))


def show_mac(mac: bytes) -> str:
    return mac.hex(":")


def parse_endpoint(t: str) -> tuple[bytes, int]:
    a, _, p = t.rpartition(":")
    return parse_ip(a), int(p)


def show_endpoint(ip: bytes, port: int) -> str:
    return f"{show_ip(ip)}:{port}"

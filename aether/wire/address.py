"""Addresses as a person writes them, and as bytes in network order: 4 for IPv4, 6 for Ethernet.

Inside the stack addresses are bytes; only its edges read and show text. Every `parse_` function raises
AddressError with a text for the person.
"""

BROADCAST_MAC = b"\xff" * 6
ANY_IP = b"\0" * 4
"""0.0.0.0: this host, before it has an address (RFC 1122 §3.2.1.3)."""
BROADCAST_IP = b"\xff" * 4
"""255.255.255.255: every host on the link (RFC 1122 §3.2.1.3)."""


class AddressError(ValueError):
    """A text that is no address, port or network; says what was expected instead."""


def parse_ip(text: str) -> bytes:
    """Read an IPv4 address in dotted decimal: ``192.168.1.1``."""
    parts = text.split(".")
    if len(parts) != 4:
        raise AddressError(f"an IPv4 address is four numbers with dots, such as 192.168.1.1, not {text!r}")
    numbers = []
    for part in parts:
        if not _is_number(part) or len(part) > 3 or int(part) > 255:
            raise AddressError(f"each part of an IPv4 address is a number from 0 to 255, not {part!r} (in {text!r})")
        if part[0] == "0" and part != "0":  # decimal for some programs, octal for others
            raise AddressError(f"write {part!r} in {text!r} without leading zeros")
        numbers.append(int(part))
    return bytes(numbers)


def show_ip(ip: bytes) -> str:
    """Return an IPv4 address in dotted decimal."""
    return ".".join(map(str, ip))


def show_mac(mac: bytes) -> str:
    """Return an Ethernet address in hexadecimal with colons."""
    return mac.hex(":")


def parse_endpoint(text: str) -> tuple[bytes, int]:
    """Read an address with a port: ``192.168.1.1:80``."""
    address, colon, port = text.rpartition(":")
    if not colon:
        raise AddressError(f"an address with a port is wanted, such as 192.168.1.1:80, not {text!r}")
    return parse_ip(address), parse_port(port)


def parse_port(text: str) -> int:
    """Read a port number: 0 to 65535."""
    if not _is_number(text) or len(text) > 5 or int(text) > 65_535:
        raise AddressError(f"port must be a number from 0 to 65535, not {text!r}")
    return int(text)


def show_endpoint(ip: bytes, port: int) -> str:
    """Return an address with a port."""
    return f"{show_ip(ip)}:{port}"


def parse_network(text: str) -> tuple[bytes, int]:
    """Read a network, ``10.0.0.0/8``: its address, and the length of its prefix in bits."""
    address, slash, length = text.partition("/")
    if not slash:
        raise AddressError(f"a network is an address and the length of its prefix, such as 10.0.0.0/8, not {text!r}")
    ip = parse_ip(address)
    if not _is_number(length) or len(length) > 2 or int(length) > 32:
        raise AddressError(f"the length of a prefix is a number from 0 to 32, not {length!r} (in {text!r})")
    prefix = int(length)
    network = (int.from_bytes(ip, "big") >> (32 - prefix) << (32 - prefix)).to_bytes(4, "big")
    if network != ip:
        raise AddressError(f"{text} is an address inside a network; the network is {show_ip(network)}/{prefix}")
    return ip, prefix


def is_multicast(ip: bytes) -> bool:
    """Tell whether an address is a group's: 224.0.0.0/4 (RFC 1112 §4)."""
    return ip[0] >> 4 == 0xE


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()

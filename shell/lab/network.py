"""The kernel's side of the TAP: its address, its state, and whether the subnet is free."""

from __future__ import annotations

import errno
import ipaddress
from contextlib import closing
from pathlib import Path
from typing import Any


class NetworkError(RuntimeError):
    """The network cannot be set up; the text says why and what to do."""


def _routing() -> Any:
    from pyroute2 import IPRoute

    return closing(IPRoute())


def refuse_conflict(host_address: str, prefix: int, name: str) -> None:
    """Raise NetworkError if this machine has a route into the subnet already, by another interface than `name`."""
    wanted = ipaddress.ip_network(f"{host_address}/{prefix}", strict=False)
    with _routing() as routing:
        ours = set(routing.link_lookup(ifname=name))
        for route in routing.get_routes(family=2):
            attributes = dict(route["attrs"])
            if attributes.get("RTA_DST") is None or attributes.get("RTA_OIF") in ours or route["type"] != 1:
                continue
            taken = ipaddress.ip_network(f"{attributes['RTA_DST']}/{route['dst_len']}", strict=False)
            if taken.overlaps(wanted):
                raise NetworkError(
                    f"this machine reaches {taken} another way already (most home networks use it). "
                    "Choose another network: --subnet 10.77.0.0/24, or a private one: --lab"
                )


def configure(name: str, address: str, prefix: int) -> None:
    """Give the kernel's end of the TAP its address, without IPv6, and bring it up."""
    ipv6 = Path(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6")
    if ipv6.exists():
        ipv6.write_text("1")
    with _routing() as routing:
        index = routing.link_lookup(ifname=name)[0]
        try:
            routing.addr("add", index=index, address=address, prefixlen=prefix)
        except Exception as problem:
            if getattr(problem, "code", None) != errno.EEXIST:
                raise NetworkError(f"cannot give {name} the address {address}/{prefix}: {problem}") from None
        routing.link("set", index=index, state="up")


def bring_up(name: str) -> None:
    """Bring an interface up."""
    with _routing() as routing:
        routing.link("set", index=routing.link_lookup(ifname=name)[0], state="up")
